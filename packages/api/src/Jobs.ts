/** The durable jobs: where is my note, why does it wait, and what shall become of it. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { JobId, JobState, Lane } from "@casewire/core/domain/Job"
import { Access, Decoding, scoped } from "./Access.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

export const WorkWord = Schema.Literals([
  "apply-receipt",
  "read-case",
  "add-note",
  "push-status",
  "push-fields",
  "push-document",
  "notify",
  "pull",
  "pull-notes",
  "pull-documents",
  "sweep",
  "import-history",
  "import-cases",
  "erase-connection"
])
export type WorkWord = typeof WorkWord.Type
const listOf = <S extends Schema.Top>(item: S) => Schema.optionalKey(Schema.Array(item))

export const JobView = Schema.Struct({
  id: JobId,
  connectionId: ConnectionId,
  key: Schema.String,
  lane: Lane,
  priority: Schema.Int,
  work: WorkWord,
  /** What it is about, by name: receipt, event, case, target. */
  about: Schema.Record(Schema.String, Schema.String),
  state: JobState,
  attempts: Schema.Int,
  notBefore: Time,
  createdAt: Time,
  updatedAt: Time,
  sentAt: Schema.NullOr(Time),
  /** Parts that are known to be in the CRM, of so many. */
  done: Schema.Int,
  parts: Schema.Int,
  reason: Schema.NullOr(Schema.String)
})
export interface JobView extends Schema.Schema.Type<typeof JobView> {}

export class JobsGroup extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("list", "/jobs", {
      query: {
        connectionId: Schema.optionalKey(ConnectionId),
        key: Schema.optionalKey(Schema.String),
        lane: Schema.optionalKey(Lane),
        /** Repeat the parameter for several. */
        states: listOf(JobState),
        work: listOf(WorkWord),
        /** `newest`: the newest first. */
        order: Schema.optionalKey(Schema.Literal("newest")),
        /** Only jobs that were enqueued before this one. */
        before: Schema.optionalKey(JobId),
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
      },
      success: Schema.Struct({ jobs: Schema.Array(JobView) })
    })
      .annotate(OpenApi.Summary, "Jobs in order of enqueue, or the newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/jobs/:id", {
      params: { id: JobId },
      success: Schema.Struct({
        ...JobView.fields,
        /** The text of each part of a note, with its marker. */
        texts: Schema.Array(Schema.String)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "One job, with the text of its notes")
      .annotateMerge(scoped("read")),
    /** Answers the jobs it changed; those in a state the verb is not for are left alone. */
    HttpApiEndpoint.post("resolve", "/jobs/resolve", {
      payload: Schema.Struct({
        ids: Schema.NonEmptyArray(JobId).check(Schema.isMaxLength(1000)),
        verb: Schema.Literals(["hold", "release", "replay", "skip", "confirm"]),
        reason: Schema.NonEmptyString.check(Schema.isMaxLength(500))
      }),
      success: Schema.Struct({ changed: Schema.Array(JobId) })
    })
      .annotate(OpenApi.Summary, "Hold, release, replay, skip or confirm jobs")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
