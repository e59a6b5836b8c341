/** Leases: one at a time, taken over when they lapse, and settled by nobody but their holder. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Queue, type Lease } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import type { DurableLaw, Law } from "./Law.ts"
import { openTransaction, pause } from "./OpenTransaction.ts"
import {
  claim,
  claimedIds,
  claimOne,
  done,
  enqueue,
  expectNothing,
  find,
  jobOf,
  leaseMs,
  settle
} from "./QueueSteps.ts"
import { makeJob, makeJobs, start } from "./samples.ts"

const expectLost = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.flip(effect), (error) => assert.strictEqual(error._tag, "LeaseLost"))

const mark = Effect.fnUntraced(function* (
  lease: Lease,
  change: { sentAt?: number; progress?: ReadonlyArray<string> } = {}
) {
  const queue = yield* Queue
  return yield* queue.mark(lease, { leaseMs, ...change })
})

const claimed = Effect.gen(function* () {
  yield* enqueue(yield* makeJob())
  return yield* claimOne
})

const lapse = TestClock.adjust(leaseMs + 1)

export const leaseLaws: ReadonlyArray<Law> = [
  {
    title: "claims at the same moment never share a job",
    run: Effect.gen(function* () {
      yield* enqueue(...(yield* makeJobs(...Array.from({ length: 20 }, (_, index) => ({ key: `${index}` })))))
      const claims = yield* Effect.forEach(Array.from({ length: 10 }), () => claim({ limit: 3 }), {
        concurrency: "unbounded"
      })
      const ids = claims.flat().map(({ job }) => job.id)
      assert.lengthOf(ids, 20)
      assert.strictEqual(new Set(ids).size, 20)
    })
  },
  {
    title: "a claim alone changes neither state nor attempts, but the job counts as running",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const { job } = yield* claimed
      const { attempts, sentAt, state } = yield* jobOf(job.id)
      assert.deepStrictEqual({ attempts, sentAt, state }, { attempts: 0, sentAt: null, state: "queued" })
      const [stats] = yield* queue.stats(job.firmId)
      assert.strictEqual(stats?.running, 1)
    })
  },
  {
    title: "a lease is not taken over before it ends",
    run: Effect.gen(function* () {
      yield* claimed
      yield* TestClock.adjust(leaseMs - 1)
      yield* expectNothing("the lease is alive")
    })
  },
  {
    title: "a lapsed lease is taken over under a higher fence and counts an attempt",
    run: Effect.gen(function* () {
      const first = yield* claimed
      yield* lapse
      const second = yield* claimOne
      assert.strictEqual(second.job.id, first.job.id)
      assert.isAbove(second.fence, first.fence)
      assert.strictEqual(second.job.attempts, 1)
      assert.strictEqual((yield* jobOf(first.job.id)).attempts, 1)
    })
  },
  {
    title: "the late settlement of a lease that was taken over is refused and changes nothing",
    run: Effect.gen(function* () {
      const first = yield* claimed
      yield* lapse
      const second = yield* claimOne
      const before = yield* jobOf(first.job.id)
      yield* expectLost(settle(first, done))
      assert.deepStrictEqual(yield* jobOf(first.job.id), before)
      yield* settle(second, { _tag: "Dead", reason: "refused" })
      yield* expectLost(settle(first, done))
      assert.strictEqual((yield* jobOf(first.job.id)).state, "dead")
    })
  },
  {
    title: "the late mark of a lease that was taken over is refused and changes nothing",
    run: Effect.gen(function* () {
      const first = yield* claimed
      yield* lapse
      yield* claimOne
      const before = yield* jobOf(first.job.id)
      yield* expectLost(mark(first, { sentAt: start, progress: ["n1"] }))
      assert.deepStrictEqual(yield* jobOf(first.job.id), before)
    })
  },
  {
    title: "a lapsed lease that nobody took over can still be settled",
    run: Effect.gen(function* () {
      const lease = yield* claimed
      yield* lapse
      yield* settle(lease, done)
      yield* expectNothing("it is done")
    })
  },
  {
    title: "a lease is settled once; the second settlement is refused",
    run: Effect.gen(function* () {
      const lease = yield* claimed
      yield* settle(lease, done)
      yield* expectLost(settle(lease, { _tag: "Dead", reason: "late" }))
      assert.strictEqual((yield* jobOf(lease.job.id)).state, "done")
    })
  },
  {
    title: "a mark renews the lease",
    run: Effect.gen(function* () {
      const lease = yield* claimed
      yield* TestClock.adjust(leaseMs - 1)
      const renewed = yield* mark(lease)
      yield* TestClock.adjust(leaseMs - 1)
      yield* expectNothing("the lease was renewed")
      yield* settle(renewed, done)
    })
  },
  {
    title: "a mark with a time makes the job sending, for everybody to see",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start + 7 })
      assert.deepStrictEqual([lease.job.state, lease.job.sentAt], ["sending", start + 7])
      const { sentAt, state } = yield* jobOf(lease.job.id)
      assert.deepStrictEqual({ sentAt, state }, { sentAt: start + 7, state: "sending" })
    })
  },
  {
    title: "a mark of progress is kept and does not change the state",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { progress: ["n1", "n2"] })
      assert.deepStrictEqual(lease.job.progress, ["n1", "n2"])
      const { progress, state } = yield* jobOf(lease.job.id)
      assert.deepStrictEqual({ progress, state }, { progress: ["n1", "n2"], state: "queued" })
    })
  },
  {
    title: "a sending job whose lease lapses is claimed as sending, with its time and progress",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start })
      yield* mark(lease, { progress: ["n1"] })
      yield* lapse
      const { attempts, progress, sentAt, state } = (yield* claimOne).job
      assert.deepStrictEqual(
        { attempts, progress, sentAt, state },
        { attempts: 1, progress: ["n1"], sentAt: start, state: "sending" }
      )
    })
  },
  {
    title: "a retry counts an attempt, keeps its reason and progress, and clears the time of sending",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start, progress: ["n1"] })
      yield* settle(lease, { _tag: "Retry", at: start + 500, reason: "unreachable" })
      const { attempts, notBefore, progress, reason, sentAt, state } = yield* jobOf(lease.job.id)
      assert.deepStrictEqual(
        { attempts, notBefore, progress, reason, sentAt, state },
        { attempts: 1, notBefore: start + 500, progress: ["n1"], reason: "unreachable", sentAt: null, state: "retry" }
      )
    })
  },
  {
    title: "a retry with an unknown outcome stays sending with its time",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start })
      yield* settle(lease, { _tag: "Retry", at: start + 500, reason: "no answer", sending: true })
      yield* expectNothing("the quiet period lasts")
      yield* TestClock.adjust(500)
      const { attempts, sentAt, state } = (yield* claimOne).job
      assert.deepStrictEqual({ attempts, sentAt, state }, { attempts: 1, sentAt: start, state: "sending" })
    })
  },
  {
    title: "giving a job back counts no attempt and queues it again",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start, progress: ["n1"] })
      yield* settle(lease, { _tag: "GiveBack", at: start + 500, reason: "rate-limited" })
      const { attempts, notBefore, progress, sentAt, state } = yield* jobOf(lease.job.id)
      assert.deepStrictEqual(
        { attempts, notBefore, progress, sentAt, state },
        { attempts: 0, notBefore: start + 500, progress: ["n1"], sentAt: null, state: "queued" }
      )
    })
  },
  {
    title: "giving a sending job back keeps the intent for its quiet period",
    run: Effect.gen(function* () {
      const lease = yield* mark(yield* claimed, { sentAt: start })
      yield* settle(lease, { _tag: "GiveBack", at: start + 500, reason: "quiet-period", sending: true })
      yield* expectNothing("the quiet period lasts")
      yield* TestClock.adjust(500)
      const { attempts, sentAt, state } = (yield* claimOne).job
      assert.deepStrictEqual({ attempts, sentAt, state }, { attempts: 0, sentAt: start, state: "sending" })
    })
  },
  {
    title: "a job that was given back is under no lease: it is claimed without an attempt",
    run: Effect.gen(function* () {
      const lease = yield* claimed
      yield* settle(lease, { _tag: "GiveBack", at: start, reason: "shutdown" })
      const again = yield* claimOne
      assert.strictEqual(again.job.attempts, 0)
      assert.isAbove(again.fence, lease.fence)
      yield* expectLost(settle(lease, done))
    })
  },
  {
    title: "a settlement rolls back with its transaction",
    run: Effect.gen(function* () {
      const lease = yield* claimed
      const transaction = yield* openTransaction(settle(lease, done))
      yield* transaction.rollBack
      yield* pause
      assert.strictEqual((yield* jobOf(lease.job.id)).state, "queued")
      yield* settle(lease, done)
    })
  },
  {
    title: "a settlement and the jobs that follow from it commit together",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const queue = yield* Queue
      const lease = yield* claimed
      const [next, never] = yield* makeJobs({}, { key: "1002" })
      yield* storage.atomically(Effect.andThen(queue.settle(lease, done), queue.enqueue([next!])))
      yield* Effect.exit(storage.atomically(Effect.andThen(queue.enqueue([never!]), queue.settle(lease, done))))
      assert.deepStrictEqual(yield* claimedIds, [next!.id])
      assert.lengthOf(yield* find(), 2)
    })
  },
  {
    title: "the outcome and its reason are kept with the job",
    run: Effect.gen(function* () {
      for (const _tag of ["Held", "Dead", "Uncertain", "Skipped"] as const) {
        const lease = yield* claimed
        yield* TestClock.adjust(1)
        yield* settle(lease, { _tag, reason: `why ${_tag}` })
        const { reason, state, updatedAt } = yield* jobOf(lease.job.id)
        assert.deepStrictEqual({ reason, state }, { reason: `why ${_tag}`, state: _tag.toLowerCase() })
        assert.isAbove(updatedAt, lease.job.updatedAt)
      }
    })
  }
]

export const durableLeaseLaws: ReadonlyArray<DurableLaw> = [
  {
    title: "jobs outlive a restart, in their lanes and in order",
    before: Effect.gen(function* () {
      yield* enqueue(...(yield* makeJobs({ key: "1" }, { key: "2" }, { key: "1" }, { key: "3", held: "sync is off" })))
    }),
    after: Effect.gen(function* () {
      const jobs = yield* find()
      assert.deepStrictEqual(
        jobs.map(({ key, state }) => `${key} ${state}`),
        ["1 queued", "2 queued", "1 queued", "3 held"]
      )
      assert.deepStrictEqual(yield* claimedIds, [jobs[0]!.id, jobs[1]!.id])
    })
  },
  {
    title: "the leases of the process before are void at once, under a higher fence",
    before: claimed,
    after: Effect.gen(function* () {
      const lease = yield* claimOne
      assert.isAbove(lease.fence, 1)
      yield* expectLost(settle({ job: lease.job, fence: 1 }, done))
    })
  },
  {
    title: "what was marked outlives a restart: sending, its time and the progress",
    before: Effect.gen(function* () {
      yield* mark(yield* claimed, { sentAt: start, progress: ["n1"] })
    }),
    after: Effect.gen(function* () {
      const { progress, sentAt, state } = (yield* claimOne).job
      assert.deepStrictEqual({ progress, sentAt, state }, { progress: ["n1"], sentAt: start, state: "sending" })
    })
  },
  {
    title: "what was settled outlives a restart",
    before: Effect.gen(function* () {
      yield* settle(yield* claimed, { _tag: "Retry", at: start + 60_000, reason: "unreachable" })
    }),
    after: Effect.gen(function* () {
      const [job] = yield* find()
      assert.deepStrictEqual([job?.state, job?.attempts, job?.reason], ["retry", 1, "unreachable"])
      yield* expectNothing("its time has not come")
      yield* TestClock.adjust(60_000)
      yield* claimOne
    })
  }
]
