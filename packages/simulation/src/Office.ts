/**
 * The people on our side: they edit statuses, send messages, talk on the phone, flip switches, sign in again and
 * decide how status sync resumes. What got no answer they do again, under the same event id.
 */
import { type Case, CaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import type { JobId } from "@casewire/core/domain/Job"
import { FirmId } from "@casewire/core/domain/Ids"
import { ListId } from "@casewire/core/domain/List"
import { PlatformEvent } from "@casewire/core/domain/PlatformEvent"
import { isAsked } from "@casewire/core/domain/StatusResume"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Lists } from "@casewire/core/Lists"
import { Outbox, type OutboxAnswer } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Setup } from "@casewire/core/Setup"
import { StatusResume } from "@casewire/core/StatusResume"
import { Effect, Exit, Stream } from "effect"
import { type CrmMachine, statuses } from "./CrmMachine.ts"
import type { Dice } from "./Dice.ts"
import type { Faults } from "./Faults.ts"
import { fieldValues } from "./FieldMap.ts"
import type { Host, HostServices } from "./Host.ts"
import type { Kernel } from "./Kernel.ts"
import type { Staff } from "./Staff.ts"
import type { Story } from "./Story.ts"

export const firmId = FirmId.make("firm-1")
export const listId = ListId.make("list-1")
export const connectionId = ConnectionId.make("connection-1")

export const allOn: Toggles = {
  enabled: true,
  receive: true,
  send: true,
  sendFields: true,
  sendMessages: true,
  sendCalls: true,
  sendDocuments: true,
  syncStatuses: true
}
const switches = ["enabled", "receive", "send", "sendFields", "sendMessages", "sendCalls", "syncStatuses"] as const

export interface LocalEvent {
  readonly event: PlatformEvent
  readonly lead: string
  answer: OutboxAnswer | undefined
  /** From the last try to its answer. */
  since: number
  until: number
}

export class Office {
  /** What people are about to do again. */
  pending = 0
  /** Leads whose cases a person has taken off the list. */
  readonly takenOff = new Set<string>()
  readonly events = new Map<string, LocalEvent>()
  readonly #kernel: Kernel
  readonly #dice: Dice
  readonly #faults: Faults
  readonly #host: Host
  readonly #crm: CrmMachine
  readonly #staff: Staff
  readonly #story: Story
  #toggles: Toggles = allOn

  constructor(options: {
    readonly kernel: Kernel
    readonly dice: Dice
    readonly faults: Faults
    readonly host: Host
    readonly crm: CrmMachine
    readonly staff: Staff
    readonly story: Story
  }) {
    this.#kernel = options.kernel
    this.#dice = options.dice
    this.#faults = options.faults
    this.#host = options.host
    this.#crm = options.crm
    this.#staff = options.staff
    this.#story = options.story
  }

  /** Does it until it is answered. */
  insist<A, E>(
    what: string,
    effect: Effect.Effect<A, E, HostServices>,
    done: (value: A) => void = () => {},
    failed: () => void = () => {}
  ): void {
    this.pending += 1
    const again = () => {
      failed()
      this.#kernel.at(this.#dice.between(500, 20_000), attempt)
    }
    const attempt = () => {
      this.#kernel.note(`office ${what}`)
      this.#host.request(
        effect,
        (exit) => {
          if (Exit.isFailure(exit)) return again()
          this.pending -= 1
          this.#kernel.note(`office ${what}: answered`)
          done(exit.value)
        },
        again
      )
    }
    attempt()
  }

  act(): void {
    const known = this.#host.database.cases.values()
    if (known.length === 0) return
    const of = this.#dice.pick(known)
    const choice = this.#dice.next()
    if (this.#story.mapped && this.#dice.chance(this.#story.wavers ? 0.8 : 0.35)) this.#editFields(of)
    else if (choice < 0.45) this.#editStatus(of)
    else if (choice < 0.53) this.pull()
    else if (choice < 0.57) this.#takeOffList(of)
    else if (choice < 0.85) this.#say(of)
    else this.#call(of)
  }

  #send(of: Case, event: PlatformEvent, what: string): void {
    const local: LocalEvent = {
      event,
      lead: of.externalId,
      answer: undefined,
      since: this.#kernel.now,
      until: Infinity
    }
    this.events.set(event.eventId, local)
    this.insist(
      `${what} of lead ${of.externalId} (${event.eventId})`,
      Effect.flatMap(Outbox, (outbox) => outbox.accept(firmId, event)).pipe(
        Effect.catchTag("CaseNotFound", () => Effect.succeed(undefined))
      ),
      (answer) => {
        // The case was seen before it was committed, and the process died: there is nothing to edit.
        if (answer === undefined) return void this.events.delete(event.eventId)
        local.answer = answer
        local.until = this.#kernel.now
        this.#kernel.note(`office ${event.eventId} is ${answer._tag}`)
        const isNew = answer._tag === "Queued" || answer._tag === "Held"
        if (isNew && this.#host.database.jobs.get(answer.jobId) === undefined)
          throw this.#kernel.violated("I-9", `event ${event.eventId} was answered ${answer._tag} and has no job`)
      }
    )
  }
  /** Sets the status of some case. */
  edit(): void {
    const known = this.#host.database.cases.values()
    if (known.length > 0) this.#editStatus(this.#dice.pick(known))
  }
  #editStatus(of: Case): void {
    const status = this.#dice.pick(this.#story.words.platform.filter((name) => !sameStatus(name, of.status.platform)))
    const eventId = `edit-${this.events.size + 1}`
    this.#send(
      of,
      PlatformEvent.cases.StatusChanged.make({ eventId, caseId: CaseId.make(of.id), status }),
      `sets status ${status}`
    )
  }

  #editFields(of: Case): void {
    const eventId = `fields-${this.events.size + 1}`
    const names = this.#dice.pick([["injury"], ["injury"], ["budget"], ["injury", "budget"], ["source"]])
    // Often the edit before is taken back.
    const valueOf = (name: string) =>
      (this.#dice.chance(this.#story.wavers ? 0.7 : 0.4) ? of.values[name]?.basePlatform : undefined) ??
      this.#dice.pick(fieldValues)
    const fields = Object.fromEntries(names.map((name) => [name, [valueOf(name)]]))
    this.#send(
      of,
      { _tag: "FieldsChanged", eventId, caseId: CaseId.make(of.id), fields },
      `sets ${JSON.stringify(fields)}`
    )
  }

  #say(of: Case): void {
    const eventId = `message-${this.events.size + 1}`
    const text = `${eventId}: ${"See you on Monday. ".repeat(this.#dice.pick([1, 1, 14]))}`
    const sentAt = this.#kernel.now
    this.#send(
      of,
      { _tag: "MessageSent", eventId, caseId: CaseId.make(of.id), channel: "sms", direction: "outbound", text, sentAt },
      "sends a message"
    )
  }

  #call(of: Case): void {
    const eventId = `call-${this.events.size + 1}`
    const turns = this.#dice.pick([0, 3, 12])
    const transcript = Array.from({ length: turns }, (_, turn) => ({
      speaker: turn % 2 === 0 ? ("agent" as const) : ("client" as const),
      text: `Turn ${turn} of ${eventId}.`
    }))
    this.#send(
      of,
      {
        _tag: "CallEnded",
        eventId,
        caseId: CaseId.make(of.id),
        callId: eventId,
        direction: "inbound",
        isAi: false,
        from: "+15550100",
        to: "+15550101",
        startedAt: this.#kernel.now,
        durationMs: 60_000,
        transcript
      },
      "ends a call"
    )
  }

  /** A person takes a case off the list: no webhook may put it back. */
  #takeOffList(of: Case): void {
    this.insist(
      `takes lead ${of.externalId} off the list`,
      Effect.flatMap(Lists, (lists) =>
        lists.byHand(firmId, { kind: "list", id: listId }, "remove", [CaseId.make(of.id)], "a person")
      ),
      () => void this.takenOff.add(of.externalId)
    )
  }

  /** Asks for a pull now. */
  pull(): void {
    this.insist(
      "asks for a pull",
      Effect.gen(function* () {
        const connections = yield* ConnectionStore
        const poller = yield* Poller
        const connection = yield* connections.get(firmId, connectionId)
        yield* poller.request(connection)
      })
    )
  }

  /** Turns one switch off or on, whatever the others are. */
  turn(key: (typeof switches)[number], isOn: boolean): void {
    if (this.#toggles[key] === isOn) return
    this.#faults.count("people: switch flipped")
    this.#setToggles({ ...this.#toggles, [key]: isOn })
  }
  flipSwitch(): void {
    // Status sync more often than the others: it is what has most to make good afterwards.
    const key = this.#dice.chance(0.3) ? "syncStatuses" : this.#dice.pick(switches)
    this.turn(key, !this.#toggles[key])
  }
  allOn(): void {
    this.#setToggles(allOn)
  }
  #setToggles(toggles: Toggles): void {
    this.#toggles = toggles
    const off = switches.filter((key) => !toggles[key])
    this.insist(
      `switches: ${off.length === 0 ? "all on" : `off are ${off.join(", ")}`}`,
      // What is asked for is always the latest wish: an older one that got no answer is not repeated.
      Effect.suspend(() => Effect.flatMap(Setup, (setup) => setup.setToggles(firmId, connectionId, this.#toggles)))
    )
  }

  /** Signs in again, if the connection asks for it. */
  signIn(): void {
    const connection = this.#host.database.connections.get(connectionId)
    if (connection?.state === "connected") return
    this.#crm.signInWorks = true
    this.insist(
      "signs in again",
      Effect.gen(function* () {
        const setup = yield* Setup
        yield* Stream.runDrain(setup.verify(firmId, connectionId))
        const connections = yield* ConnectionStore
        const { state } = yield* connections.get(firmId, connectionId)
        if (state !== "connected") return yield* Effect.fail("not signed in")
      })
    )
  }

  /** Decides about status edits that were held while sync was not effective, if the firm is asked. */
  resume(mode: "from now on" | "replay"): void {
    const connection = this.#host.database.connections.get(connectionId)
    if (connection === undefined || !isAsked(connection)) return
    this.#faults.count(`people: resume ${mode === "replay" ? "by replay" : "from now on"}`)
    const held = this.#heldPushes()
    if (this.#faults.strikes("host: crash")) this.#host.crashSoon()
    const patienceMs = this.#dice.pick([0, 5000, 300_000])
    const goesOn = this.#faults.isOn && this.#dice.chance(0.5)
    const checkPlan = (id: string) => this.#checkPlan(id)
    const staffGoesOn = () => {
      const keys = new Set(held.map((id) => this.#host.database.jobs.get(id)?.job.key))
      for (const lead of this.#crm.leads.values()) if (keys.has(lead.id) && !lead.gone) this.#staff.move(lead)
    }
    this.insist(
      `resumes status sync: ${mode}`,
      Effect.gen(function* () {
        const resume = yield* StatusResume
        if (mode === "from now on") return yield* resume.fromNowOn(firmId, connectionId)
        const plan = yield* resume.plan(firmId, connectionId, "a person")
        yield* Effect.sync(() => checkPlan(plan.id))
        yield* Effect.sleep(patienceMs)
        if (goesOn) yield* Effect.sync(staffGoesOn)
        yield* resume.replay(firmId, connectionId, plan.id, Number(plan.scope["overwrites"]))
      }).pipe(Effect.catchTag("AlreadyOn", () => Effect.void)),
      () => {},
      () => this.#checkUndecided(held)
    )
  }

  #heldPushes(): ReadonlyArray<JobId> {
    const jobs = this.#host.database.jobs.values()
    return jobs.flatMap(({ job }) => (job.state === "held" && job.work._tag === "PushStatus" ? [job.id] : []))
  }

  /** A frozen row says that an edit cannot be written only where the CRM has no such status, and counts in its words. */
  #checkPlan(id: string): void {
    const before = new Map<string, string>()
    for (const { row, runId } of this.#host.database.runRows.values()) {
      if (runId !== id || row.verdict === "missing" || row.verdict === "cannot-tell") continue
      const { caseId = "", expected = "", target = "" } = row.detail
      const written = this.#story.words.written(target)
      const isThere = statuses.includes(written)
      if (isThere !== (row.verdict !== "not-mapped") && !sameStatus(written, expected))
        throw this.#kernel.violated(
          "I-18",
          `the plan's row for ${target} is ${row.verdict}, the CRM calls it ${written}`
        )
      const previous = before.get(caseId)
      if (previous !== undefined && !sameStatus(previous, expected))
        throw this.#kernel.violated("I-18", `the plan expects ${expected} where the row before it writes ${previous}`)
      if (row.verdict !== "not-mapped") before.set(caseId, written)
    }
  }

  /** After a decision that failed or died with the host, everything is decided or nothing. */
  #checkUndecided(held: ReadonlyArray<JobId>): void {
    const { connections, jobs } = this.#host.database
    const connection = connections.get(connectionId)
    if (connection === undefined || !isAsked(connection)) return
    const decided = held.filter((id) =>
      ["from-now-on", "replay", "not-replayable"].includes(jobs.get(id)?.job.reason ?? "")
    )
    if (decided.length > 0)
      throw this.#kernel.violated("I-18", `${decided.length} held edits were decided while the firm is still asked`)
  }

  /** Sends what is dead or uncertain once more, under the same ids. */
  replayDead(): void {
    const ids = this.#host.database.jobs
      .values()
      .flatMap(({ job }) => (job.state === "dead" || job.state === "uncertain" ? [job.id] : []))
    if (ids.length === 0) return
    this.#faults.count("people: dead job replayed")
    this.#host.watch.released(ids)
    this.insist(
      `replays ${ids.length} dead or uncertain jobs`,
      Effect.flatMap(Queue, (queue) => queue.resolve(firmId, { ids }, "replay", "a person asked"))
    )
  }
}
