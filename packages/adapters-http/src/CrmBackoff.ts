/** When a CRM that said "too many" may be called again: what it asked for, else longer from time to time. */
import { DateTime, Option } from "effect"

const longest = 15 * 60_000
const first = 2000

/** `Retry-After` in seconds or as an HTTP date, as a moment; undefined where there is none that can be read. */
export const retryAfter = (header: string | undefined, now: number): number | undefined => {
  const text = header?.trim()
  if (text === undefined || text === "") return undefined
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return now + Math.min(longest, Math.ceil(Number(text) * 1000))
  // HTTP dates name their day; anything shorter is no date of HTTP.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? DateTime.make(text) : Option.none()
  return Option.isSome(date) ? Math.min(now + longest, Math.max(now, DateTime.toEpochMillis(date.value))) : undefined
}

/** How long to wait after so many refusals in a row (from 1) that named no time. */
export const backoffMs = (refusals: number): number => Math.min(longest, first * 2 ** Math.min(20, refusals - 1))
