import { describe, expect, it } from "vitest"
import { placeAfter } from "../src/login/PlaceAfter.ts"

describe("signing in", () => {
  it.each(["/leads?q=ana", "/connections/1/setup", "/"])("leads back to %s", (to) => expect(placeAfter(to)).toBe(to))

  it.each([
    undefined,
    "",
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "/login?to=/"
  ])("leads nowhere else: %s", (to) => expect(placeAfter(to)).toBe("/"))
})
