import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { Deferred, Effect, Exit, Fiber, Layer, Option } from "effect"
import { ConnectionId } from "@casewire/core/domain/Connection"
import type { NewJob } from "@casewire/core/domain/Job"
import { RunId } from "@casewire/core/domain/Run"
import { ReceiptId, type Receipt } from "@casewire/core/domain/Receipt"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { type Lease, Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import * as ConnectionRemovalSqlite from "../src/ConnectionRemoval.ts"
import { Database } from "../src/Database.ts"
import * as QueueSqlite from "../src/Queue.ts"
import { layerDatabase, type SqliteOptions } from "../src/Sqlite.ts"
import * as StorageSqlite from "../src/Storage.ts"
import { WorkSignal } from "../src/WorkSignal.ts"
import { connectionId, firmId, job, receipt, tempOptions } from "./TempStore.ts"

type Store = Storage | Queue | Database | WorkSignal

const open =
  (options: SqliteOptions) =>
  <A, E>(effect: Effect.Effect<A, E, Store>) =>
    Effect.provide(
      effect,
      Layer.mergeAll(StorageSqlite.layer, QueueSqlite.layer).pipe(
        Layer.provideMerge(WorkSignal.layer),
        Layer.provideMerge(layerDatabase(options))
      ),
      { local: true }
    )

const withStore = <A, E>(effect: Effect.Effect<A, E, Store>) =>
  Effect.scoped(Effect.flatMap(tempOptions, (options) => open(options)(effect)))

/** A webhook as they come: with the job that applies it. */
const webhook = (id: string, key = "42", change: Partial<Receipt> = {}): readonly [Receipt, ReadonlyArray<NewJob>] => [
  receipt(id, { externalCaseId: key, ...change }),
  [job(`j-${id}`, { key, work: { _tag: "ApplyReceipt", receiptId: id } })]
]

const receiveAll = Effect.fnUntraced(function* (...webhooks: ReadonlyArray<ReturnType<typeof webhook>>) {
  const storage = yield* Storage
  yield* Effect.forEach(webhooks, ([what, jobs]) => storage.receive(what, jobs), { concurrency: "unbounded" })
})

const rows = Effect.map(Database, ({ connection }) => ({
  receipts: connection.prepare("select count(*) from receipts").pluck().get(),
  jobs: connection.prepare("select count(*) from jobs").pluck().get()
}))

const claim = Effect.flatMap(Queue, (queue) => queue.claim({ worker: "w", limit: 10, leaseMs: 1_000_000 }))

const idsOf = (leases: ReadonlyArray<Lease>) => leases.map(({ job: { id } }) => String(id))

/** As if webhooks flooded in: claims write the rows of one segment. */
const flood = Effect.map(WorkSignal, ({ pressure }) => pressure.received(1000))

const name = (number: number): string => `r${String(number).padStart(6, "0")}`

describe("Arrivals", () => {
  it.live("are written as a segment first, and get their rows in a quiet moment though nobody asks", () =>
    withStore(
      Effect.gen(function* () {
        yield* receiveAll(webhook("r1"), webhook("r2"))
        deepStrictEqual(yield* rows, { receipts: 0, jobs: 0 })
        yield* Effect.sleep(300)
        deepStrictEqual(yield* rows, { receipts: 2, jobs: 2 })
      })
    )
  )

  it.effect("wait again when the transaction that wrote their rows rolls back", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const queue = yield* Queue
        yield* receiveAll(webhook("r1"), webhook("r2", "43"))
        const exit = yield* Effect.exit(storage.atomically(Effect.andThen(queue.find(firmId, {}), Effect.fail("no"))))
        deepStrictEqual(exit, Exit.fail("no"))
        deepStrictEqual(yield* rows, { receipts: 0, jobs: 0 })
        deepStrictEqual(idsOf(yield* claim), ["j-r1", "j-r2"])
        deepStrictEqual(yield* rows, { receipts: 2, jobs: 2 })
      })
    )
  )

  it.effect("are seen by others while a transaction that wrote their rows is open", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const queue = yield* Queue
        yield* receiveAll(webhook("r1"))
        const entered = yield* Deferred.make<void>()
        const leave = yield* Deferred.make<void>()
        const transaction = yield* Effect.forkChild(
          storage.atomically(
            Effect.gen(function* () {
              strictEqual((yield* queue.find(firmId, {})).length, 1)
              yield* Deferred.succeed(entered, undefined)
              yield* Deferred.await(leave)
            })
          )
        )
        yield* Deferred.await(entered)
        strictEqual((yield* storage.receipt(firmId, ReceiptId.make("r1")))._tag, "Some")
        const listed = yield* Effect.forkChild(storage.receipts(firmId, { externalCaseId: "42", limit: 9 }))
        const found = yield* Effect.forkChild(queue.find(firmId, { key: "42" }))
        yield* Deferred.succeed(leave, undefined)
        yield* Fiber.join(transaction)
        strictEqual((yield* Fiber.join(listed)).length, 1)
        strictEqual((yield* Fiber.join(found)).length, 1)
      })
    )
  )

  it.effect("of one commit make several segments, and are read back one by one without rows", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const { connection } = yield* Database
        yield* receiveAll(...Array.from({ length: 150 }, (_, n) => webhook(name(n), String(n % 7), { body: name(n) })))
        strictEqual(connection.prepare("select count(*) from receipt_bodies").pluck().get(), 3)
        for (const n of [0, 63, 64, 149]) {
          const found = Option.getOrThrow(yield* storage.receipt(firmId, ReceiptId.make(name(n))))
          deepStrictEqual([found.body, found.receiveNumber], [name(n), n + 1])
        }
        deepStrictEqual(yield* rows, { receipts: 0, jobs: 0 })
        strictEqual((yield* storage.receipts(firmId, { limit: 1000 })).length, 150)
        for (const n of [0, 63, 64, 149]) {
          const found = Option.getOrThrow(yield* storage.receipt(firmId, ReceiptId.make(name(n))))
          deepStrictEqual([found.body, found.receiveNumber], [name(n), n + 1])
        }
      })
    )
  )

  it.effect("that do not open are set aside and hold nobody else up", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const { connection } = yield* Database
        yield* receiveAll(webhook("r1"))
        yield* receiveAll(webhook("r2"))
        connection.prepare("update receipt_bodies set body = zeroblob(40) where segment = 1").run()
        deepStrictEqual(idsOf(yield* claim), ["j-r2"])
        deepStrictEqual(connection.prepare("select segment, firm_id, reason from segments_set_aside").all(), [
          { segment: 1, firm_id: firmId, reason: "sealed-value" }
        ])
        deepStrictEqual(
          (yield* storage.receipts(firmId, { limit: 9 })).map(({ id }) => id),
          ["r2"]
        )
      })
    )
  )

  it.effect("go with the connection that is erased, rows or not", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const store = ConnectionRemovalSqlite.layer(options.documents).pipe(
          Layer.provideMerge(StorageSqlite.layer),
          Layer.provideMerge(WorkSignal.layer),
          Layer.provideMerge(layerDatabase(options))
        )
        yield* Effect.gen(function* () {
          const removal = yield* ConnectionRemoval
          const { connection } = yield* Database
          const of = (sql: string) => connection.prepare(sql).pluck().get()
          const kept = webhook("r2", "43", { connectionId: ConnectionId.make("connection-2") })
          yield* receiveAll(webhook("r1"), [
            kept[0],
            kept[1].map((own) => ({ ...own, connectionId: kept[0].connectionId }))
          ])
          strictEqual((yield* removal.inventory(firmId, connectionId)).receipts, 1)
          yield* receiveAll(webhook("r3"))
          while ((yield* removal.erase(firmId, connectionId, { except: RunId.make("none"), limit: 10 })) > 0);
          deepStrictEqual(
            [of("select group_concat(id) from receipts"), of("select group_concat(id) from jobs")],
            ["r2", "j-r2"]
          )
          strictEqual(of("select count(*) from receipt_bodies"), 1)
          const found = Option.getOrThrow(yield* (yield* Storage).receipt(firmId, ReceiptId.make("r2")))
          strictEqual(found.body, kept[0].body)
        }).pipe(Effect.provide(store, { local: true }))
      })
    )
  )

  it.effect("of a second receipt with a known id are refused, also before the first has its row", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        yield* receiveAll(webhook("r1"), webhook("r2"), webhook("r3"))
        for (const id of ["r1", "r3"]) {
          const again = job("again", { work: { _tag: "ApplyReceipt", receiptId: id } })
          strictEqual(Exit.hasDies(yield* Effect.exit(storage.receive(receipt(id), [again]))), true)
        }
        // Of an id that is smaller than the newest one, but new.
        yield* receiveAll(webhook("r0"))
        deepStrictEqual(
          (yield* (yield* Queue).find(firmId, {})).map(({ id }) => String(id)),
          ["j-r1", "j-r2", "j-r3", "j-r0"]
        )
      })
    )
  )

  it.effect("keep their places when the process dies with rows of a lane behind them", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* open(options)(
          Effect.gen(function* () {
            const storage = yield* Storage
            const queue = yield* Queue
            yield* receiveAll(webhook("r1", "1"))
            yield* flood
            yield* storage.atomically(queue.enqueue([job("read", { key: "2" }), job("note", { key: "1" })]))
            yield* receiveAll(webhook("r2", "2"))
            deepStrictEqual(yield* rows, { receipts: 0, jobs: 2 })
          })
        )
        yield* open(options)(
          Effect.gen(function* () {
            deepStrictEqual(yield* rows, { receipts: 2, jobs: 4 })
            const queue = yield* Queue
            const first = yield* claim
            deepStrictEqual(idsOf(first), ["j-r1", "read"])
            for (const lease of first) yield* queue.settle(lease, { _tag: "Done" })
            deepStrictEqual(idsOf(yield* claim), ["note", "j-r2"])
          })
        )
      })
    )
  )

  it.live.each(Array.from({ length: 15 }, (_, seed) => seed))(
    "and all other jobs start in order of their lane, one at a time and each once, however a flood, restarts and " +
      "roll-backs mix (%i)",
    (seed) => follow(stepsOf(seed))
  )
})

type Step =
  | { readonly _tag: "Receive"; readonly keys: ReadonlyArray<string>; readonly isUsual: boolean }
  | { readonly _tag: "Enqueue"; readonly key: string; readonly fails: boolean }
  | { readonly _tag: "Claim" }
  | { readonly _tag: "Settle" }
  | { readonly _tag: "Look"; readonly fails: boolean }
  | { readonly _tag: "Restart" }

/** The same numbers for the same seed (mulberry32). */
const dice = (seed: number) => {
  let state = seed
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}

/** More comes than is claimed, so that segments wait. */
const stepsOf = (seed: number): ReadonlyArray<Step> => {
  const roll = dice(seed)
  const key = () => String(roll(5))
  return Array.from({ length: 20 + roll(60) }, (): Step => {
    const kind = roll(25)
    if (kind < 8) return { _tag: "Receive", keys: Array.from({ length: 1 + roll(3) }, key), isUsual: roll(6) > 0 }
    if (kind < 13) return { _tag: "Enqueue", key: key(), fails: roll(6) === 0 }
    if (kind < 18) return { _tag: "Claim" }
    if (kind < 23) return { _tag: "Settle" }
    return kind === 23 ? { _tag: "Look", fails: roll(2) === 0 } : { _tag: "Restart" }
  })
}

/** Does the steps under a flood that never ends, then works off what is left, and compares with the order of arrival. */
const follow = (steps: ReadonlyArray<Step>): Effect.Effect<void> => {
  const came: Array<readonly [id: string, lane: string]> = []
  const started: Array<readonly [id: string, lane: string]> = []
  let count = 0
  const running: Array<Lease> = []
  const begin = Effect.gen(function* () {
    yield* flood
    const queue = yield* Queue
    // Without the pause that a flood makes between two claims.
    const { pressure } = yield* WorkSignal
    pressure.pause = () => Promise.resolve()
    const leases = yield* queue.claim({ worker: "w", limit: 1, leaseMs: 1_000_000 })
    for (const { job: claimed } of leases) {
      strictEqual(
        running.some((lease) => lease.job.key === claimed.key),
        false,
        "two of a lane at a time"
      )
      started.push([claimed.id, claimed.key])
    }
    running.push(...leases)
    return leases.length
  })
  const end = Effect.gen(function* () {
    const lease = running.shift()
    if (lease !== undefined) yield* (yield* Queue).settle(lease, { _tag: "Done" })
  })
  const act = Effect.fnUntraced(function* (each: Step) {
    const storage = yield* Storage
    const queue = yield* Queue
    yield* flood
    switch (each._tag) {
      case "Receive": {
        const webhooks = each.keys.map((own) => webhook(name(++count), own))
        for (const [, jobs] of webhooks) came.push(...jobs.map((own) => [own.id, own.key] as const))
        return yield* receiveAll(
          ...webhooks.map(
            ([what, jobs]) => [what, each.isUsual ? jobs : jobs.map((own) => ({ ...own, notBefore: 0 }))] as const
          )
        )
      }
      case "Enqueue": {
        const id = `e-${++count}`
        if (!each.fails) came.push([id, each.key])
        const enqueued = queue.enqueue([job(id, { key: each.key })])
        return yield* Effect.ignore(
          storage.atomically(each.fails ? Effect.andThen(enqueued, Effect.fail("no")) : enqueued)
        )
      }
      case "Claim":
        return void (yield* begin)
      case "Settle":
        return yield* end
      case "Look": {
        const looked = storage.receipts(firmId, { externalCaseId: "1", connectionId, limit: 5 })
        return yield* Effect.ignore(storage.atomically(each.fails ? Effect.andThen(looked, Effect.fail("no")) : looked))
      }
      case "Restart":
        return
    }
  })
  const phases: Array<Array<Step>> = [[]]
  for (const each of steps)
    if (each._tag === "Restart") phases.push([])
    else phases.at(-1)?.push(each)
  return Effect.orDie(
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        for (const phase of phases)
          yield* open(options)(
            Effect.gen(function* () {
              yield* Effect.forEach(phase, act)
              while (running.length > 0) yield* end
            })
          )
        yield* open(options)(
          Effect.gen(function* () {
            while ((yield* begin) > 0) yield* end
            const queue = yield* Queue
            strictEqual((yield* queue.find(firmId, { states: ["done"] })).length, came.length)
          })
        )
        const lanes = (all: typeof came) => Object.groupBy(all, ([, lane]) => lane)
        deepStrictEqual(lanes(started), lanes(came))
      })
    )
  )
}
