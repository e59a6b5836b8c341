/** What is taken as a packed plugin's file, and what is refused by which name; then what chance and malice make of one. */
import { assert, describe, it } from "@effect/vitest"
import { nameFault, packageLimits, readArchive, writeArchive } from "@casewire/plugin-host/PackageArchive"
import { anySignature } from "@casewire/plugin-host/PackageSignature"
import { checkPackage } from "@casewire/plugin-host/PluginPackage"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { type Zippable, zipSync } from "fflate"
import { packed, packedFiles } from "./Packed.ts"

const text = (value: string) => new TextEncoder().encode(value)
const zipped = (files: Zippable) => zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) })

const refusal = (bytes: Uint8Array, limits = packageLimits) =>
  Effect.map(Effect.result(readArchive(bytes, limits)), (read) => {
    if (Result.isSuccess(read)) return "taken"
    assert.match(read.failure.message, /^[A-Z"].*\. [A-Z].*\.$/s, "what was found, and what to do")
    return read.failure.code
  })

/** The same text at another place: a name in the directory and in the file's own head. */
const renamed = (from: string, to: string) => {
  assert.strictEqual(from.length, to.length)
  return Uint8Array.from(
    Buffer.from(
      Buffer.from(zipped({ [from]: text("x") }))
        .toString("latin1")
        .replaceAll(from, to),
      "latin1"
    )
  )
}

const small = { ...packageLimits, files: 3, bytes: 2000 }
const table: ReadonlyArray<readonly [title: string, bytes: Uint8Array, code: string, limits?: typeof small]> = [
  ["a packed plugin", packed(), "taken"],
  ["nothing", new Uint8Array(), "not-a-package"],
  ["a text", text("this is no archive"), "not-a-package"],
  ["an archive without files", zipped({}), "taken"],
  ["a file that is too large", packed(), "file-too-large", { ...small, bytes: 100 }],
  ["too many files", zipped({ a: text("1"), b: text("2"), c: text("3"), d: text("4") }), "too-many-files", small],
  [
    "files that are too large together",
    zipSync({ a: new Uint8Array(3000) }, { level: 9 }),
    "unpacked-too-large",
    small
  ],
  ["a bomb", zipSync({ a: new Uint8Array(40 * 1024 * 1024) }, { level: 9 }), "unpacked-too-large"],
  ["compressed files", zipSync({ a: new Uint8Array(1000) }, { level: 9 }), "not-a-package"],
  ["a path that climbs", renamed("aaa/b", "../ab"), "name-unsafe"],
  ["a path that climbs from within", renamed("aaaaaaa/b", "a/../../b"), "name-unsafe"],
  ["a path from the root", renamed("aaaa", "/etc"), "name-unsafe"],
  ["a path of another system", renamed("aaaaa", "a\\..b"), "name-unsafe"],
  ["a drive", renamed("aaaa", "C:aa"), "name-unsafe"],
  ["a hidden file", renamed("aaaaa", ".aaaa"), "name-unsafe"],
  ["a name of a device", zipped({ "NUL.mjs": text("x") }), "name-unsafe"],
  ["a name that ends in a dot", zipped({ "a.": text("x") }), "name-unsafe"],
  ["a name with a line break", renamed("aaaa", "a\na\n"), "name-unsafe"],
  ["a name in other letters", zipped({ "plugın.mjs": text("x") }), "name-unsafe"],
  ["a name that objects have", zipped({ ["__proto" + "__x"]: text("x") }), "name-unsafe"],
  ["a folder", zipped({ "a/": new Uint8Array() }), "name-unsafe"],
  ["a name that is long", zipped({ ["a".repeat(300)]: text("x") }), "name-unsafe"],
  ["a name that is deep", zipped({ ["a/".repeat(20) + "b"]: text("x") }), "name-unsafe"],
  ["the same name twice", twice(), "file-repeated"],
  ["the same name in other case", zipped({ "a.mjs": text("1"), "A.mjs": text("2") }), "file-repeated"],
  ["a link", zipped({ a: [text("/etc/passwd"), { os: 3, attrs: 0o120777 << 16 }] }), "link-refused"],
  ["a device", zipped({ a: [text(""), { os: 3, attrs: 0o020666 << 16 }] }), "link-refused"],
  ["bytes behind the archive", Buffer.concat([packed(), text("more")]), "not-a-package"],
  ["bytes before the archive", Buffer.concat([text("#!/bin/sh\n"), packed()]), "not-a-package"],
  ["a comment", zipped({ a: [text("x"), { comment: "hidden" }] }), "not-a-package"],
  ["an extra field", zipped({ a: [text("x"), { extra: { 1234: text("hidden") } }] }), "not-a-package"],
  ["another time", zipSync({ a: text("x") }, { level: 0, mtime: new Date(2020, 1, 1) }), "not-a-package"],
  ["another order", zipped({ b: text("1"), a: text("2") }), "not-a-package"]
]

function twice() {
  const bytes = Buffer.from(zipped({ aaa: text("1"), bbb: text("2") }))
  return Uint8Array.from(Buffer.from(bytes.toString("latin1").replaceAll("bbb", "aaa"), "latin1"))
}

describe("a file that shall be a packed plugin", () => {
  for (const [title, bytes, code, limits] of table)
    it.effect(`is ${code === "taken" ? "taken" : "refused"}: ${title} (${code})`, () =>
      Effect.map(refusal(bytes, limits), (answer) => assert.strictEqual(answer, code))
    )

  it.effect("comes back as it was written, and is the same bytes whenever it is written", () =>
    Effect.gen(function* () {
      const files = packedFiles()
      const bytes = writeArchive(files)
      assert.deepStrictEqual(new Map([...(yield* readArchive(bytes))].sort()), new Map([...files].sort()))
      assert.deepStrictEqual(writeArchive(new Map([...files].toReversed())), bytes)
    })
  )

  it.effect("is refused by name wherever it ends early", () =>
    Effect.gen(function* () {
      const whole = packed()
      const found = new Set<string>()
      for (let length = 0; length < whole.length; length++) found.add(yield* refusal(whole.subarray(0, length)))
      assert.deepStrictEqual([...found], ["not-a-package"])
    })
  )

  it.effect("is refused by name whichever bit is another one", () =>
    Effect.gen(function* () {
      const whole = packed()
      const codes = new Map<string, number>()
      for (let at = 0; at < whole.length; at++)
        for (const bit of [0, 3, 7]) {
          const other = whole.slice()
          other[at] = other[at]! ^ (1 << bit)
          const read = yield* Effect.result(readArchive(other))
          const checked = Result.flatMap(read, (files) => checkPackage(files, anySignature))
          const code = Result.isSuccess(checked) ? "taken" : checked.failure.code
          codes.set(code, (codes.get(code) ?? 0) + 1)
        }
      assert.notInclude([...codes.keys()], "taken")
      assert.isAbove(codes.get("not-a-package") ?? 0, 0)
    })
  )

  it("is refused by name whatever bytes it has", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, isMarked) => {
        const given = isMarked ? Buffer.concat([text("PK\u0003\u0004"), bytes, packed().slice(-60)]) : bytes
        assert.notStrictEqual(await Effect.runPromise(refusal(given)), "taken")
      }),
      { numRuns: 300 }
    ))

  it("is refused by name whatever is spliced into it", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(64), fc.uint8Array({ maxLength: 64 }), async (place, cut, bytes) => {
        const whole = packed()
        const at = place % whole.length
        const other = Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + cut)])
        const answer = await Effect.runPromise(
          Effect.result(
            Effect.flatMap(readArchive(other), (files) => Effect.fromResult(checkPackage(files, anySignature)))
          )
        )
        assert.isTrue(Result.isFailure(answer) || Buffer.from(whole).equals(other))
      }),
      { numRuns: 500 }
    ))

  it("has only names that are safe to write below a folder", () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", ":", "~", "\0", " ") })),
        (name) => {
          if (nameFault(name) !== undefined) return
          assert.match(name, /^[A-Za-z0-9][\w./-]*$/)
          assert.notMatch(name, /(?:^|\/)\.|\/\/|\/$|\.$/)
        }
      ),
      { numRuns: 2000 }
    ))
})
