/**
 * Receipts as rows: what came from outside is sealed as one value, what became of it stands in the clear beside it
 * (codes and field names, never a value), because it changes and is asked for.
 */
import { Schema } from "effect"
import { Receipt } from "@casewire/core/domain/Receipt"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

export const receiptBody = (receipt: Receipt): string =>
  JSON.stringify([receipt.mediaType, receipt.body, receipt.query, receipt.headerNames])

export const receiptVerdict = (
  verdict: Pick<Receipt, "disposition" | "errors" | "warnings" | "replayedAt">
): string =>
  JSON.stringify({
    disposition: verdict.disposition,
    errors: verdict.errors,
    warnings: verdict.warnings,
    replayedAt: verdict.replayedAt
  })

const decode = Schema.decodeUnknownSync(Receipt)

export const rowToReceipt = (vault: Vault, row: Tables["receipts"]): Receipt => {
  const [mediaType, body, query, headerNames] = JSON.parse(vault.open(row.firm_id, row.id, "receipt", row.body))
  return decode({
    ...JSON.parse(row.verdict),
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
  })
}
