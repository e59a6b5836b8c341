/**
 * Carries jobs out to the CRM, each at most once: notes, and the rules that every other write goes by.
 *
 * The intent (`sending`, with its time) is durable before a request leaves. After an unclear outcome, or a restart in
 * the middle, the job waits until the CRM can no longer commit the earlier request, looks whether it arrived (a note by
 * its marker, a status by reading it), and sends again only if it did not.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import type { Connection } from "./domain/Connection.ts"
import type { CrmCase } from "./domain/CrmChange.ts"
import { parseBody } from "./domain/FlatRecord.ts"
import type { Instant } from "./domain/Ids.ts"
import type { Job, JobId, Work } from "./domain/Job.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { Crm, CrmError, CrmUnreachable } from "./ports/Crm.ts"
import { BeforeChange } from "./ports/CrmHttp.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

/** How long a request may take, and how long after its start the CRM may still commit it. */
export const DeliveryTimes = Context.Reference<{
  readonly clientTimeoutMs: number
  readonly lateCommitMs: number
  readonly leaseMs: number
}>("@casewire/core/Delivery/DeliveryTimes", {
  defaultValue: () => ({ clientTimeoutMs: 20_000, lateCommitMs: 120_000, leaseMs: 30_000 })
})

/** A request that leaves later than this after its intent was written down has the intent written down again. */
const intentAgeMs = 250

/** Milliseconds by the monotonic clock; only differences mean something. */
const elapsedMs = Effect.map(
  Clock.clockWith((clock) => clock.monotonicTimeNanos),
  (nanos) => Number(nanos / 1_000_000n)
)

type AddNote = Extract<Work, { _tag: "AddNote" }>

export class Delivery extends Context.Service<
  Delivery,
  {
    readonly addNote: (
      connection: Connection,
      lease: Lease,
      work: AddNote
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    /** What receipts reported of a case since a moment: values that a write may have overwritten without seeing them. */
    readonly reportedSince: (
      connection: Connection,
      externalCaseId: string,
      since: Instant
    ) => Effect.Effect<ReadonlyArray<CrmCase>, CrmError, Crm>
    /**
     * Whether a request of this job may have taken effect without our knowing. Asked once, when the job's turn ends
     * without a settlement; until the quiet period is over and the CRM was asked, the intent must stay.
     */
    readonly endsUnclear: (job: Job) => boolean
    /** Sends a request whose intent is durable, and remembers whether its outcome is known. */
    readonly sent: <A>(lease: Lease, request: Effect.Effect<A, CrmError>) => Effect.Effect<A, CrmError>
    /** True when the job may go on; false when it was given back to wait out its quiet period. */
    readonly isQuiet: (lease: Lease) => Effect.Effect<boolean, LeaseLost>
    /** After the quiet period a read said what became of the job's earlier request. */
    readonly isKnown: (job: Job) => Effect.Effect<void>
    /** When an unclear request of this job can no longer take effect. */
    readonly quietUntil: (job: Job) => Effect.Effect<Instant>
  }
>()("@casewire/core/Delivery") {
  static readonly layer = Layer.effect(
    Delivery,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const queue = yield* Queue
      const projection = yield* Projection
      const storage = yield* Storage
      const { clientTimeoutMs, lateCommitMs, leaseMs } = yield* DeliveryTimes
      const startedAt = yield* elapsedMs
      // When requests of this process left, by the clock that nobody can set.
      const leftAt = new Map<JobId, number>()

      // Measured, not read off the wall: a clock that is set while a job waits neither shortens the fence nor stretches
      // it. What another process sent counts from this one's start.
      const quietMs = Effect.fnUntraced(function* ({ id }: Job) {
        return Math.max(0, (leftAt.get(id) ?? startedAt) + clientTimeoutMs + lateCommitMs - (yield* elapsedMs))
      })
      const quietUntil = Effect.fnUntraced(function* (job: Job) {
        return (yield* Clock.currentTimeMillis) + (yield* quietMs(job))
      })

      // What this process knows of requests under way; a restart has only `sentAt` to go by.
      const unclear = new Map<JobId, boolean>()
      const endsUnclear = (job: Job) => {
        const known = unclear.get(job.id) ?? job.sentAt !== null
        unclear.delete(job.id)
        if (!known) leftAt.delete(job.id)
        return known
      }

      /** A request whose intent is durable. Where the CRM certainly did not do it, the intent is void again. */
      const sent = <A>(lease: Lease, request: Effect.Effect<A, CrmError>) =>
        Effect.flatMap(elapsedMs, (now) => {
          const { id } = lease.job
          unclear.set(id, true)
          leftAt.set(id, now)
          return Effect.tapError(request, ({ reason }) =>
            Effect.sync(() =>
              unclear.set(id, reason._tag === "CrmOutcomeUnknown" || reason._tag === "CrmAnswerInvalid")
            )
          ).pipe(Effect.provideService(BeforeChange, stillOurs(lease)))
        })

      /** The intent's time, moved to when the request really leaves; a lease that was lost stops it. */
      const stillOurs = Effect.fnUntraced(function* (lease: Lease) {
        const now = yield* Clock.currentTimeMillis
        leftAt.set(lease.job.id, yield* elapsedMs)
        if (Math.abs(now - (lease.job.sentAt ?? 0)) <= intentAgeMs) return
        yield* Effect.mapError(
          queue.mark(lease, { leaseMs, sentAt: now }),
          () =>
            new CrmError({ reason: new CrmUnreachable({ message: "the job was taken over before its request left" }) })
        )
      })

      /** True when the job may go on; false when it was given back to wait out its quiet period. */
      const isQuiet = Effect.fnUntraced(function* (lease: Lease) {
        if (lease.job.sentAt === null) return true
        const quiet = yield* quietMs(lease.job)
        if (quiet === 0) return true
        const at = (yield* Clock.currentTimeMillis) + quiet
        yield* queue.settle(lease, { _tag: "GiveBack", at, reason: "quiet-period", sending: true })
        return false
      })

      const addNote: Delivery["Service"]["addNote"] = Effect.fn("Delivery.addNote")(
        function* (connection, claimed, work) {
          const crm = yield* Crm
          if (!(yield* isQuiet(claimed))) return
          const id = work.externalCaseId
          let lease = claimed
          let mayBeThere = claimed.job.sentAt !== null
          const progress = [...claimed.job.progress]
          for (let part = progress.length; part < work.parts.length; part = progress.length) {
            const { marker, text } = work.parts[part]!
            if (mayBeThere) {
              const notes = yield* crm.notes({ id, since: claimed.job.createdAt - 86_400_000 })
              const found = notes.find((note) => note.text.includes(marker))
              mayBeThere = false
              if (found !== undefined) {
                progress.push(found.externalId)
                lease = yield* queue.mark(lease, { leaseMs, progress: [...progress] })
                continue
              }
            }
            unclear.set(lease.job.id, false)
            lease = yield* queue.mark(lease, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
            const { externalId } = yield* sent(lease, crm.addNote({ id, text }))
            progress.push(externalId)
            lease = yield* queue.mark(lease, { leaseMs, progress: [...progress] })
          }
          yield* storage.withCase(
            { connectionId: connection.id, externalCaseId: id },
            Effect.gen(function* () {
              const found = yield* cases.get(connection.firmId, work.caseId)
              if (Option.isSome(found))
                yield* projection.record(found.value, {
                  kind: "note-sent",
                  cause: lease.job.id,
                  before: null,
                  after: progress.join(" ")
                })
              yield* queue.settle(lease, { _tag: "Done" })
            })
          )
          unclear.delete(lease.job.id)
          leftAt.delete(lease.job.id)
        }
      )

      const reportedSince: Delivery["Service"]["reportedSince"] = Effect.fn("Delivery.reportedSince")(
        function* (connection, externalCaseId, since) {
          const crm = yield* Crm
          const filter = { connectionId: connection.id, externalCaseId, limit: 20 }
          const receipts = yield* storage.receipts(connection.firmId, filter)
          const recent = receipts.flatMap((receipt) => {
            // What was ignored when it came was kept without its values, and says nothing, also once it was taken up.
            const isTold = receipt.disposition._tag === "Accepted" && receipt.replayedAt === null
            if (receipt.receivedAt < since || !isTold) return []
            const entries = parseBody(receipt.mediaType, receipt.body)
            if (Result.isFailure(entries)) return []
            const { id: receiptId, receivedAt } = receipt
            return [{ receiptId, receivedAt, entries: entries.success, aliases: connection.aliases }]
          })
          if (recent.length === 0) return []
          const changes = yield* crm.decode({ receipts: recent })
          return changes.flatMap((change) => (change._tag === "CaseReported" ? [change.case] : []))
        }
      )

      const isKnown = ({ id }: Job) => Effect.sync(() => void unclear.set(id, false))

      return Delivery.of({ addNote, reportedSince, endsUnclear, sent, isQuiet, isKnown, quietUntil })
    })
  )
}
