/** Long work and plans: what was counted, how far it is, and what became of each row. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { RunId, RunKind, RunRow, RunState } from "@casewire/core/domain/Run"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: RunId }

export const RunView = Schema.Struct({
  id: RunId,
  connectionId: ConnectionId,
  kind: RunKind,
  state: RunState,
  scope: Schema.Record(Schema.String, Schema.String),
  total: Schema.Int,
  done: Schema.Int,
  failed: Schema.Int,
  skipped: Schema.Int,
  startedBy: Schema.String,
  createdAt: Time,
  updatedAt: Time,
  expiresAt: Schema.NullOr(Time),
  reason: Schema.NullOr(Schema.String)
})
export interface RunView extends Schema.Schema.Type<typeof RunView> {}

export class RunsGroup extends HttpApiGroup.make("runs")
  .add(
    HttpApiEndpoint.get("list", "/runs", {
      query: {
        connectionId: Schema.optionalKey(ConnectionId),
        /** Repeat the parameter for several. */
        kinds: Schema.optionalKey(Schema.Array(RunKind)),
        states: Schema.optionalKey(Schema.Array(RunState)),
        limit: Limit
      },
      success: Schema.Struct({ runs: Schema.Array(RunView) })
    })
      .annotate(OpenApi.Summary, "Runs, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/runs/:id", { params, success: RunView, error: NotFound })
      .annotate(OpenApi.Summary, "One run with its progress")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("rows", "/runs/:id/rows", {
      params,
      query: {
        /** Only rows behind this number. */
        after: Schema.optionalKey(Schema.Int),
        states: Schema.optionalKey(Schema.Array(RunRow.fields.state)),
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
      },
      success: Schema.Struct({ rows: Schema.Array(RunRow) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The rows of a run in order, each with its verdict and outcome")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
