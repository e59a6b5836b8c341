/**
 * One seed from start to verdict: a storm in which people, staff, webhooks and faults act at random, then a calm
 * without faults and with every switch on, until nothing is left to do. Then the books are checked.
 */
import { Database } from "@casewire/core/memory/Database"
import { checkBooks } from "./Books.ts"
import { Calm } from "./Calm.ts"
import { CrmMachine } from "./CrmMachine.ts"
import type { Defect } from "./Defect.ts"
import { Dice } from "./Dice.ts"
import { type FaultName, Faults } from "./Faults.ts"
import { connect } from "./Firm.ts"
import { Host } from "./Host.ts"
import { Importer } from "./Importer.ts"
import { Kernel } from "./Kernel.ts"
import { connectionId, Office } from "./Office.ts"
import { Sender } from "./Sender.ts"
import { Staff } from "./Staff.ts"
import { Storm } from "./Storm.ts"
import { type Story, storyOf } from "./Story.ts"
import type { Violation } from "./Violation.ts"
import type { RowName } from "./Rows.ts"
import { Watch } from "./Watch.ts"

export interface Verdict {
  readonly seed: number
  readonly violation: Violation | undefined
  readonly hash: () => string
  readonly lines: ReadonlyArray<string>
  readonly faultsOn: ReadonlyArray<FaultName>
  readonly faults: ReadonlyMap<FaultName, number>
  readonly rows: ReadonlyMap<RowName, number>
  readonly simulatedMs: number
  readonly steps: number
}

/** More steps than any run needs: whoever takes them goes round in circles. */
const maxSteps = 400_000

/** Everything that a run is made of; each machine throws its own dice. */
export interface World {
  readonly kernel: Kernel
  readonly dice: Dice
  readonly faults: Faults
  readonly crm: CrmMachine
  readonly database: Database["Service"]
  readonly watch: Watch
  readonly host: Host
  readonly office: Office
  readonly sender: Sender
  readonly staff: Staff
  readonly importer: Importer
  readonly story: Story
  /** Whether leads are changed, and pulled, just while they are read. */
  readonly changesDuringReads: boolean
}

const makeWorld = (seed: number, defect: Defect | undefined): World => {
  const kernel = new Kernel(new Dice(seed, 1))
  const dice = new Dice(seed, 2)
  const faults = new Faults(new Dice(seed, 3), defect?.favours)
  const crm = new CrmMachine(kernel, new Dice(seed, 4), faults)
  const database = Database.make()
  const story = { ...storyOf(new Dice(seed, 8)), ...defect?.story }
  const watch = new Watch(kernel, database, crm, story.words)
  crm.feedsChanges = dice.chance(0.6)
  const host = new Host({ kernel, crm, database, faults, dice: new Dice(seed, 5), watch, defect })
  const staff = new Staff(crm, dice, faults, story.mapped)
  const office = new Office({ kernel, dice: new Dice(seed, 6), faults, host, crm, staff, story })
  const sender = new Sender(kernel, new Dice(seed, 7), faults, host, crm)
  watch.isLocalEvent = (eventId) => office.events.has(eventId)
  watch.mayEdit = ({ externalId, status }) =>
    [...office.events.values()].some(
      ({ event, lead }) => lead === externalId && event._tag === "StatusChanged" && event.status === status.platform
    )
  return {
    kernel,
    dice,
    faults,
    crm,
    database,
    watch,
    host,
    office,
    sender,
    staff,
    importer: new Importer({ kernel, dice: new Dice(seed, 9), host, crm, office }),
    story,
    changesDuringReads: defect?.changesDuringReads === true
  }
}

export const run = (seed: number, defect?: Defect): Verdict => {
  const world = makeWorld(seed, defect)
  const { database, faults, host, kernel, watch } = world
  const begun = kernel.now
  connect(database, begun, world.story)
  host.start()
  const calm = new Calm(world)
  new Storm(world).begin(() => calm.begin())
  try {
    while (kernel.violation === undefined && !calm.isOver && kernel.step()) {
      host.step()
      watch.step(connectionId)
      if (kernel.steps > maxSteps) kernel.violated("I-9", `still busy after ${maxSteps} steps`)
    }
    watch.countRows()
    if (kernel.violation === undefined) checkBooks(world)
  } catch (thrown) {
    if (kernel.violation === undefined) throw thrown
  }
  return {
    seed,
    violation: kernel.violation,
    hash: () => kernel.hash(),
    lines: kernel.lines,
    faultsOn: faults.names,
    faults: faults.counts,
    rows: watch.rows,
    simulatedMs: kernel.now - begun,
    steps: kernel.steps
  }
}
