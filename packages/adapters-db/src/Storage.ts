/**
 * `Storage` on SQLite. The gate is the case's lock too: there is one writer, so whoever is in a transaction holds every
 * case.
 */
import { Clock, Context, Effect, Exit, Layer, Option } from "effect"
import { sql } from "kysely"
import { Storage } from "@casewire/core/ports/Storage"
import { JobId } from "@casewire/core/domain/Job"
import { CurrentTransaction, Database } from "./Database.ts"
import { Intake } from "./Intake.ts"
import { receiptsWithBodies, receiptVerdict, Segments } from "./ReceiptRows.ts"
import { StorageFailure } from "./StorageFailure.ts"
import { WorkSignal } from "./WorkSignal.ts"

export const layer: Layer.Layer<Storage, never, Database | WorkSignal> = Layer.effect(
  Storage,
  Effect.gen(function* () {
    const database = yield* Database
    const signal = yield* WorkSignal
    const intake = yield* Effect.acquireRelease(
      Effect.sync(() => new Intake(database, signal)),
      (opened) => Effect.sync(() => opened.stop())
    )
    const segments = new Segments(database.vault)

    return Storage.of({
      atomically: database.atomically,
      withCase: (_key, effect) => database.atomically(effect),
      receive: (receipt, jobs) =>
        Effect.withFiber((fiber) => {
          // In somebody's transaction it would wait for a gate that its own caller holds.
          if (Context.get(fiber.context, CurrentTransaction)?.database === database)
            return Effect.die(new StorageFailure("misuse", "receive was called inside a transaction"))
          const now = Context.get(fiber.context, Clock.Clock).currentTimeMillisUnsafe()
          return Effect.callback<void>((resume) => {
            intake.receive(receipt, jobs, now, (failure) =>
              resume(failure === undefined ? Effect.void : Effect.die(failure))
            )
          })
        }),
      receipt: Effect.fn("Storage.receipt")(function* (firmId, id) {
        const find = database.read((db) => receiptsWithBodies(db, firmId).where("id", "=", id).executeTakeFirst())
        const isWaiting = database.arrivals.newest !== undefined
        const row = yield* find
        if (row !== undefined) return Option.some(segments.toReceipt(row))
        const arrival = database.arrivals.find(firmId, id)
        if (arrival !== undefined || !isWaiting) return Option.fromUndefinedOr(arrival)
        // Its row may have been committed between the two looks.
        return Option.map(Option.fromUndefinedOr(yield* find), (found) => segments.toReceipt(found))
      }),
      receipts: Effect.fn("Storage.receipts")(function* (firmId, filter) {
        const { before, connectionId, disposition, externalCaseId } = filter
        const mayWait =
          (disposition === undefined || disposition === "Accepted") &&
          (externalCaseId === undefined || database.arrivals.mayName(externalCaseId))
        if (mayWait) yield* database.rowsFirst
        const rows = yield* database.read((db) => {
          let query = receiptsWithBodies(db, firmId, externalCaseId !== undefined)
          if (connectionId !== undefined) query = query.where("connection_id", "=", connectionId)
          if (disposition !== undefined) query = query.where("disposition", "=", disposition)
          // Literally as the partial index has it.
          if (disposition !== undefined && disposition !== "Accepted")
            query = query.where("disposition", "<>", sql.lit("Accepted"))
          if (externalCaseId !== undefined)
            query = query.where("external_case_id", "=", externalCaseId).where(
              "receive_number",
              "in",
              sql<number>`(select receive_number from receipts_of_case
                where firm_id = ${firmId} and external_case_id = ${externalCaseId})`
            )
          // The plus sign keeps the planner with the narrower index: few receipts are of one case, or set aside.
          const isNarrow = externalCaseId !== undefined || (disposition !== undefined && disposition !== "Accepted")
          const id = isNarrow ? sql<string>`+receipts.id` : sql.ref<string>("receipts.id")
          if (before !== undefined) query = query.where(id, "<", before)
          return query.orderBy(id, "desc").limit(filter.limit).execute()
        })
        return rows.map((row) => segments.toReceipt(row))
      }),
      judge: Effect.fn("Storage.judge")(function* (firmId, id, verdict) {
        if (database.arrivals.find(firmId, id) !== undefined) yield* database.rowsFirst
        yield* database.write(async (db) => {
          const before = await db
            .selectFrom("receipts")
            .select(["external_case_id", "receive_number"])
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
          if (
            before !== undefined &&
            before.external_case_id !== null &&
            before.external_case_id !== verdict.externalCaseId
          )
            await db
              .deleteFrom("receipts_of_case")
              .where("firm_id", "=", firmId)
              .where("external_case_id", "=", before.external_case_id)
              .where("receive_number", "=", before.receive_number)
              .execute()
          const row = await db
            .updateTable("receipts")
            .set({
              disposition: verdict.disposition._tag,
              verdict: receiptVerdict(database.vault, firmId, id, verdict),
              external_case_id: verdict.externalCaseId
            })
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .returning("receive_number")
            .executeTakeFirst()
          if (row === undefined || verdict.externalCaseId === null) return
          await db
            .insertInto("receipts_of_case")
            .values({
              firm_id: firmId,
              external_case_id: verdict.externalCaseId,
              receive_number: row.receive_number
            })
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        })
      }),
      claimKey: Effect.fn("Storage.claimKey")(function* (firmId, key, operation) {
        const earlier = yield* database.write(async (db) => {
          const { numInsertedOrUpdatedRows } = await db
            .insertInto("keys")
            .values({ firm_id: firmId, key, operation })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirstOrThrow()
          if (numInsertedOrUpdatedRows === 1n) return undefined
          return db
            .selectFrom("keys")
            .select("operation")
            .where("firm_id", "=", firmId)
            .where("key", "=", key)
            .executeTakeFirstOrThrow()
        })
        return Option.map(Option.fromUndefinedOr(earlier), (row) => JobId.make(row.operation))
      }),
      operation: Effect.fn("Storage.operation")(function* (firmId, key) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("keys")
            .select("operation")
            .where("firm_id", "=", firmId)
            .where("key", "=", key)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), (found) => JobId.make(found.operation))
      }),
      backlog: Effect.fn("Storage.backlog")(function* (firmId) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("jobs")
            .select((e) => e.fn.countAll<number>().as("waiting"))
            .where("firm_id", "=", firmId)
            .where("state", "in", ["queued", "retry", "sending"])
            .executeTakeFirstOrThrow()
        )
        return row.waiting + database.arrivals.waitingOf(firmId)
      }),
      isWritable: Effect.map(
        Effect.exit(
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            database.write((db) =>
              db
                .insertInto("store")
                .values({ key: "probe", value: String(now) })
                .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: String(now) }))
                .execute()
            )
          )
        ),
        Exit.isSuccess
      )
    })
  })
)
