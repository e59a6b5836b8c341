/**
 * Does the durable jobs, in order per lane, with that connection's own `Crm` in the context.
 *
 * It asks the switches before each job, keeps the lease alive while one runs, and turns whatever went wrong into the
 * job's next state. A failure of our own storage or a bug is a defect; it is caught here, once, and counts an attempt.
 */
import { Cause, Clock, Context, Effect, Exit, FiberSet, Layer, Option, Random } from "effect"
import { CaseImport } from "./CaseImport.ts"
import { CrmConnections } from "./CrmConnections.ts"
import { Delivery, DeliveryTimes } from "./Delivery.ts"
import { Disconnect } from "./Disconnect.ts"
import { DocumentSync } from "./DocumentSync.ts"
import { FieldDelivery } from "./FieldDelivery.ts"
import { NotePull } from "./NotePull.ts"
import { type Connection, isEnded, isErasing } from "./domain/Connection.ts"
import { askedHowToResume } from "./domain/Held.ts"
import type { Instant } from "./domain/Ids.ts"
import type { Job, Work } from "./domain/Job.ts"
import { type CaseType, outgoingRefusal } from "./domain/Mapping.ts"
import { isOutboundEffective } from "./domain/StatusResume.ts"
import { heldBy } from "./domain/Toggles.ts"
import { HistoryImport } from "./HistoryImport.ts"
import { interlocked, Stopped } from "./Interlock.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { Poller } from "./Poller.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, CrmError } from "./ports/Crm.ts"
import type { CrmDocuments } from "./ports/CrmDocuments.ts"
import { CallPriority } from "./ports/CrmHttp.ts"
import { type Lease, LeaseLost, type Outcome, Queue } from "./ports/Queue.ts"
import { Reconciler } from "./Reconciler.ts"
import { StatusDelivery } from "./StatusDelivery.ts"

export const WorkerLimits = Context.Reference<{
  readonly concurrency: number
  readonly perConnection: number
  readonly maxAttempts: number
}>("@casewire/core/Worker/WorkerLimits", {
  defaultValue: () => ({ concurrency: 64, perConnection: 16, maxAttempts: 12 })
})

type Failure = CrmError | LeaseLost | ConnectionNotFound

export class Worker extends Context.Service<
  Worker,
  {
    /** Claims what is due and does it; answers how many jobs there were. */
    readonly runOnce: Effect.Effect<number>
    /** Works until interrupted; what is under way is given back. */
    readonly run: Effect.Effect<never>
  }
>()("@casewire/core/Worker") {
  static readonly layer = Layer.effect(
    Worker,
    Effect.gen(function* () {
      const caseImport = yield* CaseImport
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const disconnect = yield* Disconnect
      const crms = yield* CrmConnections
      const delivery = yield* Delivery
      const documents = yield* DocumentSync
      const notes = yield* NotePull
      const fieldDelivery = yield* FieldDelivery
      const statusDelivery = yield* StatusDelivery
      const history = yield* HistoryImport
      const hooks = yield* PlatformHooks
      const poller = yield* Poller
      const queue = yield* Queue
      const reconciler = yield* Reconciler
      const { leaseMs } = yield* DeliveryTimes
      const limits = yield* WorkerLimits
      const worker = `worker-${(yield* Random.nextInt).toString(36)}`

      const batch = { work: "ReadCase", size: readsTogether } as const
      const claim = (limit: number) =>
        queue.claim({ worker, limit, leaseMs, perConnection: limits.perConnection, batch })

      /** Jobs of one connection that are done together: all its reads in one group, any other job alone. */
      const groupsOf = (leases: ReadonlyArray<Lease>): ReadonlyArray<ReadonlyArray<Lease>> => {
        const reads = new Map<string, Array<Lease>>()
        const groups: Array<ReadonlyArray<Lease>> = []
        for (const lease of leases) {
          if (lease.job.work._tag !== "ReadCase" || lease.job.work.whole === true) {
            groups.push([lease])
            continue
          }
          const group = reads.get(lease.job.connectionId)
          if (group !== undefined) group.push(lease)
          else {
            const fresh = [lease]
            reads.set(lease.job.connectionId, fresh)
            groups.push(fresh)
          }
        }
        return groups
      }

      const perform = (
        connection: Connection,
        group: ReadonlyArray<Lease>
      ): Effect.Effect<void, Failure, Crm | CrmDocuments> => {
        const [lease] = group as readonly [Lease]
        const { work } = lease.job
        switch (work._tag) {
          case "ApplyReceipt":
            return reconciler.applyReceipt(connection, lease, work)
          case "ReadCase":
            return reconciler.readCases(connection, group)
          case "AddNote":
            return delivery.addNote(connection, lease, work)
          case "PushStatus":
            return statusDelivery.pushStatus(connection, lease, work)
          case "PushFields":
            return fieldDelivery.pushFields(connection, lease, work)
          case "Notify":
            return hooks.deliver(lease, work)
          case "EraseConnection":
            return disconnect.step(lease, work, leaseMs)
          case "PushDocument":
            return documents.push(connection, lease, work)
          case "PullDocuments":
            return documents.pull(connection, lease, work)
          case "PullNotes":
            return notes.pull(connection, lease, work)
          case "Sweep":
            return poller.sweep(connection, lease)
          case "Pull":
            return poller.pull(connection, lease)
          case "ImportHistory":
            return history.step(connection, lease, work)
          case "ImportCases":
            return caseImport.step(connection, lease, work)
        }
      }

      const heartbeat = (group: ReadonlyArray<Lease>) =>
        Effect.forEach(group, (lease) => Effect.ignore(queue.mark(lease, { leaseMs })), { discard: true }).pipe(
          Effect.delay(leaseMs / 3),
          Effect.forever
        )

      const settleAll = (group: ReadonlyArray<Lease>, outcome: (job: Job) => Effect.Effect<Outcome>) =>
        Effect.forEach(
          group,
          (lease) => Effect.flatMap(outcome(lease.job), (value) => Effect.ignore(queue.settle(lease, value))),
          { discard: true }
        )

      /** The type of the case that a job would send something for. */
      const outgoingType = Effect.fnUntraced(function* ({ firmId, work }: Job) {
        if (!isOutgoing(work)) return undefined
        return Option.getOrUndefined(yield* cases.get(firmId, work.caseId))?.caseType
      })

      const handle = Effect.fn("Worker.handle")(function* (group: ReadonlyArray<Lease>) {
        const { connectionId, firmId, id, work } = group[0]!.job
        yield* Effect.annotateCurrentSpan({ jobId: id, work: work._tag, connectionId, jobs: group.length })
        // Not the CRM's business: no connection, no switch and no sign-in stands in the way.
        if (work._tag === "Notify") return yield* hooks.deliver(group[0]!, work)
        if (work._tag === "EraseConnection") return yield* erase(group[0]!, work)
        const found = yield* Effect.option(connections.get(firmId, connectionId))
        if (found._tag === "None")
          return yield* settleAll(group, () => Effect.succeed({ _tag: "Dead", reason: "connection-gone" }))
        const connection = found.value
        // Its jobs are about to be removed. None may write a thing, or it would be left behind.
        if (isErasing(connection)) {
          const at = (yield* Clock.currentTimeMillis) + authPauseMs
          return yield* settleAll(group, () => Effect.succeed({ _tag: "GiveBack", at, reason: "erasing" }))
        }
        const caseType = yield* outgoingType(group[0]!.job)
        const stop = refusal(connection, group[0]!.job, caseType)
        if (stop !== undefined) {
          if (work._tag === "ReadCase" && connection.state !== "connected")
            yield* Effect.forEach(group, ({ job }) => reconciler.countReported(connection, job, true), {
              discard: true
            })
          const now = yield* Clock.currentTimeMillis
          return yield* settleAll(group, () => Effect.succeed(stop(now)))
        }
        const present = Effect.orDie(connections.get(firmId, connectionId))
        yield* perform(connection, group).pipe(
          Effect.updateService(Crm, (crm) => interlocked(crm, present, (now) => refusal(now, group[0]!.job, caseType))),
          Effect.provide(crms.get(firmId, connectionId)),
          Effect.provideService(CallPriority, Math.min(...group.map(({ job }) => job.priority))),
          Effect.raceFirst(heartbeat(group)),
          // A finalizer, so that jobs under way are given back also when the worker is interrupted.
          Effect.onExit((exit) => (Exit.isFailure(exit) ? recover(connection, group, exit.cause) : Effect.void)),
          Effect.catchCause(() => Effect.void)
        )
      })

      /** No connection stands behind it any more, so nothing of `perform` fits; it is given up never. */
      const erase = (lease: Lease, work: Extract<Work, { _tag: "EraseConnection" }>) =>
        disconnect.step(lease, work, leaseMs).pipe(
          Effect.raceFirst(heartbeat([lease])),
          Effect.onExit((exit) =>
            Exit.isSuccess(exit)
              ? Effect.void
              : Effect.flatMap(Clock.currentTimeMillis, (now) => {
                  const isShutdown = Cause.hasInterruptsOnly(exit.cause)
                  const reason = isShutdown ? "shutdown" : "internal-failure"
                  const at = isShutdown ? now : now + authPauseMs
                  return settleAll([lease], () => Effect.succeed({ _tag: "GiveBack", at, reason }))
                })
          ),
          Effect.catchTag("LeaseLost", () => Effect.void),
          Effect.catchDefect((defect) => Effect.logError("A connection could not be erased", defect))
        )

      const recover = Effect.fnUntraced(function* (
        connection: Connection,
        group: ReadonlyArray<Lease>,
        cause: Cause.Cause<Failure>
      ) {
        const now = yield* Clock.currentTimeMillis
        if (Cause.hasInterruptsOnly(cause)) {
          return yield* settleAll(group, (job) =>
            Effect.succeed({ _tag: "GiveBack", at: now, reason: "shutdown", sending: delivery.endsUnclear(job) })
          )
        }
        const defect = Cause.squash(cause)
        if (defect instanceof Stopped) {
          for (const { job } of group) delivery.endsUnclear(job)
          return yield* settleAll(group, () => Effect.succeed(defect.outcome(now)))
        }
        const failure = Cause.findErrorOption(cause)
        if (failure._tag === "None") yield* Effect.logError("A job failed unexpectedly", cause)
        const error = failure._tag === "Some" ? failure.value : undefined
        if (error?._tag === "LeaseLost") return void group.map(({ job }) => delivery.endsUnclear(job))
        if (error?._tag === "CrmError" && error.reason._tag === "CrmAuthFailed")
          yield* Effect.ignore(
            connections.update(connection.firmId, connection.id, (value) =>
              isEnded(value) ? value : { ...value, state: "reconnect-needed" }
            )
          )
        if (group[0]!.job.work._tag === "ReadCase")
          yield* Effect.forEach(group, ({ job }) => reconciler.countReported(connection, job, false), { discard: true })
        yield* settleAll(group, (job) => outcomeOf(error, job, now))
      })

      const outcomeOf = Effect.fnUntraced(function* (
        error: Failure | undefined,
        job: Job,
        now: Instant
      ): Effect.fn.Return<Outcome> {
        if (error?._tag === "ConnectionNotFound") return { _tag: "Dead", reason: "connection-gone" }
        const reason = error?._tag === "CrmError" ? error.reason : undefined
        const code = reason === undefined ? "internal-failure" : `${reason._tag}: ${messageOf(reason)}`
        const jitter = yield* Random.next
        // An earlier request of the job may be unclear still, whatever this failure was: then its intent stays.
        const sending = isOutgoing(job.work) && delivery.endsUnclear(job)
        if (reason?._tag === "CrmRateLimited")
          return { _tag: "GiveBack", at: Math.max(reason.until ?? 0, now + 1000), reason: "rate-limited", sending }
        if (reason?._tag === "CrmAuthFailed") return { _tag: "GiveBack", at: now + authPauseMs, reason: code, sending }
        if (reason?._tag === "CrmPluginUnavailable")
          return { _tag: "GiveBack", at: now + Math.round(pluginPauseMs * (0.5 + jitter)), reason: code, sending }
        if (reason !== undefined && !reason.retryable) return { _tag: "Dead", reason: code }
        if (job.attempts + 1 >= limits.maxAttempts) return { _tag: sending ? "Uncertain" : "Dead", reason: code }
        const at = now + backoffMs(job.attempts + 1, jitter)
        if (!sending) return { _tag: "Retry", at, reason: code }
        // Storage may have failed after the request left, so a defect of ours leaves an unknown outcome too.
        const isUnclearNow = reason === undefined || reason._tag === "CrmOutcomeUnknown"
        const quiet = isUnclearNow ? yield* delivery.quietUntil({ ...job, sentAt: now }) : at
        return { _tag: "Retry", at: Math.max(at, quiet), reason: code, sending }
      })

      const runOnce = Effect.gen(function* () {
        const leases = yield* claim(limits.concurrency)
        yield* Effect.forEach(groupsOf(leases), handle, { concurrency: "unbounded", discard: true })
        return leases.length
      })

      /** A store that cannot be written for a while (disk full, locked) stops the work, not the worker. */
      const claimOrWait = (limit: number): Effect.Effect<ReadonlyArray<Lease>> =>
        claim(limit).pipe(
          Effect.catchDefect((defect) =>
            Effect.logError("Jobs could not be claimed", defect).pipe(Effect.andThen(Effect.sleep(1000)), Effect.as([]))
          )
        )

      const run = Effect.scoped(
        Effect.gen(function* () {
          const fibers = yield* FiberSet.make<void>()
          let running = 0
          for (;;) {
            const leases = running >= limits.concurrency ? [] : yield* claimOrWait(limits.concurrency - running)
            if (leases.length === 0) {
              yield* queue.awaitWork
              continue
            }
            for (const group of groupsOf(leases)) {
              running += 1
              yield* FiberSet.run(
                fibers,
                handle(group).pipe(
                  Effect.ensuring(Effect.sync(() => (running -= 1))),
                  Effect.catchCause((cause) => Effect.logError("The worker could not settle a job", cause))
                )
              )
            }
          }
        })
      )

      return Worker.of({ runOnce, run })
    })
  ).pipe(
    Layer.provide([
      CaseImport.layer,
      FieldDelivery.layer,
      StatusDelivery.layer,
      DocumentSync.layer,
      HistoryImport.layer,
      NotePull.layer
    ])
  )
}

const authPauseMs = 30_000

/** A plugin is back in a fraction of a second, or it is not for a while. */
const pluginPauseMs = 500

/** Cases read in one go: a few pages of a CRM's list. */
const readsTogether = 500

type Outgoing = Extract<Work, { _tag: "AddNote" | "PushStatus" | "PushFields" | "PushDocument" }>

const isOutgoing = (work: Work): work is Outgoing =>
  work._tag === "AddNote" || work._tag === "PushStatus" || work._tag === "PushFields" || work._tag === "PushDocument"

const messageOf = (reason: CrmError["reason"]): string =>
  reason._tag === "CrmRateLimited" ? "rate limit exceeded" : reason.message

/** Exponential from one second to fifteen minutes, with full jitter; `random` is in [0, 1). */
export const backoffMs = (attempt: number, random: number): number =>
  Math.round(Math.min(1000 * 2 ** Math.min(attempt - 1, 20), 900_000) * (0.5 + random / 2))

/** What stops a job: a switch that went off since, a case type that is not selected now, or no sign-in. */
const refusal = (
  connection: Connection,
  job: Job,
  /** Of the case that something would be sent for. */
  caseType: CaseType | undefined
): ((now: Instant) => Outcome) | undefined => {
  const isAskedFor = job.work._tag === "PushStatus" && !isOutboundEffective(connection)
  const unselected = caseType === undefined ? undefined : outgoingRefusal(connection.outgoingCaseTypes, caseType)
  const reason = heldBy(job.work, connection.toggles) ?? (isAskedFor ? askedHowToResume : undefined) ?? unselected
  if (reason !== undefined) return () => ({ _tag: "Held", reason })
  // Decoding needs no sign-in, so a receipt is applied as a hint also while the CRM cannot be asked; a file needs none.
  return connection.state === "connected" || job.work._tag === "ApplyReceipt" || job.work._tag === "ImportCases"
    ? undefined
    : (now) => ({ _tag: "GiveBack", at: now + authPauseMs, reason: "not-connected", sending: job.sentAt !== null })
}
