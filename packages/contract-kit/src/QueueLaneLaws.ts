/** Lanes: one at a time, in order, never overtaking; and who goes first between lanes. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Priority } from "@casewire/core/domain/Job"
import type { Outcome } from "@casewire/core/ports/Queue"
import type { Law } from "./Law.ts"
import {
  claim,
  claimedIds,
  claimOne,
  done,
  enqueue,
  expectNothing,
  ids,
  jobOf,
  leaseMs,
  resolve,
  settle
} from "./QueueSteps.ts"
import { connection, makeJobs, otherConnection, secondConnection, start } from "./samples.ts"

const leavesLane = (outcome: Outcome): Law => ({
  title: `a job that became ${outcome._tag.toLowerCase()} leaves its lane, and the next starts`,
  run: Effect.gen(function* () {
    const [first, second] = yield* makeJobs({}, {})
    yield* enqueue(first!, second!)
    yield* settle(yield* claimOne, outcome)
    assert.strictEqual((yield* jobOf(first!.id)).state, outcome._tag.toLowerCase())
    assert.deepStrictEqual(yield* claimedIds, [second!.id])
  })
})

export const laneLaws: ReadonlyArray<Law> = [
  {
    title: "a lane has one job running at a time, in order of enqueue",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({}, { priority: Priority.person }, {})
      yield* enqueue(...jobs)
      for (const job of jobs) {
        const lease = yield* claimOne
        assert.strictEqual(lease.job.id, job.id)
        yield* expectNothing("the lane's head is running")
        yield* settle(lease, done)
      }
      yield* expectNothing("all is done")
    })
  },
  {
    title: "nothing overtakes a head that waits for its retry",
    run: Effect.gen(function* () {
      const [first, second] = yield* makeJobs({}, { priority: Priority.person })
      yield* enqueue(first!, second!)
      yield* settle(yield* claimOne, { _tag: "Retry", at: start + 5000, reason: "unreachable" })
      yield* TestClock.adjust(4999)
      yield* expectNothing("the head waits")
      yield* TestClock.adjust(1)
      const again = yield* claimOne
      assert.strictEqual(again.job.id, first!.id)
      yield* settle(again, done)
      assert.deepStrictEqual(yield* claimedIds, [second!.id])
    })
  },
  {
    title: "nothing overtakes a head that was given back",
    run: Effect.gen(function* () {
      const [first, second] = yield* makeJobs({}, {})
      yield* enqueue(first!, second!)
      yield* settle(yield* claimOne, { _tag: "GiveBack", at: start + 5000, reason: "rate-limited" })
      yield* expectNothing("the head waits")
      yield* TestClock.adjust(5000)
      assert.deepStrictEqual(yield* claimedIds, [first!.id])
    })
  },
  {
    title: "nothing overtakes a head whose time has not come",
    run: Effect.gen(function* () {
      const [first, second] = yield* makeJobs({ notBefore: start + 5000 }, {})
      yield* enqueue(first!, second!)
      yield* expectNothing("the head's time has not come")
      yield* TestClock.adjust(5000)
      assert.deepStrictEqual(yield* claimedIds, [first!.id])
    })
  },
  {
    title: "other keys go on while one runs or waits",
    run: Effect.gen(function* () {
      const [first, , waiting, other] = yield* makeJobs(
        {},
        {},
        { key: "1002", notBefore: start + 5000 },
        { key: "1003" }
      )
      yield* enqueue(first!, waiting!, other!)
      assert.deepStrictEqual(yield* claimedIds, [first!.id, other!.id])
    })
  },
  {
    title: "the state lane and the feed lane of a case go on side by side",
    run: Effect.gen(function* () {
      const [state, feed, behind] = yield* makeJobs({ lane: "state" }, { lane: "feed" }, { lane: "state" })
      yield* enqueue(state!, feed!, behind!)
      const leases = yield* claim()
      assert.deepStrictEqual(ids(leases.map(({ job }) => job)), [state!.id, feed!.id])
      yield* settle(leases[0]!, done)
      assert.deepStrictEqual(yield* claimedIds, [behind!.id])
    })
  },
  {
    title: "the same key of two connections is two lanes",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs(
        { connectionId: connection.id },
        { connectionId: secondConnection.id },
        { connectionId: otherConnection.id, firmId: otherConnection.firmId }
      )
      yield* enqueue(...jobs)
      assert.deepStrictEqual(yield* claimedIds, ids(jobs))
    })
  },
  leavesLane({ _tag: "Done" }),
  leavesLane({ _tag: "Dead", reason: "refused" }),
  leavesLane({ _tag: "Held", reason: "sync is off" }),
  leavesLane({ _tag: "Uncertain", reason: "cannot be asked" }),
  leavesLane({ _tag: "Skipped", reason: "from now on" }),
  {
    title: "holding or skipping the head frees its lane",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({ notBefore: start + 5000 }, { notBefore: start + 5000 }, {})
      yield* enqueue(...jobs)
      yield* resolve({ ids: [jobs[0]!.id] }, "hold")
      yield* expectNothing("the second is the head, and not due")
      yield* resolve({ ids: [jobs[1]!.id] }, "skip")
      assert.deepStrictEqual(yield* claimedIds, [jobs[2]!.id])
    })
  },
  {
    title: "a released job goes to the end of its lane",
    run: Effect.gen(function* () {
      const [held, next] = yield* makeJobs({ held: "sync is off" }, {})
      yield* enqueue(held!, next!)
      yield* resolve({ ids: [held!.id] }, "release")
      const lease = yield* claimOne
      assert.strictEqual(lease.job.id, next!.id)
      yield* settle(lease, done)
      assert.deepStrictEqual(yield* claimedIds, [held!.id])
    })
  },
  {
    title: "a replayed job goes to the end of its lane",
    run: Effect.gen(function* () {
      const [dead, next] = yield* makeJobs({}, {})
      yield* enqueue(dead!, next!)
      yield* settle(yield* claimOne, { _tag: "Dead", reason: "refused" })
      yield* resolve({ ids: [dead!.id] }, "replay")
      const lease = yield* claimOne
      assert.strictEqual(lease.job.id, next!.id)
      yield* settle(lease, done)
      assert.deepStrictEqual(yield* claimedIds, [dead!.id])
    })
  },
  {
    title: "the most urgent priority goes first",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs(
        { key: "1", priority: Priority.history },
        { key: "2", priority: Priority.read },
        { key: "3", priority: Priority.person },
        { key: "4", priority: Priority.outbound }
      )
      yield* enqueue(...jobs)
      assert.deepStrictEqual(yield* claimedIds, [jobs[2]!.id, jobs[3]!.id, jobs[1]!.id, jobs[0]!.id])
    })
  },
  {
    title: "within a priority the oldest goes first, across connections",
    run: Effect.gen(function* () {
      const jobs = (yield* makeJobs(
        { key: "1" },
        { key: "2", connectionId: secondConnection.id },
        { key: "3" },
        { key: "4", connectionId: secondConnection.id }
      )).toReversed()
      yield* Effect.forEach(jobs, (job) => Effect.andThen(enqueue(job), TestClock.adjust(1)))
      assert.deepStrictEqual(yield* claimedIds, ids(jobs))
    })
  },
  {
    title: "a claim takes no more than its limit, and the next claim the rest",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3" })
      yield* enqueue(...jobs)
      assert.deepStrictEqual(ids((yield* claim({ limit: 2 })).map(({ job }) => job)), ids(jobs.slice(0, 2)))
      assert.deepStrictEqual(yield* claim({ limit: 0 }), [])
      assert.deepStrictEqual(yield* claimedIds, [jobs[2]!.id])
    })
  },
  {
    title: "no more of a connection run at a time than the claim allows, counting earlier claims",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3" })
      yield* enqueue(...jobs)
      const [first] = yield* claim({ perConnection: 1 })
      assert.strictEqual(first?.job.id, jobs[0]!.id)
      assert.deepStrictEqual(yield* claim({ perConnection: 1 }), [])
      assert.lengthOf(yield* claim({ perConnection: 2 }), 1)
      yield* settle(first!, done)
      assert.deepStrictEqual(ids((yield* claim({ perConnection: 2 })).map(({ job }) => job)), [jobs[2]!.id])
    })
  },
  {
    title: "a lapsed lease counts no longer against its connection",
    run: Effect.gen(function* () {
      yield* enqueue(...(yield* makeJobs({ key: "1" }, { key: "2" })))
      assert.lengthOf(yield* claim({ perConnection: 1 }), 1)
      yield* TestClock.adjust(leaseMs + 1)
      assert.lengthOf(yield* claim({ perConnection: 1 }), 1)
    })
  },
  {
    title: "a connection that runs all it may does not stop another",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3", connectionId: secondConnection.id })
      yield* enqueue(...jobs)
      const leases = yield* claim({ perConnection: 1 })
      assert.deepStrictEqual(ids(leases.map(({ job }) => job)), [jobs[0]!.id, jobs[2]!.id])
    })
  },
  {
    title: "jobs that are done together are claimed together, and count as one",
    run: Effect.gen(function* () {
      const reads = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3" })
      const [other] = yield* makeJobs({ key: "4", work: { _tag: "Pull" } })
      yield* enqueue(...reads, other!)
      const leases = yield* claim({ limit: 2, perConnection: 2, batch: { work: "ReadCase", size: 10 } })
      assert.deepStrictEqual(ids(leases.map(({ job }) => job)), [...reads.map(({ id }) => id), other!.id])
    })
  },
  {
    title: "no more are claimed together than their size, and the next claim takes the rest",
    run: Effect.gen(function* () {
      const reads = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3" })
      yield* enqueue(...reads)
      const batch = { work: "ReadCase", size: 2 } as const
      const first = yield* claim({ limit: 1, batch })
      assert.deepStrictEqual(ids(first.map(({ job }) => job)), [reads[0]!.id, reads[1]!.id])
      const second = yield* claim({ limit: 1, batch })
      assert.deepStrictEqual(ids(second.map(({ job }) => job)), [reads[2]!.id])
    })
  },
  {
    title: "jobs of two connections are never claimed together",
    run: Effect.gen(function* () {
      const reads = yield* makeJobs({ key: "1" }, { key: "2", connectionId: secondConnection.id }, { key: "3" })
      yield* enqueue(...reads)
      const leases = yield* claim({ limit: 1, batch: { work: "ReadCase", size: 10 } })
      assert.deepStrictEqual(ids(leases.map(({ job }) => job)), [reads[0]!.id, reads[2]!.id])
    })
  },
  {
    title: "what is claimed together is due, at the head of its lane and under no lease",
    run: Effect.gen(function* () {
      const [first, behind, , later] = yield* makeJobs(
        { key: "1" },
        { key: "1" },
        { key: "2" },
        { key: "3", notBefore: start + 1 }
      )
      yield* enqueue(first!, behind!, later!)
      const batch = { work: "ReadCase", size: 10 } as const
      assert.deepStrictEqual(ids((yield* claim({ batch })).map(({ job }) => job)), [first!.id])
      assert.deepStrictEqual(yield* claim({ batch }), [])
    })
  },
  {
    title: "jobs that run together leave room for others of their connection",
    run: Effect.gen(function* () {
      const batch = { work: "ReadCase", size: 10 } as const
      yield* enqueue(...(yield* makeJobs({ key: "1" }, { key: "2" }, { key: "3" })))
      assert.lengthOf(yield* claim({ perConnection: 2, batch }), 3)
      const [other] = yield* makeJobs({ key: "4", work: { _tag: "Pull" } })
      yield* enqueue(other!)
      assert.deepStrictEqual(ids((yield* claim({ perConnection: 2, batch })).map(({ job }) => job)), [other!.id])
    })
  }
]
