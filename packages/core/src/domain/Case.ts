/**
 * A case of a firm and its client, as the platform keeps them.
 *
 * A case is found by the CRM's id, never by phone or e-mail: several matters may share one contact. Data that came
 * only in a webhook is *provisional*: it may create a case and add facts nobody has yet, no more.
 */
import { Effect, Schema } from "effect"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"
import { CaseType } from "./Mapping.ts"
import { TwoWay } from "./Merge.ts"
import { CaseStatus } from "./StatusSync.ts"

export const CaseId = Schema.String.pipe(Schema.brand("CaseId"))
export type CaseId = typeof CaseId.Type
export const ExternalCaseId = Schema.String.pipe(Schema.brand("ExternalCaseId"))
export type ExternalCaseId = typeof ExternalCaseId.Type
export const ClientId = Schema.String.pipe(Schema.brand("ClientId"))
export type ClientId = typeof ClientId.Type
export const ExternalClientId = Schema.String.pipe(Schema.brand("ExternalClientId"))
export type ExternalClientId = typeof ExternalClientId.Type

/** How far a record may be trusted. `quarantined`: named by a payload, unknown to the CRM. `missing`: once read, now gone. */
export const Standing = Schema.Literals(["provisional", "verified", "unverified", "quarantined", "missing"])
export type Standing = typeof Standing.Type

export const Client = Schema.Struct({
  id: ClientId,
  firmId: FirmId,
  connectionId: ConnectionId,
  externalId: ExternalClientId,
  standing: Standing,
  firstName: Schema.String,
  lastName: Schema.String,
  fullName: Schema.String,
  email: Schema.String,
  phone: Schema.String,
  updatedAt: Instant
})
export interface Client extends Schema.Schema.Type<typeof Client> {}

/** Facts of the platform's own about a case, none of which a CRM knows. */
export const CaseEntry = Schema.Struct({
  caseNumber: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String),
  /** The client acts for somebody else, and may have several matters. */
  onBehalfOf: Schema.optionalKey(Schema.Boolean),
  /** Where the case came from, where that is not a connected CRM. */
  externalSource: Schema.optionalKey(Schema.String),
  externalSourceId: Schema.optionalKey(Schema.String),
  externalSourceData: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export interface CaseEntry extends Schema.Schema.Type<typeof CaseEntry> {}

/** The connection of cases and clients that no CRM knows: entered by hand, and not linked yet. */
export const noConnection = ConnectionId.make("none")

/** A field of the platform. Its baselines are those of one field of the CRM; tied to another one, they begin anew. */
export const FieldValue = Schema.Struct({
  ...TwoWay.fields,
  crmKey: Schema.optionalKey(Schema.String),
  /** What a push is writing, on both sides: until its outcome is known, a read that finds it there knows whose it is. */
  sent: Schema.optionalKey(Schema.Struct({ platform: Schema.NullOr(Schema.String), crm: Schema.String })),
  /** The campaign whose override of the mapping counts for this field. */
  campaignId: Schema.optionalKey(Schema.String)
})
export interface FieldValue extends Schema.Schema.Type<typeof FieldValue> {}

export const Case = Schema.Struct({
  id: CaseId,
  firmId: FirmId,
  connectionId: ConnectionId,
  externalId: ExternalCaseId,
  clientId: ClientId,
  standing: Standing,
  name: Schema.String,
  caseType: CaseType,
  status: TwoWay,
  /** The connection's `statusEpoch` that the baselines belong to; absent before the first. */
  statusEpoch: Schema.optionalKey(Schema.Int),
  /** The next verified read only sets the baselines: the CRM was not seen while the sides were apart. */
  baselinePending: Schema.optionalKey(Schema.Boolean),
  /** The platform's status is only what a webhook reported while the CRM could not be asked: the next read replaces it. */
  statusReported: Schema.optionalKey(Schema.Boolean),
  /** The CRM left a status that the firm marked as terminal: from which, to which, and in the CRM's own words. */
  review: Schema.optionalKey(
    Schema.NullOr(Schema.Struct({ from: Schema.String, to: Schema.String, crm: Schema.String, at: Instant }))
  ),
  /** What a webhook said and no read has confirmed yet; shown as "reported, verifying". */
  reported: Schema.NullOr(Schema.Struct({ status: CaseStatus, receiptId: Schema.String, at: Instant })),
  /** Raw values of further fields by the CRM's key; the latest verified value, else the first reported one. */
  fields: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  /** Values of the platform's own fields, each with its baselines; mapped ones are merged with the CRM's. */
  values: Schema.Record(Schema.String, FieldValue).pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** The job that will read the case by itself: mapped fields were left out of a read with others. */
  wholeRead: Schema.optionalKey(Schema.String),
  /** Since when a verifying read is due; null when none is. */
  dirtySince: Schema.NullOr(Instant),
  /** Since when its notes and documents wait to be pulled; absent or null when they do not. */
  feedDueSince: Schema.optionalKey(Schema.NullOr(Instant)),
  /** Highest receive number that was applied; a copy of an older receipt changes nothing. */
  receiveNumber: Schema.Int,
  createdAt: Instant,
  updatedAt: Instant,
  /** What people or other programs wrote about the case when they entered it; a CRM's reads leave it alone. */
  entry: Schema.optionalKey(CaseEntry),
  /** When the CRM says the record was created and changed, where it says so. */
  externalCreatedAt: Schema.NullOr(Instant),
  externalUpdatedAt: Schema.NullOr(Instant),
  verifiedAt: Schema.NullOr(Instant),
  /** Set by the transaction that makes the case, cleared by its first verified read: what "first sync" means. */
  awaitsFirstSync: Schema.optionalKey(Schema.Boolean)
})
export interface Case extends Schema.Schema.Type<typeof Case> {}

/** Whether the case has its record in a CRM. */
export const isLinked = (of: Pick<Case, "connectionId">): boolean => of.connectionId !== noConnection

/** One line of a case's history: what changed, who or what caused it, and what was there before. */
export const CaseEvent = Schema.Struct({
  id: Schema.String,
  firmId: FirmId,
  caseId: CaseId,
  at: Instant,
  kind: Schema.Literals([
    "created",
    "status-applied",
    "status-edited",
    "status-pushed",
    "status-reported",
    "status-superseded",
    "status-overwritten",
    "client-changed",
    "standing-changed",
    "note-sent",
    "document-sent",
    "field-edited",
    "field-applied",
    "field-pushed",
    "field-superseded",
    "field-overwritten",
    /** Raw values that a read brought, or that only a payload has said: `before` and `after` hold what differs, as JSON. */
    "details-changed",
    "details-reported",
    /** A case that was entered by hand got its record in a CRM. */
    "linked",
    /** A person settled a conflict; `after` says how. See `settlementId`. */
    "conflict-settled",
    "status-review"
  ]),
  /** A receipt, job or event id, or the name of who did it. */
  cause: Schema.String,
  before: Schema.NullOr(Schema.String),
  after: Schema.NullOr(Schema.String),
  /** Which of the platform's fields, where the event is about one. */
  field: Schema.optionalKey(Schema.String)
})
export interface CaseEvent extends Schema.Schema.Type<typeof CaseEvent> {}

/** The kinds of event that ask a person to look: an edit lost, a value was probably overwritten, an end was left. */
export const isConflict = (event: CaseEvent): boolean => conflictKinds.has(event.kind)

/** The event that settles a conflict: one at most, because it has this id. A conflict without one is open. */
export const settlementId = (conflictId: string): string => `${conflictId}:settled`

const conflictKinds: ReadonlySet<CaseEvent["kind"]> = new Set<CaseEvent["kind"]>([
  "status-superseded",
  "status-overwritten",
  "field-superseded",
  "field-overwritten",
  "status-review"
])
