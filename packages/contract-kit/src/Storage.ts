/** The contract of `Storage`: transactions, receipts and idempotency keys. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { newId } from "@casewire/core/domain/Ids"
import { JobId } from "@casewire/core/domain/Job"
import { ReceiptId, type Receipt } from "@casewire/core/domain/Receipt"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage, type ReceiptFilter } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { openTransaction, pause } from "./OpenTransaction.ts"
import { claimedIds, claimOne, find } from "./QueueSteps.ts"
import { connection, firm, makeCase, makeJob, makeReceipt, otherFirm, secondConnection, start } from "./samples.ts"

const caseKey = { connectionId: connection.id, externalCaseId: "1001" }

const receipts = Effect.fnUntraced(function* (filter: Partial<ReceiptFilter> = {}) {
  const storage = yield* Storage
  return (yield* storage.receipts(firm.id, { limit: 100, ...filter })).map(({ id }) => id)
})

const receiveAll = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<Receipt>>) {
  const storage = yield* Storage
  const made = yield* Effect.forEach(changes, makeReceipt)
  yield* Effect.forEach(made, (receipt) => storage.receive(receipt, []))
  return made.map(({ id }) => id)
})

const receiptOf = Effect.fnUntraced(function* (id: ReceiptId) {
  const storage = yield* Storage
  return Option.getOrThrow(yield* storage.receipt(firm.id, id))
})

const verdict = {
  disposition: { _tag: "Refused", status: 422, problem: "fields-missing" },
  errors: [{ field: "Status ID", code: "missing" }],
  warnings: [],
  externalCaseId: "1002",
  replayedAt: start + 5
} as const

export const storageLaws: Laws = {
  port: "Storage",
  laws: [
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
        const change = Effect.andThen(
          cases.save({ ...value, name: "changed" }),
          cases.save({ ...value, name: "twice" })
        )
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
    },
    {
      title: "a receipt is stored whole, with the next receive number, and its jobs with it",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const receipt = yield* makeReceipt({ body: "naïve=🙂&b=%00\r\n" })
        const job = yield* makeJob({ work: { _tag: "ApplyReceipt", receiptId: receipt.id } })
        yield* storage.receive(receipt, [job])
        const stored = yield* receiptOf(receipt.id)
        assert.isAbove(stored.receiveNumber, 0)
        assert.deepStrictEqual(stored, { ...receipt, receiveNumber: stored.receiveNumber })
        const lease = yield* claimOne
        assert.deepStrictEqual(lease.job.work, job.work)
      })
    },
    {
      title: "receive numbers rise in the order of arrival, also when receipts share a moment",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const made = yield* Effect.forEach(Array.from({ length: 20 }), () => makeReceipt())
        yield* Effect.forEach(made, (receipt) => storage.receive(receipt, []), { concurrency: "unbounded" })
        const numbers = yield* Effect.forEach(made, ({ id }) => Effect.map(receiptOf(id), (r) => r.receiveNumber))
        assert.strictEqual(new Set(numbers).size, 20)
        assert.deepStrictEqual(
          numbers,
          numbers.toSorted((a, b) => a - b)
        )
      })
    },
    {
      title: "a batch that arrives during a domain transaction which then rolls back survives",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const cases = yield* CaseStore
        const value = yield* makeCase()
        const receipt = yield* makeReceipt()
        const job = yield* makeJob()
        const transaction = yield* openTransaction(cases.save(value))
        const received = yield* Effect.forkChild(storage.receive(receipt, [job]))
        yield* pause
        yield* transaction.rollBack
        yield* Fiber.join(received)
        assert.isTrue(Option.isNone(yield* cases.get(firm.id, value.id)))
        assert.deepStrictEqual(yield* receipts(), [receipt.id])
        assert.deepStrictEqual(yield* claimedIds, [job.id])
      })
    },
    {
      title: "to receive inside a transaction is a defect, not a deadlock",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const receipt = yield* makeReceipt()
        const exit = yield* Effect.exit(storage.atomically(storage.receive(receipt, [])))
        assert.isTrue(Exit.hasDies(exit))
        assert.deepStrictEqual(yield* receipts(), [])
      })
    },
    {
      title: "receipts are listed newest first, up to the limit, and on from the last one seen",
      run: Effect.gen(function* () {
        const made = yield* receiveAll({}, {}, {}, {})
        const newest = made.toReversed()
        assert.deepStrictEqual(yield* receipts(), newest)
        const page = yield* receipts({ limit: 2 })
        assert.deepStrictEqual(page, newest.slice(0, 2))
        assert.deepStrictEqual(yield* receipts({ limit: 2, before: page[1]! }), newest.slice(2))
      })
    },
    {
      title: "every part of a filter narrows the list of receipts",
      run: Effect.gen(function* () {
        const made = yield* receiveAll(
          {},
          { connectionId: secondConnection.id },
          { disposition: { _tag: "Ignored", reason: "receive-disabled" } },
          { externalCaseId: null }
        )
        assert.deepStrictEqual(yield* receipts({ connectionId: secondConnection.id }), [made[1]])
        assert.deepStrictEqual(yield* receipts({ disposition: "Ignored" }), [made[2]])
        assert.deepStrictEqual(yield* receipts({ externalCaseId: "1001" }), [made[2], made[1], made[0]])
        assert.deepStrictEqual(yield* receipts({ externalCaseId: "no such case" }), [])
      })
    },
    {
      title: "every disposition comes back as it was stored",
      run: Effect.gen(function* () {
        const dispositions: ReadonlyArray<Receipt["disposition"]> = [
          { _tag: "Accepted" },
          { _tag: "Ignored", reason: "receive-disabled" },
          { _tag: "Test" },
          { _tag: "Refused", status: 422, problem: "fields-missing" }
        ]
        const made = yield* receiveAll(...dispositions.map((disposition) => ({ disposition })))
        const stored = yield* Effect.forEach(made, receiptOf)
        assert.deepStrictEqual(
          stored.map(({ disposition }) => disposition),
          dispositions
        )
      })
    },
    {
      title: "judging a receipt replaces what became of it, and never its body or number",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [id] = yield* receiveAll({})
        const before = yield* receiptOf(id!)
        yield* storage.judge(firm.id, id!, verdict)
        assert.deepStrictEqual(yield* receiptOf(id!), { ...before, ...verdict })
        assert.deepStrictEqual(yield* receipts({ disposition: "Accepted" }), [])
        assert.deepStrictEqual(yield* receipts({ disposition: "Refused", externalCaseId: "1002" }), [id])
      })
    },
    {
      title: "a judgement rolls back with its transaction",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [id] = yield* receiveAll({})
        const before = yield* receiptOf(id!)
        yield* Effect.exit(storage.atomically(Effect.andThen(storage.judge(firm.id, id!, verdict), Effect.fail("no"))))
        assert.deepStrictEqual(yield* receiptOf(id!), before)
      })
    },
    {
      title: "no firm sees or judges a receipt of another",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [id] = yield* receiveAll({})
        const before = yield* receiptOf(id!)
        assert.isTrue(Option.isNone(yield* storage.receipt(otherFirm.id, id!)))
        assert.deepStrictEqual(yield* storage.receipts(otherFirm.id, { limit: 10, connectionId: connection.id }), [])
        yield* Effect.exit(storage.judge(otherFirm.id, id!, verdict))
        assert.deepStrictEqual(yield* receiptOf(id!), before)
      })
    },
    {
      title: "an idempotency key is bound once and answers its operation from then on",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [first, second] = [JobId.make(yield* newId), JobId.make(yield* newId)]
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", first), Option.none())
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", second), Option.some(first))
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", first), Option.some(first))
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-2", second), Option.none())
      })
    },
    {
      title: "idempotency keys of different firms do not meet",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [first, second] = [JobId.make(yield* newId), JobId.make(yield* newId)]
        yield* storage.claimKey(firm.id, "message-1", first)
        assert.deepStrictEqual(yield* storage.claimKey(otherFirm.id, "message-1", second), Option.none())
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", second), Option.some(first))
      })
    },
    {
      title: "a key is free again when the transaction that bound it rolls back",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const [first, second] = [JobId.make(yield* newId), JobId.make(yield* newId)]
        yield* Effect.exit(
          storage.atomically(Effect.andThen(storage.claimKey(firm.id, "message-1", first), Effect.fail("no")))
        )
        assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", second), Option.none())
      })
    },
    {
      title: "of many that bind one key at the same moment, one does",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const operations = yield* Effect.forEach(Array.from({ length: 8 }), () =>
          Effect.map(newId, (id) => JobId.make(id))
        )
        const answers = yield* Effect.forEach(
          operations,
          (id) => storage.atomically(storage.claimKey(firm.id, "message-1", id)),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(answers.filter(Option.isNone), 1)
      })
    },
    {
      title: "an open store is writable",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        assert.isTrue(yield* storage.isWritable)
      })
    }
  ],
  durable: [
    {
      title: "receipts and their jobs outlive a restart, and receive numbers go on rising",
      before: Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.receive(yield* makeReceipt(), [yield* makeJob({ key: "1001" })])
      }),
      after: Effect.gen(function* () {
        const storage = yield* Storage
        const [first] = yield* receipts()
        assert.deepStrictEqual(
          (yield* find()).map(({ key }) => key),
          ["1001"]
        )
        const later = yield* makeReceipt()
        yield* storage.receive(later, [])
        const numbers = [yield* receiptOf(first!), yield* receiptOf(later.id)].map((r) => r.receiveNumber)
        assert.isBelow(numbers[0]!, numbers[1]!)
      })
    },
    {
      title: "an idempotency key outlives a restart",
      before: Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.claimKey(firm.id, "message-1", JobId.make("019b8d6a-0005-7000-8000-000000000001"))
      }),
      after: Effect.gen(function* () {
        const storage = yield* Storage
        const bound = yield* storage.claimKey(firm.id, "message-1", JobId.make(yield* newId))
        assert.deepStrictEqual(bound, Option.some(JobId.make("019b8d6a-0005-7000-8000-000000000001")))
      })
    },
    {
      title: "what a transaction rolled back does not come back with a restart",
      before: Effect.gen(function* () {
        const storage = yield* Storage
        const cases = yield* CaseStore
        yield* storage.atomically(cases.save(yield* makeCase()))
        const second = yield* makeCase({ externalId: ExternalCaseId.make("1002") })
        yield* Effect.exit(storage.atomically(Effect.andThen(cases.save(second), Effect.fail("no"))))
        yield* TestClock.adjust(1)
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
}

export const storageContract = contract(storageLaws)
