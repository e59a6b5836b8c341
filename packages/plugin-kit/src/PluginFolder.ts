/**
 * The package of a plugin as its `package.json` describes it, under "casewire": where the plugin's module is, where its
 * sandbox's is, and which laws are skipped for which reason. What is wrong with it is one sentence.
 */
import { crmLaws } from "@casewire/contract-kit/CrmLaws"
import type { SandboxPackage } from "@casewire/contract-kit/RunningSandbox"
import { contractVersion, type CrmPlugin } from "@casewire/core/CrmPlugin"
import { Effect, Option, Schema } from "effect"
import { readFileSync, statSync } from "node:fs"
import { isAbsolute, join, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** The package cannot be used; the message names the file and what to do. */
export class FolderRefused extends Schema.TaggedError<FolderRefused>()("FolderRefused", {
  message: Schema.String
}) {}

const Described = Schema.Struct({
  casewire: Schema.Struct({
    plugin: Schema.NonEmptyString,
    sandbox: Schema.NonEmptyString,
    skip: Schema.optionalKey(Schema.Array(Schema.Struct({ law: Schema.String, reason: Schema.String })))
  })
})

export interface SkippedLaw {
  readonly law: string
  readonly reason: string
}

export interface PluginFolder {
  readonly folder: string
  /** Absolute files. */
  readonly plugin: string
  readonly sandbox: string
  readonly skip: ReadonlyArray<SkippedLaw>
}

/** Reads and checks the description; loads nothing. */
export const readFolder = Effect.fn("PluginFolder.read")(function* (path: string) {
  const folder = resolve(path)
  const file = join(folder, "package.json")
  const refuse = (message: string) => new FolderRefused({ message })
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => refuse(`${file} cannot be read (${codeOf(cause)}); is "${path}" the folder of a plugin?`)
  })
  const described = Schema.decodeUnknownOption(Schema.fromJsonString(Described))(text)
  if (Option.isNone(described))
    return yield* refuse(
      `${file} has no usable "casewire" section: { "plugin": "src/index.ts", "sandbox": "sandbox/index.ts", "skip": [] }`
    )
  const { plugin, sandbox, skip = [] } = described.value.casewire
  for (const entry of [plugin, sandbox]) {
    const inner = relative(folder, join(folder, entry))
    if (isAbsolute(entry) || inner.startsWith(".."))
      return yield* refuse(`${file}: "${entry}" leads out of the package`)
    if (!isFile(join(folder, entry))) return yield* refuse(`${file} names ${entry}, which is not there`)
  }
  for (const { law, reason } of skip) {
    if (!crmLaws.some(({ title }) => title === law)) return yield* refuse(`${file} skips "${law}", which is no law`)
    if (reason.trim().length < 10)
      return yield* refuse(`${file} skips "${law}" without a reason; write why the law does not fit this CRM`)
  }
  return { folder, plugin: join(folder, plugin), sandbox: join(folder, sandbox), skip } satisfies PluginFolder
})

/** Loads both modules. What they throw, and what they are instead of a plugin, is said in one sentence. */
export const loadFolder = Effect.fn("PluginFolder.load")(function* ({ plugin, sandbox }: PluginFolder) {
  const loadedPlugin = yield* loadDefault(plugin)
  if (!isPlugin(loadedPlugin))
    return yield* new FolderRefused({ message: `${plugin} has no plugin as its default export (see definePlugin)` })
  const { contract, id } = loadedPlugin.manifest
  if (contract !== contractVersion)
    return yield* new FolderRefused({
      message: `"${id}" is written for contract ${contract}; this kit knows contract ${contractVersion}`
    })
  return { plugin: loadedPlugin, sandbox: yield* loadSandbox({ sandbox }) }
})

/** The sandbox alone. */
export const loadSandbox = Effect.fn("PluginFolder.loadSandbox")(function* ({
  sandbox
}: Pick<PluginFolder, "sandbox">) {
  const loaded = yield* loadDefault(sandbox)
  return isSandbox(loaded)
    ? loaded
    : yield* new FolderRefused({ message: `${sandbox} has no sandbox as its default export (see defineSandbox)` })
})

const loadDefault = (file: string) =>
  Effect.tryPromise({
    try: async () => ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default,
    catch: (cause) => new FolderRefused({ message: `${file} cannot be loaded: ${messageOf(cause)}` })
  })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** A plugin's own copy of core may have made it, so it is known by its shape. */
const isPlugin = (value: unknown): value is CrmPlugin =>
  isRecord(value) &&
  typeof value["crm"] === "function" &&
  isRecord(value["manifest"]) &&
  "capabilities" in value["manifest"]

const isSandbox = (value: unknown): value is SandboxPackage => isRecord(value) && typeof value["start"] === "function"

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const codeOf = (cause: unknown): string => (isRecord(cause) && "code" in cause ? String(cause["code"]) : "unknown")

export const messageOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n", 3).join(" ")
