/**
 * The guard of terminal statuses. When the CRM moves a case away from a status that the firm marked as its end, nothing
 * changes here: the move is listed for review, and the case's pushes wait until a person decided.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { Case, CaseEvent } from "./domain/Case.ts"
import type { JobId } from "./domain/Job.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

/** `accept`: the CRM's status becomes the platform's. `keep`: the sides stay apart until one of them changes. */
export type ReviewDecision = "accept" | "keep"

export class StatusReview extends Context.Service<
  StatusReview,
  {
    /** Settles the review of a case; false where none is open any more. `line` is recorded with it. */
    readonly settle: (of: Case, decision: ReviewDecision, by: string, line: CaseEvent) => Effect.Effect<boolean>
  }
>()("@casewire/core/StatusReview") {
  static readonly layer = Layer.effect(
    StatusReview,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const projection = yield* Projection
      const queue = yield* Queue
      const storage = yield* Storage

      const settle: StatusReview["Service"]["settle"] = Effect.fn("StatusReview.settle")(
        function* (of, decision, by, line) {
          const { connectionId, externalId: externalCaseId, firmId } = of
          const now = yield* Clock.currentTimeMillis
          return yield* storage.withCase(
            { connectionId, externalCaseId },
            Effect.gen(function* () {
              const present = Option.getOrThrow(yield* cases.get(firmId, of.id))
              const review = present.review ?? null
              if (review === null) return false
              const waiting = yield* queue.find(firmId, {
                connectionId,
                key: externalCaseId,
                lane: "state",
                work: ["PushStatus"],
                states: ["held"]
              })
              const ids: ReadonlyArray<JobId> = waiting.map(({ id }) => id)
              const { crm, to } = review
              const status =
                decision === "accept"
                  ? { platform: to, basePlatform: to, baseCrm: crm, seenCrm: crm }
                  : { ...present.status, baseCrm: crm, seenCrm: crm }
              const next: Case = { ...present, status, review: null, updatedAt: now }
              yield* cases.save(next)
              if (decision === "accept") {
                yield* projection.record(next, {
                  kind: "status-applied",
                  cause: by,
                  before: present.status.platform,
                  after: to
                })
                for (const { id, work } of waiting)
                  if (work._tag === "PushStatus")
                    yield* projection.record(next, {
                      kind: "status-superseded",
                      cause: id,
                      before: work.target,
                      after: to
                    })
              }
              const verb = decision === "accept" ? "skip" : "release"
              if (ids.length > 0) yield* queue.resolve(firmId, { ids }, verb, `review-${decision}`)
              yield* cases.record(line)
              return true
            })
          )
        }
      )

      return StatusReview.of({ settle })
    })
  )
}
