/**
 * Long work that a person started: a plan to resume status sync, a history import, an import of cases, the
 * erasing of a connection. It outlives
 * restarts, shows its progress, and keeps an outcome per row, from which the result file is made.
 */
import { Schema } from "effect"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"

export const RunId = Schema.String.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type

export const RunKind = Schema.Literals(["status-resume", "history-import", "case-import", "erasure"])
export type RunKind = typeof RunKind.Type

/** `planned`: counted and frozen, nothing done. A plan that was not confirmed in time is `expired`. */
export const RunState = Schema.Literals(["planned", "running", "paused", "done", "failed", "cancelled", "expired"])
export type RunState = typeof RunState.Type

export const Run = Schema.Struct({
  id: RunId,
  firmId: FirmId,
  connectionId: ConnectionId,
  kind: RunKind,
  state: RunState,
  /** What it is about, by name: dates, case types, a file's name, options. */
  scope: Schema.Record(Schema.String, Schema.String),
  total: Schema.Int,
  done: Schema.Int,
  failed: Schema.Int,
  skipped: Schema.Int,
  /** Where it goes on after a restart; opaque to everybody but the work itself. */
  cursor: Schema.NullOr(Schema.String),
  startedBy: Schema.String,
  createdAt: Instant,
  updatedAt: Instant,
  expiresAt: Schema.NullOr(Instant),
  /** Why it failed or was paused, in a sentence without client data. */
  reason: Schema.NullOr(Schema.String)
})
export interface Run extends Schema.Schema.Type<typeof Run> {}

/** A run that was counted and frozen, and of which nothing is done yet. */
export const plannedRun = (
  of: Pick<Run, "id" | "firmId" | "connectionId" | "kind" | "scope" | "total" | "startedBy"> & {
    readonly skipped?: number
  },
  now: Instant,
  lifeMs: number
): Run => ({
  ...of,
  state: "planned",
  done: 0,
  failed: 0,
  skipped: of.skipped ?? 0,
  cursor: null,
  createdAt: now,
  updatedAt: now,
  expiresAt: now + lifeMs,
  reason: null
})

/** One unit of a run. `key` is unique in its run: a job id, a CRM id, or a line number. */
export const RunRow = Schema.Struct({
  number: Schema.Int,
  key: Schema.String,
  state: Schema.Literals(["waiting", "done", "failed", "skipped"]),
  /** A code a person can look up: `safe`, `would-overwrite-newer`, `created`, `duplicate` … */
  verdict: Schema.String,
  /** What the row is about and what became of it, by column. */
  detail: Schema.Record(Schema.String, Schema.String)
})
export interface RunRow extends Schema.Schema.Type<typeof RunRow> {}
