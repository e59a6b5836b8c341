/**
 * Runs and their rows. Every operation names the firm. A run's rows are kept in order of their number, so that a result
 * file can be made page by page.
 */
import { Context, Effect, Option } from "effect"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { Run, RunId, RunKind, RunRow, RunState } from "../domain/Run.ts"

export interface RunFilter {
  readonly connectionId?: ConnectionId
  readonly kinds?: ReadonlyArray<RunKind>
  readonly states?: ReadonlyArray<RunState>
  readonly limit: number
}

export class RunStore extends Context.Service<
  RunStore,
  {
    /** Inserts or replaces. */
    readonly save: (run: Run) => Effect.Effect<void>
    readonly get: (firmId: FirmId, id: RunId) => Effect.Effect<Option.Option<Run>>
    /** Newest first. */
    readonly list: (firmId: FirmId, filter: RunFilter) => Effect.Effect<ReadonlyArray<Run>>
    /** Reads, changes and writes back in one transaction; `change` must be pure. Nothing happens to an unknown id. */
    readonly update: (firmId: FirmId, id: RunId, change: (run: Run) => Run) => Effect.Effect<Option.Option<Run>>
    /** Inserts rows, or replaces those with the same number. */
    readonly saveRows: (firmId: FirmId, id: RunId, rows: ReadonlyArray<RunRow>) => Effect.Effect<void>
    /** Rows after a number, in order; with `states`, only those. */
    readonly rows: (
      firmId: FirmId,
      id: RunId,
      page: { readonly after?: number; readonly limit: number; readonly states?: ReadonlyArray<RunRow["state"]> }
    ) => Effect.Effect<ReadonlyArray<RunRow>>
    /** Removes a run's rows; with `states`, only those. The run itself stays. */
    readonly clearRows: (firmId: FirmId, id: RunId, states?: ReadonlyArray<RunRow["state"]>) => Effect.Effect<void>
    readonly rowByKey: (firmId: FirmId, id: RunId, key: string) => Effect.Effect<Option.Option<RunRow>>
  }
>()("@casewire/core/ports/RunStore") {}
