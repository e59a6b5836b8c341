/**
 * What a portal knows about people and matters: contacts, leads, and what hangs
 * on a lead. Plain mutable records, because a change must be visible to every
 * later call at once; instants are milliseconds, never wall-clock text.
 */

export interface Contact {
  readonly contactId: number
  firstName: string
  lastName: string
  email: string
  phone: string
  homePhone: string
  dateOfBirth: string
  address: { street: string; city: string; state: string; zip: string }
}

export interface Note {
  readonly noteId: number
  readonly category: string
  readonly text: string
  readonly createdAt: number
  readonly author: string
}

export interface Document {
  readonly documentId: number
  readonly folderId: number
  /** May be empty: some real documents have no usable name. */
  readonly name: string
  readonly contentType: string
  readonly content: Uint8Array
  readonly createdAt: number
}

/** Who changed a status: a person in the portal, or one of the two APIs. */
export type ChangedBy = "staff" | "legacy" | "advanced"

interface StatusChange {
  readonly status: string
  readonly at: number
  readonly by: ChangedBy
}

export interface Lead {
  readonly leadId: number
  caseTypeId: number
  statusId: number
  contactId: number | null
  displayName: string
  readonly createDate: number
  updateDateTime: number
  /** By key, `Custom4124`. */
  readonly custom: Map<string, string>
  /** Default (non-custom) fields by their legacy parameter name, such as `LeadProvider`. */
  readonly fields: Map<string, string>
  tags: Array<string>
  assignee: string
  owner: string
  /** Status names of such rows end in `**` in the Advanced API. */
  decorated: boolean
  readonly notes: Array<Note>
  readonly documents: Array<Document>
  readonly statusHistory: Array<StatusChange>
}

export const fullName = (contact: Contact): string => `${contact.firstName} ${contact.lastName}`.trim()

/** `Custom4124` for `custom4124`, `<<Custom4124>>` or `4124`; undefined for anything else. */
export const customKey = (name: string): string | undefined => {
  const digits = /^(?:<<)?(?:custom)?(\d{1,6})(?:>>)?$/i.exec(name.trim())?.[1]
  return digits === undefined ? undefined : `Custom${Number(digits)}`
}

/** `(205) 555-0142` for ten digits in any punctuation; other input stays as it is. */
export const formatPhone = (phone: string): string => {
  const digits = phone.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "")
  return digits.length === 10 ? `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}` : phone
}
