/**
 * Imports the firm's past from the CRM: counted first, then page by page at the lowest urgency.
 *
 * A case nobody knows yet is made from the page itself, which is the CRM's own present state: a hundred cases cost one
 * call. A known case is only marked for reading where it differs, because its lane alone may change it. Each record is
 * one transaction with its row, and the cursor moves in one with the next page's job; a page that is taken again after
 * a restart finds its rows and counts nothing twice.
 */
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { CrmConnections } from "./CrmConnections.ts"
import type { Case } from "./domain/Case.ts"
import { type Connection, type ConnectionId, isErasing } from "./domain/Connection.ts"
import type { CrmCase } from "./domain/CrmChange.ts"
import { type FirmId, type Instant, newId } from "./domain/Ids.ts"
import { afterStep, counted, handled, planLifeMs, room } from "./domain/ImportRun.ts"
import { JobId, Priority, type Work } from "./domain/Job.ts"
import { plannedRun, type Run, RunId, type RunRow } from "./domain/Run.ts"
import { wholeRead } from "./domain/WholeRead.ts"
import { importJob } from "./ImportRuns.ts"
import { whileReceiving } from "./Interlock.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError, type CrmPage, type CrmScope } from "./ports/Crm.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

export interface HistoryScope {
  /** By last change in the CRM, both ends included; `null`: without an end. */
  readonly from: Instant | null
  readonly to: Instant | null
  /** Ids or names; none: all. */
  readonly caseTypes: ReadonlyArray<string>
  readonly maximum: number | null
  /** Also take the notes and documents of every case: calls of their own for each. */
  readonly notes: boolean
  readonly documents: boolean
}

export class HistoryImport extends Context.Service<
  HistoryImport,
  {
    /** Counts what is in scope and says how long it takes; nothing is imported. */
    readonly plan: (
      firmId: FirmId,
      id: ConnectionId,
      scope: HistoryScope,
      startedBy: string
    ) => Effect.Effect<Run, CrmError | ConnectionNotFound>
    /** Takes one page in and asks for the next. */
    readonly step: (
      connection: Connection,
      lease: Lease,
      work: Extract<Work, { _tag: "ImportHistory" }>
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/HistoryImport") {
  static readonly layer = Layer.effect(
    HistoryImport,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const crms = yield* CrmConnections
      const mapping = yield* CaseMapping
      const plugins = yield* Plugins
      const projection = yield* Projection
      const queue = yield* Queue
      const runs = yield* RunStore
      const storage = yield* Storage

      const plan = Effect.fn("HistoryImport.plan")(function* (
        firmId: FirmId,
        id: ConnectionId,
        scope: HistoryScope,
        startedBy: string
      ) {
        const connection = yield* connections.get(firmId, id)
        const { budget } = Option.getOrThrow(plugins.manifest(connection.plugin))
        const present = Effect.orDie(connections.get(firmId, id))
        const found = yield* Effect.flatMap(Crm, (crm) => count(whileReceiving(crm, present), scope)).pipe(
          Effect.provide(crms.get(firmId, id))
        )
        const total = Math.min(found.total, scope.maximum ?? Infinity)
        const perCase = (scope.notes ? 1 : 0) + (scope.documents ? 1 : 0)
        const calls = Math.max(1, Math.ceil(total / found.perPage)) + total * perCase
        const perWindow = connection.callLimit ?? budget.calls
        const now = yield* Clock.currentTimeMillis
        const run = plannedRun(
          {
            id: RunId.make(yield* newId),
            firmId,
            connectionId: id,
            kind: "history-import",
            scope: {
              ...scopeText(scope),
              calls: String(calls),
              seconds: String(Math.ceil((calls * budget.windowMs) / perWindow / 1000))
            },
            total,
            startedBy
          },
          now,
          planLifeMs
        )
        yield* storage.atomically(
          Effect.flatMap(connections.get(firmId, id), (present) =>
            isErasing(present) ? Effect.fail(new ConnectionNotFound({ connectionId: id })) : runs.save(run)
          )
        )
        return run
      })

      const findCase = (connection: Connection, pulled: CrmCase) =>
        Effect.map(cases.findExternal(connection.firmId, connection.id, pulled.externalId), Option.getOrUndefined)

      /** Takes one record in, once, while the run runs; answers the run as it is then. */
      const take = (connection: Connection, id: RunId, pulled: CrmCase) =>
        storage.withCase(
          { connectionId: connection.id, externalCaseId: pulled.externalId },
          Effect.gen(function* () {
            const { firmId } = connection
            const run = Option.getOrUndefined(yield* runs.get(firmId, id))
            if (run === undefined || run.state !== "running" || room(run) <= 0) return run
            if (Option.isSome(yield* runs.rowByKey(firmId, id, pulled.externalId))) return run
            const now = yield* Clock.currentTimeMillis
            const known = yield* findCase(connection, pulled)
            const outcome = yield* bring(connection, run, known, pulled)
            yield* feed(connection, run, pulled)
            const row: RunRow = {
              number: handled(run) + 1,
              key: pulled.externalId,
              state: outcome.verdict === "unchanged" ? "skipped" : "done",
              verdict: outcome.verdict,
              detail: {
                externalCaseId: pulled.externalId,
                ...(outcome.of === undefined ? {} : { caseId: outcome.of.id }),
                name: outcome.of?.name ?? pulled.client.fullName ?? "",
                caseType: pulled.caseType?.name ?? "",
                status: pulled.status?.name ?? ""
              }
            }
            yield* runs.saveRows(firmId, id, [row])
            const next = counted(run, row.state === "skipped" ? "skipped" : "done", now)
            yield* runs.save(next)
            return next
          })
        )

      const bring = Effect.fnUntraced(function* (
        connection: Connection,
        run: Run,
        known: Case | undefined,
        pulled: CrmCase
      ) {
        if (known !== undefined && isSame(known, pulled)) return { verdict: "unchanged", of: known }
        if (known !== undefined) {
          yield* projection.markDirty(connection, pulled.externalId, known, Priority.history)
          return { verdict: "read-again", of: known }
        }
        // A read of the record is under way or due, and may have begun before the page: it alone makes the case.
        const [coming] = yield* queue.find(connection.firmId, {
          connectionId: connection.id,
          key: pulled.externalId,
          lane: "state",
          work: ["ReadCase"],
          states: ["queued", "retry"],
          limit: 1
        })
        if (coming !== undefined) return { verdict: "read-again", of: undefined }
        const of = yield* projection.applyRead(connection, undefined, pulled, run.id)
        // A page may leave the further fields out that a mapping needs.
        if (yield* mapping.lacksFields(connection, of, pulled.fields)) {
          const job = { ...wholeRead(of, yield* newId), priority: Priority.history }
          yield* cases.save({ ...of, wholeRead: job.id })
          yield* queue.enqueue([job])
        }
        return { verdict: "created", of }
      })

      const feed = Effect.fnUntraced(function* ({ firmId, id: connectionId }: Connection, { scope }: Run, of: CrmCase) {
        const { externalId: externalCaseId } = of
        const asked = [
          ...(scope["notes"] === "true" ? (["PullNotes"] as const) : []),
          ...(scope["documents"] === "true" ? (["PullDocuments"] as const) : [])
        ]
        for (const _tag of asked)
          yield* queue.enqueue([
            {
              id: JobId.make(yield* newId),
              firmId,
              connectionId,
              key: externalCaseId,
              lane: "feed",
              priority: Priority.history,
              work: { _tag, externalCaseId }
            }
          ])
      })

      const step: HistoryImport["Service"]["step"] = Effect.fn("HistoryImport.step")(function* (
        connection,
        lease,
        { runId: id }
      ) {
        const { firmId } = connection
        const run = Option.getOrUndefined(yield* runs.get(firmId, id))
        if (run?.state !== "running") return yield* queue.settle(lease, { _tag: "Done" })
        const page = yield* pageOf(run).pipe(Effect.catchTag("CrmError", (error) => giveUp(run, lease, error)))
        if (page === null) return
        for (const pulled of page?.cases ?? []) {
          const present = yield* take(connection, id, pulled)
          if (present === undefined || present.state !== "running" || room(present) <= 0) break
        }
        const now = yield* Clock.currentTimeMillis
        yield* storage.atomically(
          Effect.gen(function* () {
            const present = Option.getOrUndefined(yield* runs.get(firmId, id))
            if (present !== undefined) {
              // A page that was left in its middle is taken again when the run goes on.
              const isWhole = present.state === "running" && (room(present) > 0 || page === undefined)
              const moved = isWhole && page !== undefined ? { ...present, cursor: page.cursor } : present
              const next = afterStep(moved, isWhole && (page?.isLast ?? true), now)
              yield* runs.save(next)
              if (next.state === "running") yield* queue.enqueue([importJob(next, yield* newId)])
            }
            yield* queue.settle(lease, { _tag: "Done" })
          })
        )
      })

      /** One page: nothing more is asked for before it was taken in. */
      const pageOf = Effect.fnUntraced(function* (run: Run) {
        const crm = yield* Crm
        const pages = yield* Stream.runCollect(Stream.take(crm.changes(run.cursor, crmScope(run)), 1))
        return pages[0]
      })

      /** What asking again cannot mend waits for a person; a CRM that is away is asked again, however long it takes. */
      const giveUp = Effect.fnUntraced(function* (run: Run, lease: Lease, error: CrmError) {
        const now = yield* Clock.currentTimeMillis
        if (error.retryable && lease.job.attempts >= patience) {
          yield* queue.settle(lease, { _tag: "GiveBack", at: now + longPauseMs, reason: error.message })
          return null
        }
        // A refused sign-in is mended by new credentials, and the Worker waits for them.
        if (error.retryable || error.reason._tag === "CrmAuthFailed") return yield* error
        yield* storage.atomically(
          Effect.gen(function* () {
            yield* runs.update(run.firmId, run.id, (present) =>
              present.state === "running"
                ? { ...present, state: "paused", reason: error.message, updatedAt: now }
                : present
            )
            yield* queue.settle(lease, { _tag: "Done" })
          })
        )
        return null
      })

      return HistoryImport.of({ plan, step })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

/** After so many failures it is asked again at long intervals, without counting on. */
const patience = 8
const longPauseMs = 900_000

const isSame = (known: Case, pulled: CrmCase): boolean =>
  known.standing === "verified" && pulled.updatedAt !== undefined && known.externalUpdatedAt === pulled.updatedAt

/** One call where the CRM says how many there are; else as many as there are pages. */
const count = Effect.fnUntraced(function* (crm: Crm["Service"], scope: HistoryScope) {
  let total = 0
  let perPage = 1
  const { caseTypes, from, to } = scope
  yield* Stream.runForEachWhile(crm.changes(null, { from, to, caseTypes }), (page: CrmPage) =>
    Effect.sync(() => {
      perPage = Math.max(perPage, page.cases.length)
      total = page.total ?? total + page.cases.length
      return page.total === undefined && total < (scope.maximum ?? Infinity)
    })
  )
  return { total, perPage }
})

const scopeText = ({ caseTypes, documents, from, maximum, notes, to }: HistoryScope): Record<string, string> => ({
  ...(from === null ? {} : { from: new Date(from).toISOString() }),
  ...(to === null ? {} : { to: new Date(to).toISOString() }),
  ...(caseTypes.length === 0 ? {} : { caseTypes: JSON.stringify(caseTypes) }),
  ...(maximum === null ? {} : { maximum: String(maximum) }),
  ...(notes ? { notes: "true" } : {}),
  ...(documents ? { documents: "true" } : {})
})

const crmScope = ({ scope }: Run): CrmScope => ({
  from: scope["from"] === undefined ? null : Date.parse(scope["from"]),
  to: scope["to"] === undefined ? null : Date.parse(scope["to"]),
  caseTypes: scope["caseTypes"] === undefined ? [] : (JSON.parse(scope["caseTypes"]) as ReadonlyArray<string>)
})
