/**
 * Settling a conflict: a person takes the value that lost back, or lets it go. Either leaves a line in the case's
 * history, once; a restored value is a local edit like any other and passes the push rule again.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { type Case, type CaseEvent, settlementId } from "./domain/Case.ts"
import { valuesOf } from "./domain/FieldSync.ts"
import { fromCrm } from "./domain/FieldTransform.ts"
import type { FirmId } from "./domain/Ids.ts"
import type { PlatformEvent } from "./domain/PlatformEvent.ts"
import { statusToPlatform } from "./domain/StatusLinks.ts"
import { type CaseNotFound, Outbox, type OutboxAnswer } from "./Outbox.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Storage } from "./ports/Storage.ts"
import { type ReviewDecision, StatusReview } from "./StatusReview.ts"

export class ConflictNotFound extends Schema.TaggedError<ConflictNotFound>()("ConflictNotFound", {
  id: Schema.String
}) {}
export class ConflictSettled extends Schema.TaggedError<ConflictSettled>()("ConflictSettled", { id: Schema.String }) {}

/** The decision does not fit the kind of conflict. */
export class DecisionInvalid extends Schema.TaggedError<DecisionInvalid>()("DecisionInvalid", {
  expected: Schema.Array(Schema.String)
}) {}

/** For a value that lost: take it back, or let it go. For a move away from a terminal status: accept it, or keep ours. */
export type Decision = "restore" | "dismiss" | ReviewDecision

export class Conflicts extends Context.Service<
  Conflicts,
  {
    /** Answers what became of the restored value; null where nothing was restored. */
    readonly settle: (
      firmId: FirmId,
      id: string,
      decision: Decision,
      by: string
    ) => Effect.Effect<OutboxAnswer | null, ConflictNotFound | ConflictSettled | CaseNotFound | DecisionInvalid>
  }
>()("@casewire/core/Conflicts") {
  static readonly layer = Layer.effect(
    Conflicts,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const hooks = yield* PlatformHooks
      const mapping = yield* CaseMapping
      const outbox = yield* Outbox
      const review = yield* StatusReview
      const storage = yield* Storage

      const settle: Conflicts["Service"]["settle"] = Effect.fn("Conflicts.settle")(
        function* (firmId, id, decision, by) {
          const [conflict] = yield* cases.conflicts(firmId, { limit: 1, id })
          if (conflict === undefined) return yield* new ConflictNotFound({ id })
          const found = yield* cases.get(firmId, conflict.caseId)
          if (Option.isNone(found)) return yield* new ConflictNotFound({ id })
          const settled = (yield* cases.history(firmId, conflict.caseId)).some((event) => event.id === settlementId(id))
          if (settled) return yield* new ConflictSettled({ id })
          const isReview = conflict.kind === "status-review"
          if (isReview !== (decision === "accept" || decision === "keep"))
            return yield* new DecisionInvalid({ expected: isReview ? ["accept", "keep"] : ["restore", "dismiss"] })
          const line: CaseEvent = {
            id: settlementId(id),
            firmId,
            caseId: conflict.caseId,
            at: yield* Clock.currentTimeMillis,
            kind: "conflict-settled",
            cause: by,
            before: conflict.before,
            after: decision,
            ...(conflict.field === undefined ? {} : { field: conflict.field })
          }
          if (decision === "accept" || decision === "keep") {
            // A later move may have taken the place of this one, or the CRM came back: then there is nothing to decide.
            if (yield* review.settle(found.value, decision, by, line)) return null
            return yield* new ConflictSettled({ id })
          }
          // The edit first: its event id makes a second try after a crash the same edit.
          const answer = decision === "restore" ? yield* restore(found.value, conflict, by) : null
          yield* storage.atomically(Effect.andThen(cases.record(line), hooks.recorded(found.value, line)))
          return answer
        }
      )

      const restore = Effect.fnUntraced(function* (of: Case, conflict: CaseEvent, by: string) {
        const { field, id } = conflict
        const common = { eventId: `restore ${id}`, caseId: of.id, changedBy: by }
        const lost = yield* lostValue(of, conflict)
        const event: PlatformEvent =
          field === undefined
            ? { _tag: "StatusChanged", ...common, status: lost[0] ?? "" }
            : { _tag: "FieldsChanged", ...common, fields: { [field]: lost } }
        return yield* outbox.accept(of.firmId, event).pipe(Effect.catchTag("DocumentNotFound", Effect.die))
      })

      /** What lost stands in `before`: the platform's own value, or one of the CRM's, which becomes the platform's. */
      const lostValue = Effect.fnUntraced(function* (of: Case, { before, field, kind }: CaseEvent) {
        const values = field === undefined ? (before === null ? [] : [before]) : valuesOf(before)
        if (kind === "status-superseded" || kind === "field-superseded") return values
        const connection = yield* Effect.option(connections.get(of.firmId, of.connectionId))
        if (Option.isNone(connection)) return values
        if (field === undefined) {
          const table = yield* mapping.statusesOf(connection.value, of.caseType)
          return values.map((name) => statusToPlatform(table, name))
        }
        const found = yield* mapping.fieldsOf(connection.value, of)
        const entry =
          found._tag === "Mapped" ? found.entries.find(({ platformField }) => platformField === field) : undefined
        const converted = entry === undefined ? undefined : fromCrm(entry, values)
        return converted?._tag === "Value" ? converted.value : values
      })

      return Conflicts.of({ settle })
    })
  ).pipe(Layer.provide([CaseMapping.layer, StatusReview.layer]))
}
