/** The firm's past, imported page by page: counted first, looked at, stopped and gone on with, each record once. */
import { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmCase } from "@casewire/core/domain/CrmChange"
import { afterVerb, type RunVerb } from "@casewire/core/domain/ImportRun"
import { JobId, Priority } from "@casewire/core/domain/Job"
import type { Run, RunState } from "@casewire/core/domain/Run"
import { HistoryImport, type HistoryScope } from "@casewire/core/HistoryImport"
import { ImportRuns } from "@casewire/core/ImportRuns"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm } from "@casewire/core/ports/Crm"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Worker } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, layer, theCase, work } from "./Rehearsal.ts"

const all: HistoryScope = { from: null, to: null, caseTypes: [], maximum: null, notes: false, documents: false }

/** Lead 42 and so many more. */
const withLeads = Effect.fnUntraced(function* (count: number) {
  const connection = yield* connected()
  const crm = yield* FakeCrm
  for (let number = 0; number < count; number++)
    crm.leads.set(String(1000 + number), {
      status: "New",
      fullName: `Lead ${number}`,
      contactId: `c${number}`,
      updatedAt: 1000 + number,
      notes: [],
      documents: []
    })
  return { connection, crm }
})

const planned = Effect.fnUntraced(function* (scope: Partial<HistoryScope> = {}) {
  const history = yield* HistoryImport
  return yield* history.plan(firmId, connectionId, { ...all, ...scope }, "ops")
})

const ask = Effect.fnUntraced(function* (run: Run, verb: RunVerb, first?: number) {
  const imports = yield* ImportRuns
  return yield* imports.ask(firmId, run.id, verb, first)
})

const now = Effect.fnUntraced(function* (run: Run) {
  const runs = yield* RunStore
  return Option.getOrThrow(yield* runs.get(firmId, run.id))
})

const rowsOf = Effect.fnUntraced(function* (run: Run) {
  const runs = yield* RunStore
  return yield* runs.rows(firmId, run.id, { limit: 1000 })
})

const caseCount = Effect.gen(function* () {
  const cases = yield* CaseStore
  return (yield* cases.list(firmId, { limit: 1000 })).length
})

describe("a history import", () => {
  it.effect("leaves a record to the read of it that is due already, which may have begun before the page", () =>
    Effect.gen(function* () {
      const { connection } = yield* withLeads(1)
      const queue = yield* Queue
      const storage = yield* Storage
      yield* storage.atomically(
        queue.enqueue([
          {
            id: JobId.make("read"),
            firmId,
            connectionId: connection.id,
            key: "1000",
            lane: "state",
            priority: Priority.read,
            notBefore: 60_000,
            work: { _tag: "ReadCase", externalCaseId: ExternalCaseId.make("1000") }
          }
        ])
      )
      const run = yield* planned()
      yield* ask(run, "start")
      yield* work(5)
      const verdicts = new Map((yield* rowsOf(run)).map(({ key, verdict }) => [key, verdict]))
      assert.deepStrictEqual([verdicts.get("42"), verdicts.get("1000")], ["created", "read-again"])
      assert.strictEqual(yield* caseCount, 1)
      yield* work(2, 60_000)
      assert.strictEqual(yield* caseCount, 2)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not even counted while nothing may be received, and asks the CRM nothing", () =>
    Effect.gen(function* () {
      const { connection, crm } = yield* withLeads(3)
      const connections = yield* ConnectionStore
      const toggles = { ...connection.toggles, enabled: false }
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, toggles }))
      crm.calls.length = 0
      const refused = yield* Effect.flip(planned())
      assert.strictEqual(refused._tag === "CrmError" ? refused.reason._tag : refused._tag, "CrmRefused")
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("is counted in one call where the CRM tells how many there are, and says what it takes", () =>
    Effect.gen(function* () {
      const { crm } = yield* withLeads(34)
      const run = yield* planned()
      assert.deepStrictEqual(crm.calls, ["changes"])
      assert.deepInclude(run, { state: "planned", total: 35, done: 0 })
      // Four pages of ten, and sixty calls a minute.
      assert.deepInclude(run.scope, { calls: "4", seconds: "4" })
      assert.strictEqual(yield* caseCount, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is counted by pages where the CRM does not tell, and by the firm's own call limit", () =>
    Effect.gen(function* () {
      const { connection, crm } = yield* withLeads(34)
      const connections = yield* ConnectionStore
      crm.tellsTotal = false
      yield* connections.update(firmId, connection.id, (value) => ({ ...value, callLimit: 10 }))
      const run = yield* planned({ notes: true })
      assert.strictEqual(crm.calls.length, 4)
      assert.strictEqual(run.total, 35)
      // Four pages and the notes of 35 cases, ten calls a minute.
      assert.deepInclude(run.scope, { calls: "39", seconds: "234" })
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "makes a case of every record, verified, with a page's call for ten of them, and says what became of each",
    () =>
      Effect.gen(function* () {
        const { crm } = yield* withLeads(34)
        const run = yield* planned()
        crm.calls.length = 0
        yield* ask(run, "start")
        yield* work()
        assert.deepInclude(yield* now(run), { state: "done", total: 35, done: 35, failed: 0, skipped: 0 })
        assert.strictEqual(yield* caseCount, 35)
        assert.deepInclude(yield* theCase, { standing: "verified", name: "Ana Lee – Injury" })
        assert.deepStrictEqual(crm.calls, ["changes", "changes", "changes", "changes"])
        const [first] = yield* rowsOf(run)
        assert.deepInclude(first, { number: 1, key: "42", state: "done", verdict: "created" })
        assert.deepInclude(first?.detail, { name: "Ana Lee – Injury", caseType: "Injury", status: "New" })
      }).pipe(Effect.provide(layer))
  )

  it.effect("shows the first five before the rest is confirmed", () =>
    Effect.gen(function* () {
      yield* withLeads(34)
      const run = yield* planned()
      yield* ask(run, "start", 5)
      yield* work()
      assert.deepInclude(yield* now(run), { state: "paused", reason: "first-shown", done: 5 })
      assert.strictEqual((yield* rowsOf(run)).length, 5)
      assert.strictEqual(yield* caseCount, 5)
      yield* ask(run, "resume")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "done", done: 35, skipped: 0 })
      assert.strictEqual(new Set((yield* rowsOf(run)).map(({ key }) => key)).size, 35)
    }).pipe(Effect.provide(layer))
  )

  it.effect("keeps to its dates and its maximum", () =>
    Effect.gen(function* () {
      yield* withLeads(34)
      const dated = yield* planned({ from: 1010, to: 1019 })
      assert.strictEqual(dated.total, 10)
      yield* ask(dated, "start")
      yield* work()
      assert.deepStrictEqual(
        (yield* rowsOf(dated)).map(({ key }) => key),
        Array.from({ length: 10 }, (_, i) => String(1010 + i))
      )
      const few = yield* planned({ maximum: 13 })
      assert.strictEqual(few.total, 13)
      yield* ask(few, "start")
      yield* work()
      assert.deepInclude(yield* now(few), { state: "done", total: 13, done: 11, skipped: 2 })
      assert.strictEqual(yield* caseCount, 21)
    }).pipe(Effect.provide(layer))
  )

  it.effect("leaves cases alone that are as the CRM holds them, and has those read again that are not", () =>
    Effect.gen(function* () {
      const { crm } = yield* withLeads(2)
      yield* deliver({})
      yield* work()
      crm.leads.get("1000")!.updatedAt = 1000
      yield* deliver({ "Record ID": "1000", "Full Name": "Lead 0" })
      yield* work()
      crm.leads.set("1000", { ...crm.leads.get("1000")!, status: "Signed", updatedAt: 2000 })
      const run = yield* planned()
      yield* ask(run, "start")
      yield* work()
      assert.deepInclude(yield* now(run), { done: 2, skipped: 1 })
      assert.deepStrictEqual(
        (yield* rowsOf(run)).map(({ key, state, verdict }) => [key, state, verdict]),
        [
          ["42", "skipped", "unchanged"],
          ["1000", "done", "read-again"],
          ["1001", "done", "created"]
        ]
      )
      const cases = yield* CaseStore
      const known = Option.getOrThrow(yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make("1000")))
      assert.strictEqual(known.status.platform, "Signed")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is asked for one page a job, as the least urgent of all", () =>
    Effect.gen(function* () {
      yield* withLeads(34)
      const queue = yield* Queue
      const worker = yield* Worker
      const run = yield* planned()
      yield* ask(run, "start")
      yield* worker.runOnce
      const [next] = yield* queue.find(firmId, { work: ["ImportHistory"], states: ["queued"] })
      assert.strictEqual(next?.priority, Priority.history)
      assert.strictEqual((yield* now(run)).done, 10)
      // Somebody waits: what was asked for meanwhile is claimed first.
      yield* deliver({})
      const [lease] = yield* queue.claim({ worker: "w", limit: 1, leaseMs: 60_000 })
      assert.strictEqual(lease?.job.work._tag, "ApplyReceipt")
    }).pipe(Effect.provide(layer))
  )

  it.effect("pauses, goes on where it stood, and can be cancelled for good", () =>
    Effect.gen(function* () {
      yield* withLeads(34)
      const worker = yield* Worker
      const run = yield* planned()
      yield* ask(run, "start")
      yield* worker.runOnce
      yield* ask(run, "pause")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "paused", reason: "by-hand", done: 10 })
      yield* ask(run, "resume")
      yield* worker.runOnce
      assert.strictEqual((yield* now(run)).done, 20)
      yield* ask(run, "cancel")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "cancelled", done: 20 })
      const refused = yield* Effect.flip(ask(run, "resume"))
      assert.deepInclude(refused, { _tag: "RunRefused", state: "cancelled", reason: "wrong-state" })
      assert.strictEqual(yield* caseCount, 20)
    }).pipe(Effect.provide(layer))
  )

  it.effect("that is paused and resumed at once has one job, not two", () =>
    Effect.gen(function* () {
      yield* withLeads(34)
      const queue = yield* Queue
      const run = yield* planned()
      yield* ask(run, "start")
      yield* ask(run, "pause")
      yield* ask(run, "resume")
      assert.strictEqual((yield* queue.find(firmId, { work: ["ImportHistory"] })).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("goes on after a host that died in the middle of a page, and counts no record twice", () =>
    Effect.gen(function* () {
      const { connection, crm } = yield* withLeads(34)
      const history = yield* HistoryImport
      const queue = yield* Queue
      const run = yield* planned()
      yield* ask(run, "start")
      const [lease] = yield* queue.claim({ worker: "dying", limit: 1, leaseMs: 60_000 })
      const page = [...crm.leads].slice(0, 10).map(([id, { fullName, updatedAt }]): CrmCase => ({
        externalId: ExternalCaseId.make(id),
        client: { fullName },
        updatedAt,
        fields: {}
      }))
      // The host dies after it took four records of the page in: its lease is never settled.
      const dying = function* () {
        yield* page.slice(0, 4)
        throw new Error("killed")
      }
      const cases = Object.assign([...page], { [Symbol.iterator]: dying })
      const crmThatDies = {
        changes: () => Stream.succeed({ cases, cursor: "1008", isLast: false })
      } as unknown as Crm["Service"]
      const died = yield* history
        .step(connection, lease!, { _tag: "ImportHistory", runId: run.id })
        .pipe(Effect.provideService(Crm, crmThatDies), Effect.exit)
      assert.isTrue(Exit.isFailure(died))
      assert.deepInclude(yield* now(run), { state: "running", done: 4, cursor: null })
      yield* TestClock.adjust(60_001)
      yield* work()
      assert.deepInclude(yield* now(run), { state: "done", done: 35, skipped: 0 })
      assert.strictEqual((yield* rowsOf(run)).length, 35)
      assert.strictEqual(yield* caseCount, 35)
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes the notes and documents of every case too, where that was asked for", () =>
    Effect.gen(function* () {
      const { crm } = yield* withLeads(1)
      const queue = yield* Queue
      const run = yield* planned({ notes: true, documents: true })
      yield* ask(run, "start")
      yield* work()
      const feed = yield* queue.find(firmId, { lane: "feed" })
      assert.deepStrictEqual(
        feed.map(({ key, priority, state, work: { _tag } }) => [key, _tag, priority, state]),
        ["42", "1000"].flatMap((key) => [
          [key, "PullNotes", Priority.history, "done"],
          [key, "PullDocuments", Priority.history, "done"]
        ])
      )
      assert.strictEqual(crm.calls.filter((call) => call === "list").length, 2)
    }).pipe(Effect.provide(layer))
  )

  it.effect("waits out a CRM that is away, and stops with the reason where asking again is no use", () =>
    Effect.gen(function* () {
      const { crm } = yield* withLeads(34)
      const run = yield* planned()
      yield* ask(run, "start")
      crm.faults.push({ on: "changes", how: "before" }, { on: "changes", how: "throttled" })
      yield* work(6, 5000)
      assert.deepInclude(yield* now(run), { state: "done", done: 35 })
      const again = yield* planned()
      yield* ask(again, "start")
      crm.faults.push({ on: "changes", how: "refused" })
      yield* work()
      assert.deepInclude(yield* now(again), { state: "paused", reason: "the CRM refuses" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("outlasts a CRM that is away for most of a day, and then ends by itself", () =>
    Effect.gen(function* () {
      const { crm } = yield* withLeads(34)
      const run = yield* planned()
      yield* ask(run, "start")
      for (let times = 0; times < 60; times++) crm.faults.push({ on: "changes", how: "before" })
      yield* work(96, 900_000)
      assert.deepInclude(yield* now(run), { state: "done", done: 35 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("waits while receiving is off, and goes on when it is on again", () =>
    Effect.gen(function* () {
      const { connection } = yield* withLeads(3)
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const run = yield* planned()
      yield* ask(run, "start")
      yield* connections.update(firmId, connection.id, (value) => ({
        ...value,
        toggles: { ...value.toggles, receive: false }
      }))
      yield* work()
      assert.deepStrictEqual(
        (yield* queue.find(firmId, { work: ["ImportHistory"] })).map(({ state }) => state),
        ["held"]
      )
      assert.strictEqual(yield* caseCount, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("that was counted more than a day ago has to be counted again", () =>
    Effect.gen(function* () {
      yield* withLeads(3)
      const run = yield* planned()
      yield* TestClock.adjust(86_400_000)
      const refused = yield* Effect.flip(ask(run, "start"))
      assert.deepInclude(refused, { _tag: "RunRefused", reason: "expired" })
    }).pipe(Effect.provide(layer))
  )
})

describe("what may be asked of an import", () => {
  const states: ReadonlyArray<RunState> = ["planned", "running", "paused", "done", "failed", "cancelled", "expired"]
  const allowed: Readonly<Record<RunVerb, ReadonlyArray<RunState>>> = {
    start: ["planned"],
    pause: ["running"],
    resume: ["paused"],
    cancel: ["planned", "running", "paused"]
  }
  const run = { kind: "case-import", scope: {}, expiresAt: null } as unknown as Run
  for (const verb of ["start", "pause", "resume", "cancel"] as const)
    it(`${verb}: ${allowed[verb].join(", ")}`, () => {
      const taken = states.filter((state) => afterVerb({ ...run, state }, verb, 1)._tag === "Next")
      assert.deepStrictEqual(taken, allowed[verb])
      const plan = afterVerb({ ...run, kind: "status-resume", state: allowed[verb][0]! }, verb, 1)
      assert.deepStrictEqual(plan, { _tag: "Refused", reason: "no-import" })
    })
})
