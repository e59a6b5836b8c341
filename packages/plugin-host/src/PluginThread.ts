/**
 * One thread with one version's code: started with the narrowest rights Node has, watched, and ended for good.
 *
 * The thread reads its plugin's folder and nothing else, starts no process and no thread, opens no socket where Node can
 * refuse one (26), sees no environment and no SQLite. Whatever it does to itself ends as one `ThreadEnd` with a reason.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import type { CrmRequest, CrmResponse } from "@casewire/core/ports/CrmHttp"
import { Deferred, Effect, Layer, Schema, Scope } from "effect"
import { RpcClient, type RpcClientError, type RpcGroup, RpcServer } from "effect/rpc"
import { MessageChannel, Worker } from "node:worker_threads"
import { HostRpcs, type LogLevel, PluginRpcs } from "./PluginRpcs.ts"
import { PluginLimits } from "./PluginLimits.ts"
import { clientProtocol, serverProtocol } from "./PortProtocol.ts"
import { threadFlags } from "./ThreadFlags.ts"
import type { PluginVersion } from "./PluginVersion.ts"
import type { ThreadData } from "./worker/main.ts"

/** Why a thread is no more. `stopped`: the host wanted it so. */
export class ThreadEnd extends Schema.TaggedError<ThreadEnd>()("ThreadEnd", {
  cause: Schema.Literals(["crashed", "hung", "memory", "flood", "stopped"]),
  message: Schema.String
}) {}

export type PluginClient = RpcClient.RpcClient<RpcGroup.Rpcs<typeof PluginRpcs>, RpcClientError.RpcClientError>

export interface PluginThread {
  readonly client: PluginClient
  /** Fails once, when the thread has ended or is no longer trusted; nothing is answered after that. */
  readonly ended: Deferred.Deferred<never, ThreadEnd>
  readonly isAlive: () => boolean
  readonly stop: Effect.Effect<void>
}

export interface ThreadHost {
  /** The program of the thread, bundled. */
  readonly bootstrap: string
  readonly send: (of: {
    readonly call: number
    readonly handle: string
    readonly request: CrmRequest
  }) => Effect.Effect<CrmResponse, CrmError>
  readonly log: (level: LogLevel, text: string) => void
}

/** Starts a thread and says hello; it ends with the scope. */
export const startThread = Effect.fn("PluginThread.start")(function* (
  { entry, folder, manifest }: PluginVersion,
  host: ThreadHost
): Effect.fn.Return<PluginThread, ThreadEnd, Scope.Scope> {
  const limits = yield* PluginLimits
  const ended = yield* Deferred.make<never, ThreadEnd>()
  const calls = new MessageChannel()
  const asks = new MessageChannel()
  const data: ThreadData = { entry, folder, calls: calls.port2, host: asks.port2 }
  const worker = new Worker(host.bootstrap, {
    name: "plugin",
    workerData: data,
    transferList: [calls.port2, asks.port2],
    execArgv: threadFlags(folder, host.bootstrap),
    env: {},
    argv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: true,
    resourceLimits: { maxOldGenerationSizeMb: limits.heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }
  })
  // The host's own end decides when the process may end, not a plugin's.
  worker.unref()

  const end = (cause: ThreadEnd["cause"], message: string) => {
    Deferred.doneUnsafe(ended, Effect.fail(new ThreadEnd({ cause, message })))
    calls.port1.close()
    asks.port1.close()
    void worker.terminate()
  }
  let whyError: string | undefined
  worker.on("error", (error: unknown) => {
    whyError = described(error)
    end(isOutOfMemory(error) ? "memory" : "crashed", whyError)
  })
  worker.on("exit", (code) => end("crashed", whyError ?? `the thread ended with code ${code}`))
  // Written by the engine itself at the worst; the plugin's own console goes another way.
  for (const stream of [worker.stdout, worker.stderr]) drained(stream, (text) => host.log("warning", text))

  const stop = Effect.promise(async () => {
    end("stopped", "the host stopped the thread")
    await worker.terminate()
  })
  yield* Effect.addFinalizer(() => stop)

  const counted = countMessages(limits.messagesPerSecond, (message) => end("flood", message))
  const client = yield* Effect.provideService(
    RpcClient.make(PluginRpcs, { disableTracing: true }),
    RpcClient.Protocol,
    yield* clientProtocol(calls.port1, counted)
  )
  yield* Layer.build(
    RpcServer.layer(HostRpcs, { disableTracing: true, disableFatalDefects: true }).pipe(
      Layer.provide(
        HostRpcs.toLayer({
          send: host.send,
          log: ({ level, text }) => Effect.sync(() => host.log(level, text))
        })
      ),
      Layer.provide(Layer.effect(RpcServer.Protocol, serverProtocol(asks.port1, counted)))
    )
  )
  calls.port1.unref()
  asks.port1.unref()

  const alive = <A>(ask: Effect.Effect<A, RpcClientError.RpcClientError>, ms: number, late: ThreadEnd["cause"]) =>
    ask.pipe(
      Effect.timeoutOrElse({
        duration: ms,
        orElse: () => Effect.fail(new ThreadEnd({ cause: late, message: `no sign of life within ${ms} ms` }))
      }),
      Effect.catchTag("RpcClientError", (error) =>
        Effect.fail(new ThreadEnd({ cause: "crashed", message: error.message }))
      ),
      Effect.catchDefect((defect) => Effect.fail(new ThreadEnd({ cause: "crashed", message: described(defect) }))),
      Effect.raceFirst(Deferred.await(ended)),
      Effect.tapError((error) => Effect.sync(() => end(error.cause, error.message)))
    )
  const told = yield* alive(client.hello(), limits.startMs, "hung")
  if (told.id !== manifest.id || told.version !== manifest.version)
    return yield* new ThreadEnd({
      cause: "crashed",
      message: `the module says that it is ${told.id} ${told.version}, its manifest that it is ${manifest.id} ${manifest.version}`
    })
  yield* Effect.forkScoped(
    alive(
      watched(client.ping(), limits.growthMb, (message) => end("memory", message)),
      limits.hangMs,
      "hung"
    ).pipe(Effect.delay(limits.pingEveryMs), Effect.forever, Effect.ignore)
  )
  return { client, ended, isAlive: () => !Deferred.isDoneUnsafe(ended), stop }
})

/** While a sign of life is awaited, the process's growth is the plugin's; what its buffers take, the plugin tells. */
const watched = <E>(
  ping: Effect.Effect<{ readonly bufferBytes: number }, E>,
  growthMb: number,
  tooMuch: (message: string) => void
) =>
  Effect.suspend(() => {
    const before = process.memoryUsage.rss()
    const look = Effect.sync(() => {
      const grown = (process.memoryUsage.rss() - before) / 1_048_576
      if (grown > growthMb)
        tooMuch(`the process grew by ${Math.round(grown)} MiB while the plugin kept its thread busy`)
    })
    const answered = Effect.tap(ping, ({ bufferBytes }) =>
      Effect.sync(() => {
        const held = Math.round(bufferBytes / 1_048_576)
        if (held > growthMb) tooMuch(`the plugin holds ${held} MiB of buffers`)
      })
    )
    return Effect.raceFirst(answered, look.pipe(Effect.delay(50), Effect.forever))
  })

/** More than so many messages a second, or one that is none of the protocol's, and the thread is not heard any more. */
const countMessages = (perSecond: number, flood: (message: string) => void) => {
  let since = performance.now()
  let count = 0
  return (isKnown: boolean) => {
    if (!isKnown) return flood("a message is none of the protocol's")
    const now = performance.now()
    if (now - since > 1000) {
      since = now
      count = 0
    }
    count += 1
    if (count === perSecond) flood(`more than ${perSecond} messages in a second`)
  }
}

/** Reads a stream to its end and passes on a bounded part of it. */
const drained = (stream: NodeJS.ReadableStream, write: (text: string) => void) => {
  let left = 20
  stream.on("data", (chunk: Buffer) => {
    if (left <= 0) return
    left -= 1
    write(chunk.toString("utf8").slice(0, 2000).trimEnd())
  })
}

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"

/** Of a foreign error: its name and the first line, bounded. */
const described = (error: unknown): string => {
  const text =
    error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "string" ? error : "unknown"
  return text.split("\n")[0]!.slice(0, 300)
}
