/**
 * What a firm saved about the mapping of one case type: every save is a version of its own, so that anyone can see who
 * changed what and go back. A campaign may override single fields of the company's default; drafts wait beside it and
 * are never live.
 */
import { Schema } from "effect"
import { CrmCatalog } from "../ports/Crm.ts"
import { ConnectionId } from "./Connection.ts"
import { FieldKind } from "./FieldKind.ts"
import { FieldMapping } from "./FieldMapping.ts"
import { FirmId, Instant } from "./Ids.ts"
import type { CaseType } from "./Mapping.ts"
import { statusKey } from "./StatusSync.ts"

/** What a case type is known by in a mapping: its id in the CRM, which outlives a new name, else its name. */
export const caseTypeKey = (caseType: CaseType): string => caseType.externalId ?? statusKey(caseType.name)

/** What the CRM had to choose from when it was asked last. */
export const CatalogSnapshot = Schema.Struct({
  firmId: FirmId,
  connectionId: ConnectionId,
  fetchedAt: Instant,
  catalog: CrmCatalog
})
export interface CatalogSnapshot extends Schema.Schema.Type<typeof CatalogSnapshot> {}

export const MappingVersion = Schema.Struct({
  firmId: FirmId,
  connectionId: ConnectionId,
  /** The case type's key. */
  caseType: Schema.String,
  /** `null`: the company's default. */
  campaignId: Schema.NullOr(Schema.String),
  /** Counts the saves of this case type and campaign from one. */
  number: Schema.Int,
  entries: Schema.Array(FieldMapping),
  savedAt: Instant,
  savedBy: Schema.String,
  /** Where it came from, where that is not a person's own hand: a draft, or an earlier version. */
  origin: Schema.NullOr(Schema.String)
})
export interface MappingVersion extends Schema.Schema.Type<typeof MappingVersion> {}

export const DraftId = Schema.String.pipe(Schema.brand("DraftId"))
export type DraftId = typeof DraftId.Type

export const DraftField = Schema.Struct({
  caseType: Schema.String,
  crmKey: Schema.String,
  label: Schema.String,
  kind: Schema.NullOr(FieldKind),
  options: Schema.Array(Schema.String),
  isDefault: Schema.Boolean,
  sheet: Schema.Int,
  row: Schema.Int
})
export interface DraftField extends Schema.Schema.Type<typeof DraftField> {}

/** What became of one row of a sheet; the message holds texts of the row only where it has a field's key. */
export const DraftRow = Schema.Struct({
  sheet: Schema.Int,
  row: Schema.Int,
  level: Schema.Literals(["ok", "warning", "error"]),
  codes: Schema.Array(Schema.String),
  message: Schema.String,
  crmKey: Schema.NullOr(Schema.String)
})
export interface DraftRow extends Schema.Schema.Type<typeof DraftRow> {}

export const DraftSheet = Schema.Struct({
  sheet: Schema.Int,
  name: Schema.String,
  caseTypes: Schema.Array(Schema.String),
  problem: Schema.NullOr(Schema.Literal("no-header")),
  headerRows: Schema.Array(Schema.Int),
  dropped: Schema.Int,
  /** Rows above the header looked like API values; none of them was kept. */
  credentialsSeen: Schema.Boolean
})

/** A mapping sheet that was read: what it asks for and what became of each row. It changes nothing until it is applied. */
export const MappingDraft = Schema.Struct({
  id: DraftId,
  firmId: FirmId,
  connectionId: ConnectionId,
  sheets: Schema.Array(DraftSheet),
  rows: Schema.Array(DraftRow),
  fields: Schema.Array(DraftField),
  state: Schema.Literals(["open", "applied", "discarded"]),
  createdAt: Instant,
  createdBy: Schema.String,
  updatedAt: Instant
})
export interface MappingDraft extends Schema.Schema.Type<typeof MappingDraft> {}
