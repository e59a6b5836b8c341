/**
 * Plugins that are broken on purpose, each with the laws of the contract that must catch it. A law that no broken
 * plugin violates could be an empty sentence.
 */
import type { CrmService } from "@casewire/contract-kit/CrmLaw"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CaseReported, CrmCase, CrmChange } from "@casewire/core/domain/CrmChange"
import { CrmAuthFailed, CrmError, CrmRefused, CrmUnreachable } from "@casewire/core/ports/Crm"
import { Effect, Stream } from "effect"
import { brokenAnswers } from "./BrokenAnswers.ts"
import { brokenDocuments } from "./BrokenDocuments.ts"
import type { BrokenPlugin } from "./BrokenPlugin.ts"

const unreachable = new CrmError({ reason: new CrmUnreachable({ message: "broken" }) })
const locked = new CrmError({ reason: new CrmAuthFailed({ message: "broken" }) })
const refused = new CrmError({ reason: new CrmRefused({ message: "broken" }) })

const mapCases = (
  crm: CrmService,
  change: (read: CrmCase, all: ReadonlyArray<CrmCase>) => CrmCase
): Partial<CrmService> => ({
  read: (payload) => Effect.map(crm.read(payload), (all) => all.map((read) => change(read, all)))
})

const mapChanges = (crm: CrmService, change: (change: CrmChange) => CrmChange): Partial<CrmService> => ({
  decode: (payload) => Effect.map(crm.decode(payload), (all) => all.map(change))
})

const mapReported = (crm: CrmService, change: (reported: CaseReported["case"]) => CaseReported["case"]) =>
  mapChanges(crm, (one) => (one._tag === "CaseReported" ? { ...one, case: change(one.case) } : one))

export const brokenPlugins: ReadonlyArray<BrokenPlugin> = [
  {
    name: "fails a check",
    crm: (crm) => ({ verify: Stream.map(crm.verify, (check) => ({ ...check, ok: false })) }),
    laws: ["good credentials pass every check"]
  },
  {
    name: "says nothing about a check",
    crm: (crm) => ({ verify: Stream.map(crm.verify, (check) => ({ ...check, detail: " " })) }),
    laws: ["every check has a label and says what was found or what to do"]
  },
  {
    name: "names no field",
    crm: (crm) => ({ verify: Stream.map(crm.verify, ({ field: _, ...check }) => check) }),
    laws: ["a wrong credential is a failed check that names its field"]
  },
  {
    name: "verifies nothing",
    crm: () => ({ verify: Stream.make({ name: "a", label: "a", detail: "a", ok: true, required: true }) }),
    laws: ["verify asks anew although a sign-in was refused before"]
  },
  {
    name: "calls a refused sign-in an outage",
    crm: (crm) => ({ read: (payload) => Effect.mapError(crm.read(payload), () => unreachable) }),
    laws: ["a call with credentials that are refused fails with CrmAuthFailed"]
  },
  {
    name: "signs in for every call",
    crm: (crm) => ({ read: (payload) => Effect.andThen(Stream.runDrain(crm.verify), crm.read(payload)) }),
    laws: [
      "after a refused sign-in no further call leaves, so that nobody is locked out",
      "calls made side by side share one login",
      "reads nothing for no ids, and asks for nothing"
    ]
  },
  {
    name: "cannot read",
    crm: () => ({ read: () => Effect.fail(locked) }),
    laws: ["a login that ended heals itself"]
  },
  {
    name: "puts the key into the address",
    crm: () => ({}),
    sandbox: (sandbox) => ({
      requestLines: Effect.map(sandbox.requestLines, (lines) => [...lines, `GET /x?key=${sandbox.facts.secrets[0]}`])
    }),
    laws: ["no secret stands in any request line"]
  },
  {
    name: "tells the client's name in a failure",
    crm: (crm, { facts }) => ({
      read: (payload) =>
        Effect.mapError(crm.read(payload), ({ reason }) =>
          reason._tag === "CrmAuthFailed"
            ? new CrmError({ reason })
            : new CrmError({ reason: new CrmUnreachable({ message: `no ${facts.clientWords[0]}` }) })
        )
    }),
    laws: ["no secret and no client's data stand in a failure's message"]
  },
  {
    name: "reads no client",
    crm: (crm) => mapCases(crm, (read) => ({ ...read, client: {} })),
    laws: ["reads one case with its client, case type and status"]
  },
  {
    name: "reads no status",
    crm: (crm) => mapCases(crm, ({ status: _, ...read }) => read),
    laws: [
      "a status is read by its name, and its raw spelling is kept",
      "what staff changes is read",
      "what a webhook says is what a read finds",
      "what was set is read",
      "a pull brings the state that the case has now"
    ]
  },
  {
    name: "reads in its own order",
    crm: (crm) => ({ read: (payload) => Effect.map(crm.read(payload), (all) => all.toReversed()) }),
    laws: ["reads many cases, each once, in the order asked for"]
  },
  {
    name: "reads many by another clock",
    crm: (crm) => mapCases(crm, (read, all) => (all.length > 1 ? { ...read, updatedAt: 0 } : read)),
    laws: ["many cases and one case read alike"]
  },
  {
    name: "reads one by one",
    crm: (crm) => ({
      read: ({ ids }) =>
        Effect.map(
          Effect.forEach(ids, (id) => crm.read({ ids: [id] })),
          (all) => all.flat()
        )
    }),
    laws: ["reads many cases in fewer calls than one by one"]
  },
  {
    name: "makes up what it does not find",
    crm: (crm) => ({
      read: (payload) =>
        Effect.map(crm.read(payload), (all) =>
          payload.ids.map(
            (id) => all.find(({ externalId }) => externalId === id) ?? { externalId: id, client: {}, fields: {} }
          )
        )
    }),
    laws: [
      "a case that the CRM does not know is left out",
      "an unknown case among known ones is left out, the others are read"
    ]
  },
  {
    name: "takes every failure of a read for an empty answer",
    crm: (crm) => ({ read: (payload) => Effect.orElseSucceed(crm.read(payload), () => []) }),
    laws: [
      "a truncated answer is CrmAnswerInvalid, and nothing is taken from it",
      "an answer about another record is CrmAnswerInvalid",
      "an error of the CRM's server is CrmUnreachable",
      "no answer in time is CrmUnreachable",
      "a rate limit is CrmRateLimited with the time from which calls are taken again"
    ]
  },
  {
    name: "stays broken after a failure",
    crm: (crm) => {
      let isBroken = false
      const breakDown = Effect.sync(() => (isBroken = true))
      return {
        read: (payload) => (isBroken ? Effect.fail(unreachable) : Effect.tapError(crm.read(payload), () => breakDown))
      }
    },
    laws: ["after a failed read the next one works"]
  },
  {
    name: "lists nothing, also when it failed",
    crm: () => ({ catalog: () => Effect.succeed({ caseTypes: [], statuses: [], fields: [] }) }),
    laws: [
      "the catalogue lists case types, statuses and fields",
      "a broken catalogue is CrmAnswerInvalid",
      "a status as the catalogue names it is set"
    ]
  },
  {
    name: "lists everything twice",
    crm: (crm) => ({
      catalog: (payload) =>
        Effect.map(crm.catalog(payload), ({ statuses, ...lists }) => ({
          ...lists,
          statuses: [...statuses, ...statuses]
        }))
    }),
    laws: ["the catalogue lists nothing twice"]
  },
  {
    name: "reports another case",
    crm: (crm) => mapReported(crm, (reported) => ({ ...reported, externalId: ExternalCaseId.make("1") })),
    laws: ["a webhook reports the case that it names", "a firm's own name for a field is understood"]
  },
  {
    name: "decodes differently each time",
    crm: (crm) => {
      let times = 0
      return mapReported(crm, (reported) => ({ ...reported, fields: { times: [String(times++)] } }))
    },
    laws: ["every format decodes to the same change", "decoding the same receipt twice says the same"]
  },
  {
    name: "takes the Test button for a broken webhook",
    crm: (crm) => mapChanges(crm, ({ receiptId }) => ({ _tag: "Unreadable", receiptId, errors: [] })),
    laws: ["the Test button is recognised, whatever its format", "a webhook that lacks a required field names it"]
  },
  {
    name: "knows keys in one spelling only",
    crm: (crm) => ({
      decode: ({ receipts }) =>
        crm.decode({
          receipts: receipts.map((one) => ({
            ...one,
            entries: one.entries.filter(([key]) => key !== key.toUpperCase())
          }))
        })
    }),
    laws: ["keys are matched without case, blanks and punctuation"]
  },
  {
    name: "says blanks",
    crm: (crm) => mapReported(crm, (reported) => ({ ...reported, client: { firstName: "", ...reported.client } })),
    laws: ["blanks and fillers are not said, and never cost the record"]
  },
  {
    name: "drops a record for a warning",
    crm: (crm) =>
      mapChanges(crm, (change) =>
        change._tag === "CaseReported" && change.warnings.length > 0
          ? { _tag: "Unreadable", receiptId: change.receiptId, errors: change.warnings }
          : change
      ),
    laws: ["an unreadable value is a warning and never costs the record"]
  },
  {
    name: "splits at commas and loses odd keys",
    crm: (crm) =>
      mapReported(crm, (reported) => ({
        ...reported,
        fields: Object.fromEntries(
          Object.entries(reported.fields)
            .filter(([key]) => !(key in {}))
            .map(([key, values]) => [key, values.flatMap((value) => value.split(", "))])
        )
      })),
    laws: ["a repeated key gives several values, a comma does not", "names of built-in properties are ordinary keys"]
  },
  {
    name: "takes options for fields",
    crm: (crm) => mapReported(crm, (reported) => ({ ...reported, fields: { ...reported.fields, "List ID": ["1"] } })),
    laws: ["options of the address are not fields of the record"]
  },
  {
    name: "keeps decorations",
    crm: (crm) =>
      mapReported(crm, (reported) => ({
        ...reported,
        status: { ...reported.status!, name: `${reported.status?.name}**` }
      })),
    laws: ["a decorated status is named plainly and kept raw"]
  },
  {
    name: "answers receipts in another order",
    crm: (crm) => ({ decode: (payload) => Effect.map(crm.decode(payload), (all) => all.toReversed()) }),
    laws: ["every receipt gets one answer, in order, good and bad ones mixed"]
  },
  {
    name: "asks while it decodes",
    crm: (crm) => ({ decode: (payload) => Effect.andThen(crm.catalog({}), crm.decode(payload)) }),
    laws: ["decoding asks the CRM for nothing"]
  },
  {
    name: "writes every note twice",
    crm: (crm) => ({
      addNote: (payload) => Effect.andThen(Effect.exit(crm.addNote(payload)), crm.addNote(payload))
    }),
    laws: [
      "a note appears exactly once among the client communications",
      "a marker survives reading back",
      "a lost answer to a note is CrmOutcomeUnknown, and the marker finds it",
      "a note that is written late is CrmOutcomeUnknown, and found once it is there",
      "a truncated answer to a note is no success: CrmOutcomeUnknown",
      "a server error to a note is CrmOutcomeUnknown",
      "a rate limit to a note is CrmRateLimited, and nothing is written",
      "a note after the login ended is written once"
    ]
  },
  {
    name: "reads notes without their end, category or order",
    crm: (crm) => ({
      notes: (payload) =>
        Effect.map(crm.notes(payload), (notes) =>
          notes.toReversed().map((note) => ({ ...note, category: "Other", text: note.text.slice(0, 5) }))
        )
    }),
    laws: [
      "a note is read back under the id that was answered, in its category",
      "staff's notes are read with their categories, newest last",
      "every page of a long history is read"
    ]
  },
  {
    name: "sends what it is given, cut to a hundred ASCII letters, as staff does",
    crm: (_, { facts, writeNote }) => ({
      addNote: ({ id, text }) =>
        Effect.as(
          writeNote(id, {
            category: facts.clientCategory,
            text: `<i>${text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100)}`
          }),
          { externalId: "1" }
        )
    }),
    laws: [
      "letters of every script and pictures survive",
      "no markup and no control character reaches the CRM",
      "a note as long as the manifest allows is taken whole",
      "a longer note is refused, and nothing of it is written",
      "an empty note is refused"
    ]
  },
  {
    name: "takes every failure of a note for a refusal",
    crm: (crm) => ({ addNote: (payload) => Effect.mapError(crm.addNote(payload), () => refused) }),
    laws: ["a note for a case that the CRM does not know is CrmNotFound"]
  },
  {
    name: "finds no notes",
    crm: () => ({ notes: () => Effect.succeed([]) }),
    laws: [
      "notes since a moment leave older ones out and no newer one",
      "truncated notes are CrmAnswerInvalid, never an empty list",
      "notes of another record are CrmAnswerInvalid"
    ]
  },
  {
    name: "sets another status, for another case, and calls it done",
    crm: (_, { changeStatus, facts }) => ({
      setStatus: () =>
        Effect.as(
          changeStatus(facts.cases[1]!, "New Lead").pipe(
            Effect.andThen(changeStatus(facts.cases[1]!, "Signed e-Sign"))
          ),
          {}
        )
    }),
    laws: [
      "a status is set by its exact name",
      "a status is set by the name people use, in the CRM's own spelling",
      "a status that the CRM does not list is refused, and nothing is sent for it",
      "a status is set for that case alone",
      "setting a status changes nothing else of the case",
      "a status for a case that the CRM does not know is CrmNotFound",
      "a lost answer to a status is CrmOutcomeUnknown, though the CRM holds it",
      "a status that is written late is CrmOutcomeUnknown, though the CRM gets it",
      "a truncated answer to a status is no success: CrmOutcomeUnknown",
      "an answer about another record is no success: CrmOutcomeUnknown",
      "a server error to a status is CrmOutcomeUnknown",
      "a rate limit to a status is CrmRateLimited, and nothing is changed"
    ]
  },
  {
    name: "cannot set the present status",
    crm: () => ({ setStatus: () => Effect.fail(refused) }),
    laws: ["setting the present status changes nothing and succeeds"]
  },
  {
    name: "writes no field, but asks",
    crm: (crm) => ({ updateFields: () => Effect.as(crm.catalog({}), {}) }),
    laws: [
      "a field is written, and nothing else of the case changes",
      "a field that was written is read",
      "a name that would take over the call is refused, and nothing is changed",
      "a name that is no plain word is refused",
      "no fields are no call",
      "markup in a value is taken without its brackets' power",
      "a lost answer to fields is CrmOutcomeUnknown, though the CRM holds them",
      "fields of a case that the CRM does not know are CrmNotFound"
    ]
  },
  {
    name: "pulls nothing and swallows what fails",
    crm: () => ({ changes: () => Stream.make({ cases: [], cursor: "" }) }),
    laws: [
      "a first pull finds what changed lately, each case once",
      "the next pull goes on from the cursor",
      "a cursor outlives the plugin that made it",
      "a pull with nothing new ends, with a cursor",
      "a change made during a pull is in this pull or the next",
      "a pull that breaks off fails, and its cursor loses nothing",
      "a cursor that is not the plugin's is refused",
      "a pull with a scope holds every case of it, ends with a page that says so, and says how many there are or nothing",
      "a scope's dates leave out what changed before and after them, and the ends count",
      "a scope of one case type, by name or id, holds its cases and no others; an unknown one is refused",
      "a pull with a scope goes on behind its first page with another plugin, and takes no other cursor"
    ]
  },
  ...brokenAnswers,
  ...brokenDocuments
]
