/**
 * Looks at a connection, or at the host, and says what is wrong and what to do. Reads only: no CRM is called, so that
 * the answer comes at once and costs none of the call budget.
 *
 * What is counted over cases is counted over the newest ones, so that a firm with very many waits no longer.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { callAccount, callBudget } from "./CrmPlugin.ts"
import type { Case } from "./domain/Case.ts"
import type { Connection, ConnectionId } from "./domain/Connection.ts"
import { type ConnectionFacts, diagnoseConnection, type Finding, type JobCount } from "./domain/Diagnosis.ts"
import { diagnoseHost, type MachineFacts } from "./domain/HostDiagnosis.ts"
import type { FirmId, Instant } from "./domain/Ids.ts"
import type { Job } from "./domain/Job.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Machine } from "./ports/Machine.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Timeline } from "./ports/Timeline.ts"

export interface HostReport {
  readonly findings: ReadonlyArray<Finding>
  readonly machine: MachineFacts
  readonly isWritable: boolean
  readonly at: Instant
  /** Of all jobs of the firm. */
  readonly jobs: {
    readonly waiting: number
    readonly dead: number
    readonly uncertain: number
    readonly oldestDue: Instant | null
  }
  readonly supportContact: string | null
}

export class Doctor extends Context.Service<
  Doctor,
  {
    readonly connection: (firmId: FirmId, id: ConnectionId) => Effect.Effect<ReadonlyArray<Finding>, ConnectionNotFound>
    /** What concerns the whole host; jobs are those of the firm that asks. */
    readonly host: (firmId: FirmId) => Effect.Effect<HostReport>
  }
>()("@casewire/core/Doctor") {
  static readonly layer = Layer.effect(
    Doctor,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const machine = yield* Machine
      const plugins = yield* Plugins
      const queue = yield* Queue
      const storage = yield* Storage
      const timeline = yield* Timeline

      const receiptFacts = Effect.fnUntraced(function* ({ firmId, health, id }: Connection, now: Instant) {
        const latest = (disposition: "Accepted" | "Ignored" | "Test" | "Refused", limit: number) =>
          storage.receipts(firmId, { connectionId: id, disposition, limit })
        const taken = [...(yield* latest("Accepted", 1)), ...(yield* latest("Ignored", 1))]
        const refused = (yield* latest("Refused", refusedLookedAt)).filter(
          ({ receivedAt, replayedAt }) => replayedAt === null && now - receivedAt < refusedForMs
        )
        return {
          lastWebhook: taken.reduce<Instant | null>(
            (last, { receivedAt }) => Math.max(last ?? 0, receivedAt),
            health.lastWebhook
          ),
          wasTested: (yield* latest("Test", 1)).length > 0,
          refused
        }
      })

      const jobsIn = (connection: Connection, state: "dead" | "uncertain"): Effect.Effect<JobCount> =>
        Effect.map(
          queue.find(connection.firmId, { connectionId: connection.id, states: [state], limit: jobsLookedAt }),
          countJobs
        )

      const caseFacts = Effect.fnUntraced(function* ({ firmId, id }: Connection) {
        const newest = yield* cases.list(firmId, { connectionId: id, limit: casesLookedAt })
        const skipped: Record<string, number> = {}
        for (const of of newest) for (const why of yield* skippedOf(of)) skipped[why] = (skipped[why] ?? 0) + 1
        return {
          casesLookedAt: newest.length,
          baselinePending: newest.filter(({ baselinePending }) => baselinePending === true).length,
          unverified: newest.filter(({ standing }) => standing === "unverified" || standing === "quarantined").length,
          skipped
        }
      })

      const skippedOf = ({ firmId, id }: Case) =>
        Effect.map(timeline.ofCase(firmId, id, { kinds: ["document"], limit: documentsLookedAt }), (entries) =>
          entries.flatMap(({ content }) =>
            content._tag === "Document" && content.state.startsWith("skipped:")
              ? [content.state.slice("skipped:".length)]
              : []
          )
        )

      const connection = Effect.fn("Doctor.connection")(function* (firmId: FirmId, id: ConnectionId) {
        const of = yield* connections.get(firmId, id)
        const now = yield* Clock.currentTimeMillis
        const manifest = Option.getOrUndefined(plugins.manifest(of.plugin))
        const known = new Set(manifest?.webhook.required.map(({ name }) => name))
        const { refused, ...receipts } = yield* receiptFacts(of, now)
        const sent = yield* queue.find(firmId, { connectionId: id, work: ["AddNote"], states: ["done"], limit: 1 })
        const facts: ConnectionFacts = {
          now,
          connection: of,
          ...receipts,
          // Only names that the plugin declares: other keys are a stranger's text.
          refused: {
            count: refused.length,
            fields: [...new Set(refused.flatMap(({ errors }) => errors.map(({ field }) => field)))]
              .filter((name) => known.has(name))
              .sort()
          },
          nextCall:
            manifest === undefined
              ? now
              : yield* queue.reserve(callAccount(of, manifest), callBudget(of, manifest), { calls: 0 }),
          notesSent: sent.length > 0,
          dead: yield* jobsIn(of, "dead"),
          uncertain: yield* jobsIn(of, "uncertain"),
          ...(yield* caseFacts(of)),
          words: {
            ...(manifest?.notes.place === undefined ? {} : { notesPlace: manifest.notes.place }),
            hints: manifest?.webhook.hints ?? []
          }
        }
        return diagnoseConnection(facts)
      })

      const host = Effect.fn("Doctor.host")(function* (firmId: FirmId) {
        const now = yield* Clock.currentTimeMillis
        const stats = yield* queue.stats(firmId)
        const sum = (...states: ReadonlyArray<Job["state"]>) =>
          stats.reduce((total, { byState }) => total + states.reduce((part, state) => part + byState[state], 0), 0)
        const due = stats.flatMap(({ oldestDue }) => (oldestDue === null ? [] : [oldestDue]))
        const oldestDue = due.length === 0 ? null : Math.min(...due)
        const waiting = sum("queued", "retry", "sending")
        const isWritable = yield* Effect.catchCause(storage.isWritable, () => Effect.succeed(false))
        const facts = yield* machine.facts
        return {
          findings: diagnoseHost({ now, isWritable, machine: facts, waiting, oldestDue }),
          machine: facts,
          isWritable,
          at: now,
          jobs: { waiting, dead: sum("dead"), uncertain: sum("uncertain"), oldestDue },
          supportContact: machine.supportContact
        }
      })

      return Doctor.of({ connection, host })
    })
  )
}

const refusedLookedAt = 100
const refusedForMs = 7 * 86_400_000
const jobsLookedAt = 1000
const casesLookedAt = 100
const documentsLookedAt = 50

/** A reason is a code, or a code and a sentence; the code alone is counted. */
const countJobs = (found: ReadonlyArray<Job>): JobCount => {
  const byReason = new Map<string, number>()
  for (const { reason } of found) {
    const code = (reason ?? "unknown").split(":")[0]!
    byReason.set(code, (byReason.get(code) ?? 0) + 1)
  }
  return {
    count: found.length,
    reasons: [...byReason]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 3)
      .map(([code]) => code)
  }
}
