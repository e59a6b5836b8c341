/**
 * A plugin opened against its sandbox as the host opens a connection: through the outbound door, with its call budget
 * and deadline, and across the plugin's boundary. Each time with a sandbox and a store of its own.
 */
import * as Gateway from "@casewire/adapters-http/CrmHttp"
import type { CrmConnected, CrmConnect } from "@casewire/contract-kit/CrmLaws"
import type { SandboxPackage, SandboxTimes } from "@casewire/contract-kit/RunningSandbox"
import { connection as sample } from "@casewire/contract-kit/samples"
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import * as Memory from "@casewire/core/memory/Memory"
import { CrmGateway, CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { layerInProcess } from "@casewire/plugin-host/InProcess"
import { Context, Effect, Layer, Redacted } from "effect"

/** Short, so that laws about silence end soon; long enough for a machine that is busy with other things. */
const patient: SandboxTimes = { clientTimeoutMs: 3000, lateCommitMs: 400 }

export const connectTo = (
  plugin: CrmPlugin,
  sandboxPackage: SandboxPackage,
  times: SandboxTimes = patient,
  /** How the plugin is loaded: here by default, or in a thread of its own as a host does. */
  layerPlugins: (plugin: CrmPlugin) => Layer.Layer<Plugins> = (loaded) => layerInProcess([loaded])
): CrmConnect =>
  Effect.gen(function* () {
    const { manifest } = plugin
    const { control, credentials, url } = yield* sandboxPackage.start(times)
    const lines: Array<string> = []
    const host = yield* Layer.build(
      Layer.mergeAll(
        layerPlugins(plugin),
        Gateway.layer({ sandboxOrigin: url, timeoutMs: times.clientTimeoutMs }).pipe(Layer.provideMerge(Memory.layer))
      )
    )

    const crm: CrmConnected["crm"] = (replaced = {}) => {
      const values = Object.entries({ ...credentials, ...replaced })
      const isSecret = (name: string) => manifest.credentials.some((field) => field.name === name && field.secret)
      const settings = Object.fromEntries(values.filter(([name]) => !isSecret(name)))
      const secrets = Object.fromEntries(
        values.filter(([name]) => isSecret(name)).map(([name, value]) => [name, Redacted.make(value)])
      )
      const connection = { ...sample, plugin: manifest.id, settings, sandbox: true, callLimit: 60_000 }
      const door = Effect.map(Context.get(host, CrmGateway).open(connection, manifest), ({ send }) => ({
        send: (request: CrmRequest) => {
          lines.push(lineOf(request))
          return send(request)
        }
      }))
      return Context.get(host, Plugins)
        .crm(manifest.id, { connectionId: connection.id, settings, secrets })
        .pipe(Layer.provide(Layer.effect(CrmHttp, Effect.orDie(door))))
    }

    return {
      crm,
      store: { documents: Context.get(host, DocumentStore), firmId: sample.firmId },
      sandbox: {
        ...control,
        reset: Effect.andThen(
          control.reset,
          Effect.sync(() => void (lines.length = 0))
        ),
        settle: Effect.sleep(times.clientTimeoutMs + times.lateCommitMs),
        requestLines: Effect.sync(() => [...lines])
      }
    }
  })

const lineOf = ({ method, path, query = [] }: CrmRequest): string =>
  `${method} ${path}?${new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]))}`
