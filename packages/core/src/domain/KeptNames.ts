/**
 * What is kept of a webhook that comes while its firm's switches are off. Client data is not collected then: the names
 * of the keys stay, the options with their values, and a mark by which a copy of the same webhook is known.
 */
import { Option, Result, Schema } from "effect"
import type { FlatRecord } from "./FlatRecord.ts"
import type { Receipt } from "./Receipt.ts"

/** The media type of what is kept so: never that of a body. */
export const namesOnly = "application/x-key-names+json"

/** A sender may name any media type, so what stands under ours need not be ours. */
const Kept = Schema.fromJsonString(
  Schema.Struct({
    /** `key`, or `option=value`. */
    names: Schema.Array(Schema.String),
    mark: Schema.String
  })
)

type Came = Pick<Receipt, "mediaType" | "body" | "query">

export const keepNames = (came: Came, record: FlatRecord, isOption: (key: string) => boolean): string =>
  JSON.stringify({
    names: record.map(([key, value]) => (isOption(key) ? `${key}=${value}` : key)),
    mark: markOf(came)
  })

export const keptOptions = (body: string): Result.Result<FlatRecord, "syntax"> => {
  const kept = Schema.decodeUnknownOption(Kept)(body)
  if (Option.isNone(kept)) return Result.fail("syntax")
  return Result.succeed(
    kept.value.names.flatMap((name): FlatRecord => {
      const equals = name.indexOf("=")
      return equals < 0 ? [] : [[name.slice(0, equals), name.slice(equals + 1)]]
    })
  )
}

/** Equal for copies of one webhook, whatever headers a relay put around it, and also where one of them was kept so. */
export const copyMark = (receipt: Came): string => {
  if (receipt.mediaType !== namesOnly) return markOf(receipt)
  const kept = Schema.decodeUnknownOption(Kept)(receipt.body)
  return Option.isNone(kept) ? markOf(receipt) : kept.value.mark
}

/** Tells webhooks of one record apart; it keeps no secret, so it needs no digest. */
const markOf = ({ body, mediaType, query }: Came): string => {
  const text = JSON.stringify([mediaType, body, query])
  let [first, second] = [0x811c9dc5, 0x9747b28c]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    first = Math.imul(first ^ unit, 0x01000193)
    second = Math.imul(second ^ unit, 0x85ebca6b) ^ (second >>> 13)
  }
  return `${text.length}-${(first >>> 0).toString(36)}-${(second >>> 0).toString(36)}`
}
