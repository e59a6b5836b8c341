/**
 * Documents on their way between the store and a CRM, a chunk at a time: as parts of a multipart request, and as the
 * body of an answer. The length of a request is known before it leaves, from the sizes that the store keeps; of an
 * answer that breaks off, or is larger than allowed, nothing stays in the store.
 */
import { randomUUID } from "node:crypto"
import { Readable } from "node:stream"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Option, Schema, Stream } from "effect"
import type { FirmId } from "@casewire/core/domain/Ids"
import { CrmError, CrmRefused } from "@casewire/core/ports/Crm"
import type { CrmRequest } from "@casewire/core/ports/CrmHttp"
import { incomingOwner } from "@casewire/core/ports/DocumentStore"
import type { DocumentStore, DocumentTooLarge } from "@casewire/core/ports/DocumentStore"

type Documents = DocumentStore["Service"]
type Part = Extract<CrmRequest["body"], { _tag: "Multipart" }>["parts"][number]

export interface Body {
  readonly contentType: string
  readonly length: number
  readonly open: () => Readable
}

const refused = (message: string) => new CrmError({ reason: new CrmRefused({ message }) })

/** Fails, before anything leaves, where a document is not in the firm's store. */
export const multipartBody = Effect.fnUntraced(function* (
  documents: Documents,
  firmId: FirmId,
  parts: ReadonlyArray<Part>
): Effect.fn.Return<Body, CrmError> {
  const boundary = `casewire-${randomUUID()}`
  const pieces: Array<{ readonly length: number; readonly bytes: Stream.Stream<Uint8Array, unknown> }> = []
  const text = (words: string) => {
    const bytes = new TextEncoder().encode(words)
    pieces.push({ length: bytes.length, bytes: Stream.make(bytes) })
  }
  for (const part of parts) {
    text(headOf(boundary, part))
    if (part._tag === "Field") text(part.value)
    else {
      const stored = yield* documents.get(firmId, part.documentId)
      if (Option.isNone(stored)) return yield* refused("the document is not in the store")
      pieces.push({ length: stored.value.size, bytes: documents.open(firmId, part.documentId) })
    }
    text("\r\n")
  }
  text(`--${boundary}--\r\n`)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: pieces.reduce((sum, { length }) => sum + length, 0),
    open: () =>
      Readable.from(Stream.toAsyncIterable(Stream.flatMap(Stream.fromIterable(pieces), ({ bytes }) => bytes)), {
        objectMode: false
      })
  }
})

const headOf = (boundary: string, part: Part): string =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(part.name)}"` +
  (part._tag === "Field"
    ? "\r\n\r\n"
    : `; filename="${quoted(part.fileName)}"\r\ncontent-type: ${mediaType(part.contentType)}\r\n\r\n`)

/** As browsers write it: names in UTF-8, and nothing in them can end the header. */
const quoted = (name: string): string => name.replace(/\r\n?|\n/g, "%0D%0A").replaceAll('"', "%22")

const mediaType = (type: string): string => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : "application/octet-stream")

class BodyBroken extends Schema.TaggedError<BodyBroken>()("BodyBroken", {}) {}

/** Whether the host lets an answer go there: a new id, or one that waits for bytes. */
export const checkTarget = Effect.fnUntraced(function* (documents: Documents, firmId: FirmId, documentId: string) {
  const there = yield* documents.get(firmId, documentId)
  if (Option.isSome(there) && there.value.owner !== incomingOwner) return yield* refused("the document's id is taken")
})

export const storeBody = (
  documents: Documents,
  firmId: FirmId,
  into: { readonly documentId: string; readonly maxBytes: number },
  contentType: string,
  body: Readable
): Effect.Effect<{ readonly size: number }, BodyBroken | DocumentTooLarge> =>
  Effect.map(
    documents.put(
      { id: into.documentId, firmId, name: "document", contentType, owner: incomingOwner },
      NodeStream.fromReadable({ evaluate: () => body, onError: () => new BodyBroken() }),
      into.maxBytes
    ),
    ({ size }) => ({ size })
  )
