/**
 * A plugin that was just written has nothing installed. What it depends on and the kit has itself is lent to it, by a
 * link in its `node_modules`, so that it loads, type-checks and packs at once. An install replaces the links.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs"
import { dirname, join, parse } from "node:path"
import { Effect, Option, Schema } from "effect"
import { FolderRefused, messageOf } from "./PluginFolder.ts"

const lendable = ["@casewire/core", "@casewire/contract-kit", "effect"]

const Dependencies = Schema.fromJsonString(
  Schema.Struct({
    dependencies: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    devDependencies: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  })
)

/** Answers the names of what was lent now. */
export const lend = (folder: string): Effect.Effect<ReadonlyArray<string>, FolderRefused> =>
  Effect.try({
    try: () => linked(folder),
    catch: (cause) =>
      new FolderRefused({ message: `${folder} cannot be lent what is not installed: ${messageOf(cause)}` })
  })

const linked = (folder: string): ReadonlyArray<string> => {
  const { dependencies = {}, devDependencies = {} } = Option.getOrElse(
    Schema.decodeUnknownOption(Dependencies)(readFileSync(join(folder, "package.json"), "utf8")),
    () => ({ dependencies: {}, devDependencies: {} })
  )
  const needed = Object.keys({ ...dependencies, ...devDependencies })
  return lendable.filter((name) => {
    const own = installed(import.meta.dirname, name)
    if (own === undefined || !needed.includes(name) || installed(realpathSync(folder), name) !== undefined) return false
    const at = join(folder, "node_modules", name)
    mkdirSync(dirname(at), { recursive: true })
    // A junction on Windows, where a plain link needs rights that few have.
    symlinkSync(realpathSync(own), at, "junction")
    return true
  })
}

/** Where Node would find a package from this folder. */
const installed = (from: string, name: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name)
    if (existsSync(candidate)) return candidate
    if (folder === parse(folder).root) return undefined
  }
}
