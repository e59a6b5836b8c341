/**
 * The four calls that a public client is known to make, as it saw them: inbox
 * items, search, lead detail and the CSV report. Names only, no ids, times
 * under a false offset, `Contact` missing for some leads, `**` after some statuses.
 */
import { Schema } from "effect"
import { type Answer, csv, json } from "./Answer.ts"
import type { ApiCall } from "./ApiCall.ts"
import { toFalseOffset, toWall } from "./EasternTime.ts"
import * as Envelope from "./Envelope.ts"
import { fullName, type Lead } from "./Lead.ts"
import { caseTypeName, contactOf, type Portal, statusName } from "./Portal.ts"

const shownStatus = (portal: Portal, lead: Lead): string =>
  `${statusName(portal, lead.statusId)}${lead.decorated ? "**" : ""}`

const inboxContact = (portal: Portal, lead: Lead) => {
  const contact = contactOf(portal, lead)
  return contact === undefined
    ? null
    : {
        Firstname: contact.firstName,
        Lastname: contact.lastName,
        FullName: fullName(contact),
        PrimaryEmail: contact.email,
        CellPhone: contact.phone
      }
}

const inboxItem = (portal: Portal) => (lead: Lead) => ({
  LeadId: lead.leadId,
  DisplayName: lead.displayName,
  Contact: inboxContact(portal, lead),
  CreateDate: toFalseOffset(lead.createDate),
  UpdateDateTime: toFalseOffset(lead.updateDateTime),
  CaseType: caseTypeName(portal, lead.caseTypeId),
  Status: shownStatus(portal, lead)
})

/** Inbox 1, newest change first; with the A-28 switch off only leads still worked on. */
export const inboxLeads = (portal: Portal): Array<Lead> =>
  [...portal.leads.values()]
    .filter(
      (lead) =>
        portal.settings.inboxContainsAll || portal.statuses.find(({ id }) => id === lead.statusId)?.open === true
    )
    .sort((a, b) => b.updateDateTime - a.updateDateTime || b.leadId - a.leadId)

export const getInboxItems = (call: ApiCall): Answer => {
  const inboxType = Envelope.integerParameter(call, "inboxType")
  if (inboxType !== 1) return Envelope.failure("inboxType is not supported.")
  return Envelope.page(call, inboxLeads(call.portal), inboxItem(call.portal))
}

/** No zone, as the API takes it; an offset given anyway is dropped like everything else about offsets. */
const WallDate = Schema.String.check(Schema.isPattern(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?/))

const Search = Schema.Struct({
  InboxType: Schema.Int,
  CaseTypes: Schema.optionalKey(Schema.Array(Schema.Int)),
  Statuses: Schema.optionalKey(Schema.Array(Schema.Int)),
  FromDate: Schema.optionalKey(WallDate),
  ToDate: Schema.optionalKey(WallDate),
  DefaultSortOrder: Schema.optionalKey(Schema.Int),
  DefaultSortOrderAscending: Schema.optionalKey(Schema.Boolean)
})

const isWithin = (wall: string, from: string | undefined, to: string | undefined): boolean =>
  (from === undefined || wall >= from.slice(0, 19)) && (to === undefined || wall <= to.slice(0, 19))

const isChosen = (chosen: ReadonlyArray<number> | undefined, id: number): boolean =>
  chosen === undefined || chosen.length === 0 || chosen.includes(id)

export const searchInboxItems = (call: ApiCall): Answer => {
  const search = Envelope.readBody(call, Search)
  if (Envelope.isAnswer(search)) return search
  if (search.InboxType !== 1) return Envelope.failure("InboxType is not supported.")
  const { portal } = call
  const found = inboxLeads(portal).filter((lead) => {
    const filtered = portal.settings.dateFilter === "update" ? lead.updateDateTime : lead.createDate
    return (
      isChosen(search.CaseTypes, lead.caseTypeId) &&
      isChosen(search.Statuses, lead.statusId) &&
      isWithin(toWall(filtered), search.FromDate, search.ToDate)
    )
  })
  if (search.DefaultSortOrderAscending === true) found.reverse()
  return Envelope.page(call, found, inboxItem(portal))
}

export const getLead = (call: ApiCall): Answer => {
  const lead = Envelope.findLead(call, Envelope.integerParameter(call, "leadId"))
  if (Envelope.isAnswer(lead)) return lead
  const { portal } = call
  const contact = contactOf(portal, lead)
  const { Contact, ...item } = inboxItem(portal)(lead)
  const detail = {
    ...item,
    Contact: contact === undefined ? null : { ContactId: contact.contactId, ...Contact },
    Source: { Name: lead.fields.get("LeadProvider") ?? "" },
    Assignee: lead.assignee,
    Owner: lead.owner,
    Tags: lead.tags,
    Summary: lead.fields.get("Summary") ?? "",
    ...(portal.settings.idsInDetail ? { CaseTypeId: lead.caseTypeId, StatusId: lead.statusId } : {})
  }
  return portal.settings.getLeadWrapped ? Envelope.success(detail) : json(detail)
}

const Report = Schema.Struct({
  StartDate: WallDate,
  EndDate: WallDate,
  CaseTypes: Schema.optionalKey(Schema.Array(Schema.Int))
})

const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export const getCustomReport = (call: ApiCall): Answer => {
  const report = Envelope.readBody(call, Report)
  if (Envelope.isAnswer(report)) return report
  const { portal } = call
  const end = report.EndDate.length === 10 ? `${report.EndDate}T23:59:59` : report.EndDate
  const found = inboxLeads(portal).filter(
    (lead) => isChosen(report.CaseTypes, lead.caseTypeId) && isWithin(toWall(lead.createDate), report.StartDate, end)
  )
  const page = Math.max(1, Envelope.integerParameter(call, "page") ?? 1)
  const size = Math.max(1, Envelope.integerParameter(call, "pageSize") ?? 500)
  const rows = found
    .slice((page - 1) * size, page * size)
    .map((lead) =>
      [
        String(lead.leadId),
        csvCell(lead.fields.get("LeadProvider") ?? ""),
        `"${shownStatus(portal, lead).replaceAll('"', '""')}"`
      ].join(",")
    )
  return csv(["Lead ID,Source,Status", ...rows, ""].join("\r\n"))
}
