/**
 * The CRM's sender of webhooks: each says how the lead stood when it was fired, and comes once or many times, in any
 * order, hours late, or never. It repeats what was not answered, a few times.
 */
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Inbox } from "@casewire/core/Inbox"
import { Effect, Exit } from "effect"
import type { CrmMachine, Lead } from "./CrmMachine.ts"
import type { Dice } from "./Dice.ts"
import type { Faults } from "./Faults.ts"
import type { Host } from "./Host.ts"
import type { Kernel } from "./Kernel.ts"
import { connectionId, firmId } from "./Office.ts"

const hour = 3_600_000

export class Sender {
  /** Webhooks on their way, repeats included. */
  pending = 0
  /** Receipts that were answered with 2xx. */
  readonly acknowledged: Array<{ readonly lead: string; readonly receiptId: string; readonly at: number }> = []
  readonly #kernel: Kernel
  readonly #dice: Dice
  readonly #faults: Faults
  readonly #host: Host
  readonly #repeats: boolean

  constructor(kernel: Kernel, dice: Dice, faults: Faults, host: Host, crm: CrmMachine) {
    this.#kernel = kernel
    this.#dice = dice
    this.#faults = faults
    this.#host = host
    this.#repeats = dice.chance(0.5)
    crm.onChange = (lead, by) => {
      if (by.staff) this.fire(lead)
      else if (faults.has("webhook: sent for our own writes")) {
        faults.count("webhook: sent for our own writes")
        this.fire(lead)
      }
    }
  }

  fire(lead: Pick<Lead, "id" | "status" | "fullName">): void {
    const faults = this.#faults
    if (faults.strikes("webhook: lost")) return this.#kernel.note(`sender webhook of lead ${lead.id} is lost`)
    const fields = { "Record ID": lead.id, Stage: lead.status, "Full Name": lead.fullName }
    const action = this.#dice.pick(["add", "remove", null, null])
    const body = new URLSearchParams({
      ...fields,
      ...(action === null ? {} : { list_id: "1", list_action: action })
    }).toString()
    const copies = faults.strikes("webhook: duplicate") ? this.#dice.between(2, 10) : 1
    for (let copy = 0; copy < copies; copy++) {
      const delay = faults.strikes("webhook: delayed for hours")
        ? this.#dice.between(hour, 24 * hour)
        : faults.strikes("webhook: reordered")
          ? this.#dice.between(1000, 300_000)
          : this.#dice.between(1, 500)
      this.pending += 1
      this.#kernel.at(delay, () => this.#deliver(lead.id, body, 0))
    }
  }

  #deliver(lead: string, body: string, tries: number): void {
    const kernel = this.#kernel
    kernel.note(`sender webhook: ${body}`)
    const unanswered = () => {
      if (this.#repeats && tries < 4)
        kernel.at(this.#dice.between(10_000, 600_000), () => this.#deliver(lead, body, tries + 1))
      else {
        this.pending -= 1
        kernel.note(`sender gives a webhook of lead ${lead} up`)
      }
    }
    this.#host.request(
      Effect.gen(function* () {
        const connections = yield* ConnectionStore
        const inbox = yield* Inbox
        const connection = yield* connections.get(firmId, connectionId)
        return yield* inbox.accept(connection, {
          mediaType: "application/x-www-form-urlencoded",
          body,
          query: [],
          headerNames: ["content-type"]
        })
      }),
      (exit) => {
        if (Exit.isFailure(exit)) return unanswered()
        this.pending -= 1
        const { disposition, receiptId } = exit.value
        kernel.note(`sender webhook of lead ${lead} is answered: ${disposition._tag}`)
        if (disposition._tag === "Accepted" || disposition._tag === "Ignored")
          this.acknowledged.push({ lead, receiptId, at: kernel.now })
        if (this.#host.database.receipts.get(receiptId) === undefined)
          throw kernel.violated("I-1", `the webhook of lead ${lead} was answered before its receipt was stored`)
      },
      unanswered
    )
  }
}
