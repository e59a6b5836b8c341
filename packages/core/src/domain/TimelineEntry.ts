/**
 * What happened in a case as its people see it, whichever side it came from: messages and calls of the platform, notes
 * and documents of either side. One that the CRM has too carries the CRM's id, and is known by it.
 */
import { Schema } from "effect"
import { CaseId } from "./Case.ts"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"
import { CallAnalysis } from "./PlatformEvent.ts"

export const TimelineEntryId = Schema.String.pipe(Schema.brand("TimelineEntryId"))
export type TimelineEntryId = typeof TimelineEntryId.Type

export const TimelineKind = Schema.Literals(["message", "call", "note", "document"])
export type TimelineKind = typeof TimelineKind.Type

const Direction = Schema.Literals(["outbound", "inbound"])

export const TimelineContent = Schema.TaggedUnion({
  Message: {
    channel: Schema.Literals(["sms", "email"]),
    direction: Direction,
    subject: Schema.NullOr(Schema.String),
    text: Schema.String
  },
  Call: {
    callId: Schema.String,
    direction: Direction,
    isAi: Schema.Boolean,
    durationMs: Schema.Int,
    outcome: Schema.NullOr(Schema.String),
    sentiment: Schema.optionalKey(Schema.String),
    summary: Schema.NullOr(Schema.String),
    disconnectionReason: Schema.optionalKey(Schema.String),
    successful: Schema.optionalKey(Schema.Boolean),
    analysis: Schema.optionalKey(CallAnalysis),
    transcript: Schema.Array(Schema.Struct({ speaker: Schema.Literals(["agent", "client"]), text: Schema.String }))
  },
  /** Written in the CRM. */
  Note: { category: Schema.String, text: Schema.String },
  Document: {
    name: Schema.String,
    folder: Schema.String,
    contentType: Schema.String,
    size: Schema.NullOr(Schema.Int),
    /** Where its bytes are kept; null where they are not. */
    documentId: Schema.NullOr(Schema.String),
    /** `stored`, or `skipped:<why>`. */
    state: Schema.String
  }
})
export type TimelineContent = typeof TimelineContent.Type

export const TimelineEntry = Schema.Struct({
  id: TimelineEntryId,
  firmId: FirmId,
  connectionId: ConnectionId,
  caseId: CaseId,
  kind: TimelineKind,
  /** When it happened, as its side says. */
  at: Instant,
  recordedAt: Instant,
  source: Schema.Literals(["platform", "crm", "webhook"]),
  /** An event, job or receipt id. */
  cause: Schema.String,
  /** The CRM's id, once it has one. Of one kind an id occurs once in a case. */
  externalId: Schema.NullOr(Schema.String),
  content: TimelineContent
})
export interface TimelineEntry extends Schema.Schema.Type<typeof TimelineEntry> {}

export const kindOf: Readonly<Record<TimelineContent["_tag"], TimelineKind>> = {
  Message: "message",
  Call: "call",
  Note: "note",
  Document: "document"
}
