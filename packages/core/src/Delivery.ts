/**
 * Carries jobs out to the CRM: notes and status pushes, each at most once.
 *
 * The intent (`sending`, with its time) is durable before a request leaves. After an unclear outcome, or a restart in
 * the middle, the job waits until the CRM can no longer commit the earlier request, looks whether it arrived (a note by
 * its marker, a status by reading it), and sends again only if it did not.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import type { Connection } from "./domain/Connection.ts"
import { parseBody } from "./domain/FlatRecord.ts"
import type { Instant } from "./domain/Ids.ts"
import type { Job, Work } from "./domain/Job.ts"
import { decide, settle } from "./domain/Merge.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { isStatusOutboundEffective } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"
import { forward } from "./Reconciler.ts"

/** How long a request may take, and how long after its start the CRM may still commit it. */
export const DeliveryTimes = Context.Reference<{
  readonly clientTimeoutMs: number
  readonly lateCommitMs: number
  readonly leaseMs: number
}>("@casewire/core/Delivery/DeliveryTimes", {
  defaultValue: () => ({ clientTimeoutMs: 20_000, lateCommitMs: 120_000, leaseMs: 30_000 })
})

type AddNote = Extract<Work, { _tag: "AddNote" }>
type PushStatus = Extract<Work, { _tag: "PushStatus" }>

export class Delivery extends Context.Service<
  Delivery,
  {
    readonly addNote: (
      connection: Connection,
      lease: Lease,
      work: AddNote
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    readonly pushStatus: (
      connection: Connection,
      lease: Lease,
      work: PushStatus
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    /** When an unclear request of this job can no longer take effect. */
    readonly quietUntil: (job: Job) => Effect.Effect<Instant>
  }
>()("@casewire/core/Delivery") {
  static readonly layer = Layer.effect(
    Delivery,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const projection = yield* Projection
      const storage = yield* Storage
      const { clientTimeoutMs, lateCommitMs, leaseMs } = yield* DeliveryTimes
      const startedAt = yield* Clock.currentTimeMillis

      // Counted from the process's start at the earliest, so that a clock that jumped ahead cannot shorten the fence.
      const quietUntil = (job: Job) =>
        Effect.succeed(Math.max(job.sentAt ?? 0, startedAt) + clientTimeoutMs + lateCommitMs)

      /** True when the job may go on; false when it was given back to wait out its quiet period. */
      const isQuiet = Effect.fnUntraced(function* (lease: Lease) {
        if (lease.job.sentAt === null) return true
        const until = yield* quietUntil(lease.job)
        if ((yield* Clock.currentTimeMillis) >= until) return true
        yield* queue.settle(lease, { _tag: "GiveBack", at: until, reason: "quiet-period", sending: true })
        return false
      })

      const addNote: Delivery["Service"]["addNote"] = Effect.fn("Delivery.addNote")(function* (connection, claimed, work) {
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
          lease = yield* queue.mark(lease, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
          const { externalId } = yield* crm.addNote({ id, text })
          progress.push(externalId)
          lease = yield* queue.mark(lease, { leaseMs, progress: [...progress] })
        }
        yield* storage.withCase(
          { connectionId: connection.id, externalCaseId: id },
          Effect.gen(function* () {
            const found = yield* cases.get(connection.firmId, work.caseId)
            if (Option.isSome(found))
              yield* projection.record(found.value, { kind: "note-sent", cause: lease.job.id, before: null, after: progress.join(" ") })
            yield* queue.settle(lease, { _tag: "Done" })
          })
        )
      })

      const pushStatus: Delivery["Service"]["pushStatus"] = Effect.fn("Delivery.pushStatus")(
        function* (connection, claimed, work) {
          const crm = yield* Crm
          if (!(yield* isQuiet(claimed))) return
          const key = { connectionId: connection.id, externalCaseId: work.externalCaseId }
          const readFrom = yield* Clock.currentTimeMillis
          const [read] = yield* crm.read({ ids: [work.externalCaseId] })
          if (read?.status === undefined)
            return yield* queue.settle(claimed, { _tag: "Dead", reason: "case-not-in-crm" })
          const before = read.status.name
          const verdict = yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrUndefined(yield* cases.get(connection.firmId, work.caseId))
              if (present === undefined) {
                yield* queue.settle(claimed, { _tag: "Dead", reason: "case-gone" })
                return "Ended"
              }
              const decided = decide({
                value: present.status,
                read: before,
                target: work.target,
                effective: isStatusOutboundEffective(connection.toggles),
                same: sameStatus
              })
              if (decided._tag === "Send") return "Send"
              if (decided._tag === "Apply") {
                // The CRM moved: its value wins, this edit and those behind it are superseded, this one by its lease.
                yield* projection.record(present, { kind: "status-superseded", cause: claimed.job.id, before: work.target, after: before })
                yield* queue.settle(claimed, { _tag: "Skipped", reason: "superseded-by-crm" })
                yield* projection.applyRead(connection, present, read, claimed.job.id)
              } else {
                yield* cases.save({ ...present, status: decided.value })
                if (decided._tag === "Settled") {
                  yield* projection.record(present, { kind: "status-pushed", cause: claimed.job.id, before, after: work.target })
                  yield* queue.settle(claimed, { _tag: "Done" })
                } else yield* queue.settle(claimed, { _tag: "Held", reason: "status-sync-not-effective" })
              }
              return "Ended"
            })
          )
          if (verdict === "Ended") return
          const lease = yield* queue.mark(claimed, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
          yield* crm.setStatus({ id: work.externalCaseId, status: work.target })
          const between = yield* reportedBetween(connection, work, readFrom)
          yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrThrow(yield* cases.get(connection.firmId, work.caseId))
              yield* cases.save({ ...present, status: settle(present.status, work.target) })
              yield* projection.record(present, { kind: "status-pushed", cause: lease.job.id, before, after: work.target })
              for (const value of between)
                if (!sameStatus(value, work.target) && !sameStatus(value, before))
                  yield* projection.record(present, {
                    kind: "status-overwritten",
                    cause: lease.job.id,
                    before: value,
                    after: work.target
                  })
              yield* queue.settle(lease, { _tag: "Done" })
            })
          )
          const now = yield* Clock.currentTimeMillis
          yield* connections
            .update(connection.firmId, connection.id, (value) => ({
              ...value,
              health: { ...value.health, lastStatusPush: forward(value.health.lastStatusPush, now) }
            }))
            .pipe(Effect.ignore)
        }
      )

      /** Statuses that receipts reported between the read before a push and now: values the push may have overwritten. */
      const reportedBetween = Effect.fnUntraced(function* (connection: Connection, work: PushStatus, since: Instant) {
        const crm = yield* Crm
        const receipts = yield* storage.receipts(connection.firmId, {
          connectionId: connection.id,
          externalCaseId: work.externalCaseId,
          limit: 20
        })
        const recent = receipts.flatMap((receipt) => {
          if (receipt.receivedAt < since || receipt.disposition._tag !== "Accepted") return []
          const entries = parseBody(receipt.mediaType, receipt.body)
          return Result.isFailure(entries)
            ? []
            : [
                {
                  receiptId: receipt.id,
                  receivedAt: receipt.receivedAt,
                  entries: entries.success,
                  aliases: connection.aliases
                }
              ]
        })
        if (recent.length === 0) return []
        const changes = yield* crm.decode({ receipts: recent })
        return changes.flatMap((change) =>
          change._tag === "CaseReported" && change.case.status !== undefined ? [change.case.status.name] : []
        )
      })

      return Delivery.of({ addNote, pushStatus, quietUntil })
    })
  )
}
