/** The call budget of a CRM account, ticks, and the wake-up. */
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Queue } from "@casewire/core/ports/Queue"
import type { DurableLaw, Law } from "./Law.ts"
import { pause } from "./OpenTransaction.ts"
import { enqueue } from "./QueueSteps.ts"
import { makeJob, start } from "./samples.ts"

const budget = { calls: 60, windowMs: 60_000 }

const reserve = Effect.fnUntraced(function* (options?: { notBefore?: number; calls?: 0 | 1 }, account = "alder") {
  const queue = yield* Queue
  return yield* queue.reserve(account, budget, options)
})

const times = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: count }), () => effect)

const tick = Effect.fnUntraced(function* (name: string) {
  const queue = yield* Queue
  return yield* queue.tick(name, 1000)
})

/** The most slots in any window. Both ends sorted by time, the window half open. */
const mostInAWindow = (slots: ReadonlyArray<number>, windowMs: number): number =>
  Math.max(...slots.map((from) => slots.filter((slot) => slot >= from && slot < from + windowMs).length))

export const pacingLaws: ReadonlyArray<Law> = [
  {
    title: "the first call after an idle time leaves at once",
    run: Effect.gen(function* () {
      assert.strictEqual(yield* reserve(), start)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* reserve(), start + 3_600_000)
    })
  },
  {
    title: "calls that queue up are a whole interval apart, also after an idle time: no burst",
    run: Effect.gen(function* () {
      yield* reserve()
      yield* TestClock.adjust("1 hour")
      const slots = yield* times(4, reserve())
      assert.deepStrictEqual(
        slots.map((slot) => slot - start - 3_600_000),
        [0, 1000, 2000, 3000]
      )
    })
  },
  {
    title: "a slot that was taken is not taken back when the clock reaches it",
    run: Effect.gen(function* () {
      yield* times(2, reserve())
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* reserve(), start + 2000)
    })
  },
  {
    title: "the whole limit can be used",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const slots = yield* times(22, queue.reserve("alder", { calls: 7, windowMs: 1000 }))
      assert.strictEqual(slots[21]! - slots[0]!, 3000)
    })
  },
  {
    title: "no window of the declared length holds more than its limit, whenever the calls are asked for",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const step = fc.record({
        wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 900 })),
        retryAfter: fc.option(fc.integer({ min: 0, max: 700 }), { nil: undefined, freq: 8 })
      })
      const plan = fc.tuple(fc.integer({ min: 1, max: 13 }), fc.array(step, { minLength: 20, maxLength: 60 }))
      for (const [index, [calls, steps]] of fc.sample(plan, { seed: 7, numRuns: 40 }).entries()) {
        const slots: Array<number> = []
        for (const { retryAfter, wait } of steps) {
          if (wait > 0) yield* TestClock.adjust(wait)
          const now = (slots.at(-1) ?? 0) + (retryAfter ?? 0)
          const options = retryAfter === undefined ? undefined : { notBefore: now }
          slots.push(yield* queue.reserve(`account ${index}`, { calls, windowMs: 1000 }, options))
        }
        assert.isAtMost(mostInAWindow(slots, 1000), calls)
      }
    })
  },
  {
    title: "a Retry-After moves the next slot of the whole account",
    run: Effect.gen(function* () {
      yield* reserve()
      assert.strictEqual(yield* reserve({ notBefore: start + 30_000 }), start + 30_000)
      assert.strictEqual(yield* reserve(), start + 31_000)
    })
  },
  {
    title: "a Retry-After that is over moves nothing, least of all forward",
    run: Effect.gen(function* () {
      yield* times(3, reserve())
      assert.strictEqual(yield* reserve({ notBefore: start + 1 }), start + 3000)
    })
  },
  {
    title: "a reservation of no call moves the next slot and takes none",
    run: Effect.gen(function* () {
      yield* reserve()
      assert.strictEqual(yield* reserve({ notBefore: start + 9000, calls: 0 }), start + 9000)
      assert.strictEqual(yield* reserve({ calls: 0 }), start + 9000)
      assert.strictEqual(yield* reserve(), start + 9000)
    })
  },
  {
    title: "another budget counts from the last slot on, faster or slower",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const by = (calls: number) => queue.reserve("alder", { calls, windowMs: 60_000 })
      const slots = [yield* by(60), yield* by(60), yield* by(600), yield* by(600), yield* by(6), yield* by(6)]
      assert.deepStrictEqual(
        slots.map((slot) => slot - start),
        [0, 1000, 1100, 1200, 11_200, 21_200]
      )
    })
  },
  {
    title: "accounts do not wait for each other",
    run: Effect.gen(function* () {
      yield* times(5, reserve())
      assert.strictEqual(yield* reserve({}, "cedar"), start)
    })
  },
  {
    title: "reservations at the same moment get different slots",
    run: Effect.gen(function* () {
      const slots = yield* Effect.forEach(Array.from({ length: 8 }), () => reserve(), { concurrency: "unbounded" })
      assert.strictEqual(new Set(slots).size, 8)
      assert.strictEqual(Math.max(...slots), start + 7000)
    })
  },
  {
    title: "a tick fires for one caller, at its first call and then once an interval",
    run: Effect.gen(function* () {
      const first = yield* Effect.forEach(Array.from({ length: 5 }), () => tick("pull"), { concurrency: "unbounded" })
      assert.lengthOf(first.filter(Boolean), 1)
      yield* TestClock.adjust(999)
      assert.isFalse(yield* tick("pull"))
      yield* TestClock.adjust(1)
      assert.isTrue(yield* tick("pull"))
      assert.isFalse(yield* tick("pull"))
    })
  },
  {
    title: "ticks that were missed fire once",
    run: Effect.gen(function* () {
      yield* tick("pull")
      yield* TestClock.adjust(5500)
      assert.isTrue(yield* tick("pull"))
      assert.isFalse(yield* tick("pull"))
      yield* TestClock.adjust(500)
      assert.isTrue(yield* tick("pull"))
    })
  },
  {
    title: "ticks of different names do not touch each other",
    run: Effect.gen(function* () {
      assert.isTrue(yield* tick("pull"))
      assert.isTrue(yield* tick("sweep"))
    })
  },
  {
    title: "whoever waits for work wakes when a job commits, without the clock",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      yield* Effect.forkChild(Effect.ignore(Effect.timeout(queue.awaitWork, 1)))
      yield* TestClock.adjust(1)
      const waiting = yield* Effect.forkChild(queue.awaitWork)
      yield* pause
      yield* enqueue(yield* makeJob())
      yield* pause
      assert.isDefined(waiting.pollUnsafe(), "still asleep")
    })
  },
  {
    title: "a wake-up that was lost costs at most the poll interval",
    run: Effect.gen(function* () {
      const queue = yield* Queue
      const waiting = yield* Effect.forkChild(queue.awaitWork)
      yield* pause
      yield* TestClock.adjust(2000)
      yield* pause
      assert.isDefined(waiting.pollUnsafe(), "still asleep")
      yield* Fiber.interrupt(waiting)
    })
  }
]

export const durablePacingLaws: ReadonlyArray<DurableLaw> = [
  {
    title: "a tick that fired before a restart does not fire again after it",
    before: tick("pull"),
    after: Effect.gen(function* () {
      assert.isFalse(yield* tick("pull"))
      yield* TestClock.adjust(1000)
      assert.isTrue(yield* tick("pull"))
    })
  }
]
