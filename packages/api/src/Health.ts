/** How each connection fares: its sync health and what waits in its queue. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId, ConnectionState } from "@casewire/core/domain/Connection"
import { JobState } from "@casewire/core/domain/Job"
import { Access, Decoding, scoped } from "./Access.ts"
import { HealthView } from "./Connections.ts"
import { Time } from "./Time.ts"

export const QueueView = Schema.Struct({
  byState: Schema.Record(JobState, Schema.Int),
  /** Under lease right now. */
  running: Schema.Int,
  oldestDue: Schema.NullOr(Time),
  blockedLanes: Schema.Int
})

export class HealthGroup extends HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("get", "/health", {
      success: Schema.Struct({
        connections: Schema.Array(
          Schema.Struct({
            connectionId: ConnectionId,
            name: Schema.String,
            state: ConnectionState,
            health: HealthView,
            queue: QueueView
          })
        )
      })
    })
      .annotate(OpenApi.Summary, "Sync health and queue of every connection")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
