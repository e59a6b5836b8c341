/**
 * Checks mapped fields at every step: what a push writes, which reads may change values, and what moves without a read.
 */
import type { Case, CaseEvent } from "@casewire/core/domain/Case"
import { goesToCrm } from "@casewire/core/domain/FieldMapping"
import { sameField } from "@casewire/core/domain/FieldSync"
import type { JobId } from "@casewire/core/domain/Job"
import type { Database } from "@casewire/core/memory/Database"
import type { Call, CrmMachine, Fields, Lead } from "./CrmMachine.ts"
import { fieldMap } from "./FieldMap.ts"
import type { Kernel } from "./Kernel.ts"

export class FieldWatch {
  /** The field push that a lead's state lane is doing. */
  readonly active = new Map<string, JobId>()
  /** Field pushes that reached the CRM. */
  readonly written = new Set<string>()
  broken: (invariant: string, text: string) => void = () => {}
  readonly #kernel: Kernel
  readonly #database: Database["Service"]
  readonly #crm: CrmMachine

  constructor(kernel: Kernel, database: Database["Service"], crm: CrmMachine) {
    this.#kernel = kernel
    this.#database = database
    this.#crm = crm
    crm.onFields = (call, lead, fields) => this.#write(call, lead, fields)
  }

  /** Only what was edited here since the last exchange, never a blank, never a field that only comes in. */
  asked(lead: string, fields: Fields): void {
    const of = this.#database.cases.values().find(({ externalId }) => externalId === lead)
    for (const [crmKey, text] of Object.entries(fields)) {
      const entry = fieldMap.find((each) => each.crmKey === crmKey)
      const value = entry === undefined ? undefined : of?.values[entry.platformField]
      const isOwed =
        entry !== undefined &&
        goesToCrm(entry) &&
        value !== undefined &&
        text !== "" &&
        !sameField(value.platform, value.basePlatform)
      if (!isOwed) throw this.#kernel.violated("I-15", `a push writes "${crmKey}" of lead ${lead}, which nobody edited`)
    }
  }

  #write(call: Call, lead: Lead, fields: Fields): void {
    const job = this.#crm.jobOf(call)
    this.written.add(job)
    for (const [key, text] of Object.entries(fields)) {
      const by = lead.fieldAuthors.get(key)
      if (by?.staff === false && by.job === job && lead.fields[key] === text)
        throw this.#kernel.violated("I-8", `job ${job} wrote "${key}" of lead ${lead.id} twice`)
    }
  }

  /** What a read brings in is the staff's: our own write is known for what it is, however late it is found. */
  applied({ after, caseId, field }: CaseEvent): void {
    const id = this.#database.cases.get(caseId)?.externalId ?? ""
    const lead = this.#crm.leads.get(id)
    const crmKey = fieldMap.find(({ platformField }) => platformField === field)?.crmKey ?? ""
    const by = lead?.fieldAuthors.get(crmKey)
    if (by?.staff === false && sameField(after, lead?.fields[crmKey] ?? null))
      this.broken("I-14", `our own write to "${field}" of lead ${id} came back as the CRM's change`)
  }

  /** Baselines move by a read that began after the last write ended, or by the push that is being done. */
  saved(before: Case, value: Case, read: Call | undefined): void {
    for (const { crmKey, platformField: field } of fieldMap) {
      const [was, is] = [before.values[field], value.values[field]]
      if (is === undefined || sameField(was?.baseCrm ?? null, is.baseCrm)) continue
      if (read === undefined) {
        // The first edit of a field takes what the last read brought as settled.
        const isFirst = was === undefined && sameField(is.baseCrm, before.fields[crmKey]?.[0] ?? null)
        if (!isFirst && !this.active.has(value.externalId))
          this.broken("I-15", `the baseline of "${field}" of lead ${value.externalId} moved by itself`)
        continue
      }
      for (const call of this.#crm.fieldWritesTo(value.externalId))
        if (
          call.startedIn > read.startedIn ||
          (call.endedIn === null ? call.owner === read.owner : call.endedIn > read.startedIn)
        )
          this.broken(
            "I-4b",
            `read ${read.number} of lead ${value.externalId} changed "${field}" and did not begin after write ${call.number}`
          )
    }
  }
}
