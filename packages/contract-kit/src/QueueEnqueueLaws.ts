/** What becomes of jobs on their way in: visible at commit, once per id, whole, and in order. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { JobId, Priority, type Job } from "@casewire/core/domain/Job"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import type { Law } from "./Law.ts"
import { openTransaction, pause } from "./OpenTransaction.ts"
import { claim, claimedIds, claimOne, done, enqueue, expectNothing, find, ids, jobOf, settle } from "./QueueSteps.ts"
import { connection, firm, makeJob, makeJobs, otherFirm, start } from "./samples.ts"

const caseKey = { connectionId: connection.id, externalCaseId: "1001" }

export const enqueueLaws: ReadonlyArray<Law> = [
  {
    title: "a job cannot be claimed or found before its transaction commits",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const job = yield* makeJob()
      const transaction = yield* openTransaction(queue.enqueue([job]))
      const claimed = yield* Effect.forkChild(claim())
      const found = yield* Effect.forkChild(find())
      yield* pause
      yield* transaction.rollBack
      assert.deepStrictEqual(yield* Fiber.join(claimed), [])
      assert.deepStrictEqual(yield* Fiber.join(found), [])
    })
  },
  {
    title: "a job can be claimed once its transaction has committed",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const job = yield* makeJob()
      const transaction = yield* openTransaction(queue.enqueue([job]))
      yield* transaction.commit
      assert.deepStrictEqual(yield* claimedIds, [job.id])
    })
  },
  {
    title: "a transaction that rolls back leaves no job, and its ids are free again",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const jobs = yield* makeJobs({}, { key: "1002" })
      yield* Effect.exit(storage.atomically(Effect.andThen(queue.enqueue(jobs), Effect.fail("no"))))
      yield* expectNothing("the transaction rolled back")
      assert.deepStrictEqual(yield* find(), [])
      yield* enqueue(...jobs)
      assert.deepStrictEqual(yield* claimedIds, ids(jobs))
    })
  },
  {
    title: "a transaction sees the jobs it enqueued",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const job = yield* makeJob()
      const seen = yield* storage.atomically(Effect.andThen(queue.enqueue([job]), find({ ids: [job.id] })))
      assert.deepStrictEqual(ids(seen), [job.id])
    })
  },
  {
    title: "enqueue outside a transaction is a defect and leaves no job",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const exit = yield* Effect.exit(queue.enqueue([yield* makeJob()]))
      assert.isTrue(Exit.hasDies(exit))
      yield* expectNothing("nothing was enqueued")
    })
  },
  {
    title: "the same id again changes nothing and is no error",
    run: Effect.gen(function* () {
      const job = yield* makeJob()
      yield* enqueue(job)
      const before = yield* jobOf(job.id)
      yield* TestClock.adjust(5)
      yield* enqueue({ ...job, key: "1002", priority: Priority.person, held: "no" })
      assert.deepStrictEqual(yield* find(), [before])
      assert.deepStrictEqual(yield* claimedIds, [job.id])
    })
  },
  {
    title: "the id of a job that is done is not enqueued a second time",
    run: Effect.gen(function* () {
      const job = yield* makeJob()
      yield* enqueue(job)
      yield* settle(yield* claimOne, done)
      yield* enqueue(job)
      yield* expectNothing("the job was done")
      assert.strictEqual((yield* jobOf(job.id)).state, "done")
    })
  },
  {
    title: "the same id twice in one call makes one job",
    run: Effect.gen(function* () {
      const job = yield* makeJob()
      yield* enqueue(job, job)
      assert.lengthOf(yield* find(), 1)
      yield* settle(yield* claimOne, done)
      yield* expectNothing("there was one job")
    })
  },
  {
    title: "a job keeps all that it was enqueued with",
    run: Effect.gen(function* () {
      const job = yield* makeJob({
        key: "Größe 7",
        lane: "feed",
        priority: Priority.outbound,
        work: {
          _tag: "AddNote",
          caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000001"),
          externalCaseId: ExternalCaseId.make("1001"),
          source: "message",
          eventId: "e1",
          parts: [
            { text: "naïve — 🙂\n[ref A 1]", marker: "[ref A 1]" },
            { text: "", marker: "[ref A 2]" }
          ]
        }
      })
      yield* enqueue(job)
      const expected: Job = {
        ...job,
        state: "queued",
        attempts: 0,
        notBefore: start,
        createdAt: start,
        updatedAt: start,
        sentAt: null,
        progress: [],
        reason: null
      }
      assert.deepStrictEqual(yield* jobOf(job.id), expected)
      assert.deepStrictEqual((yield* claimOne).job, expected)
    })
  },
  {
    title: "a job enqueued as held waits with its reason and holds nobody up",
    run: Effect.gen(function* () {
      const [held, next] = yield* makeJobs({ held: '"Sync case statuses" is off' }, {})
      yield* enqueue(held!, next!)
      const { reason, state } = yield* jobOf(held!.id)
      assert.deepStrictEqual({ reason, state }, { reason: '"Sync case statuses" is off', state: "held" })
      assert.deepStrictEqual(yield* claimedIds, [next!.id])
    })
  },
  {
    title: "a job with a time is never early, and due at its millisecond",
    run: Effect.gen(function* () {
      yield* enqueue(yield* makeJob({ notBefore: start + 1000 }))
      yield* TestClock.adjust(999)
      yield* expectNothing("one millisecond early")
      yield* TestClock.adjust(1)
      yield* claimOne
    })
  },
  {
    title: "a time between two milliseconds is kept as the later one",
    run: Effect.gen(function* () {
      const job = yield* makeJob({ notBefore: start + 10.4 })
      yield* enqueue(job)
      assert.strictEqual((yield* jobOf(job.id)).notBefore, start + 11)
    })
  },
  {
    title: "five jobs of one key in one transaction start in the order of the calls",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const jobs = yield* makeJobs({}, {}, {}, {}, {})
      // The ids are older the later the job is enqueued: order is that of the calls, not of the ids.
      const order = jobs.toReversed()
      yield* storage.atomically(
        Effect.forEach([order.slice(0, 2), order.slice(2, 3), order.slice(3)], (some) => queue.enqueue(some))
      )
      const started = yield* Effect.forEach(order, () =>
        Effect.tap(claimOne, (lease) => settle(lease, done)).pipe(Effect.map(({ job }) => job.id))
      )
      assert.deepStrictEqual(started, ids(order))
    })
  },
  {
    title: "of two transactions of a case, the one that held its lock first is first, also when it wrote last",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const [first, second] = yield* makeJobs({}, {})
      const transaction = yield* openTransaction(Effect.andThen(pause, queue.enqueue([first!])), caseKey)
      const later = yield* Effect.forkChild(storage.withCase(caseKey, queue.enqueue([second!])))
      yield* pause
      yield* transaction.commit
      yield* Fiber.join(later)
      assert.deepStrictEqual(ids(yield* find()), [first!.id, second!.id])
      assert.strictEqual((yield* claimOne).job.id, first!.id)
    })
  },
  {
    title: "jobs are found in order of enqueue, and only by their own firm",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const jobs = (yield* makeJobs({ key: "3" }, { key: "1", priority: Priority.person }, { key: "2" })).toReversed()
      yield* Effect.forEach(jobs, (job) => enqueue(job))
      assert.deepStrictEqual(ids(yield* queue.find(firm.id, {})), ids(jobs))
    })
  },
  {
    title: "jobs are found the newest first where that is asked, and on behind the last one that was seen",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const jobs = (yield* makeJobs({ key: "3" }, { key: "1" }, { key: "2" }, { key: "4" })).toReversed()
      yield* Effect.forEach(jobs, (job) => enqueue(job))
      const [first, second, third, fourth] = ids(jobs)
      const page = (before?: JobId) =>
        Effect.map(queue.find(firm.id, { limit: 2, ...(before === undefined ? {} : { before }) }, "newest"), ids)
      assert.deepStrictEqual(yield* page(), [fourth!, third!])
      assert.deepStrictEqual(yield* page(third), [second!, first!])
      assert.deepStrictEqual(yield* page(first), [])
      assert.deepStrictEqual(yield* page(JobId.make("nowhere")), [])
      assert.deepStrictEqual(ids(yield* queue.find(firm.id, { before: third! })), [first!, second!])
      assert.deepStrictEqual(ids(yield* queue.find(otherFirm.id, { before: third! }, "newest")), [])
    })
  }
]
