/**
 * The plugins of this host: the one that comes with it, and those that the operator named. Each runs in threads of its
 * own, from a private copy of its packed files; nothing of them runs in the host's own thread.
 */
import { RecentReceipts } from "@casewire/core/RecentReceipts"
import { bundle } from "@casewire/plugin-host/Bundle"
import { layer as layerEngine } from "@casewire/plugin-host/PluginEngine"
import { type HostedSource, layer as layerHosting } from "@casewire/plugin-host/PluginHosting"
import { PluginShelf } from "@casewire/plugin-host/PluginShelf"
import { Effect, Layer } from "effect"
import { mkdirSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { dataFolder, type Settings, signaturePolicy } from "./Settings.ts"

/** The folder of the package, whose package.json names its module. */
const lawRuler: HostedSource = {
  source: {
    kind: "built-in",
    location: join(dirname(fileURLToPath(import.meta.resolve("@casewire/lawruler-plugin"))), "..")
  }
}

/** Before the host leaves it: what the operator wrote is relative to where the command was given. */
const startedIn = process.cwd()

/** `folder:path`, `file:path` or `npm:name`, as the settings have it. */
const placed = (place: string): HostedSource => {
  const [kind, ...rest] = place.split(":")
  const location = rest.join(":")
  return kind === "npm"
    ? { source: { kind, location, from: startedIn } }
    : { source: { kind: kind === "file" ? kind : "folder", location: resolve(startedIn, location) } }
}

/** `Plugins` for the work, `PluginHost` for the operator, `PluginShelf` for what is kept. */
export const layerPlugins = (settings: Settings) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const folder = pluginFolder(settings)
      const bootstrap = join(folder, "thread.mjs")
      yield* bundle(threadProgram, bootstrap)
      return layerHosting({ sources: [lawRuler, ...settings.plugins.map(placed)] }).pipe(
        Layer.provideMerge(layerShelf(settings)),
        Layer.provideMerge(layerEngine(bootstrap)),
        Layer.provide(RecentReceipts.layer)
      )
    }).pipe(Effect.orDie)
  )

const layerShelf = (settings: Settings) =>
  PluginShelf.layer({
    home: join(pluginFolder(settings), "kept"),
    signatures: signaturePolicy(settings)
  })

const threadProgram = fileURLToPath(import.meta.resolve("@casewire/plugin-host/worker/main"))

const pluginFolder = (settings: Settings): string => {
  const folder = join(dataFolder(settings.data).folder, "plugins")
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/**
 * Goes to a folder with nothing in it: whatever the working directory holds, a thread under the permission model may
 * read although nobody allowed it. Relative paths mean nothing from here on.
 */
export const leaveWorkingDirectory = (settings: Settings): void => {
  const empty = join(pluginFolder(settings), "empty")
  mkdirSync(empty, { recursive: true, mode: 0o500 })
  process.chdir(empty)
}
