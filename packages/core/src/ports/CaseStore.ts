/**
 * Cases, clients and their history. Every operation names the firm; there is none without it. Writes happen inside
 * `Storage.withCase`, so that two jobs never build on the same state of a case.
 */
import { Context, Effect, Option } from "effect"
import type { Case, CaseEvent, CaseId, Client, ClientId, ExternalCaseId, ExternalClientId } from "../domain/Case.ts"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId } from "../domain/Ids.ts"

export interface CaseFilter {
  readonly connectionId?: ConnectionId
  readonly dirty?: boolean
  /** Only cases older than this one; lists run newest first. */
  readonly before?: CaseId
  readonly limit: number
}

export class CaseStore extends Context.Service<
  CaseStore,
  {
    readonly get: (firmId: FirmId, id: CaseId) => Effect.Effect<Option.Option<Case>>
    readonly findExternal: (
      firmId: FirmId,
      connectionId: ConnectionId,
      externalId: ExternalCaseId
    ) => Effect.Effect<Option.Option<Case>>
    readonly list: (firmId: FirmId, filter: CaseFilter) => Effect.Effect<ReadonlyArray<Case>>
    /** Inserts or replaces. A second case with the same connection and external id is a defect. */
    readonly save: (value: Case) => Effect.Effect<void>
    readonly client: (firmId: FirmId, id: ClientId) => Effect.Effect<Option.Option<Client>>
    readonly findExternalClient: (
      firmId: FirmId,
      connectionId: ConnectionId,
      externalId: ExternalClientId
    ) => Effect.Effect<Option.Option<Client>>
    readonly saveClient: (value: Client) => Effect.Effect<void>
    /** Appends to a case's history; an id that is already there is left alone. */
    readonly record: (event: CaseEvent) => Effect.Effect<void>
    /** Oldest first. */
    readonly history: (firmId: FirmId, id: CaseId) => Effect.Effect<ReadonlyArray<CaseEvent>>
    /** Conflicts of all cases of the firm that nobody settled, newest first. With `id`: that one, settled or not. */
    readonly conflicts: (
      firmId: FirmId,
      filter: { readonly limit: number; readonly id?: string }
    ) => Effect.Effect<ReadonlyArray<CaseEvent>>
  }
>()("@casewire/core/ports/CaseStore") {}
