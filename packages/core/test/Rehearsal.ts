/**
 * The whole core on memory adapters over the small CRM of `FakeCrm.ts`, with a connected firm and the steps that tests
 * take: what use-case tests run on.
 */
import * as Belt from "@casewire/core/Belt"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { CaseImport } from "@casewire/core/CaseImport"
import { Conflicts } from "@casewire/core/Conflicts"
import { definePlugin } from "@casewire/core/CrmPlugin"
import { DeliveryTimes } from "@casewire/core/Delivery"
import { Case, ExternalCaseId } from "@casewire/core/domain/Case"
import { type Connection, ConnectionId } from "@casewire/core/domain/Connection"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { HistoryImport } from "@casewire/core/HistoryImport"
import { ImportRuns } from "@casewire/core/ImportRuns"
import { Inbox } from "@casewire/core/Inbox"
import * as Memory from "@casewire/core/memory/Memory"
import { Lists } from "@casewire/core/Lists"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmGateway, CrmHttp } from "@casewire/core/ports/CrmHttp"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Queue } from "@casewire/core/ports/Queue"
import { ReadGathering } from "@casewire/core/ReadPacing"
import { Setup } from "@casewire/core/Setup"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { Worker } from "@casewire/core/Worker"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { crmOf, documentsOf, FakeCrm, firmId } from "./FakeCrm.ts"
import { manifest } from "./RehearsalManifest.ts"
import { FakeTools, layerTools } from "./RehearsalTools.ts"

export const connectionId = ConnectionId.make("connection-1")

const layerPlugins = Layer.effect(
  Plugins,
  Effect.gen(function* () {
    const fake = yield* FakeCrm
    const documents = yield* DocumentStore
    const plugin = definePlugin({
      manifest,
      crm: () =>
        Layer.mergeAll(
          Layer.effect(Crm, Effect.provideService(crmOf, FakeCrm, fake)),
          Layer.effect(CrmDocuments, Effect.provideService(documentsOf(documents), FakeCrm, fake))
        )
    })
    return Plugins.of({
      manifests: Effect.succeed([plugin.manifest]),
      manifest: (id) => (id === manifest.id ? Option.some(plugin.manifest) : Option.none()),
      crm: (_, connection) => plugin.crm(connection),
      switched: Stream.empty
    })
  })
)

const layerGateway = Layer.effect(
  CrmGateway,
  Effect.map(FakeCrm, (fake) => ({
    open: () => Effect.succeed(CrmHttp.of({ send: () => Effect.die("the rehearsal CRM needs no network") })),
    usage: () => Effect.sync(() => fake.usage)
  }))
)

/** Quiet period in tests: 1 s client time-out, 10 s latest commit. */
export const quietMs = 11_000

export const layer = Layer.mergeAll(
  CaseEntries.layer,
  CaseImport.layer,
  Conflicts.layer,
  HistoryImport.layer,
  ImportRuns.layer,
  Inbox.layer,
  Lists.layer,
  Setup.layer,
  Subscriptions.layer
).pipe(
  Layer.provideMerge(Belt.layer),
  Layer.provideMerge(layerGateway),
  Layer.provideMerge(layerTools),
  Layer.provideMerge(layerPlugins),
  Layer.provideMerge(Layer.mergeAll(FakeCrm.layer, FakeTools.layer)),
  Layer.provideMerge(Memory.layer),
  Layer.provide(Layer.succeed(ReadGathering, { shortMs: 0, busyMs: 0, longMs: 0, perCaseMs: 0 })),
  Layer.provide(Layer.succeed(DeliveryTimes, { clientTimeoutMs: 1000, lateCommitMs: 10_000, leaseMs: 60_000 }))
)

const on: Toggles = {
  enabled: true,
  receive: true,
  send: true,
  sendFields: true,
  sendMessages: true,
  sendCalls: true,
  sendDocuments: true,
  syncStatuses: true
}

/** A connected firm with one lead, 42, in the CRM. */
export const connected = Effect.fnUntraced(function* (toggles: Partial<Toggles> = {}) {
  const connections = yield* ConnectionStore
  const crm = yield* FakeCrm
  const connection: Connection = {
    id: connectionId,
    firmId,
    plugin: manifest.id,
    name: "Rehearsal",
    state: "connected",
    sandbox: true,
    settings: { root: "acme" },
    callLimit: null,
    toggles: { ...on, ...toggles },
    caseTypeLinks: [],
    aliases: {},
    cursor: null,
    health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
    createdAt: 0,
    updatedAt: 0
  }
  yield* connections.saveFirm({ id: firmId, name: "Firm", createdAt: 0 })
  yield* connections.save(connection, { password: Redacted.make("secret") })
  crm.leads.set("42", { status: "New", fullName: "Ana Lee", contactId: "900", updatedAt: 1, notes: [], documents: [] })
  return connection
})

export const deliver = Effect.fnUntraced(function* (fields: Readonly<Record<string, string>>) {
  const connections = yield* ConnectionStore
  const inbox = yield* Inbox
  const connection = yield* connections.get(firmId, connectionId)
  const body = new URLSearchParams({ "Record ID": "42", Stage: "New", "Full Name": "Ana Lee", ...fields }).toString()
  return yield* inbox.accept(connection, {
    mediaType: "application/x-www-form-urlencoded",
    body,
    query: [],
    headerNames: ["content-type"]
  })
})

/** Works until nothing is due, letting `steps` of `stepMs` pass. */
export const work = Effect.fnUntraced(function* (steps = 1, stepMs = 0) {
  const worker = yield* Worker
  for (let step = 0; step < steps; step++) {
    if (stepMs > 0) yield* TestClock.adjust(stepMs)
    while ((yield* worker.runOnce) > 0);
  }
})

export const theCase = Effect.gen(function* () {
  const cases = yield* CaseStore
  return Option.getOrThrow(yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make("42")))
})

export const historyOf = Effect.fnUntraced(function* (of: Case) {
  const cases = yield* CaseStore
  return (yield* cases.history(firmId, of.id)).map(({ after, before, kind }) => [kind, before, after] as const)
})

export const jobs = Effect.gen(function* () {
  const queue = yield* Queue
  return (yield* queue.find(firmId, {})).map(({ reason, state, work: { _tag } }) => ({ work: _tag, state, reason }))
})
