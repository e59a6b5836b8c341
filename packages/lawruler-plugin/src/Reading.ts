/**
 * Present state of leads, and what changed. A lead that is asked for by name is read by itself; many are read by pages
 * of the inbox where that takes fewer calls. Only a positive "not found" leaves a lead out: absence from a list never
 * means anything.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmCase } from "@casewire/core/domain/CrmChange"
import type { CrmError } from "@casewire/core/ports/Crm"
import { Effect, Option, Schema } from "effect"
import { type AdvancedApi, isLastPage, pageQuery } from "./AdvancedApi.ts"
import * as Failure from "./Failure.ts"
import { leadToCase } from "./Lead.ts"
import type { Statuses } from "./Statuses.ts"
import { Lead, LeadField, wire } from "./WireProfile.ts"

export interface Reading {
  readonly one: (id: ExternalCaseId) => Effect.Effect<Option.Option<CrmCase>, CrmError>
  readonly many: (ids: ReadonlyArray<ExternalCaseId>) => Effect.Effect<ReadonlyArray<CrmCase>, CrmError>
  /** One page of leads by last change, newest first. */
  readonly inboxPage: (
    page: number,
    filter?: InboxFilter
  ) => Effect.Effect<{ readonly cases: ReadonlyArray<CrmCase>; readonly count: number | undefined }, CrmError>
  /** The case type of a lead as it was last read; asks where it was not, or where it must be fresh. */
  readonly caseTypeOf: (id: ExternalCaseId, fresh?: boolean) => Effect.Effect<string, CrmError>
}

/** Times are the wall clock of Law Ruler; both ends count. */
export interface InboxFilter {
  readonly FromDate?: string
  readonly ToDate?: string
  readonly CaseTypes?: ReadonlyArray<number>
}

/** Ids of Law Ruler are whole numbers; anything else never reaches it. */
export const leadNumber = (id: string): Effect.Effect<number, CrmError> =>
  /^[1-9]\d{0,9}$/.test(id)
    ? Effect.succeed(Number(id))
    : Effect.fail(Failure.refused("a lead id must be a whole number"))

const rememberedLeads = 5000

export const makeReading = (advanced: AdvancedApi, statuses: Statuses): Reading => {
  const caseTypeById = new Map<string, string>()
  const remember = (read: CrmCase): CrmCase => {
    if (read.caseType === undefined) return read
    caseTypeById.delete(read.externalId)
    caseTypeById.set(read.externalId, read.caseType.name)
    if (caseTypeById.size > rememberedLeads) caseTypeById.delete(caseTypeById.keys().next().value!)
    return read
  }

  const one = Effect.fnUntraced(function* (id: ExternalCaseId) {
    yield* leadNumber(id)
    const query = [[wire.leadQuery, id]] as const
    const found = yield* advanced.call(wire.getLead, Lead, { query }).pipe(
      Effect.asSome,
      Effect.catchReason("CrmError", "CrmNotFound", () => Effect.succeedNone)
    )
    if (Option.isNone(found)) return Option.none<CrmCase>()
    const lead = found.value.data
    if (String(lead.LeadId) !== id) return yield* Failure.answerInvalid("GetLead answered for another lead")
    // A portal without this route still has leads: their further fields are then simply not known.
    const fields = yield* advanced.callIfThere(wire.getLeadFields, LeadFields, { query })
    return Option.some(remember(leadToCase(lead, Option.isSome(fields) ? fields.value.data : [], statuses)))
  })

  const inboxPage = Effect.fnUntraced(function* (page: number, filter: InboxFilter = {}) {
    const { count, data } = yield* advanced.call(wire.searchInboxItems, Leads, {
      query: pageQuery(page),
      body: { ...wire.inboxSearch, ...filter }
    })
    return { cases: data.map((lead) => remember(leadToCase(lead, [], statuses))), count }
  })

  const many = Effect.fnUntraced(function* (asked: ReadonlyArray<ExternalCaseId>) {
    const ids = [...new Set(asked)]
    const found = new Map<string, CrmCase>()
    const missing = () => ids.filter((id) => !found.has(id))
    const isWorthPaging = (pages: number) => ids.length >= few && pages > 0 && callsPerLead * missing().length > pages
    for (let page = 1, pages = 1; isWorthPaging(pages - page + 1); page++) {
      const { cases, count } = yield* inboxPage(page)
      for (const read of cases) if (ids.includes(read.externalId)) found.set(read.externalId, read)
      pages = isLastPage(page, cases.length, count)
        ? page
        : Math.ceil((count ?? (page + 1) * wire.pageSize) / wire.pageSize)
    }
    for (const id of missing()) {
      const read = yield* one(id)
      if (Option.isSome(read)) found.set(id, read.value)
    }
    return ids.flatMap((id) => found.get(id) ?? [])
  })

  const caseTypeOf = Effect.fnUntraced(function* (id: ExternalCaseId, fresh = false) {
    const remembered = fresh ? undefined : caseTypeById.get(id)
    if (remembered !== undefined) return remembered
    const read = yield* one(id)
    if (Option.isNone(read)) return yield* Failure.notFound("Law Ruler does not know the lead")
    const name = read.value.caseType?.name
    return name ?? (yield* Failure.answerInvalid("the lead has no case type"))
  })

  return { one, many, inboxPage, caseTypeOf }
}

const Leads = Schema.Array(Lead)
const LeadFields = Schema.Array(LeadField)

/** A lead read by itself takes this many calls and says more; a page of the inbox takes one. */
const callsPerLead = 2
/** From this many leads on, pages are worth what they leave out. */
const few = 3
