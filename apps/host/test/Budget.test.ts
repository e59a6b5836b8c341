/**
 * The call budget under a simulated clock: three connections of one CRM account with more outbound work than the
 * account may carry, over the queue in memory and the one on disk. The CRM counts any window and any second and refuses
 * what is too much. Nearly the whole budget is used, nothing is refused, and a person does not wait behind the bulk.
 */
import { layerSqlite } from "@casewire/adapters-db/Sqlite"
import { makeCallSlots } from "@casewire/adapters-http/CallSlots"
import * as Belt from "@casewire/core/Belt"
import { callAccount, callBudget, contractVersion, definePlugin } from "@casewire/core/CrmPlugin"
import { CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { type Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { JobId, Priority } from "@casewire/core/domain/Job"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm, CrmError, CrmRateLimited } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { BeforeChange, CrmGateway, CrmHttp } from "@casewire/core/ports/CrmHttp"
import { PlatformHttp } from "@casewire/core/ports/PlatformHttp"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Worker } from "@casewire/core/Worker"
import { layerInProcess } from "@casewire/plugin-host/InProcess"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const firmId = FirmId.make("firm")
const windowMs = 60_000
const latencyMs = 250

const plugin = definePlugin({
  manifest: {
    id: "paced",
    name: "Paced CRM",
    version: "1.0.0",
    contract: contractVersion,
    credentials: [],
    origins: { api: "https://{root}.crm.example/" },
    sandboxOrigins: { api: "{sandbox}/{root}/" },
    account: ["root"],
    budget: { calls: 60, windowMs },
    capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
    notes: { maxLength: 1000, timeZone: "America/New_York" },
    webhook: { required: [], record: "Record ID", fillers: [], testValue: "^$", options: [], steps: [] }
  },
  crm: () =>
    Layer.effectContext(
      Effect.gen(function* () {
        const http = yield* CrmHttp
        const call = http.send({ origin: "api", method: "POST", path: "note", changes: true })
        const crm = Crm.of({
          verify: Stream.empty,
          changes: () => Stream.empty,
          catalog: () => Effect.succeed({ caseTypes: [], statuses: [], fields: [] }),
          decode: () => Effect.succeed([]),
          read: () => Effect.as(call, []),
          notes: () => Effect.as(call, []),
          addNote: () => Effect.as(call, { externalId: "1" }),
          updateFields: () => Effect.as(call, {}),
          setStatus: () => Effect.as(call, {})
        })
        return Context.make(Crm, crm).pipe(
          Context.add(
            CrmDocuments,
            Context.get(yield* Layer.build(CrmDocuments.layerUnsupported("none")), CrmDocuments)
          )
        )
      })
    )
})

/** Counts any window and any second, both ends, and refuses as such CRMs do. */
class StrictCrm extends Context.Service<StrictCrm, { readonly arrivals: Array<number>; refused: number }>()(
  "test/StrictCrm"
) {
  static readonly layer = Layer.sync(StrictCrm, () => ({ arrivals: [], refused: 0 }))
}

const layerGateway = Layer.effect(
  CrmGateway,
  Effect.gen(function* () {
    const crm = yield* StrictCrm
    const slots = makeCallSlots(yield* Queue, 15_000, yield* Effect.scope)
    return CrmGateway.of({
      open: (connection, manifest) => {
        const account = callAccount(connection, manifest)
        const budget = callBudget(connection, manifest)
        const within = (ms: number, now: number) => {
          let count = 0
          for (let i = crm.arrivals.length - 1; i >= 0 && crm.arrivals[i]! > now - ms; i--) count++
          return count
        }
        const send = Effect.gen(function* () {
          yield* slots.awaitSlot(account, Effect.succeed(budget))
          yield* yield* BeforeChange
          const now = yield* Clock.currentTimeMillis
          if (within(windowMs, now) >= budget.calls || within(1000, now) >= Math.ceil(budget.calls / 60)) {
            crm.refused++
            yield* slots.refusedUntil(account, budget, now + 5000)
            return yield* new CrmError({ reason: new CrmRateLimited({ until: now + 5000 }) })
          }
          crm.arrivals.push(now)
          yield* Effect.sleep(latencyMs)
          return { status: 200, contentType: "application/json", body: "{}" }
        })
        return Effect.succeed(CrmHttp.of({ send: () => send }))
      },
      usage: (connection, manifest) => slots.usage(callAccount(connection, manifest), manifest.budget.windowMs)
    })
  })
)

const layerOn = (store: typeof layerMemory | typeof layerDisk) =>
  Belt.layer.pipe(
    Layer.provideMerge(PlatformHttp.layerNone),
    Layer.provideMerge(layerGateway),
    Layer.provideMerge(StrictCrm.layer),
    Layer.provideMerge(layerInProcess([plugin])),
    Layer.provideMerge(store)
  )

/** Flushing is another suite's business; where there is a folder in memory, these thousands of commits wait for no disk. */
const layerDisk = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "casewire-budget-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    ),
    (folder) =>
      layerSqlite({
        file: join(folder, "casewire.db"),
        documents: join(folder, "documents"),
        kek: Redacted.make(new Uint8Array(32).fill(7))
      })
  )
)

const connectionOf = (index: number, callLimit: number | null): Connection => ({
  id: ConnectionId.make(`office-${index}`),
  firmId,
  plugin: "paced",
  name: `Office ${index}`,
  state: "connected",
  sandbox: true,
  settings: { root: "harbor" },
  callLimit,
  toggles: {
    enabled: true,
    receive: true,
    send: true,
    sendFields: true,
    sendMessages: true,
    sendCalls: true,
    sendDocuments: true,
    syncStatuses: true
  },
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 0,
  updatedAt: 0
})

/** Calls are at most so late: the paces of the strictest CRM, one call in any second, leave no more than ten. */
const stepMs = 10

/** A step of the clock, and then whatever the store's own promises still have to do at that moment. */
const step = Effect.andThen(
  TestClock.adjust(stepMs),
  Effect.promise(async () => {
    for (let turn = 0; turn < 4; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  })
)

const enqueueNotes = Effect.fnUntraced(function* (connection: Connection, count: number) {
  const queue = yield* Queue
  const storage = yield* Storage
  yield* storage.atomically(
    queue.enqueue(
      Array.from({ length: count }, (_, index) => {
        const externalCaseId = ExternalCaseId.make(`${connection.id}-${index}`)
        return {
          id: JobId.make(`${connection.id}-note-${index}`),
          firmId,
          connectionId: connection.id,
          key: externalCaseId,
          lane: "feed" as const,
          priority: index % 2 === 0 ? Priority.outbound : Priority.history,
          work: {
            _tag: "AddNote" as const,
            caseId: CaseId.make(`case-${index}`),
            externalCaseId,
            source: "message" as const,
            eventId: `event-${index}`,
            parts: [{ text: `note [ref ${index}]`, marker: `[ref ${index}]` }]
          }
        }
      })
    )
  )
})

const story = Effect.fnUntraced(function* (limit: { callLimit: number | null; minutes: number }) {
  const { callLimit, minutes } = limit
  const calls = callLimit ?? plugin.manifest.budget.calls
  yield* TestClock.setTime(1_767_603_600_000)
  const connections = yield* ConnectionStore
  const crm = yield* StrictCrm
  const gateway = yield* CrmGateway
  const worker = yield* Worker
  yield* connections.saveFirm({ id: firmId, name: "Firm", createdAt: 0 })
  const offices = [1, 2, 3].map((index) => connectionOf(index, callLimit))
  for (const office of offices) {
    yield* connections.save(office)
    yield* enqueueNotes(office, Math.ceil((calls * minutes) / 3) + 60)
  }
  const door = yield* gateway.open(offices[0]!, plugin.manifest)
  yield* Effect.forkChild(worker.run)
  const begin = yield* Clock.currentTimeMillis
  const end = begin + minutes * windowMs
  const waits: Array<number> = []
  let nextPerson = begin + 7300
  while ((yield* Clock.currentTimeMillis) < end) {
    yield* step
    const now = yield* Clock.currentTimeMillis
    if (now < nextPerson) continue
    nextPerson += 7300
    // Where no priority is set, a person waits for the answer.
    yield* Effect.forkChild(
      Effect.gen(function* () {
        yield* door.send({ origin: "api", method: "GET", path: "lead", changes: false })
        waits.push((yield* Clock.currentTimeMillis) - latencyMs - now)
      })
    )
  }
  const used = crm.arrivals.filter((at) => at >= begin && at < end).length
  return { used, allowed: calls * minutes, refused: crm.refused, waits, slotMs: windowMs / calls }
})

describe.each([
  { name: "in memory", store: layerMemory },
  { name: "on disk", store: layerDisk }
])("steady outbound work with the queue $name", ({ store }) => {
  it.effect.each([
    { callLimit: null, minutes: 3 },
    { callLimit: 600, minutes: 1 }
  ])("uses at least 97 % of the budget with no refusal, and lets a person pass (%o)", (limit) =>
    story(limit).pipe(
      Effect.map(({ allowed, refused, slotMs, used, waits }) => {
        assert.strictEqual(refused, 0)
        assert.isAtLeast(used, allowed * 0.97)
        assert.isAtMost(used, allowed)
        assert.isAtLeast(waits.length, limit.minutes * 7)
        assert.isAtMost(Math.max(...waits), 2 * 1.01 * slotMs + 2 * stepMs)
      }),
      Effect.provide(layerOn(store)),
      Effect.scoped
    )
  )
})
