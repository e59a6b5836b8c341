/**
 * A Law Ruler webhook: what it must carry, and how a stored receipt becomes a change. Firms choose the keys, so every
 * spelling that was seen is an alias. Values are hints: blanks and fillers are left out and never erase anything, one
 * unreadable value is a warning and never costs the record.
 */
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CrmCase, CrmChange } from "@casewire/core/domain/CrmChange"
import type { FieldProblem } from "@casewire/core/domain/Receipt"
import {
  type FieldTable,
  fieldTable,
  findFields,
  isBlank,
  normaliseKey,
  type WebhookDeclaration
} from "@casewire/core/domain/WebhookFields"
import type { CrmReceipt } from "@casewire/core/ports/Crm"
import { Option } from "effect"
import { easternInstant } from "./EasternTime.ts"
import { customKey, defined } from "./Lead.ts"
import { statusOf } from "./Statuses.ts"
import { wire } from "./WireProfile.ts"

export const webhookDeclaration: WebhookDeclaration = {
  required: [
    { name: "Lead ID", aliases: ["LeadID", "lead_id", "Lead #", "Lead Number"], pattern: "^[1-9][0-9]{0,9}$" },
    { name: "Case Type ID", aliases: ["CaseTypeID", "case_type_id"] },
    { name: "Case Type", aliases: ["CaseType", "case_type", "Case Type Name"] },
    { name: "Status ID", aliases: ["StatusID", "status_id", "Case Status ID", "Lead Status ID"] },
    { name: "Status", aliases: ["status", "Status Name", "Case Status", "Lead Status", "Current Status"] },
    { name: "Full Name", aliases: ["FullName", "full_name", "Client Name", "Contact Name", "Name"] },
    {
      name: "Created Date",
      aliases: ["CreatedDate", "created_date", "Create Date", "Date Created", "Created", "Created On"]
    },
    { name: "Primary Contact ID", aliases: ["PrimaryContactID", "primary_contact_id", "Contact ID"] },
    { name: "First Name", aliases: ["FirstName", "first_name", "fname", "Client First Name"] },
    { name: "Last Name", aliases: ["LastName", "last_name", "lname", "Surname", "Client Last Name"] }
  ],
  record: "Lead ID",
  fillers: wire.fillers,
  testValue: wire.testValue,
  options: wire.options,
  fileRecord: wire.attachedFileLead,
  steps: [
    "In Law Ruler, go to Setup, then Webhooks.",
    "Select the webhook row you want to use, or create one first.",
    "Click Edit selected webhook.",
    "Paste the address from here into API URL.",
    "Choose the case types and statuses that this webhook should send. A case type left out here never arrives.",
    "Add the ten required fields: Lead ID, Case Type ID, Case Type, Status ID, Status, Full Name, Created Date, " +
      "Primary Contact ID, First Name and Last Name.",
    "Save the webhook, then press Test: this page shows at once that it was received.",
    "Most webhooks fire when a case's status changes. To send one record now, open it and click Send via Webhook."
  ],
  screen: { origin: "legacy", path: wire.webhookScreen, label: "Law Ruler: Setup, Webhooks" },
  hints: [
    "Most Law Ruler webhooks fire only when a case's status changes, so an edit of another field sends nothing.",
    "Open the record in Law Ruler and click Send via Webhook."
  ]
}

const emailKeys = new Set(["email", "email1", "emailaddress", "primaryemail", "clientemail"])
const phoneKeys = new Set([
  "phone",
  "cellphone",
  "mobile",
  "mobilephone",
  "cell",
  "primaryphone",
  "phonenumber",
  "clientphone"
])

export const decodeReceipts = (receipts: ReadonlyArray<CrmReceipt>): ReadonlyArray<CrmChange> => {
  const tables = new Map<string, FieldTable>()
  return receipts.map((receipt) => {
    const key = JSON.stringify(receipt.aliases)
    const table = tables.get(key) ?? fieldTable(webhookDeclaration, receipt.aliases)
    tables.set(key, table)
    return decodeReceipt(table, receipt)
  })
}

const decodeReceipt = (table: FieldTable, { entries, receiptId }: CrmReceipt): CrmChange => {
  const found = findFields(table, entries)
  if (found._tag === "Test") return { _tag: "TestPressed", receiptId }
  if (found.errors.length > 0) return { _tag: "Unreadable", receiptId, errors: found.errors }
  const warnings: Array<FieldProblem> = [...found.warnings]
  /** A token of the Test button amid real values says nothing. */
  const value = (field: string): string | undefined => {
    const given = found.values.get(field)
    if (given === undefined || !table.test.test(given)) return given
    warnings.push({ field, code: "test-token" })
    return undefined
  }
  const leadId = found.values.get("Lead ID")!
  const caseTypeName = value("Case Type")
  const caseTypeId = value("Case Type ID")
  const rawStatus = value("Status")
  const statusId = value("Status ID")
  const created = value("Created Date")
  const createdAt = created === undefined ? undefined : Option.getOrUndefined(easternInstant(created))
  if (created !== undefined && createdAt === undefined)
    warnings.push({ field: "Created Date", code: "unreadable-date" })
  const extra = readExtra(table, found.extra, warnings)
  const change: CrmCase = {
    externalId: ExternalCaseId.make(leadId),
    client: {
      externalId: ExternalClientId.make(value("Primary Contact ID") ?? wire.clientFallback(leadId)),
      ...defined({
        firstName: value("First Name"),
        lastName: value("Last Name"),
        fullName: value("Full Name"),
        email: extra.email,
        phone: extra.phone
      })
    },
    fields: extra.fields,
    ...defined({
      caseType:
        caseTypeName === undefined
          ? undefined
          : { name: caseTypeName.replace(/\s+/g, " "), ...defined({ externalId: caseTypeId }) },
      status: rawStatus === undefined ? undefined : statusOf(rawStatus, statusId),
      createdAt
    })
  }
  return { _tag: "CaseReported", receiptId, case: change, warnings }
}

/** The rest of a webhook: e-mail and phone of the client, and fields by Law Ruler's key, a repeated key as several values. */
const readExtra = (
  table: FieldTable,
  extra: ReadonlyMap<string, ReadonlyArray<string>>,
  warnings: Array<FieldProblem>
) => {
  const fields = new Map<string, ReadonlyArray<string>>()
  let email: string | undefined
  let phone: string | undefined
  for (const [key, given] of extra) {
    const values = given
      .map((value) => value.trim())
      .filter((value) => !isBlank(table, value) && !table.test.test(value))
    if (given.some((value) => table.test.test(value))) warnings.push({ field: key, code: "test-token" })
    const normal = normaliseKey(key)
    if (emailKeys.has(normal)) email ??= values[0]
    else if (phoneKeys.has(normal)) phone ??= values[0]
    else if (values.length > 0) {
      const name = customKey(key) ?? key.trim()
      fields.set(name, [...(fields.get(name) ?? []), ...values])
    }
  }
  return { fields: Object.fromEntries(fields), email, phone }
}
