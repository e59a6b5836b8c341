/**
 * `DocumentStore` on the local disk: sealed files under random ids in the firm's folder, one row each. The file is
 * flushed before its row, and removed after it, so a row never points at nothing; files without a row are what a crash
 * left and go at boot.
 */
import { createHash, randomUUID } from "node:crypto"
import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect, Exit, Layer, Option, Schema, Stream } from "effect"
import { sql } from "kysely"
import { FirmId } from "@casewire/core/domain/Ids"
import {
  DocumentNotFound,
  DocumentStore,
  DocumentTooLarge,
  type StoredDocument
} from "@casewire/core/ports/DocumentStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import { SealedFileReader, SealedFileWriter } from "./SealedFile.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"

const Meta = Schema.Struct({ name: Schema.String, contentType: Schema.String, sha256: Schema.String })
const decodeMeta = decoder(Meta, "document")

export const layer = (folder: string): Layer.Layer<DocumentStore, never, Database> =>
  Layer.effect(
    DocumentStore,
    Effect.gen(function* () {
      const database = yield* Database
      const { vault } = database

      const pathOf = (firmId: string, file: string) => documentPath(folder, firmId, file)
      const toStored = (row: Tables["documents"]): StoredDocument => ({
        id: row.id,
        firmId: FirmId.make(row.firm_id),
        owner: row.owner,
        size: row.size,
        createdAt: row.created_at,
        ...decodeMeta(JSON.parse(vault.open(row.firm_id, row.id, "document", row.meta)), row.id)
      })
      const find = (firmId: string, id: string) =>
        database.read((db) =>
          db.selectFrom("documents").selectAll().where("firm_id", "=", firmId).where("id", "=", id).executeTakeFirst()
        )
      const removeFile = (firmId: string, file: string) => onDisk(() => rm(pathOf(firmId, file), { force: true }))

      /** Writes the row in the file's favour and answers the file that was replaced. */
      const saveRow = (stored: StoredDocument, file: string) =>
        database.write(async (db) => {
          const { contentType, createdAt, firmId, id, name, owner, sha256, size } = stored
          const before = await db
            .selectFrom("documents")
            .select("file")
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
          const meta = vault.seal(firmId, id, "document", JSON.stringify({ name, contentType, sha256 }))
          const row = { owner, file, size, created_at: createdAt, meta }
          await db
            .insertInto("documents")
            .values({ firm_id: firmId, id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
          return before?.file
        })

      yield* removeLeftovers(
        folder,
        database.read((db) => db.selectFrom("documents").select(["firm_id", "file"]).execute())
      )

      return DocumentStore.of({
        put: (meta, bytes, maxBytes) =>
          Effect.gen(function* () {
            const { firmId } = meta
            const file = randomUUID()
            // The firm's key must be on disk before a file is sealed with it.
            yield* database.write(async () => vault.ensureKey(firmId))
            yield* onDisk(() => mkdir(join(folder, folderName(firmId)), { recursive: true, mode: 0o700 }))
            return yield* Effect.acquireUseRelease(
              onDisk(() => SealedFileWriter.create(vault, meta, pathOf(firmId, file))),
              (writer) =>
                Effect.gen(function* () {
                  yield* Stream.runForEach(bytes, (chunk) =>
                    writer.size + chunk.length > maxBytes
                      ? Effect.fail(new DocumentTooLarge({ limit: maxBytes }))
                      : onDisk(() => writer.write(chunk))
                  )
                  const sha256 = yield* onDisk(() => writer.finish())
                  const createdAt = yield* Clock.currentTimeMillis
                  const { contentType, id, name, owner } = meta
                  const stored = { id, firmId, name, contentType, owner, size: writer.size, sha256, createdAt }
                  // Once the row says so the file stays, whatever interrupts.
                  const replaced = yield* saveRow(stored, file)
                  return { stored, replaced }
                }),
              (writer, exit) => (Exit.isSuccess(exit) ? Effect.void : onDisk(() => writer.abort()))
            ).pipe(
              Effect.tap(({ replaced }) => (replaced === undefined ? Effect.void : removeFile(firmId, replaced))),
              Effect.map(({ stored }) => stored)
            )
          }),
        get: Effect.fn("DocumentStore.get")(function* (firmId, id) {
          return Option.map(Option.fromUndefinedOr(yield* find(firmId, id)), toStored)
        }),
        ofOwner: Effect.fn("DocumentStore.ofOwner")(function* (firmId, owner) {
          const rows = yield* database.read((db) =>
            db
              .selectFrom("documents")
              .selectAll()
              .where("firm_id", "=", firmId)
              .where("owner", "=", owner)
              .orderBy("created_at")
              .orderBy(sql`rowid`)
              .execute()
          )
          return rows.map(toStored)
        }),
        open: (firmId, id) =>
          Stream.unwrap(
            Effect.gen(function* () {
              const row = yield* find(firmId, id)
              if (row === undefined) return yield* new DocumentNotFound({ documentId: id })
              const reader = yield* Effect.acquireRelease(
                onDisk(() => SealedFileReader.open(vault, { firmId, id }, pathOf(firmId, row.file))),
                (opened) => onDisk(() => opened.close())
              )
              return Stream.paginate(undefined, () =>
                Effect.map(
                  onDisk(() => reader.next()),
                  (chunk) =>
                    chunk === undefined
                      ? ([[], Option.none<undefined>()] as const)
                      : ([[chunk], Option.some(undefined)] as const)
                )
              )
            })
          ),
        describe: Effect.fn("DocumentStore.describe")(function* (firmId, id, { contentType, name, owner }) {
          const row = yield* database.write(async (db) => {
            const before = await db
              .selectFrom("documents")
              .selectAll()
              .where("firm_id", "=", firmId)
              .where("id", "=", id)
              .executeTakeFirst()
            if (before === undefined) return undefined
            const { sha256 } = toStored(before)
            const meta = vault.seal(firmId, id, "document", JSON.stringify({ name, contentType, sha256 }))
            return db
              .updateTable("documents")
              .set({ owner, meta })
              .where("firm_id", "=", firmId)
              .where("id", "=", id)
              .returningAll()
              .executeTakeFirst()
          })
          return Option.map(Option.fromUndefinedOr(row), toStored)
        }),
        remove: Effect.fn("DocumentStore.remove")(function* (firmId, id) {
          const row = yield* database.write((db) =>
            db
              .deleteFrom("documents")
              .where("firm_id", "=", firmId)
              .where("id", "=", id)
              .returning("file")
              .executeTakeFirst()
          )
          if (row !== undefined) yield* removeFile(firmId, row.file)
        }),
        usage: Effect.fn("DocumentStore.usage")(function* (firmId) {
          return yield* database.read((db) =>
            db
              .selectFrom("documents")
              .select((e) => [
                e.fn.countAll<number>().as("documents"),
                e.fn.coalesce(e.fn.sum<number>("size"), e.val(0)).as("bytes")
              ])
              .where("firm_id", "=", firmId)
              .executeTakeFirstOrThrow()
          )
        })
      })
    })
  )

/** A firm's id is data: only a harmless one becomes a folder's name as it is. */
const folderName = (firmId: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(firmId) ? firmId : `x-${createHash("sha256").update(firmId).digest("hex")}`

/** Where the sealed bytes of a document lie. */
export const documentPath = (folder: string, firmId: string, file: string): string =>
  join(folder, folderName(firmId), file)

const onDisk = <A>(use: () => Promise<A>): Effect.Effect<A> =>
  Effect.uninterruptible(
    Effect.tryPromise({ try: use, catch: (thrown) => StorageFailure.from(thrown) }).pipe(Effect.orDie)
  )

/** Files that no row points at: uploads that a crash cut short, or replaced files that it left behind. */
const removeLeftovers = (
  folder: string,
  rows: Effect.Effect<ReadonlyArray<Pick<Tables["documents"], "firm_id" | "file">>>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const kept = new Set((yield* rows).map((row) => join(folderName(row.firm_id), row.file)))
    yield* onDisk(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (const firm of await readdir(folder, { withFileTypes: true })) {
        if (!firm.isDirectory()) continue
        for (const file of await readdir(join(folder, firm.name)))
          if (isOurs(file) && !kept.has(join(firm.name, file))) await rm(join(folder, firm.name, file))
      }
    })
  })

/** A folder that was named by mistake must not lose what is not ours. */
const isOurs = (file: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(\.part)?$/.test(file)
