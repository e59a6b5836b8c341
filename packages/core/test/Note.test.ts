import { layoutNote, markerOf, plainText } from "@casewire/core/domain/Note"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"

const id = "019a0000-0000-7000-8000-00000000002a"

describe("a note's layout", () => {
  it("ends every part with a marker that only this operation and part have", () => {
    const parts = layoutNote(id, "word ".repeat(5000), 4000)
    assert.isAbove(parts.length, 5)
    parts.forEach((part, index) => {
      assert.strictEqual(part.marker, markerOf(id, index + 1))
      assert.isTrue(part.text.endsWith(`\n${part.marker}`))
      assert.isTrue(part.text.startsWith(`(${index + 1}/${parts.length})\n`))
    })
    assert.strictEqual(new Set(parts.map(({ marker }) => marker)).size, parts.length)
  })

  it("makes markers of letters, digits and blanks only, without client data", () => {
    assert.match(markerOf(id, 3), /^\[ref [A-Z2-7]{26} 3\]$/)
    assert.notStrictEqual(markerOf(id, 1), markerOf("019a0000-0000-7000-8000-00000000002b", 1))
  })

  it("leaves a short text in one part without a number", () => {
    const [part, ...rest] = layoutNote(id, "Hello", 32_000)
    assert.deepStrictEqual([part?.text, rest], [`Hello\n${markerOf(id, 1)}`, []])
  })

  it("keeps every limit, loses no visible character and never cuts a character in two, for any text", () => {
    const text = fc.string({ unit: fc.constantFrom("a", " ", "\n", "é", "😀", "ש", "\r\n"), maxLength: 2000 })
    fc.assert(
      fc.property(text, fc.integer({ min: 120, max: 400 }), (value, limit) => {
        const parts = layoutNote(id, value, limit)
        const bodies = parts.map(({ marker, text: part }) =>
          part.slice(0, -marker.length - 1).replace(/^\(\d+\/\d+\)\n/, "")
        )
        for (const { text: part } of parts) {
          assert.isAtMost(part.length, limit)
          assert.isTrue(part.isWellFormed())
        }
        assert.strictEqual(bodies.join("").replace(/\s/g, ""), plainText(value).replace(/\s/g, ""))
      }),
      { numRuns: 500 }
    )
  })

  it("turns line ends into newlines and drops control characters", () => {
    assert.strictEqual(plainText("a\r\nb\rc\u0000\u0007d\te\u007f"), "a\nb\nc" + "d\te")
  })
})
