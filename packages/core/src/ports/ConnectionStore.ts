/**
 * Firms, their connections, credentials and tokens. Credentials and tokens go in as plain values and are sealed or
 * hashed by the adapter; a token's plain value comes out once, when it is issued.
 */
import { Context, Effect, Option, Redacted, Schema } from "effect"
import type { Connection, ConnectionId, Firm } from "../domain/Connection.ts"
import type { FlatRecord } from "../domain/FlatRecord.ts"
import type { FirmId, Instant } from "../domain/Ids.ts"
import type { SwitchChange } from "../domain/Toggles.ts"
import type { TokenScopes } from "../domain/TokenScope.ts"

export class ConnectionNotFound extends Schema.TaggedError<ConnectionNotFound>()("ConnectionNotFound", {
  connectionId: Schema.String
}) {}

export type Credentials = Readonly<Record<string, Redacted.Redacted<string>>>

/** Whose token it is: a webhook's (bound to one connection) or a caller's of the API (bound to the firm). */
export type TokenOwner =
  | {
      readonly _tag: "Webhook"
      readonly firmId: FirmId
      readonly connectionId: ConnectionId
      /** Options that the URL of this token fixes. */
      readonly locked?: FlatRecord
    }
  | {
      readonly _tag: "Api"
      readonly firmId: FirmId
      readonly name: string
      /** Absent: everything. */
      readonly scopes?: TokenScopes
    }

/** Whoever calls with a live API token. */
export interface ApiCaller {
  readonly firmId: FirmId
  readonly name: string
  readonly scopes: TokenScopes
}

/** A connection as the holder of a webhook token reaches it. */
export interface WebhookConnection extends Connection {
  readonly locked?: FlatRecord
}

export class ConnectionStore extends Context.Service<
  ConnectionStore,
  {
    /** Inserts; a known id is left alone. */
    readonly saveFirm: (firm: Firm) => Effect.Effect<void>
    readonly firms: Effect.Effect<ReadonlyArray<Firm>>
    /** Inserts or replaces, with new credentials where given. */
    readonly save: (connection: Connection, credentials?: Credentials) => Effect.Effect<void>
    readonly get: (firmId: FirmId, id: ConnectionId) => Effect.Effect<Connection, ConnectionNotFound>
    readonly list: (firmId: FirmId) => Effect.Effect<ReadonlyArray<Connection>>
    readonly credentials: (firmId: FirmId, id: ConnectionId) => Effect.Effect<Credentials, ConnectionNotFound>
    /** Reads, changes and writes back in one transaction. `change` must be pure. */
    readonly update: (
      firmId: FirmId,
      id: ConnectionId,
      change: (connection: Connection) => Connection
    ) => Effect.Effect<Connection, ConnectionNotFound>
    /** Adds a line to the log of the connection's switches. No line is ever changed; they go with the connection. */
    readonly logSwitches: (firmId: FirmId, id: ConnectionId, change: SwitchChange) => Effect.Effect<void>
    /** The log's lines in the order in which they were added, the last one first. */
    readonly switchLog: (
      firmId: FirmId,
      id: ConnectionId,
      options: { readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<SwitchChange>>
    /** Makes a token of 32 random bytes. Earlier webhook tokens of the connection stay valid until `earlierUntil`, or end at once. */
    readonly issueToken: (
      owner: TokenOwner,
      options?: { readonly earlierUntil?: Instant }
    ) => Effect.Effect<Redacted.Redacted<string>>
    /**
     * The connection of a live webhook token, with what that fixes; an unknown, revoked or API token has none. The same
     * value as long as neither changes, because what is prepared for a connection is found by it. May be looked up at
     * the call already, so the effect is for one use.
     */
    readonly connectionOfToken: (token: string) => Effect.Effect<Option.Option<WebhookConnection>>
    /** The firm of a live API token, and what it may do. */
    readonly firmOfToken: (token: string) => Effect.Effect<Option.Option<ApiCaller>>
  }
>()("@casewire/core/ports/ConnectionStore") {}
