/**
 * What happens on the platform and may have to reach the CRM. Each event carries an id of the sender's choice: the same
 * id again is the same event, not a second one.
 */
import { Schema } from "effect"
import { CaseId } from "./Case.ts"
import { Instant } from "./Ids.ts"

const EventId = Schema.NonEmptyString.check(Schema.isMaxLength(200))

/** Why a call ended, as the telephone side calls it: a code such as `user_hangup`. */
export const DisconnectionReason = Schema.NonEmptyString.check(Schema.isMaxLength(200))

const AnalysisName = Schema.String.check(
  Schema.isPattern(/^(?!(?:__proto__|constructor|prototype)$)[^\p{Cc}]{1,100}$/u)
)
/** What the analysis of a call found beside its summary, by the names that the firm gave: at most 50 short values. */
export const CallAnalysis = Schema.Record(
  Schema.String,
  Schema.NullOr(Schema.Union([Schema.String.check(Schema.isMaxLength(2000)), Schema.Finite, Schema.Boolean]))
).check(Schema.isPropertyNames(AnalysisName), Schema.isMaxProperties(50))
export type CallAnalysis = typeof CallAnalysis.Type

export const PlatformEvent = Schema.TaggedUnion({
  MessageSent: {
    eventId: EventId,
    caseId: CaseId,
    channel: Schema.Literals(["sms", "email"]),
    direction: Schema.Literals(["outbound", "inbound"]),
    subject: Schema.optionalKey(Schema.String),
    text: Schema.String,
    sentAt: Instant
  },
  CallEnded: {
    eventId: EventId,
    caseId: CaseId,
    /** Once is enough: another event of the call is the same one. */
    callId: Schema.String,
    /** Told of once its analysis was made. */
    analyzed: Schema.optionalKey(Schema.Boolean),
    direction: Schema.Literals(["outbound", "inbound"]),
    isAi: Schema.Boolean,
    from: Schema.String,
    to: Schema.String,
    startedAt: Instant,
    durationMs: Schema.Int,
    outcome: Schema.optionalKey(Schema.String),
    sentiment: Schema.optionalKey(Schema.String),
    summary: Schema.optionalKey(Schema.String),
    disconnectionReason: Schema.optionalKey(DisconnectionReason),
    /** Whether the call reached what it was made for. */
    successful: Schema.optionalKey(Schema.Boolean),
    analysis: Schema.optionalKey(CallAnalysis),
    transcript: Schema.Array(Schema.Struct({ speaker: Schema.Literals(["agent", "client"]), text: Schema.String })),
    /** The campaign that made the call. */
    campaignId: Schema.optionalKey(Schema.String)
  },
  StatusChanged: {
    eventId: EventId,
    caseId: CaseId,
    status: Schema.NonEmptyString.check(Schema.isMaxLength(200)),
    changedBy: Schema.optionalKey(Schema.String)
  },
  FieldsChanged: {
    eventId: EventId,
    caseId: CaseId,
    /** By the platform's own field: no value empties it, several are those of a field that takes several. */
    fields: Schema.Record(Schema.String, Schema.Array(Schema.String)),
    changedBy: Schema.optionalKey(Schema.String),
    /** The campaign that asked; its override of the mapping counts. */
    campaignId: Schema.optionalKey(Schema.String)
  },
  DocumentAdded: {
    eventId: EventId,
    caseId: CaseId,
    /** A document that was uploaded to the case. */
    documentId: Schema.String,
    /** The recording of a call is sent under a name made of the call. */
    recording: Schema.optionalKey(Schema.Struct({ callId: Schema.String, startedAt: Instant, phone: Schema.String }))
  }
})
export type PlatformEvent = typeof PlatformEvent.Type
export type MessageSent = (typeof PlatformEvent.cases.MessageSent)["Type"]
export type CallEnded = (typeof PlatformEvent.cases.CallEnded)["Type"]
export type StatusChanged = (typeof PlatformEvent.cases.StatusChanged)["Type"]
export type DocumentAdded = (typeof PlatformEvent.cases.DocumentAdded)["Type"]
export type FieldsChanged = (typeof PlatformEvent.cases.FieldsChanged)["Type"]
