/**
 * The timeline of each case. What the CRM has too is known by the CRM's id, so that a pull that sees it again adds
 * nothing. Writes join the transaction they are called in.
 */
import { Context, Effect, Option } from "effect"
import type { CaseId } from "../domain/Case.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { TimelineEntry, TimelineEntryId, TimelineKind } from "../domain/TimelineEntry.ts"

export interface TimelinePage {
  readonly kinds?: ReadonlyArray<TimelineKind>
  /** Only entries behind this one. */
  readonly before?: TimelineEntryId
  readonly limit: number
}

export class Timeline extends Context.Service<
  Timeline,
  {
    /** Answers false, and changes nothing, where the id or, of that kind in that case, the external id is known. */
    readonly append: (entry: TimelineEntry) => Effect.Effect<boolean>
    /**
     * Gives an entry the id that the CRM knows it by. Answers false, and changes nothing, where there is no such entry
     * or another one of its kind in its case has that id.
     */
    readonly bind: (firmId: FirmId, id: TimelineEntryId, externalId: string) => Effect.Effect<boolean>
    readonly get: (firmId: FirmId, id: TimelineEntryId) => Effect.Effect<Option.Option<TimelineEntry>>
    /** Newest first by when it happened; what happened at one moment, last recorded first. */
    readonly ofCase: (firmId: FirmId, id: CaseId, page: TimelinePage) => Effect.Effect<ReadonlyArray<TimelineEntry>>
    /** What an event, a job or a receipt led to, in the order in which it was recorded. */
    readonly ofCause: (firmId: FirmId, cause: string) => Effect.Effect<ReadonlyArray<TimelineEntry>>
    /** The ids by which the CRM knows entries of that kind of the case. */
    readonly externalIds: (firmId: FirmId, id: CaseId, kind: TimelineKind) => Effect.Effect<ReadonlySet<string>>
  }
>()("@casewire/core/ports/Timeline") {}
