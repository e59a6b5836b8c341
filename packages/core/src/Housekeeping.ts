/**
 * Throws away what nobody needs any more, once an hour: webhooks of the log that ended long ago, and rows of plans and
 * imports that were never started. It may run at any time and as often as one likes; a crash in between leaves the rest
 * for the next time.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { FirmId, Instant } from "./domain/Ids.ts"
import type { RunId } from "./domain/Run.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"
import { SubscriptionStore } from "./ports/SubscriptionStore.ts"

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How long things are kept that have ended. */
export const Retention = Context.Reference<{ readonly webhookLogMs: number }>("@casewire/core/Housekeeping/Retention", {
  defaultValue: () => ({ webhookLogMs: 30 * dayMs })
})

export class Housekeeping extends Context.Service<
  Housekeeping,
  {
    /** Does nothing where it was done within the hour, by this process or another. */
    readonly run: Effect.Effect<void>
  }
>()("@casewire/core/Housekeeping") {
  static readonly layer = Layer.effect(
    Housekeeping,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const runs = yield* RunStore
      const storage = yield* Storage
      const subscriptions = yield* SubscriptionStore
      const { webhookLogMs } = yield* Retention

      const clearLog = Effect.fnUntraced(function* (firmId: FirmId, now: Instant) {
        while ((yield* subscriptions.clear(firmId, now - webhookLogMs, atOnce)) === atOnce) yield* Effect.yieldNow
      })

      /** A plan that can be started no more. */
      const expire = (firmId: FirmId, id: RunId, now: Instant) =>
        storage.atomically(
          Effect.gen(function* () {
            const run = Option.getOrUndefined(yield* runs.get(firmId, id))
            if (run?.state !== "planned" || (run.expiresAt ?? Infinity) > now) return
            yield* runs.save({ ...run, state: "expired", updatedAt: now })
            yield* runs.clearRows(firmId, id)
          })
        )

      const run = Effect.gen(function* () {
        if (!(yield* queue.tick("housekeeping", hourMs))) return
        const now = yield* Clock.currentTimeMillis
        for (const { id: firmId } of yield* connections.firms) {
          yield* clearLog(firmId, now)
          for (const { id } of yield* runs.list(firmId, { states: ["planned"], limit: 1000 }))
            yield* expire(firmId, id, now)
          // A file that was not read to its end stands as cancelled; one that is being read has an hour for that.
          for (const { id, updatedAt } of yield* runs.list(firmId, { states: ["cancelled"], limit: 1000 }))
            if (updatedAt + hourMs < now) yield* runs.clearRows(firmId, id, ["waiting"])
        }
      }).pipe(Effect.withSpan("Housekeeping.run"))

      return Housekeeping.of({ run })
    })
  )
}

const atOnce = 500
