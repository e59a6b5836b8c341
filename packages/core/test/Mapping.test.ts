import { checkLinks, linkOf } from "@casewire/core/domain/Mapping"
import { sameStatus, statusKey } from "@casewire/core/domain/StatusSync"
import { backoffMs } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"

const links = [
  { crmCaseType: { externalId: "222", name: "Harbor MVA" }, platformCaseType: "Motor vehicle" },
  { crmCaseType: { name: "Slip and Fall" }, platformCaseType: "Premises" }
]

describe("case-type links", () => {
  it.each([
    [{ externalId: "222", name: "renamed" }, "Motor vehicle"],
    [{ name: "harbor  mva" }, "Motor vehicle"],
    [{ externalId: "9", name: "SLIP AND FALL" }, "Premises"]
  ])("links %j", (caseType, platformCaseType) => {
    assert.deepStrictEqual(linkOf(links, caseType), { _tag: "Linked", platformCaseType })
  })

  it("says which case type is not linked", () => {
    assert.deepStrictEqual(linkOf(links, { externalId: "9", name: "Mass Tort" }), {
      _tag: "NotLinked",
      reason: 'the case type "Mass Tort" is not linked'
    })
  })

  it("finds blanks and repeats before a table is saved", () => {
    assert.deepStrictEqual(checkLinks([...links, links[0]!, { crmCaseType: { name: " " }, platformCaseType: "X" }]), [
      { index: 2, code: "repeated" },
      { index: 3, code: "empty" }
    ])
    assert.deepStrictEqual(checkLinks(links), [])
  })
})

describe("status names", () => {
  it("compares without case and spaces", () => {
    assert.strictEqual(statusKey("  Signed   E-SIGN "), "signed e-sign")
    assert.isTrue(sameStatus("Signed e-Sign", "signed  E-sign"))
    assert.isFalse(sameStatus("Signed e-Sign", "Sent e-Sign"))
    assert.isTrue(sameStatus(null, null))
    assert.isFalse(sameStatus(null, ""))
  })
})

describe("backoff", () => {
  it("grows from one second to fifteen minutes and never leaves its bounds", () => {
    for (let attempt = 1; attempt <= 40; attempt++)
      for (const random of [0, 0.5, 0.999]) {
        const wait = backoffMs(attempt, random)
        assert.isAtLeast(wait, 500)
        assert.isAtMost(wait, 900_000)
      }
    assert.isBelow(backoffMs(1, 0.999), 1001)
    assert.isAtLeast(backoffMs(20, 0), 450_000)
  })
})
