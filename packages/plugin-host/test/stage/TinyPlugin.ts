/** The smallest plugin that does something, with a hook for whatever a test wants to be wrong with it. */
import { contractVersion, type CrmPlugin, definePlugin, type PluginManifest } from "@casewire/core/CrmPlugin"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Context, Effect, Layer, Stream } from "effect"

export const manifest: PluginManifest = {
  id: "tiny",
  name: "Tiny CRM",
  version: "1.0.0",
  contract: contractVersion,
  credentials: [],
  origins: { api: "https://tiny.example/" },
  sandboxOrigins: { api: "{sandbox}/" },
  account: [],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
  notes: { maxLength: 1000, timeZone: "UTC" },
  webhook: { required: [], record: "Id", fillers: [], testValue: "^x$", options: [], steps: [] }
}

export interface TinyOptions {
  readonly manifest?: Partial<PluginManifest>
  /** What its notes say, so that a test sees which version answered. */
  readonly mark?: string
  /** Replaces operations. */
  readonly crm?: (http: CrmHttp["Service"], connection: { readonly secrets: object }) => Partial<Crm["Service"]>
  /** Runs when what was made for a connection is let go. */
  readonly dispose?: () => void
}

const answered = (http: CrmHttp["Service"], changes: boolean) =>
  Effect.map(http.send({ origin: "api", method: changes ? "POST" : "GET", path: "x", changes }), ({ body }) => body)

export const tiny = (options: TinyOptions = {}): CrmPlugin =>
  definePlugin({
    manifest: { ...manifest, ...options.manifest },
    crm: (connection) =>
      Layer.effectContext(
        Effect.gen(function* () {
          const http = yield* CrmHttp
          if (options.dispose !== undefined) yield* Effect.addFinalizer(() => Effect.sync(() => options.dispose?.()))
          const crm = Crm.of({
            verify: Stream.empty,
            changes: () =>
              Stream.fromIterable([
                { cases: [], cursor: "1" },
                { cases: [], cursor: "2" }
              ]),
            catalog: () => Effect.succeed({ caseTypes: [], statuses: [], fields: [] }),
            decode: ({ receipts }) =>
              Effect.succeed(
                receipts.map(({ receiptId }) => ({
                  _tag: "Unreadable" as const,
                  receiptId,
                  errors: [{ field: "Id", code: "missing" }]
                }))
              ),
            read: () => Effect.as(answered(http, false), []),
            notes: ({ id }) =>
              Effect.succeed([{ externalId: id, category: "", text: options.mark ?? "one", createdAt: null }]),
            addNote: () => Effect.map(answered(http, true), (externalId) => ({ externalId })),
            updateFields: () => Effect.succeed({}),
            setStatus: () => Effect.succeed({}),
            ...options.crm?.(http, connection)
          })
          return Context.make(Crm, crm).pipe(Context.add(CrmDocuments, documents))
        })
      )
  })

const fail = CrmDocuments.layerUnsupported("none")
const documents: CrmDocuments["Service"] = Effect.runSync(
  Effect.scoped(Effect.map(Layer.build(fail), (context) => Context.get(context, CrmDocuments)))
)

export const caseId = ExternalCaseId.make("42")
