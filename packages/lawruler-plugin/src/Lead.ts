/**
 * A lead of the Advanced API as a case. Nothing is invented: what Law Ruler did not say stays absent, blanks and
 * fillers included, and an answer about another lead than the one asked for is no answer.
 */
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CrmCase, CrmClient } from "@casewire/core/domain/CrmChange"
import { Option } from "effect"
import { easternInstant } from "./EasternTime.ts"
import type { Statuses } from "./Statuses.ts"
import { type Contact, type Lead, type LeadField, wire } from "./WireProfile.ts"

const fillers = new Set<string>(wire.fillers.map((filler) => filler.toLowerCase()))

/** The value trimmed, or nothing where it is blank or a filler. */
const said = (value: string | null | undefined): string | undefined => {
  const trimmed = value?.trim()
  return trimmed === undefined || trimmed === "" || fillers.has(trimmed.toLowerCase()) ? undefined : trimmed
}

/** An object without its undefined members. */
type Defined<A> = { [K in keyof A]?: Exclude<A[K], undefined> }
export const defined = <A extends object>(values: A): Defined<A> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<A>

export const leadToCase = (
  lead: typeof Lead.Type,
  fields: ReadonlyArray<typeof LeadField.Type>,
  statuses: Pick<Statuses, "caseTypeNamed" | "statusNamed">
): CrmCase => {
  const caseTypeName = said(lead.CaseType)
  const caseType = caseTypeName === undefined ? undefined : statuses.caseTypeNamed(caseTypeName)
  const rawStatus = said(lead.Status) === undefined ? undefined : lead.Status!
  const status = rawStatus === undefined ? undefined : statuses.statusNamed(caseTypeName, rawStatus)
  return {
    externalId: ExternalCaseId.make(String(lead.LeadId)),
    client: clientOf(lead.Contact ?? undefined, lead.DisplayName),
    fields: fieldsOf(lead, fields),
    ...defined({
      caseType: caseType && { ...caseType, ...defined({ externalId: idOf(lead.CaseTypeId) }) },
      status: status && { ...status, ...defined({ externalId: idOf(lead.StatusId) }) },
      createdAt: instantOf(lead.CreateDate),
      updatedAt: instantOf(lead.UpdateDateTime)
    })
  }
}

const clientOf = (contact: typeof Contact.Type | undefined, displayName: string | null | undefined): CrmClient => {
  const id = idOf(contact?.ContactId)
  return defined({
    externalId: id === undefined ? undefined : ExternalClientId.make(id),
    firstName: said(contact?.Firstname),
    lastName: said(contact?.Lastname),
    fullName: said(contact?.FullName) ?? said(displayName),
    email: said(contact?.PrimaryEmail),
    phone: said(contact?.CellPhone)
  })
}

/** An explicit blank stays, as a key without values: a verified read may say that a field is empty. */
const fieldsOf = (lead: typeof Lead.Type, fields: ReadonlyArray<typeof LeadField.Type>): CrmCase["fields"] => {
  const source = said(lead.Source?.Name)
  const entries = fields.map(({ FieldKey, Value }): [string, ReadonlyArray<string>] => [
    customKey(FieldKey) ?? FieldKey,
    (Array.isArray(Value) ? Value : [String(Value ?? "")]).filter((value) => value.trim() !== "")
  ])
  return Object.fromEntries(source === undefined ? entries : [["LeadProvider", [source]], ...entries])
}

/** `Custom1234` for `custom1234`, `<<Custom1234>>`, `Custom 1234` and `1234`; nothing for other keys. */
export const customKey = (key: string): string | undefined => {
  const digits = wire.customField.exec(key.trim())?.[1]
  return digits === undefined ? undefined : `Custom${digits}`
}

const idOf = (id: string | number | null | undefined): string | undefined =>
  id === null || id === undefined || id === 0 ? undefined : said(String(id))

const instantOf = (text: string | null | undefined): number | undefined =>
  text === null || text === undefined ? undefined : Option.getOrUndefined(easternInstant(text))
