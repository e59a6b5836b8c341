import { readTables } from "@casewire/sheets/ReadTables"
import type { SheetRefused } from "@casewire/sheets/SheetRefused"
import { mappingSheetLimits, type SheetLimits, type SheetTable } from "@casewire/sheets/SheetTable"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { strToU8, zipSync } from "fflate"
import { cell, directoryEntry, type Made, partsOf, row, sheetOf, xlsx } from "./Xlsx.ts"

const attempt = (bytes: Uint8Array, more: Partial<SheetLimits> = {}, fileName = "Mapping.xlsx") =>
  Effect.runPromise(Effect.result(readTables(bytes, { fileName, limits: { ...mappingSheetLimits, ...more } })))
const read = async (made: Made | Uint8Array, more: Partial<SheetLimits> = {}): Promise<ReadonlyArray<SheetTable>> =>
  Result.getOrThrow(await attempt(made instanceof Uint8Array ? made : xlsx(made), more))
const refusal = async (made: Made | Uint8Array, more: Partial<SheetLimits> = {}): Promise<SheetRefused> => {
  const result = await attempt(made instanceof Uint8Array ? made : xlsx(made), more)
  if (Result.isSuccess(result)) throw new Error("it was read")
  return result.failure
}
const one = { sheets: { A: sheetOf([["x"]]) } }

describe("a workbook", () => {
  it("becomes one table per sheet, rows where they are in the file", async () => {
    const tables = await read({
      sheets: {
        "Harbor MVA": row(1, cell("A1", "Key")) + row(3, cell("B3", " kept  blanks "), `<c r="C3" t="s"><v>0</v></c>`),
        "Mesh & more": ""
      },
      shared: ["+1 (205) 555-0142"]
    })
    assert.deepStrictEqual(tables, [
      {
        name: "Harbor MVA",
        rows: [
          ["Key", "", ""],
          ["", "", ""],
          ["", " kept  blanks ", "+1 (205) 555-0142"]
        ],
        warnings: [],
        text: null
      },
      { name: "Mesh & more", rows: [], warnings: [], text: null }
    ])
  })

  it.each<readonly [string, string, string]>([
    ["a date", `<c r="A1" s="1"><v>46269</v></c>`, "2026-09-04"],
    ["a date before the leap day that never was", `<c r="A1" s="1"><v>2</v></c>`, "1900-01-01"],
    ["a date and a time", `<c r="A1" s="2"><v>46269.4322916667</v></c>`, "2026-09-04 10:22"],
    ["an ISO date", `<c r="A1" t="d"><v>2026-09-04T00:00:00.000Z</v></c>`, "2026-09-04"],
    ["a lead's number", `<c r="A1"><v>248199</v></c>`, "248199"],
    ["a long number", `<c r="A1"><v>12345678901234567890</v></c>`, "12345678901234567890"],
    ["a sum with binary noise", `<c r="A1"><v>0.30000000000000004</v></c>`, "0.3"],
    ["a power of ten", `<c r="A1"><v>1.5E3</v></c>`, "1500"],
    ["yes", `<c r="A1" t="b"><v>1</v></c>`, "TRUE"],
    ["no", `<c r="A1" t="b"><v>0</v></c>`, "FALSE"],
    ["a text that looks like a formula", cell("A1", "=1+1"), "=1+1"],
    ["an apostrophe", cell("A1", "'=1+1"), "'=1+1"],
    ["entities", cell("A1", `<b> & "q"`), `<b> & "q"`]
  ])("shows %s as people write it", async (_, xml, expected) => {
    const tables = await read({ sheets: { A: row(1, xml) }, formats: ["mm/dd/yyyy", "mm/dd/yyyy hh:mm"] })
    assert.deepStrictEqual(tables[0]?.rows, [[expected]])
  })

  it("counts days from 1904 where the file does", async () => {
    const tables = await read({
      sheets: { A: row(1, `<c r="A1" s="1"><v>44807</v></c>`) },
      formats: ["yyyy-mm-dd"],
      date1904: true
    })
    assert.deepStrictEqual(tables[0]?.rows, [["2026-09-04"]])
  })

  it("never evaluates a formula: the saved value counts, and one without is a warning", async () => {
    const tables = await read({
      sheets: {
        First: row(1, cell("A1", "x")),
        A:
          row(1, `<c r="A1"><f>1+1</f><v>7</v></c>`, `<c r="B1" t="str"><f>First!A1</f><v>saved</v></c>`) +
          row(
            2,
            `<c r="A2"><f>SUM(First:Last!A1)</f><v>3</v></c>`,
            `<c r="B2" t="str"><f>WEBSERVICE("http://127.0.0.1/")</f></c>`
          ) +
          row(3, `<c r="A3"><f>1+1</f></c>`, `<c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, cell("C3", "end"))
      }
    })
    assert.deepStrictEqual(tables[1]?.rows, [
      ["7", "saved", ""],
      ["3", "", ""],
      ["", "", "end"]
    ])
    assert.deepStrictEqual(tables[1]?.warnings, [
      { code: "formula-without-value", row: 2, column: 2 },
      { code: "formula-without-value", row: 3, column: 1 }
    ])
  })

  it("may have links that a person would have to click", async () => {
    const relations = `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.test/" TargetMode="External"/></Relationships>`
    assert.lengthOf(await read({ ...one, parts: { "xl/worksheets/_rels/sheet1.xml.rels": relations } }), 1)
  })

  it("reads 5,000 rows of 10 columns", async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => Array.from({ length: 10 }, (__, column) => `r${at}c${column}`))
    const [table] = await read({ sheets: { A: sheetOf(rows) } })
    assert.deepStrictEqual(table?.rows, rows)
  })
})

describe("a workbook is refused", () => {
  const relation = (type: string, extra = "") =>
    `<Relationship Id="x" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="file:///C:/other.xlsx" TargetMode="External"${extra}/>`
  it.each<readonly [string, Made, string]>([
    [
      "external links",
      { ...one, parts: { "xl/externalLinks/externalLink1.xml": "<externalLink/>" } },
      "external-links"
    ],
    [
      "a DDE link",
      {
        ...one,
        parts: { "xl/externalLinks/externalLink1.xml": `<externalLink><ddeLink ddeService="cmd"/></externalLink>` }
      },
      "external-links"
    ],
    ["data connections", { ...one, parts: { "xl/connections.xml": "<connections/>" } }, "external-links"],
    ["query tables", { ...one, parts: { "xl/queryTables/queryTable1.xml": "<queryTable/>" } }, "external-links"],
    ["an external relation", { ...one, workbookRelations: relation("externalLinkPath") }, "external-links"],
    ["a picture from elsewhere", { ...one, workbookRelations: relation("image") }, "external-links"],
    ["macros", { ...one, parts: { "xl/vbaProject.bin": "x" } }, "macros"],
    [
      "a macro type under an innocent name",
      {
        ...one,
        parts: {
          "[Content_Types].xml": `<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>`
        }
      },
      "macros"
    ],
    [
      "a document type",
      {
        ...one,
        parts: { "xl/sharedStrings.xml": `<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>` }
      },
      "xml"
    ],
    ["wide characters", { ...one, parts: { "xl/sharedStrings.xml": Buffer.from("\uFEFF<sst/>", "utf16le") } }, "xml"],
    ["no workbook inside", { ...one, parts: { "xl/workbook.xml": "<workbook" } }, "workbook"],
    [
      "XML that does not close",
      { ...one, parts: { "xl/worksheets/sheet1.xml": "<worksheet><sheetData><row" } },
      "workbook"
    ],
    ["rows in the wrong order", { sheets: { A: row(5, cell("A5", "x")) + row(2, cell("A2", "y")) } }, "workbook"],
    ["a cell of a kind that does not exist", { sheets: { A: row(1, `<c r="A1" t="zz"><v>1</v></c>`) } }, "workbook"],
    ["a row beyond any sheet", { sheets: { A: `<row r="99999999999"><c r="A1"><v>1</v></c></row>` } }, "workbook"]
  ])("for %s", async (_, made, code) => assert.strictEqual((await refusal(made)).code, code))

  it("with 21 sheets", async () => {
    const sheets = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`S${index}`, ""]))
    assert.strictEqual((await refusal({ sheets })).code, "sheets")
  })
  it("with 5,001 rows, also when most are blank", async () => {
    assert.strictEqual(
      (await refusal({ sheets: { A: sheetOf(Array.from({ length: 5001 }, () => ["x"])) } })).code,
      "rows"
    )
    assert.strictEqual((await refusal({ sheets: { A: row(1_048_576, cell("A1048576", "x")) } })).code, "rows")
  })
  it("with a cell far to the right", async () => {
    const failure = await refusal({ sheets: { A: row(3, cell("XFD3", "x")) } })
    assert.deepInclude(failure, { code: "columns", place: { row: 3 } })
    assert.strictEqual(failure.message, "A row has too many columns. (row 3)")
  })
  it("with a cell longer than a cell can be", async () => {
    const failure = await refusal({ sheets: { A: row(2, cell("B2", "x".repeat(32_768))) } })
    assert.deepInclude(failure, { code: "cell-size", place: { sheet: 1, row: 2, column: 2 } })
  })
  it("when one shared text stands in very many cells", async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => row(at + 1, `<c r="A${at + 1}" t="s"><v>0</v></c>`)).join("")
    assert.strictEqual((await refusal({ sheets: { A: rows }, shared: ["x".repeat(30_000)] })).code, "characters")
  })
  it("when it is read longer than its deadline", async () => {
    assert.strictEqual((await refusal(one, { deadlineMs: 1 })).code, "deadline")
  })
  it("when it needs more memory than it may have", async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => `<row r="${at * 200 + 1}"/>`).join("")
    const failure = await refusal({ sheets: { A: rows + row(1_048_570, `<c r="A1048570" s="0"/>`) } }, { memoryMb: 8 })
    assert.strictEqual(failure.code, "memory")
  })
})

describe("an archive is refused", () => {
  const zeros = (size: number) => new Uint8Array(size)
  it("that unpacks to more than 50 MiB", async () => {
    const parts = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [`media/${index}.bin`, zeros(9 * 1024 * 1024)])
    )
    const bytes = xlsx({ ...one, parts })
    assert.isBelow(bytes.length, 100_000)
    assert.strictEqual((await refusal(bytes, { ratio: 1_000_000 })).code, "inflated-size")
  })
  it("with a part that is packed more than a hundredfold", async () => {
    assert.strictEqual((await refusal({ ...one, parts: { "a.xml": zeros(200_000) }, level: 9 })).code, "ratio")
  })
  it("with more than 100 entries", async () => {
    const parts = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}.bin`, zeros(1)]))
    assert.strictEqual((await refusal({ ...one, parts })).code, "entries")
  })
  it.each([
    "../evil.xml",
    "/etc/passwd.xml",
    "C:/x.xml",
    "xl\\x.xml",
    "XL/WORKBOOK.XML",
    "a\u0001.xml",
    "__proto__/x.xml"
  ])("with a part named %j", async (name) => {
    assert.strictEqual((await refusal({ ...one, parts: { [name]: "<x/>" } })).code, "entry-name")
  })
  it("that says a smaller size than it unpacks to", async () => {
    const bytes = Buffer.from(xlsx(one))
    bytes.writeUInt32LE(10, directoryEntry(bytes, "xl/workbook.xml") + 24)
    assert.strictEqual((await refusal(bytes)).code, "archive")
  })
  it("whose parts are not what their checksum says", async () => {
    const bytes = Buffer.from(xlsx(one))
    bytes.writeUInt32LE(10, directoryEntry(bytes, "xl/workbook.xml") + 16)
    assert.strictEqual((await refusal(bytes)).code, "archive")
  })
  it("with a password", async () => {
    const bytes = Buffer.from(xlsx(one))
    const at = directoryEntry(bytes, "xl/workbook.xml") + 8
    bytes.writeUInt16LE(bytes.readUInt16LE(at) | 1, at)
    assert.strictEqual((await refusal(bytes)).code, "encrypted")
  })
  it("that is no workbook", async () => {
    assert.strictEqual((await refusal(zipSync({ "a.txt": strToU8("x") }))).code, "content-mismatch")
  })
  it("larger than 5 MiB, before it is opened", async () => {
    const bytes = new Uint8Array(5 * 1024 * 1024 + 1)
    bytes.set(xlsx(one))
    const failure = await refusal(bytes)
    assert.deepInclude(failure, { code: "file-size", isTooLarge: true })
  })
  it("wherever it is cut off", async () => {
    const bytes = xlsx(one)
    for (let part = 0; part < 20; part++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 20))
      assert.include(["archive", "content-mismatch"], (await refusal(cut)).code)
    }
  })
  it("or read, whichever bytes are changed: never anything else", async () => {
    const canary = "Canary7731"
    const bytes = xlsx({ sheets: { A: sheetOf([[canary, "b"]]) }, level: 0 })
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const broken = bytes.slice()
        for (const { at, to } of changes) broken[at] = to
        const result = await attempt(broken)
        if (Result.isFailure(result)) assert.notInclude(result.failure.message, canary)
      }),
      { numRuns: 40 }
    )
  })
})

it("reads what was checked: a part that two readers would see differently is the checked one", async () => {
  const parts = partsOf({ sheets: { A: sheetOf([["checked"]]) } })
  const bytes = Buffer.from(zipSync(parts, { level: 0 }))
  // The local header lies about the name; the directory, which was checked, says sheet1.xml.
  const at = bytes.indexOf("xl/worksheets/sheet1.xml")
  bytes.write("xl/worksheets/sheet9.xml", at, "latin1")
  assert.deepStrictEqual((await read(bytes))[0]?.rows, [["checked"]])
})
