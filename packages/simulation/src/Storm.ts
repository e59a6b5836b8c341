/** The first phase of a run: for some simulated minutes everybody acts, and every fault of the seed may strike. */
import { type CrmMachine, statuses } from "./CrmMachine.ts"
import type { World } from "./Run.ts"
import { parting, past } from "./Scenes.ts"

const minute = 60_000

export class Storm {
  readonly #world: World
  readonly #crm: CrmMachine
  readonly #lengthMs: number
  #crashes = 0

  constructor(world: World) {
    this.#world = world
    this.#crm = world.crm
    this.#lengthMs = world.dice.pick([5, 20, 60]) * minute
  }

  begin(over: () => void): void {
    const { dice, faults, host, kernel, office, staff } = this.#world
    for (let lead = dice.between(1, 3); lead > 0; lead--) this.#sometime(() => staff.addLead(), 5000)
    for (let turn = dice.between(2, 9); turn > 0; turn--) this.#burst(() => staff.act())
    for (let turn = dice.between(2, 9); turn > 0; turn--) this.#burst(() => office.act())
    if (faults.has("people: switch flipped"))
      for (let turn = dice.between(1, 6); turn > 0; turn--) this.#sometime(() => office.flipSwitch())
    if (faults.has("people: resume by replay"))
      for (let turn = 0; turn < 3; turn++) this.#sometime(() => office.resume("replay"))
    if (faults.has("people: resume from now on"))
      for (let turn = 0; turn < 3; turn++) this.#sometime(() => office.resume("from now on"))
    if (faults.has("people: dead job replayed"))
      for (let turn = 0; turn < 3; turn++) this.#sometime(() => office.replayDead())
    if (this.#world.story.parting) parting(this.#world, this.#lengthMs)
    if (this.#world.story.past !== null) past(this.#world, this.#lengthMs)
    if (this.#world.changesDuringReads) this.#changeDuringReads()
    if (faults.has("host: crash")) {
      this.#sometime(() => this.#crash())
      const { onCall } = this.#crm
      this.#crm.onCall = (call) => {
        onCall(call)
        if (this.#crashes < 5 && faults.strikes("host: crash")) this.#crash(false)
      }
    }
    if (faults.has("host: orderly stop"))
      for (let turn = dice.between(1, 3); turn > 0; turn--)
        this.#sometime(() => {
          faults.count("host: orderly stop")
          host.stop()
        })
    if (faults.has("host: clock jumps"))
      for (let turn = dice.between(1, 3); turn > 0; turn--) this.#sometime(() => this.#setClock())
    if (faults.has("crm: sign-in expires")) this.#sometime(() => this.#expire())
    if (faults.has("webhook: about an unknown lead"))
      this.#sometime(() => {
        faults.count("webhook: about an unknown lead")
        this.#world.sender.fire({ id: "404", status: dice.pick(statuses), fullName: "Nobody" })
      })
    kernel.at(this.#lengthMs, over)
  }

  #sometime(act: () => void, within = this.#lengthMs): void {
    const { dice, kernel } = this.#world
    kernel.at(dice.between(1, within), act)
  }
  /** Alone, or several times in a few seconds: what is quick in succession meets in the same lane. */
  #burst(act: () => void): void {
    const { dice, kernel } = this.#world
    const start = dice.between(1, this.#lengthMs)
    for (let turn = dice.pick([1, 1, 2, 3]); turn > 0; turn--) kernel.at(start + dice.between(0, 8000), act)
  }

  /** Staff change a lead while it is being read, and somebody asks for a pull at the same moment. */
  #changeDuringReads(): void {
    const { dice, faults, kernel, office, staff } = this.#world
    const { onCall } = this.#crm
    this.#crm.onCall = (call) => {
      onCall(call)
      const lead = this.#crm.leads.get(call.leads[0] ?? "")
      if (call.kind !== "read" || lead === undefined || !faults.isOn || !dice.chance(0.2)) return
      kernel.at(dice.between(500, 2000), () => {
        staff.move(lead)
        office.pull()
      })
    }
  }

  #crash(counted = true): void {
    this.#crashes += 1
    if (counted) this.#world.faults.count("host: crash")
    this.#world.host.crashSoon()
  }

  /** By seconds, as a time server would, or by up to a day, as a person may. */
  #setClock(): void {
    const { dice, faults, kernel } = this.#world
    faults.count("host: clock jumps")
    const reach = dice.pick([5000, 120_000, 3_600_000, 86_400_000])
    kernel.setClock(dice.between(-reach, reach))
  }

  #expire(): void {
    const { dice, faults, kernel, office } = this.#world
    faults.count("crm: sign-in expires")
    kernel.note("crm    the password has expired")
    this.#crm.signInWorks = false
    kernel.at(dice.between(1, 20) * minute, () => office.signIn())
  }
}
