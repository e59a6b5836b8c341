/**
 * The case that a pull of notes or documents is for. A lead may be pulled a moment before its first read makes the case;
 * the job then waits, and after an hour it is skipped: nothing is taken for records that are not matched.
 */
import { Clock, Effect, Option } from "effect"
import type { Case, ExternalCaseId } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"

/** Nothing where the job was given back or skipped. */
export const matchedCase = Effect.fnUntraced(function* (
  connection: Connection,
  lease: Lease,
  id: ExternalCaseId
): Effect.fn.Return<Case | undefined, LeaseLost, CaseStore | Queue> {
  const cases = yield* CaseStore
  const queue = yield* Queue
  const found = yield* cases.findExternal(connection.firmId, connection.id, id)
  if (Option.isSome(found) && found.value.verifiedAt !== null) return found.value
  const now = yield* Clock.currentTimeMillis
  yield* queue.settle(
    lease,
    now - lease.job.createdAt > matchWithinMs
      ? { _tag: "Skipped", reason: "case-not-matched" }
      : { _tag: "GiveBack", at: now + 10_000, reason: "the case is not read yet" }
  )
  return undefined
})

const matchWithinMs = 3_600_000
