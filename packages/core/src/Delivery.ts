/**
 * Carries jobs out to the CRM: notes and status pushes, each at most once.
 *
 * The intent (`sending`, with its time) is durable before a request leaves. After an unclear outcome, or a restart in
 * the middle, the job waits until the CRM can no longer commit the earlier request, looks whether it arrived (a note by
 * its marker, a status by reading it), and sends again only if it did not.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import type { Connection } from "./domain/Connection.ts"
import { parseBody } from "./domain/FlatRecord.ts"
import type { Instant } from "./domain/Ids.ts"
import type { Job, JobId, Work } from "./domain/Job.ts"
import { decide, settle, type TwoWay, type Verdict } from "./domain/Merge.ts"
import type { RunRow } from "./domain/Run.ts"
import { isOutboundEffective, rebased, replayRow } from "./domain/StatusResume.ts"
import { statusToCrm, statusToPlatform } from "./domain/StatusLinks.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import type { Case } from "./domain/Case.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, CrmError, CrmUnreachable } from "./ports/Crm.ts"
import { BeforeChange } from "./ports/CrmHttp.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"
import { forward } from "./Reconciler.ts"
import { StatusResume } from "./StatusResume.ts"

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
      const mapping = yield* CaseMapping
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const resume = yield* StatusResume
      const projection = yield* Projection
      const storage = yield* Storage
      const { clientTimeoutMs, lateCommitMs, leaseMs } = yield* DeliveryTimes
      const startedAt = yield* Clock.currentTimeMillis

      // Counted from the process's start at the earliest, so that a clock that jumped ahead cannot shorten the fence.
      const quietUntil = (job: Job) =>
        Effect.succeed(Math.max(job.sentAt ?? 0, startedAt) + clientTimeoutMs + lateCommitMs)

      // What this process knows of requests under way; a restart has only `sentAt` to go by.
      const unclear = new Map<JobId, boolean>()
      const endsUnclear = (job: Job) => {
        const known = unclear.get(job.id) ?? job.sentAt !== null
        unclear.delete(job.id)
        return known
      }

      /** A request whose intent is durable. Where the CRM certainly did not do it, the intent is void again. */
      const sent = <A>(lease: Lease, request: Effect.Effect<A, CrmError>) =>
        Effect.suspend(() => {
          const { id } = lease.job
          unclear.set(id, true)
          return Effect.tapError(request, ({ reason }) =>
            Effect.sync(() =>
              unclear.set(id, reason._tag === "CrmOutcomeUnknown" || reason._tag === "CrmAnswerInvalid")
            )
          ).pipe(Effect.provideService(BeforeChange, stillOurs(lease)))
        })

      /** The intent's time, moved to when the request really leaves; a lease that was lost stops it. */
      const stillOurs = Effect.fnUntraced(function* (lease: Lease) {
        const now = yield* Clock.currentTimeMillis
        if (now - (lease.job.sentAt ?? 0) <= intentAgeMs) return
        yield* Effect.mapError(
          queue.mark(lease, { leaseMs, sentAt: now }),
          () =>
            new CrmError({ reason: new CrmUnreachable({ message: "the job was taken over before its request left" }) })
        )
      })

      /** True when the job may go on; false when it was given back to wait out its quiet period. */
      const isQuiet = Effect.fnUntraced(function* (lease: Lease) {
        if (lease.job.sentAt === null) return true
        const until = yield* quietUntil(lease.job)
        if ((yield* Clock.currentTimeMillis) >= until) return true
        yield* queue.settle(lease, { _tag: "GiveBack", at: until, reason: "quiet-period", sending: true })
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
        }
      )

      const pushStatus: Delivery["Service"]["pushStatus"] = Effect.fn("Delivery.pushStatus")(
        function* (connection, claimed, work) {
          const crm = yield* Crm
          if (!(yield* isQuiet(claimed))) return
          const key = { connectionId: connection.id, externalCaseId: work.externalCaseId }
          const readFrom = yield* Clock.currentTimeMillis
          const read = (yield* crm.read({ ids: [work.externalCaseId] })).find(
            ({ externalId }) => externalId === work.externalCaseId
          )
          // After the quiet period a read says what became of an earlier request.
          unclear.set(claimed.job.id, false)
          if (read?.status === undefined)
            return yield* queue.settle(claimed, { _tag: "Dead", reason: "case-not-in-crm" })
          const before = read.status.name
          const known = yield* cases.get(connection.firmId, work.caseId)
          const caseType = read.caseType ?? Option.getOrUndefined(known)?.caseType ?? { name: "" }
          const table = yield* mapping.statusesOf(connection, caseType)
          const target = statusToCrm(table, work.target)
          const shown = statusToPlatform(table, before)
          const row =
            connection.replayPlan === undefined
              ? undefined
              : Option.getOrUndefined(yield* resume.rowOf(connection.firmId, connection.replayPlan, claimed.job))
          const verdict = yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrUndefined(yield* cases.get(connection.firmId, work.caseId))
              if (present === undefined) {
                yield* queue.settle(claimed, { _tag: "Dead", reason: "case-gone" })
                return "Ended"
              }
              const { id } = claimed.job
              if ((present.review ?? null) !== null) {
                yield* queue.settle(claimed, { _tag: "Held", reason: "the CRM left a terminal status: in review" })
                return "Ended"
              }
              if (yield* isOvertaken(connection, present, work)) {
                const reason = "overtaken-by-a-newer-value"
                yield* queue.settle(claimed, { _tag: "Skipped", reason })
                yield* projection.applyRead(connection, present, read, id)
                if (row !== undefined)
                  yield* resume.report(connection.firmId, connection.replayPlan!, row, "skipped", reason)
                return "Ended"
              }
              const decided = decidePush(connection, present, work, before, row, { target, shown })
              if (decided._tag === "Send") return "Send"
              switch (decided._tag) {
                case "Settled":
                  yield* cases.save({ ...rebased(connection, present), status: decided.value, baselinePending: false })
                  yield* projection.record(present, { kind: "status-pushed", cause: id, before, after: work.target })
                  yield* queue.settle(claimed, { _tag: "Done" })
                  break
                case "Changed": {
                  // The CRM went on since the plan: its value wins here too, or the edit would stay with nothing on its way.
                  const shown = statusToPlatform(table, before)
                  const winner = { platform: shown, basePlatform: shown, baseCrm: before, seenCrm: before }
                  yield* projection.record(present, {
                    kind: "status-superseded",
                    cause: id,
                    before: work.target,
                    after: shown
                  })
                  yield* queue.settle(claimed, { _tag: "Skipped", reason: "changed-since-plan" })
                  yield* takeWinner(rebased(connection, present), winner, id)
                  break
                }
                case "Apply":
                  if (yield* mapping.isTerminal(connection, caseType, present.status.basePlatform ?? "")) {
                    yield* queue.settle(claimed, { _tag: "Held", reason: "the CRM left a terminal status: in review" })
                    yield* projection.applyRead(connection, present, read, id)
                    break
                  }
                  // The CRM moved: its value wins, this edit and those behind it are superseded, this one by its lease.
                  yield* projection.record(present, {
                    kind: "status-superseded",
                    cause: id,
                    before: work.target,
                    after: shown
                  })
                  yield* queue.settle(claimed, { _tag: "Skipped", reason: "superseded-by-crm" })
                  yield* takeWinner(yield* projection.applyRead(connection, present, read, id), decided.value, id)
                  break
                default:
                  yield* cases.save({ ...rebased(connection, present), status: decided.value })
                  yield* queue.settle(claimed, { _tag: "Held", reason: "status-sync-not-effective" })
              }
              if (row !== undefined)
                yield* resume.report(
                  connection.firmId,
                  connection.replayPlan!,
                  row,
                  decided._tag === "Settled" ? "done" : "skipped",
                  decided._tag === "Settled" ? "already there" : "the CRM changed since the plan"
                )
              return "Ended"
            })
          )
          if (verdict === "Ended") return
          const lease = yield* queue.mark(claimed, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
          yield* sent(lease, crm.setStatus({ id: work.externalCaseId, status: target }))
          const between = yield* reportedBetween(connection, work, readFrom)
          yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrThrow(yield* cases.get(connection.firmId, work.caseId))
              const settled = settle(rebased(connection, present).status, target, work.target)
              yield* cases.save({ ...rebased(connection, present), status: settled, baselinePending: false })
              yield* projection.record(present, {
                kind: "status-pushed",
                cause: lease.job.id,
                before,
                after: work.target
              })
              if (row !== undefined)
                yield* resume.report(connection.firmId, connection.replayPlan!, row, "done", "sent")
              for (const value of between)
                if (!sameStatus(value, target) && !sameStatus(value, before))
                  yield* projection.record(present, {
                    kind: "status-overwritten",
                    cause: lease.job.id,
                    before: value,
                    after: work.target
                  })
              yield* queue.settle(lease, { _tag: "Done" })
            })
          )
          unclear.delete(lease.job.id)
          const now = yield* Clock.currentTimeMillis
          yield* connections
            .update(connection.firmId, connection.id, (value) => ({
              ...value,
              health: { ...value.health, lastStatusPush: forward(value.health.lastStatusPush, now) }
            }))
            .pipe(Effect.ignore)
        }
      )

      /** Also while receiving is off: an edit that lost must not stay on the platform with nothing on its way. */
      const takeWinner = Effect.fnUntraced(function* (taken: Case, winner: TwoWay, cause: string) {
        const before = taken.status.platform
        if (sameStatus(before, winner.platform) && sameStatus(taken.status.baseCrm, winner.baseCrm)) return
        yield* cases.save({ ...taken, status: winner })
        if (!sameStatus(before, winner.platform))
          yield* projection.record(taken, { kind: "status-applied", cause, before, after: winner.platform })
      })

      /**
       * A dead or uncertain push may be replayed after newer values came: it is sent only while the platform still
       * holds its target, or while the edit that made the present value is on its way behind it.
       */
      const isOvertaken = Effect.fnUntraced(function* (connection: Connection, of: Case, work: PushStatus) {
        if (sameStatus(of.status.platform, work.target)) return false
        const open = yield* queue.find(of.firmId, {
          connectionId: connection.id,
          key: of.externalId,
          lane: "state",
          work: ["PushStatus"],
          states: ["queued", "retry", "sending", "held", "skipped"]
        })
        return !open.some(
          ({ reason, state, work }) =>
            work._tag === "PushStatus" &&
            sameStatus(work.target, of.status.platform) &&
            // The present value of the platform cannot be written to the CRM, so what came before it still counts.
            (state !== "skipped" || reason === "not-replayable")
        )
      })

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

      const isKnown = ({ id }: Job) => Effect.sync(() => void unclear.set(id, false))

      return Delivery.of({ addNote, pushStatus, endsUnclear, sent, isQuiet, isKnown, quietUntil })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

/**
 * What becomes of a push, by the CRM's present value: the merge table against the case's present baselines, or, for a
 * replayed row, the value that its plan froze.
 */
const decidePush = (
  connection: Connection,
  of: Case,
  work: PushStatus,
  read: string,
  row: RunRow | undefined,
  /** What the CRM calls the status that is to be written, and what the platform calls the one it has. */
  { shown, target }: { readonly shown: string; readonly target: string }
): Verdict | { readonly _tag: "Changed" } => {
  const present = rebased(connection, of)
  const effective = isOutboundEffective(connection)
  if (row !== undefined && effective) {
    const verdict = replayRow(read, row.detail["expected"] ?? "", target)
    return verdict === "Settled"
      ? { _tag: "Settled", value: settle(present.status, target, work.target) }
      : verdict === "Send"
        ? { _tag: "Send", value: present.status }
        : { _tag: "Changed" }
  }
  // An edit after "from now on" on a case whose CRM side was never seen since: this read is what sets the baseline.
  const value = present.baselinePending === true ? { ...present.status, baseCrm: read } : present.status
  return decide({
    value,
    read,
    target,
    targetOnPlatform: work.target,
    toPlatform: () => shown,
    effective,
    same: sameStatus
  })
}
