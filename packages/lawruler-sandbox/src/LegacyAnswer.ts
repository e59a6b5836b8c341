/**
 * The legacy page's three ways to answer: text with `<br/>`, XML when `ReturnXML`
 * is true, JSON when `ReturnJSON` is. A failure looks like success from outside:
 * status 200, and only the words differ.
 */
import { type Answer, escapeMarkup, html, json, xml } from "./Answer.ts"
import type { Lead } from "./Lead.ts"
import { caseTypeName, type Portal, statusName } from "./Portal.ts"
import * as Profile from "./Profile.ts"

export type Format = "text" | "xml" | "json"

export const formatOf = (values: ReadonlyMap<string, string>): Format => {
  const isTrue = (name: string) => values.get(name)?.toLowerCase() === "true"
  return isTrue("returnjson") ? "json" : isTrue("returnxml") ? "xml" : "text"
}

const element = (name: string, text: string): string => `<${name}>${escapeMarkup(text)}</${name}>`

const document = (root: string, ...children: ReadonlyArray<string>): Answer =>
  xml(`<?xml version="1.0" encoding="utf-8"?><${root}>${children.join("")}</${root}>`)

export const failure = (format: Format, reason: string): Answer => {
  switch (format) {
    case "json":
      return json({ Success: false, Error: reason })
    case "xml":
      return document(Profile.legacyXml.failureRoot, element("Error", reason))
    case "text":
      return html(Profile.legacyText.failure(reason))
  }
}

/** After a create or an update. */
export const written = (format: Format, portal: Portal, lead: Lead): Answer => {
  const status = statusName(portal, lead.statusId)
  switch (format) {
    case "json":
      return json({ LeadID: lead.leadId, Status: status })
    case "xml":
      return document(
        Profile.legacyXml.root,
        element("LeadID", String(lead.leadId)),
        element("Status", status),
        element("LeadProvider", lead.fields.get("LeadProvider") ?? "")
      )
    case "text":
      return html(
        portal.settings.legacySuccessText === "lead-id"
          ? Profile.legacyText.successOldForm(lead.leadId)
          : Profile.legacyText.success(lead.leadId)
      )
  }
}

/** The post ran into an existing lead: its id and the word Duplicate. */
export const duplicate = (format: Format, portal: Portal, lead: Lead): Answer => {
  const status = statusName(portal, lead.statusId)
  switch (format) {
    case "json":
      return json({ LeadID: lead.leadId, Status: status, Message: "Duplicate" })
    case "xml":
      return document(
        Profile.legacyXml.root,
        element("LeadID", String(lead.leadId)),
        element("Status", status),
        element("Message", "Duplicate")
      )
    case "text":
      return html(Profile.legacyText.duplicate(lead.leadId))
  }
}

/** `Operation=GetStatus`. */
export const status = (format: Format, portal: Portal, lead: Lead): Answer => {
  const name = statusName(portal, lead.statusId)
  const caseType = caseTypeName(portal, lead.caseTypeId)
  const provider = lead.fields.get("LeadProvider") ?? ""
  switch (format) {
    case "json":
      return json({ LeadID: lead.leadId, Status: name, CaseType: caseType, LeadProvider: provider })
    case "xml":
      return document(
        Profile.legacyXml.root,
        element("LeadID", String(lead.leadId)),
        element("Status", name),
        element("CaseType", caseType),
        element("LeadProvider", provider)
      )
    case "text":
      return html(Profile.legacyText.status(lead.leadId, escapeMarkup(name)))
  }
}
