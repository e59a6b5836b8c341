/**
 * What may go wrong in a run. Each seed turns a random subset on and sets how often each strikes, so that rare
 * combinations meet and some runs are almost calm; every strike is counted.
 */
import type { Dice } from "./Dice.ts"

export const faultNames = [
  "crm: slow answer",
  "crm: 429 with Retry-After",
  "crm: 429 without Retry-After",
  "crm: connection refused",
  "crm: 500 before commit",
  "crm: 500 after commit",
  "crm: answer lost after commit",
  "crm: late commit",
  "crm: unreadable answer",
  "crm: answer about another lead",
  "crm: sign-in expires",
  "crm: lead refuses writes",
  "crm: lead vanishes",
  "crm: times in whole seconds",
  "webhook: duplicate",
  "webhook: reordered",
  "webhook: delayed for hours",
  "webhook: lost",
  "webhook: sent for our own writes",
  "webhook: about an unknown lead",
  "host: crash",
  "host: orderly stop",
  "host: clock jumps",
  "disk: slow",
  "disk: refuses a commit",
  "people: switch flipped",
  "people: resume from now on",
  "people: resume by replay",
  "people: dead job replayed"
] as const
export type FaultName = (typeof faultNames)[number]

export class Faults {
  /** Off in the liveness phase. */
  isOn = true
  readonly counts = new Map<FaultName, number>()
  readonly #rates = new Map<FaultName, number>()
  readonly #dice: Dice

  /** `favoured` faults are on in any case, and strike often. */
  constructor(dice: Dice, favoured: ReadonlyArray<FaultName> = []) {
    this.#dice = dice
    const share = dice.pick([0.15, 0.3, 0.5])
    for (const name of faultNames) if (dice.chance(share)) this.#rates.set(name, dice.pick([0.03, 0.1, 0.3]))
    for (const name of favoured) this.#rates.set(name, 0.3)
  }

  get names(): ReadonlyArray<FaultName> {
    return [...this.#rates.keys()]
  }
  has(name: FaultName): boolean {
    return this.isOn && this.#rates.has(name)
  }
  count(name: FaultName): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
  /** Whether this fault strikes here; counted when it does. */
  strikes(name: FaultName): boolean {
    const rate = this.isOn ? this.#rates.get(name) : undefined
    if (rate === undefined || !this.#dice.chance(rate)) return false
    this.count(name)
    return true
  }
}
