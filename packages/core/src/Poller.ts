/**
 * Pulls what changed in the CRM since the last pull, page by page, on a schedule.
 *
 * A pulled record is not applied here: it marks its case dirty, and the case's own lane reads it. So a pull can never
 * overwrite a newer read or undo a write, and many dirty cases are read together. The cursor moves with each page.
 */
import { Context, Effect, Layer, Option, Stream } from "effect"
import type { Connection } from "./domain/Connection.ts"
import type { CrmCase } from "./domain/CrmChange.ts"
import { newId } from "./domain/Ids.ts"
import { JobId, Priority } from "./domain/Job.ts"
import { intake } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

export const pollEveryMs = 900_000

export class Poller extends Context.Service<
  Poller,
  {
    /** Enqueues a pull for every connection whose tick is due. */
    readonly schedule: Effect.Effect<void>
    /** Asks for a pull now; answers the job. */
    readonly request: (connection: Connection) => Effect.Effect<JobId>
    readonly pull: (connection: Connection, lease: Lease) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/Poller") {
  static readonly layer = Layer.effect(
    Poller,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const projection = yield* Projection
      const storage = yield* Storage

      const request = Effect.fn("Poller.request")(function* (connection: Connection) {
        const id = JobId.make(yield* newId)
        yield* storage.atomically(
          queue.enqueue([
            {
              id,
              firmId: connection.firmId,
              connectionId: connection.id,
              key: "pull",
              lane: "state",
              priority: Priority.poll,
              work: { _tag: "Pull" }
            }
          ])
        )
        return id
      })

      const schedule = Effect.gen(function* () {
        for (const firm of yield* connections.firms)
          for (const connection of yield* connections.list(firm.id)) {
            if (connection.state !== "connected" || intake(connection.toggles)._tag === "Ignore") continue
            if (yield* queue.tick(`pull ${connection.id}`, pollEveryMs)) yield* request(connection)
          }
      })

      const take = Effect.fnUntraced(function* (connection: Connection, pulled: CrmCase) {
        const known = Option.getOrUndefined(
          yield* cases.findExternal(connection.firmId, connection.id, pulled.externalId)
        )
        const isKnown = known !== undefined && known.verifiedAt !== null && known.externalUpdatedAt === pulled.updatedAt
        if (isKnown && pulled.updatedAt !== undefined) return
        yield* storage.withCase(
          { connectionId: connection.id, externalCaseId: pulled.externalId },
          Effect.gen(function* () {
            const present = yield* cases.findExternal(connection.firmId, connection.id, pulled.externalId)
            yield* projection.markDirty(connection, pulled.externalId, Option.getOrUndefined(present), Priority.poll)
          })
        )
      })

      const pull: Poller["Service"]["pull"] = Effect.fn("Poller.pull")(function* (connection, lease) {
        const crm = yield* Crm
        yield* Stream.runForEach(crm.changes(connection.cursor), (page) =>
          Effect.gen(function* () {
            yield* Effect.forEach(page.cases, (pulled) => take(connection, pulled), { discard: true })
            yield* connections
              .update(connection.firmId, connection.id, (value) => ({ ...value, cursor: page.cursor }))
              .pipe(Effect.ignore)
          })
        )
        yield* queue.settle(lease, { _tag: "Done" })
      })

      return Poller.of({ schedule, request, pull })
    })
  )
}
