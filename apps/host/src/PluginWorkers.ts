/**
 * The plugins of this host: each in threads of its own, started from a private copy of its packed files.
 *
 * The threads' program and the plugin that comes with Casewire are bundled at the start, from the sources of this
 * checkout; nothing of them runs in the host's own thread.
 */
import lawRuler from "@casewire/lawruler-plugin"
import { bundle } from "@casewire/plugin-host/Bundle"
import { layer as layerEngine, PluginEngine } from "@casewire/plugin-host/PluginEngine"
import { anySignature } from "@casewire/plugin-host/PackageSignature"
import { checkPackage, codeFile, makePackage } from "@casewire/plugin-host/PluginPackage"
import type { PluginVersion } from "@casewire/plugin-host/PluginVersion"
import { Effect, Layer } from "effect"
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { dataFolder, type Settings } from "./Settings.ts"

/** The engine with the plugin that comes with Casewire, serving everyone. */
export const layerPlugins = (settings: Settings) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const folder = join(dataFolder(settings.data).folder, "plugins")
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const bootstrap = join(folder, "thread.mjs")
      const [version] = yield* Effect.all([builtIn(folder), bundle(threadProgram, bootstrap)], { concurrency: 2 })
      const serving = Effect.gen(function* () {
        const engine = yield* PluginEngine
        yield* engine.hold(version, { patiently: true })
        const { digest, manifest } = version
        yield* engine.choose(manifest.id, [{ pluginId: manifest.id, target: { _tag: "Everyone" }, digest }])
      })
      return Layer.effectDiscard(serving).pipe(Layer.provideMerge(layerEngine(bootstrap)))
    }).pipe(Effect.orDie)
  )

const threadProgram = fileURLToPath(import.meta.resolve("@casewire/plugin-host/worker/main"))

/** Law Ruler, packed like anybody's plugin. */
const builtIn = Effect.fnUntraced(function* (folder: string) {
  const made = join(folder, "law-ruler.made.mjs")
  yield* bundle(fileURLToPath(import.meta.resolve("@casewire/lawruler-plugin")), made)
  const files = makePackage(readFileSync(made), lawRuler.manifest)
  rmSync(made)
  const { digest, manifest } = yield* Effect.fromResult(checkPackage(files, anySignature))
  const place = join(folder, manifest.id, digest)
  if (!existsSync(place)) {
    // Under another name until it is whole.
    const making = `${place}.making`
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making, { recursive: true, mode: 0o700 })
    for (const [name, bytes] of files) writeFileSync(join(making, name), bytes, { mode: 0o400 })
    chmodSync(making, 0o500)
    renameSync(making, place)
  }
  return {
    manifest,
    folder: place,
    entry: join(place, codeFile),
    digest,
    origin: { kind: "built-in", location: "@casewire/lawruler-plugin" }
  } satisfies PluginVersion
})

/**
 * Goes to a folder with nothing in it: whatever the working directory holds, a thread under the permission model may
 * read although nobody allowed it. Relative paths mean nothing from here on.
 */
export const leaveWorkingDirectory = (settings: Settings): void => {
  const empty = join(dataFolder(settings.data).folder, "plugins", "empty")
  mkdirSync(empty, { recursive: true, mode: 0o500 })
  process.chdir(empty)
}
