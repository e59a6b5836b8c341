/**
 * The port `Crm` over the CRM machine, as a plugin would give it: a client time-out, errors in types, and answers that
 * carry their call's number with the case, so that a check can say which read a stored case came from.
 */
import { definePlugin } from "@casewire/core/CrmPlugin"
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CrmCase, CrmChange } from "@casewire/core/domain/CrmChange"
import { fieldTable, findFields } from "@casewire/core/domain/WebhookFields"
import { Crm, CrmError, type CrmScope, CrmOutcomeUnknown, CrmUnreachable } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { BeforeChange, CrmGateway, CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Effect, Layer, Option, Stream } from "effect"
import { type Answer, type Call, type CallKind, type CrmMachine, isWrite, type Lead, statuses } from "./CrmMachine.ts"
import { crmKeys } from "./FieldMap.ts"
import type { Kernel, Owner } from "./Kernel.ts"

export const clientTimeoutMs = 20_000
/** The number of the read that a case came from: it is carried as the instant of the record's creation. */
export const readOf = (of: { readonly externalCreatedAt: number | null } | undefined): number | undefined =>
  of?.externalCreatedAt ?? undefined

const plugin = definePlugin({
  manifest: {
    id: "simulated",
    name: "Simulated CRM",
    version: "1.0.0",
    contract: 1,
    credentials: [
      { name: "root", label: "Root", help: "", placeholder: "", secret: false, required: true },
      { name: "password", label: "Password", help: "", placeholder: "", secret: true, required: true }
    ],
    origins: { api: "https://{root}.crm.example/" },
    sandboxOrigins: { api: "{sandbox}/{root}/" },
    account: ["root"],
    budget: { calls: 60, windowMs: 60_000 },
    capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
    notes: { maxLength: 200, timeZone: "UTC" },
    webhook: {
      required: [
        { name: "Record ID", aliases: [], pattern: "^[0-9]+$" },
        { name: "Stage", aliases: [] },
        { name: "Full Name", aliases: [] }
      ],
      record: "Record ID",
      fillers: ["NA"],
      testValue: "^\\{\\{",
      options: ["list_id", "list_action"],
      steps: []
    }
  },
  // The layer stands in `layerOf`: it differs from process to process.
  crm: () => Layer.mergeAll(Layer.effect(Crm, Effect.never), CrmDocuments.layerUnsupported("none"))
})
export const { manifest } = plugin
export const caseType = { externalId: "7", name: "Injury" }
const table = fieldTable(manifest.webhook, {})

const valuesOf = (text: string | undefined): ReadonlyArray<string> => (text === undefined || text === "" ? [] : [text])

const pageSize = 2

const makeCrm = (kernel: Kernel, crm: CrmMachine, owner: Owner): Crm["Service"] => {
  /** As through the host's door: a request that changes something leaves only while its job is still ours. */
  const call = <A>(kind: CallKind, leads: ReadonlyArray<string>, act: (call: Call) => Answer<A>, leaves = () => {}) =>
    isWrite(kind)
      ? Effect.flatten(BeforeChange).pipe(Effect.andThen(Effect.sync(leaves)), Effect.andThen(send(kind, leads, act)))
      : send(kind, leads, act)

  const send = <A>(kind: CallKind, leads: ReadonlyArray<string>, act: (call: Call) => Answer<A>) =>
    Effect.callback<A, CrmError>((resume) => {
      const writes = isWrite(kind)
      const end = (effect: Effect.Effect<A, CrmError>) => kernel.post(() => resume(effect), owner)
      const cut = kernel.at(
        clientTimeoutMs,
        () => {
          kernel.note(`host   call ${begun.number} ${kind} times out`)
          crm.hangUp(begun)
          const message = "no answer"
          end(
            Effect.fail(
              new CrmError({ reason: writes ? new CrmOutcomeUnknown({ message }) : new CrmUnreachable({ message }) })
            )
          )
        },
        owner
      )
      const begun = crm.begin(kind, leads, owner, act, (answer) => {
        cut()
        end(answer.ok ? Effect.succeed(answer.value) : Effect.fail(new CrmError({ reason: answer.reason })))
      })
      return Effect.sync(() => {
        cut()
        crm.hangUp(begun)
      })
    })

  const see = (by: Call, { fields, fullName, id, status }: Lead) => by.found.set(id, { status, fullName, fields })

  const toCase = (lead: Lead, by: Call | null, isPage = by === null): CrmCase => ({
    externalId: ExternalCaseId.make(lead.id),
    caseType,
    status: { name: lead.status, raw: lead.status },
    client: { externalId: ExternalClientId.make(lead.contactId), fullName: lead.fullName },
    updatedAt: lead.updatedAt,
    // A page of the list leaves the further fields out.
    ...(by === null ? {} : { createdAt: by.number }),
    fields: isPage ? {} : Object.fromEntries(crmKeys.map((key) => [key, valuesOf(lead.fields[key])]))
  })

  /** What lies in a scope, by the number of the lead: what changes meanwhile moves no other one. */
  const past = (cursor: string | null, { caseTypes, from, to }: CrmScope) =>
    Stream.paginate(Number(cursor ?? 0), (after) =>
      Effect.map(
        call("changes", [], (by) => {
          const isIn = (lead: Lead) => !lead.gone && lead.updatedAt >= (from ?? 0) && lead.updatedAt <= (to ?? Infinity)
          const isAsked = caseTypes.length === 0 || caseTypes.includes(caseType.name)
          const found = [...crm.leads.values()].filter((lead) => isAsked && isIn(lead) && Number(lead.id) > after)
          const page = found.sort((a, b) => Number(a.id) - Number(b.id)).slice(0, pageSize)
          for (const lead of page) see(by, lead)
          const next = Number(page.at(-1)?.id ?? after)
          return {
            ok: true,
            value: { cases: page.map((lead) => toCase(lead, by, true)), next, more: found.length > pageSize }
          }
        }),
        ({ cases, more, next }) =>
          [[{ cases, cursor: String(next), isLast: !more }], more ? Option.some(next) : Option.none()] as const
      )
    )

  return Crm.of({
    verify: Stream.fromEffect(
      Effect.map(Effect.result(call("verify", [], () => ({ ok: true, value: {} }))), ({ _tag }) => ({
        name: "signed-in",
        label: "Signed in",
        ok: _tag === "Success",
        detail: "",
        required: true
      }))
    ),
    changes: (cursor, scope) =>
      scope !== undefined
        ? past(cursor, scope)
        : Stream.paginate(Number(cursor ?? 0), (after) =>
            Effect.map(
              call("changes", [], () => {
                const changed = [...crm.leads.values()]
                  .filter((lead) => crm.feedsChanges && lead.version > after && !lead.gone)
                  .sort((a, b) => a.version - b.version)
                const page = changed.slice(0, pageSize)
                const next = page.at(-1)?.version ?? after
                const more = changed.length > pageSize
                return { ok: true, value: { page: page.map((lead) => toCase(lead, null)), next, more } }
              }),
              ({ more, next, page }) =>
                [[{ cases: page, cursor: String(next) }], more ? Option.some(next) : Option.none()] as const
            )
          ),
    catalog: () =>
      Effect.succeed({ caseTypes: [], statuses: statuses.map((name) => ({ name, raw: name })), fields: [] }),
    decode: ({ receipts }) =>
      Effect.sync(() =>
        receipts.map(({ entries, receiptId }): CrmChange => {
          const found = findFields(table, entries)
          if (found._tag === "Test") return { _tag: "TestPressed", receiptId }
          const status = found.values.get("Stage")
          const fullName = found.values.get("Full Name")
          return {
            _tag: "CaseReported",
            receiptId,
            warnings: [],
            case: {
              externalId: ExternalCaseId.make(found.values.get("Record ID")!),
              ...(status === undefined ? {} : { status: { name: status, raw: status } }),
              client: fullName === undefined ? {} : { fullName },
              fields: {}
            }
          }
        })
      ),
    read: ({ ids }) =>
      call("read", ids, (by) => ({
        ok: true,
        value: ids.flatMap((id) => {
          const lead = crm.leads.get(id)
          if (lead === undefined || lead.gone) return []
          see(by, lead)
          return [toCase(lead, by)]
        })
      })),
    notes: ({ id, since }) =>
      call("notes", [id], () => ({
        ok: true,
        value: (crm.leads.get(id)?.notes ?? [])
          .filter(({ at }) => at >= (since ?? 0))
          .map((note) => ({
            externalId: note.id,
            category: "Client",
            text: note.text,
            createdAt: note.at
          }))
      })),
    addNote: ({ id, text }) => call("addNote", [id], (by) => crm.addNote(by, id, text)),
    updateFields: ({ fields, id }) =>
      call(
        "updateFields",
        [id],
        (by) => crm.setFields(by, id, fields),
        () => crm.onAsked(id, fields)
      ),
    setStatus: ({ id, status }) =>
      call(
        "setStatus",
        [id],
        (by) => crm.setStatus(by, id, status),
        () => crm.onAsked(id, status)
      )
  })
}

/** The plugin and its door, for the process `owner`. */
export const layerOf = (kernel: Kernel, crm: CrmMachine, owner: Owner): Layer.Layer<Plugins | CrmGateway> =>
  Layer.mergeAll(
    Layer.sync(Plugins, () =>
      Plugins.of({
        manifests: Effect.succeed([manifest]),
        manifest: (id) => (id === manifest.id ? Option.some(manifest) : Option.none()),
        crm: () =>
          Layer.merge(
            Layer.sync(Crm, () => makeCrm(kernel, crm, owner)),
            CrmDocuments.layerUnsupported("none")
          ),
        switched: Stream.empty
      })
    ),
    Layer.succeed(CrmGateway, {
      open: () => Effect.succeed(CrmHttp.of({ send: () => Effect.die("the simulated CRM needs no network") })),
      usage: () => Effect.succeed({ used: 0, waiting: 0, refusedUntil: null })
    })
  )
