/**
 * What the stored rows themselves must say at the end: no webhook was taken for another, nothing was kept that should
 * not be, and each item's fate can be told from the switches as they were.
 */
import type { Job } from "@casewire/core/domain/Job"
import type { World } from "./Run.ts"
import { isNotable } from "./SwitchLog.ts"

export const checkTraces = (
  world: World,
  jobs: ReadonlyArray<Job>,
  broken: (invariant: string, text: string) => void
): void => {
  const { database, office, sender, watch } = world
  const acknowledged = new Set(sender.acknowledged.map(({ receiptId }) => receiptId))
  const applied = new Set(jobs.flatMap(({ work }) => (work._tag === "ApplyReceipt" ? [work.receiptId] : [])))
  for (const { body, disposition, externalCaseId: lead, id, replayedAt } of database.receipts.values()) {
    if (disposition._tag !== "Accepted") continue
    // I-2: the answer was lost after the commit. That the sender's repeats do no harm is what every other check says.
    if (!acknowledged.has(id)) watch.row("webhook: stored, and never answered")
    // I-5: a copy is looked at like any other.
    if (replayedAt === null && !applied.has(id)) broken("I-5", `a receipt of lead ${lead} was never applied`)
    if (replayedAt !== null && /Client|New|Contacted|Signed|Declined/.test(body))
      broken("I-16", `an ignored receipt of lead ${lead} kept what it said`)
  }
  // I-19: what was held or dropped was so because of a switch that was off.
  for (const [eventId, { answer, since, until }] of office.events) {
    if (answer?._tag !== "Held" && answer?._tag !== "Dropped") continue
    const label = /^"(.+)" is off$/.exec(answer.reason)?.[1]
    if (label !== undefined && !watch.switches.wasOff(label, since, until))
      broken("I-19", `event ${eventId} is ${answer._tag} because "${label}" is off, and it was on`)
    if (label === undefined && answer._tag === "Held" && !isNotable(answer.reason))
      broken("I-19", `event ${eventId} is held for no reason that is known: ${answer.reason}`)
  }
}
