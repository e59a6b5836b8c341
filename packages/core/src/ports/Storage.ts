/**
 * Transactions, and the receipts of webhooks.
 *
 * Whatever the stores and the queue do inside `atomically` commits together, with fsync, or not at all. Nothing but
 * the store's own operations may be awaited in there. A failure of our own storage is a defect: it is caught once in
 * the Worker, which counts an attempt, and once at the HTTP edge, which acknowledges nothing.
 */
import { Context, Effect, Option } from "effect"
import type { FirmId } from "../domain/Ids.ts"
import type { JobId, NewJob } from "../domain/Job.ts"
import type { Receipt, ReceiptId } from "../domain/Receipt.ts"

export interface ReceiptFilter {
  readonly connectionId?: string
  readonly disposition?: Receipt["disposition"]["_tag"]
  readonly externalCaseId?: string
  /** Only receipts older than this one; lists run newest first. */
  readonly before?: ReceiptId
  readonly limit: number
}

export class Storage extends Context.Service<
  Storage,
  {
    /** Commits what `effect` did, or rolls all of it back when it fails, dies or is interrupted. Does not nest. */
    readonly atomically: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** As `atomically`, holding the case's lock, which is taken before the transaction begins. */
    readonly withCase: <A, E, R>(
      key: { readonly connectionId: string; readonly externalCaseId: string },
      effect: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E, R>
    /**
     * Stores a receipt and its jobs; answers when both are on disk. Calls of one moment share a commit. Inside a
     * transaction it is a defect: with that transaction's roll-back an acknowledged receipt would vanish.
     */
    readonly receive: (receipt: Receipt, jobs: ReadonlyArray<NewJob>) => Effect.Effect<void>
    readonly receipt: (firmId: FirmId, id: ReceiptId) => Effect.Effect<Option.Option<Receipt>>
    readonly receipts: (firmId: FirmId, filter: ReceiptFilter) => Effect.Effect<ReadonlyArray<Receipt>>
    /** Replaces what became of a receipt; its body never changes. */
    readonly judge: (
      firmId: FirmId,
      id: ReceiptId,
      verdict: Pick<Receipt, "disposition" | "errors" | "warnings" | "externalCaseId" | "replayedAt">
    ) => Effect.Effect<void>
    /** Binds an idempotency key to an operation, once: answers the operation that has it already. */
    readonly claimKey: (firmId: FirmId, key: string, operation: JobId) => Effect.Effect<Option.Option<JobId>>
    /** The operation that a key is bound to. */
    readonly operation: (firmId: FirmId, key: string) => Effect.Effect<Option.Option<JobId>>
    /** How many jobs of the firm wait to be done: queued, to be tried again, or with an outcome that is unknown. */
    readonly backlog: (firmId: FirmId) => Effect.Effect<number>
    /** Whether a write would commit now; `/readyz` asks. */
    readonly isWritable: Effect.Effect<boolean>
  }
>()("@casewire/core/ports/Storage") {}
