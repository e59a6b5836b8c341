/**
 * When a verifying read may start, so that many are done together: a page of the CRM's list holds a hundred cases and
 * costs one call. The read of a single case is immediate. Where several cases ask at nearly the same time, the first is
 * immediate and the others gather for a short window; the more there were in one, the longer is the next. A hint, kept in
 * memory: what it forgets in a restart costs a few calls.
 */
import { Context } from "effect"
import type { ExternalCaseId } from "./domain/Case.ts"
import type { ConnectionId } from "./domain/Connection.ts"
import type { Instant } from "./domain/Ids.ts"

export const ReadGathering = Context.Reference<{
  readonly shortMs: number
  /** How long it must be quiet at most before a single case counts as single again. */
  readonly busyMs: number
  readonly longMs: number
  /** A window is as long as the cases of the one before it times this, within the two bounds. */
  readonly perCaseMs: number
}>("@casewire/core/ReadPacing/ReadGathering", {
  defaultValue: () => ({ shortMs: 2000, busyMs: 10_000, longMs: 30_000, perCaseMs: 2000 })
})

interface Gathering {
  /** Null while only the first case has asked. */
  endsAt: Instant | null
  readonly first: ExternalCaseId
  gathered: number
  lastAt: Instant
  /** Of the window that is open or was the last. */
  readonly lengthMs: number
}

export class ReadPacing {
  readonly #gatherings = new Map<ConnectionId, Gathering>()
  readonly #limits: (typeof ReadGathering)["Service"]

  constructor(limits: (typeof ReadGathering)["Service"]) {
    this.#limits = limits
  }

  /** `isSingle` is false for one of a list, which is never the only one. */
  startOf(connectionId: ConnectionId, id: ExternalCaseId, now: Instant, isSingle: boolean): Instant {
    const { busyMs, longMs, perCaseMs, shortMs } = this.#limits
    const known = this.#gatherings.get(connectionId)
    const isOver =
      known === undefined || now - Math.max(known.lastAt, known.endsAt ?? 0) > Math.min(known.lengthMs, busyMs)
    if (isOver && isSingle) {
      this.#gatherings.set(connectionId, { endsAt: null, first: id, gathered: 1, lastAt: now, lengthMs: shortMs })
      return now
    }
    if (!isOver && known.endsAt === null && known.first === id && isSingle) {
      known.lastAt = now
      return now
    }
    if (!isOver && known.endsAt !== null && now < known.endsAt) {
      known.gathered += 1
      known.lastAt = now
      return known.endsAt
    }
    const lengthMs = isOver ? shortMs : Math.min(longMs, Math.max(shortMs, known.gathered * perCaseMs))
    this.#gatherings.set(connectionId, { endsAt: now + lengthMs, first: id, gathered: 1, lastAt: now, lengthMs })
    return now + lengthMs
  }
}
