/**
 * A small CRM that keeps state, for use-case tests. It answers at once; a script of faults lets a call fail before or
 * after it took effect, or take effect later.
 */
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CallUsage } from "@casewire/core/domain/CallBudget"
import type { CrmCase, CrmChange } from "@casewire/core/domain/CrmChange"
import { FirmId } from "@casewire/core/domain/Ids"
import { fieldTable, findFields } from "@casewire/core/domain/WebhookFields"
import {
  Crm,
  CrmAuthFailed,
  type CrmCatalog,
  CrmError,
  CrmOutcomeUnknown,
  CrmRefused,
  CrmRateLimited,
  CrmUnreachable
} from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { BeforeChange } from "@casewire/core/ports/CrmHttp"
import { DocumentStore, incomingOwner } from "@casewire/core/ports/DocumentStore"
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { manifest } from "./RehearsalManifest.ts"

export const firmId = FirmId.make("firm-1")

interface Lead {
  status: string
  fullName: string
  contactId: string
  updatedAt: number
  readonly notes: Array<{ id: string; text: string }>
  /** Injury where it is absent. */
  caseType?: { readonly externalId: string; readonly name: string }
  /** Further fields by key; absent where the CRM says nothing about any. */
  fields?: Record<string, ReadonlyArray<string>>
  readonly documents?: Array<FakeDocument>
}

export interface FakeDocument {
  readonly externalId: string
  readonly name: string
  readonly folder: string
  readonly contentType: string
  readonly bytes: Uint8Array
  readonly createdAt: number | null
  /** What the CRM says of its size, where that is not so. */
  readonly announced?: number | null
}

/** `before`: refused without effect. `after`: done, then the answer is lost. `late`: the answer is lost, done later. */
export interface Fault {
  readonly on: "changes" | "addNote" | "setStatus" | "updateFields" | "read" | "upload" | "open"
  readonly how: "before" | "after" | "late" | "throttled" | "refused" | "signed-out"
}

/** How many cases a page of a pull with a scope holds. */
const historyPage = 10

const emptyCatalog: CrmCatalog = { caseTypes: [], statuses: [], fields: [] }

/** The CRM's own state, and what the tests do to it. */
export class FakeCrm extends Context.Service<
  FakeCrm,
  {
    readonly leads: Map<string, Lead>
    readonly faults: Array<Fault>
    readonly calls: Array<string>
    /** Writes that a `late` fault has put off; a test commits them when it likes. */
    readonly late: Array<() => void>
    /** Leads that the CRM knows by their id and leaves out of its list. */
    readonly unlisted: Set<string>
    /** What was asked to be written, field by field. */
    readonly fieldWrites: Array<Readonly<Record<string, string>>>
    catalog: CrmCatalog
    /** How verifying ends before it began. */
    verifyFails: CrmError["reason"] | undefined
    /** What the gateway counted. */
    usage: CallUsage
    /** Whether a page of a scope says how many cases the scope holds. */
    tellsTotal: boolean
  }
>()("test/FakeCrm") {
  static readonly layer = Layer.sync(FakeCrm, () => ({
    leads: new Map(),
    faults: [],
    calls: [],
    late: [],
    unlisted: new Set<string>(),
    fieldWrites: [],
    catalog: emptyCatalog,
    verifyFails: undefined,
    usage: { used: 0, waiting: 0, refusedUntil: null },
    tellsTotal: true
  }))
}

export const crmOf = Effect.gen(function* () {
  const crm = yield* FakeCrm
  const fail = (reason: CrmError["reason"]) => Effect.fail(new CrmError({ reason }))
  // As the host's door does it: right before a change leaves, its job is asked whether it may.
  const write = (on: Fault["on"], commit: () => void) =>
    on === "read" ? attempt(on, commit) : Effect.andThen(Effect.flatten(BeforeChange), attempt(on, commit))
  const attempt = (on: Fault["on"], commit: () => void) =>
    Effect.suspend(() => {
      crm.calls.push(on)
      const index = crm.faults.findIndex((fault) => fault.on === on)
      const how = index < 0 ? undefined : crm.faults.splice(index, 1)[0]!.how
      if (how === "before") return fail(new CrmUnreachable({ message: "connection refused" }))
      if (how === "refused") return fail(new CrmRefused({ message: "the CRM refuses" }))
      if (how === "signed-out") return fail(new CrmAuthFailed({ message: "wrong password" }))
      if (how === "throttled")
        return Effect.flatMap(Clock.currentTimeMillis, (now) => fail(new CrmRateLimited({ until: now + 5000 })))
      if (how === "late") {
        crm.late.push(commit)
        return fail(new CrmOutcomeUnknown({ message: "no answer" }))
      }
      commit()
      return how === "after" ? fail(new CrmOutcomeUnknown({ message: "no answer" })) : Effect.void
    })
  const read = (id: ExternalCaseId): ReadonlyArray<CrmCase> => {
    const lead = crm.leads.get(id)
    if (lead === undefined) return []
    const client = { externalId: ExternalClientId.make(lead.contactId), fullName: lead.fullName }
    const status = { name: lead.status, raw: lead.status }
    return [
      {
        externalId: id,
        caseType: lead.caseType ?? { externalId: "7", name: "Injury" },
        status,
        client,
        updatedAt: lead.updatedAt,
        fields: lead.fields ?? {}
      }
    ]
  }
  return Crm.of({
    verify: Stream.suspend(() =>
      crm.verifyFails === undefined
        ? Stream.make({ name: "signed-in", label: "Signed in", ok: true, detail: "", required: true })
        : Stream.fail(new CrmError({ reason: crm.verifyFails }))
    ),
    changes: (cursor, scope) =>
      scope === undefined
        ? Stream.sync(() => ({
            cases: [...crm.leads.keys()]
              .filter((id) => !crm.unlisted.has(id))
              .flatMap((id) => read(ExternalCaseId.make(id))),
            cursor: "next"
          }))
        : Stream.paginate(cursor, (after) =>
            Effect.map(
              write("changes", () => undefined),
              () => {
                const { from, to } = scope
                const all = [...crm.leads.keys()]
                  .flatMap((id) => read(ExternalCaseId.make(id)))
                  .filter(({ updatedAt = 0 }) => updatedAt >= (from ?? 0) && updatedAt <= (to ?? Infinity))
                const start = after === null ? 0 : all.findIndex(({ externalId }) => externalId === after) + 1
                const page = all.slice(start, start + historyPage)
                const isLast = start + historyPage >= all.length
                const next = page.at(-1)?.externalId ?? "end"
                const total = crm.tellsTotal ? { total: all.length } : {}
                return [
                  [{ cases: page, cursor: next, isLast, ...total }],
                  isLast ? Option.none() : Option.some(next)
                ] as const
              }
            )
          ),
    catalog: () => Effect.sync(() => crm.catalog),
    decode: ({ receipts }) =>
      Effect.sync(() =>
        receipts.map(({ aliases, entries, receiptId }): CrmChange => {
          const found = findFields(fieldTable(manifest.webhook, aliases), entries)
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
              fields: Object.fromEntries(
                entries.filter(([key]) => key.startsWith("Custom")).map(([key, value]) => [key, [value]])
              )
            }
          }
        })
      ),
    read: ({ ids }) =>
      // Three or more are read by a page, which leaves further fields out.
      Effect.map(
        write("read", () => undefined),
        () => ids.flatMap(read).map((found) => (ids.length < 3 ? found : { ...found, fields: {} }))
      ),
    notes: ({ id }) =>
      Effect.sync(() =>
        (crm.leads.get(id)?.notes ?? []).map((note) => ({
          externalId: note.id,
          category: "Client",
          text: note.text,
          createdAt: null
        }))
      ),
    addNote: ({ id, text }) => {
      const noteId = `note-${crm.calls.length}`
      return Effect.as(
        write("addNote", () => crm.leads.get(id)!.notes.push({ id: noteId, text })),
        { externalId: noteId }
      )
    },
    updateFields: ({ fields, id }) => {
      crm.fieldWrites.push(fields)
      const commit = () => {
        const lead = crm.leads.get(id)!
        lead.fields = {
          ...lead.fields,
          ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, [value]]))
        }
      }
      return Effect.as(write("updateFields", commit), {})
    },
    setStatus: ({ id, status }) =>
      Effect.as(
        write("setStatus", () => (crm.leads.get(id)!.status = status)),
        {}
      )
  })
})

export const documentsOf = (store: DocumentStore["Service"]) =>
  Effect.map(FakeCrm, (crm) => {
    const fail = (reason: CrmError["reason"]) => Effect.fail(new CrmError({ reason }))
    const filed = (id: string) => crm.leads.get(id)!.documents!
    return CrmDocuments.of({
      list: ({ id }) =>
        Effect.sync(() => {
          crm.calls.push("list")
          return filed(id).map(({ announced, bytes, ...document }) => ({
            ...document,
            size: announced === undefined ? bytes.length : announced
          }))
        }),
      open: ({ documentId, externalId, id, maxBytes }) =>
        Effect.suspend(() => {
          crm.calls.push("open")
          const index = crm.faults.findIndex((fault) => fault.on === "open")
          if (index >= 0) {
            crm.faults.splice(index, 1)
            return fail(new CrmUnreachable({ message: "connection refused" }))
          }
          const found = filed(id).find((document) => document.externalId === externalId)!
          return store
            .put(
              { id: documentId, firmId, name: "document", contentType: found.contentType, owner: incomingOwner },
              Stream.make(found.bytes),
              maxBytes
            )
            .pipe(Effect.catchTag("DocumentTooLarge", () => fail(new CrmRefused({ message: "larger than allowed" }))))
        }),
      upload: ({ contentType, documentId, id, name }) =>
        Effect.gen(function* () {
          crm.calls.push("upload")
          const index = crm.faults.findIndex((fault) => fault.on === "upload")
          const how = index < 0 ? undefined : crm.faults.splice(index, 1)[0]!.how
          if (how === "before") return yield* fail(new CrmUnreachable({ message: "connection refused" }))
          const chunks = yield* Stream.runCollect(store.open(firmId, documentId)).pipe(Effect.orDie)
          const externalId = `document-${crm.calls.length}`
          const createdAt = yield* Clock.currentTimeMillis
          const commit = () =>
            void filed(id).push({ externalId, name, folder: "", contentType, bytes: chunks[0]!, createdAt })
          if (how === "late") {
            crm.late.push(commit)
            return yield* fail(new CrmOutcomeUnknown({ message: "no answer" }))
          }
          commit()
          return how === "after" ? yield* fail(new CrmOutcomeUnknown({ message: "no answer" })) : { externalId }
        })
    })
  })
