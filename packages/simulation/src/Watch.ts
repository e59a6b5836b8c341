/**
 * Stands between the core and its stores, and checks what can be checked at every step: order in lanes, reads that may
 * not be applied, data that a hint may not change, outbound work without a local event, calls after a switch went off.
 *
 * It counts, besides, which rows of the merge table and which kinds of history came up.
 */
import type { Case, CaseEvent } from "@casewire/core/domain/Case"
import type { Connection } from "@casewire/core/domain/Connection"
import type { Job, JobId, NewJob } from "@casewire/core/domain/Job"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import { isStatusInboundEffective, type Toggles } from "@casewire/core/domain/Toggles"
import type { Database, Transaction } from "@casewire/core/memory/Database"
import { laneOf, occupiesLane } from "@casewire/core/memory/Jobs"
import type { Lease, Outcome } from "@casewire/core/ports/Queue"
import { type Call, type CrmMachine, type Fields, isWrite, type Lead } from "./CrmMachine.ts"
import { FieldWatch } from "./FieldWatch.ts"
import type { Kernel } from "./Kernel.ts"
import { fieldRows, listRows, type RowName } from "./Rows.ts"
import { readOf } from "./SimulatedCrm.ts"
import { type Gate, SwitchLog } from "./SwitchLog.ts"
import type { Words } from "./Words.ts"

export class Watch {
  readonly rows = new Map<RowName, number>()
  /** Push jobs by lead, in order of enqueue. */
  readonly pushes = new Map<string, Array<JobId>>()
  /** The push that a lead's state lane is doing. */
  readonly activePush = new Map<string, JobId>()
  readonly activeNote = new Map<string, JobId>()
  readonly written = new Map<JobId, number>()
  readonly fields: FieldWatch
  readonly events: Array<CaseEvent> = []
  /** When each receipt was stored by the world's time, whatever the host's clock said. */
  readonly receivedAt = new Map<string, number>()
  /** Ids of the local events that the platform sent. */
  isLocalEvent: (eventId: string) => boolean = () => false
  readonly #lanes = new Map<string, Array<JobId>>()
  readonly switches: SwitchLog
  /** Jobs that only a person may send on. */
  readonly #uncertain = new Set<JobId>()
  readonly #markers = new Set<string>()
  readonly #kernel: Kernel
  readonly #database: Database["Service"]
  readonly #crm: CrmMachine
  readonly #words: Words
  #connection: Connection | undefined
  #broken: (invariant: string, text: string) => void = () => {}
  /** Whether the read that is being applied has just beaten pushes that wait. */
  #isWon = false
  #applied = 0
  #pushed = 0
  #appliedAtSync = 0
  #pushedAtSync = 0

  constructor(kernel: Kernel, database: Database["Service"], crm: CrmMachine, words: Words) {
    this.#kernel = kernel
    this.#database = database
    this.#crm = crm
    this.#words = words
    this.switches = new SwitchLog(kernel)
    crm.onCall = (call) => this.#call(call)
    crm.onWrite = (call, lead, text) => this.#write(call, lead, text)
    crm.onAsked = (lead, what) => this.#asked(lead, what)
    this.fields = new FieldWatch(kernel, database, crm)
    crm.jobAt = (kind, lead) =>
      (kind === "addNote" ? this.activeNote : kind === "setStatus" ? this.activePush : this.fields.active).get(lead) ??
      "unknown"
  }

  row(name: RowName): void {
    this.rows.set(name, (this.rows.get(name) ?? 0) + 1)
  }

  /** After every step: health times move forward only, and only after a success that is stored; switches are timed. */
  step(id: string): void {
    const connection = this.#database.connections.get(id)
    if (connection === this.#connection || connection === undefined) return
    const before = this.#connection
    this.#connection = connection
    if (before?.toggles !== connection.toggles) this.switches.note(connection.toggles)
    if (before === undefined) return
    for (const key of ["lastSync", "lastStatusPull", "lastStatusPush", "lastWebhook"] as const) {
      const [was, is] = [before.health[key], connection.health[key]]
      if (was !== is && (is === null || is < (was ?? 0) || is > Math.max(this.#kernel.wall, this.#kernel.latestWall)))
        throw this.#kernel.violated("I-30", `${key} went from ${was} to ${is}`)
    }
    if (before.health.lastStatusPull !== connection.health.lastStatusPull) {
      if (this.#applied === this.#appliedAtSync)
        throw this.#kernel.violated("I-30", "lastStatusPull moved without a read that was stored")
      this.#appliedAtSync = this.#applied
    }
    if (before.health.lastStatusPush !== connection.health.lastStatusPush) {
      if (this.#pushed === this.#pushedAtSync)
        throw this.#kernel.violated("I-30", "lastStatusPush moved without a push that was stored")
      this.#pushedAtSync = this.#pushed
    }
  }

  /** Counts what came of list operations and imports, at the end of a run. */
  countRows(): void {
    for (const { row } of this.#database.runRows.values()) {
      if (row.verdict === "created") this.row("import: record of the past made a case")
      if (row.verdict === "unchanged" || row.verdict === "read-again") this.row("import: known record")
    }
    for (const { change } of this.#database.listEvents.values()) {
      const row = listRows[change]
      if (row !== undefined) this.row(row)
    }
  }

  /** A call begins at the CRM's door. */
  #call(call: Call): void {
    if (call.kind === "verify") return
    const off = (gate: Gate) => {
      if (this.switches.isLongOff(gate))
        throw this.#kernel.violated(
          gate === "enabled" ? "I-16" : "I-17",
          `call ${call.number} ${call.kind} began long after "${gate}" went off`
        )
    }
    off("enabled")
    if (call.kind === "changes") off("receive")
    if (isWrite(call.kind)) off("send")
    if (call.kind === "updateFields") for (const gate of ["receive", "sendFields"] as const) off(gate)
    if (call.kind === "setStatus") off("syncStatuses")
    if (call.kind === "addNote") {
      const job = this.#database.jobs.get(this.activeNote.get(call.leads[0]!)!)?.job
      if (job?.work._tag === "AddNote") off(job.work.source === "message" ? "sendMessages" : "sendCalls")
    }
  }

  /** A status or fields are about to leave: in the CRM's words, and nothing that nobody edited. */
  #asked(lead: string, what: string | Fields): void {
    if (typeof what !== "string") return this.fields.asked(lead, what)
    const work = this.#database.jobs.get(this.activePush.get(lead)!)?.job.work
    if (work?._tag === "PushStatus" && this.#words.written(work.target) !== what)
      throw this.#kernel.violated("I-14", `the edit ${work.target} of lead ${lead} is sent as ${what}`)
  }

  /** The CRM writes what we asked for. */
  #write(call: Call, lead: Lead, text: string): void {
    if (call.kind === "addNote") {
      if (lead.notes.some((note) => note.text === text))
        throw this.#kernel.violated("I-8", `a second copy of a note on lead ${lead.id}`)
      return
    }
    const job = this.#crm.jobOf(call)
    const mine = lead.changes.findLastIndex(({ by }) => !by.staff && by.job === job)
    if (mine >= 0 && !lead.changes.slice(mine + 1).some(({ by, status }) => by.staff || !sameStatus(status, text)))
      throw this.#kernel.violated("I-8", `job ${job} changed the status of lead ${lead.id} twice`)
    this.written.set(job as JobId, (this.written.get(job as JobId) ?? 0) + 1)
  }

  receiving(receiptId: string): void {
    this.receivedAt.set(receiptId, this.#kernel.now)
  }

  enqueued(jobs: ReadonlyArray<NewJob>): void {
    for (const job of jobs) {
      const lane = laneOf(job)
      const known = this.#lanes.get(lane)
      if (known === undefined) this.#lanes.set(lane, [job.id])
      else known.push(job.id)
      const { work } = job
      if (work._tag === "AddNote")
        for (const { marker, text } of work.parts) {
          if (this.#markers.has(marker) || text.split("\n").at(-1) !== marker)
            throw this.#kernel.violated(
              "I-11",
              `a part of a note on lead ${job.key} has no marker of its own at its end`
            )
          this.#markers.add(marker)
        }
      if (work._tag === "PushStatus") {
        const pushes = this.pushes.get(job.key) ?? []
        this.pushes.set(job.key, [...pushes, job.id])
      }
      const isOutbound = work._tag === "PushStatus" || work._tag === "AddNote" || work._tag === "PushFields"
      if (isOutbound && !this.isLocalEvent(work.eventId))
        throw this.#kernel.violated("I-13", `${work._tag} on lead ${job.key} without a local event`)
    }
  }

  /** A person sends these on. */
  released(ids: ReadonlyArray<JobId>): void {
    for (const id of ids) this.#uncertain.delete(id)
  }

  claimed(leases: ReadonlyArray<Lease>): void {
    for (const { fence, job } of leases) {
      this.#kernel.note(`queue  claims ${nameOf(job)} (claim ${fence}, attempt ${job.attempts})`)
      if (this.#uncertain.has(job.id))
        throw this.#kernel.violated("I-10", `${nameOf(job)} is uncertain and was taken up by itself`)
      const place = this.#database.jobs.get(job.id)!.sequence
      for (const id of this.#lanes.get(laneOf(job)) ?? []) {
        const other = this.#database.jobs.get(id)
        if (
          other !== undefined &&
          id !== job.id &&
          occupiesLane(other.job) &&
          (other.sequence < place || other.lease !== null)
        )
          throw this.#kernel.violated("I-12", `${nameOf(job)} began before ${nameOf(other.job)} left the lane`)
      }
      if (job.work._tag === "PushStatus") this.activePush.set(job.key, job.id)
      if (job.work._tag === "PushFields") this.fields.active.set(job.key, job.id)
      if (job.work._tag === "AddNote") this.activeNote.set(job.key, job.id)
    }
  }

  settled(lease: Lease, outcome: Outcome): void {
    const { job } = lease
    const reason = "reason" in outcome ? ` (${outcome.reason})` : ""
    this.#kernel.note(`queue  settles ${nameOf(job)} as ${outcome._tag}${reason}`)
    if (outcome._tag === "Uncertain") this.#uncertain.add(job.id)
    if (outcome._tag === "Done" && job.work._tag === "ReadCase") this.#applied += 1
    if (outcome._tag === "Skipped" && outcome.reason === "changed-since-plan") {
      this.row("resume: plan row, CRM changed, skipped")
      this.#isWon = true
    }
    if (outcome._tag === "Held" && job.work._tag === "PushStatus") this.row("push: sync not effective, held")
  }

  recorded(event: CaseEvent): void {
    this.#kernel.note(`case   ${event.kind}: ${event.before} -> ${event.after} because of ${tail(event.cause)}`)
    this.events.push(event)
    const fieldRow = fieldRows[event.kind]
    if (fieldRow !== undefined) this.row(fieldRow)
    if (event.kind === "field-applied") this.fields.applied(event)
    if (event.kind === "status-pushed") {
      this.#pushed += 1
      const isThere = !this.written.has(event.cause as JobId)
      if (this.#database.jobs.get(event.cause as JobId)?.job.reason === "replay")
        this.row(isThere ? "resume: plan row, already there" : "resume: plan row, CRM as the plan saw it, sent")
      else this.row(isThere ? "push: r = t, already there" : "push: r = bc, sent")
    }
    if (event.kind === "status-superseded") this.#superseded(event)
  }

  /** A local edit may lose to the CRM's staff, never to what we wrote there ourselves. */
  #superseded(event: CaseEvent): void {
    // The push that is being done found it out itself, or a read did for all that wait.
    if (this.#database.jobs.get(event.cause as JobId)?.lease !== null) this.row("push: r differs, CRM wins")
    else this.#isWon = true
    const lead = this.#crm.leads.get(this.#database.cases.get(event.caseId)!.externalId)
    const winner = lead?.changes.findLast(({ status }) => sameStatus(this.#words.shown(status), event.after))?.by
    if (winner === undefined || winner.staff) return
    const job = this.#database.jobs.get(winner.job as JobId)?.job
    if (job?.state === "done")
      throw this.#kernel.violated(
        "I-14",
        `our own ${nameOf(job)} beat the later edit ${event.before} of lead ${lead!.id}`
      )
  }

  /** What is rolled back was never so: checks of what is written throw when the transaction commits. */
  inside(tx: Transaction | null): void {
    this.#broken = (invariant, text) => {
      const broken = () => {
        throw this.#kernel.violated(invariant, text)
      }
      if (tx === null) broken()
      else tx.onCommit(broken)
    }
    this.fields.broken = this.#broken
  }

  saved(value: Case): void {
    const before = this.#database.cases.get(value.id)
    const [was, is] = [readOf(before), readOf(value)]
    if (before === undefined) {
      if (is === undefined && value.status.platform !== null)
        this.#broken("I-7", `a hint gave new case ${value.externalId} a status`)
      return
    }
    this.fields.saved(before, value, is === was ? undefined : this.#crm.calls.get(is ?? 0))
    const moved =
      !sameStatus(before.status.platform, value.status.platform) ||
      !sameStatus(before.status.baseCrm, value.status.baseCrm) ||
      !sameStatus(before.status.basePlatform, value.status.basePlatform)
    if (is !== undefined && is !== was) this.#readApplied(before, value, was, is, moved)
    else if (moved && before.verifiedAt !== null) this.#movedWithoutRead(before, value)
  }

  #readApplied(before: Case, value: Case, was: number | undefined, is: number, moved: boolean): void {
    const lead = value.externalId
    const isWon = this.#isWon
    this.#isWon = false
    const read = this.#crm.calls.get(is)!
    const earlier = was === undefined ? undefined : this.#crm.calls.get(was)!
    if (earlier !== undefined && earlier.startedIn > read.startedIn)
      this.#broken("I-4", `read ${is} of lead ${lead} was applied after the newer read ${was}`)
    const found = read.found.get(lead)!.status
    if (moved) this.#checkWrites(lead, read)
    const pending = this.#pendingPushes(lead)
    const target = pending.at(-1)?.work
    if (before.status.platform === null) this.row("read: first status of a case")
    else if (!moved) {
      if (!isStatusInboundEffective(this.#toggles) || !sameStatus(found, before.status.baseCrm))
        this.row("read: sync not effective, remembered")
      else this.row(pending.length > 0 ? "read: r = bc, push pending" : "read: r = bc, nothing pending")
    } else if (target?._tag === "PushStatus" && sameStatus(this.#words.written(target.target), found))
      this.row("read: r = t, settled")
    else if (isWon) this.row("read: r differs, push pending, CRM wins")
    else this.row("read: r differs, applied")
  }

  get #toggles(): Toggles {
    return this.#connection!.toggles
  }

  #pendingPushes(lead: string): ReadonlyArray<Job> {
    return (this.pushes.get(lead) ?? []).flatMap((id) => {
      const job = this.#database.jobs.get(id)?.job
      return job !== undefined && (occupiesLane(job) || job.state === "held") ? [job] : []
    })
  }

  /** A read may change a status only if it began after the last write to that lead ended, and none is open. */
  #checkWrites(lead: string, read: Call): void {
    for (const call of this.#crm.writesTo(lead)) {
      if (call.endedIn === null && call.owner === read.owner)
        this.#broken("I-4b", `read ${read.number} of lead ${lead} was applied while write ${call.number} was under way`)
      if (call.startedIn < read.startedIn && call.endedIn !== null && call.endedIn > read.startedIn)
        this.#broken("I-4b", `read ${read.number} of lead ${lead} began before write ${call.number} ended`)
      if (call.startedIn > read.startedIn)
        this.#broken("I-4b", `read ${read.number} of lead ${lead} is older than write ${call.number}`)
    }
  }

  #movedWithoutRead(before: Case, value: Case): void {
    // A plan's row that the CRM has gone past: the read before the push said so, and its value wins.
    if (this.#isWon) return void (this.#isWon = false)
    if (value.standing === "unverified") return this.row("hint: counted unverified")
    const active = this.#database.jobs.get(this.activePush.get(value.externalId)!)?.job.work
    const target = active?._tag === "PushStatus" ? active.target : undefined
    // The firm chose "from now on": each case moves its baselines when it is next looked at.
    const isRebased = before.statusEpoch !== value.statusEpoch
    // What the read found that the case came from may count a moment later than the read was stored.
    const found = this.#crm.calls.get(readOf(value) ?? 0)?.found.get(value.externalId)?.status
    const isFound = found !== undefined && sameStatus(found, value.status.baseCrm)
    // In the words of the side that the baseline is of.
    const wordsOf = (key: "baseCrm" | "basePlatform", crm: string) => (key === "baseCrm" ? crm : this.#words.shown(crm))
    if (isRebased) this.row("resume: baselines moved from now on")
    const moves = (key: "baseCrm" | "basePlatform") =>
      !isRebased &&
      !(isFound && sameStatus(value.status[key], wordsOf(key, found))) &&
      !sameStatus(before.status[key], value.status[key]) &&
      (target === undefined || !sameStatus(value.status[key], key === "baseCrm" ? this.#words.written(target) : target))
    if (moves("baseCrm") || moves("basePlatform"))
      this.#broken(
        "I-7",
        `a baseline of lead ${value.externalId} moved to ${value.status.baseCrm} without a read or a push`
      )
    if (!sameStatus(before.status.platform, value.status.platform) && !isFound && !this.mayEdit(value))
      this.#broken(
        "I-7",
        `the status of lead ${value.externalId} became ${value.status.platform} without a read or an edit`
      )
  }
  /** Whether somebody on the platform is giving the case this status. */
  mayEdit: (value: Case) => boolean = () => false
}

const tail = (id: string): string => (id.length === 36 ? `…${id.slice(9, 23)}` : id)

export const nameOf = (job: Pick<Job, "id" | "key" | "work">): string =>
  `${job.work._tag}${job.work._tag === "PushStatus" ? ` ${job.work.target}` : ""} ${tail(job.id)} of ${job.key}`
