/**
 * The CRM's notes in the case's timeline. A note is taken once, by the CRM's id. One that we wrote carries our marker
 * and creates nothing when it comes back: its message is in the timeline already.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { Connection } from "./domain/Connection.ts"
import { newId } from "./domain/Ids.ts"
import type { Work } from "./domain/Job.ts"
import { isOwnNote } from "./domain/Note.ts"
import { TimelineEntryId } from "./domain/TimelineEntry.ts"
import { matchedCase } from "./MatchedCase.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Timeline } from "./ports/Timeline.ts"

export class NotePull extends Context.Service<
  NotePull,
  {
    readonly pull: (
      connection: Connection,
      lease: Lease,
      work: Extract<Work, { _tag: "PullNotes" }>
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/NotePull") {
  static readonly layer = Layer.effect(
    NotePull,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const queue = yield* Queue
      const storage = yield* Storage
      const timeline = yield* Timeline
      const stores = Context.make(CaseStore, cases).pipe(Context.add(Queue, queue))

      const pull: NotePull["Service"]["pull"] = Effect.fn("NotePull.pull")(function* (connection, lease, work) {
        const crm = yield* Crm
        const { firmId, id: connectionId } = connection
        const key = { connectionId, externalCaseId: work.externalCaseId }
        const find = cases.findExternal(firmId, connectionId, work.externalCaseId)
        const of = yield* matchedCase(connection, lease, work.externalCaseId).pipe(Effect.provideContext(stores))
        if (of === undefined) return
        const now = yield* Clock.currentTimeMillis
        // Cleared before the CRM is asked: what is due from now on asks again.
        yield* storage.withCase(
          key,
          Effect.gen(function* () {
            const present = Option.getOrUndefined(yield* find)
            if (present !== undefined) yield* cases.save({ ...present, feedDueSince: null })
          })
        )
        const known = yield* timeline.externalIds(firmId, of.id, "note")
        const notes = (yield* crm.notes({ id: of.externalId, since: null })).filter(
          ({ externalId, text }) => !known.has(externalId) && !isOwnNote(text)
        )
        const ids = yield* Effect.forEach(notes, () => newId)
        yield* storage.withCase(
          key,
          Effect.gen(function* () {
            for (const [index, { category, createdAt, externalId, text }] of notes.entries())
              yield* timeline.append({
                id: TimelineEntryId.make(ids[index]!),
                firmId,
                connectionId,
                caseId: of.id,
                kind: "note",
                at: createdAt ?? now,
                recordedAt: now,
                source: "crm",
                cause: lease.job.id,
                externalId,
                content: { _tag: "Note", category, text }
              })
            yield* queue.settle(lease, { _tag: "Done" })
          })
        )
      })

      return NotePull.of({ pull })
    })
  )
}
