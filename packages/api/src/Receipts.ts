/**
 * Every webhook that came with a valid token, also a refused one. A list shows no bodies; one receipt does, because a
 * firm that sets its webhook up must see what its CRM sent.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FieldProblem, ReceiptId } from "@casewire/core/domain/Receipt"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: ReceiptId }
export const DispositionWord = Schema.Literals(["accepted", "ignored", "test", "refused"])
export type DispositionWord = typeof DispositionWord.Type

export const ReceiptView = Schema.Struct({
  id: ReceiptId,
  connectionId: ConnectionId,
  receivedAt: Time,
  mediaType: Schema.String,
  headerNames: Schema.Array(Schema.String),
  disposition: DispositionWord,
  /** Ignored: which switch was off. Refused: the problem's name. */
  reason: Schema.NullOr(Schema.String),
  status: Schema.Int,
  errors: Schema.Array(FieldProblem),
  warnings: Schema.Array(FieldProblem),
  externalCaseId: Schema.NullOr(Schema.String),
  replayedAt: Schema.NullOr(Time)
})
export interface ReceiptView extends Schema.Schema.Type<typeof ReceiptView> {}

export const DocumentView = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  contentType: Schema.String,
  size: Schema.Int,
  sha256: Schema.String,
  createdAt: Time
})

export class ReceiptsGroup extends HttpApiGroup.make("receipts")
  .add(
    HttpApiEndpoint.get("list", "/receipts", {
      query: {
        connectionId: Schema.optionalKey(ConnectionId),
        disposition: Schema.optionalKey(DispositionWord),
        externalCaseId: Schema.optionalKey(Schema.String),
        before: Schema.optionalKey(ReceiptId),
        limit: Limit
      },
      success: Schema.Struct({ receipts: Schema.Array(ReceiptView) })
    })
      .annotate(OpenApi.Summary, "Webhooks that came with a valid token, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/receipts/:id", {
      params,
      success: Schema.Struct({
        ...ReceiptView.fields,
        body: Schema.String,
        query: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
        documents: Schema.Array(DocumentView)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "One webhook with its body and files")
      .annotateMerge(scoped("read")),
    /** Judges it again by the present alias table, or reads the record from the CRM by its id. */
    HttpApiEndpoint.post("replay", "/receipts/:id/replay", {
      params,
      success: Schema.Struct({
        receiptId: ReceiptId,
        disposition: DispositionWord,
        reason: Schema.NullOr(Schema.String),
        errors: Schema.Array(FieldProblem),
        warnings: Schema.Array(FieldProblem)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Judge a webhook again by the present alias table")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
