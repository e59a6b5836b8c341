/** The contract of `Storage`: transactions, receipts and idempotency keys. */
import { contract, type Laws } from "./Law.ts"
import { durableReceiptLaws, receiptLaws } from "./ReceiptLaws.ts"
import { durableTransactionLaws, transactionLaws } from "./TransactionLaws.ts"

export const storageLaws: Laws = {
  port: "Storage",
  laws: [...transactionLaws, ...receiptLaws],
  durable: [...durableTransactionLaws, ...durableReceiptLaws]
}

export const storageContract = contract(storageLaws)
