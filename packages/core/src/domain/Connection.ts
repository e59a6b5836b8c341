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

/** `reconnect-needed` stops all calls until the credentials change: hammering with a wrong password locks accounts. */
export const ConnectionState = Schema.Literals(["new", "connected", "reconnect-needed", "disconnected"])
export type ConnectionState = typeof ConnectionState.Type

/** The three times of "sync health"; each moves forward only, after a durable success. */
export const SyncHealth = Schema.Struct({
  lastSync: Schema.NullOr(Instant),
  lastStatusPull: Schema.NullOr(Instant),
  lastStatusPush: Schema.NullOr(Instant),
  lastWebhook: Schema.NullOr(Instant)
})
export interface SyncHealth extends Schema.Schema.Type<typeof SyncHealth> {}

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
  /** The firm's own webhook keys: required field name to further accepted keys. */
  aliases: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  /** Where the last pull ended. */
  cursor: Schema.NullOr(Schema.String),
  health: SyncHealth,
  createdAt: Instant,
  updatedAt: Instant
})
export interface Connection extends Schema.Schema.Type<typeof Connection> {}
