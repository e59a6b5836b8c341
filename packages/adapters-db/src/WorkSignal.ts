/**
 * Says that work may be waiting: raised by every commit that enqueued or freed a job. It stays raised until somebody
 * saw it, so a commit between a claim and the wait is not lost. A hint only: waiters also wake after the poll interval.
 */
import { Context, Effect, Layer } from "effect"
import { Pressure } from "./Pressure.ts"

const pollMs = 200

export class WorkSignal extends Context.Service<
  WorkSignal,
  {
    readonly raise: () => void
    readonly wait: Effect.Effect<void>
    readonly pressure: Pressure
  }
>()("@casewire/adapters-db/WorkSignal") {
  static readonly layer = Layer.sync(WorkSignal, () => {
    let isRaised = false
    const waiting = new Set<() => void>()
    return {
      pressure: new Pressure(),
      raise: () => {
        isRaised = waiting.size === 0
        for (const wake of waiting) queueMicrotask(wake)
        waiting.clear()
      },
      wait: Effect.raceFirst(
        Effect.callback<void>((resume) => {
          const wake = () => resume(Effect.void)
          if (isRaised) {
            isRaised = false
            return wake()
          }
          waiting.add(wake)
          return Effect.sync(() => waiting.delete(wake))
        }),
        Effect.sleep(pollMs)
      )
    }
  })
}
