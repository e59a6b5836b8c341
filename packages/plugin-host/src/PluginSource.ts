/**
 * Where versions of plugins come from: a folder, a packed file, or a package that is installed already. Each is read
 * once, into memory; what is checked is what was read. A folder that is not packed is bundled first, as packing does it.
 */
import type { PluginOrigin } from "@casewire/core/domain/PluginSwap"
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { Effect, Option, Schema } from "effect"
import type { KeyObject } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, open, readFile, realpath, rm, stat } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { bundle } from "./Bundle.ts"
import { manifestOf } from "./ManifestReader.ts"
import { packageLimits, readArchive, writeArchive } from "./PackageArchive.ts"
import { anySignature, type SignaturePolicy } from "./PackageSignature.ts"
import { type CheckedPackage, checkPackage, codeFile, indexFile, makePackage } from "./PluginPackage.ts"
import { readFolder } from "./PrivateCopy.ts"

/** `npm` is found from a folder as Node would find it there; `built-in` is a folder that came with the host. */
export interface PluginSource extends PluginOrigin {
  /** Where packages are looked for. */
  readonly from?: string
}

export const readSource = Effect.fn("PluginSource.read")(function* (
  source: PluginSource,
  policy: SignaturePolicy
): Effect.fn.Return<CheckedPackage, PluginRejected> {
  switch (source.kind) {
    case "file":
      return yield* checked(yield* readPacked(source.location), policy)
    case "folder":
      return yield* readPluginFolder(source.location, policy)
    case "npm":
      return yield* readPluginFolder(yield* packageFolder(source), policy)
    case "built-in":
      // It is the host's own code; whoever could change it could change the host.
      return yield* readPluginFolder(source.location, anySignature)
  }
})

const checked = (bytes: Uint8Array, policy: SignaturePolicy) =>
  Effect.flatMap(readArchive(bytes), (files) => Effect.fromResult(checkPackage(files, policy)))

/** A packed plugin that came as bytes. */
export const readBytes = checked

const missing = (what: string) => rejected("file-missing", `There is no ${what}.`)

const readPacked = (path: string): Effect.Effect<Uint8Array, PluginRejected> =>
  Effect.flatMap(
    Effect.promise(async () => {
      try {
        const file = await open(path, "r")
        try {
          const { size } = await file.stat()
          return size > packageLimits.bytes ? size : new Uint8Array(await file.readFile())
        } finally {
          await file.close()
        }
      } catch {
        return undefined
      }
    }),
    (read) =>
      read === undefined
        ? Effect.fail(missing(`packed plugin at ${path}`))
        : typeof read === "number"
          ? Effect.fail(
              rejected("file-too-large", `The file has ${read} bytes; at most ${packageLimits.bytes} are taken.`)
            )
          : Effect.succeed(read)
  )

const packageName = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/

const packageFolder = ({ from = process.cwd(), location }: PluginSource): Effect.Effect<string, PluginRejected> =>
  Effect.suspend(() => {
    const unknown = rejected("package-unknown", `The package "${location}" is not installed.`)
    if (!packageName.test(location)) return Effect.fail(unknown)
    try {
      const found = findPackageJSON(location, pathToFileURL(join(from, "index.js")))
      return found === undefined ? Effect.fail(unknown) : Effect.succeed(dirname(found))
    } catch {
      return Effect.fail(unknown)
    }
  })

/** Already packed, in the folder or in a file that it names; or a package's sources. */
const readPluginFolder = Effect.fnUntraced(function* (folder: string, policy: SignaturePolicy) {
  if (existsSync(join(folder, indexFile)))
    return yield* Effect.flatMap(readFolder(folder), (files) => Effect.fromResult(checkPackage(files, policy)))
  const { casewire } = yield* packageJson(folder)
  if (casewire?.packed !== undefined) return yield* checked(yield* readPacked(join(folder, casewire.packed)), policy)
  return yield* Effect.flatMap(packFolder(folder), (files) => Effect.fromResult(checkPackage(files, policy)))
})

const PackageJson = Schema.fromJsonString(
  Schema.Struct({
    exports: Schema.optionalKey(Schema.Unknown),
    casewire: Schema.optionalKey(
      Schema.Struct({
        /** The module that exports the plugin. */
        plugin: Schema.optionalKey(Schema.String),
        /** A file that `casewire plugin pack` wrote. */
        packed: Schema.optionalKey(Schema.String)
      })
    )
  })
)

const packageJson = (folder: string) =>
  Effect.promise(() => readFile(join(folder, "package.json"), "utf8").catch(() => "")).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(PackageJson)),
    Effect.mapError(() => missing(`package.json of a plugin in ${folder}`))
  )

/** Bundles a plugin's folder and asks it for its manifest; the same sources are always the same files. */
export const packFolder = Effect.fn("PluginSource.pack")(function* (
  given: string,
  key?: KeyObject
): Effect.fn.Return<ReadonlyMap<string, Uint8Array>, PluginRejected> {
  const folder = yield* Effect.promise(() => realpath(resolve(given)).catch(() => resolve(given)))
  const { casewire, exports } = yield* packageJson(folder)
  const main = casewire?.plugin ?? mainOf(exports)
  const entry = join(folder, main)
  const isThere = yield* Effect.promise(() =>
    stat(entry)
      .then((found) => found.isFile())
      .catch(() => false)
  )
  if (!isThere) return yield* missing(`module ${main} in ${folder}, which its package.json names`)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const work = yield* Effect.acquireRelease(
        Effect.promise(async () => realpath(await mkdtemp(join(tmpdir(), "casewire-pack-")))),
        (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
      )
      const file = join(work, codeFile)
      yield* bundle(entry, file).pipe(
        Effect.mapError(({ message }) => rejected("bundle-failed", `The plugin cannot be bundled: ${flat(message)}.`))
      )
      const code = new Uint8Array(yield* Effect.promise(() => readFile(file)))
      return makePackage(code, yield* manifestOf(file), key)
    })
  )
})

/** The packed file of a folder's plugin. */
export const packed = (folder: string, key?: KeyObject): Effect.Effect<Uint8Array, PluginRejected> =>
  Effect.map(packFolder(folder, key), writeArchive)

const Exports = Schema.Struct({ ".": Schema.String })

const mainOf = (exports: unknown): string =>
  typeof exports === "string"
    ? exports
    : Option.match(Schema.decodeUnknownOption(Exports)(exports), {
        onNone: () => "src/index.ts",
        onSome: ({ ".": main }) => main
      })

/** The bundler's words in one line, without the colours of a terminal. */
const flat = (message: string): string =>
  stripVTControlCharacters(message).replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 500)
