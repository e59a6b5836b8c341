/**
 * Live webhook tokens and connections in memory, because a token is looked up for every webhook. Filled by reads,
 * changed right after the commit that changed the file; this process owns the file, so nobody else can.
 */
import type { Connection } from "@casewire/core/domain/Connection"
import type { FlatRecord } from "@casewire/core/domain/FlatRecord"
import type { Instant } from "@casewire/core/domain/Ids"

/**
 * Only tokens that exist are kept, so a stranger's guesses cannot fill the memory; and by their plain value, because a
 * hash for every webhook costs as much as reading its body. They go with the next token that is issued, or when they end.
 */
interface LiveToken {
  readonly connectionKey: string
  readonly expiresAt: Instant | null
  readonly locked?: FlatRecord
}

export class ConnectionCache {
  readonly tokens = new Map<string, LiveToken>()
  readonly connections = new Map<string, Connection>()
  #generation = 0

  /** Moves with every commit that touched either map: a read that began before it may not fill them. */
  get generation(): number {
    return this.#generation
  }

  /** To be called right after the commit. */
  changed(change: () => void): void {
    this.#generation++
    change()
  }
}

export const keyOf = (firmId: string, id: string): string => `${firmId}\u0000${id}`
