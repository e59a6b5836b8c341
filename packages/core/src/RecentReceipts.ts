/**
 * The receipts that came last for the connections of a plugin, as `decode` gets them: what a new version is tried with
 * beside the old one, before it serves.
 */
import { Context, Effect, Layer, Result } from "effect"
import type { Connection } from "./domain/Connection.ts"
import { parseBody } from "./domain/FlatRecord.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import type { CrmReceipt } from "./ports/Crm.ts"
import { Storage } from "./ports/Storage.ts"

export interface ConnectionReceipts {
  readonly connection: Connection
  readonly receipts: ReadonlyArray<CrmReceipt>
}

export class RecentReceipts extends Context.Service<
  RecentReceipts,
  {
    /** At most `limit` in all, newest first, and of no connection so many that others are left out. */
    readonly of: (pluginId: string, limit: number) => Effect.Effect<ReadonlyArray<ConnectionReceipts>>
  }
>()("@casewire/core/RecentReceipts") {
  static readonly layer = Layer.effect(
    RecentReceipts,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const storage = yield* Storage
      return RecentReceipts.of({
        of: Effect.fn("RecentReceipts.of")(function* (pluginId, limit) {
          const firms = yield* connections.firms
          const all = (yield* Effect.forEach(firms, ({ id }) => connections.list(id)))
            .flat()
            .filter(({ plugin }) => plugin === pluginId)
            .slice(0, limit)
          const each = Math.max(1, Math.floor(limit / Math.max(1, all.length)))
          return yield* Effect.forEach(all, (connection) =>
            Effect.map(
              storage.receipts(connection.firmId, { connectionId: connection.id, limit: each }),
              (receipts) => ({
                connection,
                receipts: receipts.flatMap(({ body, id, mediaType, receivedAt }) => {
                  const entries = body === "" ? undefined : parseBody(mediaType, body)
                  return entries === undefined || Result.isFailure(entries)
                    ? []
                    : [{ receiptId: id, receivedAt, entries: entries.success, aliases: connection.aliases }]
                })
              })
            )
          )
        })
      })
    })
  )
}
