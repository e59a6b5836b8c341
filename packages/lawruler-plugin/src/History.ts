/**
 * Leads of a bounded part of the past: the inbox between two dates, page by page, each page with a cursor of its own.
 *
 * A lead that changes meanwhile leaves the window, and those behind it move up. The count of the window shows that: the
 * next page then begins so much earlier. Leads that come twice for it are the caller's to know; none is skipped.
 */
import type { CrmError, CrmPage, CrmScope } from "@casewire/core/ports/Crm"
import { statusKey } from "@casewire/core/domain/StatusSync"
import { Effect, Option, Schema, Stream } from "effect"
import { isLastPage } from "./AdvancedApi.ts"
import { highestWall, lowestWall } from "./EasternTime.ts"
import * as Failure from "./Failure.ts"
import type { InboxFilter, Reading } from "./Reading.ts"
import type { Statuses } from "./Statuses.ts"
import { wire } from "./WireProfile.ts"

const Position = Schema.Struct({
  history: Schema.Literals([1]),
  page: Schema.Int.check(Schema.isGreaterThan(0)),
  /** How many leads the window held when the page before was taken. */
  count: Schema.optionalKey(Schema.Int),
  types: Schema.Array(Schema.Int)
})
interface Position extends Schema.Schema.Type<typeof Position> {}
const Cursor = Schema.fromJsonString(Position)

export const history = (
  { reading, statuses }: { readonly reading: Reading; readonly statuses: Statuses },
  cursor: string | null,
  scope: CrmScope
): Stream.Stream<CrmPage, CrmError> => {
  const start: Effect.Effect<Position, CrmError> =
    cursor === null
      ? Effect.map(typeIds(statuses, scope.caseTypes), (types): Position => ({ history: 1, page: 1, types }))
      : Schema.decodeUnknownEffect(Cursor)(cursor).pipe(
          Effect.mapError(() => Failure.refused("the cursor is not one of a pull with a scope"))
        )
  return Stream.unwrap(
    Effect.map(start, (first) =>
      Stream.paginate(
        first,
        Effect.fnUntraced(function* (at: Position) {
          const { cases, count } = yield* reading.inboxPage(at.page, filterOf(scope, at.types))
          const left = at.count === undefined || count === undefined ? 0 : Math.max(0, at.count - count)
          const isLast = left === 0 && isLastPage(at.page, cases.length, count)
          const next: Position = {
            history: 1,
            page: left === 0 ? at.page + 1 : Math.max(1, at.page - Math.ceil(left / wire.pageSize)),
            types: at.types,
            ...(count === undefined ? {} : { count })
          }
          const page: CrmPage = {
            cases,
            cursor: encode(next),
            isLast,
            ...(count === undefined ? {} : { total: count })
          }
          return [[page], isLast ? Option.none<Position>() : Option.some(next)] as const
        })
      )
    )
  )
}

const encode = Schema.encodeSync(Cursor)

const filterOf = ({ from, to }: CrmScope, types: ReadonlyArray<number>): InboxFilter => ({
  ...(from === null ? {} : { FromDate: lowestWall(from) }),
  ...(to === null ? {} : { ToDate: highestWall(to) }),
  ...(types.length === 0 ? {} : { CaseTypes: types })
})

/** The inbox is narrowed by ids; people name case types. */
const typeIds = (statuses: Statuses, named: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<number>, CrmError> =>
  named.length === 0
    ? Effect.succeed([])
    : Effect.flatMap(statuses.caseTypes, (known) =>
        Effect.forEach(named, (name) => {
          const found = known.find(
            ({ externalId, name: own }) => externalId === name || statusKey(own) === statusKey(name)
          )
          const id = Number(found?.externalId)
          return Number.isSafeInteger(id)
            ? Effect.succeed(id)
            : Effect.fail(Failure.refused("Law Ruler does not list one of the case types"))
        })
      )
