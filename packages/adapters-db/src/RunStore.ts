/**
 * `RunStore` on SQLite. A run's body and its rows are sealed: scopes and outcomes may name clients. What lists and the
 * work itself ask for stands in columns.
 */
import { Effect, Layer, Option } from "effect"
import { Run, RunRow } from "@casewire/core/domain/Run"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeRun = decoder(Run, "run")
const decodeRow = decoder(RunRow, "run row")

export const layer: Layer.Layer<RunStore, never, Database> = Layer.effect(
  RunStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const toRun = (row: Tables["runs"]): Run =>
      decodeRun(JSON.parse(vault.open(row.firm_id, row.id, "run", row.body)), row.id)
    const toRow = (row: Tables["run_rows"]): RunRow =>
      decodeRow(JSON.parse(vault.open(row.firm_id, rowOwner(row.run_id, row.number), "run row", row.body)), row.run_id)

    const columnsOf = (run: Run) => ({
      connection_id: run.connectionId,
      kind: run.kind,
      state: run.state,
      body: vault.seal(run.firmId, run.id, "run", JSON.stringify(run))
    })

    return RunStore.of({
      save: Effect.fn("RunStore.save")(function* (run) {
        yield* database.write((db) => {
          const columns = columnsOf(run)
          return db
            .insertInto("runs")
            .values({ firm_id: run.firmId, id: run.id, ...columns })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(columns))
            .execute()
        })
      }),

      get: Effect.fn("RunStore.get")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db.selectFrom("runs").selectAll().where("firm_id", "=", firmId).where("id", "=", id).executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toRun)
      }),

      list: Effect.fn("RunStore.list")(function* (firmId, { connectionId, kinds, limit, states }) {
        const rows = yield* database.read((db) => {
          let query = db.selectFrom("runs").selectAll().where("firm_id", "=", firmId)
          if (connectionId !== undefined) query = query.where("connection_id", "=", connectionId)
          if (kinds !== undefined) query = query.where("kind", "in", kinds)
          if (states !== undefined) query = query.where("state", "in", states)
          return query.orderBy("id", "desc").limit(limit).execute()
        })
        return rows.map(toRun)
      }),

      update: Effect.fn("RunStore.update")(function* (firmId, id, change) {
        return yield* database.write(async (db) => {
          const row = await db
            .selectFrom("runs")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
          if (row === undefined) return Option.none()
          const next = change(toRun(row))
          await db.updateTable("runs").set(columnsOf(next)).where("firm_id", "=", firmId).where("id", "=", id).execute()
          return Option.some(next)
        })
      }),

      saveRows: Effect.fn("RunStore.saveRows")(function* (firmId, id, rows) {
        if (rows.length === 0) return
        yield* database.write(async (db) => {
          for (const row of rows) {
            const columns = {
              key: row.key,
              state: row.state,
              body: vault.seal(firmId, rowOwner(id, row.number), "run row", JSON.stringify(row))
            }
            await db
              .insertInto("run_rows")
              .values({ firm_id: firmId, run_id: id, number: row.number, ...columns })
              .onConflict((conflict) => conflict.columns(["firm_id", "run_id", "number"]).doUpdateSet(columns))
              .execute()
          }
        })
      }),

      rows: Effect.fn("RunStore.rows")(function* (firmId, id, { after = 0, limit, states }) {
        const rows = yield* database.read((db) => {
          let query = db
            .selectFrom("run_rows")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("run_id", "=", id)
            .where("number", ">", after)
          if (states !== undefined) query = query.where("state", "in", states)
          return query.orderBy("number").limit(limit).execute()
        })
        return rows.map(toRow)
      }),

      clearRows: Effect.fn("RunStore.clearRows")(function* (firmId, id, states) {
        yield* database.write((db) => {
          const query = db.deleteFrom("run_rows").where("firm_id", "=", firmId).where("run_id", "=", id)
          return (states === undefined ? query : query.where("state", "in", states)).execute()
        })
      }),

      rowByKey: Effect.fn("RunStore.rowByKey")(function* (firmId, id, key) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("run_rows")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("run_id", "=", id)
            .where("key", "=", key)
            .orderBy("number")
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toRow)
      })
    })
  })
)

/** What a row's seal is bound to, so that no row can stand in for another. */
const rowOwner = (runId: string, number: number): string => `${runId} ${number}`
