/**
 * A plugin loaded as a host loads it: bundled, in a thread of its own, locked down. For running its laws with the
 * boundary in between that stands there in production.
 */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import { PluginDigest } from "@casewire/core/domain/PluginSwap"
import type { Plugins } from "@casewire/core/ports/Plugins"
import { bundle } from "@casewire/plugin-host/Bundle"
import { layer as layerEngine, PluginEngine } from "@casewire/plugin-host/PluginEngine"
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(import.meta.resolve("@casewire/plugin-host/worker/main"))

/** `module` is the file whose default export is the plugin. Bundled once; what was written goes with the process. */
export const layerInThread = (module: string): ((plugin: CrmPlugin) => Layer.Layer<Plugins>) => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-thread-"))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  const [thread, own] = [join(folder, "thread.mjs"), join(folder, "plugin")]
  const entry = join(own, "plugin.mjs")
  const digest = PluginDigest.make("0".repeat(64))
  const bundled = Effect.runPromise(Effect.all([bundle(program, thread), bundle(module, entry)]))
  return ({ manifest }) =>
    Layer.effectDiscard(
      Effect.gen(function* () {
        const engine = yield* PluginEngine
        yield* engine.hold({ manifest, folder: own, entry, digest, origin: { kind: "folder", location: module } })
        yield* engine.choose(manifest.id, [{ pluginId: manifest.id, target: { _tag: "Everyone" }, digest }])
      }).pipe(Effect.orDie)
    ).pipe(
      Layer.provideMerge(
        Layer.unwrap(
          Effect.as(
            Effect.promise(() => bundled),
            layerEngine(thread)
          )
        )
      )
    )
}
