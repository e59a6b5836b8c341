/**
 * How many requests an hour an API token may make: a fixed window per token, counted in memory. Only tokens that are
 * valid are counted, so a stranger's guesses cannot fill the memory; a token stands here as its digest.
 */
import { createHash } from "node:crypto"

export const requestsPerHourDefault = 500
const hourMs = 3_600_000

export interface Counted {
  readonly isOver: boolean
  readonly limit: number
  readonly remaining: number
  /** When the window ends, in seconds since 1970. */
  readonly resetsAt: number
}

export interface RequestLimit {
  readonly count: (token: string, now: number) => Counted
}

export const requestLimit = (limit: number = requestsPerHourDefault): RequestLimit => {
  const windows = new Map<string, { until: number; count: number }>()
  return {
    count: (token, now) => {
      const key = createHash("sha256").update(token).digest("base64")
      let window = windows.get(key)
      // A window that lies too far ahead is of a clock that went back.
      if (window === undefined || window.until <= now || window.until > now + hourMs) {
        // Windows began in the order in which they stand, so those that ended are first.
        for (const [old, { until }] of windows) {
          if (until > now) break
          windows.delete(old)
        }
        windows.delete(key)
        window = { until: now + hourMs, count: 0 }
        windows.set(key, window)
      }
      window.count++
      return {
        isOver: window.count > limit,
        limit,
        remaining: Math.max(0, limit - window.count),
        resetsAt: Math.ceil(window.until / 1000)
      }
    }
  }
}
