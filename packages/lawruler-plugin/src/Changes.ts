/**
 * What changed since a cursor: the inbox by last change, newest first, from a little before the newest change that was
 * seen. The window has no end, so a lead that changes meanwhile moves to the top and pushes others down: some come
 * twice, none is skipped, and what the pull itself missed lies in the next one's window.
 *
 * The cursor moves with the last page only. A pull that was broken off starts its window again.
 */
import type { CrmCase } from "@casewire/core/domain/CrmChange"
import type { CrmError, CrmPage } from "@casewire/core/ports/Crm"
import { Clock, Effect, Option, Schema, Stream } from "effect"
import { isLastPage } from "./AdvancedApi.ts"
import { lowestWall } from "./EasternTime.ts"
import * as Failure from "./Failure.ts"
import type { Reading } from "./Reading.ts"
import { wire } from "./WireProfile.ts"

/** Times in it are Law Ruler's own, so a clock that runs differently there loses nothing. */
const Cursor = Schema.fromJsonString(Schema.Struct({ v: Schema.Literal(1), newest: Schema.Int }))

export const changes = (reading: Reading, cursor: string | null): Stream.Stream<CrmPage, CrmError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const since = cursor === null ? now - wire.lookBackMs : yield* newestOf(cursor)
      const from = lowestWall(cursor === null ? since : since - wire.overlapMs)
      const seen = new Set<string>()
      let newest = since
      return Stream.paginate(
        1,
        Effect.fnUntraced(function* (page: number) {
          const { cases, count } = yield* reading.inboxPage(page, { FromDate: from })
          const fresh = cases.filter(({ externalId }) => !seen.has(externalId) && seen.add(externalId))
          newest = fresh.reduce((newest, { updatedAt }: CrmCase) => Math.max(newest, updatedAt ?? newest), newest)
          const isLast = isLastPage(page, cases.length, count)
          const next: CrmPage = { cases: fresh, cursor: encode({ v: 1, newest: isLast ? newest : since }) }
          return [[next], isLast ? Option.none<number>() : Option.some(page + 1)] as const
        })
      )
    })
  )

const encode = Schema.encodeSync(Cursor)

const newestOf = (cursor: string): Effect.Effect<number, CrmError> =>
  Schema.decodeUnknownEffect(Cursor)(cursor).pipe(
    Effect.map(({ newest }) => newest),
    Effect.mapError(() => Failure.refused("the cursor is not one of this plugin's"))
  )
