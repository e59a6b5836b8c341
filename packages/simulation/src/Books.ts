/**
 * What must be true when everything is at rest: nothing acknowledged is lost, both sides agree or somebody is told why
 * not, every operation took effect exactly once or can be seen.
 */
import type { Case } from "@casewire/core/domain/Case"
import type { Job } from "@casewire/core/domain/Job"
import { copyMark } from "@casewire/core/domain/KeptNames"
import { rebased } from "@casewire/core/domain/StatusResume"
import { sameField } from "@casewire/core/domain/FieldSync"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import type { Lead } from "./CrmMachine.ts"
import { fieldMap } from "./FieldMap.ts"
import { connectionId } from "./Office.ts"
import type { World } from "./Run.ts"
import { readOf } from "./SimulatedCrm.ts"
import { checkTraces } from "./Traces.ts"
import { nameOf } from "./Watch.ts"
import { agrees } from "./Words.ts"

export const checkBooks = (world: World): void => {
  const jobs = world.database.jobs.values().map(({ job }) => job)
  const broken = (invariant: string, text: string): void => {
    world.kernel.violated(invariant, text)
  }
  checkReceipts(world, broken)
  checkOperations(world, jobs, broken)
  checkEdits(world, jobs, broken)
  checkConvergence(world, jobs, broken)
  checkLists(world, jobs, broken)
  checkTraces(world, jobs, broken)
  world.importer.check(broken)
  if (world.story.mapped) checkFields(world, jobs, broken)
}

/** Why a local edit may end unsent: a person chose so, or the CRM went on since the plan. The sides may differ then. */
const decisions = new Set(["from-now-on", "not-replayable"])

type Broken = (invariant: string, text: string) => void

const caseOf = (world: World, lead: string): Case | undefined =>
  world.database.cases.values().find(({ externalId }) => externalId === lead)

/** I-1, I-3, I-16: what was acknowledged is there, and was followed by a read that began after it. */
const checkReceipts = (world: World, broken: Broken): void => {
  const { crm, database, sender } = world
  for (const { lead, receiptId } of sender.acknowledged)
    if (database.receipts.get(receiptId) === undefined) broken("I-1", `an acknowledged receipt of lead ${lead} is gone`)
  for (const receipt of database.receipts.values()) {
    const { disposition, externalCaseId: lead } = receipt
    const receivedAt = world.watch.receivedAt.get(receipt.id) ?? 0
    if (disposition._tag === "Ignored")
      broken("I-16", `an ignored receipt of lead ${lead} was not taken up when the switch went on`)
    if (disposition._tag !== "Accepted" || lead === null) continue
    const known = caseOf(world, lead)
    const crmLead = crm.leads.get(lead)
    if (crmLead === undefined || crmLead.gone) {
      const toldOf = crmLead === undefined || receivedAt >= crmLead.editedAt
      if (toldOf && known !== undefined && known.standing !== "quarantined" && known.standing !== "missing")
        broken("I-7", `lead ${lead} is not in the CRM and its case stands as ${known.standing}`)
      continue
    }
    if (known === undefined) {
      broken("I-1", `a receipt of lead ${lead} made no case`)
      continue
    }
    const read = crm.calls.get(readOf(known) ?? 0)
    const hasNewer =
      (read !== undefined && read.startedAt >= receivedAt) ||
      crm.writesTo(lead).some(({ startedAt }) => startedAt >= receivedAt)
    if (!hasNewer) broken("I-3", `no read of lead ${lead} began after the receipt of ${receivedAt}`)
    if (known.dirtySince !== null) broken("I-3", `lead ${lead} is still marked for reading`)
    if (known.reported !== null && known.standing === "verified")
      broken("I-3", `lead ${lead} still shows a reported status`)
  }
}

/** I-8, I-9: every operation ended and can be seen, and what is done is in the CRM once. */
const checkOperations = (world: World, jobs: ReadonlyArray<Job>, broken: Broken): void => {
  const { crm, office } = world
  const byEvent = Map.groupBy(
    jobs.filter(({ work }) => ["AddNote", "PushStatus", "PushFields"].includes(work._tag)),
    ({ work }) => ("eventId" in work ? work.eventId : "")
  )
  for (const [eventId, { answer, event, lead }] of office.events) {
    const of = byEvent.get(eventId) ?? []
    if (of.length > 1) broken("I-8", `event ${eventId} began ${of.length} operations`)
    if ((answer?._tag === "Queued" || answer?._tag === "Held") && of.length === 0)
      broken("I-9", `event ${eventId} has no job`)
    const [job] = of
    if (event._tag === "StatusChanged" || event._tag === "FieldsChanged") continue
    const notes =
      crm.leads.get(lead)?.notes.filter(({ text }) => text.includes(`${eventId}:`) || text.includes(`${eventId}.`)) ??
      []
    if (answer?._tag === "Dropped" && notes.length > 0) broken("I-17", `event ${eventId} was dropped and is in the CRM`)
    if (job?.state !== "done" || job.work._tag !== "AddNote") continue
    for (const [index, { text }] of job.work.parts.entries()) {
      const copies = crm.leads.get(lead)!.notes.filter((note) => note.text === text).length
      if (copies !== 1)
        broken(copies > 1 ? "I-8" : "I-9", `part ${index + 1} of ${nameOf(job)} is in the CRM ${copies} times`)
    }
  }
  for (const job of jobs) {
    const isVisible = ["done", "dead", "uncertain", "held", "skipped"].includes(job.state)
    if (!isVisible) broken("I-9", `${nameOf(job)} is still ${job.state}`)
    if (job.state === "dead" && job.reason === null) broken("I-27", `${nameOf(job)} is dead without a reason`)
  }
}

/** I-13, I-14: no more pushes than edits; every edit that lost is listed. */
const checkEdits = (world: World, jobs: ReadonlyArray<Job>, broken: Broken): void => {
  const { office, watch } = world
  const edits = [...office.events.values()].filter(({ event }) => event._tag === "StatusChanged").length
  if (watch.written.size > edits) broken("I-13", `${watch.written.size} pushes for ${edits} local edits`)
  const fieldEdits = [...office.events.values()].filter(({ event }) => event._tag === "FieldsChanged").length
  if (watch.fields.written.size > fieldEdits)
    broken("I-13", `${watch.fields.written.size} field pushes for ${fieldEdits} local edits`)
  const events = world.database.events.values().map(({ event }) => event)
  for (const job of jobs) {
    if (job.work._tag !== "PushStatus") continue
    const has = (kind: string) => events.some((event) => event.kind === kind && event.cause === job.id)
    if (job.state === "done" && !has("status-pushed"))
      broken("I-14", `${nameOf(job)} is done and its push is not in the history`)
    const isDecided = decisions.has(job.reason ?? "") || job.reason === "overtaken-by-a-newer-value"
    if (job.state === "skipped" && !isDecided && !has("status-superseded"))
      broken("I-14", `${nameOf(job)} lost and is not listed as superseded`)
  }
}

/** I-3: at rest both sides hold the same, or something that people can see explains why not. */
const checkConvergence = (world: World, jobs: ReadonlyArray<Job>, broken: Broken): void => {
  for (const lead of world.crm.leads.values()) {
    const known = caseOf(world, lead.id)
    if (lead.gone || !isCovered(world, lead)) continue
    if (known === undefined) {
      broken("I-3", `lead ${lead.id} has no case`)
      continue
    }
    const open = jobs.some(
      ({ key, reason, state, work }) =>
        key === lead.id &&
        (work._tag === "PushStatus"
          ? state === "held" ||
            state === "dead" ||
            state === "uncertain" ||
            (state === "skipped" && decisions.has(reason ?? ""))
          : (work._tag === "ReadCase" || work._tag === "ApplyReceipt") && state === "dead")
    )
    if (open || isApartOnPurpose(world, known, lead)) continue
    if (!agrees(world.story.words, known.status.platform, lead.status))
      broken("I-3", `lead ${lead.id} is ${lead.status} in the CRM and ${known.status.platform} here`)
    if (!sameStatus(known.status.baseCrm, lead.status))
      broken("I-3", `the baseline of lead ${lead.id} is ${known.status.baseCrm}, the CRM holds ${lead.status}`)
    const client = world.database.clients.get(known.clientId)
    if (client?.fullName !== lead.fullName)
      broken("I-3", `the client of lead ${lead.id} is ${lead.fullName} in the CRM and ${client?.fullName} here`)
  }
}

/**
 * I-3, I-15: at rest each mapped field is the same on both sides, or the edit that was not sent is there to be seen. A
 * field that only comes in is the CRM's; one that only goes out was written or is waiting.
 */
const checkFields = (world: World, jobs: ReadonlyArray<Job>, broken: Broken): void => {
  for (const lead of world.crm.leads.values()) {
    const known = caseOf(world, lead.id)
    if (lead.gone || known === undefined || known.standing !== "verified" || !isCovered(world, lead)) continue
    const isStuck = jobs.some(
      ({ key, state, work }) =>
        key === lead.id &&
        (work._tag === "ReadCase" || work._tag === "ApplyReceipt" || work._tag === "PushFields") &&
        (state === "dead" || state === "uncertain" || state === "held")
    )
    if (isStuck) continue
    for (const { crmKey, direction, platformField } of fieldMap) {
      const value = known.values[platformField]
      const theirs = lead.fields[crmKey] ?? ""
      const ours = value?.platform ?? ""
      if (sameField(ours, theirs)) continue
      const isEdited = value !== undefined && !sameField(value.platform, value.basePlatform)
      const wasDropped = [...world.office.events.values()].some(
        ({ answer, event, lead: of }) =>
          of === lead.id &&
          event._tag === "FieldsChanged" &&
          platformField in event.fields &&
          (answer?._tag === "Dropped" || hasEndedUnsent(jobs, event.eventId))
      )
      if (isEdited && wasDropped) continue
      // What only goes out leaves the CRM's own later value alone.
      if (direction === "to" && !isEdited && sameField(value?.baseCrm ?? null, theirs)) continue
      broken("I-3", `field ${platformField} of lead ${lead.id} is "${theirs}" in the CRM and "${ours}" here`)
    }
  }
}

/** The first answer may have been lost: a dropped event is known by then, and has no job. */
const hasEndedUnsent = (jobs: ReadonlyArray<Job>, id: string): boolean => {
  const job = jobs.find(({ work }) => work._tag === "PushFields" && work.eventId === id)
  return job === undefined || job.state === "skipped"
}

/** I-6: whom a person or the latest receipt took off the list is off it; a copy counts as the receipt it copies. */
const checkLists = (world: World, jobs: ReadonlyArray<Job>, broken: Broken): void => {
  const { database, office } = world
  const applied = new Set(
    jobs.flatMap(({ state, work }) =>
      state !== "done"
        ? []
        : work._tag === "ApplyReceipt"
          ? [work.receiptId]
          : work._tag === "ReadCase"
            ? (work.receipts ?? [])
            : []
    )
  )
  for (const { caseId, isMember } of database.memberships.values()) {
    if (!isMember) continue
    const lead = database.cases.get(caseId)!.externalId
    if (office.takenOff.has(lead)) broken("I-6", `a person took lead ${lead} off the list and it is on it again`)
    const receipts = database.receipts
      .values()
      .filter(({ externalCaseId, id }) => externalCaseId === lead && applied.has(id))
      .sort((a, b) => a.receiveNumber - b.receiveNumber)
    const first = new Map<string, string>()
    for (const receipt of receipts) if (!first.has(copyMark(receipt))) first.set(copyMark(receipt), receipt.body)
    const last = [...first.values()].filter((body) => body.includes("list_action")).at(-1)
    if (last?.includes("remove") === true)
      broken("I-6", `the last receipt took lead ${lead} off the list and it is on it`)
  }
}

/** After "from now on" the sides may differ until one of them changes. */
const isApartOnPurpose = (world: World, known: Case, lead: Lead): boolean => {
  const connection = world.database.connections.get(connectionId)!
  if (connection.statusEpoch === undefined) return false
  const { baselinePending, status } = rebased(connection, known)
  if (baselinePending === true) return true
  return sameStatus(status.baseCrm, lead.status) && sameStatus(status.basePlatform, status.platform)
}

/** Whether the host could know the lead's present state: a pull shows it, or a webhook came after the last change by staff. */
const isCovered = (world: World, lead: Lead): boolean => {
  if (world.crm.feedsChanges) return true
  return world.database.receipts
    .values()
    .some(
      ({ disposition, externalCaseId, id }) =>
        externalCaseId === lead.id &&
        disposition._tag === "Accepted" &&
        (world.watch.receivedAt.get(id) ?? 0) >= lead.editedAt
    )
}
