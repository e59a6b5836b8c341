/**
 * What a firm decided about fields and statuses of each case type, and what its CRM had to choose from. Every operation
 * names the firm. A mapping is never changed in place: each save is a further version, and the highest number counts.
 */
import { Context, Effect, Option } from "effect"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { CatalogSnapshot, DraftId, MappingDraft, MappingVersion } from "../domain/MappingVersion.ts"
import type { StatusTable } from "../domain/StatusLinks.ts"

export interface MappingScope {
  readonly caseType: string
  /** `null`: the company's default. */
  readonly campaignId: string | null
}

export class MappingStore extends Context.Service<
  MappingStore,
  {
    readonly catalog: (firmId: FirmId, connectionId: ConnectionId) => Effect.Effect<Option.Option<CatalogSnapshot>>
    /** Replaces the snapshot of the connection. */
    readonly saveCatalog: (snapshot: CatalogSnapshot) => Effect.Effect<void>
    /** The highest version of every case type and campaign, by case type, the company's default first. */
    readonly current: (firmId: FirmId, connectionId: ConnectionId) => Effect.Effect<ReadonlyArray<MappingVersion>>
    /** Versions of one case type and campaign, newest first. */
    readonly versions: (
      firmId: FirmId,
      connectionId: ConnectionId,
      scope: MappingScope,
      limit: number
    ) => Effect.Effect<ReadonlyArray<MappingVersion>>
    /** Appends a version; a number that is there already is a defect. */
    readonly saveVersion: (version: MappingVersion) => Effect.Effect<void>
    readonly draft: (firmId: FirmId, id: DraftId) => Effect.Effect<Option.Option<MappingDraft>>
    /** Newest first. */
    readonly drafts: (firmId: FirmId, connectionId: ConnectionId) => Effect.Effect<ReadonlyArray<MappingDraft>>
    /** Inserts or replaces. */
    readonly saveDraft: (draft: MappingDraft) => Effect.Effect<void>
    /** The status tables of the connection, by case type. */
    readonly statuses: (firmId: FirmId, connectionId: ConnectionId) => Effect.Effect<ReadonlyArray<StatusTable>>
    /** Replaces the table of its case type. */
    readonly saveStatuses: (table: StatusTable) => Effect.Effect<void>
  }
>()("@casewire/core/ports/MappingStore") {}
