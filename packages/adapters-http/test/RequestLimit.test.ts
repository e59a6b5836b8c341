import { describe, expect, it } from "vitest"
import { requestLimit, requestsPerHourDefault } from "../src/RequestLimit.ts"
import { form, startWorld } from "./Harness.ts"

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

describe("requests an hour", () => {
  it("are counted per token, told in headers, and refused with 429 beyond the limit", async () => {
    const small = await startWorld({ requestsPerHour: 3 })
    try {
      const seen: Array<ReadonlyArray<string | null>> = []
      for (let index = 0; index < 3; index++) {
        const { headers } = await small.call("GET", index === 1 ? "/cases/nothing" : "/connections")
        seen.push([headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")])
      }
      expect(seen).toEqual([
        ["3", "2"],
        ["3", "1"],
        ["3", "0"]
      ])
      const refused = await small.call("GET", "/connections")
      expect([refused.status, refused.body.type]).toEqual([429, "/problems/rate-limited"])
      expect(refused.headers.get("x-ratelimit-remaining")).toBe("0")
      const reset = Number(refused.headers.get("x-ratelimit-reset"))
      const now = Date.now() / 1000
      expect(reset).toBeGreaterThan(now)
      expect(reset).toBeLessThanOrEqual(now + 3601)
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
      // Another token has its own hour, and a webhook is never counted.
      expect((await small.call("GET", "/connections", undefined, small.otherApi)).status).toBe(200)
      expect((await small.post(form(), { "content-type": "application/x-www-form-urlencoded" })).status).toBe(200)
      const stranger = await small.call("GET", "/connections", undefined, "wrong")
      expect([stranger.status, stranger.headers.get("x-ratelimit-limit")]).toEqual([401, null])
    } finally {
      await small.stop()
    }
  })
})
