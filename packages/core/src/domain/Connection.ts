/**
 * A firm's connection to its CRM: which plugin, its public settings, the switches, the case types that are linked and
 * the webhook keys the firm chose. Secrets are not here; `ConnectionStore.credentials` hands them out redacted.
 */
import { Schema } from "effect"
import { FirmId, Instant } from "./Ids.ts"
import { CaseTypeLink } from "./Mapping.ts"
import { Toggles } from "./Toggles.ts"

export const ConnectionId = Schema.String.pipe(Schema.brand("ConnectionId"))
export type ConnectionId = typeof ConnectionId.Type

export const Firm = Schema.Struct({ id: FirmId, name: Schema.String, createdAt: Instant })
export interface Firm extends Schema.Schema.Type<typeof Firm> {}

/**
 * `reconnect-needed` stops all calls until the credentials change: hammering with a wrong password locks accounts.
 * `disconnected`: ended, its data kept. `erasing`: everything of it is being removed, and it with it.
 */
export const ConnectionState = Schema.Literals(["new", "connected", "reconnect-needed", "disconnected", "erasing"])
export type ConnectionState = typeof ConnectionState.Type

/** The three times of "sync health"; each moves forward only, after a durable success. */
export const SyncHealth = Schema.Struct({
  lastSync: Schema.NullOr(Instant),
  lastStatusPull: Schema.NullOr(Instant),
  lastStatusPush: Schema.NullOr(Instant),
  lastWebhook: Schema.NullOr(Instant)
})
export interface SyncHealth extends Schema.Schema.Type<typeof SyncHealth> {}

export const PullProgress = Schema.Struct({
  jobId: Schema.String,
  startedAt: Instant,
  endedAt: Schema.NullOr(Instant),
  pages: Schema.Int,
  cases: Schema.Int
})
export interface PullProgress extends Schema.Schema.Type<typeof PullProgress> {}

export const SweepReport = Schema.Struct({
  ...PullProgress.fields,
  /** Cases that the CRM holds otherwise than they were last read, and that are read again. */
  changed: Schema.Int,
  /** Cases that should be on the CRM's list and are not. */
  absent: Schema.Int,
  /** So many were absent that the list is in doubt, not the cases. */
  alarm: Schema.Boolean
})
export interface SweepReport extends Schema.Schema.Type<typeof SweepReport> {}

export const Connection = Schema.Struct({
  id: ConnectionId,
  firmId: FirmId,
  plugin: Schema.String,
  name: Schema.String,
  state: ConnectionState,
  /** A rehearsal connection talks to the operator's sandbox and never to the real CRM. */
  sandbox: Schema.Boolean,
  /** The plugin's non-secret credential values, by name. */
  settings: Schema.Record(Schema.String, Schema.String),
  /** Calls allowed in the plugin's window, where the firm had its limit raised; null takes the plugin's default. */
  callLimit: Schema.NullOr(Schema.Int),
  toggles: Toggles,
  caseTypeLinks: Schema.Array(CaseTypeLink),
  /** The CRM's case types, by name, that anything is sent for; absent: all. It never limits what comes in. */
  outgoingCaseTypes: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The firm's own webhook keys: required field name to further accepted keys. */
  aliases: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  /** Where the last pull ended. */
  cursor: Schema.NullOr(Schema.String),
  health: SyncHealth,
  /** When a webhook token was issued last; absent: never. */
  webhookTokenAt: Schema.optionalKey(Instant),
  /** Since when status pushes wait for the firm's answer how to resume; absent while nothing has to be asked. */
  statusOffSince: Schema.optionalKey(Instant),
  /** How often the firm resumed "from now on", and since when the two sides had been apart the last time. */
  statusEpoch: Schema.optionalKey(Schema.Struct({ number: Schema.Int, apartSince: Instant })),
  /** When the switches were changed last, until what that made possible is done; see `CatchUp`. */
  catchUpDue: Schema.optionalKey(Instant),
  /** When the sync of mapped fields became effective again, until what was read meanwhile is read once more. */
  fieldCatchUpDue: Schema.optionalKey(Instant),
  /** The run whose frozen rows are being replayed. */
  replayPlan: Schema.optionalKey(Schema.String),
  /** The pull that runs, or the last one. */
  pull: Schema.optionalKey(PullProgress),
  /** The reconciliation sweep that runs, or the last one. */
  sweep: Schema.optionalKey(SweepReport),
  createdAt: Instant,
  updatedAt: Instant
})
export interface Connection extends Schema.Schema.Type<typeof Connection> {}

/** It is as good as gone: nothing may be begun for it any more. */
export const isErasing = ({ state }: Pick<Connection, "state">): boolean => state === "erasing"

/** Whether a firm ended it. What a call finds out, that began before, does not bring it back. */
export const isEnded = ({ state }: Pick<Connection, "state">): boolean =>
  state === "disconnected" || state === "erasing"
