/**
 * What changes in a plugin's folder. An editor's save is several events, so a change is told once the folder has been
 * quiet for a moment; a change while the one before is dealt with is told afterwards.
 */
import { Clock, Deferred, Effect, type Scope } from "effect"
import { watch } from "node:fs"
import { sep } from "node:path"

export interface FolderChange {
  /** Relative, with forward slashes. */
  readonly files: ReadonlyArray<string>
  /** When the first of them was seen. */
  readonly at: number
}

export interface FolderWatch {
  /** What changed since the last time; waits until something has. */
  readonly next: Effect.Effect<FolderChange>
}

const quietMs = 60
const ignored = /(?:^|\/)(?:node_modules|dist|\.git|\.casewire)(?:\/|$)|(?:^|\/)\.#|~$|\.sw[a-z]$/

export const watchFolder = Effect.fn("FolderWatch.watch")(function* (
  folder: string
): Effect.fn.Return<FolderWatch, never, Scope.Scope> {
  let changed = new Set<string>()
  let woken = yield* Deferred.make<void>()
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      watch(folder, { recursive: true }, (_, name) => {
        const file = name?.split(sep).join("/") ?? ""
        if (ignored.test(file)) return
        changed.add(file)
        Deferred.doneUnsafe(woken, Effect.void)
      })
    ),
    (watcher) => Effect.sync(() => watcher.close())
  )
  return {
    next: Effect.gen(function* () {
      yield* Deferred.await(woken)
      const at = yield* Clock.currentTimeMillis
      for (let before = -1; before !== changed.size; yield* Effect.sleep(quietMs)) before = changed.size
      const files = [...changed]
      changed = new Set()
      woken = yield* Deferred.make<void>()
      return { files, at }
    })
  }
})
