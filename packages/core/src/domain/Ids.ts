/**
 * Ids and instants of the domain.
 *
 * New ids are UUIDv7 and never go back within a process, so that ids made in one transaction sort in the order in
 * which they were made: the queue's order rests on that. Time and randomness come from Effect, so a run under a
 * simulated clock is repeatable.
 */
import { Clock, Context, Effect, Random, Schema } from "effect"

/** A moment: whole milliseconds since 1970-01-01T00:00:00Z. */
export const Instant = Schema.Int
export type Instant = number

export const FirmId = Schema.String.pipe(Schema.brand("FirmId"))
export type FirmId = typeof FirmId.Type

/** The last id made in this process; replaced per run in simulations. */
export const LastId = Context.Reference<{ ms: number; counter: number }>("@casewire/core/domain/Ids/LastId", {
  defaultValue: () => ({ ms: 0, counter: 0 })
})

/** A fresh UUIDv7 (RFC 9562), monotonic within the process. */
export const newId: Effect.Effect<string> = Effect.withFiber((fiber) => {
  const now = Context.get(fiber.context, Clock.Clock).currentTimeMillisUnsafe()
  const random = Context.get(fiber.context, Random.Random)
  const last = Context.get(fiber.context, LastId)
  // A clock that stands still or goes back keeps the newest time and counts on; 4,096 ids later the time moves by one.
  if (now > last.ms) {
    last.ms = Math.floor(now)
    last.counter = Math.floor(random.nextDoubleUnsafe() * 1024)
  } else if (++last.counter > 4095) {
    last.ms += 1
    last.counter = 0
  }
  const time = last.ms.toString(16).padStart(12, "0")
  const high = (0x8000 + Math.floor(random.nextDoubleUnsafe() * 0x4000)).toString(16)
  const low = Math.floor(random.nextDoubleUnsafe() * 0x1000000000000)
    .toString(16)
    .padStart(12, "0")
  return Effect.succeed(
    `${time.slice(0, 8)}-${time.slice(8)}-7${last.counter.toString(16).padStart(3, "0")}-${high}-${low}`
  )
})
