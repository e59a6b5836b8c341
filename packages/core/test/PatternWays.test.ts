/** Expressions of manifests, and how long the engine may be at one of them. */
import { patternFaults } from "@casewire/core/domain/ManifestPatterns"
import { longestTried, patternWays } from "@casewire/core/domain/PatternWays"
import { assert, describe, it } from "@effect/vitest"
import { manifest } from "./RehearsalManifest.ts"

const faultsOf = (testValue: string) =>
  patternFaults({ ...manifest, webhook: { ...manifest.webhook, testValue } }).filter((fault) =>
    fault.includes("can take very long")
  )

describe("how many ways an expression tries", () => {
  const counted: ReadonlyArray<readonly [pattern: string, ways: number]> = [
    ["^abc$", 0],
    ["abc", 8],
    ["^a*$", 8],
    ["^a+b*c?", 17],
    ["^\\d{3,6}$", 2],
    ["^\\d{5}$", 0],
    ["^[*+?(|)\\]]$", 0],
    ["^\\(\\*\\+$", 0],
    ["^{{.*}}$", 8],
    ["^(?:a|b|c|d)$", 2],
    ["^(?:ab)*$", 8],
    ["^(?:a?){3}$", 3],
    ["^a|^b", 1],
    ["^a|b", 9],
    ["^a*b*c*d*$", 32],
    ["^a*bb*cc*d$", 8],
    ["^a*b?$", 9],
    ["^(?:[a-z]+-)*$", 16],
    ["^.*}}$", 8],
    ["^(?<name>a*)(?=b)$", 8],
    ["^\\x41*A\\u0041*A$", 16],
    ["^(a*)\\1*a$", 16]
  ]
  it.each(counted)("%s: two to the power of %d", (pattern, ways) => {
    assert.strictEqual(Math.round(patternWays(pattern)), ways)
  })
})

describe("an expression of a manifest", () => {
  it.each([
    "^(a+)+$",
    "^(a*)*$",
    "^(?:a|a)+$",
    "^(?:a|ab)*b$",
    "^(a?){40}a{40}$",
    "^(?:a{0,40}){2,}$",
    `^${"a?".repeat(30)}${"a".repeat(30)}$`,
    `^${"(?:a|a)".repeat(30)}$`,
    "^.*.*.*.*$",
    ".*.*.*x",
    "^((a)+)+$",
    "^(?=(a+)+$)"
  ])("is refused where it can take very long: %s", (pattern) => {
    assert.lengthOf(faultsOf(pattern), 1)
  })

  it.each([
    "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
    String.raw`^\s*(?:custom)?[\s_-]?#?(\d{3,6})\s*$`,
    String.raw`^\s*\{\{\s*(?:default|custom)\d+\s*\}\}`,
    "^[A-Za-z0-9-]{1,40}$",
    String.raw`^\d+(?:\.\d+)?$`,
    "^[^@]+@[^@]+$",
    String.raw`^(?:[a-z]+\.)+[a-z]+$`
  ])("is taken where it cannot: %s", (pattern) => {
    assert.deepStrictEqual(faultsOf(pattern), [])
  })

  it("that is taken answers the longest text that it is tried on, also the worst one", () => {
    // Three repetitions that fit everything, and an end that never comes: as slow as what is taken can be.
    const worst = "^.*.*.*x$"
    assert.deepStrictEqual(faultsOf(worst), [])
    assert.isFalse(new RegExp(worst).test("a".repeat(longestTried)))
  })
})
