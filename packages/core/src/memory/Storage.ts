/**
 * Transactions and receipts in memory. The gate is the lock of every case at once, so `withCase` needs no other; the
 * intake passes the same gate and refuses to be called inside a transaction, where its rows would vanish with a
 * roll-back that has nothing to do with them.
 */
import { Effect, Layer, Option } from "effect"
import type { FirmId } from "../domain/Ids.ts"
import type { Receipt, ReceiptId } from "../domain/Receipt.ts"
import { Storage, type ReceiptFilter } from "../ports/Storage.ts"
import { Database } from "./Database.ts"
import { occupiesLane } from "./Jobs.ts"
import { enqueue } from "./Queue.ts"

export const layer = Layer.effect(
  Storage,
  Effect.gen(function* () {
    const database = yield* Database
    const { jobs, keys, receipts } = database

    const receiptOf = (firmId: FirmId, id: ReceiptId): Receipt | undefined => {
      const receipt = receipts.get(id)
      return receipt?.firmId === firmId ? receipt : undefined
    }

    return Storage.of({
      atomically: database.atomically,

      withCase: (_, effect) => database.atomically(effect),

      receive: (receipt, jobs) =>
        database.writeOutside((tx, now) => {
          if (receipts.get(receipt.id) !== undefined) throw new Error("a second receipt with the same id")
          receipts.set(tx, receipt.id, { ...receipt, receiveNumber: database.nextNumber() })
          enqueue(database, tx, now, jobs)
        }),

      receipt: (firmId, id) => database.read(() => Option.fromUndefinedOr(receiptOf(firmId, id))),

      receipts: (firmId, filter) =>
        database.read(() =>
          receipts
            .values()
            .filter((receipt) => receipt.firmId === firmId && matches(filter, receipt))
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, filter.limit)
        ),

      judge: (firmId, id, verdict) =>
        database.write((tx) => {
          const receipt = receiptOf(firmId, id)
          if (receipt === undefined) return
          const { disposition, errors, externalCaseId, replayedAt, warnings } = verdict
          receipts.set(tx, id, { ...receipt, disposition, errors, externalCaseId, replayedAt, warnings })
        }),

      operation: (firmId, key) => database.read(() => Option.fromUndefinedOr(keys.get(JSON.stringify([firmId, key])))),

      claimKey: (firmId, key, operation) =>
        database.write((tx) => {
          const bound = keys.get(JSON.stringify([firmId, key]))
          if (bound === undefined) keys.set(tx, JSON.stringify([firmId, key]), operation)
          return Option.fromUndefinedOr(bound)
        }),

      backlog: (firmId) =>
        database.read(() => jobs.values().filter(({ job }) => job.firmId === firmId && occupiesLane(job)).length),

      isWritable: Effect.succeed(true)
    })
  })
)

const matches = (filter: ReceiptFilter, receipt: Receipt): boolean =>
  (filter.connectionId === undefined || filter.connectionId === receipt.connectionId) &&
  (filter.disposition === undefined || filter.disposition === receipt.disposition._tag) &&
  (filter.externalCaseId === undefined || filter.externalCaseId === receipt.externalCaseId) &&
  (filter.before === undefined || receipt.id < filter.before)
