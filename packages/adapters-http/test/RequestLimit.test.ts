import { describe, expect, it } from "vitest"
import { requestLimit, requestsPerHourDefault } from "../src/RequestLimit.ts"

const hour = 3_600_000

describe("the limit of requests an hour", () => {
  it("is 500 where nothing else is said", () => {
    expect(requestsPerHourDefault).toBe(500)
    const limit = requestLimit()
    const counted = Array.from({ length: 501 }, () => limit.count("a", 1000))
    expect(counted.findIndex(({ isOver }) => isOver)).toBe(500)
    expect([counted[0]!.remaining, counted[499]!.remaining, counted[500]!.remaining]).toEqual([499, 0, 0])
  })

  it("begins its hour with a token's first request and a new one when that is over", () => {
    const limit = requestLimit(1)
    expect(limit.count("a", 5000)).toEqual({ isOver: false, limit: 1, remaining: 0, resetsAt: 3605 })
    expect(limit.count("a", 5000 + hour - 1).isOver).toBe(true)
    expect(limit.count("a", 5000 + hour)).toMatchObject({ isOver: false, resetsAt: 7205 })
  })

  it("counts each token alone", () => {
    const limit = requestLimit(1)
    limit.count("a", 0)
    expect([limit.count("b", 0).isOver, limit.count("a", 1).isOver]).toEqual([false, true])
  })

  it("begins anew when the clock went back by more than the hour", () => {
    const limit = requestLimit(1)
    limit.count("a", 10 * hour)
    expect(limit.count("a", 0).isOver).toBe(false)
  })
})
