/**
 * Pulls what changed in the CRM since the last pull, page by page, on a schedule and on demand; and sweeps once a night.
 *
 * A pulled record is not applied here: it marks its case dirty, and the case's own lane reads it. So a pull can never
 * overwrite a newer read or undo a write, and many dirty cases are read together. Its notes and documents follow in the
 * feed lane, once the case is read. The cursor moves with each page.
 *
 * A sweep compares the whole look-back with what is known, by the CRM's own update times, never with a call a case. It
 * heals what no webhook and no pull brought. What should be on the list and is not is read by its id, and only that
 * marks a case missing; where much is absent the list is in doubt, and nothing is concluded from it.
 */
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { CaseDocuments } from "./CaseDocuments.ts"
import { CatchUp, isCatchUpDue } from "./CatchUp.ts"
import type { Case } from "./domain/Case.ts"
import type { Connection, PullProgress, SweepReport } from "./domain/Connection.ts"
import type { CrmCase } from "./domain/CrmChange.ts"
import { newId } from "./domain/Ids.ts"
import { JobId, Priority } from "./domain/Job.ts"
import { intake } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

export const pollEveryMs = 900_000

export class Poller extends Context.Service<
  Poller,
  {
    /** Enqueues a pull for every connection whose tick is due. */
    readonly schedule: Effect.Effect<void>
    /** Asks for a pull now; answers the job, which may be one that waits or runs already. */
    readonly request: (connection: Connection, priority?: number) => Effect.Effect<JobId>
    readonly pull: (connection: Connection, lease: Lease) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    /** Asks for a sweep now; answers the job. */
    readonly requestSweep: (connection: Connection) => Effect.Effect<JobId>
    readonly sweep: (connection: Connection, lease: Lease) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/Poller") {
  static readonly layer = Layer.effect(
    Poller,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const catchUp = yield* CatchUp
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const projection = yield* Projection
      const storage = yield* Storage
      const documents = yield* CaseDocuments
      const plugins = yield* Plugins

      const enqueue = Effect.fnUntraced(function* (connection: Connection, work: "Pull" | "Sweep", priority: number) {
        const common = { firmId: connection.firmId, connectionId: connection.id }
        const states = ["queued", "retry", "sending"] as const
        const [waiting] = yield* queue.find(common.firmId, {
          connectionId: connection.id,
          work: [work],
          states,
          limit: 1
        })
        if (waiting !== undefined) return waiting.id
        const id = JobId.make(yield* newId)
        yield* storage.atomically(
          queue.enqueue([{ ...common, id, key: work.toLowerCase(), lane: "state", priority, work: { _tag: work } }])
        )
        return id
      })

      const request = Effect.fn("Poller.request")((connection: Connection, priority: number = Priority.poll) =>
        enqueue(connection, "Pull", priority)
      )
      const requestSweep = Effect.fn("Poller.requestSweep")((connection: Connection) =>
        enqueue(connection, "Sweep", Priority.poll)
      )

      const schedule = Effect.gen(function* () {
        for (const firm of yield* connections.firms)
          for (const connection of yield* connections.list(firm.id)) {
            if (connection.state !== "connected" || intake(connection.toggles)._tag === "Ignore") continue
            const isDue = yield* queue.tick(`pull ${connection.id}`, pollEveryMs)
            if (isDue || isCatchUpDue(connection)) yield* catchUp.run(connection)
            if (isDue) yield* request(connection)
            const isNight = yield* sweepIsDue(connection)
            if (isNight && (yield* queue.tick(`sweep ${connection.id}`, 3_600_000))) yield* requestSweep(connection)
          }
      })

      /** At three in the night of the CRM's own zone, or when a night was missed. */
      const sweepIsDue = Effect.fnUntraced(function* (connection: Connection) {
        const now = yield* Clock.currentTimeMillis
        const { timeZone } = Option.getOrThrow(plugins.manifest(connection.plugin)).notes
        const last = connection.sweep?.startedAt ?? connection.createdAt
        return now - last > dayMs + 7_200_000 || (now - last > dayMs / 2 && hourIn(timeZone, now) === sweepHour)
      })

      const isSame = (known: Case | undefined, pulled: CrmCase): boolean =>
        known !== undefined &&
        known.verifiedAt !== null &&
        pulled.updatedAt !== undefined &&
        known.externalUpdatedAt === pulled.updatedAt

      const findCase = (connection: Connection, pulled: CrmCase) =>
        Effect.map(cases.findExternal(connection.firmId, connection.id, pulled.externalId), Option.getOrUndefined)

      /** Has the case read, unless it is known as it is; and its notes and documents pulled, where `feed` says so. */
      const take = Effect.fnUntraced(function* (
        connection: Connection,
        pulled: CrmCase,
        feed: ReadonlyArray<FeedWork>
      ) {
        const now = yield* Clock.currentTimeMillis
        const feedIsDue = (known: Case | undefined) =>
          feed.length > 0 && now - (known?.feedDueSince ?? -Infinity) > feedStaleMs
        const known = yield* findCase(connection, pulled)
        const changed = !isSame(known, pulled)
        if (!changed && !feedIsDue(known)) return false
        yield* storage.withCase(
          { connectionId: connection.id, externalCaseId: pulled.externalId },
          Effect.gen(function* () {
            let present = yield* findCase(connection, pulled)
            if (feedIsDue(present)) {
              if (present !== undefined) yield* cases.save((present = { ...present, feedDueSince: now }))
              for (const _tag of feed)
                yield* queue.enqueue([
                  {
                    id: JobId.make(yield* newId),
                    firmId: connection.firmId,
                    connectionId: connection.id,
                    key: pulled.externalId,
                    lane: "feed",
                    priority: Priority.poll,
                    work: { _tag, externalCaseId: pulled.externalId }
                  }
                ])
            }
            if (!isSame(present, pulled))
              yield* projection.markDirty(connection, pulled.externalId, present, Priority.poll)
          })
        )
        return changed
      })

      const feedOf = (connection: Connection): ReadonlyArray<FeedWork> => {
        const { capabilities } = Option.getOrThrow(plugins.manifest(connection.plugin))
        return [
          ...(capabilities.notes === null ? (["PullNotes"] as const) : []),
          ...(capabilities.documents === null ? (["PullDocuments"] as const) : [])
        ]
      }

      const update = (connection: Connection, change: (value: Connection) => Connection) =>
        Effect.ignore(connections.update(connection.firmId, connection.id, change))

      const pull: Poller["Service"]["pull"] = Effect.fn("Poller.pull")(function* (connection, lease) {
        const crm = yield* Crm
        const feed = feedOf(connection)
        let progress: PullProgress = {
          jobId: lease.job.id,
          startedAt: yield* Clock.currentTimeMillis,
          endedAt: null,
          pages: 0,
          cases: 0
        }
        yield* update(connection, (value) => ({ ...value, pull: progress }))
        yield* Stream.runForEach(crm.changes(connection.cursor), (page) =>
          Effect.gen(function* () {
            yield* Effect.forEach(page.cases, (pulled) => take(connection, pulled, feed), { discard: true })
            progress = { ...progress, pages: progress.pages + 1, cases: progress.cases + page.cases.length }
            yield* update(connection, (value) => ({ ...value, cursor: page.cursor, pull: progress }))
          })
        )
        const endedAt = yield* Clock.currentTimeMillis
        yield* update(connection, (value) => ({
          ...value,
          pull: { ...progress, endedAt },
          health: { ...value.health, lastSync: Math.max(value.health.lastSync ?? 0, endedAt) }
        }))
        yield* queue.settle(lease, { _tag: "Done" })
      })

      const sweep: Poller["Service"]["sweep"] = Effect.fn("Poller.sweep")(function* (connection, lease) {
        const crm = yield* Crm
        const startedAt = yield* Clock.currentTimeMillis
        let report: SweepReport = {
          jobId: lease.job.id,
          startedAt,
          endedAt: null,
          pages: 0,
          cases: 0,
          changed: 0,
          absent: 0,
          alarm: false
        }
        const seen = new Set<string>()
        let oldest = startedAt - surelyListedMs
        yield* Stream.runForEach(crm.changes(null), (page) =>
          Effect.gen(function* () {
            let changed = 0
            for (const pulled of page.cases) {
              seen.add(pulled.externalId)
              oldest = Math.min(oldest, pulled.updatedAt ?? oldest)
              if (yield* take(connection, pulled, [])) changed += 1
            }
            report = {
              ...report,
              pages: report.pages + 1,
              cases: report.cases + page.cases.length,
              changed: report.changed + changed
            }
            yield* update(connection, (value) => ({ ...value, sweep: report }))
          })
        )
        const { absent, expected } = yield* absentOf(connection, seen, oldest, startedAt)
        const alarm = absent.length > expected * absentAlarm
        if (alarm)
          yield* Effect.logWarning("The CRM's list lacks too many cases; none is concluded to be gone").pipe(
            Effect.annotateLogs({ connectionId: connection.id, absent: absent.length, expected })
          )
        else
          for (const of of absent)
            yield* storage.withCase(
              { connectionId: connection.id, externalCaseId: of.externalId },
              Effect.gen(function* () {
                const present = Option.getOrUndefined(yield* cases.get(connection.firmId, of.id))
                yield* projection.markDirty(connection, of.externalId, present, Priority.poll)
              })
            )
        yield* documents.removeLeftovers(connection.firmId)
        const endedAt = yield* Clock.currentTimeMillis
        yield* update(connection, (value) => ({
          ...value,
          sweep: { ...report, endedAt, absent: absent.length, alarm }
        }))
        yield* queue.settle(lease, { _tag: "Done" })
      })

      /** Cases that changed since `oldest`, so that the list should have held them, and before the sweep began. */
      const absentOf = Effect.fnUntraced(function* (
        connection: Connection,
        seen: ReadonlySet<string>,
        oldest: number,
        startedAt: number
      ) {
        const absent: Array<Case> = []
        let expected = 0
        for (let before: Case["id"] | undefined; ;) {
          const page = yield* cases.list(connection.firmId, {
            connectionId: connection.id,
            limit: 500,
            ...(before === undefined ? {} : { before })
          })
          for (const of of page) {
            const changedAt = of.externalUpdatedAt
            if (of.standing !== "verified" || changedAt === null || changedAt < oldest) continue
            if ((of.verifiedAt ?? startedAt) > startedAt) continue
            expected += 1
            if (!seen.has(of.externalId)) absent.push(of)
          }
          before = page.at(-1)?.id
          if (page.length < 500) return { absent, expected }
        }
      })

      return Poller.of({ schedule, request, pull, requestSweep, sweep })
    })
  )
    .pipe(Layer.provide(CatchUp.layer))
    .pipe(Layer.provide(CaseDocuments.layer))
}

type FeedWork = "PullNotes" | "PullDocuments"

const dayMs = 86_400_000
/** An hour that every night has, in every zone that changes its clocks. */
const sweepHour = 3
/** A pull of the feed that was asked for so long ago was lost with its job. */
const feedStaleMs = 3_600_000
/** A list of the CRM's look-back holds at least what changed in so long. */
const surelyListedMs = 14 * dayMs
/** The part of the cases that may be absent from a list before the list is in doubt. */
const absentAlarm = 0.02

/** Making a format costs a hundred times what using it does. */
const formats = new Map<string, Intl.DateTimeFormat>()

const hourIn = (timeZone: string, at: number): number => {
  const known = formats.get(timeZone)
  const format = known ?? new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" })
  if (known === undefined) formats.set(timeZone, format)
  return Number(format.format(at))
}
