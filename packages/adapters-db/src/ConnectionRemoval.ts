/**
 * Letting a connection go, on SQLite. Rows first and files after their commit: a crash in between leaves files that no
 * row points at, and those go when the store is opened.
 *
 * `secure_delete` overwrites what is deleted, but rows that moved between pages leave traces of where they lay. So at
 * the end the whole file is rewritten: at once while that is a matter of a second or two, else at the next start, because
 * nothing can be written meanwhile.
 */
import { rm } from "node:fs/promises"
import { Clock, Effect, Layer } from "effect"
import { sql, type Kysely } from "kysely"
import { type Inventory, sizeOf } from "@casewire/core/domain/Inventory"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { keyOf } from "./ConnectionCache.ts"
import { CurrentTransaction, Database, type DatabaseService, type Transaction } from "./Database.ts"
import { documentPath } from "./DocumentStore.ts"
import { isScrubDue, rewrite, scrubDue } from "./OpenFile.ts"
import { removalSteps } from "./RemovalSteps.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"

/** Rewriting ran at 46 MiB a second on a busy machine of two cores, and nothing else is done meanwhile. */
const rewritableBytes = 64 * 1024 * 1024

export const layer = (folder: string): Layer.Layer<ConnectionRemoval, never, Database> =>
  Layer.effect(
    ConnectionRemoval,
    Effect.gen(function* () {
      const database = yield* Database
      const { cache, heads, vault } = database
      /** A connection's receipts run along the whole table; how far they are gone is kept for the next step. */
      const receiptsFrom = new Map<string, number>()

      const forgotten = (transaction: Transaction, firmId: string, id: string) =>
        transaction.afterCommit.push(() =>
          cache.changed(() => {
            cache.tokens.clear()
            cache.connections.delete(keyOf(firmId, id))
          })
        )

      return ConnectionRemoval.of({
        disarm: Effect.fn("ConnectionRemoval.disarm")(function* (firmId, id) {
          yield* database.write(async (db, transaction) => {
            await removeTokens(db, firmId, id)
            await db
              .updateTable("connections")
              .set({ credentials: null })
              .where("firm_id", "=", firmId)
              .where("id", "=", id)
              .execute()
            forgotten(transaction, firmId, id)
          })
        }),

        inventory: Effect.fn("ConnectionRemoval.inventory")(function* (firmId, id) {
          yield* database.rowsFirst
          return yield* database.read((db) => inventoryOf(db, firmId, id, null))
        }),

        erase: Effect.fn("ConnectionRemoval.erase")(function* (firmId, id, { except, limit }) {
          if ((yield* CurrentTransaction)?.database === database)
            return yield* Effect.die(new StorageFailure("misuse", "a connection is erased in transactions of its own"))
          const now = yield* Clock.currentTimeMillis
          const key = keyOf(firmId, id)
          const common = { heads, vault, firmId, connectionId: id, limit, now, except }
          yield* database.rowsFirst
          for (const step of removalSteps) {
            const {
              count,
              files,
              receiptsFrom: gone
            } = yield* database.write(async (db) => {
              const removed = await step({ ...common, db, receiptsFrom: receiptsFrom.get(key) ?? 0 })
              // What came in after the end: the file was rewritten before.
              if (removed.count > 0 && !(await isThere(db, firmId, id))) await scrubDue(db)
              return removed
            })
            if (gone !== undefined) receiptsFrom.set(key, gone)
            yield* Effect.forEach(files, (file) => removeFile(documentPath(folder, firmId, file)), { discard: true })
            if (count > 0) return count
          }
          // What came in at the last moment lies behind; what is asked for again may lie anywhere.
          receiptsFrom.delete(key)
          return 0
        }),

        end: Effect.fn("ConnectionRemoval.end")(function* (firmId, id, { except }) {
          yield* database.rowsFirst
          return yield* database.write(async (db, transaction) => {
            // Those of the last moment, too.
            database.arrivals.unfold(Number.POSITIVE_INFINITY)
            if (sizeOf(await inventoryOf(db, firmId, id, except)) > 0) return false
            await removeTokens(db, firmId, id)
            await db
              .deleteFrom("ticks")
              .where("name", "in", [`pull ${id}`, `sweep ${id}`])
              .execute()
            const { numDeletedRows } = await db
              .deleteFrom("connections")
              .where("firm_id", "=", firmId)
              .where("id", "=", id)
              .executeTakeFirstOrThrow()
            if (numDeletedRows > 0n) await scrubDue(db)
            forgotten(transaction, firmId, id)
            return true
          })
        }),

        scrub: scrubbed(database)
      })
    })
  )

const removeFile = (path: string): Effect.Effect<void> =>
  Effect.tryPromise({ try: () => rm(path, { force: true }), catch: (thrown) => StorageFailure.from(thrown) }).pipe(
    Effect.orDie,
    Effect.uninterruptible
  )

const isThere = async (db: Kysely<Tables>, firmId: string, id: string): Promise<boolean> =>
  (await db
    .selectFrom("connections")
    .select("id")
    .where("firm_id", "=", firmId)
    .where("id", "=", id)
    .executeTakeFirst()) !== undefined

const removeTokens = (db: Kysely<Tables>, firmId: string, id: string) =>
  db.deleteFrom("tokens").where("firm_id", "=", firmId).where("connection_id", "=", id).execute()

/** Nobody writes meanwhile, so the gate is taken as for a transaction. */
const scrubbed = ({ connection, gate }: DatabaseService): Effect.Effect<boolean> =>
  Effect.uninterruptible(
    Effect.callback<boolean>((resume) => {
      gate.take(() => {
        try {
          const isDue = isScrubDue(connection)
          const bytes = connection.prepare("select page_count * page_size from pragma_page_count, pragma_page_size")
          const isNow = !isDue || (bytes.pluck().get() as number) <= rewritableBytes
          if (isDue && isNow) rewrite(connection)
          resume(Effect.succeed(isNow))
        } catch (thrown) {
          resume(Effect.die(StorageFailure.from(thrown)))
        } finally {
          gate.release()
        }
      })
    })
  )

const inventoryOf = async (
  db: Kysely<Tables>,
  firmId: string,
  id: string,
  except: string | null
): Promise<Inventory> => {
  const ofConnection = sql`firm_id = ${firmId} and connection_id = ${id}`
  const cases = sql`(select id from cases where ${ofConnection})`
  const ofCase = sql`firm_id = ${firmId} and case_id in ${cases}`
  const { rows } = await sql<Inventory>`select
    (select count(*) from cases where ${ofConnection}) as cases,
    (select count(*) from clients where ${ofConnection}) + (select count(*) from clients where firm_id = ${firmId}
      and connection_id = 'none' and id in (select entered_client from cases where ${ofConnection})
      and not exists (select 1 from cases other where other.firm_id = clients.firm_id
        and other.entered_client = clients.id and other.connection_id <> ${id})) as clients,
    (select count(*) from case_events where ${ofCase}) as history,
    (select count(*) from timeline where ${ofCase}) as timeline,
    (select count(*) from documents where firm_id = ${firmId} and (owner in ${cases}
      or owner in (select id from receipts where ${ofConnection}))) as documents,
    (select count(*) from receipts where ${ofConnection}) as receipts,
    (select count(*) from jobs where ${ofConnection}) as jobs,
    (select count(*) from memberships where ${ofCase}) as memberships,
    (select count(*) from catalogs where ${ofConnection}) + (select count(*) from mappings where ${ofConnection})
      + (select count(*) from mapping_drafts where ${ofConnection})
      + (select count(*) from status_tables where ${ofConnection}) as mappings,
    (select count(*) from runs where ${ofConnection} and id is not ${except}) as runs,
    (select count(*) from hook_deliveries where ${ofCase}) as webhooks`.execute(db)
  return rows[0]!
}
