/**
 * How a swap goes on, as a table: for every step and everything that may happen in it, the next step and what has to be
 * undone first. The table is total; what cannot happen in a step is treated as its failure.
 *
 * Until `switch` has passed, whatever goes wrong leaves the old version serving and ends the new one. After it, a new
 * version that proves faulty is taken back, with the old one started again where it had been stopped.
 */
import type { SwapStepName } from "@casewire/core/domain/PluginSwap"

/** `faulty`: the new version's own faults rose after it was switched to. */
export type Happening = "passed" | "skipped" | "failed" | "faulty"

export type SwapEnd = "done" | "failed" | "taken back"

export type Undo = "start-old" | "switch-back" | "stop-new"

export interface Turn {
  readonly to: SwapStepName | SwapEnd
  /** In this order. */
  readonly undo: ReadonlyArray<Undo>
}

const on = (to: Turn["to"]): Turn => ({ to, undo: [] })
const givenUp: Turn = { to: "failed", undo: ["stop-new"] }
/** The old version runs still. */
const takenBack: Turn = { to: "taken back", undo: ["switch-back", "stop-new"] }
const takenBackAnew: Turn = { to: "taken back", undo: ["start-old", "switch-back", "stop-new"] }

export const swapTable: Readonly<Record<SwapStepName, Readonly<Record<Happening, Turn>>>> = {
  // Nothing was started yet.
  verify: { passed: on("start"), skipped: on("failed"), failed: on("failed"), faulty: on("failed") },
  start: { passed: on("self-test"), skipped: on("self-test"), failed: givenUp, faulty: givenUp },
  "self-test": { passed: on("shadow"), skipped: givenUp, failed: givenUp, faulty: givenUp },
  // Without receipts, or without a version before, there is nothing to compare.
  shadow: { passed: on("switch"), skipped: on("switch"), failed: givenUp, faulty: givenUp },
  switch: {
    passed: on("drain"),
    skipped: givenUp,
    failed: { to: "failed", undo: ["switch-back", "stop-new"] },
    faulty: takenBack
  },
  // What does not end in time is cut off: its jobs find out what became of their requests, as after a crash.
  drain: { passed: on("stop"), skipped: on("stop"), failed: on("stop"), faulty: takenBack },
  // Skipped where the old version serves other firms.
  stop: { passed: on("watch"), skipped: on("watch"), failed: on("watch"), faulty: takenBackAnew },
  // Skipped where another swap begins: then the next one watches.
  watch: { passed: on("done"), skipped: on("done"), failed: on("done"), faulty: takenBackAnew }
}

export const next = (step: SwapStepName, happening: Happening): Turn => swapTable[step][happening]
