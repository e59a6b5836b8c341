/** How the switches stood at every moment, as the store had them: what an item's fate is explained from. */
import type { Toggles } from "@casewire/core/domain/Toggles"
import type { Kernel } from "./Kernel.ts"

const gates = ["enabled", "receive", "send", "sendFields", "sendMessages", "sendCalls", "syncStatuses"] as const
export type Gate = (typeof gates)[number]
/** The switches as reasons call them. */
const labels: Readonly<Record<string, Gate>> = {
  "Enable integration": "enabled",
  "Receive data": "receive",
  "Send data": "send",
  "Send mapped fields": "sendFields",
  "Send messages": "sendMessages",
  "Send call records": "sendCalls",
  "Sync case statuses": "syncStatuses"
}
/** Reasons to wait that are no switch: the firm has not said yet how status sync goes on. */
export const isNotable = (reason: string): boolean => reason.startsWith("the firm is asked how")
/** How long after a switch went off a call may still begin. */
const graceMs = 1000

export class SwitchLog {
  readonly #log: Array<{ readonly at: number; readonly toggles: Toggles }> = []
  readonly #offSince = new Map<Gate, number>()
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  note(toggles: Toggles): void {
    const before = this.#log.at(-1)?.toggles
    this.#log.push({ at: this.#kernel.now, toggles })
    for (const gate of gates) {
      if (toggles[gate]) this.#offSince.delete(gate)
      else if (before?.[gate] !== false) this.#offSince.set(gate, this.#kernel.now)
    }
  }

  /** Whether a switch, by its label, was off at some moment of a span of time. */
  wasOff(label: string, since: number, until: number): boolean {
    const gate = labels[label]
    return this.#log.some(({ at, toggles }, index) => {
      const end = this.#log[index + 1]?.at ?? Infinity
      return gate !== undefined && !toggles[gate] && at <= until && end >= since
    })
  }

  /** Off for longer than a call may take to be stopped. */
  isLongOff(gate: Gate): boolean {
    const since = this.#offSince.get(gate)
    return since !== undefined && this.#kernel.now - since > graceMs
  }
}
