/**
 * Options that are fixed in a webhook's URL when its token is made: what the sender says of lists and campaigns, in the
 * body or in the URL, then counts for nothing. So whoever comes by such a URL can do with lists what it says, and no more.
 *
 * They stand in a receipt's query under marked keys. A sender's own keys of that look are dropped where they come in.
 */
import { Option } from "effect"
import type { WebhookConnection } from "../ports/ConnectionStore.ts"
import type { Connection } from "./Connection.ts"
import type { FlatRecord } from "./FlatRecord.ts"
import type { FieldProblem } from "./Receipt.ts"
import { normaliseKey } from "./WebhookFields.ts"

/** No option's name begins so. */
const mark = "="

export const isLocked = (key: string): boolean => key.startsWith(mark)

/** The query of a delivery as it is kept. `locked`: what its token fixes. */
export const lockedQuery = (query: FlatRecord, locked: FlatRecord | undefined): FlatRecord => {
  const own = query.some(([key]) => isLocked(key)) ? query.filter(([key]) => !isLocked(key)) : query
  return locked === undefined ? own : [...own, ...locked.map(([key, value]) => [`${mark}${key}`, value] as const)]
}

/**
 * The connection as a token that fixes options reaches it: one value as long as neither changes, because what is prepared
 * for a connection is found by it.
 */
export const reached = (
  connection: Connection | undefined,
  locked: FlatRecord | undefined
): Option.Option<WebhookConnection> => {
  if (connection === undefined || locked === undefined) return Option.fromUndefinedOr(connection)
  const known = reachedBefore.get(connection)?.get(locked)
  if (known !== undefined) return Option.some(known)
  const fresh: WebhookConnection = { ...connection, locked }
  const byLock = reachedBefore.get(connection) ?? new WeakMap<FlatRecord, WebhookConnection>()
  reachedBefore.set(connection, byLock.set(locked, fresh))
  return Option.some(fresh)
}
const reachedBefore = new WeakMap<Connection, WeakMap<FlatRecord, WebhookConnection>>()

type Options = ReadonlyMap<string, ReadonlyArray<string>>

/** The options that count, and a warning for each that the sender gave and that does not. */
export const withLocks = (
  found: Options,
  query: FlatRecord
): { readonly options: Options; readonly warnings: ReadonlyArray<FieldProblem> } => {
  const locked = query.filter(([key]) => isLocked(key))
  if (locked.length === 0) return { options: found, warnings: [] }
  const options = new Map(locked.map(([key, value]) => [normaliseKey(key), [value]]))
  const warnings = [...found].flatMap(([key, values]): ReadonlyArray<FieldProblem> =>
    values.every((value) => options.get(key)?.[0] === value.trim())
      ? []
      : [{ field: names.get(key) ?? key, code: "locked" }]
  )
  return { options, warnings }
}

const names = new Map(
  ["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"].map((name) => [normaliseKey(name), name])
)
