/**
 * What happened in a case, its documents, and what became of an event. A document goes up and comes down as a stream of
 * bytes; the name decides which type it must have, and the bytes must look like it.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CaseId } from "@casewire/core/domain/Case"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { JobId, JobState } from "@casewire/core/domain/Job"
import { TimelineContent, TimelineEntry, TimelineEntryId, TimelineKind } from "@casewire/core/domain/TimelineEntry"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { WorkWord } from "./Jobs.ts"
import { Invalid, NotFound, TooLarge, UnsupportedType } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: CaseId }
const fields = TimelineContent.cases

const entry = {
  id: TimelineEntryId,
  at: Time,
  recordedAt: Time,
  source: TimelineEntry.fields.source,
  /** The event, job or receipt that brought it. */
  cause: Schema.String,
  /** The id that the CRM knows it by. */
  externalId: Schema.NullOr(Schema.String)
}
const { _tag: _message, ...message } = fields.Message.fields
const { _tag: _call, ...call } = fields.Call.fields
const { _tag: _note, ...note } = fields.Note.fields
const { _tag: _document, ...document } = fields.Document.fields

export const DocumentView = Schema.Struct({ kind: Schema.Literal("document"), ...entry, ...document })
export interface DocumentView extends Schema.Schema.Type<typeof DocumentView> {}

export const TimelineView = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("message"), ...entry, ...message }),
  Schema.Struct({ kind: Schema.Literal("call"), ...entry, ...call }),
  Schema.Struct({ kind: Schema.Literal("note"), ...entry, ...note }),
  DocumentView
])
export type TimelineView = typeof TimelineView.Type

export class TimelineGroup extends HttpApiGroup.make("timeline")
  .add(
    HttpApiEndpoint.get("list", "/cases/:id/timeline", {
      params,
      query: {
        /** Repeat the parameter for several. */
        kinds: Schema.optionalKey(Schema.Array(TimelineKind)),
        /** Goes on behind this entry. */
        before: Schema.optionalKey(TimelineEntryId),
        limit: Limit
      },
      success: Schema.Struct({ entries: Schema.Array(TimelineView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What happened in a case, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("documents", "/cases/:id/documents", {
      params,
      query: { before: Schema.optionalKey(TimelineEntryId), limit: Limit },
      success: Schema.Struct({ documents: Schema.Array(DocumentView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "A case's documents, those that were skipped with the reason")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("upload", "/cases/:id/documents", {
      params,
      query: { name: Schema.NonEmptyString.check(Schema.isMaxLength(1000)) },
      payload: HttpApiSchema.StreamUint8Array({
        contentType: "application/octet-stream",
        maxBytes: documentLimitBytes + 1
      }),
      success: DocumentView.pipe(HttpApiSchema.status(201)),
      error: [NotFound, TooLarge, UnsupportedType, Invalid]
    })
      .annotate(OpenApi.Summary, "Add a document to a case; the event document_added sends it to the CRM")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("download", "/documents/:id", {
      params: { id: Schema.String },
      success: HttpApiSchema.StreamUint8Array({ contentType: "application/octet-stream" }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The bytes of a document, always as an attachment")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("event", "/events/:id", {
      params: { id: Schema.String },
      success: Schema.Struct({
        eventId: Schema.String,
        /** `dropped`: its switch was off, and nothing is sent. */
        state: Schema.Union([JobState, Schema.Literal("dropped")]),
        job: Schema.NullOr(
          Schema.Struct({
            id: JobId,
            work: WorkWord,
            attempts: Schema.Int,
            reason: Schema.NullOr(Schema.String),
            updatedAt: Time
          })
        ),
        /** Where staff finds it in the CRM, in the CRM's own words. */
        place: Schema.NullOr(Schema.String),
        /** The CRM's ids of what is known to be there. */
        externalIds: Schema.Array(Schema.String)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Where is my note? The job of an event, its state and its place in the CRM")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
