/**
 * What can go wrong with the store itself.
 *
 * At boot these are typed, because the host maps each to an exit code. Afterwards a failure of the store is a defect
 * of class `StorageFailure`: the HTTP edge finds it in the cause and answers 503, the worker counts an attempt.
 */
import { Schema } from "effect"

/** Settings or surroundings in which this store must not run: the host stops with exit code 78. */
export class StoreUnfit extends Schema.TaggedError<StoreUnfit>()("StoreUnfit", {
  setting: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `the store is not fit to run: ${this.setting} must be ${this.expected}, found ${this.found}`
  }
}

/** Another process holds the file: exit code 75. */
export class StoreOwned extends Schema.TaggedError<StoreOwned>()("StoreOwned", {
  file: Schema.String,
  /** Zero where the owner did not say. */
  pid: Schema.Int
}) {
  override get message(): string {
    return `the store ${this.file} belongs to process ${this.pid}; stop it first`
  }
}

/** The operator's key is not the one this store was sealed with: exit code 78. */
export class StoreLocked extends Schema.TaggedError<StoreLocked>()("StoreLocked", { kekId: Schema.String }) {
  override get message(): string {
    return "key does not open this store"
  }
}

/** SQLite's own code (`SQLITE_FULL`, `SQLITE_BUSY`, `SQLITE_IOERR_...`), or one of ours below. */
export type StorageCode = "overloaded" | "sealed-value" | "undecodable" | "misuse" | (string & {})

export class StorageFailure extends Error {
  readonly _tag = "StorageFailure"
  override readonly name = "StorageFailure"
  readonly code: StorageCode

  constructor(code: StorageCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /** After an I/O error nobody knows what is on disk: the process must end (exit code 74) and recover at start. */
  get isFatal(): boolean {
    return this.code.startsWith("SQLITE_IOERR") || this.code.startsWith("SQLITE_CORRUPT")
  }

  /** Takes anything thrown by the driver or the file system; keeps codes, drops bound values. */
  static from(thrown: unknown): StorageFailure {
    if (thrown instanceof StorageFailure) return thrown
    const code =
      typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string"
        ? thrown.code
        : "unknown"
    return new StorageFailure(code, thrown instanceof Error ? thrown.message : "the store failed", { cause: thrown })
  }
}
