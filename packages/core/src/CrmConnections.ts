/**
 * The `Crm` of each connection, made when first asked for and kept while in use. Forgetting one (new credentials, new
 * plugin code) lets running jobs finish on the old one; the next job gets a new one. So a job works with one version of
 * a plugin from its beginning to its end.
 */
import { Context, Effect, Layer, LayerMap, Option, Stream } from "effect"
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
      const keys = new Map<ConnectionId, string>()
      const pluginsOf = new Map<string, string>()
      // Keyed by one string, because the map compares keys by value.
      const map = yield* LayerMap.make(
        (key: string) => {
          const [firmId, id] = key.split(" ") as [FirmId, ConnectionId]
          return Layer.unwrap(
            Effect.gen(function* () {
              const connection = yield* connections.get(firmId, id)
              const secrets = yield* connections.credentials(firmId, id)
              pluginsOf.set(key, connection.plugin)
              // In one turn: a switch in between would pair one version's manifest with another one's code.
              const manifest = Option.getOrThrow(plugins.manifest(connection.plugin, connection))
              const crm = plugins.crm(
                connection.plugin,
                { connectionId: id, settings: connection.settings, secrets },
                connection
              )
              const http = yield* gateway.open(connection, manifest)
              return Layer.provide(crm, Layer.succeed(CrmHttp, http))
            })
          )
        },
        { idleTimeToLive: "5 minutes" }
      )
      yield* plugins.switched.pipe(
        Stream.runForEach((plugin) =>
          // One whose plugin is not known yet is being made, perhaps of the version before.
          Effect.forEach(keys.values(), (key) =>
            (pluginsOf.get(key) ?? plugin) === plugin ? map.invalidate(key) : Effect.void
          )
        ),
        Effect.forkScoped({ startImmediately: true })
      )
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
