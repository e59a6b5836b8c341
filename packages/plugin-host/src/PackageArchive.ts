/**
 * The one file that a packed plugin is: a ZIP archive of plain files, uncompressed, in the order of their names and
 * without times, so that the same files are always the same bytes and any archiver can look into it.
 *
 * Reading takes only what writing makes. Whatever is unsafe is refused by its own name; whatever else differs (hidden
 * bytes, a second directory, comments, compression) is refused because the files written again are other bytes.
 */
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { Effect, Result } from "effect"
import { zipSync } from "fflate"
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl"

export interface PackageLimits {
  readonly files: number
  /** Of one file, of all files, and of the archive. */
  readonly bytes: number
  /** Of the text that says what is in the package, and of the manifest. */
  readonly textBytes: number
}

export const packageLimits: PackageLimits = { files: 64, bytes: 16 * 1024 * 1024, textBytes: 1024 * 1024 }

/** The archive of these files. Names must be plain (`nameFault`). */
export const writeArchive = (files: ReadonlyMap<string, Uint8Array>): Uint8Array =>
  zipSync(
    Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, bytes])),
    // Archives hold local times: this one is the same text in every time zone.
    { level: 0, mtime: new Date(1980, 0, 1) }
  )

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** What is wrong with a file's name in a package, where anything is. */
export const nameFault = (name: string): string | undefined => {
  const segments = name.split("/")
  return segments.length <= 8 &&
    segments.every((part) => segment.test(part) && !reserved.test(part) && !part.endsWith("."))
    ? undefined
    : `The file name ${JSON.stringify(name.slice(0, 100))} is not a plain relative path.`
}

/** Two names that are one file where letters have no case. */
export const sameName = (names: Iterable<string>): string | undefined => {
  const seen = new Set<string>()
  for (const name of names) {
    const folded = name.toLowerCase()
    if (seen.has(folded)) return name
    seen.add(folded)
  }
  return undefined
}

/** The files of an archive by name. */
export const readArchive = Effect.fn("PackageArchive.read")(function* (
  bytes: Uint8Array,
  limits: PackageLimits = packageLimits
): Effect.fn.Return<ReadonlyMap<string, Uint8Array>, PluginRejected> {
  if (bytes.length > limits.bytes)
    return yield* rejected("file-too-large", `The file has ${bytes.length} bytes; at most ${limits.bytes} are taken.`)
  return yield* Effect.flatMap(
    Effect.promise(() => read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), limits)),
    Effect.fromResult
  )
})

type Read = Result.Result<ReadonlyMap<string, Uint8Array>, PluginRejected>

const read = async (bytes: Buffer, limits: PackageLimits): Promise<Read> => {
  try {
    const zip = await fromBufferPromise(bytes, { lazyEntries: true, strictFileNames: true, validateEntrySizes: true })
    if (zip.entryCount > limits.files)
      return Result.fail(rejected("too-many-files", `The file says that it holds ${zip.entryCount} files.`))
    const files = new Map<string, Uint8Array>()
    let left = limits.bytes
    for await (const entry of zip.eachEntry()) {
      const fault = faultOf(entry, files, left, limits)
      if (fault !== undefined) return Result.fail(fault)
      left -= entry.uncompressedSize
      files.set(entry.fileName, await bytesOf(zip, entry))
    }
    const name = sameName(files.keys())
    if (name !== undefined) return Result.fail(rejected("file-repeated", `The file "${name}" is there twice.`))
    return bytes.equals(writeArchive(files))
      ? Result.succeed(files)
      : Result.fail(rejected("not-a-package", "The file holds more than the plugin's files, or holds them otherwise."))
  } catch (cause) {
    // The library's own words name offsets and, of names, their first characters.
    const message = cause instanceof Error ? cause.message : ""
    return Result.fail(
      /file ?name|path|relative/i.test(message)
        ? rejected("name-unsafe", "A file's name in the archive is not a plain relative path.")
        : rejected("not-a-package", "The file is no whole archive.")
    )
  }
}

const faultOf = (
  entry: Entry,
  files: ReadonlyMap<string, Uint8Array>,
  left: number,
  limits: PackageLimits
): PluginRejected | undefined => {
  const { compressionMethod, externalFileAttributes, fileName, uncompressedSize, versionMadeBy } = entry
  if (files.size === limits.files) return rejected("too-many-files", `The file holds more than ${limits.files} files.`)
  const fault = nameFault(fileName)
  if (fault !== undefined) return rejected("name-unsafe", fault)
  if (files.has(fileName)) return rejected("file-repeated", `The file "${fileName}" is there twice.`)
  // Made on Unix, the upper half says what kind of file it is.
  const kind = versionMadeBy >>> 8 === 3 ? (externalFileAttributes >>> 28) & 0xf : 0
  if (kind !== 0 && kind !== 8) return rejected("link-refused", `"${fileName}" is no plain file.`)
  if (uncompressedSize > left)
    return rejected("unpacked-too-large", `The files take more than ${limits.bytes} bytes together.`)
  return compressionMethod === 0 && !entry.isEncrypted()
    ? undefined
    : rejected("not-a-package", `"${fileName}" is compressed or encrypted.`)
}

const bytesOf = async (zip: ZipFile, entry: Entry): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
