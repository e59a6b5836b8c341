/**
 * What a webhook and its job are to everybody else, from the moment it is acknowledged: an adapter may write it down as
 * it likes, nobody can tell.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { newId } from "@casewire/core/domain/Ids"
import { JobId, type NewJob, Priority } from "@casewire/core/domain/Job"
import type { Receipt } from "@casewire/core/domain/Receipt"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type DurableLaw, type Law, type Laws } from "./Law.ts"
import { claim, done, enqueue, find, ids, settle } from "./QueueSteps.ts"
import { connection, firm, makeJob, makeReceipt, otherConnection, otherFirm, start } from "./samples.ts"

/** An accepted webhook of a case, with the job that applies it. */
const makeArrival = Effect.fnUntraced(function* (key: string, change: Partial<Receipt> = {}) {
  const receipt = yield* makeReceipt({ externalCaseId: key, query: [], warnings: [], ...change })
  const job = yield* makeJob({
    firmId: receipt.firmId,
    connectionId: receipt.connectionId,
    key,
    priority: Priority.apply,
    work: { _tag: "ApplyReceipt", receiptId: receipt.id }
  })
  return { receipt, job }
})

const receiveAll = Effect.fnUntraced(function* (
  arrivals: ReadonlyArray<{ readonly receipt: Receipt; readonly job: NewJob }>
) {
  const storage = yield* Storage
  yield* Effect.forEach(arrivals, ({ job, receipt }) => storage.receive(receipt, [job]), { concurrency: "unbounded" })
})

/** Claims and settles until nothing is left; answers the ids in the order of their start. */
const workOff = Effect.gen(function* () {
  const started: Array<JobId> = []
  for (;;) {
    const leases = yield* claim()
    if (leases.length === 0) return started
    for (const lease of leases) {
      started.push(lease.job.id)
      yield* settle(lease, done)
    }
  }
})

const laws: ReadonlyArray<Law> = [
  {
    title: "a webhook and its job are there for everybody who asks as soon as it is acknowledged",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const arrivals = yield* Effect.forEach(["1001", "1002", "1001"], (key) => makeArrival(key))
      yield* receiveAll(arrivals)
      const [first, second, third] = arrivals
      const one = Option.getOrThrow(yield* storage.receipt(firm.id, second!.receipt.id))
      assert.deepStrictEqual(one, { ...second!.receipt, receiveNumber: one.receiveNumber })
      assert.isTrue(Option.isNone(yield* storage.receipt(otherFirm.id, second!.receipt.id)))
      const listed = yield* storage.receipts(firm.id, { externalCaseId: "1001", limit: 10 })
      assert.deepStrictEqual(
        listed.map(({ id }) => id),
        [third!.receipt.id, first!.receipt.id]
      )
      const all = arrivals.map(({ job }) => job.id)
      assert.deepStrictEqual(ids(yield* find()), all)
      assert.deepStrictEqual(ids(yield* find({ ids: [third!.job.id] })), [third!.job.id])
      assert.deepStrictEqual(ids(yield* find({ key: "1002", states: ["queued"] })), [second!.job.id])
      const [stats] = yield* queue.stats(firm.id)
      assert.deepStrictEqual([stats!.byState.queued, stats!.oldestDue], [3, start])
      const leases = yield* claim()
      assert.deepStrictEqual(
        leases.map(({ job }) => job.id),
        [first!.job.id, second!.job.id]
      )
    })
  },
  {
    title: "jobs of webhooks and other jobs of a lane start in the order in which they came",
    run: Effect.gen(function* () {
      const before = yield* makeJob({ key: "1001" })
      yield* enqueue(before)
      const webhook = yield* makeArrival("1001")
      yield* receiveAll([webhook])
      const between = yield* makeJob({ key: "1001" })
      yield* enqueue(between)
      const last = yield* makeArrival("1001")
      yield* receiveAll([last])
      assert.deepStrictEqual(yield* workOff, [before.id, webhook.job.id, between.id, last.job.id])
    })
  },
  {
    title: "a job that is replayed goes behind the webhooks that came meanwhile",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const replayed = yield* makeJob({ key: "1001" })
      yield* enqueue(replayed)
      const [lease] = yield* claim()
      yield* settle(lease!, { _tag: "Dead", reason: "refused" })
      const webhook = yield* makeArrival("1001")
      yield* receiveAll([webhook])
      yield* queue.resolve(firm.id, { ids: [replayed.id] }, "replay", "a person asked")
      assert.deepStrictEqual(yield* workOff, [webhook.job.id, replayed.id])
    })
  },
  {
    title: "what was received before a transaction can be seen and held in it, and comes back with its roll-back",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const arrivals = yield* Effect.forEach(["1001", "1002"], (key) => makeArrival(key))
      yield* receiveAll(arrivals)
      const all = arrivals.map(({ job }) => job.id)
      const exit = yield* Effect.exit(
        storage.atomically(
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* queue.resolve(firm.id, {}, "hold", "not now"), all)
            assert.isTrue(Option.isSome(yield* storage.receipt(firm.id, arrivals[0]!.receipt.id)))
            return yield* Effect.fail("no")
          })
        )
      )
      assert.deepStrictEqual(exit, Exit.fail("no"))
      assert.deepStrictEqual(yield* workOff, all)
    })
  },
  {
    title: "a webhook's receipt can be judged as soon as it is acknowledged",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const { job, receipt } = yield* makeArrival("1001")
      yield* receiveAll([{ job, receipt }])
      const verdict = { ...receipt, externalCaseId: "1002", replayedAt: start + 5 }
      yield* storage.judge(firm.id, receipt.id, verdict)
      const judged = Option.getOrThrow(yield* storage.receipt(firm.id, receipt.id))
      assert.deepStrictEqual(judged, { ...verdict, receiveNumber: judged.receiveNumber })
      assert.lengthOf(yield* storage.receipts(firm.id, { externalCaseId: "1002", limit: 10 }), 1)
    })
  },
  {
    title: "a webhook under an id that is there already is a defect, and its neighbours are kept",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const [first, second, third] = yield* Effect.forEach(["1001", "1001", "1001"], (key) => makeArrival(key))
      yield* receiveAll([first!])
      const again = { receipt: first!.receipt, job: { ...first!.job, id: JobId.make(yield* newId) } }
      const exits = yield* Effect.forEach(
        [second!, again, third!],
        ({ job, receipt }) => Effect.exit(storage.receive(receipt, [job])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
      assert.deepStrictEqual(
        ids(yield* find()),
        [first!, second!, third!].map(({ job }) => job.id)
      )
    })
  },
  {
    title: "webhooks of several firms that share a moment stay their own firm's",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const own = yield* makeArrival("1001")
      const other = yield* makeArrival("1001", { firmId: otherFirm.id, connectionId: otherConnection.id })
      const second = yield* makeArrival("1001")
      yield* receiveAll([own, other, second])
      assert.deepStrictEqual(ids(yield* find()), [own.job.id, second.job.id])
      assert.deepStrictEqual(ids(yield* queue.find(otherFirm.id, {})), [other.job.id])
      const listed = yield* storage.receipts(otherFirm.id, { limit: 10 })
      assert.deepStrictEqual(
        listed.map(({ id }) => id),
        [other.receipt.id]
      )
    })
  }
]

const places = ["1001", "1002", "1001"]

const durable: ReadonlyArray<DurableLaw> = [
  {
    title: "webhooks and their jobs outlive a restart, each once and in its place in the lane",
    before: Effect.gen(function* () {
      yield* receiveAll(yield* Effect.forEach(places, (key) => makeArrival(key)))
      yield* enqueue(yield* makeJob({ key: "1001", priority: Priority.apply }))
    }),
    after: Effect.gen(function* () {
      const storage = yield* Storage
      const listed = yield* storage.receipts(firm.id, { connectionId: connection.id, limit: 10 })
      assert.deepStrictEqual(listed.map(({ externalCaseId }) => externalCaseId).toReversed(), places)
      const jobs = yield* find()
      assert.deepStrictEqual(
        jobs.map(({ key, work }) => [key, work._tag]),
        [...places.map((key) => [key, "ApplyReceipt"]), ["1001", "ReadCase"]]
      )
      const later = yield* makeArrival("1001")
      yield* receiveAll([later])
      const started = yield* workOff
      assert.deepStrictEqual(
        started.filter((id) => id !== jobs[1]!.id),
        [jobs[0]!.id, jobs[2]!.id, jobs[3]!.id, later.job.id]
      )
    })
  }
]

/** A part of the contract of `Storage` and `Queue`: what the two are to each other. */
export const arrivalLaws: Laws = { port: "Storage and Queue", laws, durable }

export const arrivalContract = contract(arrivalLaws)
