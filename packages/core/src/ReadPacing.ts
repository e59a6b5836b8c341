/**
 * When a verifying read may start, so that many are done together: a page of the CRM's list holds a hundred cases and
 * costs one call. The read of a single case is immediate. Where several cases ask at nearly the same time, the first is
 * immediate and the others gather for a short window; where that one was full, the next is longer. A hint, kept in
 * memory: what it forgets in a restart costs a few calls.
 */
import { Context } from "effect"
import type { ExternalCaseId } from "./domain/Case.ts"
import type { ConnectionId } from "./domain/Connection.ts"
import type { Instant } from "./domain/Ids.ts"

export const ReadGathering = Context.Reference<{
  readonly shortMs: number
  readonly longMs: number
  /** So many gathered in one window are many. */
  readonly many: number
}>("@casewire/core/ReadPacing/ReadGathering", { defaultValue: () => ({ shortMs: 2000, longMs: 30_000, many: 30 }) })

interface Gathering {
  /** Null while only the first case has asked. */
  endsAt: Instant | null
  readonly first: ExternalCaseId
  gathered: number
  lastAt: Instant
}

export class ReadPacing {
  readonly #gatherings = new Map<ConnectionId, Gathering>()
  readonly #limits: (typeof ReadGathering)["Service"]

  constructor(limits: (typeof ReadGathering)["Service"]) {
    this.#limits = limits
  }

  /** `isSingle` is false for one of a list, which is never the only one. */
  startOf(connectionId: ConnectionId, id: ExternalCaseId, now: Instant, isSingle: boolean): Instant {
    const { longMs, many, shortMs } = this.#limits
    const known = this.#gatherings.get(connectionId)
    const isOver = known === undefined || now - Math.max(known.lastAt, known.endsAt ?? 0) > shortMs
    if (isOver && isSingle) {
      this.#gatherings.set(connectionId, { endsAt: null, first: id, gathered: 1, lastAt: now })
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
    const length = !isOver && known.gathered >= many ? longMs : shortMs
    this.#gatherings.set(connectionId, { endsAt: now + length, first: id, gathered: 1, lastAt: now })
    return now + length
  }
}
