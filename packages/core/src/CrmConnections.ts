/**
 * The `Crm` of each connection, made when first asked for and kept while in use. Forgetting one (new credentials, new
 * plugin code) lets running jobs finish on the old one; the next job gets a new one.
 */
import { Context, Effect, Layer, LayerMap, Option } from "effect"
import type { ConnectionId } from "./domain/Connection.ts"
import type { FirmId } from "./domain/Ids.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import type { Crm, CrmError } from "./ports/Crm.ts"
import type { CrmDocuments } from "./ports/CrmDocuments.ts"
import { CrmGateway, CrmHttp } from "./ports/CrmHttp.ts"
import { Plugins } from "./ports/Plugins.ts"

export class CrmConnections extends Context.Service<
  CrmConnections,
  {
    readonly get: (firmId: FirmId, id: ConnectionId) => Layer.Layer<Crm | CrmDocuments, CrmError | ConnectionNotFound>
    readonly forget: (id: ConnectionId) => Effect.Effect<void>
  }
>()("@casewire/core/CrmConnections") {
  static readonly layer = Layer.effect(
    CrmConnections,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const gateway = yield* CrmGateway
      const plugins = yield* Plugins
      // Keyed by one string, because the map compares keys by value.
      const map = yield* LayerMap.make(
        (key: string) => {
          const [firmId, id] = key.split(" ") as [FirmId, ConnectionId]
          return Layer.unwrap(
            Effect.gen(function* () {
              const connection = yield* connections.get(firmId, id)
              const secrets = yield* connections.credentials(firmId, id)
              const manifest = Option.getOrThrow(plugins.manifest(connection.plugin))
              const http = yield* gateway.open(connection, manifest)
              return plugins
                .crm(connection.plugin, { connectionId: id, settings: connection.settings, secrets })
                .pipe(Layer.provide(Layer.succeed(CrmHttp, http)))
            })
          )
        },
        { idleTimeToLive: "5 minutes" }
      )
      const keys = new Map<ConnectionId, string>()
      return CrmConnections.of({
        get: (firmId, id) => {
          const key = `${firmId} ${id}`
          keys.set(id, key)
          return map.get(key)
        },
        forget: (id) => {
          const key = keys.get(id)
          return key === undefined ? Effect.void : map.invalidate(key)
        }
      })
    })
  )
}
