/** Who is slowed down for guessing tokens, and whose address counts. Pure. */
import { describe, expect, it } from "vitest"
import { clientAddress, tokenThrottle } from "../src/TokenThrottle.ts"

describe("the throttle", () => {
  const options = { limit: 2, windowMs: 1000, maxAddresses: 3 }

  it("lets so many through a window, then says how long to wait, and forgets", () => {
    const throttle = tokenThrottle(options)
    expect([0, 100, 200, 300].map((now) => throttle.count("1.2.3.4", now))).toEqual([0, 0, 800, 700])
    expect(throttle.count("1.2.3.4", 1000)).toBe(0)
  })

  it("counts an IPv6 network as one, and a mapped IPv4 address as itself", () => {
    const throttle = tokenThrottle(options)
    for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"]) throttle.count(address, 0)
    expect(throttle.count("2001:db8:1:2:3:4:5:6", 0)).toBeGreaterThan(0)
    expect(throttle.count("2001:db8:1:3::1", 0)).toBe(0)
    for (const address of ["::ffff:9.9.9.9", "9.9.9.9"]) throttle.count(address, 0)
    expect(throttle.count("9.9.9.9", 0)).toBeGreaterThan(0)
  })

  it("keeps no more addresses than it may", () => {
    const throttle = tokenThrottle(options)
    for (const host of [1, 2, 3, 4]) for (let i = 0; i < 3; i++) throttle.count(`1.1.1.${host}`, 0)
    expect(throttle.count("1.1.1.4", 0)).toBeGreaterThan(0)
    expect(throttle.count("1.1.1.1", 0)).toBe(0)
  })

  it("starts anew when the clock goes back", () => {
    const throttle = tokenThrottle(options)
    for (let i = 0; i < 5; i++) throttle.count("1.1.1.1", 10_000)
    expect(throttle.count("1.1.1.1", 0)).toBe(0)
  })
})

describe("the client's address", () => {
  const proxies = new Set(["10.0.0.1", "10.0.0.2"])
  it("is the peer's, whatever it claims, unless the peer is a configured proxy", () => {
    expect(clientAddress("8.8.8.8", "1.1.1.1", proxies)).toBe("8.8.8.8")
    expect(clientAddress("::ffff:10.0.0.1", "1.1.1.1", new Set())).toBe("10.0.0.1")
  })
  it("is then the nearest hop that is no proxy; what a client wrote further left is not believed", () => {
    expect(clientAddress("::ffff:10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", proxies)).toBe("1.1.1.1")
    expect(clientAddress("10.0.0.1", undefined, proxies)).toBe("10.0.0.1")
    expect(clientAddress("10.0.0.1", " , 10.0.0.2", proxies)).toBe("10.0.0.1")
  })
})
