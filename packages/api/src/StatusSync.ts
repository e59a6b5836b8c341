/**
 * Turning status sync back on. While something waits, nothing is sent before the firm has answered: from now on, or
 * replay by a plan that it has seen. And the set-up checklist, computed from facts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { RunId } from "@casewire/core/domain/Run"
import { Access, Decoding, scoped } from "./Access.ts"
import { Conflict, CrmFailed, Forbidden, Invalid, NotFound } from "./Problem.ts"
import { RunView } from "./Runs.ts"
import { Time } from "./Time.ts"

const params = { id: ConnectionId }

export const ChecklistView = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      id: Schema.Literals(["webhook", "options", "case-types", "switches"]),
      title: Schema.String,
      state: Schema.Literals(["done", "open", "optional", "attention"]),
      facts: Schema.Array(Schema.String),
      /** Where it is done, outside of here: the CRM's own screen. */
      link: Schema.NullOr(Schema.Struct({ href: Schema.String, label: Schema.String }))
    })
  )
})

export class StatusSyncGroup extends HttpApiGroup.make("statusSync")
  .add(
    HttpApiEndpoint.get("question", "/connections/:id/status-sync", {
      params,
      success: Schema.Struct({
        /** Whether the firm has to say how to resume; until then status changes wait. */
        asked: Schema.Boolean,
        since: Schema.NullOr(Time),
        waiting: Schema.Int
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Whether status sync waits for an answer how to resume, and how many changes wait")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("plan", "/connections/:id/status-sync/plan", {
      params,
      success: RunView.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Conflict, CrmFailed]
    })
      .annotate(OpenApi.Summary, "Dry run of a replay: a verdict per waiting change, frozen; nothing is sent")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.post("resume", "/connections/:id/status-sync/resume", {
      params,
      payload: Schema.Struct({
        mode: Schema.Literals(["from_now_on", "replay"]),
        /** Replay: the plan that was looked at. */
        planId: Schema.optionalKey(RunId),
        /** Replay: confirms how many newer values of the CRM the plan would overwrite. */
        overwrites: Schema.optionalKey(Schema.Int)
      }),
      success: Schema.Struct({ skipped: Schema.Int, run: Schema.NullOr(RunView) }),
      error: [Forbidden, NotFound, Conflict, Invalid]
    })
      .annotate(OpenApi.Summary, "Resume status sync, from now on or by a plan")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("checklist", "/connections/:id/checklist", {
      params,
      success: ChecklistView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The set-up checklist, computed from what is so")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
