/**
 * Where the files of kept versions lie: one folder each, named by the digest, readable by this user and written by
 * nobody. A copy is written beside its place, read back and checked as if it came from anywhere, and only then moved
 * there; before a version is started its copy is checked again. So what runs is what was checked.
 */
import type { PluginDigest, PluginOrigin } from "@casewire/core/domain/PluginSwap"
import { PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { Effect, Result } from "effect"
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { chmod, mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { dirname, join, relative, sep } from "node:path"
import { nameFault, type PackageLimits, packageLimits } from "./PackageArchive.ts"
import type { SignaturePolicy } from "./PackageSignature.ts"
import { type CheckedPackage, checkPackage, codeFile } from "./PluginPackage.ts"
import type { PluginVersion } from "./PluginVersion.ts"

/** Every file below a folder, whole. Links and devices are refused, and so is more than a package may hold. */
export const readFolder = Effect.fn("PrivateCopy.readFolder")(function* (
  folder: string,
  limits: PackageLimits = packageLimits
): Effect.fn.Return<ReadonlyMap<string, Uint8Array>, PluginRejected> {
  const result = yield* Effect.promise(async () => {
    const files = new Map<string, Uint8Array>()
    let left = limits.bytes
    try {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isDirectory()) continue
        const path = join(entry.parentPath, entry.name)
        const name = relative(folder, path).split(sep).join("/")
        const fault = nameFault(name)
        if (fault !== undefined) return rejected("name-unsafe", fault)
        if (!entry.isFile()) return rejected("link-refused", `"${name}" is no plain file.`)
        if (files.size === limits.files)
          return rejected("too-many-files", `The folder holds more than ${limits.files} files.`)
        const bytes = await readPlain(path, left)
        if (bytes === undefined)
          return rejected("unpacked-too-large", `The files take more than ${limits.bytes} bytes together.`)
        left -= bytes.length
        files.set(name, bytes)
      }
      return files
    } catch {
      return rejected("file-missing", "The plugin's folder cannot be read.")
    }
  })
  return result instanceof PluginRejected ? yield* result : result
})

/** Fails on a link that was put in a file's place, and does not wait at a pipe. */
const readPlainly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** A file's bytes; nothing where there are more. Whatever is looked at is looked at through the one opened file. */
const readPlain = async (path: string, limit: number): Promise<Uint8Array | undefined> => {
  const file = await open(path, readPlainly)
  try {
    const before = await file.stat()
    if (!before.isFile()) throw new Error("no plain file")
    if (before.size > limit) return undefined
    const bytes = new Uint8Array(await file.readFile())
    return bytes.length > limit ? undefined : bytes
  } finally {
    await file.close()
  }
}

export interface Copies {
  /** Writes a copy where there is no good one, and answers the version that can be started from it. */
  readonly put: (checked: CheckedPackage, origin: PluginOrigin) => Effect.Effect<PluginVersion, PluginRejected>
  /** The version of a copy that was put earlier; refused where its files are not what the digest says. */
  readonly get: (
    digest: PluginDigest,
    origin: PluginOrigin,
    policy: SignaturePolicy
  ) => Effect.Effect<PluginVersion, PluginRejected>
  readonly remove: (digest: PluginDigest) => Effect.Effect<void>
  /** Takes away what a process that died left half written. Nobody may be writing meanwhile. */
  readonly sweep: Effect.Effect<void>
}

const unfinished = ".new-"

/** Copies below `home`, which is made where it is missing. */
export const copiesIn = (home: string): Copies => {
  const folderOf = (digest: PluginDigest) => join(home, digest)

  const check = Effect.fnUntraced(function* (folder: string, digest: PluginDigest, policy: SignaturePolicy) {
    const checked = yield* Effect.fromResult(checkPackage(yield* readFolder(folder), policy))
    return checked.digest === digest
      ? checked
      : yield* rejected("digest-wrong", "The copy of the plugin holds other files than it was made of.")
  })

  const versionOf = ({ digest, manifest }: CheckedPackage, origin: PluginOrigin): PluginVersion => ({
    manifest,
    folder: folderOf(digest),
    entry: join(folderOf(digest), codeFile),
    digest,
    origin
  })

  const write = (checked: CheckedPackage) =>
    Effect.gen(function* () {
      const { digest, files } = checked
      const beside = join(home, `${unfinished}${randomBytes(8).toString("hex")}`)
      yield* Effect.promise(() => writeFiles(beside, files))
      yield* Effect.onExit(check(beside, digest, unsigned), (exit) =>
        exit._tag === "Failure" ? Effect.promise(() => removeFolder(beside)) : Effect.void
      )
      yield* Effect.promise(async () => {
        await removeFolder(folderOf(digest))
        await rename(beside, folderOf(digest))
      })
    })

  return {
    put: Effect.fn("PrivateCopy.put")(function* (checked, origin) {
      const known = yield* Effect.result(check(folderOf(checked.digest), checked.digest, unsigned))
      // The same code signed by somebody else, or signed at last, is worth writing again.
      const isSame = Result.isSuccess(known) && known.success.signer?.publicKey === checked.signer?.publicKey
      if (!isSame) yield* write(checked)
      return versionOf(checked, origin)
    }),
    get: Effect.fn("PrivateCopy.get")(function* (digest, origin, policy) {
      return versionOf(yield* check(folderOf(digest), digest, policy), origin)
    }),
    remove: (digest) => Effect.promise(() => removeFolder(folderOf(digest))),
    sweep: Effect.promise(async () => {
      const names = await readdir(home).catch(() => [])
      for (const name of names) if (name.startsWith(unfinished)) await removeFolder(join(home, name))
    })
  }
}

/** Whether it must be signed is judged where it comes in and where it is started. */
const unsigned: SignaturePolicy = { isRequired: false, trusted: [] }

const writeFiles = async (folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [name, bytes] of files) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, "wx", 0o400)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await chmod(folder, 0o500)
}

const removeFolder = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700).catch(() => {})
  await rm(folder, { recursive: true, force: true })
}
