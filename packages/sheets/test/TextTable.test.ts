import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { guarded, isFormulaLike, unguarded } from "@casewire/sheets/FormulaGuard"
import { readTables } from "@casewire/sheets/ReadTables"
import { caseImportLimits, mappingSheetLimits, type SheetLimits } from "@casewire/sheets/SheetTable"
import { readText } from "@casewire/sheets/TextTable"
import { csvLine, writeCsv } from "@casewire/sheets/WriteCsv"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import fc from "fast-check"

const bytesOf = (text: string) => new TextEncoder().encode(text)
const attempt = (source: Uint8Array | string, fileName = "Harbor MVA.csv", more: Partial<SheetLimits> = {}) =>
  Effect.runPromise(Effect.result(readTables(source, { fileName, limits: { ...mappingSheetLimits, ...more } })))
const read = async (source: Uint8Array | string, fileName?: string) => {
  const [table] = Result.getOrThrow(await attempt(source, fileName))
  return table!
}
const refusal = async (source: Uint8Array | string, fileName?: string, more: Partial<SheetLimits> = {}) => {
  const result = await attempt(source, fileName, more)
  if (Result.isSuccess(result)) throw new Error("it was read")
  return result.failure
}

describe("a text file", () => {
  it("becomes a table named for the file, blank rows kept", async () => {
    assert.deepStrictEqual(await read(bytesOf('a,"b, ""c"""\r\n\r\nd,"e\nf",g\r\n')), {
      name: "Harbor MVA",
      rows: [["a", 'b, "c"'], [""], ["d", "e\nf", "g"]],
      warnings: [],
      text: { encoding: "utf-8", delimiter: "," }
    })
  })

  it.each<readonly [string, string, string, ReadonlyArray<ReadonlyArray<string>>]>([
    [
      "semicolons",
      "a;b,c;d\ne;f,g;h\n",
      ";",
      [
        ["a", "b,c", "d"],
        ["e", "f,g", "h"]
      ]
    ],
    [
      "tabs",
      "a\tb, c\nd\te, f, g\n",
      "\t",
      [
        ["a", "b, c"],
        ["d", "e, f, g"]
      ]
    ],
    ["commas by default", "a\nb\n", ",", [["a"], ["b"]]],
    [
      "commas though a quoted cell has semicolons",
      '"a;b;c",d\n"e;f;g",h\n',
      ",",
      [
        ["a;b;c", "d"],
        ["e;f;g", "h"]
      ]
    ],
    ["what a first line names", "sep=;\na,b;c\n", ";", [["a,b", "c"]]],
    [
      "lines that end in CR only",
      "a,b\rc,d\r",
      ",",
      [
        ["a", "b"],
        ["c", "d"]
      ]
    ],
    ["lines of different lengths", "a\nb,c,d\ne,f\n", ",", [["a"], ["b", "c", "d"], ["e", "f"]]]
  ])("is cut at %s", async (_, text, delimiter, rows) => {
    const table = await read(bytesOf(text))
    assert.deepStrictEqual([table.text?.delimiter, table.rows], [delimiter, rows])
  })

  it("is cut where a person says", async () => {
    const options = { fileName: "a.txt", limits: mappingSheetLimits, delimiter: ";" as const }
    const [table] = await Effect.runPromise(readTables(bytesOf("a,b;c\n"), options))
    assert.deepStrictEqual(table?.rows, [["a,b", "c"]])
  })

  it("is read in the encodings that spreadsheet programs write", async () => {
    const text = "José,Ünal €\n"
    const expected = [["José", "Ünal €"]]
    assert.deepStrictEqual((await read(bytesOf(`\uFEFF${text}`))).rows, expected)
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")])
    assert.deepInclude(await read(wide), { rows: expected, text: { encoding: "utf-16le", delimiter: "," } })
    const western = Uint8Array.from([...text].map((char) => (char === "€" ? 0x80 : char.charCodeAt(0))))
    assert.deepInclude(await read(western), {
      rows: expected,
      warnings: [{ code: "windows-1252" }],
      text: { encoding: "windows-1252", delimiter: "," }
    })
  })

  it.each<readonly [string, Uint8Array]>([
    ["big-endian wide characters", Buffer.from([0xfe, 0xff, 0, 65])],
    ["wide characters without a mark", Buffer.from("a,b\n", "utf16le")],
    ["a mark of UTF-8 and other bytes", Buffer.from([0xef, 0xbb, 0xbf, 0xe9, 0x2c])],
    ["half a wide character", Buffer.from([0xff, 0xfe, 0x00, 0xd8])]
  ])("is refused in %s", async (_, bytes) => assert.strictEqual((await refusal(bytes)).code, "encoding"))

  it("is refused by row and column, never by value", async () => {
    const failure = await refusal(bytesOf('a,b\nc,secret"7731\n'))
    assert.deepInclude(failure, { code: "quotes", place: { row: 2, column: 2 } })
    assert.strictEqual(failure.message, "A quotation mark is open or in the wrong place. (row 2, column 2)")
    assert.strictEqual((await refusal(bytesOf('a,"b\nc,d\n'))).code, "quotes")
    assert.notInclude(JSON.stringify(failure), "7731")
  })

  it("has limits", async () => {
    assert.deepInclude(await refusal(bytesOf("a\n".repeat(5001))), { code: "rows", isTooLarge: true })
    assert.strictEqual((await read(bytesOf("a\n".repeat(5000)))).rows.length, 5000)
    assert.deepInclude(await refusal(bytesOf(`a\n${",".repeat(200)}\n`)), { code: "columns", place: { row: 2 } })
    assert.deepInclude(await refusal(bytesOf(`a,${"x".repeat(32_768)}\n`)), {
      code: "cell-size",
      place: { row: 1, column: 2 }
    })
    assert.strictEqual((await refusal(bytesOf("aa,bb\n"), "a.csv", { characters: 3 })).code, "characters")
    assert.strictEqual((await refusal(bytesOf("aaaa"), "a.csv", { fileBytes: 3 })).code, "file-size")
  })

  it("may have 100,000 rows in an import of cases, and not one more", async () => {
    const options = { fileName: "cases.csv", limits: caseImportLimits }
    const text = "248199,Ana,Lee\n".repeat(100_000)
    const [table] = await Effect.runPromise(readTables(bytesOf(text), options))
    assert.strictEqual(table?.rows.length, 100_000)
    const failure = await Effect.runPromise(Effect.flip(readTables(bytesOf(`${text}x\n`), options)))
    assert.strictEqual(failure.code, "rows")
  })

  it.each<readonly [string, string, string, string]>([
    ["a workbook", "PK\u0003\u0004rest", "a.csv", "content-mismatch"],
    ["text", "a,b\n", "a.xlsx", "content-mismatch"],
    ["a PDF", "%PDF-1.7", "a.csv", "content-mismatch"],
    ["a PDF", "%PDF-1.7", "a.xlsx", "content-mismatch"],
    ["an old workbook", "\u00d0\u00cf\u0011\u00e0", "a.xlsx", "old-or-encrypted"],
    ["a name without a kind", "a,b\n", "a", "unsupported-type"],
    ["an old kind", "a,b\n", "a.xls", "unsupported-type"],
    ["a kind with macros", "a,b\n", "a.xlsm", "unsupported-type"],
    ["nothing", "", "a.xlsx", "content-mismatch"]
  ])("is refused when it is %s under a name it cannot have (%j, %s)", async (_, text, fileName, code) => {
    assert.strictEqual((await refusal(Buffer.from(text, "latin1"), fileName)).code, code)
  })

  it("is read from a path, after its size was asked", async () => {
    const folder = mkdtempSync(join(tmpdir(), "casewire-sheets-"))
    try {
      const path = join(folder, "upload-1")
      writeFileSync(path, "a,b\n")
      assert.deepStrictEqual((await read(path)).rows, [["a", "b"]])
      assert.strictEqual((await refusal(path, "a.csv", { fileBytes: 2 })).code, "file-size")
      assert.strictEqual((await refusal(folder, "a.csv")).code, "unreadable")
      const failure = await refusal(join(folder, "none"), "a.csv")
      assert.strictEqual(failure.message, "The file cannot be opened.")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("the guard against formulas", () => {
  it.each(["=1+1", "+1 205", "-5", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", "\t=x", "\tplain", "\rplain", "\0plain"])(
    "stands before %j",
    (cell) => {
      assert.strictEqual(guarded(cell), `'${cell}`)
      assert.strictEqual(unguarded(guarded(cell)), cell)
    }
  )
  it.each(["  =1", "\u00a0=1", "\uFEFF=1", "\u200b=1", "\u2060\u200d-1", "\u0001+1", "\u3164@x", "\n\n=1", "\u202e=1"])(
    "sees through what is not seen: %j",
    (cell) => assert.strictEqual(guarded(cell), `'${cell}`)
  )
  it.each(["", "a", "1", "a=1", "'", "'a", "'=1", "(205) 555-0142", "é", "\n", " "])("leaves %j alone", (cell) =>
    assert.strictEqual(guarded(cell), cell)
  )
  it("takes exactly one apostrophe off", () => {
    assert.strictEqual(unguarded("'=1"), "=1")
    assert.strictEqual(unguarded("''=1"), "''=1")
    assert.strictEqual(unguarded("'a"), "'a")
  })
})

const nasty = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(..."=+-@'\",;\t\r\n\0 ab1＝\uFEFF\u200b\u00a0") },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) }
  ),
  maxLength: 8
})
const table = fc.array(fc.array(fc.oneof(nasty, fc.constant("sep=;")), { maxLength: 5 }), { maxLength: 6 })
const back = (bytes: Uint8Array) => readText(bytes, "x", mappingSheetLimits, undefined).rows

describe("what is exported", () => {
  it("is CSV as RFC 4180 has it, with a mark, and lines that can be written one by one", () => {
    const rows = [["Row", "Message"], ["1", 'say "x"'], ["2", "=1"], []]
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(writeCsv(rows))
    assert.strictEqual(text, '\uFEFFRow,Message\r\n1,"say ""x"""\r\n2,\'=1\r\n""\r\n')
    assert.strictEqual(`\uFEFF${rows.map(csvLine).join("")}`, text)
  })

  it("reads back, and exports again to the same bytes", () => {
    const runs = Number(process.env["SHEET_TABLES"] ?? 3000)
    fc.assert(
      fc.property(table, (rows) => {
        const first = writeCsv(rows)
        const again = writeCsv(back(first))
        assert.isTrue(Buffer.from(first).equals(Buffer.from(again)))
      }),
      { numRuns: runs }
    )
  }, 600_000)

  it("loses nothing but an apostrophe that stood before a formula", () => {
    fc.assert(
      fc.property(table, (rows) => {
        const shown = rows.map((row) => (row.length === 0 ? [""] : row).map((cell) => unguarded(cell.toWellFormed())))
        assert.deepStrictEqual(back(writeCsv(rows)), shown)
      }),
      { numRuns: 3000 }
    )
  })

  it("has no cell that a program would take for a formula", () => {
    fc.assert(
      fc.property(nasty, (cell) => assert.isFalse(isFormulaLike(guarded(cell)))),
      { numRuns: 5000 }
    )
  })

  it("is the same through the reading thread", async () => {
    const rows = [["=1", "a;b;c", "\0x"], ["sep=;"], [""]]
    const bytes = writeCsv(rows)
    assert.deepStrictEqual((await read(bytes)).rows, rows)
  })
})
