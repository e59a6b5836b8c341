/** Adapters that let a connection go otherwise than they promise. */
import { Effect, Option } from "effect"
import { CurrentTransaction } from "@casewire/core/memory/Database"
import { RunId } from "@casewire/core/domain/Run"
import { connection, firm, otherConnection, otherFirm, secondConnection } from "../src/samples.ts"
import { escaped, inRemoval, type Mutant, type Own } from "./Breaking.ts"

const nobody = RunId.make("019b8d6a-0009-7000-8000-000000000001")

/** What `erase` does, and then something that it should not. */
const alsoErases = (also: (own: Own) => Effect.Effect<unknown>): Mutant =>
  inRemoval((own, all) => ({
    erase: (firmId, id, options) => Effect.tap(own.erase(firmId, id, options), () => also(all))
  }))

export const removalMutants: Record<string, Mutant> = {
  "disarms nothing": inRemoval(() => ({ disarm: () => Effect.void })),
  "disarms the whole firm": inRemoval((own) => ({
    disarm: (firmId) => Effect.andThen(own.disarm(firmId, connection.id), own.disarm(firmId, secondConnection.id))
  })),
  "counts no jobs": inRemoval((own) => ({
    inventory: (firmId, id) => Effect.map(own.inventory(firmId, id), (found) => ({ ...found, jobs: 0 }))
  })),
  "erases nothing": inRemoval(() => ({ erase: () => Effect.succeed(0) })),
  "erases the firm's other connection as well": alsoErases(({ removal }) =>
    removal.erase(firm.id, secondConnection.id, { limit: 1, except: nobody })
  ),
  "drops a body with its neighbour": (all) => {
    let hasErased = false
    return {
      removal: {
        ...all.removal,
        erase: (firmId, id, options) => {
          hasErased = true
          return all.removal.erase(firmId, id, options)
        }
      },
      storage: {
        ...all.storage,
        receipt: (firmId, id) =>
          Effect.map(all.storage.receipt(firmId, id), (found) =>
            hasErased ? Option.map(found, (receipt) => ({ ...receipt, body: "" })) : found
          )
      }
    }
  },
  "erases in one step": inRemoval((own) => ({
    erase: (firmId, id, { except }) => own.erase(firmId, id, { except, limit: Number.MAX_SAFE_INTEGER })
  })),
  "ends with jobs under way": inRemoval((own, { connections }) => ({
    end: (firmId, id, options) =>
      Effect.flatMap(own.end(firmId, id, options), (isOver) =>
        isOver ? Effect.succeed(true) : Effect.as(Effect.exit(connections.get(firmId, id)), true)
      )
  })),
  "leaves a lane blocked": inRemoval((own, all) => ({
    erase: (firmId, id, options) =>
      Effect.gen(function* () {
        const [job] = yield* all.queue.find(firmId, { connectionId: id, limit: 1 })
        const count = yield* own.erase(firmId, id, options)
        // What was the head comes back to life.
        if (job !== undefined) yield* all.storage.atomically(all.queue.enqueue([{ ...job, priority: 0 }]))
        return job === undefined ? count : 0
      })
  })),
  "erases the run that tells of it": inRemoval((own) => ({
    erase: (firmId, id, options) => own.erase(firmId, id, { ...options, except: nobody })
  })),
  "ends only once": inRemoval((own) => {
    let isEnded = false
    return {
      end: (firmId, id, options) =>
        isEnded
          ? Effect.succeed(false)
          : Effect.tap(own.end(firmId, id, options), (isOver) => Effect.sync(() => void (isEnded = isOver)))
    }
  }),
  "ends at once": inRemoval((own) => ({
    end: (firmId, id, options) => Effect.andThen(own.disarm(firmId, id), Effect.as(own.end(firmId, id, options), false))
  })),
  "disarms outside of the transaction": inRemoval((own) => ({
    disarm: (firmId, id) => escaped(own.disarm(firmId, id))
  })),
  "erases in somebody's transaction": inRemoval((own) => ({
    erase: (firmId, id, options) =>
      Effect.flatMap(CurrentTransaction, (transaction) =>
        transaction === null ? own.erase(firmId, id, options) : Effect.succeed(0)
      )
  })),
  "takes every client entered by hand": (all) => {
    let hasErased = false
    return {
      removal: {
        ...all.removal,
        erase: (firmId, id, options) => {
          hasErased = true
          return all.removal.erase(firmId, id, options)
        }
      },
      cases: { ...all.cases, client: (firmId, id) => (hasErased ? Effect.succeedNone : all.cases.client(firmId, id)) }
    }
  },
  "asks not whose it is": inRemoval((own) => {
    const owner = (id: string) => (id === otherConnection.id ? otherFirm.id : firm.id)
    return {
      disarm: (_, id) => own.disarm(owner(id), id),
      inventory: (_, id) => own.inventory(owner(id), id)
    }
  })
}
