/** Run stores that break one promise each. */
import { Effect, Option } from "effect"
import type { FirmId } from "@casewire/core/domain/Ids"
import type { Run, RunRow } from "@casewire/core/domain/Run"
import { firm } from "../src/samples.ts"
import { escaped, inRuns, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

const rowsBackwards = (effect: Effect.Effect<ReadonlyArray<RunRow>>) => reversed(effect)

export const runMutants: Record<string, Mutant> = {
  "saves no scope": inRuns((own) => ({ save: (run) => own.save({ ...run, scope: {} }) })),
  "invents rows": inRuns(() => ({
    rows: () => Effect.succeed([{ number: 1, key: "key-1", state: "waiting", verdict: "", detail: {} }])
  })),
  "never replaces a run": inRuns((own) => ({
    save: (run) =>
      Effect.flatMap(own.get(run.firmId, run.id), (found) => (Option.isSome(found) ? Effect.void : own.save(run)))
  })),
  "lists the oldest runs first": inRuns((own) => ({ list: (firmId, filter) => reversed(own.list(firmId, filter)) })),
  "lists by the last change": inRuns((own) => ({
    list: (firmId, filter) =>
      Effect.map(own.list(firmId, filter), (runs) => runs.toSorted((a, b) => b.updatedAt - a.updatedAt))
  })),
  "filters no runs": inRuns((own) => ({ list: (firmId, { limit }) => own.list(firmId, { limit }) })),
  "updates nothing": inRuns((own) => ({ update: (firmId, id) => own.get(firmId, id) })),
  "updates outside of a transaction": inRuns((own) => ({
    update: (firmId, id, change) =>
      Effect.flatMap(own.get(firmId, id), (found) =>
        Option.isNone(found)
          ? Effect.succeed(found)
          : Effect.gen(function* () {
              const next = change(found.value)
              yield* Effect.yieldNow
              yield* own.save(next)
              return Option.some(next)
            })
      )
  })),
  "makes a run to update": inRuns((own) => {
    let last: Run | undefined
    return {
      save: (run) =>
        Effect.andThen(
          own.save(run),
          Effect.sync(() => void (last = run))
        ),
      update: (firmId, id, change) =>
        Effect.flatMap(own.get(firmId, id), (found) => {
          if (Option.isSome(found)) return own.update(firmId, id, change)
          const made = last ?? blank(firmId, id)
          return Effect.as(own.save({ ...made, firmId, id }), Option.some(made))
        })
    }
  }),
  "swallows what a change throws": inRuns((own) => ({
    update: (firmId, id, change) =>
      Effect.catchDefect(own.update(firmId, id, change), () => Effect.succeed(Option.none()))
  })),
  "clears rows of every state": inRuns((own) => ({ clearRows: (firmId, id) => own.clearRows(firmId, id) })),
  "reads rows backwards": inRuns((own) => ({ rows: (firmId, id, page) => rowsBackwards(own.rows(firmId, id, page)) })),
  "reads from the first row": inRuns((own) => ({
    rows: (firmId, id, { after: _, ...page }) => own.rows(firmId, id, page)
  })),
  "filters no rows": inRuns((own) => ({ rows: (firmId, id, { states: _, ...page }) => own.rows(firmId, id, page) })),
  "never replaces a row": inRuns((own) => ({
    saveRows: (firmId, id, rows) =>
      Effect.flatMap(own.rows(firmId, id, { limit: 1000 }), (known) =>
        own.saveRows(
          firmId,
          id,
          rows.filter(({ number }) => !known.some((row) => row.number === number))
        )
      )
  })),
  "finds a row of any run": inRuns((own) => {
    const rows: Array<RunRow> = []
    return {
      saveRows: (firmId, id, added) =>
        Effect.andThen(
          own.saveRows(firmId, id, added),
          Effect.sync(() => void rows.unshift(...added))
        ),
      rowByKey: (_, _id, key) => Effect.succeed(Option.fromUndefinedOr(rows.find((row) => row.key === key)))
    }
  }),
  "clears a run without rows": inRuns((own) => ({
    saveRows: (firmId, id, rows) =>
      rows.length === 0
        ? Effect.asVoid(own.update(firmId, id, (run) => ({ ...run, total: 0 })))
        : own.saveRows(firmId, id, rows)
  })),
  "shows runs to all": inRuns((own) => ({
    get: (_, id) => ofAny((firmId) => own.get(firmId, id)),
    list: (_, filter) => ofAll((firmId) => own.list(firmId, filter))
  })),
  "saves rows outside the transaction": inRuns((own) => ({
    saveRows: (firmId, id, rows) => escaped(own.saveRows(firmId, id, rows))
  }))
}

const blank = (firmId: FirmId, id: Run["id"]): Run => ({
  id,
  firmId: firmId ?? firm.id,
  connectionId: "" as Run["connectionId"],
  kind: "case-import",
  state: "planned",
  scope: {},
  total: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  cursor: null,
  startedBy: "",
  createdAt: 0,
  updatedAt: 0,
  expiresAt: null,
  reason: null
})
