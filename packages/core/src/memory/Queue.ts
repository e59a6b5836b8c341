/**
 * The queue in memory. A claim leaves the state as it is: a job is `sending` only once `mark` said that a request may
 * leave. Whose lease it is, the fence alone decides: a lapsed lease that nobody took over can still be settled.
 */
import { Effect, Latch, Layer } from "effect"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId, Instant } from "../domain/Ids.ts"
import type { Job, JobState, NewJob } from "../domain/Job.ts"
import {
  LeaseLost,
  Queue,
  type JobFilter,
  type Lease,
  type Outcome,
  type QueueStats,
  type Verb
} from "../ports/Queue.ts"
import { Database, type Transaction } from "./Database.ts"
import { isLeased, laneOf, occupiesLane, type Entry } from "./Jobs.ts"

/** How long a lost wake-up can go unnoticed. */
const pollMs = 200

export const layer = Layer.effect(
  Queue,
  Effect.gen(function* () {
    const database = yield* Database
    const { jobs } = database
    const work = Latch.makeUnsafe()
    jobs.onWork = () => work.openUnsafe()
    yield* database.write((tx) => jobs.voidLeases(tx))

    const held = (lease: Lease): Entry | null => {
      const entry = jobs.get(lease.job.id)
      return entry !== undefined && entry.lease !== null && entry.fence === lease.fence ? entry : null
    }
    const lost = (lease: Lease) => Effect.fail(new LeaseLost({ jobId: lease.job.id }))

    return Queue.of({
      enqueue: (added) => database.writeInside((tx, now) => enqueue(database, tx, now, added)),

      claim: ({ batch, leaseMs, limit, perConnection = Infinity, worker }) =>
        database.write((tx, now) => {
          const leases: Array<Lease> = []
          const take = (entry: Entry) => {
            // Whoever had it before did not settle it: that was an attempt.
            const attempts = entry.job.attempts + (entry.lease === null ? 0 : 1)
            const job = { ...entry.job, attempts, updatedAt: now }
            const fence = entry.fence + 1
            jobs.put(tx, { ...entry, job, fence, lease: { worker, until: now + leaseMs } })
            leases.push({ job, fence })
          }
          for (let taken = 0; taken < limit; taken++) {
            const entry = jobs.next(now, (id) => jobs.running(id, now, batch?.work) < perConnection)
            if (entry === undefined) break
            take(entry)
            if (entry.job.work._tag !== batch?.work) continue
            const { connectionId } = entry.job
            for (const other of jobs.due(connectionId, batch.work, batch.size - 1)) take(other)
          }
          return leases
        }),

      mark: (lease, { leaseMs, progress, sentAt }) =>
        Effect.flatten(
          database.write((tx, now) => {
            const entry = held(lease)
            if (entry === null || entry.lease === null) return lost(lease)
            const job: Job = {
              ...entry.job,
              ...(sentAt === undefined ? {} : { state: "sending", sentAt }),
              ...(progress === undefined ? {} : { progress }),
              updatedAt: now
            }
            jobs.put(tx, { ...entry, job, lease: { ...entry.lease, until: now + leaseMs } })
            return Effect.succeed({ job, fence: lease.fence })
          })
        ),

      settle: (lease, outcome) =>
        Effect.flatten(
          database.write((tx, now) => {
            const entry = held(lease)
            if (entry === null) return lost(lease)
            jobs.put(tx, { ...entry, job: settled(entry.job, outcome, now), lease: null })
            tx.onCommit(jobs.onWork)
            return Effect.void
          })
        ),

      resolve: (firmId, filter, verb, reason) =>
        database.write((tx, now) => {
          const entries = jobs.values().filter((entry) => isFor(verb, entry, now) && matches(firmId, filter, entry.job))
          return entries.slice(0, filter.limit ?? Infinity).map((entry) => {
            const back = verb === "release" || verb === "replay"
            jobs.put(tx, {
              ...entry,
              job: resolved(entry.job, verb, reason, now),
              lease: null,
              sequence: back ? database.nextNumber() : entry.sequence
            })
            tx.onCommit(jobs.onWork)
            return entry.job.id
          })
        }),

      find: (firmId, filter, order) =>
        database.read(() => {
          const all = jobs.values().map((entry) => entry.job)
          const own = all.filter((job) => job.firmId === firmId)
          const end =
            filter.before === undefined
              ? own.length
              : Math.max(
                  0,
                  own.findIndex(({ id }) => id === filter.before)
                )
          const found = own.slice(0, end).filter((job) => matches(firmId, filter, job))
          return (order === "newest" ? found.toReversed() : found).slice(0, filter.limit ?? Infinity)
        }),

      stats: (firmId) =>
        database.read((now) => {
          const byConnection = Map.groupBy(
            jobs.values().filter((entry) => entry.job.firmId === firmId),
            (entry) => entry.job.connectionId
          )
          return [...byConnection].map(([connectionId, entries]) => statsOf(connectionId, entries, now))
        }),

      reserve: (account, { calls, windowMs }, options) =>
        database.write((tx, now) => {
          const known = database.slots.get(account)
          const isSame = known !== undefined && known.calls === calls && known.windowMs === windowMs
          // Slots are counted from a base, so that a rounded interval never puts one call too many into a window.
          const slotAt = (of: NonNullable<typeof known>, taken: number) =>
            of.base + Math.ceil((taken * of.windowMs) / of.calls)
          // A new limit counts from the call before: that one's successor does not wait by the limit of yesterday.
          const next =
            known === undefined
              ? now
              : isSame || known.taken === 0
                ? slotAt(known, known.taken)
                : slotAt(known, known.taken - 1) + Math.ceil(windowMs / calls)
          const slot = Math.max(now, next, options?.notBefore ?? 0)
          const isOn = isSame && slot === next
          const take = options?.calls ?? 1
          database.slots.set(
            tx,
            account,
            isOn ? { ...known, taken: known.taken + take } : { base: slot, taken: take, calls, windowMs }
          )
          return slot
        }),

      tick: (name, everyMs) =>
        database.write((tx, now) => {
          const start = Math.floor(now / everyMs) * everyMs
          const last = database.ticks.get(name)
          if (last !== undefined && last >= start) return false
          database.ticks.set(tx, name, start)
          return true
        }),

      // The latch stays open until somebody saw it, so a commit between a claim and this is not lost.
      awaitWork: Effect.raceFirst(
        Effect.tap(work.await, () => Effect.sync(() => work.closeUnsafe())),
        Effect.sleep(pollMs)
      )
    })
  })
)

/** Adds jobs to the open transaction; an id that is known is left alone. */
export const enqueue = (
  database: Database["Service"],
  tx: Transaction,
  now: Instant,
  added: ReadonlyArray<NewJob>
): void => {
  for (const { held, notBefore, ...job } of added) {
    if (database.jobs.get(job.id) !== undefined) continue
    database.jobs.put(tx, {
      job: {
        ...job,
        state: held === undefined ? "queued" : "held",
        attempts: 0,
        notBefore: Math.max(now, Math.ceil(notBefore ?? now)),
        createdAt: now,
        updatedAt: now,
        sentAt: null,
        progress: [],
        reason: held ?? null
      },
      sequence: database.nextNumber(),
      fence: 0,
      lease: null
    })
  }
  if (added.length > 0) tx.onCommit(database.jobs.onWork)
}

const settled = (before: Job, outcome: Outcome, now: Instant): Job => {
  const job = { ...before, updatedAt: now }
  switch (outcome._tag) {
    case "Done":
      return { ...job, state: "done", reason: null }
    case "Retry":
      return { ...waiting(job, outcome, "retry"), attempts: job.attempts + 1 }
    case "GiveBack":
      return waiting(job, outcome, "queued")
    case "Held":
      return { ...job, state: "held", reason: outcome.reason }
    case "Dead":
      return { ...job, state: "dead", reason: outcome.reason }
    case "Uncertain":
      return { ...job, state: "uncertain", reason: outcome.reason }
    case "Skipped":
      return { ...job, state: "skipped", reason: outcome.reason }
  }
}

const waiting = (
  job: Job,
  outcome: { readonly at: Instant; readonly reason: string; readonly sending?: boolean },
  state: JobState
): Job => {
  const { reason } = outcome
  const notBefore = Math.ceil(outcome.at)
  return outcome.sending === true
    ? { ...job, state: "sending", notBefore, reason }
    : { ...job, state, sentAt: null, notBefore, reason }
}

const statesOf: Readonly<Record<Verb, ReadonlyArray<JobState>>> = {
  hold: ["queued", "retry"],
  release: ["held"],
  replay: ["dead", "uncertain", "skipped"],
  skip: ["queued", "retry", "held", "dead", "uncertain"],
  confirm: ["uncertain"]
}

/** A job under lease does not wait: it is being done. */
const isFor = (verb: Verb, entry: Entry, now: Instant): boolean =>
  statesOf[verb].includes(entry.job.state) && !isLeased(entry, now)

/** `sentAt` and `progress` stay: whoever does the job again must know what may be there already. */
const resolved = (before: Job, verb: Verb, reason: string, now: Instant): Job => {
  const job = { ...before, reason, updatedAt: now }
  switch (verb) {
    case "hold":
      return { ...job, state: "held" }
    case "skip":
      return { ...job, state: "skipped" }
    case "confirm":
      return { ...job, state: "done" }
    case "release":
    case "replay":
      return { ...job, state: "queued", attempts: 0, notBefore: now }
  }
}

const matches = (firmId: FirmId, filter: JobFilter, job: Job): boolean =>
  job.firmId === firmId &&
  (filter.ids === undefined || filter.ids.includes(job.id)) &&
  (filter.connectionId === undefined || filter.connectionId === job.connectionId) &&
  (filter.key === undefined || filter.key === job.key) &&
  (filter.lane === undefined || filter.lane === job.lane) &&
  (filter.states === undefined || filter.states.includes(job.state)) &&
  (filter.work === undefined || filter.work.includes(job.work._tag))

const statsOf = (connectionId: ConnectionId, entries: ReadonlyArray<Entry>, now: Instant): QueueStats => {
  const byState: Record<JobState, number> = {
    queued: 0,
    held: 0,
    sending: 0,
    done: 0,
    retry: 0,
    uncertain: 0,
    dead: 0,
    skipped: 0
  }
  for (const { job } of entries) byState[job.state] += 1
  const occupants = entries.filter((entry) => occupiesLane(entry.job))
  const due = occupants.filter((entry) => !isLeased(entry, now) && entry.job.notBefore <= now)
  const lanes = Map.groupBy(occupants, (entry) => laneOf(entry.job)).values()
  return {
    connectionId,
    byState,
    running: occupants.filter((entry) => isLeased(entry, now)).length,
    oldestDue: due.reduce<Instant | null>((at, { job }) => Math.min(at ?? Infinity, job.notBefore), null),
    blockedLanes: [...lanes].filter(
      ([head, next]) => head !== undefined && next !== undefined && head.job.state === "retry" && !isLeased(head, now)
    ).length
  }
}
