/** Documents in memory. Chunks are copied as they come, because a stream may use one buffer again and again. */
import { Clock, Effect, Layer, Option, Stream } from "effect"
import { DocumentNotFound, DocumentStore, DocumentTooLarge } from "../ports/DocumentStore.ts"
import { Database } from "./Database.ts"
import { sha256 } from "./Sha256.ts"

export const layer = Layer.effect(
  DocumentStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { documents } = database

    const own = (firmId: string, id: string) => {
      const row = documents.get(id)
      return row?.meta.firmId === firmId ? row : undefined
    }

    return DocumentStore.of({
      put: Effect.fn("DocumentStore.put")(function* (meta, bytes, maxBytes) {
        const chunks: Array<Uint8Array> = []
        let size = 0
        yield* Stream.runForEach(bytes, (chunk) => {
          size += chunk.length
          if (size > maxBytes) return Effect.fail(new DocumentTooLarge({ limit: maxBytes }))
          chunks.push(chunk.slice())
          return Effect.void
        })
        const { contentType, firmId, id, name, owner } = meta
        const createdAt = yield* Clock.currentTimeMillis
        const stored = { id, firmId, name, contentType, owner, size, sha256: sha256(chunks), createdAt }
        yield* database.write((tx) => {
          if (documents.get(id) !== undefined && own(firmId, id) === undefined) {
            throw new Error("the document belongs to another firm")
          }
          documents.set(tx, id, { meta: stored, chunks, position: database.nextNumber() })
        })
        return stored
      }),

      get: (firmId, id) => database.read(() => Option.fromUndefinedOr(own(firmId, id)?.meta)),

      ofOwner: (firmId, owner) =>
        database.read(() =>
          documents
            .values()
            .filter(({ meta }) => meta.firmId === firmId && meta.owner === owner)
            .sort((a, b) => a.meta.createdAt - b.meta.createdAt || a.position - b.position)
            .map(({ meta }) => meta)
        ),

      open: (firmId, id) =>
        Stream.unwrap(
          Effect.flatten(
            database.read(() => {
              const row = own(firmId, id)
              return row === undefined
                ? Effect.fail(new DocumentNotFound({ documentId: id }))
                : Effect.succeed(Stream.fromIterable(row.chunks))
            })
          )
        ),

      describe: (firmId, id, { contentType, name, owner }) =>
        database.write((tx) => {
          const row = own(firmId, id)
          if (row === undefined) return Option.none()
          const meta = { ...row.meta, contentType, name, owner }
          documents.set(tx, id, { ...row, meta })
          return Option.some(meta)
        }),

      remove: (firmId, id) =>
        database.write((tx) => {
          if (own(firmId, id) !== undefined) documents.delete(tx, id)
        }),

      usage: (firmId) =>
        database.read(() => {
          const sizes = documents.values().flatMap(({ meta }) => (meta.firmId === firmId ? [meta.size] : []))
          return { documents: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
        })
    })
  })
)
