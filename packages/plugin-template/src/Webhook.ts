/**
 * A webhook of the CRM: what it must carry, and how a stored receipt becomes a change. Values are hints: blanks are left
 * out and never erase anything, one unreadable value is a warning and never costs the record.
 */
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CrmChange } from "@casewire/core/domain/CrmChange"
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
import { instantOf, said } from "./Cases.ts"

/** Intake judges by this alone and calls no plugin. Aliases are other spellings of a key that were seen. */
export const webhookDeclaration: WebhookDeclaration = {
  required: [
    { name: "Case ID", aliases: ["case", "matter id"], pattern: "^[A-Za-z0-9-]{1,40}$" },
    { name: "Case Type", aliases: ["type"] },
    { name: "Status", aliases: ["case status"] },
    { name: "Client ID", aliases: ["contact id"] },
    { name: "Client Name", aliases: ["full name", "name"] },
    { name: "Created Date", aliases: ["created"] }
  ],
  record: "Case ID",
  fillers: ["n/a", "-"],
  // What the CRM's Test button sends in place of data.
  testValue: "^\\{\\{.*\\}\\}$",
  options: ["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"],
  steps: [
    "In Quillby, open Settings, then Webhooks, and add one.",
    "Paste the address from here.",
    "Add the fields Case ID, Case Type, Status, Client ID, Client Name and Created Date.",
    "Save, then press Test: this page shows at once that it was received."
  ]
}

const emailKeys = new Set(["email", "clientemail"])
const phoneKeys = new Set(["phone", "clientphone", "mobile"])

export const decodeReceipts = (receipts: ReadonlyArray<CrmReceipt>): ReadonlyArray<CrmChange> =>
  receipts.map((receipt) => decodeReceipt(fieldTable(webhookDeclaration, receipt.aliases), receipt))

const decodeReceipt = (table: FieldTable, { entries, receiptId }: CrmReceipt): CrmChange => {
  const found = findFields(table, entries)
  if (found._tag === "Test") return { _tag: "TestPressed", receiptId }
  if (found.errors.length > 0) return { _tag: "Unreadable", receiptId, errors: found.errors }
  const warnings: Array<FieldProblem> = [...found.warnings]
  /** A placeholder of the Test button amid real values says nothing. */
  const value = (field: string): string | undefined => {
    const given = found.values.get(field)
    if (given === undefined || !table.test.test(given)) return given
    warnings.push({ field, code: "test-token" })
    return undefined
  }
  const caseType = value("Case Type")
  const status = value("Status")
  const clientId = value("Client ID")
  const created = value("Created Date")
  const createdAt = created === undefined ? undefined : instantOf(created)
  if (created !== undefined && createdAt === undefined)
    warnings.push({ field: "Created Date", code: "unreadable-date" })
  const { email, fields, phone } = extraOf(table, found.extra)
  return {
    _tag: "CaseReported",
    receiptId,
    warnings,
    case: {
      externalId: ExternalCaseId.make(found.values.get("Case ID") ?? ""),
      ...(caseType === undefined ? {} : { caseType: { name: caseType } }),
      ...(status === undefined ? {} : { status: { name: status, raw: status } }),
      client: {
        ...(clientId === undefined ? {} : { externalId: ExternalClientId.make(clientId) }),
        ...said({ fullName: value("Client Name"), email, phone })
      },
      ...(createdAt === undefined ? {} : { createdAt }),
      fields
    }
  }
}

/** What is no required field: e-mail and phone of the client, and fields by their key, a repeated key as several values. */
const extraOf = (table: FieldTable, extra: ReadonlyMap<string, ReadonlyArray<string>>) => {
  const fields = new Map<string, ReadonlyArray<string>>()
  let email: string | undefined
  let phone: string | undefined
  for (const [key, given] of extra) {
    const values = given.filter((value) => !isBlank(table, value) && !table.test.test(value))
    const normal = normaliseKey(key)
    if (emailKeys.has(normal)) email ??= values[0]
    else if (phoneKeys.has(normal)) phone ??= values[0]
    else if (values.length > 0) fields.set(key, values)
  }
  return { email, phone, fields: Object.fromEntries(fields) }
}
