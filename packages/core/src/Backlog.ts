/**
 * Whether more waits for a firm than it may. A firm whose webhooks come faster than they can be worked off for hours
 * must not fill the store that others share.
 *
 * Asked for every webhook, so the answer is at hand: `look` counts now and then, the more often the nearer a firm is to
 * its limit. What came in between is over the limit by some thousands at most.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { FirmId, Instant } from "./domain/Ids.ts"
import { Storage } from "./ports/Storage.ts"

/** How many jobs may wait for one firm. */
export const BacklogLimit = Context.Reference<number>("@casewire/core/Backlog/BacklogLimit", {
  defaultValue: () => 100_000
})

/** The reason of a receipt that kept no more than its record's id, which is read once there is room. */
export const backlogFull = "backlog-full"

interface Firm {
  isFull: boolean
  /** Somebody asked since the last look. */
  isAsked: boolean
  lookAt: Instant
}

export class Backlog extends Context.Service<
  Backlog,
  {
    readonly isFull: (firmId: FirmId) => boolean
    /** Counts for the firms that were asked for, where it is time to. To be run again and again. */
    readonly look: Effect.Effect<void>
  }
>()("@casewire/core/Backlog") {
  static readonly layer = Layer.effect(
    Backlog,
    Effect.gen(function* () {
      const storage = yield* Storage
      const limit = yield* BacklogLimit
      const firms = new Map<FirmId, Firm>()

      const isFull = (firmId: FirmId): boolean => {
        const firm = firms.get(firmId)
        if (firm === undefined) {
          firms.set(firmId, { isFull: false, isAsked: true, lookAt: 0 })
          return false
        }
        firm.isAsked = true
        return firm.isFull
      }

      const look = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const [firmId, firm] of firms) {
          if (firm.lookAt > now || !(firm.isAsked || firm.isFull)) continue
          const waiting = yield* storage.backlog(firmId)
          firm.isFull = waiting >= limit
          firm.isAsked = false
          firm.lookAt = now + pauseFor(limit - waiting)
        }
      })

      return Backlog.of({ isFull, look })
    })
  )
}

/** More webhooks a millisecond than one process takes. */
const fastest = 20
const shortestMs = 250
const longestMs = 5000

/** How long a firm cannot come to its limit, however fast its webhooks are; counting many rows takes its time, too. */
export const pauseFor = (room: number): number => Math.min(longestMs, Math.max(shortestMs, Math.floor(room / fastest)))
