/**
 * Slows down whoever guesses webhook tokens: so many bad ones a minute and address, then 429. Valid tokens are never
 * counted, because mass changes and the shared addresses of a CRM are normal.
 *
 * Memory is bounded: a window that ended is forgotten, and at the limit the oldest address goes.
 */
import { isIPv6 } from "node:net"

export interface ThrottleOptions {
  readonly limit: number
  readonly windowMs: number
  readonly maxAddresses: number
}

export const throttleDefaults: ThrottleOptions = { limit: 20, windowMs: 60_000, maxAddresses: 10_000 }

export interface TokenThrottle {
  /** Counts one bad token; answers for how many milliseconds the address has to wait, 0 when it has not. */
  readonly count: (address: string, now: number) => number
}

export const tokenThrottle = (options: ThrottleOptions = throttleDefaults): TokenThrottle => {
  // Insertion order is the order in which windows began, so the oldest is always first.
  const windows = new Map<string, { readonly since: number; count: number }>()
  return {
    count: (address, now) => {
      const key = networkOf(address)
      const known = windows.get(key)
      if (known !== undefined && now - known.since < options.windowMs && now >= known.since) {
        known.count++
        return known.count > options.limit ? known.since + options.windowMs - now : 0
      }
      windows.delete(key)
      for (const [oldest, { since }] of windows) {
        if (windows.size < options.maxAddresses && now - since < options.windowMs) break
        windows.delete(oldest)
      }
      windows.set(key, { since: now, count: 1 })
      return 0
    }
  }
}

/** Whoever has one IPv6 address has a whole /64 of them. */
const networkOf = (address: string): string => {
  const plain = address.startsWith("::ffff:") ? address.slice(7) : address
  return isIPv6(plain) ? expand(plain).slice(0, 4).join(":") : plain
}

const expand = (address: string): ReadonlyArray<string> => {
  const [head = "", tail] = address.split("%")[0]!.split("::")
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  return [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0"), ...right]
}

/** The address that counts: the peer, or behind a configured proxy the nearest hop that is none. */
export const clientAddress = (
  peer: string | undefined,
  forwardedFor: string | ReadonlyArray<string> | undefined,
  proxies: ReadonlySet<string>
): string => {
  const direct = (peer ?? "").replace(/^::ffff:/, "")
  if (!proxies.has(direct) || forwardedFor === undefined) return direct
  const hops = String(forwardedFor).split(",")
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i]!.trim()
    if (hop !== "" && !proxies.has(hop)) return hop
  }
  return direct
}
