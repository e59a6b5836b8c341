import { assert, describe, it } from "@effect/vitest"
import { compareVersions, semanticVersionPattern } from "@casewire/core/domain/SemanticVersion"

/** Each older than the next: the order of the specification, and what goes wrong with numbers as text. */
const ascending = [
  "0.0.0",
  "0.9.0",
  "0.10.0",
  "1.0.0-0",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0-rc-1",
  "1.0.0",
  "1.0.1",
  "2.0.0",
  "9007199254740992.0.0",
  "9007199254740993.0.0"
]

describe("versions of plugins", () => {
  it("are ordered as Semantic Versioning orders them", () => {
    const wrong = ascending.flatMap((a, i) =>
      ascending.flatMap((b, j) => (Math.sign(compareVersions(a, b)) === Math.sign(i - j) ? [] : [`${a} and ${b}`]))
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("are of the same age where only their builds differ", () => {
    assert.strictEqual(compareVersions("1.0.0+a", "1.0.0+b"), 0)
    assert.strictEqual(compareVersions("1.0.0-rc.1+a-b", "1.0.0-rc.1"), 0)
  })

  it.each([...ascending, "1.0.0+build.01", "1.0.0-a-b.c+d-e"])("are spelled like %s", (text) => {
    assert.isTrue(semanticVersionPattern.test(text))
  })

  it.each([
    "",
    "1",
    "1.0",
    "1.0.0.0",
    "v1.0.0",
    "01.0.0",
    "1.0.0-",
    "1.0.0-01",
    "1.0.0+",
    "1.0.0\n",
    " 1.0.0",
    "1.0.0-ä"
  ])("are not spelled like %j", (text) => {
    assert.isFalse(semanticVersionPattern.test(text))
  })
})
