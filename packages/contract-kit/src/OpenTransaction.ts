/**
 * A transaction that stays open while a law looks at it from outside. Production code awaits nothing but the store in
 * a transaction; a law has to, or it could not see what others see meanwhile.
 */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Storage } from "@casewire/core/ports/Storage"

export class RolledBack extends Error {
  readonly _tag = "RolledBack"
}

/** Begins a transaction (of a case, if a key is given), does `work` in it, and answers how to end it. */
export const openTransaction = Effect.fnUntraced(function* <A, E, R>(
  work: Effect.Effect<A, E, R>,
  key?: { readonly connectionId: string; readonly externalCaseId: string }
) {
  const storage = yield* Storage
  const begun = yield* Deferred.make<void, unknown>()
  const end = yield* Deferred.make<void, RolledBack>()
  const held = work.pipe(
    Effect.onExit((exit) => Deferred.done(begun, Exit.asVoid(exit))),
    Effect.andThen(Deferred.await(end))
  )
  const fiber = yield* Effect.forkChild(key === undefined ? storage.atomically(held) : storage.withCase(key, held))
  yield* Deferred.await(begun)
  return {
    commit: Effect.andThen(Deferred.succeed(end, undefined), Fiber.join(fiber)),
    rollBack: Effect.gen(function* () {
      yield* Deferred.fail(end, new RolledBack())
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)), "the transaction should have failed")
    })
  }
})

/** Lets everybody else run until they wait: real time, because group commits and workers may cross the event loop. */
export const pause = TestClock.withLive(Effect.sleep(3))
