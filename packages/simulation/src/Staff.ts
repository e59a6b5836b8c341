/** The firm's staff who work in the CRM: they add leads, rename clients, move statuses and delete. */
import { type CrmMachine, type Lead, statuses } from "./CrmMachine.ts"
import type { Dice } from "./Dice.ts"
import type { Faults } from "./Faults.ts"
import { crmKeys, fieldValues } from "./FieldMap.ts"

export class Staff {
  readonly #crm: CrmMachine
  readonly #dice: Dice
  readonly #faults: Faults
  readonly #mapped: boolean
  #leads = 0

  constructor(crm: CrmMachine, dice: Dice, faults: Faults, mapped: boolean) {
    this.#crm = crm
    this.#dice = dice
    this.#faults = faults
    this.#mapped = mapped
  }

  addLead(isPast = false): void {
    this.#leads += 1
    this.#crm.addLead(String(this.#leads), `Client ${this.#leads}`, isPast)
  }

  act(): void {
    const leads = [...this.#crm.leads.values()].filter((lead) => !lead.gone)
    if (leads.length === 0 || (leads.length < 4 && this.#dice.chance(0.1))) return this.addLead()
    const lead = this.#dice.pick(leads)
    if (this.#faults.strikes("crm: lead vanishes")) return this.#crm.edit(lead, { gone: true })
    if (this.#dice.chance(0.2)) return this.#crm.edit(lead, { fullName: `Client ${lead.id}.${lead.version}` })
    if (this.#mapped && this.#dice.chance(0.4)) return this.fill(lead)
    this.move(lead)
  }
  /** Fills a field in, or empties it. */
  fill(lead: Lead): void {
    this.#crm.edit(lead, { fields: { [this.#dice.pick(crmKeys)]: this.#dice.pick([...fieldValues, ""]) } })
  }

  /** Moves the status of some lead. */
  edit(): void {
    const leads = [...this.#crm.leads.values()].filter((lead) => !lead.gone)
    if (leads.length === 0) return
    this.move(this.#dice.pick(leads))
  }
  move(lead: Lead): void {
    this.#crm.edit(lead, { status: this.#dice.pick(statuses.filter((name) => name !== lead.status)) })
  }
}
