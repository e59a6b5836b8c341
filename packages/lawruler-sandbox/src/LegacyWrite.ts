/**
 * What a legacy post writes into a lead: status, contact and lead parameters,
 * custom values, a `Conversation` note and files. Everything is checked before
 * anything is written, so a refused post leaves no trace.
 */
import { customKey, fullName, formatPhone, type Lead } from "./Lead.ts"
import {
  addDocument,
  addNote,
  caseTypeName,
  changeStatus,
  contactOf,
  findStatus,
  type Portal,
  type Status
} from "./Portal.ts"
import * as Profile from "./Profile.ts"
import type { Form } from "./Request.ts"

/** Stored under these names; a name posted in other capitals lands in the same place. */
const leadParameters = [
  "LeadProvider",
  "Hear",
  "Summary",
  "ContactPreference",
  "WhenToContact",
  "CaseRole",
  "ContactType",
  "CampaignName",
  "BusinessName",
  "BusinessPhone",
  "Email2",
  "County",
  "Language"
]

export interface Checked {
  readonly status: Status | undefined
  readonly form: Form
}

/** The values of a post made sure of, or the reason to refuse it. */
export const check = (portal: Portal, caseTypeId: number, form: Form): Checked | string => {
  const conversation = form.values.get("conversation") ?? ""
  if (conversation.length > Profile.noteLimit) {
    return `Conversation exceeds the maximum of ${Profile.noteLimit} characters`
  }
  const statusName = form.values.get("status") ?? ""
  if (statusName === "") return { status: undefined, form }
  const status = findStatus(portal, caseTypeId, statusName)
  return status === undefined
    ? `Status '${statusName}' does not exist for case type '${caseTypeName(portal, caseTypeId)}'`
    : { status, form }
}

const writeContact = (portal: Portal, lead: Lead, values: ReadonlyMap<string, string>): void => {
  const contact = contactOf(portal, lead)
  if (contact === undefined) return
  const given = (name: string, write: (value: string) => void) => {
    const value = values.get(name)
    if (value !== undefined && value !== "") write(value)
  }
  given("fullname", (value) => {
    const [first = "", ...rest] = value.trim().split(/\s+/)
    contact.firstName = first
    contact.lastName = rest.join(" ")
  })
  given("firstname", (value) => (contact.firstName = value))
  given("lastname", (value) => (contact.lastName = value))
  given("cellphone", (value) => (contact.phone = formatPhone(value)))
  given("homephone", (value) => (contact.homePhone = formatPhone(value)))
  given("email1", (value) => (contact.email = value))
  given("dob", (value) => (contact.dateOfBirth = value))
  given("address1", (value) => (contact.address.street = [value, values.get("address2") ?? ""].join(" ").trim()))
  given("city", (value) => (contact.address.city = value))
  given("state", (value) => (contact.address.state = value))
  given("zip", (value) => (contact.address.zip = value))
  lead.displayName = fullName(contact)
}

/** Unknown numbers and script rows take no value and say nothing about it. */
const writeCustom = (portal: Portal, lead: Lead, values: ReadonlyMap<string, string>): void => {
  for (const [name, value] of values) {
    const key = /^custom\d/.test(name) ? customKey(name) : undefined
    const field = portal.fields.find((candidate) => `Custom${candidate.number}` === key)
    if (key !== undefined && field !== undefined && field.inputType !== "script") lead.custom.set(key, value)
  }
}

const namesPerson = [
  "fullname",
  "firstname",
  "lastname",
  "cellphone",
  "homephone",
  "email1",
  "dob",
  "address1",
  "city",
  "state",
  "zip"
]

/** Parameters that steer the post or leave a note; a post of these alone does not touch the record. */
const notOfTheRecord = new Set(
  "key operation leadid overridelead dupcheck returnxml returnjson companyid conversation".split(" ")
)

/** Writes a checked post; true when the status moved. */
export const write = (portal: Portal, lead: Lead, { form, status }: Checked, now: number): boolean => {
  const { files, values } = form
  if (namesPerson.some((name) => (values.get(name) ?? "") !== "")) writeContact(portal, lead, values)
  writeCustom(portal, lead, values)
  for (const name of leadParameters) {
    const value = values.get(name.toLowerCase()) ?? ""
    if (value !== "") lead.fields.set(name, value)
  }
  const tags = values.get("tags")
  if (tags !== undefined)
    lead.tags = tags
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "")
  lead.assignee = values.get("leadassignee") || lead.assignee
  lead.owner = values.get("leadowner") || lead.owner

  if ([...values.keys()].some((name) => !notOfTheRecord.has(name))) lead.updateDateTime = now
  const moved = status !== undefined && changeStatus(lead, status, "legacy", now)

  const conversation = values.get("conversation") ?? ""
  if (conversation !== "") {
    addNote(portal, lead, { category: Profile.conversationCategory, text: conversation, author: "Legal CRM API" }, now)
  }
  const folderId = portal.folders[0]?.folderId ?? 1
  for (const { content, contentType, name } of files) {
    addDocument(portal, lead, { folderId, name, contentType, content }, now)
  }
  return moved
}
