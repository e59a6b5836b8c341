/**
 * The door for what happens on the platform, by the platform's own names of its events. The same `eventId` again (or
 * the same `Idempotency-Key`) is the same event and answers the operation it began.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CaseId } from "@casewire/core/domain/Case"
import { JobId } from "@casewire/core/domain/Job"
import { CallAnalysis, DisconnectionReason } from "@casewire/core/domain/PlatformEvent"
import { Access, Decoding, scoped } from "./Access.ts"
import { BadRequest, Invalid, NotFound } from "./Problem.ts"
import { TimeInput } from "./Time.ts"

const EventId = Schema.NonEmptyString.check(Schema.isMaxLength(200))
const Text = Schema.String.check(Schema.isMaxLength(1_000_000))
const Short = Schema.String.check(Schema.isMaxLength(1000))
const common = { eventId: Schema.optionalKey(EventId), caseId: CaseId }
const Direction = Schema.Literals(["outbound", "inbound"])

export const MessageSent = Schema.Struct({
  type: Schema.Literal("message_sent"),
  ...common,
  channel: Schema.Literals(["sms", "email"]),
  direction: Direction,
  subject: Schema.optionalKey(Short),
  text: Text,
  sentAt: TimeInput
})

const call = {
  ...common,
  callId: Short,
  direction: Direction,
  isAi: Schema.Boolean,
  from: Short,
  to: Short,
  startedAt: TimeInput,
  durationMs: Schema.Int,
  outcome: Schema.optionalKey(Short),
  sentiment: Schema.optionalKey(Short),
  summary: Schema.optionalKey(Text),
  /** A code such as `user_hangup`. */
  disconnectionReason: Schema.optionalKey(DisconnectionReason),
  /** Whether the call reached what it was made for. */
  successful: Schema.optionalKey(Schema.Boolean),
  /** What the analysis found beside the summary, by the firm's own names: short values, 50 at most. */
  analysis: Schema.optionalKey(CallAnalysis),
  transcript: Schema.Array(Schema.Struct({ speaker: Schema.Literals(["agent", "client"]), text: Text })),
  /** The campaign that made the call; subscriptions can be narrowed to it. */
  campaignId: Schema.optionalKey(Short)
}

/**
 * A call becomes one note: tell of it once, with `call_analyzed` where an analysis is made, else with `call_ended`. Of
 * two events with one `callId` the first counts, and the second answers what the first began.
 */
export const CallEnded = Schema.Struct({ type: Schema.Literal("call_ended"), ...call })
export const CallAnalyzed = Schema.Struct({ type: Schema.Literal("call_analyzed"), ...call })

export const StatusChanged = Schema.Struct({
  type: Schema.Literal("status_changed"),
  ...common,
  status: Schema.NonEmptyString.check(Schema.isMaxLength(200)),
  changedBy: Schema.optionalKey(Short)
})

/** A name of the platform's own, and nothing that an object would take for a part of itself. */
const FieldName = Schema.String.check(
  Schema.isPattern(/^(?!(?:__proto__|constructor|prototype)$)[A-Za-z_][A-Za-z0-9_.-]{0,99}$/)
)
const FieldText = Schema.String.check(Schema.isMaxLength(10_000))

export const FieldsChanged = Schema.Struct({
  type: Schema.Literal("fields_changed"),
  ...common,
  /** By the platform's field: a value, several of a field that takes several, or `null` for none. */
  fields: Schema.Record(Schema.String, Schema.NullOr(Schema.Union([FieldText, Schema.Array(FieldText)]))).check(
    Schema.isPropertyNames(FieldName),
    Schema.isMinProperties(1),
    Schema.isMaxProperties(200)
  ),
  changedBy: Schema.optionalKey(Short),
  /** The campaign that asked, where one did: its override of the mapping counts. */
  campaignId: Schema.optionalKey(Short)
})

export const DocumentAdded = Schema.Struct({
  type: Schema.Literal("document_added"),
  ...common,
  /** A document that was uploaded to the case. */
  documentId: Short,
  /** The recording of a call: it is sent under a name made of the call. */
  recording: Schema.optionalKey(Schema.Struct({ callId: Short, startedAt: TimeInput, phone: Short }))
})

export const EventInput = Schema.Union([
  MessageSent,
  CallEnded,
  CallAnalyzed,
  StatusChanged,
  FieldsChanged,
  DocumentAdded
])
export type EventInput = typeof EventInput.Type

export class EventsGroup extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.post("accept", "/events", {
      headers: { "idempotency-key": Schema.optionalKey(EventId) },
      payload: EventInput,
      success: Schema.Struct({
        /** `held`: a status that waits because status sync is off. `dropped`: its switch is off. */
        result: Schema.Literals(["queued", "held", "dropped", "known"]),
        jobId: Schema.NullOr(JobId),
        reason: Schema.NullOr(Schema.String)
      }).pipe(HttpApiSchema.status(202)),
      error: [BadRequest, NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Tell what happened on the platform")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
