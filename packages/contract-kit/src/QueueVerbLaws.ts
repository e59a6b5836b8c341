/** What a person may say about jobs, what can be seen of them, and that nobody touches another firm's. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { JobState, type NewJob } from "@casewire/core/domain/Job"
import { Queue, type Outcome, type Verb } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import type { Law } from "./Law.ts"
import { pause } from "./OpenTransaction.ts"
import { claim, claimedIds, claimOne, done, enqueue, find, ids, jobOf, leaseMs, resolve, settle } from "./QueueSteps.ts"
import { connection, firm, makeJob, makeJobs, otherConnection, otherFirm, secondConnection, start } from "./samples.ts"

const outcomes: Partial<Record<JobState, Outcome>> = {
  done,
  retry: { _tag: "Retry", at: start + 60_000, reason: "unreachable" },
  uncertain: { _tag: "Uncertain", reason: "cannot be asked" },
  dead: { _tag: "Dead", reason: "refused" },
  skipped: { _tag: "Skipped", reason: "from now on" },
  sending: { _tag: "GiveBack", at: start + 60_000, reason: "quiet-period", sending: true }
}

/** One job in every state, each with a key of its own. None is due. */
const oneInEveryState = Effect.gen(function* () {
  const queue = yield* Queue
  for (const state of JobState.literals) {
    const job = yield* makeJob({ key: state, ...(state === "held" ? { held: "sync is off" } : {}) })
    const outcome = outcomes[state]
    yield* enqueue(state === "queued" ? { ...job, notBefore: start + 60_000 } : job)
    if (outcome === undefined) continue
    const lease = yield* claimOne
    yield* settle(state === "sending" ? yield* queue.mark(lease, { leaseMs, sentAt: start }) : lease, outcome)
  }
})

const verbLaw = (verb: Verb, from: ReadonlyArray<JobState>, to: JobState): Law => ({
  title: `${verb} makes ${from.join(", ")} jobs ${to}, answers their ids, and leaves all others alone`,
  run: Effect.gen(function* () {
    yield* oneInEveryState
    const before = yield* find()
    const answered = yield* resolve({}, verb)
    const after = yield* find()
    const changed = before.filter(({ state }) => from.includes(state))
    assert.sameMembers([...answered], [...ids(changed)])
    for (const job of before) {
      const now = after.find(({ id }) => id === job.id)
      if (!from.includes(job.state)) assert.deepStrictEqual(now, job)
      else assert.deepStrictEqual([now?.state, now?.reason], [to, `${verb} by a person`])
    }
  })
})

export const verbLaws: ReadonlyArray<Law> = [
  verbLaw("hold", ["queued", "retry"], "held"),
  verbLaw("release", ["held"], "queued"),
  verbLaw("replay", ["dead", "uncertain", "skipped"], "queued"),
  verbLaw("skip", ["queued", "retry", "held", "dead", "uncertain"], "skipped"),
  verbLaw("confirm", ["uncertain"], "done"),
  {
    title: "no verb reaches a job that is running",
    run: Effect.gen(function* () {
      yield* enqueue(yield* makeJob())
      const lease = yield* claimOne
      assert.deepStrictEqual(yield* resolve({}, "hold"), [])
      assert.deepStrictEqual(yield* resolve({}, "skip"), [])
      yield* settle(lease, done)
    })
  },
  {
    title: "a verb voids a lapsed lease: its late settlement is refused",
    run: Effect.gen(function* () {
      yield* enqueue(yield* makeJob())
      const lease = yield* claimOne
      yield* TestClock.adjust(leaseMs + 1)
      assert.lengthOf(yield* resolve({}, "hold"), 1)
      const error = yield* Effect.flip(settle(lease, done))
      assert.strictEqual(error._tag, "LeaseLost")
      assert.strictEqual((yield* jobOf(lease.job.id)).state, "held")
    })
  },
  {
    title: "a replayed job keeps its id and starts with no attempts, due at once",
    run: Effect.gen(function* () {
      const job = yield* makeJob()
      yield* enqueue(job)
      yield* settle(yield* claimOne, { _tag: "Retry", at: start + 60_000, reason: "unreachable" })
      yield* TestClock.adjust(60_000)
      yield* settle(yield* claimOne, { _tag: "Dead", reason: "refused" })
      assert.deepStrictEqual(yield* resolve({ ids: [job.id] }, "replay"), [job.id])
      const again = yield* claimOne
      assert.deepStrictEqual([again.job.id, again.job.attempts], [job.id, 0])
    })
  },
  {
    title: "a replayed job still knows when it was sent and which parts are there",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      yield* enqueue(yield* makeJob())
      const lease = yield* queue.mark(yield* claimOne, { leaseMs, sentAt: start, progress: ["n1"] })
      yield* settle(lease, { _tag: "Uncertain", reason: "cannot be asked" })
      yield* resolve({}, "replay")
      const { progress, sentAt } = (yield* claimOne).job
      assert.deepStrictEqual({ progress, sentAt }, { progress: ["n1"], sentAt: start })
    })
  },
  {
    title: "a released job starts with no attempts, due at once",
    run: Effect.gen(function* () {
      yield* enqueue(yield* makeJob())
      yield* settle(yield* claimOne, { _tag: "Retry", at: start + 60_000, reason: "unreachable" })
      yield* resolve({}, "hold")
      yield* resolve({}, "release")
      assert.strictEqual((yield* claimOne).job.attempts, 0)
    })
  },
  {
    title: "jobs that go back in one call keep their order among each other",
    run: Effect.gen(function* () {
      const jobs = (yield* makeJobs({ held: "off" }, { held: "off" }, { held: "off" })).toReversed()
      yield* enqueue(...jobs)
      assert.deepStrictEqual(yield* resolve({}, "release"), ids(jobs))
      const started = yield* Effect.forEach(jobs, () =>
        Effect.tap(claimOne, (lease) => settle(lease, done)).pipe(Effect.map(({ job }) => job.id))
      )
      assert.deepStrictEqual(started, ids(jobs))
    })
  },
  {
    title: "a verb touches no job of another firm, even by its id",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const job = yield* makeJob({ firmId: otherFirm.id, connectionId: otherConnection.id })
      yield* enqueue(job)
      assert.deepStrictEqual(yield* resolve({ ids: [job.id] }, "skip"), [])
      assert.deepStrictEqual(yield* resolve({ connectionId: otherConnection.id }, "hold"), [])
      assert.strictEqual((yield* queue.find(otherFirm.id, {}))[0]?.state, "queued")
    })
  },
  {
    title: "a verb takes only what matches its filter, the oldest first up to its limit",
    run: Effect.gen(function* () {
      const jobs = yield* makeJobs({ key: "1" }, { key: "2" }, { key: "2" }, { key: "2", lane: "feed" }, { key: "2" })
      yield* enqueue(...jobs)
      assert.deepStrictEqual(yield* resolve({ key: "2", lane: "state", limit: 2 }, "hold"), [jobs[1]!.id, jobs[2]!.id])
      assert.deepStrictEqual(yield* resolve({ ids: [] }, "hold"), [])
      assert.deepStrictEqual(ids(yield* find({ states: ["held"] })), [jobs[1]!.id, jobs[2]!.id])
    })
  },
  {
    title: "a verb rolls back with its transaction",
    run: Effect.gen(function* () {
      const storage = yield* Storage
      const job = yield* makeJob()
      yield* enqueue(job)
      const before = yield* jobOf(job.id)
      yield* Effect.exit(storage.atomically(Effect.andThen(resolve({}, "hold"), Effect.fail("no"))))
      yield* pause
      assert.deepStrictEqual(yield* jobOf(job.id), before)
      assert.deepStrictEqual(yield* claimedIds, [job.id])
    })
  },
  {
    title: "every part of a filter narrows what is found",
    run: Effect.gen(function* () {
      const changes: ReadonlyArray<Partial<NewJob>> = [
        {},
        { key: "1002" },
        { lane: "feed" },
        { connectionId: secondConnection.id },
        { work: { _tag: "Pull" }, key: "pull" },
        { held: "off" }
      ]
      const jobs = yield* makeJobs(...changes)
      yield* enqueue(...jobs)
      const found = Effect.fnUntraced(function* (filter: Parameters<typeof find>[0]) {
        return (yield* find(filter)).map(({ id }) => jobs.findIndex((job) => job.id === id))
      })
      assert.deepStrictEqual(yield* found({}), [0, 1, 2, 3, 4, 5])
      assert.deepStrictEqual(yield* found({ key: "1002" }), [1])
      assert.deepStrictEqual(yield* found({ lane: "feed" }), [2])
      assert.deepStrictEqual(yield* found({ connectionId: secondConnection.id }), [3])
      assert.deepStrictEqual(yield* found({ work: ["Pull"] }), [4])
      assert.deepStrictEqual(yield* found({ states: ["held", "dead"] }), [5])
      assert.deepStrictEqual(yield* found({ ids: [jobs[5]!.id, jobs[1]!.id] }), [1, 5])
      assert.deepStrictEqual(yield* found({ connectionId: connection.id, lane: "state", limit: 2 }), [0, 1])
    })
  },
  {
    title: "find shows no job of another firm",
    run: Effect.gen(function* () {
      yield* enqueue(yield* makeJob({ firmId: otherFirm.id, connectionId: otherConnection.id }))
      assert.deepStrictEqual(yield* find(), [])
      assert.deepStrictEqual(yield* find({ connectionId: otherConnection.id }), [])
    })
  },
  {
    title: "dead jobs stay, with last reason and attempts, until a person replays them",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const job = yield* makeJob()
      yield* enqueue(job)
      yield* settle(yield* claimOne, { _tag: "Retry", at: start, reason: "unreachable" })
      yield* settle(yield* claimOne, { _tag: "Dead", reason: "refused" })
      yield* TestClock.adjust("90 days")
      const [dead] = yield* find({ states: ["dead"] })
      assert.deepStrictEqual([dead?.id, dead?.reason], [job.id, "refused"])
      assert.isAtLeast(dead?.attempts ?? 0, 1)
      assert.strictEqual((yield* queue.stats(firm.id))[0]?.byState.dead, 1)
    })
  },
  {
    title: "statistics count every state, per connection of the firm",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      yield* oneInEveryState
      yield* enqueue(
        yield* makeJob({ connectionId: secondConnection.id, key: "1" }),
        yield* makeJob({ connectionId: otherConnection.id, firmId: otherFirm.id })
      )
      const stats = yield* queue.stats(firm.id)
      assert.sameMembers(
        stats.map(({ connectionId }) => connectionId),
        [connection.id, secondConnection.id]
      )
      const own = stats.find(({ connectionId }) => connectionId === connection.id)
      assert.deepStrictEqual(own?.byState, {
        queued: 1,
        held: 1,
        sending: 1,
        done: 1,
        retry: 1,
        uncertain: 1,
        dead: 1,
        skipped: 1
      })
      const second = stats.find(({ connectionId }) => connectionId === secondConnection.id)
      assert.deepStrictEqual([second?.byState.queued, second?.byState.dead], [1, 0])
    })
  },
  {
    title: "statistics say since when the oldest due job waits",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const oldestDue = Effect.map(queue.stats(firm.id), (stats) => stats[0]?.oldestDue)
      yield* enqueue(yield* makeJob({ notBefore: start + 1000 }))
      assert.isNull(yield* oldestDue)
      yield* TestClock.adjust(2000)
      yield* enqueue(yield* makeJob({ key: "1002" }))
      assert.strictEqual(yield* oldestDue, start + 1000)
      yield* claim({ limit: 1 })
      assert.strictEqual(yield* oldestDue, start + 2000)
    })
  },
  {
    title: "statistics count the lanes that wait behind a retry",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const blocked = Effect.map(queue.stats(firm.id), (stats) => stats[0]?.blockedLanes)
      yield* enqueue(...(yield* makeJobs({ key: "1" }, { key: "2" })))
      for (const lease of yield* claim()) yield* settle(lease, { _tag: "Retry", at: start + 60_000, reason: "down" })
      assert.strictEqual(yield* blocked, 0)
      yield* enqueue(yield* makeJob({ key: "1" }))
      assert.strictEqual(yield* blocked, 1)
    })
  }
]
