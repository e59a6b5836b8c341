/**
 * The first and only program of a plugin's thread. It takes the two ports out of the thread's data, locks the thread
 * down, loads the plugin's module, and answers the host until the thread is ended. Bundled; the plugin is not part of it.
 */
import type { DefinedPlugin } from "@casewire/core/CrmPlugin"
import { Context, Effect, Layer } from "effect"
import { RpcClient, RpcServer } from "effect/rpc"
import { pathToFileURL } from "node:url"
import { type MessagePort, workerData } from "node:worker_threads"
import { HostRpcs, PluginRpcs } from "../PluginRpcs.ts"
import { clientProtocol, serverProtocol } from "../PortProtocol.ts"
import { bounded, replaceConsole } from "./BoundedLog.ts"
import { lockdown } from "./Lockdown.ts"
import { makeSeats } from "./Seats.ts"
import { serving } from "./Serving.ts"

/** What the host hands to the thread; `PluginThread` writes it. */
export interface ThreadData {
  readonly entry: string
  readonly folder: string
  readonly calls: MessagePort
  readonly host: MessagePort
}

const { calls, entry, folder, host } = workerData as ThreadData
// Whoever holds a port can answer in the plugin's name, so the plugin finds none.
for (const name of Object.keys(workerData as object)) Reflect.deleteProperty(workerData as object, name)

// Taken before the lock-down takes the process away.
const { memoryUsage } = process
const bufferBytes = () => memoryUsage().arrayBuffers

const program = Effect.gen(function* () {
  const asks = yield* Effect.provideService(
    RpcClient.make(HostRpcs, { disableTracing: true }),
    RpcClient.Protocol,
    yield* clientProtocol(host)
  )
  const run = Effect.runForkWith(Context.empty())
  replaceConsole(bounded((level, text) => void run(Effect.ignore(asks.log({ level, text }, { discard: true })))))
  lockdown(`${pathToFileURL(folder).href}/`)
  const module: { readonly default?: unknown } = yield* Effect.promise(() => import(pathToFileURL(entry).href))
  const plugin = pluginOf(module.default)
  const seats = makeSeats(plugin, (request) =>
    asks.send(request).pipe(Effect.catchTag("RpcClientError", (error) => Effect.die(error)))
  )
  yield* Layer.launch(
    RpcServer.layer(PluginRpcs, { disableTracing: true, disableFatalDefects: true }).pipe(
      Layer.provide(serving(plugin, seats, bufferBytes)),
      Layer.provide(Layer.effect(RpcServer.Protocol, serverProtocol(calls)))
    )
  )
})

/** The host compares the manifest with the one it verified; here it only has to look like a plugin. */
const pluginOf = (exported: unknown): DefinedPlugin => {
  const plugin = exported as DefinedPlugin | undefined
  if (typeof plugin?.crmOfPlain !== "function" || typeof plugin.manifest !== "object")
    throw new Error("the module's default export is no plugin: make it with definePlugin")
  return plugin
}

Effect.runFork(Effect.scoped(program), {}).addObserver((exit) => {
  // A thread that cannot serve ends with an error, so that the host learns why.
  if (exit._tag === "Failure") throw new Error(exit.cause.toString().slice(0, 2000))
})
