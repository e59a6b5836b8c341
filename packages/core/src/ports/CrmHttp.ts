/**
 * A plugin's only door to the network: one request, one typed answer.
 *
 * The plugin names an origin of its manifest and a path below it; it never sees or makes a URL. The host keeps the
 * call budget, the deadline, the size limit and the proof that the address lies within the connection's origins. Any
 * HTTP status is an answer; a failure means that no complete answer came.
 */
import { Context, Effect, Schema } from "effect"
import type { CallUsage } from "../domain/CallBudget.ts"
import type { Connection } from "../domain/Connection.ts"
import type { PluginManifest } from "../CrmPlugin.ts"
import { CrmError } from "./Crm.ts"

export const CrmRequest = Schema.Struct({
  origin: Schema.String,
  method: Schema.Literals(["GET", "POST"]),
  /** Relative, below the origin's prefix. */
  path: Schema.String,
  query: Schema.optionalKey(Schema.Array(Schema.Tuple([Schema.String, Schema.String]))),
  bearer: Schema.optionalKey(Schema.String),
  body: Schema.optionalKey(
    Schema.TaggedUnion({
      Form: { fields: Schema.Array(Schema.Tuple([Schema.String, Schema.String])) },
      Json: { value: Schema.Json },
      Multipart: {
        parts: Schema.Array(
          Schema.TaggedUnion({
            Field: { name: Schema.String, value: Schema.String },
            /** The bytes of a document in the host's store. */
            Document: {
              name: Schema.String,
              documentId: Schema.String,
              fileName: Schema.String,
              contentType: Schema.String
            }
          })
        )
      }
    })
  ),
  /**
   * Streams the body of an answer with a 2xx status into the document store instead of answering it. Answers of the
   * media types named in `except` (an error as JSON, a page of HTML) come as text.
   */
  into: Schema.optionalKey(
    Schema.Struct({ documentId: Schema.String, maxBytes: Schema.Int, except: Schema.Array(Schema.String) })
  ),
  /** Whether the request may change something: after a lost answer its outcome is unknown. */
  changes: Schema.Boolean
})
export interface CrmRequest extends Schema.Schema.Type<typeof CrmRequest> {}

export const CrmResponse = Schema.Struct({
  status: Schema.Int,
  contentType: Schema.String,
  body: Schema.String,
  /** Set where the body went into the document store. */
  stored: Schema.optionalKey(Schema.Struct({ size: Schema.Int }))
})
export interface CrmResponse extends Schema.Schema.Type<typeof CrmResponse> {}

export class CrmHttp extends Context.Service<
  CrmHttp,
  {
    readonly send: (request: CrmRequest) => Effect.Effect<CrmResponse, CrmError>
  }
>()("@casewire/core/ports/CrmHttp") {}

/** A request that carries a document may take so many times as long as another one. */
export const transferFactor = 6

/**
 * Run by the door right before a request that changes something leaves: after it waited for its call slot, and after
 * whatever the plugin had to do first. It makes the moment durable again and fails where the job is no longer ours, so
 * a worker that was held up cannot send what another one has taken over.
 */
export const BeforeChange = Context.Reference<Effect.Effect<void, CrmError>>(
  "@casewire/core/ports/CrmHttp/BeforeChange",
  {
    defaultValue: () => Effect.void
  }
)

/**
 * Who goes first where calls of one CRM account wait for their slots: the smaller number, as with jobs. The Worker sets
 * the job's; where nobody set any, a person waits for the answer.
 */
export const CallPriority = Context.Reference<number>("@casewire/core/ports/CrmHttp/CallPriority", {
  defaultValue: () => 0
})

export class CrmGateway extends Context.Service<
  CrmGateway,
  {
    /**
     * Makes the door of one connection. Fails where a setting would lead outside the manifest's origins. Its call limit
     * is looked up for each call, so a new one counts at once.
     */
    readonly open: (connection: Connection, manifest: PluginManifest) => Effect.Effect<CrmHttp["Service"], CrmError>
    /** What of its account's call budget is used, by all connections that share it. */
    readonly usage: (connection: Connection, manifest: PluginManifest) => Effect.Effect<CallUsage>
  }
>()("@casewire/core/ports/CrmGateway") {}
