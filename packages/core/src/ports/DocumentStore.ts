/**
 * Documents as streams of bytes under random ids. The name is data about a document and never a path; bytes are never
 * whole in memory. An upload that fails or is cut leaves nothing behind.
 */
import { Context, Effect, Option, Schema, Stream } from "effect"
import type { FirmId, Instant } from "../domain/Ids.ts"

export class DocumentTooLarge extends Schema.TaggedError<DocumentTooLarge>()("DocumentTooLarge", {
  limit: Schema.Int
}) {}
export class DocumentNotFound extends Schema.TaggedError<DocumentNotFound>()("DocumentNotFound", {
  documentId: Schema.String
}) {}

export interface StoredDocument {
  readonly id: string
  readonly firmId: FirmId
  readonly name: string
  readonly contentType: string
  readonly size: number
  /** Lower-case hexadecimal SHA-256 of the bytes. */
  readonly sha256: string
  /** The receipt or case it belongs to. */
  readonly owner: string
  readonly createdAt: Instant
}

/** The owner of what is on its way from a CRM and nobody's yet. */
export const incomingOwner = "incoming"

export class DocumentStore extends Context.Service<
  DocumentStore,
  {
    /** Stores the stream up to `maxBytes`; durable when it answers. A known id is replaced. */
    readonly put: <E, R>(
      meta: Pick<StoredDocument, "id" | "firmId" | "name" | "contentType" | "owner">,
      bytes: Stream.Stream<Uint8Array, E, R>,
      maxBytes: number
    ) => Effect.Effect<StoredDocument, E | DocumentTooLarge, R>
    readonly get: (firmId: FirmId, id: string) => Effect.Effect<Option.Option<StoredDocument>>
    /** Oldest first. */
    readonly ofOwner: (firmId: FirmId, owner: string) => Effect.Effect<ReadonlyArray<StoredDocument>>
    readonly open: (firmId: FirmId, id: string) => Stream.Stream<Uint8Array, DocumentNotFound>
    /** Changes what is known of a document and leaves its bytes and its time alone; none where there is no such id. */
    readonly describe: (
      firmId: FirmId,
      id: string,
      change: Pick<StoredDocument, "name" | "contentType" | "owner">
    ) => Effect.Effect<Option.Option<StoredDocument>>
    /** Nothing happens to an id that is not there. */
    readonly remove: (firmId: FirmId, id: string) => Effect.Effect<void>
    readonly usage: (firmId: FirmId) => Effect.Effect<{ readonly documents: number; readonly bytes: number }>
  }
>()("@casewire/core/ports/DocumentStore") {}
