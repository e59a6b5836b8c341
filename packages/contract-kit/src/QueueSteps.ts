/** What the laws of the queue do again and again. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Job, JobId, NewJob } from "@casewire/core/domain/Job"
import { Queue, type JobFilter, type Lease, type Outcome, type Verb } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { firm } from "./samples.ts"

export const leaseMs = 10_000

/** Enqueues in a transaction of its own. */
export const enqueue = Effect.fnUntraced(function* (...jobs: ReadonlyArray<NewJob>) {
  const storage = yield* Storage
  const queue = yield* Queue
  yield* storage.atomically(queue.enqueue(jobs))
})

export const claim = Effect.fnUntraced(function* (
  options: {
    limit?: number
    perConnection?: number
    leaseMs?: number
    batch?: { work: Job["work"]["_tag"]; size: number }
  } = {}
) {
  const queue = yield* Queue
  return yield* queue.claim({ worker: "w1", limit: 100, leaseMs, ...options })
})

/** Claims all that can be claimed, and expects that to be one job. */
export const claimOne = Effect.gen(function* () {
  const leases = yield* claim()
  assert.lengthOf(leases, 1, "expected one job to be claimable")
  return leases[0]!
})

export const claimedIds = Effect.map(claim(), (leases) => leases.map(({ job }) => job.id))

export const expectNothing = (why: string) =>
  Effect.map(claim(), (leases) =>
    assert.deepStrictEqual(
      leases.map(({ job }) => job.id),
      [],
      why
    )
  )

export const settle = Effect.fnUntraced(function* (lease: Lease, outcome: Outcome) {
  const queue = yield* Queue
  yield* queue.settle(lease, outcome)
})

export const done: Outcome = { _tag: "Done" }

export const find = Effect.fnUntraced(function* (filter: JobFilter = {}) {
  const queue = yield* Queue
  return yield* queue.find(firm.id, filter)
})

export const jobOf = Effect.fnUntraced(function* (id: JobId) {
  const [job] = yield* find({ ids: [id] })
  assert.isDefined(job, "the job is gone")
  return job as Job
})

export const resolve = Effect.fnUntraced(function* (filter: JobFilter, verb: Verb) {
  const queue = yield* Queue
  return yield* queue.resolve(firm.id, filter, verb, `${verb} by a person`)
})

export const ids = (jobs: ReadonlyArray<{ readonly id: JobId }>): ReadonlyArray<JobId> => jobs.map(({ id }) => id)
