/** What must hold once the load is over and everything that was accepted has been worked off. */
import { quiescent, type World } from "../harness/World.ts"
import type { Load } from "./Load.ts"

export const verdict = async (
  world: World,
  connectionId: string,
  load: Load,
  /** How often 40 seconds are waited for what is still under way. */
  rounds = 4
): Promise<{ readonly figures: Record<string, number>; readonly failures: ReadonlyArray<string> }> => {
  const failures: Array<string> = []
  const began = performance.now()
  for (let round = 0; round < rounds; round++) {
    try {
      await quiescent(world, connectionId)
      break
    } catch (error) {
      if (round === rounds - 1)
        failures.push(`work is still waiting: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const drainMs = Math.round(performance.now() - began)

  const stored = new Map<string, string>()
  for (let before = ""; ;) {
    const { body } = await world.api("GET", `/receipts?connectionId=${connectionId}&limit=200${before}`)
    for (const receipt of body.receipts) stored.set(receipt.id, receipt.disposition)
    if (body.receipts.length < 200) break
    before = `&before=${body.receipts.at(-1).id}`
  }
  const lost = [...load.acknowledged].filter((id) => stored.get(id) !== "accepted")
  if (lost.length > 0) failures.push(`${lost.length} acknowledged webhooks are not in the store`)

  const unfinished = await world.api(
    "GET",
    `/jobs?connectionId=${connectionId}&states=dead&states=uncertain&states=held&states=skipped&limit=1000`
  )
  if (unfinished.body.jobs.length > 0)
    failures.push(`${unfinished.body.jobs.length} jobs did not end as done: ${JSON.stringify(unfinished.body.jobs[0])}`)

  const state = await world.state()
  const leads = new Map<string, { status: string }>()
  const notes: Array<string> = []
  for (const lead of state.leads) {
    leads.set(String(lead.leadId), lead)
    for (const note of lead.notes) if (note.category === "Client Communications") notes.push(note.text)
  }
  const copies = [...load.notes].map(([eventId, text]) => ({
    eventId,
    text,
    found: notes.filter((note) => note.includes(text)).length
  }))
  const missing = copies.filter(({ found }) => found === 0)
  const doubled = copies.filter(({ found }) => found > 1)
  for (const [what, list] of [
    ["missing from the CRM", missing],
    ["in the CRM more than once", doubled]
  ] as const)
    if (list.length > 0) failures.push(`${list.length} notes are ${what}: ${list.map(describe(notes)).join(", ")}`)

  // Staff may have changed a status after its lead's last webhook, and such a case is right as of that webhook. So each
  // lead is told once more before the two sides are compared.
  for (const leadId of load.leadIds) await load.tell(leadId, "New Lead")
  await quiescent(world, connectionId)
  const { body } = await world.api("GET", `/cases?connectionId=${connectionId}&limit=200`)
  const wrong = body.cases.filter(
    (each: { externalId: string; standing: string; dirtySince: string | null; status: { value: string } }) =>
      each.standing !== "verified" ||
      each.dirtySince !== null ||
      sameStatus(each.status.value) !== sameStatus(leads.get(each.externalId)?.status)
  )
  if (wrong.length > 0 || body.cases.length !== load.leadIds.length)
    failures.push(`${wrong.length} of ${body.cases.length} cases do not hold what the CRM holds`)
  const figures = {
    acknowledged: load.acknowledged.size,
    refused: load.refused,
    receipts: stored.size,
    notes: load.notes.size,
    cases: body.cases.length,
    drainMs
  }
  return { figures, failures }
}

/** The CRM decorates its status names; compared without case, spaces and marks. */
const sameStatus = (name: string | undefined): string | undefined =>
  name
    ?.replace(/\(default\)|\*/gi, "")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase()

/** The event, and what the markers say: one marker twice is a repeat that was not recognised, two are two operations. */
const describe =
  (notes: ReadonlyArray<string>) =>
  ({ eventId, text }: { readonly eventId: string; readonly text: string }): string => {
    const markers = notes.filter((note) => note.includes(text)).map((note) => note.split("\n").at(-1))
    return `${eventId} (${markers.join(" and ")})`
  }
