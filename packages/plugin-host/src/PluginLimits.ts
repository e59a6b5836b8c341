/**
 * What a plugin may use before it is stopped. The defaults are wide for any CRM and narrow for an accident; tests make
 * them smaller.
 */
import { Context } from "effect"

export interface PluginLimits {
  /** From the start of the thread to its first answer. */
  readonly startMs: number
  /**
   * How long the plugin itself may take over one call, or over one element of a stream. The time in which it waits for
   * an answer of the CRM is the host's own, and does not count.
   */
  readonly callMs: number
  readonly decodeMs: number
  /** The thread answers a sign of life within this time, or it is ended. */
  readonly hangMs: number
  readonly pingEveryMs: number
  /** Of JavaScript objects; the engine ends the thread. */
  readonly heapMb: number
  /** What the process may grow by while the thread gives no sign of life: buffers lie outside the heap. */
  readonly growthMb: number
  readonly messagesPerSecond: number
  readonly requestsPerCall: number
  /** After a crash the first restart waits this long, each further one twice as long as the one before. */
  readonly restartMs: number
  readonly longestRestartMs: number
  /** A thread that lived so long was healthy: its next crash is a first one. */
  readonly healthyMs: number
  /** How long a replaced version may finish what it began. */
  readonly drainMs: number
}

export const defaultLimits: PluginLimits = {
  startMs: 10_000,
  callMs: 30_000,
  decodeMs: 10_000,
  hangMs: 5000,
  pingEveryMs: 250,
  heapMb: 128,
  growthMb: 384,
  messagesPerSecond: 20_000,
  requestsPerCall: 10_000,
  restartMs: 250,
  longestRestartMs: 60_000,
  healthyMs: 60_000,
  drainMs: 600_000
}

export const PluginLimits = Context.Reference<PluginLimits>("@casewire/plugin-host/PluginLimits", {
  defaultValue: () => defaultLimits
})
