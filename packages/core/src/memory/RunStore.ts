/** Runs and their rows in memory. An id never changes its firm: saving it under another one is a defect. */
import { Effect, Layer, Option } from "effect"
import type { FirmId } from "../domain/Ids.ts"
import type { Run, RunId, RunRow } from "../domain/Run.ts"
import { RunStore } from "../ports/RunStore.ts"
import { Database } from "./Database.ts"

export const layer = Layer.effect(
  RunStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { runRows, runs } = database

    const own = (firmId: FirmId, id: RunId): Option.Option<Run> =>
      Option.filter(Option.fromUndefinedOr(runs.get(id)), (run) => run.firmId === firmId)

    const rowsOf = (firmId: FirmId, id: RunId): ReadonlyArray<RunRow> =>
      runRows
        .values()
        .filter((entry) => entry.firmId === firmId && entry.runId === id)
        .map(({ row }) => row)
        .sort((a, b) => a.number - b.number)

    return RunStore.of({
      save: (run) =>
        database.write((tx) => {
          const before = runs.get(run.id)
          if (before !== undefined && before.firmId !== run.firmId) throw new Error("the id belongs to another firm")
          runs.set(tx, run.id, run)
        }),

      get: (firmId, id) => database.read(() => own(firmId, id)),

      list: (firmId, { connectionId, kinds, limit, states }) =>
        database.read(() =>
          runs
            .values()
            .filter(
              (run) =>
                run.firmId === firmId &&
                (connectionId === undefined || run.connectionId === connectionId) &&
                (kinds === undefined || kinds.includes(run.kind)) &&
                (states === undefined || states.includes(run.state))
            )
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, limit)
        ),

      update: (firmId, id, change) =>
        database.write((tx) =>
          Option.map(own(firmId, id), (run) => {
            const next = change(run)
            runs.set(tx, id, next)
            return next
          })
        ),

      saveRows: (firmId, id, rows) =>
        database.write((tx) => {
          for (const row of rows) runRows.set(tx, `${firmId} ${id} ${row.number}`, { firmId, runId: id, row })
        }),

      rows: (firmId, id, { after = 0, limit, states }) =>
        database.read(() =>
          rowsOf(firmId, id)
            .filter((row) => row.number > after && (states === undefined || states.includes(row.state)))
            .slice(0, limit)
        ),

      clearRows: (firmId, id, states) =>
        database.write((tx) => {
          for (const { number, state } of rowsOf(firmId, id))
            if (states === undefined || states.includes(state)) runRows.delete(tx, `${firmId} ${id} ${number}`)
        }),

      rowByKey: (firmId, id, key) =>
        database.read(() => Option.fromUndefinedOr(rowsOf(firmId, id).find((row) => row.key === key)))
    })
  })
)
