/**
 * The load of the torture: webhooks at a steady rate over many leads, and platform messages that must become notes.
 * It remembers what was acknowledged, and nothing else counts. A message that got no answer is sent again under the
 * same event id, as an integrator would.
 */
import type { World } from "../harness/World.ts"

const leads = 40
const usualWebhooksPerSecond = 200
const messagesPerSecond = 8
const statuses = ["New Lead", "Contact Attempted", "Sent e-Sign", "Signed e-Sign", "Referral Accepted"]

export interface LoadOptions {
  readonly world: World
  readonly webhookUrl: string
  readonly connectionId: string
  readonly random: () => number
  /** None where another process sends them. */
  readonly webhooksPerSecond?: number
}

export class Load {
  /** Receipt ids of webhooks that were answered with 200. */
  readonly acknowledged = new Set<string>()
  /** Event ids of messages whose acceptance was answered, with the text that makes each note known. */
  readonly notes = new Map<string, string>()
  readonly leadIds: ReadonlyArray<number>
  refused = 0
  #caseIds: ReadonlyArray<string> = []
  #flying = 0
  #sequence = 0
  #timers: Array<NodeJS.Timeout> = []
  #pending = new Set<Promise<unknown>>()
  #isStopped = false
  readonly #world: World
  readonly #webhookUrl: string
  readonly #random: () => number
  readonly #webhooksPerSecond: number

  private constructor(options: LoadOptions, leadIds: ReadonlyArray<number>) {
    this.#world = options.world
    this.#webhookUrl = options.webhookUrl
    this.leadIds = leadIds
    this.#random = options.random
    this.#webhooksPerSecond = options.webhooksPerSecond ?? usualWebhooksPerSecond
  }

  /** Makes the leads in the sandbox and waits until their cases are there, so that messages have a case. */
  static async make(options: LoadOptions): Promise<Load> {
    const { connectionId, world } = options
    const leadIds: Array<number> = []
    for (let index = 0; index < leads; index++) {
      const { body } = await world.portal("POST", "/leads", {
        caseType: "Harbor MVA",
        status: "New Lead",
        firstName: `Torture${index}`,
        lastName: "Lead",
        phone: `(205) 555-01${String(index).padStart(2, "0")}`,
        email: `torture-${index}@example.test`
      })
      leadIds.push(body.leadId)
    }
    const load = new Load(options, leadIds)
    for (const leadId of leadIds) await load.tell(leadId, "New Lead")
    // Reads of many leads are paced, and a busy machine takes its time.
    const deadline = Date.now() + 60_000
    while (load.#caseIds.length < leads) {
      if (Date.now() > deadline) throw new Error("the cases of the leads did not appear")
      const { body } = await world.api("GET", `/cases?connectionId=${connectionId}&limit=200`)
      const verified = body.cases.filter((each: { standing: string }) => each.standing === "verified")
      load.#caseIds = verified.map((each: { id: string }) => each.id)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return load
  }

  start(): void {
    if (this.#webhooksPerSecond > 0)
      this.#every(1000 / this.#webhooksPerSecond, () => this.tell(this.#pick(this.leadIds), this.#pick(statuses)))
    this.#every(1000 / messagesPerSecond, () => this.#message())
    // Staff change statuses too; the webhooks above only claim, the CRM's own state is the truth.
    this.#every(250, () =>
      this.#world.portal("POST", `/leads/${this.#pick(this.leadIds)}/status`, { status: this.#pick(statuses) })
    )
  }

  /** Webhooks that were sent and not answered yet. */
  inFlight(): number {
    return this.#flying
  }

  /** Sends many webhooks at once and returns as soon as the first is answered, while others are in flight. */
  async burst(count: number): Promise<number> {
    const sent = Array.from({ length: count }, () => this.tell(this.#pick(this.leadIds), this.#pick(statuses)))
    for (const each of sent) this.#track(each)
    await Promise.race(sent)
    return this.#flying
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#pending)
  }

  #every(ms: number, act: () => Promise<unknown>): void {
    let due = performance.now()
    this.#timers.push(
      setInterval(
        () => {
          for (; due <= performance.now(); due += ms) this.#track(act())
        },
        Math.max(ms, 5)
      )
    )
  }

  #track(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.#pending.delete(settled))
    this.#pending.add(settled)
  }

  #pick<A>(from: ReadonlyArray<A>): A {
    return from[Math.floor(this.#random() * from.length)]!
  }

  /** A webhook that claims a status; what it claims need not be true. */
  body(leadId = this.#pick(this.leadIds), status = this.#pick(statuses)): URLSearchParams {
    const index = this.leadIds.indexOf(leadId)
    return new URLSearchParams({
      LeadID: String(leadId),
      CaseTypeID: "222",
      CaseType: "Harbor MVA",
      StatusID: "1",
      Status: status,
      FullName: `Torture${index} Lead`,
      CreatedDate: "09/14/2026 10:22 AM",
      PrimaryContactID: String(900_000 + index),
      FirstName: `Torture${index}`,
      LastName: "Lead"
    })
  }

  async tell(leadId: number, status: string): Promise<void> {
    const body = this.body(leadId, status)
    this.#flying++
    try {
      const answer = await fetch(this.#webhookUrl, { method: "POST", body })
      const { receiptId } = (await answer.json()) as { receiptId?: string }
      if (answer.status === 200 && receiptId !== undefined) this.acknowledged.add(receiptId)
      else this.refused++
    } catch {
      // No answer: the host was killed, and nothing was promised.
    } finally {
      this.#flying--
    }
  }

  async #message(): Promise<void> {
    const number = ++this.#sequence
    const eventId = `torture-${number}`
    const text = `Torture note number ${number}.`
    const caseId = this.#pick(this.#caseIds)
    for (let tries = 0; tries < 400; tries++) {
      const answer = await this.#world
        .api("POST", "/events", {
          type: "message_sent",
          eventId,
          caseId,
          channel: "sms",
          direction: "outbound",
          text,
          sentAt: "2026-11-24T12:00:00Z"
        })
        .catch(() => undefined)
      if (answer?.status === 202) {
        this.notes.set(eventId, text)
        return
      }
      if (this.#isStopped && tries > 100) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
