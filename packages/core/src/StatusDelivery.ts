/**
 * Carries the platform's status of a case to the CRM.
 *
 * The CRM is read first and the merge table decides: send, there already, the CRM wins, or wait. A replayed row is
 * compared with what its plan froze instead. While a move away from a terminal status is in review, pushes wait.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { Delivery, DeliveryTimes } from "./Delivery.ts"
import type { Case } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { inReview, statusNotEffective } from "./domain/Held.ts"
import type { Work } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { decide, settle, type TwoWay, type Verdict } from "./domain/Merge.ts"
import type { RunRow } from "./domain/Run.ts"
import { statusToCrm, statusToPlatform } from "./domain/StatusLinks.ts"
import { isOutboundEffective, rebased, replayRow } from "./domain/StatusResume.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"
import { forward } from "./Reconciler.ts"
import { StatusResume } from "./StatusResume.ts"

type PushStatus = Extract<Work, { _tag: "PushStatus" }>

export class StatusDelivery extends Context.Service<
  StatusDelivery,
  {
    readonly pushStatus: (
      connection: Connection,
      lease: Lease,
      work: PushStatus
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/StatusDelivery") {
  static readonly layer = Layer.effect(
    StatusDelivery,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const delivery = yield* Delivery
      const mapping = yield* CaseMapping
      const projection = yield* Projection
      const queue = yield* Queue
      const resume = yield* StatusResume
      const storage = yield* Storage
      const { leaseMs } = yield* DeliveryTimes

      const pushStatus: StatusDelivery["Service"]["pushStatus"] = Effect.fn("StatusDelivery.pushStatus")(
        function* (connection, claimed, work) {
          const crm = yield* Crm
          if (!(yield* delivery.isQuiet(claimed))) return
          const key = { connectionId: connection.id, externalCaseId: work.externalCaseId }
          const readFrom = yield* Clock.currentTimeMillis
          const read = (yield* crm.read({ ids: [work.externalCaseId] })).find(
            ({ externalId }) => externalId === work.externalCaseId
          )
          // After the quiet period a read says what became of an earlier request.
          yield* delivery.isKnown(claimed.job)
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
                yield* queue.settle(claimed, { _tag: "Held", reason: inReview })
                return "Ended"
              }
              const unselected = outgoingRefusal(connection.outgoingCaseTypes, caseType)
              if (unselected !== undefined) {
                yield* queue.settle(claimed, { _tag: "Held", reason: unselected })
                yield* projection.applyRead(connection, present, read, id)
                if (row !== undefined)
                  yield* resume.report(connection.firmId, connection.replayPlan!, row, "skipped", unselected)
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
                    yield* queue.settle(claimed, { _tag: "Held", reason: inReview })
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
                  yield* queue.settle(claimed, { _tag: "Held", reason: statusNotEffective })
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
          yield* delivery.sent(lease, crm.setStatus({ id: work.externalCaseId, status: target }))
          const reported = yield* delivery.reportedSince(connection, work.externalCaseId, readFrom)
          const between = reported.flatMap(({ status }) => (status === undefined ? [] : [status.name]))
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
          delivery.endsUnclear(lease.job)
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

      return StatusDelivery.of({ pushStatus })
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
    const baseline = present.baselinePending === true ? null : present.status.baseCrm
    const verdict = replayRow({ read, expected: row.detail["expected"] ?? "", baseline, target })
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
