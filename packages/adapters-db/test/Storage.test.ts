import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Option } from "effect"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Database } from "../src/Database.ts"
import { layerDatabase } from "../src/Sqlite.ts"
import * as QueueSqlite from "../src/Queue.ts"
import * as StorageSqlite from "../src/Storage.ts"
import { StorageFailure } from "../src/StorageFailure.ts"
import { WorkSignal } from "../src/WorkSignal.ts"
import { firmId, job, receipt, tempOptions } from "./TempStore.ts"

const withStore = <A, E>(effect: Effect.Effect<A, E, Storage | Queue | Database>) =>
  Effect.scoped(
    Effect.flatMap(tempOptions, (options) =>
      Effect.provide(
        effect,
        Layer.mergeAll(StorageSqlite.layer, QueueSqlite.layer).pipe(
          Layer.provide(WorkSignal.layer),
          Layer.provideMerge(layerDatabase(options))
        )
      )
    )
  )

const failureOf = (exit: Exit.Exit<unknown, unknown>): StorageFailure => {
  if (Exit.isSuccess(exit)) throw new Error("it succeeded")
  const defect = Cause.squash(exit.cause)
  if (!(defect instanceof StorageFailure)) throw defect
  return defect
}

describe("Storage on SQLite", () => {
  it.effect("keeps a receipt as it came and numbers it", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.receive(receipt("r1"), [job("j1")])
        yield* storage.receive(receipt("r2"), [job("j2")])
        const found = yield* storage.receipt(firmId, ReceiptId.make("r2"))
        deepStrictEqual(found, Option.some(receipt("r2", { receiveNumber: 2 })))
        const queue = yield* Queue
        const leases = yield* queue.claim({ worker: "w", limit: 10, leaseMs: 1000 })
        deepStrictEqual(
          leases.map((lease) => lease.job.id),
          ["j1"]
        )
        yield* queue.settle(leases[0]!, { _tag: "Done" })
        const next = yield* queue.claim({ worker: "w", limit: 10, leaseMs: 1000 })
        deepStrictEqual(
          next.map((lease) => lease.job.id),
          ["j2"]
        )
      })
    )
  )

  it.effect("a batch that arrives during a domain transaction which then rolls back survives", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const queue = yield* Queue
        const entered = yield* Deferred.make<void>()
        const leave = yield* Deferred.make<void>()
        const transaction = yield* Effect.forkChild(
          Effect.exit(
            storage.atomically(
              Effect.gen(function* () {
                yield* queue.enqueue([job("lost")])
                yield* Deferred.succeed(entered, undefined)
                yield* Deferred.await(leave)
                return yield* Effect.fail("no")
              })
            )
          )
        )
        yield* Deferred.await(entered)
        const batch = yield* Effect.forkChild(
          Effect.all([storage.receive(receipt("r1"), [job("j1")]), storage.receive(receipt("r2"), [])], {
            concurrency: "unbounded"
          })
        )
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
        strictEqual(batch.pollUnsafe(), undefined)
        yield* Deferred.succeed(leave, undefined)
        yield* Fiber.join(batch)
        deepStrictEqual(yield* Fiber.join(transaction), Exit.fail("no"))
        deepStrictEqual(
          (yield* storage.receipts(firmId, { limit: 9 })).map(({ id }) => id),
          ["r2", "r1"]
        )
        deepStrictEqual(
          (yield* queue.find(firmId, {})).map(({ id }) => id),
          ["j1"]
        )
      })
    )
  )

  it.effect("a row that the database refuses does not take its batch with it", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.receive(receipt("r1"), [])
        const exits = yield* Effect.all(
          ["r2", "r1", "r3"].map((id) => Effect.exit(storage.receive(receipt(id), [job(`j-${id}`)]))),
          { concurrency: "unbounded" }
        )
        deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
        strictEqual(failureOf(exits[1]!).code, "SQLITE_CONSTRAINT_UNIQUE")
        deepStrictEqual(
          (yield* storage.receipts(firmId, { limit: 9 })).map(({ id }) => id),
          ["r3", "r2", "r1"]
        )
        deepStrictEqual(
          (yield* (yield* Queue).find(firmId, {})).map(({ id }) => id),
          ["j-r2", "j-r3"]
        )
      })
    )
  )

  it.effect("a full disk acknowledges nothing, and works again when there is room", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const { connection } = yield* Database
        yield* storage.receive(receipt("r0"), [])
        const before = connection.pragma("max_page_count", { simple: true }) as number
        connection.pragma("max_page_count = 1")
        const large = receipt("r1", { body: "x".repeat(500_000) })
        strictEqual(failureOf(yield* Effect.exit(storage.receive(large, []))).code, "SQLITE_FULL")
        const inside = storage.atomically((yield* Queue).enqueue([job("big", { held: "x".repeat(500_000) })]))
        strictEqual(failureOf(yield* Effect.exit(inside)).code, "SQLITE_FULL")
        connection.pragma(`max_page_count = ${before}`)
        yield* storage.receive(large, [])
        strictEqual(yield* storage.isWritable, true)
        deepStrictEqual(
          (yield* storage.receipts(firmId, { limit: 9 })).map(({ id }) => id),
          ["r1", "r0"]
        )
        strictEqual(connection.pragma("integrity_check", { simple: true }), "ok")
      })
    )
  )

  it.effect("refuses nesting, and receiving inside of a transaction", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const nested = storage.atomically(storage.atomically(Effect.void))
        strictEqual(failureOf(yield* Effect.exit(nested)).code, "misuse")
        const received = storage.atomically(storage.receive(receipt("r1"), []))
        strictEqual(failureOf(yield* Effect.exit(received)).code, "misuse")
        strictEqual(failureOf(yield* Effect.exit((yield* Queue).enqueue([job("j")]))).code, "misuse")
        yield* storage.receive(receipt("r1"), [])
      })
    )
  )

  it.effect("a reader never sees what is not committed", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const queue = yield* Queue
        const entered = yield* Deferred.make<void>()
        const leave = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          storage.atomically(
            Effect.gen(function* () {
              yield* queue.enqueue([job("j1")])
              strictEqual((yield* queue.find(firmId, {})).length, 1)
              yield* Deferred.succeed(entered, undefined)
              yield* Deferred.await(leave)
            })
          )
        )
        yield* Deferred.await(entered)
        strictEqual((yield* queue.find(firmId, {})).length, 0)
        yield* Deferred.succeed(leave, undefined)
        yield* Fiber.join(fiber)
        strictEqual((yield* queue.find(firmId, {})).length, 1)
      })
    )
  )

  it.effect("an interrupted transaction leaves nothing and opens the gate", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const queue = yield* Queue
        const entered = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          storage.atomically(
            Effect.gen(function* () {
              yield* queue.enqueue([job("j1")])
              yield* Deferred.succeed(entered, undefined)
              return yield* Effect.never
            })
          )
        )
        yield* Deferred.await(entered)
        yield* Fiber.interrupt(fiber)
        strictEqual((yield* queue.find(firmId, {})).length, 0)
        yield* storage.atomically(queue.enqueue([job("j2")]))
        deepStrictEqual(
          (yield* queue.find(firmId, {})).map(({ id }) => id),
          ["j2"]
        )
      })
    )
  )

  it.effect("stays overloaded only as long as too much waits", () =>
    withStore(
      Effect.gen(function* () {
        const storage = yield* Storage
        const { gate } = yield* Database
        gate.tryTake()
        const fibers = yield* Effect.forEach(
          Array.from({ length: 20_001 }, (_, index) => index),
          (index) =>
            Effect.forkChild(Effect.exit(storage.receive(receipt(`r${index}`), [])), { startImmediately: true })
        )
        strictEqual(failureOf(yield* Fiber.join(fibers.at(-1)!)).code, "overloaded")
        gate.release()
        for (const fiber of fibers.slice(0, -1)) strictEqual(Exit.isSuccess(yield* Fiber.join(fiber)), true)
        yield* storage.receive(receipt("after"), [])
      })
    )
  )
})

describe("Receipts of a case", () => {
  it.effect("are found at once, with and without a job, after a restart, and after a judgement", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const store = Layer.provideMerge(
          StorageSqlite.layer.pipe(Layer.provide(WorkSignal.layer)),
          layerDatabase(options)
        )
        const ofCase = (externalCaseId: string) =>
          Effect.gen(function* () {
            const found = yield* (yield* Storage).receipts(firmId, { externalCaseId, limit: 9 })
            return found.map(({ id }) => String(id))
          })
        const open = <A, E>(effect: Effect.Effect<A, E, Storage | Database>) =>
          Effect.provide(effect, store, { local: true })
        const work = { _tag: "ApplyReceipt", receiptId: "r3" } as const
        yield* open(
          Effect.gen(function* () {
            const storage = yield* Storage
            yield* storage.receive(receipt("r1"), [])
            yield* storage.receive(receipt("r2", { externalCaseId: "43" }), [])
            deepStrictEqual(yield* ofCase("42"), ["r1"])
            yield* storage.receive(receipt("r3"), [job("j3", { work })])
          })
        )
        yield* open(
          Effect.gen(function* () {
            const storage = yield* Storage
            deepStrictEqual(yield* ofCase("42"), ["r3", "r1"])
            yield* storage.judge(firmId, ReceiptId.make("r3"), { ...receipt("r3"), externalCaseId: "43" })
            deepStrictEqual([yield* ofCase("42"), yield* ofCase("43")], [["r1"], ["r3", "r2"]])
          })
        )
      })
    )
  )
})
