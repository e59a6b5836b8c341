/**
 * Ends a connection. Its credentials and webhook tokens go at once, so nothing comes in and nothing is called any more.
 *
 * *Keep*: what is there stays and can be read; new credentials take the connection up where it was left. *Erase*:
 * everything that came from it or belongs to it is removed by a durable job, in steps, beside the other work. A crash
 * costs one step. Jobs that are under way end first, because what they write would stay behind.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CrmConnections } from "./CrmConnections.ts"
import { type Connection, type ConnectionId, isErasing } from "./domain/Connection.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { type Inventory, sizeOf } from "./domain/Inventory.ts"
import { JobId, type NewJob, Priority, type Work } from "./domain/Job.ts"
import { type Run, RunId } from "./domain/Run.ts"
import { platformOf } from "./PlatformHooks.ts"
import { ConnectionRemoval } from "./ports/ConnectionRemoval.ts"
import { ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"

/** What was typed is not the connection's name. Nothing happened. */
export class ErasureUnconfirmed extends Schema.TaggedError<ErasureUnconfirmed>()("ErasureUnconfirmed", {
  connectionId: Schema.String
}) {}

export class Disconnect extends Context.Service<
  Disconnect,
  {
    /** What erasing would remove; nothing is. */
    readonly preview: (
      firmId: FirmId,
      id: ConnectionId
    ) => Effect.Effect<{ readonly connection: Connection; readonly inventory: Inventory }, ConnectionNotFound>
    /** Asking again changes nothing. A connection that is being erased is not there any more. */
    readonly keep: (firmId: FirmId, id: ConnectionId) => Effect.Effect<Connection, ConnectionNotFound>
    /**
     * Begins to erase, once `confirm` is the connection's name; answers the run that shows how far it is. Asking again
     * answers the same run, also after the end.
     */
    readonly erase: (
      firmId: FirmId,
      id: ConnectionId,
      options: { readonly confirm: string; readonly by: string }
    ) => Effect.Effect<Run, ConnectionNotFound | ErasureUnconfirmed>
    /** Erases until nothing is left, and ends the run. */
    readonly step: (
      lease: Lease,
      work: Extract<Work, { _tag: "EraseConnection" }>,
      leaseMs: number
    ) => Effect.Effect<void, LeaseLost>
  }
>()("@casewire/core/Disconnect") {
  static readonly layer = Layer.effect(
    Disconnect,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const crms = yield* CrmConnections
      const queue = yield* Queue
      const removal = yield* ConnectionRemoval
      const runs = yield* RunStore
      const storage = yield* Storage

      const preview = Effect.fn("Disconnect.preview")(function* (firmId: FirmId, id: ConnectionId) {
        const connection = yield* connections.get(firmId, id)
        return { connection, inventory: yield* removal.inventory(firmId, id) }
      })

      const keep = Effect.fn("Disconnect.keep")(function* (firmId: FirmId, id: ConnectionId) {
        const now = yield* Clock.currentTimeMillis
        const after = yield* storage.atomically(
          Effect.gen(function* () {
            const present = yield* connections.get(firmId, id)
            if (isErasing(present)) return yield* new ConnectionNotFound({ connectionId: id })
            if (present.state === "disconnected") return present
            yield* removal.disarm(firmId, id)
            return yield* connections.update(firmId, id, ({ webhookTokenAt: _, ...value }) => ({
              ...value,
              state: "disconnected",
              updatedAt: now
            }))
          })
        )
        // Jobs under way still hold a client that is signed in; each asks before its next call and stops.
        yield* crms.forget(id)
        return after
      })

      /** The newest erasure of this connection; there is one at most. */
      const erasureOf = (firmId: FirmId, connectionId: ConnectionId) =>
        Effect.map(runs.list(firmId, { connectionId, kinds: ["erasure"], limit: 1 }), ([run]) => run)

      const erase: Disconnect["Service"]["erase"] = Effect.fn("Disconnect.erase")(function* (
        firmId,
        id,
        { by, confirm }
      ) {
        const found = yield* Effect.option(connections.get(firmId, id))
        if (Option.isNone(found) || isErasing(found.value))
          return (yield* erasureOf(firmId, id)) ?? (yield* new ConnectionNotFound({ connectionId: id }))
        if (confirm.trim() !== found.value.name) return yield* new ErasureUnconfirmed({ connectionId: id })
        // Counted beforehand: over a large store it takes longer than a transaction should.
        const inventory = yield* removal.inventory(firmId, id)
        const now = yield* Clock.currentTimeMillis
        const runId = RunId.make(yield* newId)
        const run = yield* storage.atomically(
          Effect.gen(function* () {
            const present = yield* connections.get(firmId, id)
            const other = isErasing(present) ? yield* erasureOf(firmId, id) : undefined
            if (other !== undefined) return other
            yield* removal.disarm(firmId, id)
            yield* connections.update(firmId, id, (value) => ({ ...value, state: "erasing", updatedAt: now }))
            const begun = erasureRun({ id: runId, firmId, connectionId: id, startedBy: by }, inventory, now)
            yield* runs.save(begun)
            yield* queue.enqueue([eraseJob(begun, yield* newId)])
            return begun
          })
        )
        yield* crms.forget(id)
        return run
      })

      const step: Disconnect["Service"]["step"] = Effect.fn("Disconnect.step")(function* (
        lease,
        { connectionId, runId },
        leaseMs
      ) {
        const { firmId } = lease.job
        const stats = yield* queue.stats(firmId)
        const isBusy = stats.some((of) => of.connectionId === connectionId && of.running > 0)
        if (isBusy) return yield* waitFor(lease)
        for (;;) {
          const removed = yield* removal.erase(firmId, connectionId, { limit: thingsTogether, except: runId })
          if (removed === 0) break
          const now = yield* Clock.currentTimeMillis
          yield* runs.update(firmId, runId, (run) => ({
            ...run,
            // What came in meanwhile was not counted.
            done: Math.min(run.total, run.done + removed),
            updatedAt: now
          }))
          yield* queue.mark(lease, { leaseMs })
        }
        const isOver = yield* storage.atomically(
          Effect.gen(function* () {
            if (!(yield* removal.end(firmId, connectionId, { except: runId }))) return false
            yield* conclude(firmId, runId)
            yield* queue.settle(lease, { _tag: "Done" })
            return true
          })
        )
        if (!isOver) return yield* waitFor(lease)
        // A crash before this is made good by the store when it is opened.
        if (yield* removal.scrub) return
        const reason = "the store's file is rewritten when the host starts next"
        yield* runs.update(firmId, runId, (run) => ({ ...run, reason }))
      })

      /** A webhook whose body was still on its way may bring a receipt after the end: that is what the last look is for. */
      const conclude = Effect.fnUntraced(function* (firmId: FirmId, id: RunId) {
        const run = Option.getOrUndefined(yield* runs.get(firmId, id))
        if (run?.state !== "running") return
        const now = yield* Clock.currentTimeMillis
        yield* runs.save({ ...run, state: "done", done: run.total, updatedAt: now })
        yield* queue.enqueue([{ ...eraseJob(run, yield* newId), notBefore: now + lastLookMs }])
      })

      /** Something is being done for the connection, or came in at the last moment. */
      const waitFor = Effect.fnUntraced(function* (lease: Lease) {
        const now = yield* Clock.currentTimeMillis
        yield* queue.settle(lease, { _tag: "GiveBack", at: now + pauseMs, reason: "jobs are under way" })
      })

      return Disconnect.of({ preview, keep, erase, step })
    })
  )
}

/** Few enough that a webhook never waits long for the store. */
const thingsTogether = 200
const pauseMs = 500
/** Longer than any request may take. */
const lastLookMs = 180_000

const eraseJob = ({ connectionId, firmId, id: runId }: Run, id: string): NewJob => ({
  id: JobId.make(id),
  firmId,
  // Not in a lane of its own connection, whose jobs it removes.
  connectionId: platformOf(firmId),
  key: `erasure ${connectionId}`,
  lane: "state",
  priority: Priority.read,
  work: { _tag: "EraseConnection", connectionId, runId }
})

const erasureRun = (
  of: Pick<Run, "id" | "firmId" | "connectionId" | "startedBy">,
  inventory: Inventory,
  now: number
): Run => ({
  ...of,
  kind: "erasure",
  state: "running",
  scope: Object.fromEntries(Object.entries(inventory).map(([kind, count]) => [kind, String(count)])),
  total: sizeOf(inventory),
  done: 0,
  failed: 0,
  skipped: 0,
  cursor: null,
  createdAt: now,
  updatedAt: now,
  expiresAt: null,
  reason: null
})
