/** The contract of `RunStore`: long work and its rows, in order, each firm's own. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { newId } from "@casewire/core/domain/Ids"
import { type Run, RunId, type RunRow } from "@casewire/core/domain/Run"
import { RunStore, type RunFilter } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { connection, firm, otherFirm, secondConnection, start } from "./samples.ts"

const makeRun = (change: Partial<Run> = {}): Effect.Effect<Run> =>
  Effect.map(newId, (id) => ({
    id: RunId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    kind: "history-import",
    state: "running",
    scope: { from: "2025-01-01", caseTypes: "Größe, Auto" },
    total: 12,
    done: 3,
    failed: 1,
    skipped: 2,
    cursor: "page-2",
    startedBy: "Zoë",
    createdAt: start,
    updatedAt: start + 1,
    expiresAt: start + 2,
    reason: "paused by hand",
    ...change
  }))

const makeRow = (number: number, change: Partial<RunRow> = {}): RunRow => ({
  number,
  key: `key-${number}`,
  state: "waiting",
  verdict: "safe",
  detail: { lead: `${1000 + number}`, name: "O’Hara" },
  ...change
})

const saved = Effect.fnUntraced(function* (change: Partial<Run> = {}) {
  const store = yield* RunStore
  const run = yield* makeRun(change)
  yield* store.save(run)
  return run
})

const list = Effect.fnUntraced(function* (filter: Partial<RunFilter> = {}) {
  const store = yield* RunStore
  return (yield* store.list(firm.id, { limit: 100, ...filter })).map(({ id }) => id)
})

const withRows = Effect.fnUntraced(function* (...rows: ReadonlyArray<RunRow>) {
  const store = yield* RunStore
  const run = yield* saved()
  yield* store.saveRows(firm.id, run.id, rows)
  return { run, store }
})

const nobody = RunId.make("019b8d6a-0009-7000-8000-000000000001")

export const runStoreLaws: Laws = {
  port: "RunStore",
  laws: [
    {
      title: "a run comes back as it was saved",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const full = yield* saved()
        const bare = yield* saved({ scope: {}, cursor: null, expiresAt: null, reason: null, state: "planned" })
        assert.deepStrictEqual(yield* store.get(firm.id, full.id), Option.some(full))
        assert.deepStrictEqual(yield* store.get(firm.id, bare.id), Option.some(bare))
      })
    },
    {
      title: "a run that was never saved is not there, and has no rows",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        assert.isTrue(Option.isNone(yield* store.get(firm.id, nobody)))
        assert.deepStrictEqual(yield* store.rows(firm.id, nobody, { limit: 10 }), [])
        assert.isTrue(Option.isNone(yield* store.rowByKey(firm.id, nobody, "key-1")))
      })
    },
    {
      title: "saving a run again replaces it whole",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const run = yield* saved()
        const next: Run = { ...run, state: "done", done: 12, scope: { only: "this" }, cursor: null }
        yield* store.save(next)
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), Option.some(next))
        assert.deepStrictEqual(yield* list(), [run.id])
      })
    },
    {
      title: "runs are listed newest first, up to the limit",
      run: Effect.gen(function* () {
        const runs = [yield* saved(), yield* saved(), yield* saved()].map(({ id }) => id).toReversed()
        assert.deepStrictEqual(yield* list(), runs)
        assert.deepStrictEqual(yield* list({ limit: 2 }), runs.slice(0, 2))
      })
    },
    {
      title: "saving an old run again does not move it in the list",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const [older, newer] = [yield* saved(), yield* saved()]
        yield* store.save({ ...older, updatedAt: start + 99_999 })
        assert.deepStrictEqual(yield* list(), [newer.id, older.id])
      })
    },
    {
      title: "a list can be narrowed to a connection",
      run: Effect.gen(function* () {
        const [first, second] = [yield* saved(), yield* saved({ connectionId: secondConnection.id })]
        assert.deepStrictEqual(yield* list({ connectionId: connection.id }), [first.id])
        assert.deepStrictEqual(yield* list({ connectionId: secondConnection.id }), [second.id])
      })
    },
    {
      title: "a list can be narrowed to kinds and states, by what they are now",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const plan = yield* saved({ kind: "status-resume", state: "planned" })
        const import_ = yield* saved({ kind: "case-import" })
        assert.deepStrictEqual(yield* list({ kinds: ["status-resume", "history-import"] }), [plan.id])
        assert.deepStrictEqual(yield* list({ states: ["running"] }), [import_.id])
        yield* store.update(firm.id, plan.id, (run) => ({ ...run, state: "running" }))
        assert.deepStrictEqual(yield* list({ states: ["running"] }), [import_.id, plan.id])
        assert.deepStrictEqual(yield* list({ states: ["planned"] }), [])
      })
    },
    {
      title: "an update changes what is there and answers what it became",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const run = yield* saved()
        const answer = yield* store.update(firm.id, run.id, (before) => ({ ...before, done: before.done + 1 }))
        assert.deepStrictEqual(answer, Option.some({ ...run, done: 4 }))
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), answer)
      })
    },
    {
      title: "updates of one moment all count",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const { id } = yield* saved({ done: 0 })
        const count = store.update(firm.id, id, (run) => ({ ...run, done: run.done + 1 }))
        yield* Effect.all(
          Array.from({ length: 20 }, () => count),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(Option.getOrThrow(yield* store.get(firm.id, id)).done, 20)
      })
    },
    {
      title: "an update of an unknown run does nothing",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        assert.isTrue(Option.isNone(yield* store.update(firm.id, nobody, (run) => run)))
        assert.deepStrictEqual(yield* list(), [])
      })
    },
    {
      title: "an update whose change throws is a defect and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* RunStore
        const run = yield* saved()
        const broken = store.update(firm.id, run.id, () => {
          throw new Error("no")
        })
        assert.isTrue(Exit.hasDies(yield* Effect.exit(broken)))
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), Option.some(run))
      })
    },
    {
      title: "rows come back as they were saved, in the order of their numbers",
      run: Effect.gen(function* () {
        const rows = [3, 1, 10, 2].map((number) => makeRow(number, { detail: number === 10 ? {} : { a: `${number}` } }))
        const { run, store } = yield* withRows(...rows)
        const sorted = rows.toSorted((a, b) => a.number - b.number)
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 100 }), sorted)
      })
    },
    {
      title: "rows are read page by page behind a number",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(...[1, 2, 3, 4, 5].map((number) => makeRow(number)))
        const page = (after: number) =>
          Effect.map(store.rows(firm.id, run.id, { after, limit: 2 }), (rows) => rows.map(({ number }) => number))
        assert.deepStrictEqual(
          [yield* page(0), yield* page(2), yield* page(4), yield* page(5)],
          [[1, 2], [3, 4], [5], []]
        )
      })
    },
    {
      title: "rows can be narrowed to states, by what they are now",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(
          makeRow(1),
          makeRow(2, { state: "done" }),
          makeRow(3, { state: "failed" })
        )
        const numbers = (...states: ReadonlyArray<RunRow["state"]>) =>
          Effect.map(store.rows(firm.id, run.id, { limit: 9, states }), (rows) => rows.map(({ number }) => number))
        assert.deepStrictEqual(yield* numbers("waiting"), [1])
        assert.deepStrictEqual(yield* numbers("done", "failed"), [2, 3])
        yield* store.saveRows(firm.id, run.id, [makeRow(1, { state: "done" })])
        assert.deepStrictEqual([yield* numbers("waiting"), yield* numbers("done")], [[], [1, 2]])
      })
    },
    {
      title: "a row with a known number replaces the one that was there",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(makeRow(1), makeRow(2))
        const next = makeRow(2, { key: "other", state: "skipped", verdict: "missing", detail: { outcome: "gone" } })
        yield* store.saveRows(firm.id, run.id, [next])
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [makeRow(1), next])
        assert.isTrue(Option.isNone(yield* store.rowByKey(firm.id, run.id, "key-2")))
      })
    },
    {
      title: "a row is found by its key, in its own run",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(makeRow(1), makeRow(2))
        const other = yield* saved()
        yield* store.saveRows(firm.id, other.id, [makeRow(1, { key: "key-2", verdict: "other" })])
        assert.deepStrictEqual(yield* store.rowByKey(firm.id, run.id, "key-2"), Option.some(makeRow(2)))
        assert.isTrue(Option.isNone(yield* store.rowByKey(firm.id, run.id, "key-3")))
      })
    },
    {
      title: "cleared rows are gone, those in other states, of other runs and of other firms stay",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(makeRow(1), makeRow(2, { state: "done" }), makeRow(3))
        const other = yield* saved()
        yield* store.saveRows(firm.id, other.id, [makeRow(1)])
        yield* store.clearRows(otherFirm.id, run.id)
        yield* store.clearRows(firm.id, nobody)
        assert.lengthOf(yield* store.rows(firm.id, run.id, { limit: 9 }), 3)
        yield* store.clearRows(firm.id, run.id, ["waiting", "failed"])
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [makeRow(2, { state: "done" })])
        assert.isTrue(Option.isNone(yield* store.rowByKey(firm.id, run.id, "key-1")))
        yield* store.clearRows(firm.id, run.id)
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [])
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), Option.some(run))
        assert.lengthOf(yield* store.rows(firm.id, other.id, { limit: 9 }), 1)
      })
    },
    {
      title: "saving no rows changes nothing",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows()
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [])
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), Option.some(run))
      })
    },
    {
      title: "no firm sees or changes a run of another, nor its rows",
      run: Effect.gen(function* () {
        const { run, store } = yield* withRows(makeRow(1))
        assert.isTrue(Option.isNone(yield* store.get(otherFirm.id, run.id)))
        assert.deepStrictEqual(yield* store.list(otherFirm.id, { limit: 9, connectionId: connection.id }), [])
        assert.isTrue(
          Option.isNone(yield* store.update(otherFirm.id, run.id, (value) => ({ ...value, state: "done" })))
        )
        assert.deepStrictEqual(yield* store.rows(otherFirm.id, run.id, { limit: 9 }), [])
        assert.isTrue(Option.isNone(yield* store.rowByKey(otherFirm.id, run.id, "key-1")))
        yield* Effect.exit(store.save({ ...run, firmId: otherFirm.id, state: "done" }))
        yield* Effect.exit(store.saveRows(otherFirm.id, run.id, [makeRow(1, { verdict: "stolen" })]))
        assert.deepStrictEqual(yield* store.get(firm.id, run.id), Option.some(run))
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [makeRow(1)])
      })
    },
    {
      title: "a run and its rows roll back together",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* RunStore
        const run = yield* makeRun()
        const work = Effect.andThen(store.save(run), store.saveRows(firm.id, run.id, [makeRow(1)]))
        yield* Effect.exit(storage.atomically(Effect.andThen(work, Effect.fail("no"))))
        assert.deepStrictEqual(yield* list(), [])
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [])
        yield* storage.atomically(work)
        assert.deepStrictEqual(yield* store.rows(firm.id, run.id, { limit: 9 }), [makeRow(1)])
      })
    },
    {
      title: "a transaction sees the rows it saved and counts on what it updated",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const { run, store } = yield* withRows(makeRow(1))
        const seen = yield* storage.atomically(
          Effect.gen(function* () {
            yield* store.saveRows(firm.id, run.id, [makeRow(1, { state: "done" })])
            yield* store.update(firm.id, run.id, (value) => ({ ...value, done: 9 }))
            yield* store.update(firm.id, run.id, (value) => ({ ...value, done: value.done + 1 }))
            const [row] = yield* store.rows(firm.id, run.id, { limit: 1 })
            return [row?.state, Option.getOrThrow(yield* store.get(firm.id, run.id)).done]
          })
        )
        assert.deepStrictEqual(seen, ["done", 10])
      })
    }
  ],
  durable: [
    {
      title: "runs and rows outlive a restart",
      before: Effect.gen(function* () {
        const { run, store } = yield* withRows(makeRow(1), makeRow(2))
        yield* store.update(firm.id, run.id, (value) => ({ ...value, cursor: "page-3" }))
      }),
      after: Effect.gen(function* () {
        const store = yield* RunStore
        const [run] = yield* store.list(firm.id, { limit: 9 })
        assert.deepInclude(run, {
          cursor: "page-3",
          startedBy: "Zoë",
          scope: { from: "2025-01-01", caseTypes: "Größe, Auto" }
        })
        assert.deepStrictEqual(yield* store.rows(firm.id, run!.id, { limit: 9 }), [makeRow(1), makeRow(2)])
      })
    }
  ]
}

export const runStoreContract = contract(runStoreLaws)
