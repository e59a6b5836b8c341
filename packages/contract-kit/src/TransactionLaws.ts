/** Transactions: all or nothing, seen by nobody before their end, one after another. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import type { DurableLaw, Law } from "./Law.ts"
import { openTransaction, pause } from "./OpenTransaction.ts"
import { claimedIds, find } from "./QueueSteps.ts"
import { connection, firm, makeCase, makeJob } from "./samples.ts"

const caseKey = { connectionId: connection.id, externalCaseId: "1001" }

export const transactionLaws: ReadonlyArray<Law> = [
  {
    title: "what stores and queue do in a transaction commits together, and the answer comes out",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const job = yield* makeJob()
      const answer = yield* storage.atomically(
        Effect.andThen(cases.save(value), Effect.as(queue.enqueue([job]), "answer"))
      )
      assert.strictEqual(answer, "answer")
      assert.deepStrictEqual(yield* cases.get(firm.id, value.id), Option.some(value))
      assert.deepStrictEqual(yield* claimedIds, [job.id])
    })
  },
  {
    title: "a transaction that fails leaves nothing, and its failure comes out",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const work = Effect.andThen(
        cases.save(value),
        Effect.andThen(queue.enqueue([yield* makeJob()]), Effect.fail("no"))
      )
      assert.strictEqual(yield* Effect.flip(storage.atomically(work)), "no")
      assert.isTrue(Option.isNone(yield* cases.get(firm.id, value.id)))
      assert.deepStrictEqual(yield* find(), [])
    })
  },
  {
    title: "a transaction that dies leaves nothing",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const exit = yield* Effect.exit(storage.atomically(Effect.andThen(cases.save(value), Effect.die("bug"))))
      assert.isTrue(Exit.hasDies(exit))
      assert.isTrue(Option.isNone(yield* cases.get(firm.id, value.id)))
    })
  },
  {
    title: "a transaction that is interrupted leaves nothing, and the next one begins",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const fiber = yield* Effect.forkChild(storage.atomically(Effect.andThen(cases.save(value), Effect.never)))
      yield* pause
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Option.isNone(yield* cases.get(firm.id, value.id)))
      yield* storage.atomically(cases.save(value))
      assert.isTrue(Option.isSome(yield* cases.get(firm.id, value.id)))
    })
  },
  {
    title: "a roll-back restores what was there before",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase()
      yield* cases.save(value)
      const change = Effect.andThen(cases.save({ ...value, name: "changed" }), cases.save({ ...value, name: "twice" }))
      yield* Effect.exit(storage.atomically(Effect.andThen(change, Effect.fail("no"))))
      assert.deepStrictEqual(yield* cases.get(firm.id, value.id), Option.some(value))
    })
  },
  {
    title: "a transaction sees its own writes",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const seen = yield* storage.atomically(Effect.andThen(cases.save(value), cases.get(firm.id, value.id)))
      assert.deepStrictEqual(seen, Option.some(value))
    })
  },
  {
    title: "nobody sees what a transaction wrote before it commits",
    run: Effect.gen(function* () {
      const cases = yield* CaseStore
      const value = yield* makeCase()
      const transaction = yield* openTransaction(cases.save(value))
      const seen = yield* Effect.forkChild(cases.get(firm.id, value.id))
      yield* pause
      yield* transaction.rollBack
      assert.isTrue(Option.isNone(yield* Fiber.join(seen)))
    })
  },
  {
    title: "a transaction inside a transaction is a defect",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const inner = yield* Effect.exit(storage.atomically(storage.atomically(Effect.void)))
      assert.isTrue(Exit.hasDies(inner))
      const ofCase = yield* Effect.exit(storage.atomically(storage.withCase(caseKey, Effect.void)))
      assert.isTrue(Exit.hasDies(ofCase))
    })
  },
  {
    title: "transactions of a case follow one another: none builds on a state that another changes",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase({ receiveNumber: 0 })
      yield* cases.save(value)
      const count = Effect.gen(function* () {
        const present = Option.getOrThrow(yield* cases.get(firm.id, value.id))
        yield* Effect.yieldNow
        yield* cases.save({ ...present, receiveNumber: present.receiveNumber + 1 })
      })
      const counting = Effect.forEach(Array.from({ length: 10 }), () => storage.withCase(caseKey, count), {
        concurrency: "unbounded"
      })
      yield* counting
      assert.strictEqual(Option.getOrThrow(yield* cases.get(firm.id, value.id)).receiveNumber, 10)
    })
  },
  {
    title: "a transaction of a case rolls back like any other",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      const value = yield* makeCase()
      yield* Effect.exit(storage.withCase(caseKey, Effect.andThen(cases.save(value), Effect.fail("no"))))
      assert.isTrue(Option.isNone(yield* cases.get(firm.id, value.id)))
    })
  }
]

export const durableTransactionLaws: ReadonlyArray<DurableLaw> = [
  {
    title: "what a transaction rolled back does not come back with a restart",
    before: Effect.gen(function* () {
      const storage = yield* Storage
      const cases = yield* CaseStore
      yield* storage.atomically(cases.save(yield* makeCase()))
      const second = yield* makeCase({ externalId: ExternalCaseId.make("1002") })
      yield* Effect.exit(storage.atomically(Effect.andThen(cases.save(second), Effect.fail("no"))))
    }),
    after: Effect.gen(function* () {
      const cases = yield* CaseStore
      const kept = yield* cases.list(firm.id, { limit: 10 })
      assert.deepStrictEqual(
        kept.map(({ externalId }) => externalId),
        ["1001"]
      )
    })
  }
]
