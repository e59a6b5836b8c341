/**
 * A host of plugins on a stage: real threads, a real folder with a plugin's sources, everything else in memory. What
 * the CRM would answer is said by the test.
 */
import * as Memory from "@casewire/core/memory/Memory"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { PluginDigest } from "@casewire/core/domain/PluginSwap"
import type { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import type { Crm } from "@casewire/core/ports/Crm"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { PluginHost, type SwapEvent, type SwapRequest } from "@casewire/core/ports/PluginHost"
import { Plugins } from "@casewire/core/ports/Plugins"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { RecentReceipts } from "@casewire/core/RecentReceipts"
import { bundle } from "@casewire/plugin-host/Bundle"
import { anySignature } from "@casewire/plugin-host/PackageSignature"
import { layer as layerEngine, PluginEngine } from "@casewire/plugin-host/PluginEngine"
import { layer as layerHosting } from "@casewire/plugin-host/PluginHosting"
import { defaultLimits, PluginLimits } from "@casewire/plugin-host/PluginLimits"
import { PluginShelf } from "@casewire/plugin-host/PluginShelf"
import { defaultSwap, shadowKey, type SwapOptions } from "@casewire/plugin-host/SwapRun"
import { vi } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Option, Schedule, Stream } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

// Each test bundles and starts threads; a busy machine takes its time over that, and nothing here depends on it.
vi.setConfig({ testTimeout: 90_000 })

const program = fileURLToPath(import.meta.resolve("@casewire/plugin-host/worker/main"))
const tiny = fileURLToPath(new URL("./TinyPlugin.ts", import.meta.url))

export const firmId = FirmId.make("harbor")
const connectionId = ConnectionId.make("one")

export interface StageOptions {
  readonly limits?: Partial<PluginLimits>
  readonly swap?: Partial<SwapOptions>
  /** Answers the plugin's requests. */
  readonly http?: CrmHttp["Service"]
  /** The plugin's first sources. */
  readonly sources?: string
  /** Where kept versions lie, for a host that is started a second time. */
  readonly home?: string
  readonly store?: Context.Context<PluginStore>
}

const answering: CrmHttp["Service"] = {
  send: () => Effect.succeed({ status: 200, contentType: "text/plain", body: "7" })
}

/** Sources of a tiny plugin: what `tiny` is called with, and what stands before it. */
export const sources = (options = "", before = ""): string =>
  `import { tiny } from ${JSON.stringify(tiny)}\n${before}\nexport default tiny({ ${options} })\n`

const folderOf = (text: string, folder = mkdtempSync(join(tmpdir(), "casewire-stage-"))): string => {
  mkdirSync(join(folder, "src"), { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ casewire: { plugin: "src/index.ts" } }))
  writeFileSync(join(folder, "src/index.ts"), text)
  return folder
}

let bootstrap: Promise<string> | undefined
/** Bundled once for all tests of a file. */
const threadProgram = Effect.promise(
  () =>
    (bootstrap ??= (async () => {
      const file = join(mkdtempSync(join(tmpdir(), "casewire-thread-")), "thread.mjs")
      await Effect.runPromise(bundle(program, file))
      return file
    })())
)

export const stage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => folderOf(options.sources ?? sources())),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const home = options.home ?? join(folder, ".kept")
  const file = yield* threadProgram
  const context = yield* Layer.build(
    layerHosting({
      sources: [{ source: { kind: "folder", location: folder }, pluginId: "tiny" }],
      swap: { ...defaultSwap, graceMs: 200, ...options.swap }
    }).pipe(
      Layer.provideMerge(PluginShelf.layer({ home, signatures: anySignature })),
      Layer.provideMerge(layerEngine(file)),
      Layer.provide(RecentReceipts.layer),
      Layer.provideMerge(
        options.store === undefined ? Memory.layer : Layer.merge(Memory.layer, Layer.succeedContext(options.store))
      ),
      Layer.provide(Layer.succeed(PluginLimits, { ...defaultLimits, restartMs: 50, ...options.limits }))
    )
  )
  const host = Context.get(context, PluginHost)
  const plugins = Context.get(context, Plugins)
  const engine = Context.get(context, PluginEngine)
  const store = Context.get(context, PluginStore)

  const write = (text: string, name = "index.ts") => Effect.sync(() => writeFileSync(join(folder, "src", name), text))

  /** As a job works: one version from its beginning to its end. */
  const using = <A, E>(use: Effect.Effect<A, E, Crm | CrmDocuments>, http = options.http ?? answering) =>
    Effect.suspend(() =>
      Effect.provide(
        use,
        plugins
          .crm("tiny", { connectionId, settings: {}, secrets: {} }, { firmId, id: connectionId })
          .pipe(Layer.provide(Layer.succeed(CrmHttp, http))),
        { local: true }
      )
    )

  const swapTo = (version: PluginDigest, change: Partial<SwapRequest> = {}) =>
    Effect.gen(function* () {
      const told: Array<SwapEvent> = []
      const request = {
        pluginId: "tiny",
        version,
        by: "test",
        reason: "a test",
        share: [],
        confirmed: [shadowKey],
        ...change
      }
      const exit = yield* Effect.exit(
        Stream.runForEach(host.swap(request), (event) => Effect.sync(() => void told.push(event)))
      )
      return { exit, told }
    })

  /** Reads the folder again and swaps what it holds. */
  const reload = (change: Partial<SwapRequest> = {}) =>
    Effect.gen(function* () {
      const kept = yield* host.reread("tiny", "test")
      const { exit, told } = yield* swapTo(kept.digest, change)
      if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
      return { digest: kept.digest, told }
    })

  const serving = Effect.sync(() => Option.getOrThrow(plugins.manifest("tiny")).version)
  const lastSwap = Effect.map(store.swaps({ pluginId: "tiny", limit: 1 }), ([swap]) => swap)

  return { context, engine, folder, home, host, lastSwap, plugins, reload, serving, store, swapTo, using, write }
})

/** Waits for something that comes by itself, without a guess at how long it takes. */
export const eventually = <E>(is: Effect.Effect<boolean, E>) =>
  is.pipe(
    Effect.flatMap((yes) => (yes ? Effect.void : Effect.fail("not yet" as const))),
    Effect.retry(Schedule.spaced(20)),
    Effect.timeout(60_000),
    Effect.orDie
  )
