/**
 * The job table of the memory queue, and the order in which its lanes may be claimed.
 *
 * A lane's head is offered in one heap by the time it is due, then in its connection's heap by urgency. Offers carry
 * the lane's version and go stale when the lane changes, so a claim never looks at jobs that wait behind a head.
 */
import type { ConnectionId } from "../domain/Connection.ts"
import type { Instant } from "../domain/Ids.ts"
import type { Job, JobId } from "../domain/Job.ts"
import type { Transaction } from "./Database.ts"
import { Heap } from "./Heap.ts"

export interface Entry {
  readonly job: Job
  /** The place in the lane: order of enqueue, fresh when a job goes to the end again. */
  readonly sequence: number
  readonly fence: number
  readonly lease: { readonly worker: string; readonly until: Instant } | null
}

interface Place {
  readonly id: JobId
  readonly sequence: number
}

interface LaneIndex {
  readonly places: Heap<Place>
  version: number
  offered: Entry | undefined
}

interface Offer {
  readonly lane: LaneIndex
  readonly version: number
  readonly entry: Entry
  readonly dueAt: Instant
}

/** Only these occupy a lane; a job in any other state stops nothing. */
export const occupiesLane = (job: Job): boolean =>
  job.state === "queued" || job.state === "sending" || job.state === "retry"

export const laneOf = (job: Pick<Job, "connectionId" | "key" | "lane">): string =>
  JSON.stringify([job.connectionId, job.lane, job.key])

export const isLeased = (entry: Entry, now: Instant): boolean => entry.lease !== null && entry.lease.until > now

export class Jobs {
  /** What to do when jobs may have become claimable; the queue sets it. */
  onWork: () => void = () => {}
  readonly #entries = new Map<JobId, Entry>()
  readonly #lanes = new Map<string, LaneIndex>()
  readonly #waiting = new Heap<Offer>((a, b) => a.dueAt < b.dueAt)
  readonly #ready = new Map<ConnectionId, Heap<Offer>>()
  readonly #leased = new Map<ConnectionId, Set<JobId>>()

  get(id: JobId): Entry | undefined {
    return this.#entries.get(id)
  }

  /** In order of enqueue. */
  values(): ReadonlyArray<Entry> {
    return [...this.#entries.values()].sort((a, b) => a.sequence - b.sequence)
  }

  put(tx: Transaction, entry: Entry): void {
    const before = this.#entries.get(entry.job.id)
    this.#replace(entry.job.id, entry)
    tx.onRollback(() => this.#replace(entry.job.id, before))
  }

  remove(tx: Transaction, id: JobId): void {
    const before = this.#entries.get(id)
    if (before === undefined) return
    this.#replace(id, undefined)
    tx.onRollback(() => this.#replace(id, before))
  }

  /** How many jobs of a connection are under a live lease; those of the work given count as one. */
  running(connectionId: ConnectionId, now: Instant, together?: Job["work"]["_tag"]): number {
    let count = 0
    let isTogether = false
    for (const id of this.#leased.get(connectionId) ?? []) {
      const entry = this.#entries.get(id)
      if (entry === undefined || !isLeased(entry, now)) continue
      if (entry.job.work._tag === together) isTogether = true
      else count += 1
    }
    return isTogether ? count + 1 : count
  }

  /** Heads of one connection and work that `next` found to be due, most urgent first. Claiming them makes them stale. */
  due(connectionId: ConnectionId, work: Job["work"]["_tag"], limit: number): ReadonlyArray<Entry> {
    const heap = this.#ready.get(connectionId)
    const found: Array<Entry> = []
    const others: Array<Offer> = []
    // What is in front of the heads that are looked for is looked at, but not without end.
    while (heap !== undefined && found.length < limit && others.length < 2 * limit) {
      const offer = heap.pop()
      if (offer === undefined) break
      if (offer.version !== offer.lane.version) continue
      if (offer.entry.job.work._tag === work) found.push(offer.entry)
      others.push(offer)
    }
    for (const offer of others) this.#readyOf(connectionId).push(offer)
    return found
  }

  /** The most urgent head that is due, of the connections that may run more. Claiming it makes it stale. */
  next(now: Instant, mayRun: (connectionId: ConnectionId) => boolean): Entry | undefined {
    for (let offer = this.#waiting.peek(); offer !== undefined && offer.dueAt <= now; offer = this.#waiting.peek()) {
      this.#waiting.pop()
      if (offer.version === offer.lane.version) this.#readyOf(offer.entry.job.connectionId).push(offer)
    }
    let best: Entry | undefined
    for (const [connectionId, heap] of this.#ready) {
      let offer = heap.peek()
      while (offer !== undefined && offer.version !== offer.lane.version) {
        heap.pop()
        offer = heap.peek()
      }
      if (offer === undefined) this.#ready.delete(connectionId)
      else if ((best === undefined || isMoreUrgent(offer.entry, best)) && mayRun(connectionId)) best = offer.entry
    }
    return best
  }

  /** When a head may be due next; too early where an offer went stale. */
  nextDue(): Instant | undefined {
    return this.#waiting.peek()?.dueAt
  }

  /** The leases of a process that is gone are void: their jobs can be claimed at once. */
  voidLeases(tx: Transaction): void {
    for (const entry of this.values()) {
      if (entry.lease !== null) this.put(tx, { ...entry, lease: { ...entry.lease, until: 0 } })
    }
  }

  #replace(id: JobId, entry: Entry | undefined): void {
    const before = this.#entries.get(id)
    if (entry === undefined) this.#entries.delete(id)
    else this.#entries.set(id, entry)
    const job = (entry ?? before)?.job
    if (job === undefined) return
    const leased = this.#leased.get(job.connectionId) ?? new Set()
    this.#leased.set(job.connectionId, leased)
    if (entry === undefined || entry.lease === null) leased.delete(id)
    else leased.add(id)
    const lane = this.#laneOf(job)
    if (
      entry !== undefined &&
      occupiesLane(job) &&
      (before?.sequence !== entry.sequence || !occupiesLane(before.job))
    ) {
      lane.places.push({ id, sequence: entry.sequence })
    }
    this.#offer(lane)
  }

  #offer(lane: LaneIndex): void {
    const entry = this.#head(lane)
    if (entry === lane.offered) return
    lane.version += 1
    lane.offered = entry
    if (entry === undefined) return
    const dueAt = Math.max(entry.job.notBefore, entry.lease?.until ?? 0)
    this.#waiting.push({ lane, version: lane.version, entry, dueAt })
  }

  #head(lane: LaneIndex): Entry | undefined {
    for (let place = lane.places.peek(); place !== undefined; place = lane.places.peek()) {
      const entry = this.#entries.get(place.id)
      if (entry !== undefined && entry.sequence === place.sequence && occupiesLane(entry.job)) return entry
      lane.places.pop()
    }
    return undefined
  }

  #laneOf(job: Job): LaneIndex {
    const key = laneOf(job)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane: LaneIndex = {
      places: new Heap((a, b) => a.sequence < b.sequence),
      version: 0,
      offered: undefined
    }
    this.#lanes.set(key, lane)
    return lane
  }

  #readyOf(connectionId: ConnectionId): Heap<Offer> {
    const known = this.#ready.get(connectionId)
    if (known !== undefined) return known
    const heap = new Heap<Offer>((a, b) => isMoreUrgent(a.entry, b.entry))
    this.#ready.set(connectionId, heap)
    return heap
  }
}

const isMoreUrgent = (a: Entry, b: Entry): boolean =>
  a.job.priority !== b.job.priority ? a.job.priority < b.job.priority : a.sequence < b.sequence
