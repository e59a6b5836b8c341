import { assert, describe, it } from "@effect/vitest"
import { differing } from "../src/ShadowDecode.ts"

const cases: ReadonlyArray<readonly [string, unknown, unknown, ReadonlyArray<string>]> = [
  ["the same", { a: [1, { b: "x" }] }, { a: [1, { b: "x" }] }, []],
  ["another value", { a: { b: "Doe" } }, { a: { b: "DOE" } }, ["a.b"]],
  ["a key that is new", { a: 1 }, { a: 1, b: 2 }, ["b"]],
  ["a key that is gone", { a: 1, b: null }, { a: 1 }, ["b"]],
  ["a list that is longer", { a: [1] }, { a: [1, 2] }, ["a.1"]],
  ["another shape", { a: [1] }, { a: "1" }, ["a"]],
  ["no answer at all", { a: 1 }, undefined, ["everything"]]
]

describe("two readings of one receipt", () => {
  it.each(cases)("%s: the places that differ, and no value", (_, old, fresh, places) => {
    assert.deepStrictEqual(differing(old, fresh), places)
    assert.notInclude(differing(old, fresh).join(), "Doe")
  })
})
