/**
 * The contract of a CRM plugin: laws that hold for every CRM, run against its sandbox over real HTTP. Each law starts
 * from the seed with a plugin that was just opened. What a CRM cannot do is skipped with a written reason, and then the
 * plugin must say so itself: in its manifest, and by failing with `CrmUnsupported`.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import { Crm, type CrmError, crmOperations } from "@casewire/core/ports/Crm"
import { CrmDocuments, crmDocumentOperations } from "@casewire/core/ports/CrmDocuments"
import { assert, describe, it } from "@effect/vitest"
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
import { webhookLaws } from "./CrmWebhookLaws.ts"

export interface CrmConnected {
  /** The plugin opened with good credentials, some of them replaced where a law says so. */
  readonly crm: (replaced?: Readonly<Record<string, string>>) => Layer.Layer<Crm | CrmDocuments>
  readonly store: CrmStore
  readonly sandbox: CrmSandbox
}

export const crmLaws: ReadonlyArray<CrmLaw> = [
  ...signInLaws,
  ...readLaws,
  ...webhookLaws,
  ...noteLaws,
  ...statusLaws,
  ...fieldLaws,
  ...pullLaws,
  ...documentLaws
]

export interface CrmContract {
  readonly name: string
  readonly plugin: CrmPlugin
  readonly connect: Effect.Effect<CrmConnected, never, Scope.Scope>
  readonly skip: ReadonlyArray<{ readonly capability: CrmCapability; readonly reason: string }>
}

/** Registers every law as a test. */
export const crmContract = (contract: CrmContract): void => {
  const { connect, name, plugin, skip } = contract
  for (const { capability, reason } of skip) {
    if (reason.trim() === "") throw new Error(`${name}: skipping "${capability}" needs a reason`)
    if (plugin.manifest.capabilities[capability] === null) {
      throw new Error(`${name}: "${capability}" is skipped, but the manifest says that the plugin can do it`)
    }
  }
  describe(`${name} keeps the contract of a CRM`, () => {
    for (const law of crmLaws) {
      const skipped = skip.find(({ capability }) => capability === law.capability)
      if (skipped === undefined) it.live(law.title, () => runCrmLaw(law, plugin, connect))
      else it.skip(`${law.title} (skipped: ${skipped.reason})`, () => {})
    }
    for (const { capability } of skip) {
      const law = unsupportedLaw(capability)
      if (law !== undefined) it.live(law.title, () => runCrmLaw(law, plugin, connect))
    }
  })
}

/** Runs one law from the seed; so a deliberately broken plugin can be shown to fail it. */
export const runCrmLaw = (
  law: CrmLaw,
  plugin: CrmPlugin,
  connect: CrmContract["connect"]
): Effect.Effect<void, CrmError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { crm, sandbox, store } = yield* connect
      yield* sandbox.reset
      const build = (replaced?: Readonly<Record<string, string>>) => Layer.build(crm(replaced))
      const open = (replaced: Readonly<Record<string, string>>) =>
        Effect.map(build(replaced), (context) => acrossBoundary(Context.get(context, Crm)))
      const context = yield* build()
      yield* law.run({
        plugin,
        sandbox,
        store,
        open,
        crm: acrossBoundary(Context.get(context, Crm)),
        documents: documentsAcrossBoundary(Context.get(context, CrmDocuments))
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
  { payload, success }: { readonly payload: Schema.Codec<A, I>; readonly success: Schema.Codec<B, J> },
  run: (payload: A) => Effect.Effect<B, CrmError>
) => {
  const [given, answered] = [cross(payload), cross(success)]
  return (payload: A) =>
    Effect.map(
      Effect.suspend(() => run(given(payload))),
      answered
    )
}

const documentsAcrossBoundary = (documents: CrmDocumentsService): CrmDocumentsService => ({
  list: call(crmDocumentOperations.list, documents.list),
  open: call(crmDocumentOperations.open, documents.open),
  upload: call(crmDocumentOperations.upload, documents.upload)
})

const acrossBoundary = (crm: CrmService): CrmService => ({
  verify: crm.verify,
  changes: crm.changes,
  catalog: call(crmOperations.catalog, crm.catalog),
  decode: call(crmOperations.decode, crm.decode),
  read: call(crmOperations.read, crm.read),
  notes: call(crmOperations.notes, crm.notes),
  addNote: call(crmOperations.addNote, crm.addNote),
  updateFields: call(crmOperations.updateFields, crm.updateFields),
  setStatus: call(crmOperations.setStatus, crm.setStatus)
})

const unsupportedLaw = (capability: CrmCapability): CrmLaw | undefined => {
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
    title: `${capability} are declared missing, and calls say so`,
    run: ({ crm, documents, sandbox }) =>
      Effect.map(Effect.flip(attempt(crm, sandbox.facts.cases[0]!, documents)), ({ reason }) =>
        assert.strictEqual(reason._tag, "CrmUnsupported")
      ).pipe(Effect.catch(() => Effect.sync(() => assert.fail(`${capability} worked although declared missing`))))
  }
}
