/**
 * The receipt of a webhook: what arrived, and what became of it. Every request with a valid token leaves one, also a
 * refused one, so that nothing is lost while a firm is still setting its webhook up.
 */
import { Schema } from "effect"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"

export const ReceiptId = Schema.String.pipe(Schema.brand("ReceiptId"))
export type ReceiptId = typeof ReceiptId.Type

export const Disposition = Schema.TaggedUnion({
  /** A job was made in the same transaction. */
  Accepted: {},
  /** A switch is off; the lead is read when it goes on. */
  Ignored: { reason: Schema.String },
  /** The CRM's own Test button; nothing was saved but the receipt. */
  Test: {},
  /** Answered with a problem; kept so that it can be replayed. */
  Refused: { status: Schema.Int, problem: Schema.String }
})
export type Disposition = typeof Disposition.Type

export const FieldProblem = Schema.Struct({ field: Schema.String, code: Schema.String })
export interface FieldProblem extends Schema.Schema.Type<typeof FieldProblem> {}

export const Receipt = Schema.Struct({
  id: ReceiptId,
  firmId: FirmId,
  connectionId: ConnectionId,
  receivedAt: Instant,
  /** Counts the receipts of the store; the state lane of a case sorts by it. Zero until stored. */
  receiveNumber: Schema.Int,
  mediaType: Schema.String,
  /** The body as text: as received for forms and JSON, the list of text parts (JSON) for multipart. Empty when ignored. */
  body: Schema.String,
  /** Key and value of every query parameter but the token. */
  query: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  /** Names only: values may hold secrets of a relay. */
  headerNames: Schema.Array(Schema.String),
  disposition: Disposition,
  errors: Schema.Array(FieldProblem),
  warnings: Schema.Array(FieldProblem),
  /** The record the receipt names, where it could be read. */
  externalCaseId: Schema.NullOr(Schema.String),
  replayedAt: Schema.NullOr(Instant)
})
export interface Receipt extends Schema.Schema.Type<typeof Receipt> {}
