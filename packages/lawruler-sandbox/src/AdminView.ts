/**
 * What the admin API shows of a portal. Here times are true UTC instants in ISO
 * form, unlike anything the imitated APIs say; a test may rely on them.
 */
import { caseTypeName, contactOf, type Portal, statusName } from "./Portal.ts"
import { fullName, type Lead } from "./Lead.ts"

const iso = (instant: number): string => new Date(instant).toISOString()

export const leadView = (portal: Portal, lead: Lead) => {
  const contact = contactOf(portal, lead)
  return {
    leadId: lead.leadId,
    caseTypeId: lead.caseTypeId,
    caseType: caseTypeName(portal, lead.caseTypeId),
    statusId: lead.statusId,
    status: statusName(portal, lead.statusId),
    contactId: lead.contactId,
    contact: contact === undefined ? null : { ...contact, fullName: fullName(contact) },
    displayName: lead.displayName,
    createDate: iso(lead.createDate),
    updateDateTime: iso(lead.updateDateTime),
    custom: Object.fromEntries(lead.custom),
    fields: Object.fromEntries(lead.fields),
    tags: lead.tags,
    assignee: lead.assignee,
    owner: lead.owner,
    decorated: lead.decorated,
    notes: lead.notes.map((note) => ({ ...note, createdAt: iso(note.createdAt) })),
    documents: lead.documents.map(({ content, createdAt, ...document }) => ({
      ...document,
      size: content.length,
      createdAt: iso(createdAt)
    })),
    statusHistory: lead.statusHistory.map((change) => ({ ...change, at: iso(change.at) }))
  }
}

export const deliveryView = <D extends { startedAt: number }>(delivery: D) => ({
  ...delivery,
  startedAt: iso(delivery.startedAt)
})

export const portalView = (portal: Portal) => ({
  root: portal.credentials.root,
  credentials: portal.credentials,
  settings: portal.settings,
  caseTypes: portal.caseTypes,
  statuses: portal.statuses,
  fields: portal.fields.map(({ caseTypeId, inputType, label, number, options, section }) => ({
    caseTypeId,
    key: `Custom${number}`,
    number,
    label,
    inputType,
    section,
    options,
    script: inputType === "script"
  })),
  contacts: [...portal.contacts.values()].map((contact) => ({ ...contact, fullName: fullName(contact) })),
  leads: [...portal.leads.values()].map((lead) => leadView(portal, lead)),
  folders: portal.folders,
  webhooks: [...portal.webhooks.values()],
  deliveries: portal.deliveries.map(deliveryView),
  faults: portal.faults,
  calls: portal.calls.map((call) => ({ ...call, at: iso(call.at) }))
})
