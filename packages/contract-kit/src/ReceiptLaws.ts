/** Receipts with their jobs, and idempotency keys. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { newId } from "@casewire/core/domain/Ids"
import { JobId, Priority } from "@casewire/core/domain/Job"
import { ReceiptId, type Receipt } from "@casewire/core/domain/Receipt"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage, type ReceiptFilter } from "@casewire/core/ports/Storage"
import type { DurableLaw, Law } from "./Law.ts"
import { openTransaction, pause } from "./OpenTransaction.ts"
import { claimedIds, claimOne, find } from "./QueueSteps.ts"
import {
  connection,
  firm,
  makeCase,
  makeJob,
  makeReceipt,
  otherConnection,
  otherFirm,
  secondConnection,
  start
} from "./samples.ts"

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

export const receiptLaws: ReadonlyArray<Law> = [
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
      yield* pause
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
    title: "the operation of a key can be asked for, by its own firm, without binding it",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const [first, second] = [JobId.make(yield* newId), JobId.make(yield* newId)]
      assert.deepStrictEqual(yield* storage.operation(firm.id, "message-1"), Option.none())
      assert.deepStrictEqual(yield* storage.claimKey(firm.id, "message-1", first), Option.none())
      assert.deepStrictEqual(yield* storage.operation(firm.id, "message-1"), Option.some(first))
      assert.deepStrictEqual(yield* storage.operation(otherFirm.id, "message-1"), Option.none())
      assert.deepStrictEqual(yield* storage.claimKey(otherFirm.id, "message-1", second), Option.none())
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
    title: "the backlog of a firm is what waits for it: nothing held, nothing done, nothing of another firm",
    run: Effect.gen(function* () {
      const [queue, storage] = [yield* Queue, yield* Storage]
      assert.strictEqual(yield* storage.backlog(firm.id), 0)
      // As webhooks usually come: an adapter may write such down in a way of its own.
      const receipt = yield* makeReceipt({ externalCaseId: "1", query: [], warnings: [] })
      const priority = Priority.apply
      const apply = yield* makeJob({ key: "1", priority, work: { _tag: "ApplyReceipt", receiptId: receipt.id } })
      yield* storage.receive(receipt, [apply])
      assert.strictEqual(yield* storage.backlog(firm.id), 1)
      yield* storage.receive(yield* makeReceipt({ connectionId: secondConnection.id }), [
        yield* makeJob({ key: "1", connectionId: secondConnection.id })
      ])
      yield* storage.atomically(
        queue.enqueue([
          yield* makeJob({ key: "1" }),
          yield* makeJob({ key: "2", held: "by hand" }),
          yield* makeJob({ key: "3", notBefore: start + 99_999 }),
          yield* makeJob({ key: "4", firmId: otherFirm.id, connectionId: otherConnection.id })
        ])
      )
      assert.deepStrictEqual([yield* storage.backlog(firm.id), yield* storage.backlog(otherFirm.id)], [4, 1])
      const [lease] = yield* queue.claim({ worker: "w", limit: 1, leaseMs: 1000 })
      assert.strictEqual(yield* storage.backlog(firm.id), 4, "one that is being done is not done")
      if (lease !== undefined) yield* queue.settle(lease, { _tag: "Done" })
      assert.strictEqual(yield* storage.backlog(firm.id), 3)
    })
  },
  {
    title: "an open store is writable",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      assert.isTrue(yield* storage.isWritable)
    })
  }
]

export const durableReceiptLaws: ReadonlyArray<DurableLaw> = [
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
  }
]
