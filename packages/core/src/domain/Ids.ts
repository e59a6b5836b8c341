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
export const newId: Effect.Effect<string> = Effect.withFiber((fiber) => Effect.succeed(makeId(fiber.context)))

/** As `newId`, for whoever has a fiber's context in hand. */
export const makeId = (context: Context.Context<never>): string => {
  const now = Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
  const random = Context.get(context, Random.Random)
  const last = Context.get(context, LastId)
  // A clock that stands still or goes back keeps the newest time and counts on; 4,096 ids later the time moves by one.
  if (now > last.ms) {
    last.ms = Math.floor(now)
    last.counter = Math.floor(random.nextDoubleUnsafe() * 1024)
  } else if (++last.counter > 4095) {
    last.ms += 1
    last.counter = 0
  }
  const variant = 0x8000 + Math.floor(random.nextDoubleUnsafe() * 0x4000)
  const node = Math.floor(random.nextDoubleUnsafe() * 0x1000000000000)
  const [high, low] = [Math.floor(node / 0x1000000), node % 0x1000000]
  return `${timeOf(last.ms)}-7${hex3[last.counter]}-${variant.toString(16)}-${hex3[high >>> 12]}${hex3[high & 0xfff]}${hex3[low >>> 12]}${hex3[low & 0xfff]}`
}

/** Three hexadecimal digits of every number below 4,096: many ids are made in a second. */
const hex3: ReadonlyArray<string> = Array.from({ length: 4096 }, (_, number) => number.toString(16).padStart(3, "0"))

const written = { ms: -1, text: "" }

const timeOf = (ms: number): string => {
  if (ms !== written.ms) {
    const time = ms.toString(16).padStart(12, "0")
    written.ms = ms
    written.text = `${time.slice(0, 8)}-${time.slice(8)}`
  }
  return written.text
}
