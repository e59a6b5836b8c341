/**
 * Which lanes have a head, kept in memory: asked for every job that arrives, and an index of it on disk would cost a
 * page of its own for every webhook. The table is the truth; this is filled from it at start and follows every write.
 *
 * Jobs of webhooks may wait without a row (`Arrivals`). A lane in which one of those comes next has no head until it has
 * its row: whatever waits behind it must not overtake it. Only the open transaction writes here, so taking back a
 * roll-back is a list of what it did.
 */
import type { Database as Connection, Statement } from "better-sqlite3"

export interface LaneKey {
  readonly firmId: string
  readonly connectionId: string
  readonly key: string
  readonly lane: string
}

/** The lane that the jobs of webhooks are in. */
const laneOfArrivals = "state"

/** How many arrivals wait without a row, lane by lane. */
export class ArrivingLanes {
  readonly #counts = new Map<string, Map<string, number>>()
  /** The place of the oldest of all in the order of enqueue. */
  oldestSeq = Number.POSITIVE_INFINITY

  add(connectionId: string, key: string): void {
    let lanes = this.#counts.get(connectionId)
    if (lanes === undefined) this.#counts.set(connectionId, (lanes = new Map()))
    lanes.set(key, (lanes.get(key) ?? 0) + 1)
  }

  remove(connectionId: string, key: string): void {
    const lanes = this.#counts.get(connectionId)
    const left = (lanes?.get(key) ?? 0) - 1
    if (left > 0) lanes?.set(key, left)
    else lanes?.delete(key)
  }

  has({ connectionId, key, lane }: Pick<LaneKey, "connectionId" | "key" | "lane">): boolean {
    return lane === laneOfArrivals && this.#counts.get(connectionId)?.has(key) === true
  }

  /** Whether a receipt of this case waits, whatever its connection. */
  hasCase(externalCaseId: string): boolean {
    for (const lanes of this.#counts.values()) if (lanes.has(externalCaseId)) return true
    return false
  }
}

const occupants = "phase is null and state in ('queued', 'retry', 'sending')"

export class LaneHeads {
  readonly arriving = new ArrivingLanes()
  readonly #connection: Connection
  readonly #lanes = new Set<string>()
  /** Lanes with rows of which none may be the head yet. */
  readonly #headless = new Map<string, LaneKey>()
  readonly #oldest: Statement<[string, string, string, string]>
  readonly #promote: Statement<[number, number]>
  #undo: Array<() => void> = []
  #seq: number

  constructor(connection: Connection) {
    this.#connection = connection
    const heads = connection.prepare(
      `select firm_id as firmId, connection_id as connectionId, key, lane from jobs where phase = 0 union all
      select firm_id, connection_id, key, lane from jobs where phase = 1 union all
      select firm_id, connection_id, key, lane from jobs where phase = 2`
    )
    for (const head of heads.iterate() as IterableIterator<LaneKey>) this.#lanes.add(nameOf(head))
    this.#oldest = connection
      .prepare<[string, string, string, string]>(
        `select min(seq) from jobs where firm_id = ? and connection_id = ? and key = ? and lane = ? and ${occupants}`
      )
      .pluck()
    this.#promote = connection.prepare(
      "update jobs set phase = case when not_before <= ? then 1 else 0 end where seq = ?"
    )
    this.#seq = connection.prepare("select coalesce(max(seq), 0) from jobs").pluck().get() as number
  }

  /** The next place in the order of enqueue; a place that a roll-back left empty stays empty. */
  nextSeq(): number {
    return ++this.#seq
  }

  has(lane: LaneKey): boolean {
    return this.#lanes.has(nameOf(lane))
  }

  /** Whether a job that is written now with this place becomes its lane's head. If not, the lane's head is found later. */
  takes(lane: LaneKey, seq: number): boolean {
    this.#seq = Math.max(this.#seq, seq)
    const name = nameOf(lane)
    if (this.#lanes.has(name)) return false
    if (!this.#headless.has(name) && !(this.arriving.has(lane) && seq > this.arriving.oldestSeq)) return true
    this.#leaveHeadless(name, lane)
    return false
  }

  add(lane: LaneKey): void {
    const name = nameOf(lane)
    this.#lanes.add(name)
    this.#undo.push(() => this.#lanes.delete(name))
  }

  remove(lane: LaneKey): void {
    const name = nameOf(lane)
    this.#lanes.delete(name)
    this.#undo.push(() => this.#lanes.add(name))
  }

  /** Makes the oldest job of a lane its head, if it has none and nothing older arrives. */
  fill(lane: LaneKey, now: number): void {
    const name = nameOf(lane)
    if (this.#lanes.has(name)) return
    const { connectionId, firmId, key, lane: own } = lane
    const oldest = this.#oldest.get(firmId, connectionId, key, own) as number | null
    if (oldest === null) return this.#leaveNothing(name, lane)
    if (this.arriving.has(lane) && oldest > this.arriving.oldestSeq) return this.#leaveHeadless(name, lane)
    this.#promote.run(now, oldest)
    this.add(lane)
    this.#leaveNothing(name, lane)
  }

  /** Gives a head to every lane that may have one by now. */
  fillHeadless(): void {
    // A time that is past: whatever waits for a later one is found by the claim.
    for (const lane of this.#headless.values()) this.fill(lane, 0)
  }

  /** At the start, while arrivals of an earlier process wait. */
  findHeadless(): void {
    const lanes = this.#connection.prepare(
      `select distinct firm_id as firmId, connection_id as connectionId, key, lane from jobs where ${occupants}`
    )
    for (const lane of lanes.iterate() as IterableIterator<LaneKey>) {
      const name = nameOf(lane)
      if (!this.#lanes.has(name)) this.#headless.set(name, lane)
    }
  }

  committed(): void {
    this.#undo = []
  }

  rolledBack(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }

  #leaveNothing(name: string, lane: LaneKey): void {
    if (this.#headless.delete(name)) this.#undo.push(() => this.#headless.set(name, lane))
  }

  #leaveHeadless(name: string, lane: LaneKey): void {
    if (this.#headless.has(name)) return
    this.#headless.set(name, lane)
    this.#undo.push(() => this.#headless.delete(name))
  }
}

const nameOf = ({ connectionId, firmId, key, lane }: LaneKey): string =>
  `${firmId}\u0000${connectionId}\u0000${lane}\u0000${key}`
