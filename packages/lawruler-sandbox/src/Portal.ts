/**
 * One firm's portal: credentials, lookups, leads, webhook rows and the switches
 * of the imitation. Operations here change state and say what changed; they
 * never do I/O, so every caller can commit first and fire webhooks afterwards.
 */
import type { Fault } from "./Fault.ts"
import { type ChangedBy, type Contact, type Document, formatPhone, fullName, type Lead, type Note } from "./Lead.ts"
import * as Profile from "./Profile.ts"
import type { Settings } from "./Settings.ts"
import type { Delivery, WebhookRow } from "./WebhookRow.ts"

export interface Credentials {
  root: string
  username: string
  password: string
  clientId: string
  clientSecret: string
  key: string
}

export interface CaseType {
  readonly id: number
  readonly name: string
}

export interface Status {
  readonly id: number
  readonly name: string
  /** Absent: offered for every case type. */
  readonly caseTypeIds?: ReadonlyArray<number>
  /** Whether a lead in this status is still worked on (A-28 with its switch on). */
  readonly open: boolean
  /** Shipped with Law Ruler, as opposed to made by the firm. */
  readonly isDefault: boolean
}

export type InputType = "date" | "text" | "textarea" | "yes/no" | "single" | "multi" | "state" | "script"

export interface FormField {
  readonly caseTypeId: number
  readonly number: number
  readonly label: string
  readonly inputType: InputType
  readonly section: string
  readonly options: ReadonlyArray<string>
}

export interface Folder {
  readonly folderId: number
  readonly name: string
  readonly parentId: number | null
}

export interface Call {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly operation: string
  /** 0 when the socket was destroyed without an answer. */
  readonly status: number
  readonly fault?: string
}

export interface Portal {
  readonly credentials: Credentials
  settings: Settings
  readonly caseTypes: ReadonlyArray<CaseType>
  readonly statuses: Array<Status>
  readonly fields: ReadonlyArray<FormField>
  readonly folders: ReadonlyArray<Folder>
  readonly contacts: Map<number, Contact>
  readonly leads: Map<number, Lead>
  readonly webhooks: Map<number, WebhookRow>
  readonly deliveries: Array<Delivery>
  faults: Array<Fault>
  readonly calls: Array<Call>
  /** Access tokens and when they end; refresh tokens are good once. */
  readonly tokens: Map<string, number>
  readonly refreshTokens: Set<string>
  /** Instants of the counted calls inside the rate-limit window. */
  readonly recentCalls: Array<number>
  readonly nextId: {
    lead: number
    contact: number
    note: number
    document: number
    webhook: number
    delivery: number
    fault: number
    status: number
  }
}

export const caseTypeName = (portal: Portal, id: number): string =>
  portal.caseTypes.find((caseType) => caseType.id === id)?.name ?? `Case Type ${id}`

export const statusName = (portal: Portal, id: number): string =>
  portal.statuses.find((status) => status.id === id)?.name ?? `Status ${id}`

export const statusesOf = (portal: Portal, caseTypeId: number): ReadonlyArray<Status> =>
  portal.statuses.filter((status) => status.caseTypeIds === undefined || status.caseTypeIds.includes(caseTypeId))

/** By exact name, spaces and capitals included, among those offered for the case type. */
export const findStatus = (portal: Portal, caseTypeId: number, name: string): Status | undefined =>
  statusesOf(portal, caseTypeId).find((status) => status.name === name)

export const contactOf = (portal: Portal, lead: Lead): Contact | undefined =>
  lead.contactId === null ? undefined : portal.contacts.get(lead.contactId)

/** True when the status really moved; setting the present one again is no change. */
export const changeStatus = (lead: Lead, status: Status, by: ChangedBy, now: number): boolean => {
  if (lead.statusId === status.id) return false
  lead.statusId = status.id
  lead.updateDateTime = now
  lead.statusHistory.push({ status: status.name, at: now, by })
  return true
}

export const addNote = (
  portal: Portal,
  lead: Lead,
  note: { category: string; text: string; author: string },
  now: number
): Note => {
  const added = { noteId: portal.nextId.note++, createdAt: now, ...note }
  lead.notes.push(added)
  if (portal.settings.updateMovesOnNote) lead.updateDateTime = now
  return added
}

export const addDocument = (
  portal: Portal,
  lead: Lead,
  document: { folderId: number; name: string; contentType: string; content: Uint8Array },
  now: number
): Document => {
  const added = { documentId: portal.nextId.document++, createdAt: now, ...document }
  lead.documents.push(added)
  if (portal.settings.updateMovesOnNote) lead.updateDateTime = now
  return added
}

export interface NewContact {
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly phone: string
}

export const addContact = (portal: Portal, person: NewContact): Contact => {
  const contact: Contact = {
    contactId: portal.nextId.contact++,
    firstName: person.firstName,
    lastName: person.lastName,
    email: person.email,
    phone: formatPhone(person.phone),
    homePhone: "",
    dateOfBirth: "",
    address: { street: "", city: "", state: "", zip: "" }
  }
  portal.contacts.set(contact.contactId, contact)
  return contact
}

export const addLead = (
  portal: Portal,
  lead: { contact: Contact; caseTypeId: number; status: Status; by: ChangedBy },
  now: number
): Lead => {
  const added: Lead = {
    leadId: portal.nextId.lead++,
    caseTypeId: lead.caseTypeId,
    statusId: lead.status.id,
    contactId: lead.contact.contactId,
    displayName: fullName(lead.contact),
    createDate: now,
    updateDateTime: now,
    custom: new Map(),
    fields: new Map(),
    tags: [],
    assignee: "",
    owner: "",
    decorated: false,
    notes: [],
    documents: [],
    statusHistory: [{ status: lead.status.name, at: now, by: lead.by }]
  }
  portal.leads.set(added.leadId, added)
  return added
}

/** The lead a second post of the same person runs into: same mobile number or e-mail. */
export const findDuplicate = (portal: Portal, person: { phone: string; email: string }): Lead | undefined => {
  const phone = formatPhone(person.phone)
  const email = person.email.trim().toLowerCase()
  return [...portal.leads.values()].find((lead) => {
    const contact = contactOf(portal, lead)
    return (
      contact !== undefined &&
      ((phone !== "" && contact.phone === phone) || (email !== "" && contact.email.toLowerCase() === email))
    )
  })
}

/** `Intake/Signed`. */
export const folderPath = (portal: Portal, folder: Folder): string => {
  const parent = portal.folders.find((candidate) => candidate.folderId === folder.parentId)
  return parent === undefined ? folder.name : `${folderPath(portal, parent)}/${folder.name}`
}

const callsKept = 1000

export const recordCall = (portal: Portal, call: Call): void => {
  portal.calls.push(call)
  if (portal.calls.length > callsKept) portal.calls.splice(0, portal.calls.length - callsKept)
}

export const isNoteCategory = (category: string): boolean => Profile.noteCategories.includes(category)
