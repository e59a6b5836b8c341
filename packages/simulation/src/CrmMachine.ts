/**
 * The CRM as a machine of its own: leads, notes, staff who work in it, and calls that take time.
 *
 * A call's commit is an event of this machine: it happens, late perhaps, whether or not the caller is still alive to
 * hear the answer. Every call leaves what the checks need: when it began, when it looked or wrote, when it ended.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import {
  CrmAnswerInvalid,
  CrmAuthFailed,
  CrmNotFound,
  CrmOutcomeUnknown,
  CrmRateLimited,
  CrmRefused,
  CrmUnreachable
} from "@casewire/core/ports/Crm"
import type { Dice } from "./Dice.ts"
import type { Faults } from "./Faults.ts"
import type { Kernel, Owner } from "./Kernel.ts"

export type Reason = CrmError["reason"]
export type CallKind = "read" | "changes" | "notes" | "addNote" | "setStatus" | "updateFields" | "verify"
export const isWrite = (kind: CallKind): boolean =>
  kind === "addNote" || kind === "setStatus" || kind === "updateFields"

/** When the CRM is done at the latest with a request, counted from its start, whoever waits. */
export const lateCommitMs = 120_000
export const statuses = ["New", "Contacted", "Signed", "Declined"]
/** Who made a change: the firm's staff in the CRM, or the job of ours that asked for it. */
export type Author = { readonly staff: true } | { readonly staff: false; readonly job: string }

interface Change {
  readonly at: number
  readonly moment: number
  readonly status: string
  readonly by: Author
}
/** Further fields by their key; an empty text is an empty field. */
export type Fields = Readonly<Record<string, string>>

export interface Lead {
  readonly id: string
  readonly contactId: string
  status: string
  fullName: string
  fields: Fields
  /** Who wrote each field last. */
  readonly fieldAuthors: Map<string, Author>
  updatedAt: number
  /** When the firm's staff changed it last, to the millisecond. */
  editedAt: number
  /** Grows with every change of any lead; what a pull's cursor counts. */
  version: number
  gone: boolean
  refusesWrites: boolean
  readonly notes: Array<{ readonly id: string; readonly text: string; readonly at: number }>
  readonly changes: Array<Change>
}

export interface Call {
  readonly number: number
  readonly kind: CallKind
  readonly leads: ReadonlyArray<string>
  readonly owner: Owner
  readonly startedAt: number
  /** Moments count what happens at the CRM's door: they order what shares a millisecond. */
  readonly startedIn: number
  /** When it looked at the leads or wrote them; null before, and for ever where it did neither. */
  actedIn: number | null
  /** When the caller stopped waiting: by an answer, a time-out or its death. */
  endedIn: number | null
  answered: boolean
  /** What a read found, by lead. */
  readonly found: Map<string, { readonly status: string; readonly fullName: string; readonly fields: Fields }>
}

export type Answer<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly reason: Reason }

export class CrmMachine {
  readonly leads = new Map<string, Lead>()
  readonly calls = new Map<number, Call>()
  readonly inFlight = new Set<Call>()
  signInWorks = true
  /** Whether a pull gets to see what changed; else only webhooks tell. */
  feedsChanges = true
  /** What the world wants to know of: a lead changed, a call begins, a note or a status was written. */
  onChange: (lead: Lead, by: Author) => void = () => {}
  onCall: (call: Call) => void = () => {}
  onWrite: (call: Call, lead: Lead, text: string) => void = () => {}
  /** A status or fields are about to be written. */
  onAsked: (lead: string, what: string | Fields) => void = () => {}
  onFields: (call: Call, lead: Lead, fields: Fields) => void = () => {}
  /** Which job is writing to a lead now. */
  jobAt: (kind: CallKind, lead: string) => string = () => "unknown"
  readonly #kernel: Kernel
  readonly #dice: Dice
  readonly #faults: Faults
  readonly #latency: number
  readonly #jobs = new Map<number, string>()
  readonly #writes = new Map<string, Array<Call>>()
  readonly #fieldWrites = new Map<string, Array<Call>>()
  #moment = 0
  #version = 0
  #number = 0

  constructor(kernel: Kernel, dice: Dice, faults: Faults) {
    this.#kernel = kernel
    this.#dice = dice
    this.#faults = faults
    this.#latency = dice.pick([20, 200, 1500])
  }

  get version(): number {
    return this.#version
  }
  moment(): number {
    return ++this.#moment
  }

  /** `isPast`: it was there before anybody listened. */
  addLead(id: string, fullName: string, isPast = false): Lead {
    const lead: Lead = {
      id,
      contactId: `contact-${id}`,
      status: statuses[0]!,
      fullName,
      fields: {},
      fieldAuthors: new Map(),
      updatedAt: 0,
      editedAt: 0,
      version: 0,
      gone: false,
      refusesWrites: this.#faults.strikes("crm: lead refuses writes"),
      notes: [],
      changes: []
    }
    this.leads.set(id, lead)
    const { onChange } = this
    if (isPast) this.onChange = () => {}
    this.#touch(lead, { staff: true })
    this.onChange = onChange
    return lead
  }

  /** A change by the firm's staff. */
  edit(
    lead: Lead,
    change: { readonly status?: string; readonly fullName?: string; readonly gone?: boolean; readonly fields?: Fields }
  ): void {
    Object.assign(lead, { ...change, fields: { ...lead.fields, ...change.fields } })
    for (const key of Object.keys(change.fields ?? {})) lead.fieldAuthors.set(key, { staff: true })
    this.#kernel.note(`crm    staff changes lead ${lead.id}: ${JSON.stringify(change)}`)
    this.#touch(lead, { staff: true })
  }

  #touch(lead: Lead, by: Author, isStatus = true): void {
    lead.version = ++this.#version
    const precision = this.#faults.has("crm: times in whole seconds") ? 1000 : 1
    if (precision > 1) this.#faults.count("crm: times in whole seconds")
    lead.updatedAt = Math.floor(this.#kernel.now / precision) * precision
    if (by.staff) lead.editedAt = this.#kernel.now
    const last = lead.changes.at(-1)
    if (last?.status !== lead.status || (!by.staff && isStatus))
      lead.changes.push({ at: this.#kernel.now, moment: this.moment(), status: lead.status, by })
    this.onChange(lead, by)
  }

  /** Begins a call; answers later, or never. The caller says with `hangUp` that it waits no longer. */
  begin<A>(
    kind: CallKind,
    leads: ReadonlyArray<string>,
    owner: Owner,
    act: (call: Call) => Answer<A>,
    answer: (answer: Answer<A>) => void
  ): Call {
    const kernel = this.#kernel
    const call: Call = {
      number: ++this.#number,
      kind,
      leads,
      owner,
      startedAt: kernel.now,
      startedIn: this.moment(),
      actedIn: null,
      endedIn: null,
      answered: false,
      found: new Map()
    }
    this.calls.set(call.number, call)
    this.inFlight.add(call)
    kernel.note(`crm    call ${call.number} ${kind} ${leads.join(",")} begins`)
    if (isWrite(kind)) {
      const lead = leads[0]!
      this.#jobs.set(call.number, this.jobAt(kind, lead))
      if (kind === "setStatus") this.#writes.set(lead, [...this.writesTo(lead), call])
      if (kind === "updateFields") this.#fieldWrites.set(lead, [...this.fieldWritesTo(lead), call])
    }
    this.onCall(call)
    const travel = this.#dice.between(1, this.#latency)
    const commit = (): Answer<A> => {
      call.actedIn = this.moment()
      return act(call)
    }
    const reply = (result: Answer<A>, delay = this.#dice.between(1, this.#latency)) =>
      kernel.at(delay, () => {
        if (call.endedIn !== null) return
        kernel.note(
          `crm    call ${call.number} ${kind} ${leads.join(",")} answers ${result.ok ? "ok" : result.reason._tag}`
        )
        call.answered = true
        this.hangUp(call)
        answer(result)
      })
    const refuse = (reason: Reason) => void kernel.at(travel, () => reply({ ok: false, reason }))
    if (!this.signInWorks) {
      refuse(new CrmAuthFailed({ message: "sign-in refused" }))
    } else if (this.#fail(kind, travel, commit, reply, refuse)) {
      kernel.note(`crm    call ${call.number} ${kind} meets trouble`)
    } else {
      const slow = this.#faults.strikes("crm: slow answer") ? this.#dice.between(1000, 15_000) : undefined
      kernel.at(travel, () => reply(commit(), slow))
    }
    return call
  }

  /** Whether this call meets a fault, which then decides what comes of it. */
  #fail<A>(
    kind: CallKind,
    travel: number,
    commit: () => Answer<A>,
    reply: (answer: Answer<A>) => void,
    refuse: (reason: Reason) => void
  ): boolean {
    const { now } = this.#kernel
    const faults = this.#faults
    const writes = isWrite(kind)
    const fail = (reason: Reason): Answer<A> => ({ ok: false, reason })
    if (faults.strikes("crm: 429 with Retry-After"))
      refuse(new CrmRateLimited({ until: now + this.#dice.between(1000, 60_000) }))
    else if (faults.strikes("crm: 429 without Retry-After")) refuse(new CrmRateLimited({ until: null }))
    else if (faults.strikes("crm: connection refused")) refuse(new CrmUnreachable({ message: "connection refused" }))
    else if (faults.strikes("crm: 500 before commit"))
      refuse(writes ? new CrmOutcomeUnknown({ message: "500" }) : new CrmUnreachable({ message: "500" }))
    else if (faults.strikes("crm: unreadable answer"))
      this.#kernel.at(travel, () => {
        commit()
        reply(fail(new CrmAnswerInvalid({ message: "not XML" })))
      })
    else if (writes && faults.strikes("crm: 500 after commit"))
      this.#kernel.at(travel, () => {
        commit()
        reply(fail(new CrmOutcomeUnknown({ message: "500" })))
      })
    else if (writes && faults.strikes("crm: answer lost after commit")) this.#kernel.at(travel, commit)
    else if (writes && faults.strikes("crm: late commit"))
      this.#kernel.at(this.#dice.between(1000, lateCommitMs - 1), commit)
    else if (kind === "read" && faults.strikes("crm: answer about another lead"))
      refuse(new CrmAnswerInvalid({ message: "wrong record" }))
    else return false
    return true
  }

  /** The job that asked for a write. */
  jobOf(call: Call): string {
    return this.#jobs.get(call.number) ?? "unknown"
  }
  /** Status writes to a lead, in order of their start. */
  writesTo(lead: string): ReadonlyArray<Call> {
    return this.#writes.get(lead) ?? []
  }
  /** The same of writes to its fields. */
  fieldWritesTo(lead: string): ReadonlyArray<Call> {
    return this.#fieldWrites.get(lead) ?? []
  }

  hangUp(call: Call): void {
    call.endedIn ??= this.moment()
    this.inFlight.delete(call)
  }
  /** The caller's process died: nobody hears the answers, what is under way goes on. */
  forget(owner: Owner): void {
    for (const call of this.inFlight) if (call.owner === owner) this.hangUp(call)
  }

  setStatus(call: Call, id: string, status: string): Answer<{}> {
    const lead = this.leads.get(id)
    const refusal = this.#refusal(lead)
    if (refusal !== undefined) return refusal
    if (!statuses.includes(status)) return { ok: false, reason: new CrmRefused({ message: "no such status" }) }
    lead!.status = status
    this.#kernel.note(`crm    call ${call.number} commits: lead ${id} is ${status}`)
    this.onWrite(call, lead!, status)
    this.#touch(lead!, { staff: false, job: this.jobOf(call) })
    return { ok: true, value: {} }
  }

  setFields(call: Call, id: string, fields: Fields): Answer<{}> {
    const lead = this.leads.get(id)
    const refusal = this.#refusal(lead)
    if (refusal !== undefined) return refusal
    this.#kernel.note(`crm    call ${call.number} commits: lead ${id} gets ${JSON.stringify(fields)}`)
    this.onFields(call, lead!, fields)
    const by: Author = { staff: false, job: this.jobOf(call) }
    lead!.fields = { ...lead!.fields, ...fields }
    for (const key of Object.keys(fields)) lead!.fieldAuthors.set(key, by)
    this.#touch(lead!, by, false)
    return { ok: true, value: {} }
  }

  addNote(call: Call, id: string, text: string): Answer<{ readonly externalId: string }> {
    const lead = this.leads.get(id)
    const refusal = this.#refusal(lead)
    if (refusal !== undefined) return refusal
    const note = { id: `note-${call.number}`, text, at: this.#kernel.now }
    this.onWrite(call, lead!, text)
    lead!.notes.push(note)
    this.#kernel.note(`crm    call ${call.number} commits: a note on lead ${id}`)
    return { ok: true, value: { externalId: note.id } }
  }

  #refusal(lead: Lead | undefined): Answer<never> | undefined {
    if (lead === undefined || lead.gone) return { ok: false, reason: new CrmNotFound({ message: "no such lead" }) }
    return lead.refusesWrites ? { ok: false, reason: new CrmRefused({ message: "the lead is locked" }) } : undefined
  }
}
