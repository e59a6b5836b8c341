/**
 * The staff's side of a portal: creating and editing leads, changing a status,
 * writing notes, filing documents, pressing Send via Webhook. Only a status change
 * (and a creation asked to) fires webhooks.
 */
import { Effect, Fiber, Schema } from "effect"
import { type AdminCall, type AdminRoute, namedLead, namedPortal, on } from "./AdminRoutes.ts"
import { deliveryView, leadView } from "./AdminView.ts"
import { empty, json } from "./Answer.ts"
import { customKey, fullName, type Lead } from "./Lead.ts"
import {
  addContact,
  addDocument,
  addLead,
  addNote,
  changeStatus,
  contactOf,
  findStatus,
  isNoteCategory,
  type Portal,
  type Status,
  statusesOf
} from "./Portal.ts"
import * as Profile from "./Profile.ts"
import { decodeBody, Problem } from "./Problem.ts"
import { Webhooks } from "./Webhooks.ts"

const Texts = Schema.Record(Schema.String, Schema.String)

const namedStatus = Effect.fnUntraced(function* (
  portal: Portal,
  caseTypeId: number,
  name: string
): Effect.fn.Return<Status, Problem> {
  const status = findStatus(portal, caseTypeId, name)
  if (status !== undefined) return status
  const known = statusesOf(portal, caseTypeId)
    .map(({ name }) => name)
    .join(", ")
  return yield* Problem.field("status", `"${name}" is not a status of this case type; known: ${known}`)
})

const writeCustom = Effect.fnUntraced(function* (
  portal: Portal,
  lead: Lead,
  custom: Readonly<Record<string, string>>
): Effect.fn.Return<void, Problem> {
  const known = new Set(portal.fields.map(({ number }) => `Custom${number}`))
  const keys = Object.keys(custom).map((name) => [name, customKey(name)] as const)
  for (const [name, key] of keys) {
    if (key === undefined || !known.has(key)) return yield* Problem.field(`custom.${name}`, "no form has this field")
  }
  for (const [name, key] of keys) if (key !== undefined) lead.custom.set(key, custom[name] ?? "")
})

const NewLead = Schema.Struct({
  caseType: Schema.String,
  status: Schema.String,
  firstName: Schema.optionalKey(Schema.String),
  lastName: Schema.optionalKey(Schema.String),
  phone: Schema.optionalKey(Schema.String),
  email: Schema.optionalKey(Schema.String),
  contactId: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  displayName: Schema.optionalKey(Schema.String),
  decorated: Schema.optionalKey(Schema.Boolean),
  custom: Schema.optionalKey(Texts),
  fields: Schema.optionalKey(Texts),
  fire: Schema.optionalKey(Schema.Boolean),
  /** So many leads alike, each with a contact of its own; the answer lists their ids. */
  copies: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50_000 })))
})

const createLead = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  const body = yield* decodeBody(call.request, NewLead)
  const caseType = portal.caseTypes.find(({ name }) => name === body.caseType)
  if (caseType === undefined) {
    const known = portal.caseTypes.map(({ name }) => name).join(", ")
    return yield* Problem.field("caseType", `"${body.caseType}" does not exist; known: ${known}`)
  }
  const status = yield* namedStatus(portal, caseType.id, body.status)
  const { contactId } = body
  const existing = typeof contactId === "number" ? portal.contacts.get(contactId) : undefined
  if (typeof contactId === "number" && existing === undefined) {
    return yield* Problem.field("contactId", `contact ${contactId} does not exist`)
  }
  const { email = "", firstName = "", lastName = "", phone = "" } = body
  if (body.copies !== undefined) {
    const leadIds = Array.from({ length: body.copies }, (_, index) => {
      const contact = addContact(portal, { firstName, lastName: `${lastName} ${index + 1}`, phone, email })
      return addLead(portal, { contact, caseTypeId: caseType.id, status, by: "staff" }, call.now).leadId
    })
    return json({ leadIds }, 201)
  }
  const contact = existing ?? addContact(portal, { firstName, lastName, phone, email })
  const lead = addLead(portal, { contact, caseTypeId: caseType.id, status, by: "staff" }, call.now)
  if (contactId === null) {
    portal.contacts.delete(contact.contactId)
    lead.contactId = null
  }
  if (body.displayName !== undefined) lead.displayName = body.displayName
  if (body.decorated !== undefined) lead.decorated = body.decorated
  yield* writeCustom(portal, lead, body.custom ?? {})
  for (const [name, value] of Object.entries(body.fields ?? {})) lead.fields.set(name, value)
  if (body.fire === true) yield* (yield* Webhooks).fire(portal, lead)
  return json(leadView(portal, lead), 201)
})

const StatusChange = Schema.Struct({ status: Schema.String, wait: Schema.optionalKey(Schema.Boolean) })

/** Answers at once; `wait: true` waits until every row was answered. */
const setStatus = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead, portal } = yield* namedLead(call)
  const body = yield* decodeBody(call.request, StatusChange)
  const status = yield* namedStatus(portal, lead.caseTypeId, body.status)
  if (changeStatus(lead, status, "staff", call.now)) {
    const fired = yield* (yield* Webhooks).fire(portal, lead)
    if (body.wait === true) yield* Fiber.join(fired)
  }
  return json(leadView(portal, lead))
})

const Edit = Schema.Struct({
  custom: Schema.optionalKey(Texts),
  fields: Schema.optionalKey(Texts),
  contact: Schema.optionalKey(
    Schema.Struct({
      firstName: Schema.optionalKey(Schema.String),
      lastName: Schema.optionalKey(Schema.String),
      email: Schema.optionalKey(Schema.String),
      phone: Schema.optionalKey(Schema.String),
      dateOfBirth: Schema.optionalKey(Schema.String)
    })
  ),
  displayName: Schema.optionalKey(Schema.String),
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  assignee: Schema.optionalKey(Schema.String),
  owner: Schema.optionalKey(Schema.String),
  decorated: Schema.optionalKey(Schema.Boolean)
})

const editLead = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead, portal } = yield* namedLead(call)
  const body = yield* decodeBody(call.request, Edit)
  const contact = contactOf(portal, lead)
  if (body.contact !== undefined && contact === undefined) {
    return yield* Problem.field("contact", "this lead has no contact", 409)
  }
  yield* writeCustom(portal, lead, body.custom ?? {})
  for (const [name, value] of Object.entries(body.fields ?? {})) lead.fields.set(name, value)
  if (contact !== undefined && body.contact !== undefined) {
    Object.assign(contact, body.contact)
    lead.displayName = fullName(contact)
  }
  lead.displayName = body.displayName ?? lead.displayName
  lead.tags = [...(body.tags ?? lead.tags)]
  lead.assignee = body.assignee ?? lead.assignee
  lead.owner = body.owner ?? lead.owner
  lead.decorated = body.decorated ?? lead.decorated
  lead.updateDateTime = call.now
  return json(leadView(portal, lead))
})

const NewNote = Schema.Struct({ category: Schema.String, text: Schema.NonEmptyString })

const createNote = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead, portal } = yield* namedLead(call)
  const body = yield* decodeBody(call.request, NewNote)
  if (!isNoteCategory(body.category)) {
    return yield* Problem.field("category", `unknown; known: ${Profile.noteCategories.join(", ")}`)
  }
  addNote(portal, lead, { ...body, author: lead.assignee || "Staff" }, call.now)
  return json(leadView(portal, lead), 201)
})

const NewDocument = Schema.Struct({
  name: Schema.String,
  contentType: Schema.NonEmptyString,
  base64: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9+/]*={0,2}$/)),
  folderId: Schema.optionalKey(Schema.Int)
})

const createDocument = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead, portal } = yield* namedLead(call)
  const body = yield* decodeBody(call.request, NewDocument)
  const folderId = body.folderId ?? portal.folders[0]?.folderId ?? 1
  if (!portal.folders.some((folder) => folder.folderId === folderId)) {
    return yield* Problem.field("folderId", `folder ${folderId} does not exist`)
  }
  const { contentType, name } = body
  const content = new Uint8Array(Buffer.from(body.base64, "base64"))
  addDocument(portal, lead, { name, contentType, content, folderId }, call.now)
  return json(leadView(portal, lead), 201)
})

/** The bytes too, so that a test can compare them. */
const oneDocument = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead } = yield* namedLead(call)
  const found = lead.documents.find(({ documentId }) => String(documentId) === call.params["documentId"])
  if (found === undefined) return yield* Problem.notFound(`Document ${call.params["documentId"]}`)
  const { content, ...document } = found
  return json({ ...document, size: content.length, base64: Buffer.from(content).toString("base64") })
})

const Send = Schema.Struct({ webhookId: Schema.optionalKey(Schema.Int) })

const sendViaWebhook = Effect.fnUntraced(function* (call: AdminCall) {
  const { lead, portal } = yield* namedLead(call)
  const { webhookId } = yield* decodeBody(call.request, Send)
  const row = webhookId === undefined ? undefined : portal.webhooks.get(webhookId)
  if (webhookId !== undefined && row === undefined) {
    return yield* Problem.field("webhookId", `webhook ${webhookId} does not exist`)
  }
  const deliveries = yield* (yield* Webhooks).send(portal, lead, row)
  return json(deliveries.map(deliveryView))
})

const one = "/_sandbox/portals/:root/leads/:leadId"

export const leadRoutes: ReadonlyArray<AdminRoute> = [
  on("POST", "/_sandbox/portals/:root/leads", createLead),
  on("GET", one, (call) => Effect.map(namedLead(call), ({ lead, portal }) => json(leadView(portal, lead)))),
  on("PATCH", one, editLead),
  on("DELETE", one, (call) =>
    Effect.map(namedLead(call), ({ lead, portal }) => {
      portal.leads.delete(lead.leadId)
      return empty(204)
    })
  ),
  on("POST", `${one}/status`, setStatus),
  on("POST", `${one}/notes`, createNote),
  on("POST", `${one}/documents`, createDocument),
  on("GET", `${one}/documents/:documentId`, oneDocument),
  on("POST", `${one}/send-via-webhook`, sendViaWebhook)
]
