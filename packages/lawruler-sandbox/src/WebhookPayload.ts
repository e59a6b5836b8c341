/**
 * What one webhook row sends about one lead: the values as Law Ruler prints them,
 * the row's own keys, and one of three body encodings. A snapshot: what is composed
 * at the moment of firing stays so, however late it is delivered.
 */
import { randomBytes } from "node:crypto"
import { toUsDateTime } from "./EasternTime.ts"
import { type Contact, customKey, type Document, fullName, type Lead } from "./Lead.ts"
import { caseTypeName, contactOf, folderPath, type FormField, type Portal } from "./Portal.ts"
import * as Profile from "./Profile.ts"
import type { Pair, WebhookRow } from "./WebhookRow.ts"

export interface Payload {
  readonly url: string
  readonly method: "POST" | "PUT" | "GET"
  readonly headers: Record<string, string>
  readonly contentType: string
  readonly body: Uint8Array
  /** The body for the log: file contents replaced by their size. */
  readonly shownBody: string
}

type Entry = readonly [key: string, value: string]

/** Street, city, state and ZIP on one line. */
const mailingAddress = ({ address }: Contact): string =>
  [address.street, [address.city, [address.state, address.zip].join(" ").trim()].filter(Boolean).join(", ")]
    .join(" ")
    .trim()

const shownStatus = (portal: Portal, lead: Lead): string => {
  const status = portal.statuses.find(({ id }) => id === lead.statusId)
  const name = status?.name ?? ""
  const suffix = " (Default)"
  return portal.settings.statusSuffixInWebhooks && status?.isDefault === true && !name.endsWith(suffix)
    ? name + suffix
    : name
}

const defaultValue = (portal: Portal, lead: Lead, field: Profile.WebhookField): string => {
  const contact = contactOf(portal, lead)
  switch (field) {
    case "Lead ID":
      return String(lead.leadId)
    case "Status":
      return shownStatus(portal, lead)
    case "Status ID":
      return String(lead.statusId)
    case "Case Type":
      return caseTypeName(portal, lead.caseTypeId)
    case "Case Type ID":
      return String(lead.caseTypeId)
    case "Full Name":
      return contact === undefined ? lead.displayName : fullName(contact)
    case "First Name":
      return contact?.firstName ?? ""
    case "Last Name":
      return contact?.lastName ?? ""
    case "Created Date":
      return toUsDateTime(lead.createDate)
    case "Primary Contact ID":
      return lead.contactId === null ? "" : String(lead.contactId)
    case "Email":
      return contact?.email ?? ""
    case "Phone":
      return contact?.phone ?? ""
    case "Mailing Address":
      return contact === undefined ? "" : mailingAddress(contact)
    case "Date of Birth":
      return contact?.dateOfBirth ?? ""
    case "Case Description":
      return lead.fields.get("Summary") ?? ""
    case "Date of Incident":
      return lead.fields.get("DateOfIncident") ?? ""
    case "Marketing Source":
      return lead.fields.get("LeadProvider") ?? ""
    case "Assignee":
      return lead.assignee
    case "Owner":
      return lead.owner
    case "Tags":
      return lead.tags.join(",")
  }
}

/** The checked options of a group. Options contain commas themselves, so they are matched, not split. */
const checkedOptions = (field: FormField, stored: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let rest = stored
  while (rest !== "") {
    const option = field.options
      .filter((option) => rest === option || rest.startsWith(`${option},`))
      .sort((a, b) => b.length - a.length)[0]
    if (option === undefined) return [stored]
    found.push(option)
    rest = rest.slice(option.length + 1).trimStart()
  }
  return found.length === 0 ? [""] : found
}

const isDefaultField = (field: string): field is Profile.WebhookField => field in Profile.webhookFields

const values = (portal: Portal, lead: Lead, field: string): ReadonlyArray<string> => {
  if (isDefaultField(field)) return [defaultValue(portal, lead, field)]
  const key = customKey(field) ?? field
  const stored = lead.custom.get(key) ?? ""
  const formField = portal.fields.find(({ number }) => `Custom${number}` === key)
  return formField?.inputType === "multi" ? checkedOptions(formField, stored) : [stored]
}

/** `{{default95}}-Lead ID`: what the Test button posts instead of a value. */
const testToken = (portal: Portal, field: string): string => {
  if (isDefaultField(field)) return `{{default${Profile.webhookFields[field]}}}-${field}`
  const key = customKey(field) ?? field
  const label = portal.fields.find(({ number }) => `Custom${number}` === key)?.label ?? key
  return `{{${key.toLowerCase()}}}-${label}`
}

const entries = (portal: Portal, pairs: ReadonlyArray<Pair>, lead: Lead | null): ReadonlyArray<Entry> =>
  pairs.flatMap((pair): ReadonlyArray<Entry> => {
    if ("value" in pair) return [[pair.key, pair.value]]
    if (lead === null) return [[pair.key, testToken(portal, pair.field)]]
    return values(portal, lead, pair.field).map((value) => [pair.key, value])
  })

const urlencoded = (pairs: ReadonlyArray<Entry>): string =>
  new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, value])).toString()

const jsonObject = (pairs: ReadonlyArray<Entry>): string => {
  const object: Record<string, string | ReadonlyArray<string>> = {}
  for (const key of new Set(pairs.map(([key]) => key))) {
    const all = pairs.filter(([other]) => other === key).map(([, value]) => value)
    object[key] = all.length === 1 ? (all[0] ?? "") : all
  }
  return JSON.stringify(object)
}

const quoted = (name: string): string => name.replaceAll('"', "%22").replace(/[\r\n]/g, " ")

const multipart = (pairs: ReadonlyArray<Entry>, files: ReadonlyArray<readonly [name: string, Document]>) => {
  const boundary = `----LawRulerFormBoundary${randomBytes(12).toString("hex")}`
  const chunks: Array<Uint8Array> = []
  let shown = ""
  const text = (part: string) => {
    chunks.push(new TextEncoder().encode(part))
    shown += part
  }
  for (const [key, value] of pairs) {
    text(`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(key)}"\r\n\r\n${value}\r\n`)
  }
  for (const [name, { content, contentType }] of files) {
    text(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted(name)}"\r\n`)
    text(`Content-Type: ${contentType}\r\n\r\n`)
    chunks.push(content)
    shown += `[${content.length} bytes]`
    text("\r\n")
  }
  text(`--${boundary}--\r\n`)
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks), shown }
}

/** Documents whose top folder or full folder path is one of the row's categories; names start with the lead id. */
const attachments = (portal: Portal, row: WebhookRow, lead: Lead | null) => {
  if (lead === null || !row.attach.enabled) return []
  const categories = row.attach.categories
  return lead.documents
    .filter((document) => {
      const folder = portal.folders.find(({ folderId }) => folderId === document.folderId)
      const path = folder === undefined ? "" : folderPath(portal, folder)
      return categories === undefined || categories.includes(path) || categories.includes(path.split("/")[0] ?? "")
    })
    .map((document) => [`${lead.leadId}-${document.name || "Document"}`, document] as const)
}

const appendQuery = (url: string, query: string): string =>
  query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${query}`

/** `lead: null` composes the Test button's post. */
export const compose = (portal: Portal, row: WebhookRow, lead: Lead | null): Payload => {
  const params = entries(portal, row.params, lead)
  const body = entries(portal, row.body, lead)
  const headers = Object.fromEntries(row.headers.map(({ key, value }) => [key, value]))
  const url = row.paramsAs === "query" ? appendQuery(row.url, urlencoded(params)) : row.url
  const pairs = row.paramsAs === "body" ? [...body, ...params] : body
  const base = { url, method: row.method, headers }
  if (row.method === "GET") {
    const withBody = appendQuery(url, urlencoded(pairs))
    return { ...base, url: withBody, contentType: "", body: new Uint8Array(), shownBody: "" }
  }
  const files = attachments(portal, row, lead)
  if (row.encoding === "multipart" || files.length > 0) {
    const encoded = multipart(pairs, files)
    return { ...base, contentType: encoded.contentType, body: encoded.body, shownBody: encoded.shown }
  }
  const text = row.encoding === "json" ? jsonObject(pairs) : urlencoded(pairs)
  const contentType = row.encoding === "json" ? "application/json" : "application/x-www-form-urlencoded"
  return { ...base, contentType, body: new TextEncoder().encode(text), shownBody: text }
}
