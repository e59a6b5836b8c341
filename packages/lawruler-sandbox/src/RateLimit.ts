/**
 * Throttling per portal over a sliding window: never more than the limit inside
 * any stretch of the window's length. Refused calls are not counted. The answer is
 * Azure API Management's, with or without `Retry-After`.
 */
import { type Answer, json } from "./Answer.ts"
import type { Portal } from "./Portal.ts"

export const tooMany = (seconds: number, retryAfter: string | undefined): Answer =>
  json(
    { statusCode: 429, message: `Rate limit is exceeded. Try again in ${seconds} seconds.` },
    429,
    retryAfter === undefined ? {} : { "retry-after": retryAfter }
  )

/** Counts one call, or refuses it. */
export const countCall = (portal: Portal, api: "legacy" | "advanced", now: number): Answer | undefined => {
  const rule = portal.settings.rateLimit
  if (rule === null || (rule.appliesTo === "advanced" && api === "legacy")) return undefined
  const calls = portal.recentCalls
  const windowMs = rule.windowSeconds * 1000
  const firstInside = calls.findIndex((at) => at > now - windowMs)
  calls.splice(0, firstInside === -1 ? calls.length : firstInside)
  if (calls.length < rule.limit) {
    calls.push(now)
    return undefined
  }
  const freeAt = (calls[calls.length - rule.limit] ?? now) + windowMs
  const seconds = Math.max(1, Math.ceil((freeAt - now) / 1000))
  return tooMany(seconds, rule.retryAfterHeader === false ? undefined : String(seconds))
}
