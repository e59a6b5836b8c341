/**
 * Random sequences of everything that can be done to a queue, against the reference. Lanes, holds, replays, lapsed
 * leases and roll-backs meet in orders that no example has thought of; a failure is shrunk to the shortest sequence.
 */
import { assert } from "@effect/vitest"
import { Clock, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { JobId } from "@casewire/core/domain/Job"
import { Queue, type Lease, type Outcome, type Verb } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import type { Law, Ports } from "./Law.ts"
import { QueueReference } from "./QueueReference.ts"
import { connection, firm, makeJob, secondConnection } from "./samples.ts"

/** Odd, while clocks and delays are even: nothing is asked at the very moment at which a lease ends. */
const leaseMs = 101
const sequences = 200

type Step =
  | {
      readonly _tag: "Enqueue"
      readonly jobs: ReadonlyArray<{
        readonly isSecond: boolean
        readonly key: string
        readonly lane: "state" | "feed"
        readonly priority: number
        readonly delay: number
        readonly isHeld: boolean
      }>
      readonly isRolledBack: boolean
    }
  | { readonly _tag: "EnqueueAgain"; readonly pick: number }
  | { readonly _tag: "Claim"; readonly limit: number; readonly perConnection: number | null }
  | {
      readonly _tag: "Mark"
      readonly pick: number
      readonly isSent: boolean
      readonly progress: ReadonlyArray<string> | null
    }
  | {
      readonly _tag: "Settle"
      readonly pick: number
      readonly as: Outcome["_tag"]
      readonly delay: number
      readonly isSending: boolean
      readonly isRolledBack: boolean
    }
  | {
      readonly _tag: "Resolve"
      readonly verb: Verb
      readonly picks: ReadonlyArray<number>
      readonly isRolledBack: boolean
    }
  | { readonly _tag: "Wait"; readonly ms: number }

const pick = fc.nat(1000)
const delay = fc.constantFrom(0, 0, 20, 150)
const rarely = fc.constantFrom(false, false, false, true)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("Enqueue" as const),
      jobs: fc.array(
        fc.record({
          isSecond: fc.boolean(),
          key: fc.constantFrom("1", "2"),
          lane: fc.constantFrom("state", "feed"),
          priority: fc.constantFrom(0, 10, 20),
          delay,
          isHeld: rarely
        }),
        { minLength: 1, maxLength: 4 }
      ),
      isRolledBack: rarely
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("EnqueueAgain" as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Claim" as const),
      limit: fc.integer({ min: 1, max: 5 }),
      perConnection: fc.constantFrom(null, null, 1, 2)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Mark" as const),
      pick,
      isSent: fc.boolean(),
      progress: fc.constantFrom(null, ["a"], ["a", "b"])
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Settle" as const),
      pick,
      as: fc.constantFrom("Done", "Done", "Retry", "GiveBack", "Held", "Dead", "Uncertain", "Skipped"),
      delay,
      isSending: rarely,
      isRolledBack: rarely
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      _tag: fc.constant("Resolve" as const),
      verb: fc.constantFrom("hold", "release", "replay", "replay", "skip", "confirm"),
      picks: fc.array(pick, { minLength: 1, maxLength: 6 }),
      isRolledBack: rarely
    })
  },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Wait" as const), ms: fc.constantFrom(2, 20, 60, 102, 200) }) }
)

export const modelLaws: ReadonlyArray<Law> = [
  {
    title: `in ${sequences} random sequences of operations the queue does what its reference does`,
    run: Effect.gen(function* () {
      const services = yield* Effect.context<Ports | Scope.Scope>()
      const holds = fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), (steps) =>
        Effect.runPromiseWith(services)(Effect.andThen(drain, play(steps)))
      )
      yield* Effect.promise(() => fc.assert(holds, { numRuns: sequences, seed: 20_260_105 }))
    })
  }
]

/** Ends whatever an earlier sequence left, so that every sequence begins with nothing to claim. */
const drain = Effect.gen(function* () {
  const queue = yield* Queue
  yield* TestClock.adjust(10_000)
  for (let round = 0; round < 200; round++) {
    const leases = yield* queue.claim({ worker: "drain", limit: 100, leaseMs })
    if (leases.length === 0) return
    for (const lease of leases) yield* Effect.ignore(queue.settle(lease, { _tag: "Done" }))
  }
})

const play = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const queue = yield* Queue
  const storage = yield* Storage
  const reference = new QueueReference()
  const leases: Array<Lease> = []
  const ids: Array<JobId> = []

  /** Runs the operation in a transaction, which may be rolled back; the answer comes out in both cases. */
  const within = Effect.fnUntraced(function* <A, E>(isRolledBack: boolean, effect: Effect.Effect<A, E>) {
    if (!isRolledBack) return yield* storage.atomically(effect)
    let answer: Exit.Exit<A, E> = Exit.die("the transaction did not run")
    const rolledBack = Effect.flatMap(Effect.exit(effect), (exit) => {
      answer = exit
      return Effect.fail("roll back")
    })
    yield* Effect.exit(storage.atomically(rolledBack))
    return yield* answer
  })

  for (const each of steps) {
    const now = yield* Clock.currentTimeMillis
    switch (each._tag) {
      case "Enqueue": {
        const jobs = yield* Effect.forEach(each.jobs, (shape) =>
          makeJob({
            connectionId: shape.isSecond ? secondConnection.id : connection.id,
            key: shape.key,
            lane: shape.lane,
            priority: shape.priority,
            notBefore: now + shape.delay,
            ...(shape.isHeld ? { held: "sync is off" } : {})
          })
        )
        yield* within(each.isRolledBack, queue.enqueue(jobs))
        if (each.isRolledBack) break
        for (const job of jobs) {
          reference.enqueue(job, now)
          ids.push(job.id)
        }
        break
      }
      case "EnqueueAgain": {
        const id = ids[each.pick % ids.length]
        if (id !== undefined)
          yield* within(
            false,
            Effect.flatMap(makeJob({ id, key: "3" }), (job) => queue.enqueue([job]))
          )
        break
      }
      case "Claim": {
        const { limit, perConnection } = each
        const cap = perConnection === null ? {} : { perConnection }
        const claimed = yield* queue.claim({ worker: "w1", limit, leaseMs, ...cap })
        const expected = reference.claim(now, leaseMs, limit, perConnection ?? Infinity)
        assert.deepStrictEqual(
          claimed.map(({ job }) => job.id),
          expected.map(({ id }) => id)
        )
        leases.push(...claimed)
        break
      }
      case "Mark": {
        const lease = leases[each.pick % leases.length]
        if (lease === undefined) break
        const change = {
          ...(each.isSent ? { sentAt: now } : {}),
          ...(each.progress === null ? {} : { progress: each.progress })
        }
        const isHeld = yield* Effect.match(queue.mark(lease, { leaseMs, ...change }), succeeded)
        assert.strictEqual(isHeld, reference.mark(modelOf(lease, leases), now, leaseMs, change))
        break
      }
      case "Settle": {
        const lease = leases[each.pick % leases.length]
        if (lease === undefined) break
        const outcome = { _tag: each.as, at: now + each.delay, reason: "why", sending: each.isSending } as Outcome
        const isHeld = yield* Effect.match(within(each.isRolledBack, queue.settle(lease, outcome)), succeeded)
        const model = modelOf(lease, leases)
        if (each.isRolledBack) assert.strictEqual(isHeld, reference.holds(model))
        else assert.strictEqual(isHeld, reference.settle(model, outcome))
        break
      }
      case "Resolve": {
        const picked = ids.length === 0 ? [] : each.picks.map((index) => ids[index % ids.length]!)
        const answered = yield* within(
          each.isRolledBack,
          queue.resolve(firm.id, { ids: picked }, each.verb, "a person")
        )
        if (!each.isRolledBack) assert.deepStrictEqual(answered, reference.resolve(picked, each.verb, now))
        break
      }
      case "Wait":
        yield* TestClock.adjust(each.ms)
    }
  }

  const found = yield* queue.find(firm.id, { ids })
  assert.deepStrictEqual(
    found.map(({ attempts, id, notBefore, progress, sentAt, state }) => ({
      attempts,
      id,
      notBefore,
      progress,
      sentAt,
      state
    })),
    reference.rows
      .toSorted((a, b) => a.place - b.place)
      .map(({ attempts, id, notBefore, progress, sentAt, state }) => ({
        attempts,
        id,
        notBefore,
        progress,
        sentAt,
        state
      }))
  )
})

const succeeded = { onFailure: () => false, onSuccess: () => true }

/** The reference counts fences from one; an adapter need only let them rise: the lease's rank among its job's counts. */
const modelOf = (lease: Lease, leases: ReadonlyArray<Lease>) => {
  const fences = leases.filter(({ job }) => job.id === lease.job.id).map(({ fence }) => fence)
  return { id: lease.job.id, fence: fences.filter((fence) => fence <= lease.fence).length }
}
