/**
 * Seals what must not be readable in the database file: AES-256-GCM under one random key per firm, each firm's key
 * wrapped by the operator's key (KEK).
 *
 * The additional data names firm, owner of the row, field and key version, so a value that is copied to another row,
 * field or firm does not open. Firm keys are kept unwrapped in memory; deleting a firm's key erases its data for good.
 */
import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync, randomBytes } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Database as Connection, Statement } from "better-sqlite3"
import { StorageFailure } from "./StorageFailure.ts"

export interface Kek {
  readonly id: string
  readonly key: Uint8Array
}

/** A KEK's default name: tells keys apart and says nothing about them. */
export const kekIdOf = (key: Uint8Array): string =>
  createHash("sha256").update("casewire kek id").update(key).digest("hex").slice(0, 16)

const format = 1
const headerSize = 3
const nonceSize = 12
const tagSize = 16

interface FirmKey {
  readonly version: number
  readonly key: KeyObject
}

export class Vault {
  readonly #kek: Kek
  readonly #keys = new Map<string, FirmKey>()
  /** Firms whose key was made in the open transaction: forgotten if it rolls back. */
  readonly #fresh = new Set<string>()
  readonly #find: Statement<[string]>
  readonly #insert: Statement<[string, number, string, Buffer]>
  /** Random bytes are drawn in bulk: one call to the system serves 256 nonces. */
  #nonces = Buffer.alloc(0)
  #nonceAt = 0

  constructor(connection: Connection, kek: Kek) {
    this.#kek = kek
    this.#find = connection.prepare(
      "select version, kek_id, wrapped from firm_keys where firm_id = ? order by version desc limit 1"
    )
    this.#insert = connection.prepare("insert into firm_keys (firm_id, version, kek_id, wrapped) values (?, ?, ?, ?)")
  }

  /** Format 1: format (1), key version (2), nonce (12), cipher text, tag (16). */
  seal(firmId: string, owner: string, field: string, text: string): Buffer {
    const { key, version } = this.#keyOf(firmId)
    const nonce = this.#nonce()
    const cipher = createCipheriv("aes-256-gcm", key, nonce)
    cipher.setAAD(additional(firmId, owner, field, version))
    const body = cipher.update(text, "utf8")
    cipher.final()
    const sealed = Buffer.allocUnsafe(headerSize + nonceSize + body.length + tagSize)
    sealed[0] = format
    sealed.writeUInt16BE(version, 1)
    sealed.set(nonce, headerSize)
    sealed.set(body, headerSize + nonceSize)
    sealed.set(cipher.getAuthTag(), headerSize + nonceSize + body.length)
    return sealed
  }

  open(firmId: string, owner: string, field: string, sealed: Buffer): string {
    try {
      if (sealed[0] !== format) throw new Error("unknown format")
      const version = sealed.readUInt16BE(1)
      const { key } = this.#keyOf(firmId, version)
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(headerSize, headerSize + nonceSize))
      decipher.setAAD(additional(firmId, owner, field, version))
      decipher.setAuthTag(sealed.subarray(sealed.length - tagSize))
      const text = decipher.update(sealed.subarray(headerSize + nonceSize, sealed.length - tagSize), undefined, "utf8")
      return text + decipher.final("utf8")
    } catch (cause) {
      throw new StorageFailure("sealed-value", `${field} of ${owner} does not open for firm ${firmId}`, { cause })
    }
  }

  /** A key of its own for one file, so that its chunks may count their nonces. */
  fileKey(firmId: string, salt: Uint8Array, info: string, version?: number): { version: number; key: Buffer } {
    const own = this.#keyOf(firmId, version)
    return { version: own.version, key: Buffer.from(hkdfSync("sha256", own.key, salt, info, 32)) }
  }

  /** Makes the firm's key if there is none; inside a transaction only. */
  ensureKey(firmId: string): void {
    this.#keyOf(firmId)
  }

  committed(): void {
    this.#fresh.clear()
  }

  rolledBack(): void {
    for (const firmId of this.#fresh) this.#keys.delete(firmId)
    this.#fresh.clear()
  }

  #keyOf(firmId: string, version?: number): FirmKey {
    const known = this.#keys.get(firmId)
    if (known !== undefined && (version === undefined || version === known.version)) return known
    const row = this.#find.get(firmId) as { version: number; kek_id: string; wrapped: Buffer } | undefined
    if (row === undefined) {
      // A value that is sealed already has a key; one that is not found must not be made up.
      if (version !== undefined) throw new Error("no key")
      return this.#make(firmId)
    }
    const firmKey = { version: row.version, key: createSecretKey(unwrap(this.#kek, firmId, row.version, row.wrapped)) }
    if (version !== undefined && version !== firmKey.version) throw new Error("unknown key version")
    this.#keys.set(firmId, firmKey)
    return firmKey
  }

  #make(firmId: string): FirmKey {
    const key = randomBytes(32)
    const made = { version: 1, key: createSecretKey(key) }
    this.#insert.run(firmId, made.version, this.#kek.id, wrap(this.#kek, firmId, made.version, key))
    this.#keys.set(firmId, made)
    this.#fresh.add(firmId)
    return made
  }

  #nonce(): Buffer {
    if (this.#nonceAt >= this.#nonces.length) {
      this.#nonces = randomBytes(nonceSize * 256)
      this.#nonceAt = 0
    }
    const nonce = this.#nonces.subarray(this.#nonceAt, this.#nonceAt + nonceSize)
    this.#nonceAt += nonceSize
    return nonce
  }
}

const additional = (firmId: string, owner: string, field: string, version: number): Buffer =>
  Buffer.from(`${firmId}\u0000${owner}\u0000${field}\u0000${version}`)

/** Wraps a firm's key: nonce (12), cipher text (32), tag (16). The additional data names KEK, firm and version. */
export const wrap = (kek: Kek, firmId: string, version: number, key: Uint8Array): Buffer => {
  const nonce = randomBytes(nonceSize)
  const cipher = createCipheriv("aes-256-gcm", kek.key, nonce)
  cipher.setAAD(additional(firmId, kek.id, "firm key", version))
  const body = cipher.update(key)
  cipher.final()
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/** Throws if the KEK is another one, or the row was moved to another firm. */
export const unwrap = (kek: Kek, firmId: string, version: number, wrapped: Buffer): Buffer => {
  const decipher = createDecipheriv("aes-256-gcm", kek.key, wrapped.subarray(0, nonceSize))
  decipher.setAAD(additional(firmId, kek.id, "firm key", version))
  decipher.setAuthTag(wrapped.subarray(wrapped.length - tagSize))
  const key = decipher.update(wrapped.subarray(nonceSize, wrapped.length - tagSize))
  return Buffer.concat([key, decipher.final()])
}
