/**
 * Receipts as rows: what came from outside is sealed, what became of it stands beside it, because it changes and is asked
 * for: in the clear where nothing is to be remarked, sealed where a remark names a key, which the sender chose.
 *
 * A firm's receipts of one commit are sealed together, in segments of a few: starting a cipher costs ten times what a
 * webhook's bytes cost. Whoever deletes receipts seals their segments anew without them, see `sealWithout`.
 */
import { sql, type Kysely } from "kysely"
import { Receipt } from "@casewire/core/domain/Receipt"
import { decoder } from "./Decoder.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

/** Small enough that reading one receipt stays cheap. */
const maxReceipts = 16
const maxText = 65_536
const cached = 16

type Content = readonly [id: string, mediaType: string, body: string, query: unknown, headerNames: unknown]

export class SegmentWriter {
  /** The receive number of the first receipt names the segment. */
  readonly number: number
  readonly #contents: Array<string> = []
  #size = 0

  constructor(number: number) {
    this.number = number
  }

  get isFull(): boolean {
    return this.#contents.length >= maxReceipts || this.#size >= maxText
  }

  add(receipt: Receipt): void {
    const text = JSON.stringify([receipt.id, receipt.mediaType, receipt.body, receipt.query, receipt.headerNames])
    this.#contents.push(text)
    this.#size += text.length
  }

  seal(vault: Vault, firmId: string): Buffer {
    return vault.seal(firmId, String(this.number), "receipts", `[${this.#contents.join(",")}]`)
  }
}

/** What a segment holds once these receipts are gone, sealed again; nothing where none is left. */
export const sealWithout = (
  vault: Vault,
  { body, firm_id, segment }: Tables["receipt_bodies"],
  gone: ReadonlySet<string>
): Buffer | undefined => {
  const contents = JSON.parse(vault.open(firm_id, String(segment), "receipts", body)) as ReadonlyArray<Content>
  const kept = contents.filter(([id]) => !gone.has(id))
  return kept.length === 0 ? undefined : vault.seal(firm_id, String(segment), "receipts", JSON.stringify(kept))
}

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
    const text = this.#vault.open(row.firm_id, String(row.segment), "receipts", row.sealed)
    const contents = JSON.parse(text) as ReadonlyArray<Content>
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
