/**
 * A portal as it stands after a reset. Deterministic: fixed ids, fixed instants,
 * fictional people with 555-01xx numbers. Clients keep recorded samples of lead 248199
 * and of the September leads of case type 222, so keep those as they are.
 */
import { fromWall } from "./EasternTime.ts"
import { type Contact, fullName, type Lead } from "./Lead.ts"
import type { Credentials, Portal, Status } from "./Portal.ts"
import * as Lookups from "./SeedLookups.ts"
import { defaultSettings } from "./Settings.ts"

/** The credentials of the seeded portal "harbor". */
export const demoPortal = {
  root: "harbor",
  username: "casewire.service",
  password: "tide-over-granite-41",
  clientSecret: "harbor-client-secret-7Qk2",
  key: "HARBOR-3F9A-51C7-KEY"
} as const

const lakeside: Credentials = {
  root: "lakeside",
  username: "api.user",
  password: "reed-and-heron-88",
  clientId: "lakeside",
  clientSecret: "lakeside-client-secret-x9",
  key: "LAKESIDE-77B2-0D4E-KEY"
}

const emptyPortal = (credentials: Credentials, statuses: ReadonlyArray<Status>): Portal => ({
  credentials: { ...credentials },
  settings: defaultSettings,
  caseTypes: [...Lookups.caseTypes],
  statuses: [...statuses],
  fields: Lookups.formFields,
  folders: Lookups.folders,
  contacts: new Map(),
  leads: new Map(),
  webhooks: new Map(),
  deliveries: [],
  faults: [],
  calls: [],
  tokens: new Map(),
  refreshTokens: new Set(),
  recentCalls: [],
  nextId: {
    lead: 248200,
    contact: 70600,
    note: 910100,
    document: 55100,
    webhook: 1,
    delivery: 1,
    fault: 1,
    status: 3001
  }
})

const person = (portal: Portal, contactId: number, name: string, email: string, phone: string): Contact => {
  const [firstName = "", ...rest] = name.split(" ")
  const contact: Contact = {
    contactId,
    firstName,
    lastName: rest.join(" "),
    email,
    phone,
    homePhone: "",
    dateOfBirth: "04/19/1986",
    address: { street: "14 Quay St", city: "Mobile", state: "AL", zip: "36602" }
  }
  portal.contacts.set(contactId, contact)
  return contact
}

interface SeedLead {
  readonly leadId: number
  readonly contact: Contact | null
  readonly displayName?: string
  readonly caseTypeId: number
  readonly statusId: number
  readonly created: string
  readonly updated: string
  readonly custom?: Record<string, string>
  readonly fields?: Record<string, string>
  readonly decorated?: boolean
}

const lead = (portal: Portal, seed: SeedLead): Lead => {
  const status = portal.statuses.find(({ id }) => id === seed.statusId)
  const added: Lead = {
    leadId: seed.leadId,
    caseTypeId: seed.caseTypeId,
    statusId: seed.statusId,
    contactId: seed.contact?.contactId ?? null,
    displayName: seed.displayName ?? (seed.contact === null ? "" : fullName(seed.contact)),
    createDate: fromWall(seed.created),
    updateDateTime: fromWall(seed.updated),
    custom: new Map(Object.entries(seed.custom ?? {})),
    fields: new Map(Object.entries(seed.fields ?? {})),
    tags: [],
    assignee: "Dana Whitfield",
    owner: "Harbor Intake",
    decorated: seed.decorated ?? false,
    notes: [],
    documents: [],
    statusHistory: [{ status: status?.name ?? "", at: fromWall(seed.updated), by: "staff" }]
  }
  portal.leads.set(added.leadId, added)
  return added
}

const pdf = (words: string): Uint8Array =>
  new TextEncoder().encode(`%PDF-1.4\n% ${words}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`)

/** Same name with different ids, one without a name: what a document pull must cope with. */
const addSeedDocuments = (harborLead: Lead): void => {
  const at = fromWall("2026-09-15T16:05:00")
  const document = (documentId: number, folderId: number, name: string, words: string) =>
    harborLead.documents.push({
      documentId,
      folderId,
      name,
      contentType: "application/pdf",
      content: pdf(words),
      createdAt: at
    })
  document(55001, 1, "IntakeForm.pdf", "intake form")
  document(55002, 2, "Client-Retainer.pdf", "signed retainer")
  document(55003, 5, "Client-Retainer.pdf", "another file of the same name")
  document(55004, 3, "", "a document without a name")
}

const addSeedNotes = (harborLead: Lead): void => {
  const note = (noteId: number, category: string, text: string, wall: string) =>
    harborLead.notes.push({ noteId, category, text, author: "Dana Whitfield", createdAt: fromWall(wall) })
  note(910001, "General", "Called from the radio ad. Sounds like a good case.", "2026-09-14T10:31:00")
  note(910002, "Intake", "Retainer sent by e-sign; client asked for Spanish copy too.", "2026-09-15T16:02:00")
}

export const seedPortal = (credentials: Credentials, statuses = Lookups.statuses): Portal => {
  const portal = emptyPortal(credentials, statuses)
  const jose = person(portal, 70551, "José O'Hara", "jose.ohara@example.test", "(205) 555-0142")
  const rosa = person(portal, 70540, "Rosa Delgado", "rosa.delgado@example.test", "(205) 555-0117")
  const guardian = person(portal, 70533, "Marcus Webb Jr.", "marcus.webb@example.test", "(251) 555-0163")
  const liu = person(portal, 70560, "Mei Liu", "mei.liu@example.test", "(334) 555-0188")

  const harborLead = lead(portal, {
    leadId: 248199,
    contact: jose,
    caseTypeId: 222,
    statusId: 9,
    created: "2026-09-14T10:22:00",
    updated: "2026-09-15T23:30:00",
    custom: { Custom4124: "09/03/2026", Custom4131: "Chiropractor", Custom4134: "Yes" },
    fields: { LeadProvider: "Facebook", Summary: "Rear-ended at a red light." },
    decorated: true
  })
  addSeedNotes(harborLead)
  addSeedDocuments(harborLead)

  lead(portal, {
    leadId: 248177,
    contact: null,
    displayName: "Ana Lee",
    caseTypeId: 222,
    statusId: 1,
    created: "2026-09-13T09:00:00",
    updated: "2026-09-13T09:00:00"
  })
  lead(portal, {
    leadId: 248150,
    contact: rosa,
    caseTypeId: 222,
    statusId: 1655,
    created: "2026-08-30T14:11:00",
    updated: "2026-09-02T11:45:00",
    custom: { Custom4124: "08/21/2026", Custom4129: "Head, or concussion,Knee" },
    fields: { LeadProvider: 'Radio, "Q102"' }
  })
  for (const [leadId, displayName] of [
    [248120, "Imani Webb (OBO)"],
    [248121, "Theo Webb (OBO)"]
  ] as const) {
    lead(portal, {
      leadId,
      contact: guardian,
      displayName,
      caseTypeId: 131,
      statusId: 2333,
      created: "2026-07-19T09:30:00",
      updated: "2026-10-02T15:20:00",
      fields: { LeadProvider: "Referral", ContactType: "On behalf of" }
    })
  }
  lead(portal, {
    leadId: 248190,
    contact: liu,
    caseTypeId: 109,
    statusId: 1420,
    created: "2026-09-10T08:15:00",
    updated: "2026-10-11T17:00:00",
    custom: { Custom597: "09/01/2026", Custom598: "Grocery store, aisle 4" },
    fields: { LeadProvider: "Google" }
  })
  return portal
}

/** In lakeside every shipped status carries the ` (Default)` suffix in its very name. */
const suffixedStatuses = Lookups.statuses.map((status) =>
  status.isDefault ? { ...status, name: `${status.name} (Default)` } : status
)

export const seedPortals = (): Map<string, Portal> =>
  new Map([
    ["harbor", seedPortal({ ...demoPortal, clientId: demoPortal.root })],
    ["lakeside", seedPortal(lakeside, suffixedStatuses)]
  ])
