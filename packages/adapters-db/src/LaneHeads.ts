/**
 * Which lanes have a head, kept in memory: asked for every job that arrives, and an index of it on disk would cost a
 * page of its own for every webhook. The table is the truth; this is filled from it at start and follows every write.
 *
 * Only the open transaction writes here, so taking back a roll-back is a list of what it did.
 */
import type { Database as Connection } from "better-sqlite3"

export interface LaneKey {
  readonly firmId: string
  readonly connectionId: string
  readonly key: string
  readonly lane: string
}

export class LaneHeads {
  readonly #lanes = new Set<string>()
  #undo: Array<() => void> = []

  constructor(connection: Connection) {
    const heads = connection.prepare(
      `select firm_id as firmId, connection_id as connectionId, key, lane from jobs where phase = 0 union all
      select firm_id, connection_id, key, lane from jobs where phase = 1 union all
      select firm_id, connection_id, key, lane from jobs where phase = 2`
    )
    for (const head of heads.iterate() as IterableIterator<LaneKey>) this.#lanes.add(nameOf(head))
  }

  has(lane: LaneKey): boolean {
    return this.#lanes.has(nameOf(lane))
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

  committed(): void {
    this.#undo = []
  }

  rolledBack(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }
}

const nameOf = ({ connectionId, firmId, key, lane }: LaneKey): string =>
  `${firmId}\u0000${connectionId}\u0000${lane}\u0000${key}`
