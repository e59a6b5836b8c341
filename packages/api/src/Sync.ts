/** Pulling from the CRM on demand, and how far the last pull and the last sweep came. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { JobId } from "@casewire/core/domain/Job"
import { Access, Decoding, scoped } from "./Access.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: ConnectionId }

const progress = {
  jobId: Schema.String,
  startedAt: Time,
  /** Null while it runs. */
  endedAt: Schema.NullOr(Time),
  /** Pages of the CRM's list that were read, and cases on them. */
  pages: Schema.Int,
  cases: Schema.Int
}

const Asked = Schema.Struct({ jobId: JobId }).pipe(HttpApiSchema.status(202))

export class SyncGroup extends HttpApiGroup.make("sync")
  .add(
    HttpApiEndpoint.post("pull", "/connections/:id/pull", { params, success: Asked, error: NotFound })
      .annotate(OpenApi.Summary, "Pull now; one that waits or runs already is answered")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("progress", "/connections/:id/pull", {
      params,
      success: Schema.Struct({
        /** The pull that runs, or the last one. */
        pull: Schema.NullOr(Schema.Struct(progress)),
        /** The nightly sweep that runs, or the last one. */
        sweep: Schema.NullOr(
          Schema.Struct({ ...progress, changed: Schema.Int, absent: Schema.Int, alarm: Schema.Boolean })
        )
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "How far the pull and the sweep are")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("sweep", "/connections/:id/sweep", { params, success: Asked, error: NotFound })
      .annotate(OpenApi.Summary, "Compare every recently active case with the CRM now")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
