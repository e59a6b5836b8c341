/**
 * Durable jobs in lanes.
 *
 * Promises, for every adapter: a job becomes visible when the transaction that enqueued it commits, and is gone if it
 * rolls back; the same id again changes nothing; within a lane (connection, key, lane name) jobs start strictly in
 * order of enqueue and one at a time, while other lanes go on; at most one live lease a job, a lapsed lease is taken
 * over and its late settlement changes nothing; a job is settled inside the domain's transaction; shutdown and
 * rate-limit waits give a job back without counting an attempt; not-before times are kept in whole milliseconds, never
 * early; nothing is deleted before the core says so; a claim costs the same with a million jobs waiting.
 */
import { Context, Effect, Schema } from "effect"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId, Instant } from "../domain/Ids.ts"
import type { Job, JobId, JobState, Lane, NewJob } from "../domain/Job.ts"

/** The lease lapsed and the job went to another worker, or its process was restarted. */
export class LeaseLost extends Schema.TaggedError<LeaseLost>()("LeaseLost", { jobId: Schema.String }) {}

export interface Lease {
  readonly job: Job
  /** Counts the claims of the job; a settlement with an older fence is refused. */
  readonly fence: number
}

export type Outcome =
  | { readonly _tag: "Done" }
  /**
   * Counts an attempt and keeps its place at the head of the lane. `sending` says that the outcome of a request is
   * unknown: the job stays in `sending` with its `sentAt`, for a quiet period; else `sentAt` is cleared.
   */
  | { readonly _tag: "Retry"; readonly at: Instant; readonly reason: string; readonly sending?: boolean }
  /** Not the job's fault: no attempt is counted. `sending` as above. */
  | { readonly _tag: "GiveBack"; readonly at: Instant; readonly reason: string; readonly sending?: boolean }
  | { readonly _tag: "Held"; readonly reason: string }
  | { readonly _tag: "Dead"; readonly reason: string }
  | { readonly _tag: "Uncertain"; readonly reason: string }
  | { readonly _tag: "Skipped"; readonly reason: string }

/**
 * What a person or a policy says about jobs: `hold` what waits; `release` what is held; `replay` what is dead,
 * uncertain or skipped, under the same id, at the end of its lane; `skip` what waits, is held, dead or uncertain;
 * `confirm` what is uncertain as done. None reaches a job under a live lease or in `sending`. What goes back starts with
 * no attempts but keeps `sentAt` and `progress`, so that whoever does it again looks for what may be there.
 */
export type Verb = "hold" | "release" | "replay" | "skip" | "confirm"

export interface JobFilter {
  readonly ids?: ReadonlyArray<JobId>
  readonly connectionId?: ConnectionId
  readonly key?: string
  readonly lane?: Lane
  readonly states?: ReadonlyArray<JobState>
  readonly work?: ReadonlyArray<Job["work"]["_tag"]>
  readonly limit?: number
  /** Only jobs in front of this one, for who reads on. One that is not there has none in front of it. */
  readonly before?: JobId
}

export interface QueueStats {
  readonly connectionId: ConnectionId
  readonly byState: Readonly<Record<JobState, number>>
  /** Jobs under a live lease, whatever their state: a claim does not change it. */
  readonly running: number
  /** When the oldest job that is due began to wait; null when none is. */
  readonly oldestDue: Instant | null
  /** Lanes whose head waits for a retry while others wait behind it. */
  readonly blockedLanes: number
}

export interface Budget {
  readonly calls: number
  readonly windowMs: number
}

export class Queue extends Context.Service<
  Queue,
  {
    /** Inside a transaction only; outside of one it is a defect. */
    readonly enqueue: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<void>
    /** Takes up to `limit` heads of free lanes that are due, most urgent first, oldest first within a priority. */
    readonly claim: (options: {
      readonly worker: string
      readonly limit: number
      readonly leaseMs: number
      /** At most so many jobs of one connection may be under lease at a time. */
      readonly perConnection?: number
      /**
       * Jobs of this work are done many at a time: where one of a connection is taken, up to `size` of its heads are
       * that are due, and together they count as one against `limit` and `perConnection`.
       */
      readonly batch?: { readonly work: Job["work"]["_tag"]; readonly size: number }
    }) => Effect.Effect<ReadonlyArray<Lease>>
    /** Renews the lease and may record, durably, that a request is about to leave or that a part of it arrived. */
    readonly mark: (
      lease: Lease,
      change: { readonly leaseMs: number; readonly sentAt?: Instant; readonly progress?: ReadonlyArray<string> }
    ) => Effect.Effect<Lease, LeaseLost>
    /** Ends the lease. Joins the transaction it is called in. */
    readonly settle: (lease: Lease, outcome: Outcome) => Effect.Effect<void, LeaseLost>
    /** Applies a verb to the jobs of one firm that match and are in a state the verb is for; answers their ids. */
    readonly resolve: (
      firmId: FirmId,
      filter: JobFilter,
      verb: Verb,
      reason: string
    ) => Effect.Effect<ReadonlyArray<JobId>>
    /** In order of enqueue; `newest` turns the order around, so that the limit leaves out the oldest. */
    readonly find: (firmId: FirmId, filter: JobFilter, order?: "newest") => Effect.Effect<ReadonlyArray<Job>>
    readonly stats: (firmId: FirmId) => Effect.Effect<ReadonlyArray<QueueStats>>
    /**
     * The time of the next free call slot of a CRM account, paced: over all workers no window holds more than its
     * limit. `notBefore` moves the account's next slot, which is what a `Retry-After` asks; `calls: 0` only moves it. Another
     * budget than before counts from the last slot on.
     */
    readonly reserve: (
      account: string,
      budget: Budget,
      options?: { readonly notBefore?: Instant; readonly calls?: 0 | 1 }
    ) => Effect.Effect<Instant>
    /** True for exactly one caller per tick of `everyMs` over all workers; a missed tick fires once. */
    readonly tick: (name: string, everyMs: number) => Effect.Effect<boolean>
    /** Returns when work may be waiting. A hint: a lost one costs at most the poll interval. */
    readonly awaitWork: Effect.Effect<void>
  }
>()("@casewire/core/ports/Queue") {}
