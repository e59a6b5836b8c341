/**
 * Documents on disk: sealed in chunks of 64 KiB, so that neither writing nor reading ever holds a whole one.
 *
 * Each file has a key of its own (from the firm's key and a random salt), so a chunk's nonce is its number. The
 * additional data names firm, document, chunk and whether it is the last: a file that is cut, reordered or swapped does
 * not open. A file appears under its name only when it is whole and flushed.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto"
import { open, rename, rm, type FileHandle } from "node:fs/promises"
import { dirname } from "node:path"
import { StorageFailure } from "./StorageFailure.ts"
import type { Vault } from "./Vault.ts"

export const chunkSize = 65_536
const tagSize = 16
const saltSize = 32
/** Format (1), key version (2), salt (32). */
const headerSize = 3 + saltSize
const format = 1

export interface DocumentKey {
  readonly firmId: string
  readonly id: string
}

/** Marks a file that is not whole yet; what a crash leaves of these is removed at boot. */
export const partSuffix = ".part"

export class SealedFileWriter {
  size = 0
  readonly #handle: FileHandle
  readonly #file: string
  readonly #document: DocumentKey
  readonly #key: Buffer
  readonly #digest = createHash("sha256")
  readonly #pending = Buffer.allocUnsafe(chunkSize)
  #pendingSize = 0
  #index = 0

  private constructor(handle: FileHandle, file: string, document: DocumentKey, key: Buffer) {
    this.#handle = handle
    this.#file = file
    this.#document = document
    this.#key = key
  }

  static async create(vault: Vault, document: DocumentKey, file: string): Promise<SealedFileWriter> {
    const salt = randomBytes(saltSize)
    const { key, version } = vault.fileKey(document.firmId, salt, document.id)
    const handle = await open(file + partSuffix, "wx", 0o600)
    const header = Buffer.alloc(headerSize)
    header[0] = format
    header.writeUInt16BE(version, 1)
    header.set(salt, 3)
    await handle.writeFile(header)
    return new SealedFileWriter(handle, file, document, key)
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.size += bytes.length
    this.#digest.update(bytes)
    let at = 0
    while (at < bytes.length) {
      // A full chunk waits until more comes: only then is it known not to be the last.
      if (this.#pendingSize === chunkSize) await this.#flush(false)
      const part = bytes.subarray(at, at + chunkSize - this.#pendingSize)
      this.#pending.set(part, this.#pendingSize)
      this.#pendingSize += part.length
      at += part.length
    }
  }

  /** Flushes file and folder; answers the SHA-256 of the bytes. */
  async finish(): Promise<string> {
    await this.#flush(true)
    await this.#handle.sync()
    await this.#handle.close()
    await rename(this.#file + partSuffix, this.#file)
    await syncFolder(dirname(this.#file))
    return this.#digest.digest("hex")
  }

  /** Removes whatever is there; for an upload that failed or was cut. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#file + partSuffix, { force: true })
    await rm(this.#file, { force: true })
  }

  async #flush(isLast: boolean): Promise<void> {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(this.#index))
    cipher.setAAD(additional(this.#document, this.#index, isLast))
    const body = cipher.update(this.#pending.subarray(0, this.#pendingSize))
    cipher.final()
    await this.#handle.appendFile(Buffer.concat([body, cipher.getAuthTag()]))
    this.#index++
    this.#pendingSize = 0
  }
}

export class SealedFileReader {
  readonly #handle: FileHandle
  readonly #document: DocumentKey
  readonly #key: Buffer
  readonly #fileSize: number
  #at = headerSize
  #index = 0

  private constructor(handle: FileHandle, document: DocumentKey, key: Buffer, fileSize: number) {
    this.#handle = handle
    this.#document = document
    this.#key = key
    this.#fileSize = fileSize
  }

  static async open(vault: Vault, document: DocumentKey, file: string): Promise<SealedFileReader> {
    const handle = await open(file, "r")
    try {
      const header = Buffer.alloc(headerSize)
      const { bytesRead } = await handle.read(header, 0, headerSize, 0)
      if (bytesRead !== headerSize || header[0] !== format) throw broken(document)
      const { key } = vault.fileKey(document.firmId, header.subarray(3), document.id, header.readUInt16BE(1))
      return new SealedFileReader(handle, document, key, (await handle.stat()).size)
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  /** The next chunk, or `undefined` after the last; never a byte that did not prove itself. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#at < 0) return undefined
    const sealed = Buffer.allocUnsafe(Math.min(chunkSize + tagSize, this.#fileSize - this.#at))
    const { bytesRead } = await this.#handle.read(sealed, 0, sealed.length, this.#at)
    const isLast = this.#at + sealed.length === this.#fileSize
    if (sealed.length < tagSize || bytesRead !== sealed.length) throw broken(this.#document)
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(this.#index))
    decipher.setAAD(additional(this.#document, this.#index, isLast))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagSize))
    const bytes = decipher.update(sealed.subarray(0, sealed.length - tagSize))
    try {
      decipher.final()
    } catch {
      throw broken(this.#document)
    }
    this.#index++
    this.#at = isLast ? -1 : this.#at + sealed.length
    return bytes
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

const broken = (document: DocumentKey): StorageFailure =>
  new StorageFailure("sealed-value", `document ${document.id} is cut or was changed`)

const nonceOf = (index: number): Buffer => {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 6, 6)
  return nonce
}

const additional = ({ firmId, id }: DocumentKey, index: number, isLast: boolean): Buffer =>
  Buffer.from(`${firmId}\u0000${id}\u0000${index}\u0000${isLast ? "last" : "more"}`)

/** A rename is durable only once its folder is flushed. Windows has no such call and needs none. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === "win32") return
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
