/**
 * Unpacks a ZIP archive only after its directory was judged: count, names, sizes and ratios. The parts that a workbook
 * reader needs are inflated here and packed again without compression, so what is read is exactly what was checked; two
 * ZIP readers can disagree about one file.
 */
import { crc32 } from "node:zlib"
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl"
import { Refusal } from "./Refusal.ts"
import type { SheetLimits } from "./SheetTable.ts"

export interface Archive {
  readonly names: ReadonlyArray<string>
  /** The XML parts by name. */
  readonly parts: ReadonlyMap<string, Buffer>
}

/** Small parts may be dense: a thousand equal bytes are no bomb. */
const ratioFrom = 100 * 1024

export const openArchive = async (bytes: Uint8Array, limits: SheetLimits): Promise<Archive> => {
  const zip = await refusing("archive", () =>
    fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      lazyEntries: true,
      decodeStrings: true,
      strictFileNames: true,
      validateEntrySizes: true
    })
  )
  if (zip.entryCount > limits.entries) throw new Refusal("entries")
  const entries = await readDirectory(zip, limits)
  const packed = entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0)
  const inflated = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
  if (inflated > limits.inflatedBytes) throw new Refusal("inflated-size")
  if (inflated > ratioFrom && inflated > packed * limits.ratio) throw new Refusal("ratio")
  const parts = new Map<string, Buffer>()
  for (const entry of entries) {
    if (/\.(?:xml|rels)$/i.test(entry.fileName)) parts.set(entry.fileName, await inflate(zip, entry))
  }
  return { names: entries.map(({ fileName }) => fileName), parts }
}

const readDirectory = async (zip: ZipFile, limits: SheetLimits): Promise<ReadonlyArray<Entry>> => {
  const entries: Array<Entry> = []
  const names = new Set<string>()
  const iterator = zip.eachEntry()
  for (;;) {
    const next = await refusing("archive", () => iterator.next())
    if (next.done === true) return entries
    const entry = next.value
    if (entries.length === limits.entries) throw new Refusal("entries")
    const name = entry.fileName.toLowerCase()
    if (names.has(name) || !/^[\x20-\x7e]+$/.test(name) || name.includes("__proto__")) throw new Refusal("entry-name")
    names.add(name)
    if (entry.isEncrypted()) throw new Refusal("encrypted")
    if (entry.uncompressedSize > limits.inflatedBytes) throw new Refusal("inflated-size")
    if (entry.uncompressedSize > ratioFrom && entry.uncompressedSize > entry.compressedSize * limits.ratio) {
      throw new Refusal("ratio")
    }
    entries.push(entry)
  }
}

/** The size that was declared is the size that is read: more or fewer bytes are an error of the stream. */
const inflate = async (zip: ZipFile, entry: Entry): Promise<Buffer> =>
  refusing("archive", async () => {
    const chunks: Array<Buffer> = []
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
    const part = Buffer.concat(chunks)
    if (crc32(part) !== entry.crc32) throw new Refusal("archive")
    return part
  })

const refusing = async <A>(code: "archive", run: () => Promise<A>): Promise<A> => {
  try {
    return await run()
  } catch (error) {
    if (error instanceof Refusal) throw error
    const isName = error instanceof Error && /file name|path|characters in fileName/i.test(error.message)
    throw new Refusal(isName ? "entry-name" : code)
  }
}

/** A ZIP archive of parts as they are, without compression. */
export const storedArchive = (parts: ReadonlyMap<string, Buffer>): ArrayBuffer => {
  const local: Array<Buffer> = []
  const directory: Array<Buffer> = []
  let offset = 0
  for (const [name, part] of parts) {
    const nameBytes = Buffer.from(name, "utf8")
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(0x0800, 2)
    shared.writeUInt32LE(crc32(part), 10)
    shared.writeUInt32LE(part.length, 14)
    shared.writeUInt32LE(part.length, 18)
    shared.writeUInt16LE(nameBytes.length, 22)
    local.push(Buffer.from("PK\u0003\u0004", "latin1"), shared, nameBytes, part)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from("PK\u0001\u0002\u0014\u0000", "latin1"), shared, tail, nameBytes)
    offset += 4 + shared.length + nameBytes.length + part.length
  }
  const directorySize = directory.reduce((sum, { length }) => sum + length, 0)
  const end = Buffer.alloc(22)
  end.write("PK\u0005\u0006", 0, "latin1")
  end.writeUInt16LE(parts.size, 8)
  end.writeUInt16LE(parts.size, 10)
  end.writeUInt32LE(directorySize, 12)
  end.writeUInt32LE(offset, 16)
  const whole = Buffer.concat([...local, ...directory, end])
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer
}
