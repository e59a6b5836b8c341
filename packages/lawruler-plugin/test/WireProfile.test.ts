import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { wire, wireProfile } from "../src/WireProfile.ts"

const sources = new URL("../src/", import.meta.url)
const others = readdirSync(sources)
  .filter((file) => file !== "WireProfile.ts")
  .map((file) => ({ file, text: withoutComments(readFileSync(new URL(file, sources), "utf8")) }))

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
}

/** Every string and number inside a value; the source of a pattern counts as a string. */
const leaves = (value: unknown): ReadonlyArray<string | number> => {
  if (typeof value === "string" || typeof value === "number") return [value]
  if (value instanceof RegExp) return [value.source]
  if (typeof value === "function") return [String(value("0")).replace("0", "")]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : []
}

/** Numerals of a source as plain numbers, products such as `15 * 60_000` included. */
const numbersIn = (source: string): ReadonlySet<number> =>
  new Set(
    (source.match(/\b\d[\d_]*(?:\s*\*\s*\d[\d_]*)*\b/g) ?? []).map((product) =>
      product.split("*").reduce((all, factor) => all * Number(factor.replaceAll("_", "")), 1)
    )
  )

const assumed = Object.entries(wireProfile).filter(([, { provenance }]) => provenance.startsWith("assumed"))

// Words that also stand for something else: names of our own settings, and methods of HTTP.
const ours = new Set(["clientRoot", "key", "GET", "POST", "<", ">", "&#", "calls", "windowMs"])

describe("the wire profile", () => {
  it("tags every constant with where it comes from", () => {
    for (const [name, { provenance }] of Object.entries(wireProfile)) {
      assert.match(provenance, /^(documented|observed|assumed A-([1-9]|[12]\d|30))$/, name)
    }
    assert.isAbove(assumed.length, 15)
  })

  it("gives the values without their tags", () => {
    assert.strictEqual(wire.addNote.path, wireProfile.addNote.value.path)
    assert.deepStrictEqual(Object.keys(wire), Object.keys(wireProfile))
  })

  it.each(assumed)("%s occurs in no other source file", (name, { value }) => {
    for (const leaf of leaves(value)) {
      if (ours.has(String(leaf)) || (typeof leaf === "number" && leaf < 10)) continue
      const found = others.filter(({ text }) =>
        typeof leaf === "number"
          ? numbersIn(text).has(leaf)
          : [`"${leaf}"`, `'${leaf}'`, `\`${leaf}\``, `/${leaf}/`].some((literal) => text.includes(literal))
      )
      // 60,000 is a minute wherever times are told in words; as a budget it stands in the profile alone.
      const real = found.filter(({ file }) => !(leaf === 60_000 && file === "Verify.ts"))
      assert.deepStrictEqual(
        real.map(({ file }) => file),
        [],
        `${name}: ${leaf}`
      )
    }
  })

  it("would notice a literal", () => {
    assert.isTrue(numbersIn("const limit = 32_000").has(32_000))
    assert.isTrue(numbersIn("const overlap = 15 * 60_000").has(900_000))
  })
})
