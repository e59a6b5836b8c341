/**
 * For development: a plugin's folder, read again when something in it is saved, and swapped in when that made another
 * version. What is broken leaves the version before serving, and the log says why; the next save is the next try.
 *
 * Saves that come while one is being taken are taken together afterwards, so the last one is what serves in the end.
 */
import { PluginHost } from "@casewire/core/ports/PluginHost"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { pluginDiff } from "@casewire/core/PluginDiff"
import { Cause, Effect, Option, Queue, Stream } from "effect"
import { type FSWatcher, watch } from "node:fs"
import { sep } from "node:path"
import { PluginEngine } from "./PluginEngine.ts"
import { shadowKey } from "./SwapRun.ts"

/** Editors write a file in several steps. */
const settleMs = 30

/** Watches until the scope closes. `folders`: the plugin's own, and those of what it is made of. */
export const watchFolders = Effect.fn("FolderWatch.watch")(function* (
  pluginId: string,
  folders: ReadonlyArray<string>
) {
  const host = yield* PluginHost
  const engine = yield* PluginEngine
  const store = yield* PluginStore
  // One waiting save is enough: whoever takes it reads everything.
  const saves = yield* Queue.sliding<void>(1)
  yield* Effect.forEach(folders, (folder) => watched(folder, () => void Queue.offerUnsafe(saves, undefined)))

  const take = Effect.gen(function* () {
    const kept = yield* host.reread(pluginId, "watch")
    const serving = engine.pins(pluginId).find(({ target }) => target._tag === "Everyone")?.digest
    if (serving === kept.digest) return
    const before = serving === undefined ? Option.none() : yield* store.version(pluginId, serving)
    // Whoever develops a plugin is the person who would have to confirm it.
    const diff = pluginDiff(Option.isSome(before) ? before.value.manifest : null, kept.manifest)
    const confirmed = [...diff.map(({ key }) => key), shadowKey]
    const request = { pluginId, version: kept.digest, by: "watch", reason: "a file was saved", share: [], confirmed }
    yield* Stream.runDrain(host.swap(request))
    yield* Effect.logInfo(`${pluginId}: serves what was saved`)
  }).pipe(Effect.catchCause((cause) => Effect.logWarning(`${pluginId}: what was saved does not serve: ${why(cause)}`)))

  yield* Effect.forkScoped(
    Effect.gen(function* () {
      for (;;) {
        yield* Queue.take(saves)
        yield* Effect.sleep(settleMs)
        yield* Queue.clear(saves)
        yield* take
      }
    })
  )
})

const watched = (folder: string, onSave: () => void) =>
  Effect.acquireRelease(
    Effect.sync((): FSWatcher | undefined => {
      try {
        const watcher = watch(folder, { recursive: true }, (_, name) => {
          const parts = name?.split(sep) ?? []
          if (!parts.some((part) => part === "node_modules" || part === "dist" || part.startsWith("."))) onSave()
        })
        // A folder that goes away ends its watch; what was read of it serves on.
        watcher.on("error", () => watcher.close())
        return watcher
      } catch {
        return undefined
      }
    }),
    (watcher) => Effect.sync(() => watcher?.close())
  )

const why = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error ? failure.message : "unknown"
}
