/**
 * The second phase of a run: no faults, every switch on, people decide what waits for them, and the system must come
 * to rest by itself within two days.
 */
import { isCatchUpDue } from "@casewire/core/CatchUp"
import { isAsked } from "@casewire/core/domain/StatusResume"
import type { Job } from "@casewire/core/domain/Job"
import { connectionId } from "./Office.ts"
import type { World } from "./Run.ts"

const limitMs = 48 * 3_600_000
const lookEveryMs = 15_000

export class Calm {
  isOver = false
  readonly #world: World
  #since = 0
  #pullsBefore: ReadonlySet<string> = new Set()
  #replays = 0

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { crm, dice, faults, kernel } = this.#world
    this.#since = kernel.now
    faults.isOn = false
    this.#pullsBefore = new Set(this.#pulls().map(({ id }) => id))
    // Somebody sets the clock right, or nobody notices.
    if (dice.chance(0.5)) kernel.setClock(0)
    crm.signInWorks = true
    for (const lead of crm.leads.values()) lead.refusesWrites = false
    kernel.note("------ the storm is over")
    this.#look()
  }

  #pulls(): ReadonlyArray<Job> {
    return this.#world.database.jobs.values().flatMap(({ job }) => (job.work._tag === "Pull" ? [job] : []))
  }

  #look(): void {
    const { kernel } = this.#world
    if (this.#isAtRest()) this.isOver = true
    else if (kernel.now - this.#since > limitMs) throw kernel.violated("I-9", "still not at rest after 48 hours")
    else kernel.at(lookEveryMs, () => this.#look())
  }

  /** Looks whether anything is left to do, and has people do the next thing that is theirs. */
  #isAtRest(): boolean {
    const { crm, database, dice, host, importer, office, sender } = this.#world
    if (office.pending > 0 || !host.isUp || crm.inFlight.size > 0) return false
    const connection = database.connections.get(connectionId)!
    if (connection.state !== "connected") office.signIn()
    else if (Object.values(connection.toggles).includes(false)) office.allOn()
    else if (importer.isPaused) importer.goOn()
    else if (sender.pending > 0) return false
    else {
      const jobs = database.jobs.values().map(({ job }) => job)
      const states = new Set(jobs.map(({ state }) => state))
      if (states.has("queued") || states.has("sending") || states.has("retry") || isCatchUpDue(connection)) return false
      const isLost = jobs.some(
        ({ state, work }) => state === "dead" && work._tag !== "AddNote" && work._tag !== "PushStatus"
      )
      if (isAsked(connection) || states.has("held")) {
        if (!isAsked(connection)) office.allOn()
        office.resume(dice.chance(0.5) ? "replay" : "from now on")
      } else if (this.#replays < 2 && (isLost || (this.#replays === 0 && dice.chance(0.3)))) {
        this.#replays += 1
        office.replayDead()
      } else
        return (
          // What no webhook announced is known after the next pull, and its tick makes good what else was missed.
          this.#pulls().some(({ id, state }) => state === "done" && !this.#pullsBefore.has(id))
        )
    }
    return false
  }
}
