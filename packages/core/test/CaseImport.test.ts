/** Files of cases: what a row becomes, what a file at fault is told, and that a record never gets a second case. */
import { CaseImport, type CaseImportOptions, CaseSheetRefused } from "@casewire/core/CaseImport"
import { type Case, isLinked } from "@casewire/core/domain/Case"
import type { RunVerb } from "@casewire/core/domain/ImportRun"
import { Priority } from "@casewire/core/domain/Job"
import type { Run } from "@casewire/core/domain/Run"
import { ImportRuns } from "@casewire/core/ImportRuns"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Worker } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, historyOf, layer, theCase, work } from "./Rehearsal.ts"

const header = ["Record ID", "First Name", "Last Name", "Email", "Phone", "Case Type", "Status", "Injured part"]
const ana = ["42", "Ana", "Lee", "ana@example.test", "+12055550142", "Injury", "New", "neck"]
const ben = ["", "Ben", "Roe", "", "", "Injury", "Asked", ""]

const planned = Effect.fnUntraced(function* (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  options: Partial<CaseImportOptions> = {}
) {
  const imports = yield* CaseImport
  const file = { fileName: "cases.csv", sheets: [{ name: "cases", rows }] }
  return yield* imports.plan(firmId, connectionId, file, { duplicates: "skip", invalid: "refuse", ...options }, "ops")
})
const ask = Effect.fnUntraced(function* (run: Run, verb: RunVerb, first?: number) {
  const imports = yield* ImportRuns
  return yield* imports.ask(firmId, run.id, verb, first)
})

/** Plans, starts and works until nothing is due. */
const imported = Effect.fnUntraced(function* (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  options: Partial<CaseImportOptions> = {}
) {
  const { run } = yield* planned(rows, options)
  yield* ask(run, "start")
  yield* work()
  return run
})

const now = Effect.fnUntraced(function* (run: Run) {
  const runs = yield* RunStore
  return Option.getOrThrow(yield* runs.get(firmId, run.id))
})
const rowsOf = Effect.fnUntraced(function* (run: Run) {
  const runs = yield* RunStore
  return yield* runs.rows(firmId, run.id, { limit: 1000 })
})
const allCases = Effect.gen(function* () {
  const cases = yield* CaseStore
  return (yield* cases.list(firmId, { limit: 1000 })).toReversed()
})
const clientOf = Effect.fnUntraced(function* (of: Case) {
  const cases = yield* CaseStore
  return Option.getOrThrow(yield* cases.client(firmId, of.clientId))
})

describe("an import of cases", () => {
  it.effect("is counted before anything is written", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* deliver({})
      yield* work()
      const { columns, counts, run } = yield* planned([
        header,
        ana,
        ben,
        ["43", ...ana.slice(1)],
        ["43", ...ana.slice(1)]
      ])
      assert.deepStrictEqual(counts, { new: 2, duplicate: 2, invalid: 0 })
      assert.deepInclude(run, { state: "planned", total: 4, done: 0, startedBy: "ops" })
      assert.deepStrictEqual(
        columns.map(({ use }) => use),
        ["externalId", "firstName", "lastName", "email", "phone", "caseType", "status", "field"]
      )
      yield* work()
      assert.strictEqual((yield* allCases).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes the case of a record, unverified until the CRM was read at the lowest urgency", () =>
    Effect.gen(function* () {
      yield* connected()
      const queue = yield* Queue
      const worker = yield* Worker
      const { run } = yield* planned([header, ana])
      yield* ask(run, "start")
      yield* worker.runOnce
      const before = yield* theCase
      assert.deepInclude(before, { standing: "unverified", awaitsFirstSync: true, name: "Ana Lee – Injury" })
      assert.strictEqual(before.reported?.status.name, "New")
      assert.strictEqual(before.values["Injured part"]?.platform, "neck")
      assert.deepInclude(yield* clientOf(before), { email: "ana@example.test", phone: "+12055550142" })
      const [read] = yield* queue.find(firmId, { work: ["ReadCase"] })
      assert.deepInclude(read, { priority: Priority.history, state: "queued" })
      yield* work()
      const after = yield* theCase
      assert.deepInclude(after, { id: before.id, clientId: before.clientId, standing: "verified", reported: null })
      assert.strictEqual(after.status.platform, "New")
      assert.strictEqual((yield* clientOf(after)).externalId, "900")
      assert.deepStrictEqual((yield* historyOf(after)).slice(0, 1), [["created", null, null]])
    }).pipe(Effect.provide(layer))
  )

  it.effect("is matched by a later webhook of its record: no second case", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* imported([header, ana])
      const { id } = yield* theCase
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.deepStrictEqual(
        (yield* allCases).map((of) => of.id),
        [id]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("is matched by a later pull of its record: no second case", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const crm = yield* FakeCrm
      const poller = yield* Poller
      yield* imported([header, ana])
      crm.leads.set("42", { ...crm.leads.get("42")!, status: "Signed", updatedAt: 5 })
      yield* poller.request(connection)
      yield* work()
      assert.deepStrictEqual(
        (yield* allCases).map(({ status }) => status.platform),
        ["Signed"]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("whose record the CRM does not know is quarantined, not lost", () =>
    Effect.gen(function* () {
      const crm = yield* FakeCrm
      yield* connected()
      crm.leads.clear()
      yield* imported([header, ana])
      assert.deepInclude(yield* theCase, { standing: "quarantined", name: "Ana Lee – Injury" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes a plain case of a row without a record, which nothing matches by name, phone or e-mail", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* imported([header, ["", ...ana.slice(1)], ["", ...ana.slice(1)], ana])
      const all = yield* allCases
      assert.deepStrictEqual(all.map(isLinked), [false, false, true])
      assert.strictEqual(new Set(all.map(({ clientId }) => clientId)).size, 3)
      assert.strictEqual(all[0]?.status.platform, "New")
    }).pipe(Effect.provide(layer))
  )

  it.effect("needs no sign-in: the rows are the platform's own, and the reads wait for the CRM", () =>
    Effect.gen(function* () {
      yield* connected()
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "reconnect-needed" }))
      const run = yield* imported([header, ana, ben])
      assert.deepInclude(yield* now(run), { state: "done", done: 2 })
      assert.strictEqual((yield* theCase).standing, "unverified")
    }).pipe(Effect.provide(layer))
  )

  it.effect("keeps of a row, once it has its outcome, no more than the record, the case and the reason", () =>
    Effect.gen(function* () {
      yield* connected()
      const run = yield* imported([header, ana, ben])
      const { id } = yield* theCase
      const [first, second] = yield* rowsOf(run)
      assert.deepStrictEqual(first, {
        number: 2,
        key: "2",
        state: "done",
        verdict: "created",
        detail: { externalCaseId: "42", caseId: id, reason: "" }
      })
      assert.deepStrictEqual(Object.keys(second!.detail), ["caseId", "reason"])
    }).pipe(Effect.provide(layer))
  )
})

describe("a row whose record has a case", () => {
  const changed = ["42", "Anna", "Leeds", "anna@example.test", "", "Injury", "Lost", "knee"]
  const verified = Effect.gen(function* () {
    yield* connected()
    yield* deliver({})
    yield* work()
    return yield* theCase
  })

  it.effect("is skipped by choice, and the case stays as it is", () =>
    Effect.gen(function* () {
      const before = yield* verified
      const run = yield* imported([header, changed])
      assert.deepInclude(yield* now(run), { done: 0, skipped: 1 })
      assert.deepInclude((yield* rowsOf(run))[0], { state: "skipped", verdict: "duplicate" })
      assert.deepStrictEqual(yield* theCase, before)
    }).pipe(Effect.provide(layer))
  )

  it.effect("updates the platform's fields by choice, and leaves what the CRM confirmed alone", () =>
    Effect.gen(function* () {
      const before = yield* verified
      const connections = yield* ConnectionStore
      // No read of the CRM mends it meanwhile.
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "reconnect-needed" }))
      const run = yield* imported([header, changed], { duplicates: "update" })
      const after = yield* theCase
      assert.deepInclude((yield* rowsOf(run))[0], { state: "done", verdict: "updated" })
      assert.strictEqual(after.values["Injured part"]?.platform, "knee")
      assert.deepStrictEqual([after.name, after.status], [before.name, before.status])
      assert.strictEqual((yield* clientOf(after)).fullName, "Ana Lee")
    }).pipe(Effect.provide(layer))
  )

  it.effect("updates a client that the CRM has not confirmed, and a blank erases nothing", () =>
    Effect.gen(function* () {
      yield* connected()
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "reconnect-needed" }))
      yield* imported([header, ana])
      yield* imported([header, changed], { duplicates: "update" })
      assert.deepInclude(yield* clientOf(yield* theCase), {
        fullName: "Anna Leeds",
        email: "anna@example.test",
        phone: "+12055550142"
      })
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes a second, plain case by choice, which says whose it would be and is linked to nothing", () =>
    Effect.gen(function* () {
      const before = yield* verified
      yield* imported([header, changed], { duplicates: "create" })
      const all = yield* allCases
      assert.deepStrictEqual(all.map(isLinked), [true, false])
      assert.deepStrictEqual(all[1]?.entry, { externalSource: "rehearsal", externalSourceId: "42" })
      assert.strictEqual((yield* theCase).id, before.id)
    }).pipe(Effect.provide(layer))
  )

  it.effect("twice in one file is one case", () =>
    Effect.gen(function* () {
      yield* connected()
      const run = yield* imported([header, ana, changed])
      assert.deepStrictEqual(
        (yield* rowsOf(run)).map(({ verdict }) => verdict),
        ["created", "duplicate"]
      )
      assert.strictEqual((yield* allCases).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is judged when it is taken in, not when it was counted", () =>
    Effect.gen(function* () {
      yield* connected()
      const { counts, run } = yield* planned([header, ana])
      assert.strictEqual(counts.new, 1)
      yield* deliver({})
      yield* work()
      yield* ask(run, "start")
      yield* work()
      assert.deepInclude((yield* rowsOf(run))[0], { state: "skipped", verdict: "duplicate" })
      assert.strictEqual((yield* allCases).length, 1)
    }).pipe(Effect.provide(layer))
  )
})

describe("the run of an import of cases", () => {
  const many = [
    header,
    ...Array.from({ length: 120 }, (_, index) => ["", "Client", String(index), "", "", "Injury", "", ""])
  ]

  it.effect("shows the first five, pauses, goes on and ends with every row once", () =>
    Effect.gen(function* () {
      yield* connected()
      const worker = yield* Worker
      const { run } = yield* planned(many)
      yield* ask(run, "start", 5)
      yield* work()
      assert.deepInclude(yield* now(run), { state: "paused", reason: "first-shown", done: 5 })
      yield* ask(run, "resume")
      yield* worker.runOnce
      yield* ask(run, "pause")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "paused", done: 55 })
      yield* ask(run, "resume")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "done", total: 120, done: 120 })
      const names = (yield* allCases).map(({ name }) => name)
      assert.strictEqual(new Set(names).size, 120)
      assert.strictEqual(names.length, 120)
    }).pipe(Effect.provide(layer))
  )

  it.effect("goes on after a host that died between two rows, and makes no case twice", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const imports = yield* CaseImport
      const queue = yield* Queue
      const { run } = yield* planned(many)
      yield* ask(run, "start")
      const [lease] = yield* queue.claim({ worker: "dying", limit: 1, leaseMs: 60_000 })
      // Its rows are in, and the host dies before the job is settled: somebody else's fence is newer.
      const lost = yield* Effect.flip(
        imports.step(connection, { ...lease!, fence: -1 }, { _tag: "ImportCases", runId: run.id })
      )
      assert.strictEqual(lost._tag, "LeaseLost")
      assert.deepInclude(yield* now(run), { state: "running", done: 50 })
      yield* TestClock.adjust(60_001)
      yield* work()
      assert.deepInclude(yield* now(run), { state: "done", done: 120 })
      assert.strictEqual((yield* allCases).length, 120)
    }).pipe(Effect.provide(layer))
  )

  it.effect("that is cancelled imports no further row", () =>
    Effect.gen(function* () {
      yield* connected()
      const worker = yield* Worker
      const { run } = yield* planned(many)
      yield* ask(run, "start")
      yield* worker.runOnce
      yield* ask(run, "cancel")
      yield* work()
      assert.deepInclude(yield* now(run), { state: "cancelled", done: 50 })
      assert.strictEqual((yield* allCases).length, 50)
    }).pipe(Effect.provide(layer))
  )
})

describe("a file with rows at fault", () => {
  const long = "x".repeat(201)
  const faulty = [
    header,
    ana,
    ["4x2", ...ana.slice(1)],
    ["", "", "", "a@b.test", "", "Injury", "", ""],
    ["", long, "Roe", "", "", "", "", ""]
  ]

  it.effect("is refused whole: every fault by row and column, no value, and nothing is kept", () =>
    Effect.gen(function* () {
      yield* connected()
      const runs = yield* RunStore
      const refused = yield* Effect.flip(planned(faulty))
      assert.deepStrictEqual(
        refused,
        new CaseSheetRefused({
          rows: 4,
          invalid: 3,
          problems: [
            { row: 3, column: 1, code: "malformed" },
            { row: 4, code: "name-missing" },
            { row: 5, column: 2, code: "too-long" }
          ]
        })
      )
      assert.deepStrictEqual(yield* runs.list(firmId, { limit: 10 }), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("may be imported without them by choice, and the result names them", () =>
    Effect.gen(function* () {
      yield* connected()
      const run = yield* imported(faulty, { invalid: "leave-out" })
      assert.deepInclude(yield* now(run), { state: "done", total: 4, done: 1, skipped: 3 })
      const rows = yield* rowsOf(run)
      assert.deepStrictEqual(
        rows.map(({ number, state, verdict }) => [number, state, verdict]),
        [
          [2, "done", "created"],
          [3, "skipped", "invalid"],
          [4, "skipped", "invalid"],
          [5, "skipped", "invalid"]
        ]
      )
      assert.deepStrictEqual(rows[1]?.detail, { reason: "column 1: malformed" })
    }).pipe(Effect.provide(layer))
  )
})
