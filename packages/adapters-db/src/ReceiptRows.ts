/**
 * Receipts as rows: what came from outside is sealed in segments (`Segment`), what became of it stands beside it, because
 * it changes and is asked for: in the clear where nothing is to be remarked, sealed where a remark names a key, which the
 * sender chose.
 */
import { sql, type Kysely } from "kysely"
import { Receipt } from "@casewire/core/domain/Receipt"
import { decoder } from "./Decoder.ts"
import { type Content, openSegment } from "./Segment.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

/** Segments that are kept open. */
const cached = 16

export type ReceiptRow = Tables["receipts"] & { readonly sealed: Buffer }

/** `byNumber`: the caller narrows by receive number, and a plus sign keeps the planner from walking the whole firm. */
export const receiptsWithBodies = (db: Kysely<Tables>, firmId: string, byNumber = false) =>
  db
    .selectFrom("receipts")
    .innerJoin("receipt_bodies", "receipt_bodies.segment", "receipts.segment")
    .selectAll("receipts")
    .select("receipt_bodies.body as sealed")
    .where(byNumber ? sql<string>`+receipts.firm_id` : sql.ref<string>("receipts.firm_id"), "=", firmId)

/** Reads receipts; the segments that were opened last are kept, because neighbours are read one after another. */
export class Segments {
  readonly #vault: Vault
  readonly #opened = new Map<string, ReadonlyArray<Content>>()

  constructor(vault: Vault) {
    this.#vault = vault
  }

  toReceipt(row: ReceiptRow): Receipt {
    const content = this.#open(row).find(([id]) => id === row.id)
    if (content === undefined) throw new StorageFailure("sealed-value", `receipt ${row.id} is not in its segment`)
    const [, mediaType, body, query, headerNames] = content
    return decode(
      {
        ...JSON.parse(
          row.verdict.startsWith("{")
            ? row.verdict
            : this.#vault.open(row.firm_id, row.id, "receipt-verdict", Buffer.from(row.verdict, "base64"))
        ),
        id: row.id,
        firmId: row.firm_id,
        connectionId: row.connection_id,
        receivedAt: row.received_at,
        receiveNumber: row.receive_number,
        externalCaseId: row.external_case_id,
        mediaType,
        body,
        query,
        headerNames
      },
      row.id
    )
  }

  #open(row: ReceiptRow): ReadonlyArray<Content> {
    const name = `${row.firm_id}\u0000${row.segment}`
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    const { contents } = openSegment(this.#vault, row.firm_id, row.segment, row.sealed)
    for (const oldest of this.#opened.keys()) {
      if (this.#opened.size < cached) break
      this.#opened.delete(oldest)
    }
    this.#opened.set(name, contents)
    return contents
  }
}

const decode = decoder(Receipt, "receipt")

/** As it is kept in its row. One with nothing to remark holds nothing that came from outside, and costs no sealing. */
export const receiptVerdict = (
  vault: Vault,
  firmId: string,
  id: string,
  { disposition, errors, replayedAt, warnings }: Pick<Receipt, "disposition" | "errors" | "warnings" | "replayedAt">
): string => {
  const text = JSON.stringify({ disposition, errors, warnings, replayedAt })
  return errors.length === 0 && warnings.length === 0
    ? text
    : vault.seal(firmId, id, "receipt-verdict", text).toString("base64")
}
