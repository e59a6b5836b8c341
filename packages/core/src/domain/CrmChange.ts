/**
 * What a CRM says about its records, pushed or pulled, in the core's words. `CrmCase` is the CRM's own present state,
 * read with the firm's credentials; `CrmChange` is what a webhook claims and is never more than a hint.
 */
import { Schema } from "effect"
import { ExternalCaseId, ExternalClientId } from "./Case.ts"
import { Instant } from "./Ids.ts"
import { CaseType } from "./Mapping.ts"
import { FieldProblem } from "./Receipt.ts"
import { CaseStatus } from "./StatusSync.ts"

/** Absent means "not said", never "empty": blanks and fillers do not arrive here. */
export const CrmClient = Schema.Struct({
  externalId: Schema.optionalKey(ExternalClientId),
  firstName: Schema.optionalKey(Schema.String),
  lastName: Schema.optionalKey(Schema.String),
  fullName: Schema.optionalKey(Schema.String),
  email: Schema.optionalKey(Schema.String),
  phone: Schema.optionalKey(Schema.String)
})
export interface CrmClient extends Schema.Schema.Type<typeof CrmClient> {}

export const CrmCase = Schema.Struct({
  externalId: ExternalCaseId,
  caseType: Schema.optionalKey(CaseType),
  status: Schema.optionalKey(CaseStatus),
  client: CrmClient,
  createdAt: Schema.optionalKey(Instant),
  updatedAt: Schema.optionalKey(Instant),
  /** Further values by the CRM's key; several where the CRM repeats a key. */
  fields: Schema.Record(Schema.String, Schema.Array(Schema.String))
})
export interface CrmCase extends Schema.Schema.Type<typeof CrmCase> {}

export const CrmChange = Schema.TaggedUnion({
  CaseReported: { receiptId: Schema.String, case: CrmCase, warnings: Schema.Array(FieldProblem) },
  TestPressed: { receiptId: Schema.String },
  Unreadable: { receiptId: Schema.String, errors: Schema.Array(FieldProblem) }
})
export type CrmChange = typeof CrmChange.Type
export type CaseReported = (typeof CrmChange.cases.CaseReported)["Type"]
