/** A throw-away store in a folder of its own, gone after the test; samples that need no other package. */
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Redacted } from "effect"
import type { Scope } from "effect"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { JobId, Priority, type NewJob } from "@casewire/core/domain/Job"
import { ReceiptId, type Receipt } from "@casewire/core/domain/Receipt"
import type { SqliteOptions } from "../src/Sqlite.ts"

const makeFolder = (): { readonly folder: string; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-db-"))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

const optionsIn = (folder: string, key: Uint8Array = randomBytes(32)): SqliteOptions => ({
  file: join(folder, "casewire.db"),
  documents: join(folder, "documents"),
  kek: Redacted.make(key)
})

export const tempOptions: Effect.Effect<SqliteOptions, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(Effect.sync(makeFolder), ({ remove }) => Effect.sync(remove)),
  ({ folder }) => optionsIn(folder)
)

export const firmId = FirmId.make("firm-1")
export const connectionId = ConnectionId.make("connection-1")

export const receipt = (id: string, change: Partial<Receipt> = {}): Receipt => ({
  id: ReceiptId.make(id),
  firmId,
  connectionId,
  receivedAt: 1,
  receiveNumber: 0,
  mediaType: "application/json",
  body: `{"Lead ID":"42","First Name":"Rosalind"}`,
  query: [],
  headerNames: ["content-type"],
  disposition: { _tag: "Accepted" },
  errors: [],
  warnings: [],
  externalCaseId: "42",
  replayedAt: null,
  ...change
})

export const job = (id: string, change: Partial<NewJob> = {}): NewJob => ({
  id: JobId.make(id),
  firmId,
  connectionId,
  key: "42",
  lane: "state",
  priority: Priority.read,
  work: { _tag: "ApplyReceipt", receiptId: id },
  ...change
})
