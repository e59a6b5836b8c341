/**
 * Every law of a CRM plugin, and what runs one: from the seed, with a plugin that was just opened, each argument and
 * answer as plain data. No test runner is needed.
 */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import { Crm, type CrmError, crmOperations } from "@casewire/core/ports/Crm"
import { CrmDocuments, crmDocumentOperations } from "@casewire/core/ports/CrmDocuments"
import { assert } from "chai"
import { Context, Effect, Layer, Schema, type Scope, Stream } from "effect"
import { documentLaws } from "./CrmDocumentLaws.ts"
import { fieldLaws } from "./CrmFieldLaws.ts"
import type { CrmCapability, CrmDocumentsService, CrmLaw, CrmService, CrmStore } from "./CrmLaw.ts"
import { noteLaws } from "./CrmNoteLaws.ts"
import { pullLaws } from "./CrmPullLaws.ts"
import { readLaws } from "./CrmReadLaws.ts"
import type { CrmSandbox } from "./CrmSandbox.ts"
import { signInLaws } from "./CrmSignInLaws.ts"
import { statusLaws } from "./CrmStatusLaws.ts"
import { shown, type Steps, traced, tracedSandbox, tracedStream } from "./CrmTrace.ts"
import { webhookLaws } from "./CrmWebhookLaws.ts"

export interface CrmConnected {
  /** The plugin opened with good credentials, some of them replaced where a law says so. */
  readonly crm: (replaced?: Readonly<Record<string, string>>) => Layer.Layer<Crm | CrmDocuments>
  readonly store: CrmStore
  readonly sandbox: CrmSandbox
}

/** Starts a sandbox of its own and opens the plugin against it. */
export type CrmConnect = Effect.Effect<CrmConnected, never, Scope.Scope>

export const lawGroups: ReadonlyArray<{ readonly title: string; readonly laws: ReadonlyArray<CrmLaw> }> = [
  { title: "Signing in", laws: signInLaws },
  { title: "Reading", laws: readLaws },
  { title: "Webhooks", laws: webhookLaws },
  { title: "Notes", laws: noteLaws },
  { title: "Statuses", laws: statusLaws },
  { title: "Fields", laws: fieldLaws },
  { title: "Pulling what changed", laws: pullLaws },
  { title: "Documents", laws: documentLaws }
]

export const crmLaws: ReadonlyArray<CrmLaw> = lawGroups.flatMap(({ laws }) => [...laws])

/** Runs one law from the seed; so a deliberately broken plugin can be shown to fail it. */
export const runCrmLaw = (
  law: CrmLaw,
  plugin: CrmPlugin,
  connect: CrmConnect,
  steps: Steps = []
): Effect.Effect<void, CrmError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { crm, sandbox, store } = yield* connect
      yield* sandbox.reset
      const build = (replaced?: Readonly<Record<string, string>>) => Layer.build(crm(replaced))
      const open = (replaced: Readonly<Record<string, string>>) =>
        Effect.map(build(replaced), (context) => acrossBoundary(Context.get(context, Crm), steps))
      const context = yield* build()
      yield* law.run({
        plugin,
        sandbox: tracedSandbox(steps, sandbox),
        store,
        open,
        crm: acrossBoundary(Context.get(context, Crm), steps),
        documents: documentsAcrossBoundary(Context.get(context, CrmDocuments), steps)
      })
    })
  )

/** Every argument and answer passes schema encode, structuredClone, decode, as between a host and a plugin. */
const cross = <A, I>(schema: Schema.Codec<A, I>) => {
  const encode = Schema.encodeSync(schema)
  const decode = Schema.decodeUnknownSync(schema)
  return (value: A): A => decode(structuredClone(encode(value)))
}

const call = <A, I, B, J>(
  steps: Steps,
  name: string,
  { payload, success }: { readonly payload: Schema.Codec<A, I>; readonly success: Schema.Codec<B, J> },
  run: (payload: A) => Effect.Effect<B, CrmError>
) => {
  const [given, answered] = [cross(payload), cross(success)]
  return traced(steps, name, (payload: A) =>
    Effect.map(
      Effect.suspend(() => run(given(payload))),
      answered
    )
  )
}

const documentsAcrossBoundary = (documents: CrmDocumentsService, steps: Steps): CrmDocumentsService => ({
  list: call(steps, "documents.list", crmDocumentOperations.list, documents.list),
  open: call(steps, "documents.open", crmDocumentOperations.open, documents.open),
  upload: call(steps, "documents.upload", crmDocumentOperations.upload, documents.upload)
})

const acrossBoundary = (crm: CrmService, steps: Steps): CrmService => ({
  verify: tracedStream(steps, "verify", crm.verify),
  changes: (cursor, scope) => tracedStream(steps, `changes ${shown([cursor, scope])}`, crm.changes(cursor, scope)),
  catalog: call(steps, "catalog", crmOperations.catalog, crm.catalog),
  decode: call(steps, "decode", crmOperations.decode, crm.decode),
  read: call(steps, "read", crmOperations.read, crm.read),
  notes: call(steps, "notes", crmOperations.notes, crm.notes),
  addNote: call(steps, "addNote", crmOperations.addNote, crm.addNote),
  updateFields: call(steps, "updateFields", crmOperations.updateFields, crm.updateFields),
  setStatus: call(steps, "setStatus", crmOperations.setStatus, crm.setStatus)
})

const unsupportedTitle = (capability: CrmCapability) => `${capability} are declared missing, and calls say so`
const unsupportedWhy =
  "What the plugin cannot do is greyed out with the manifest's reason. A call that comes all the same fails with `CrmUnsupported`."

/** The law in place of a capability's own where the manifest says that the plugin cannot. */
export const unsupportedLaw = (capability: CrmCapability): CrmLaw | undefined => {
  const calls: Partial<
    Record<
      CrmCapability,
      (crm: CrmService, id: ExternalCaseId, documents: CrmDocumentsService) => Effect.Effect<unknown, CrmError>
    >
  > = {
    notes: (crm, id) => crm.addNote({ id, text: "A note" }),
    fields: (crm, id) => crm.updateFields({ id, fields: { field: "value" } }),
    statuses: (crm, id) => crm.setStatus({ id, status: "New" }),
    changes: (crm) => Stream.runDrain(crm.changes(null)),
    documents: (_, id, documents) => documents.list({ id })
  }
  const attempt = calls[capability]
  if (attempt === undefined) return undefined
  return {
    title: unsupportedTitle(capability),
    why: unsupportedWhy,
    run: ({ crm, documents, sandbox }) =>
      Effect.map(Effect.flip(attempt(crm, sandbox.facts.cases[0]!, documents)), ({ reason }) =>
        assert.strictEqual(reason._tag, "CrmUnsupported")
      ).pipe(Effect.catch(() => Effect.sync(() => assert.fail(`${capability} worked although declared missing`))))
  }
}
