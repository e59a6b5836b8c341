/** The process in which a plugin and its sandbox are loaded and the laws are run; started by `SuiteProcess` alone. */
import { Effect } from "effect"
import { connectTo } from "./Connect.ts"
import { loadFolder, messageOf, readFolder } from "./PluginFolder.ts"
import { planOf, runSuite } from "./Suite.ts"
import type { SuiteMessage } from "./SuiteMessage.ts"

const [, , folder = "", matching = "", lawMs = ""] = process.argv

const tell = (message: SuiteMessage) => process.send?.(message)

/** The last message must be away before the process ends; it ends although a plugin left something open. */
const end = (message: SuiteMessage) => process.send?.(message, undefined, undefined, () => process.exit(0))

setInterval(() => tell({ _tag: "Beat" }), 500).unref()

const program = Effect.gen(function* () {
  const described = yield* readFolder(folder)
  const { plugin, sandbox } = yield* loadFolder(described)
  const { id, name, version } = plugin.manifest
  const { laws, missing, skipped } = planOf(plugin.manifest, described.skip, matching)
  const titles = laws.map(({ title }) => title)
  tell({ _tag: "Planned", plan: { plugin: { id, name, version }, laws: titles, missing, skipped } })
  yield* runSuite({
    plugin,
    laws,
    limitMs: Number(lawMs),
    connect: connectTo(plugin, sandbox),
    began: (law) => tell({ _tag: "Began", law }),
    ended: (verdict) => tell({ _tag: "Ended", verdict })
  })
})

process.on("disconnect", () => process.exit(1))
Effect.runPromise(program).then(
  () => end({ _tag: "Done" }),
  (cause: unknown) => end({ _tag: "Refused", message: messageOf(cause) })
)
