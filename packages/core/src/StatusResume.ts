/**
 * Resuming status sync after it was off: the question, the dry run, and the two answers.
 *
 * Each answer is one transaction: a crash in the middle leaves either everything decided or nothing. A plan is frozen
 * when it is made, expires, and is compared row by row again when it is applied.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { CrmConnections } from "./CrmConnections.ts"
import { CaseId, ExternalCaseId } from "./domain/Case.ts"
import type { ConnectionId } from "./domain/Connection.ts"
import { type FirmId, type Instant, newId } from "./domain/Ids.ts"
import { type Job, JobId, type Work } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { plannedRun, type Run, RunId, type RunRow } from "./domain/Run.ts"
import { statusToCrm } from "./domain/StatusLinks.ts"
import { fromNowOn, isAsked, isSent, planVerdict, withReplay } from "./domain/StatusResume.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"

/** Status sync is on and nothing waits: there is nothing to resume. */
export class AlreadyOn extends Schema.TaggedError<AlreadyOn>()("AlreadyOn", {}) {}
/** The plan is unknown, of another connection, applied already, or older than it may be. */
export class PlanExpired extends Schema.TaggedError<PlanExpired>()("PlanExpired", {}) {}
/** The number of overwrites that was confirmed is not the plan's. */
export class ConfirmationRequired extends Schema.TaggedError<ConfirmationRequired>()("ConfirmationRequired", {
  overwrites: Schema.Int
}) {}

export const planLifeMs = 900_000

type Push = Job & { readonly work: Extract<Work, { _tag: "PushStatus" }> }

export class StatusResume extends Context.Service<
  StatusResume,
  {
    /** How many status pushes wait, since when, and whether the firm is asked. */
    readonly question: (
      firmId: FirmId,
      id: ConnectionId
    ) => Effect.Effect<
      { readonly asked: boolean; readonly since: Instant | null; readonly waiting: number },
      ConnectionNotFound
    >
    /** Skips what waits and lets the sides stay apart until one changes. Answers how many edits were skipped. */
    readonly fromNowOn: (firmId: FirmId, id: ConnectionId) => Effect.Effect<number, AlreadyOn | ConnectionNotFound>
    /** The dry run: reads the CRM and freezes a verdict per held edit. Nothing is sent. */
    readonly plan: (
      firmId: FirmId,
      id: ConnectionId,
      startedBy: string
    ) => Effect.Effect<Run, AlreadyOn | CrmError | ConnectionNotFound>
    /** Releases a plan's rows; `overwrites` confirms how many of them would overwrite a newer value of the CRM. */
    readonly replay: (
      firmId: FirmId,
      id: ConnectionId,
      planId: RunId,
      overwrites: number
    ) => Effect.Effect<Run, AlreadyOn | PlanExpired | ConfirmationRequired | ConnectionNotFound>
    /** The frozen row of a job that is being replayed. */
    readonly rowOf: (firmId: FirmId, planId: string, job: Job) => Effect.Effect<Option.Option<RunRow>>
    /** Notes what became of a replayed row; the last one ends the run. Inside the job's transaction. */
    readonly report: (
      firmId: FirmId,
      planId: string,
      row: RunRow,
      state: "done" | "skipped",
      outcome: string
    ) => Effect.Effect<void>
  }
>()("@casewire/core/StatusResume") {
  static readonly layer = Layer.effect(
    StatusResume,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const crms = yield* CrmConnections
      const mapping = yield* CaseMapping
      const queue = yield* Queue
      const runs = yield* RunStore
      const storage = yield* Storage

      const held = Effect.fnUntraced(function* (firmId: FirmId, connectionId: ConnectionId) {
        const jobs = yield* queue.find(firmId, { connectionId, states: ["held"], work: ["PushStatus"] })
        return jobs.filter((job): job is Push => job.work._tag === "PushStatus")
      })

      const asked = Effect.fnUntraced(function* (firmId: FirmId, id: ConnectionId) {
        const connection = yield* connections.get(firmId, id)
        return isAsked(connection) ? connection : yield* new AlreadyOn()
      })

      const question = Effect.fn("StatusResume.question")(function* (firmId: FirmId, id: ConnectionId) {
        const connection = yield* connections.get(firmId, id)
        const waiting = (yield* held(firmId, id)).length
        return { asked: isAsked(connection), since: connection.statusOffSince ?? null, waiting }
      })

      const resumeFromNowOn = Effect.fn("StatusResume.fromNowOn")(function* (firmId: FirmId, id: ConnectionId) {
        yield* asked(firmId, id)
        const now = yield* Clock.currentTimeMillis
        return yield* storage.atomically(
          Effect.gen(function* () {
            const skipped = yield* queue.resolve(
              firmId,
              { connectionId: id, states: ["held"], work: ["PushStatus"] },
              "skip",
              "from-now-on"
            )
            yield* connections.update(firmId, id, (connection) => fromNowOn(connection, now))
            return skipped.length
          })
        )
      })

      const plan = Effect.fn("StatusResume.plan")(function* (firmId: FirmId, id: ConnectionId, startedBy: string) {
        const connection = yield* asked(firmId, id)
        // In the order in which the edits were made: an old one that was dead and asked for again stands behind newer ones.
        const waiting = (yield* held(firmId, id)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
        const ids = [...new Set(waiting.map(({ work }) => work.externalCaseId))]
        const { known, reads } = yield* Effect.gen(function* () {
          const crm = yield* Crm
          const catalog = yield* crm.catalog({})
          const found = ids.length === 0 ? [] : yield* crm.read({ ids })
          return {
            known: catalog.statuses.map(({ name }) => name),
            reads: new Map(found.map((read) => [read.externalId, read]))
          }
        }).pipe(Effect.provide(crms.get(firmId, id)))
        const now = yield* Clock.currentTimeMillis
        const expectedOf = new Map<ExternalCaseId, string>()
        const rows: Array<RunRow> = []
        for (const { id: jobId, work } of waiting) {
          const found = yield* cases.get(firmId, CaseId.make(work.caseId))
          const read = reads.get(work.externalCaseId)
          const present = read === undefined ? undefined : (read.status?.name ?? null)
          const caseType = read?.caseType ?? Option.getOrUndefined(found)?.caseType ?? { name: "" }
          // What is written, and compared, is what the CRM calls the status.
          const target = statusToCrm(yield* mapping.statusesOf(connection, caseType), work.target)
          const unselected = outgoingRefusal(connection.outgoingCaseTypes, caseType)
          const verdict = Option.isNone(found)
            ? ("missing" as const)
            : unselected !== undefined
              ? ("not-mapped" as const)
              : planVerdict({ status: found.value.status, target, read: present, known })
          const expected = expectedOf.get(work.externalCaseId) ?? present ?? ""
          if (isSent(verdict)) expectedOf.set(work.externalCaseId, target)
          rows.push({
            number: rows.length + 1,
            key: jobId,
            state: "waiting",
            verdict,
            detail: {
              externalCaseId: work.externalCaseId,
              caseId: work.caseId,
              target: work.target,
              crmTarget: target,
              expected,
              ...(unselected === undefined ? {} : { reason: unselected })
            }
          })
        }
        const run = plannedRun(
          {
            id: RunId.make(yield* newId),
            firmId,
            connectionId: id,
            kind: "status-resume",
            scope: { overwrites: String(rows.filter(({ verdict }) => verdict === "would-overwrite-newer").length) },
            total: rows.length,
            startedBy
          },
          now,
          planLifeMs
        )
        yield* storage.atomically(Effect.andThen(runs.save(run), runs.saveRows(firmId, run.id, rows)))
        return run
      })

      const replay = Effect.fn("StatusResume.replay")(function* (
        firmId: FirmId,
        id: ConnectionId,
        planId: RunId,
        overwrites: number
      ) {
        yield* asked(firmId, id)
        const now = yield* Clock.currentTimeMillis
        const found = Option.getOrUndefined(yield* runs.get(firmId, planId))
        const isLive =
          found !== undefined &&
          found.kind === "status-resume" &&
          found.connectionId === id &&
          found.state === "planned" &&
          (found.expiresAt ?? 0) > now
        if (!isLive) return yield* new PlanExpired()
        if (Number(found.scope["overwrites"]) !== overwrites)
          return yield* new ConfirmationRequired({ overwrites: Number(found.scope["overwrites"]) })
        const rows = yield* runs.rows(firmId, planId, { limit: found.total })
        const [sent, left] = [rows.filter(isRowSent), rows.filter((row) => !isRowSent(row))]
        return yield* storage.atomically(
          Effect.gen(function* () {
            // An edit of a case type that is not selected stays held, now for that.
            const ended = left.filter(({ detail }) => detail["reason"] === undefined)
            const skip = { ids: ended.map(jobIdOf), states: ["held" as const] }
            if (ended.length > 0) yield* queue.resolve(firmId, skip, "skip", "not-replayable")
            for (const round of roundsOf(sent))
              yield* queue.resolve(firmId, { ids: round.map(jobIdOf) }, "release", "replay")
            // Edits that were held after the plan was made follow behind it, by the ordinary rule.
            yield* queue.resolve(
              firmId,
              { connectionId: id, states: ["held"], work: ["PushStatus"] },
              "release",
              "replay"
            )
            yield* runs.saveRows(
              firmId,
              planId,
              left.map((row) => ({ ...row, state: "skipped" as const }))
            )
            yield* connections.update(firmId, id, (connection) => withReplay(connection, planId))
            const state = sent.length === 0 ? ("done" as const) : ("running" as const)
            const started = yield* runs.update(firmId, planId, (run) => ({
              ...run,
              state,
              skipped: left.length,
              updatedAt: now
            }))
            return Option.getOrThrow(started)
          })
        )
      })

      const rowOf = Effect.fn("StatusResume.rowOf")(function* (firmId: FirmId, planId: string, job: Job) {
        const row = yield* runs.rowByKey(firmId, RunId.make(planId), job.id)
        return Option.filter(row, ({ state }) => state === "waiting")
      })

      const report = Effect.fn("StatusResume.report")(function* (
        firmId: FirmId,
        planId: string,
        row: RunRow,
        state: "done" | "skipped",
        outcome: string
      ) {
        const id = RunId.make(planId)
        const now = yield* Clock.currentTimeMillis
        yield* runs.saveRows(firmId, id, [{ ...row, state, detail: { ...row.detail, outcome } }])
        yield* runs.update(firmId, id, (run) => {
          const next = { ...run, updatedAt: now, [state]: run[state] + 1 }
          return next.done + next.failed + next.skipped >= next.total ? { ...next, state: "done" } : next
        })
      })

      return StatusResume.of({ question, fromNowOn: resumeFromNowOn, plan, replay, rowOf, report })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

const isRowSent = (row: RunRow): boolean => isSent(row.verdict as Parameters<typeof isSent>[0])

/** The first row of every case, then the second of every case, and so on: each round goes behind the one before. */
const roundsOf = (rows: ReadonlyArray<RunRow>): ReadonlyArray<ReadonlyArray<RunRow>> => {
  const rounds: Array<Array<RunRow>> = []
  const next = new Map<string, number>()
  for (const row of rows) {
    const of = row.detail["caseId"] ?? ""
    const number = next.get(of) ?? 0
    next.set(of, number + 1)
    if (number === rounds.length) rounds.push([row])
    else rounds[number]!.push(row)
  }
  return rounds
}

const jobIdOf = (row: RunRow) => JobId.make(row.key)
