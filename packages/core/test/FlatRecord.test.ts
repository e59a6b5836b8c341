import { parseBody, parseForm, parseJson } from "@casewire/core/domain/FlatRecord"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import fc from "fast-check"

const ok = <A>(result: Result.Result<A, string>): A => Result.getOrThrow(result)
const code = (result: Result.Result<unknown, string>) => (Result.isFailure(result) ? result.failure : "parsed")

describe("a webhook's body as a flat record", () => {
  it("keeps the order and the repeats of a form", () => {
    assert.deepStrictEqual(ok(parseForm("a=1&b=x+y%20z&a=2&c&=d&e=%C3%A9")), [
      ["a", "1"],
      ["b", "x y z"],
      ["a", "2"],
      ["c", ""],
      ["", "d"],
      ["e", "é"]
    ])
  })

  it("leaves a bad escape as it is instead of losing the value", () => {
    assert.deepStrictEqual(ok(parseForm("a=100%&b=%zz%41")), [
      ["a", "100%"],
      ["b", "%zzA"]
    ])
  })

  it("reads a form as URLSearchParams does, for any pairs", () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "grapheme" })))
    fc.assert(
      fc.property(pairs, (entries) => {
        if (entries.some(([key]) => ["__proto__", "constructor", "prototype"].includes(key))) return
        const text = new URLSearchParams(entries.map(([key, value]): [string, string] => [key, value])).toString()
        assert.deepStrictEqual(ok(parseForm(text)), [...new URLSearchParams(text)])
      }),
      { numRuns: 1000 }
    )
  })

  it("keeps both values of a repeated JSON key, which JSON.parse would lose", () => {
    assert.deepStrictEqual(ok(parseJson('{"a":1,"b":["x","y"],"a":"2","n":null,"t":true,"o":{"deep":[1]}}')), [
      ["a", "1"],
      ["b", "x"],
      ["b", "y"],
      ["a", "2"],
      ["n", ""],
      ["t", "true"],
      ["o", '{"deep":[1]}']
    ])
  })

  it("reads escapes in keys and strings that look like structure", () => {
    assert.deepStrictEqual(ok(parseJson('{"a\\u0062":"}{\\",\\\\", "c":"x:y"}')), [
      ["ab", '}{",\\'],
      ["c", "x:y"]
    ])
  })

  it("reads any flat JSON object as JSON.parse does", () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), value), (object) => {
        if (Object.keys(object).some((key) => ["__proto__", "constructor", "prototype"].includes(key))) return
        const entries = Object.entries(object).map(([key, item]) => [key, String(item)])
        assert.deepStrictEqual(ok(parseJson(JSON.stringify(object, null, 1))) as unknown, entries)
      }),
      { numRuns: 1000 }
    )
  })

  it.each([
    ["", "syntax"],
    ["   ", "syntax"],
    ["[1]", "not-an-object"],
    ['"text"', "not-an-object"],
    ["{", "syntax"],
    ['{"a":1', "syntax"],
    ['{"a":1}}', "syntax"],
    ['{"a":1} trailing', "syntax"],
    ['{"a":}', "syntax"],
    ['{"a":"unclosed}', "syntax"],
    ['{"__proto__":{"x":1}}', "reserved"],
    ['{"a":{"constructor":1}}', "reserved"],
    ['{"\\u005f_proto__":1}', "reserved"],
    [`${'{"a":'.repeat(40)}1${"}".repeat(40)}`, "depth"],
    ["[".repeat(200_000), "depth"],
    [`{${Array.from({ length: 2001 }, (_, index) => `"k${index}":1`).join(",")}}`, "keys"]
  ])("refuses %j with its code", (text, expected) => {
    assert.strictEqual(code(parseJson(text)), expected)
  })

  it("refuses too many keys and reserved names in a form", () => {
    assert.strictEqual(code(parseForm("a=1&".repeat(2001))), "keys")
    assert.strictEqual(code(parseForm("__proto__=1")), "reserved")
  })

  it("reads the stored text parts of a multipart body", () => {
    assert.deepStrictEqual(ok(parseBody("multipart/form-data", '[["LeadID","1"],["a","b"]]')), [
      ["LeadID", "1"],
      ["a", "b"]
    ])
  })

  it("pollutes nothing", () => {
    parseJson('{"__proto__":{"polluted":true}}')
    assert.isUndefined(({} as Record<string, unknown>)["polluted"])
  })
})
