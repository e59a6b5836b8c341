/**
 * Lists, campaigns, who stands in them, and the audit. Every operation names the firm; there is none without it.
 *
 * What changes is written together with the line that says who changed it and why. Writes happen inside a transaction
 * of `Storage` where they rest on what was read.
 */
import { Context, Effect } from "effect"
import type { CaseId } from "../domain/Case.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { Campaign, List, ListEvent, Membership } from "../domain/List.ts"

export interface MemberFilter {
  readonly isMember?: boolean
  /** Only cases after this one; cases run by id, oldest first. */
  readonly after?: CaseId
  readonly limit: number
}

export interface ListEventFilter {
  readonly targetId?: string
  readonly caseId?: CaseId
  /** Only lines older than this one; the audit runs newest first. */
  readonly before?: string
  readonly limit: number
}

export class ListStore extends Context.Service<
  ListStore,
  {
    /** All of the firm, archived ones too, by number. */
    readonly lists: (firmId: FirmId) => Effect.Effect<ReadonlyArray<List>>
    readonly campaigns: (firmId: FirmId) => Effect.Effect<ReadonlyArray<Campaign>>
    /** Inserts or replaces. A second list of the firm with the same number is a defect. */
    readonly saveList: (list: List, event: ListEvent) => Effect.Effect<void>
    readonly saveCampaign: (campaign: Campaign, event: ListEvent) => Effect.Effect<void>
    /** All that is known of a case, also where it was taken out, in lists and campaigns. */
    readonly membershipsOf: (firmId: FirmId, caseId: CaseId) => Effect.Effect<ReadonlyArray<Membership>>
    /** Inserts or replaces the membership of this case in this target, and appends to the audit. */
    readonly saveMembership: (membership: Membership, events: ReadonlyArray<ListEvent>) => Effect.Effect<void>
    readonly members: (
      firmId: FirmId,
      targetId: string,
      filter: MemberFilter
    ) => Effect.Effect<ReadonlyArray<Membership>>
    /** How many cases stand in each list and campaign of the firm; one that has none may be left out. */
    readonly counts: (firmId: FirmId) => Effect.Effect<ReadonlyMap<string, number>>
    readonly events: (firmId: FirmId, filter: ListEventFilter) => Effect.Effect<ReadonlyArray<ListEvent>>
    /**
     * The highest receive number that was given to a receipt so far: what a person does now is later than all receipts
     * up to it. Inside a transaction no receipt comes in between.
     */
    readonly newestReceipt: (firmId: FirmId) => Effect.Effect<number>
  }
>()("@casewire/core/ports/ListStore") {}
