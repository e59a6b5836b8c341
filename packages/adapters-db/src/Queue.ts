/**
 * `Queue` on SQLite. Every lane's head is marked in the table itself (`phase`), so a claim reads heads that are ready
 * and never the jobs behind them; whoever frees a lane promotes the next one in the same transaction.
 *
 * Whose lease it is, the fence alone decides: a lapsed lease that nobody took over can still be settled. Leases of the
 * process before are void at start, without an attempt.
 */
import { Clock, Effect, Layer } from "effect"
import { sql, type Kysely, type Updateable } from "kysely"
import { JobId, type Job } from "@casewire/core/domain/Job"
import { LeaseLost, Queue, type JobFilter, type Lease, type Outcome } from "@casewire/core/ports/Queue"
import { unfoldChunk } from "./Arrivals.ts"
import { CurrentTransaction, Database } from "./Database.ts"
import { claimHeads } from "./Claims.ts"
import { insertJob, rowToJob } from "./JobRows.ts"
import type { LaneKey } from "./LaneHeads.ts"
import { resolveJobs, selectJobs, statsOfFirm } from "./Lanes.ts"
import { keepHorizon, keptHorizon, Pace, takeTick } from "./Pace.ts"
import { StorageFailure } from "./StorageFailure.ts"
import { Phase, type JobRow, type Tables } from "./Tables.ts"
import { WorkSignal } from "./WorkSignal.ts"

export const layer: Layer.Layer<Queue, never, Database | WorkSignal> = Layer.effect(
  Queue,
  Effect.gen(function* () {
    const database = yield* Database
    const signal = yield* WorkSignal
    const insert = insertJob(database)
    const pace = new Pace()
    /** Gives arrivals their rows, unless none of their jobs can be meant. */
    const rowsFirst = Effect.fnUntraced(function* (firmId: string, filter: JobFilter) {
      const { ids, key, lane, states, work } = filter
      if (database.arrivals.newest === undefined) return
      if (states?.includes("queued") === false || work?.includes("ApplyReceipt") === false || lane === "feed") return
      if (key !== undefined && !database.arrivals.mayName(key)) return
      const areRows =
        ids !== undefined &&
        (yield* database.read((db) =>
          db.selectFrom("jobs").select("id").where("firm_id", "=", firmId).where("id", "in", ids).execute()
        )).length === new Set(ids).size
      if (!areRows) yield* database.rowsFirst
    })

    /** The lane's head left: the oldest job behind it becomes the head. */
    const leave = (lane: LaneKey, now: number): void => {
      database.heads.remove(lane)
      database.heads.fill(lane, now)
    }
    const toJob = (row: JobRow): Job => rowToJob(database.vault, row)

    /** A write that may make jobs claimable. */
    const writeAndSignal = <A>(query: (db: Kysely<Tables>) => Promise<A>) =>
      database.write((db, transaction) => {
        if (!transaction.afterCommit.includes(signal.raise)) transaction.afterCommit.push(signal.raise)
        return query(db)
      })

    yield* database.write((db) =>
      db
        .updateTable("jobs")
        .set({ phase: Phase.ready, lease_until: null, leased_by: null })
        .where("phase", "=", Phase.leased)
        .execute()
    )

    const isHeld = (lease: Lease) =>
      sql<boolean>`firm_id = ${lease.job.firmId} and id = ${lease.job.id} and fence = ${lease.fence}
        and leased_by is not null`

    return Queue.of({
      enqueue: Effect.fn("Queue.enqueue")(function* (jobs) {
        if ((yield* CurrentTransaction) === undefined)
          return yield* Effect.die(new StorageFailure("misuse", "jobs are enqueued inside a transaction only"))
        const now = yield* Clock.currentTimeMillis
        yield* writeAndSignal(async () => {
          for (const job of jobs) insert(job, now)
        })
      }),

      claim: Effect.fn("Queue.claim")(function* (options) {
        const isPressed = signal.pressure.isHigh
        if (isPressed) yield* Effect.promise(() => signal.pressure.pause())
        const now = yield* Clock.currentTimeMillis
        const limit = isPressed ? Math.min(options.limit, 1) : options.limit
        const rows = yield* database.write((db) => {
          // In a flood no more than the worker needs to go on with.
          database.arrivals.unfold(isPressed ? pressedUnfold : unfoldChunk)
          return claimHeads(db, now, { ...options, limit })
        })
        return rows.map((row): Lease => ({ job: toJob(row), fence: row.fence }))
      }),

      mark: Effect.fn("Queue.mark")(function* (lease, { leaseMs, progress, sentAt }) {
        const now = yield* Clock.currentTimeMillis
        const row = yield* database.write((db) =>
          db
            .updateTable("jobs")
            .set({
              phase: Phase.leased,
              lease_until: now + leaseMs,
              updated_at: now,
              ...(sentAt === undefined ? {} : { state: "sending", sent_at: sentAt }),
              ...(progress === undefined ? {} : { progress: JSON.stringify(progress) })
            })
            .where(isHeld(lease))
            .returningAll()
            .executeTakeFirst()
        )
        if (row === undefined) return yield* new LeaseLost({ jobId: lease.job.id })
        return { job: toJob(row), fence: row.fence }
      }),

      settle: Effect.fn("Queue.settle")(function* (lease, outcome) {
        const now = yield* Clock.currentTimeMillis
        const isSettled = yield* writeAndSignal(async (db) => {
          const { numUpdatedRows } = await db
            .updateTable("jobs")
            .set((e) => ({
              ...settlement(outcome, now),
              ...(outcome._tag === "Retry" ? { attempts: e("attempts", "+", 1) } : {}),
              updated_at: now,
              lease_until: null,
              leased_by: null
            }))
            .where(isHeld(lease))
            .executeTakeFirst()
          if (numUpdatedRows === 0n) return false
          if (outcome._tag !== "Retry" && outcome._tag !== "GiveBack") leave(lease.job, now)
          return true
        })
        if (!isSettled) return yield* new LeaseLost({ jobId: lease.job.id })
      }),

      resolve: Effect.fn("Queue.resolve")(function* (firmId, filter, verb, reason) {
        const now = yield* Clock.currentTimeMillis
        yield* rowsFirst(firmId, filter)
        const ids = yield* writeAndSignal((db) =>
          resolveJobs(db, database.heads, { vault: database.vault, firmId, filter, verb, reason, now })
        )
        return ids.map((id) => JobId.make(id))
      }),

      find: Effect.fn("Queue.find")(function* (firmId, filter, order) {
        yield* rowsFirst(firmId, filter)
        const rows = yield* database.read((db) => selectJobs(db, firmId, filter, order).execute())
        return rows.map(toJob)
      }),

      stats: Effect.fn("Queue.stats")(function* (firmId) {
        const now = yield* Clock.currentTimeMillis
        yield* database.rowsFirst
        return yield* database.read((db) => statsOfFirm(db, firmId, now))
      }),

      reserve: Effect.fn("Queue.reserve")(function* (account, budget, options) {
        const now = yield* Clock.currentTimeMillis
        const kept = pace.has(account) ? undefined : yield* database.read((db) => keptHorizon(db, account))
        const { horizon, slot } = pace.take(account, budget, now, kept, options)
        if (horizon !== undefined) yield* database.write((db) => keepHorizon(db, account, horizon))
        return slot
      }),

      tick: Effect.fn("Queue.tick")(function* (name, everyMs) {
        const now = yield* Clock.currentTimeMillis
        return yield* database.write((db) => takeTick(db, name, everyMs, now))
      }),

      awaitWork: signal.wait
    })
  })
)

/** While webhooks flood in, each claim writes the rows of one segment: more than the worker starts jobs. */
const pressedUnfold = 1

/** What an outcome writes. Jobs that stay at the head of their lane get a phase, the others leave it. */
const settlement = (outcome: Outcome, now: number): Updateable<JobRow> => {
  switch (outcome._tag) {
    case "Done":
      return { state: "done", reason: null, phase: null }
    case "Retry":
      // An unknown outcome keeps its intent: the worker looks before it sends again.
      return outcome.sending === true
        ? { state: "sending", ...wait(outcome.at, now), reason: outcome.reason }
        : { state: "retry", sent_at: null, ...wait(outcome.at, now), reason: outcome.reason }
    case "GiveBack":
      return outcome.sending === true
        ? { state: "sending", ...wait(outcome.at, now), reason: outcome.reason }
        : { state: "queued", sent_at: null, ...wait(outcome.at, now), reason: outcome.reason }
    case "Held":
      return { state: "held", reason: outcome.reason, phase: null }
    case "Dead":
      return { state: "dead", reason: outcome.reason, phase: null }
    case "Uncertain":
      return { state: "uncertain", reason: outcome.reason, phase: null }
    case "Skipped":
      return { state: "skipped", reason: outcome.reason, phase: null }
  }
}

const wait = (at: number, now: number) => {
  const notBefore = Math.ceil(at)
  return { not_before: notBefore, phase: notBefore <= now ? Phase.ready : Phase.waiting }
}
