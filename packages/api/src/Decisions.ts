/**
 * The pure decisions, asked without changing anything: what the merge table says about one value, and what a set of
 * switches would let through. For previews, and for an integrator who asks "why did it do that?".
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { TwoWay } from "@casewire/core/domain/Merge"
import { Toggles } from "@casewire/core/domain/Toggles"
import { Access, Decoding, scoped } from "./Access.ts"
import { NotFound } from "./Problem.ts"

const params = { id: ConnectionId }

const Outbound = Schema.Struct({
  verdict: Schema.Literals(["send", "drop", "hold"]),
  reason: Schema.NullOr(Schema.String)
})

export class DecisionsGroup extends HttpApiGroup.make("decisions")
  .add(
    HttpApiEndpoint.post("merge", "/connections/:id/merge-preview", {
      params,
      payload: Schema.Struct({
        value: TwoWay,
        /** What a verified read of the CRM found. */
        read: Schema.NullOr(Schema.String),
        /** What a pending push wants to write. */
        target: Schema.optionalKey(Schema.NullOr(Schema.String)),
        /** Left out: whether the connection's own switches let the asking half through. */
        effective: Schema.optionalKey(Schema.Boolean)
      }),
      success: Schema.Struct({
        verdict: Schema.Literals(["remember", "nothing", "send", "settled", "apply"]),
        effective: Schema.Boolean,
        value: TwoWay,
        superseded: Schema.NullOr(Schema.String)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What the merge table says about one value; changes nothing")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("toggles", "/connections/:id/toggles/preview", {
      params,
      payload: Toggles,
      success: Schema.Struct({
        webhooks: Schema.Struct({
          verdict: Schema.Literals(["accept", "ignore"]),
          reason: Schema.NullOr(Schema.String)
        }),
        outbound: Schema.Struct({
          message: Outbound,
          call: Outbound,
          document: Outbound,
          field: Outbound,
          status: Outbound
        }),
        statusInboundEffective: Schema.Boolean,
        statusOutboundEffective: Schema.Boolean,
        fieldSyncEffective: Schema.Boolean
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What a set of switches would let through; changes nothing")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
