import type { FieldKeys } from "@casewire/core/domain/FieldKey"
import { outcomeTable, readMappingSheet, type SheetKnowledge } from "@casewire/core/domain/MappingSheet"
import { columnsOf } from "@casewire/core/domain/SheetHeader"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"

const keys: FieldKeys = {
  pattern: "^(?:custom)?[\\s_-]?(\\d{3,6})$",
  canonical: "Custom$1",
  defaults: [
    { key: "FirstName", names: ["First Name"] },
    { key: "Email1", names: ["Email", "E-mail address"] },
    { key: "Status", names: ["Status"] }
  ],
  defaultWords: ["Default Field"]
}
const listed = (key: string, label: string, inputType: string, options: ReadonlyArray<string> = []) => ({
  key,
  label,
  inputType,
  section: "",
  options
})
const known: SheetKnowledge = {
  keys,
  reserved: ["key", "operation", "leadid"],
  caseTypes: ["Harbor MVA", "Mesh"],
  catalog: [
    {
      caseType: "Harbor MVA",
      fields: [
        listed("Custom4124", "Date of accident", "date"),
        listed("Custom4131", "Where were you treated?", "multi", [
          "Chiropractor",
          "Primary Care, or family doctor",
          "None"
        ]),
        listed("Custom4126", "Was a police report made?", "yes/no", ["Yes", "No"]),
        listed("Custom4119", "READ ALOUD", "script"),
        listed("Custom4150", "Case status", "text")
      ]
    }
  ]
}
const header = ["Custom# / field ID", "Friendly field name", "Field type", "Valid options"]
const secret = "sk_live_9fQ2xPz7LmN4tR8vB1cD"
const top = [["Harbor MVA"], ["API Key", secret], ["Client Secret", "hunter2 hunter2"], []]
const sheet = (...rows: ReadonlyArray<ReadonlyArray<string>>) =>
  readMappingSheet([{ name: "Sheet1", rows: [...top, header, ...rows] }], known)
const codes = (...rows: ReadonlyArray<ReadonlyArray<string>>) => sheet(...rows).rows.map(({ codes: found }) => found)

describe("a mapping sheet", () => {
  it("becomes a draft, with the case type on top and an outcome for each row", () => {
    const read = sheet(
      ["<<Custom4124>>", "Date of accident", "Date", ""],
      ["custom4131", "Where were you treated?", "multi-select", "Chiropractor, Primary Care, or family doctor, None"],
      ["", "", "", ""],
      ["4126", "Police report?", "Yes/No", ""],
      ["Default Field", "Email", "text", ""],
      ["FirstName", "First name", "text", ""]
    )
    assert.deepStrictEqual(
      read.rows.map(({ codes: found, crmKey, level, row }) => [row, crmKey, level, ...found]),
      [
        [6, "Custom4124", "ok"],
        [7, "Custom4131", "ok"],
        [9, "Custom4126", "ok"],
        [10, "Email1", "warning", "unknown-field"],
        [11, "FirstName", "warning", "unknown-field"]
      ]
    )
    assert.deepStrictEqual(read.draft[1], {
      caseType: "Harbor MVA",
      crmKey: "Custom4131",
      label: "Where were you treated?",
      kind: "multi",
      options: ["Chiropractor", "Primary Care, or family doctor", "None"],
      isDefault: false,
      sheet: 1,
      row: 7
    })
    assert.deepStrictEqual(read.sheets, [
      {
        sheet: 1,
        name: "Sheet1",
        caseTypes: ["Harbor MVA"],
        problem: null,
        headerRows: [5],
        dropped: 3,
        credentialsSeen: true
      }
    ])
  })

  it("takes the sheet's name where nothing above the header names a case type", () => {
    const rows = [header, ["Custom697", "Date of surgery", "date", ""]]
    const read = readMappingSheet([{ name: " mesh ", rows }], known)
    assert.deepStrictEqual(
      read.draft.map(({ caseType }) => caseType),
      ["Mesh"]
    )
    assert.isFalse(read.sheets[0]?.credentialsSeen)
  })

  it("takes a person's choice before anything else", () => {
    const rows = [["Case type: Mesh"], header, ["Custom697", "Date", "date"]]
    assert.strictEqual(readMappingSheet([{ name: "x", rows }], known).draft[0]?.caseType, "Mesh")
    const chosen = new Map([[1, "Harbor MVA"]])
    assert.strictEqual(readMappingSheet([{ name: "x", rows }], { ...known, chosen }).draft[0]?.caseType, "Harbor MVA")
  })

  it("reads several sheets, each for itself", () => {
    const read = readMappingSheet(
      [
        { name: "Harbor MVA", rows: [header, ["Custom4124", "Date of accident", "date"]] },
        { name: "Notes to self", rows: [["call Ana"], [secret]] },
        { name: "Mesh", rows: [header, ["Custom4124", "Date of surgery", "date"]] }
      ],
      known
    )
    assert.deepStrictEqual(
      read.draft.map(({ caseType, crmKey, sheet: number }) => `${number} ${caseType} ${crmKey}`),
      ["1 Harbor MVA Custom4124", "3 Mesh Custom4124"]
    )
    assert.deepStrictEqual(
      read.sheets.map(({ problem }) => problem),
      [null, "no-header", null]
    )
    assert.isTrue(read.sheets[1]?.credentialsSeen)
  })

  it("keeps what stands above the second of two tables out, too", () => {
    const read = readMappingSheet(
      [
        {
          name: "All",
          rows: [
            ["Harbor MVA"],
            ["API Key", secret],
            header,
            ["Custom4124", "Date of accident", "date"],
            [],
            ["Mesh"],
            ["Password", secret],
            header,
            ["Custom697", "Date of surgery", "date"]
          ]
        }
      ],
      known
    )
    assert.deepStrictEqual(
      read.rows.map(({ caseType, row }) => [row, caseType]),
      [
        [4, "Harbor MVA"],
        [9, "Mesh"]
      ]
    )
    assert.strictEqual(read.sheets[0]?.dropped, 4)
    assert.notInclude(JSON.stringify(read), secret)
  })

  it("lets a column name the case type of a row", () => {
    const rows = [
      ["Case Type", ...header],
      ["mesh", "Custom697", "Date", "date", ""],
      ["Trucks", "Custom698", "Date", "date", ""]
    ]
    const read = readMappingSheet([{ name: "Harbor MVA", rows }], known)
    assert.deepStrictEqual(
      read.rows.map(({ caseType, codes: found, row }) => [row, caseType, ...found]),
      [
        [2, "Mesh"],
        [3, null, "unknown-case-type"]
      ]
    )
  })

  it.each<readonly [string, ReadonlyArray<string>, string, string]>([
    ["a status", ["Status", "Status", "text"], "status", "error"],
    ["a status by its friendly name", ["Custom5000", "Current case status", "text"], "status", "error"],
    ["a status by the CRM's label", ["Custom4150", "Where we stand", "text"], "status", "error"],
    ["a default status", ["Default Field", "Lead status", "text"], "status", "error"],
    ["no key", ["something", "Name", "text"], "malformed-key", "error"],
    ["a reserved key", ["LeadID", "Lead ID", "text"], "reserved-key", "error"],
    ["a default field that is none", ["Default Field", "Shoe size", "text"], "unknown-default", "error"],
    ["a script", ["Custom4119", "Read aloud", "text"], "no-value", "error"],
    ["a field the CRM does not list", ["Custom9999", "Other", "text"], "unknown-field", "warning"],
    ["no name", ["Custom4124", "", "date"], "no-name", "warning"],
    ["an unknown type", ["Custom4124", "Date", "frobnicator"], "unknown-type", "warning"],
    ["another type than the CRM's", ["Custom4124", "Date", "yes/no"], "type-differs", "warning"],
    ["other options than the CRM's", ["Custom4131", "Treated", "multi select", "Massage"], "options-differ", "warning"],
    ["no options", ["Custom4131", "Treated", "multi select", ""], "options-missing", "warning"]
  ])("says of a row with %s what is wrong", (_, row, code, level) => {
    const [outcome] = sheet(row).rows
    assert.deepStrictEqual([outcome?.codes, outcome?.level, outcome?.row], [[code], level, 6])
    assert.strictEqual(sheet(row).draft.length, level === "error" ? 0 : 1)
  })

  it("says in which row a field was first", () => {
    const [, second] = sheet(["Custom4124", "Date", "date"], ["<<custom4124>>", "Date again", "date"]).rows
    assert.deepInclude(second, { codes: ["duplicate"], message: "Custom4124 is already in row 6 of sheet 1." })
  })

  it("names the key that the CRM has for a name", () => {
    const [row] = sheet(["Custom4125", "date of ACCIDENT", "date"]).rows
    assert.include(row?.message, "It has this name under Custom4124.")
  })

  it("asks for the case type where the sheet does not say it", () => {
    const rows = [header, ["Custom1234", "Date", "date"]]
    assert.deepStrictEqual(readMappingSheet([{ name: "Sheet1", rows }], known).rows[0]?.codes, ["no-case-type"])
  })

  it("judges no field before the catalog was read", () => {
    const rows = [header, ["Custom1", "Date", "date"], ["1234", "Date", "date"]]
    const read = readMappingSheet([{ name: "Mesh", rows }], { ...known, catalog: [] })
    assert.deepStrictEqual(
      read.rows.map(({ codes: found }) => found),
      [["malformed-key"], []]
    )
  })

  it.each<readonly [string, ReadonlyArray<string>]>([
    ['"a, b", c', ["a, b", "c"]],
    ["a\nb\r\nc", ["a", "b", "c"]],
    ["a; b | c", ["a", "b", "c"]],
    ["Yes, yes ,No", ["yes", "No"]],
    [" , ,", []]
  ])("splits the options %j", (text, options) => {
    const rows = [header, ["Custom1234", "Choice", "single select", text]]
    assert.deepStrictEqual(readMappingSheet([{ name: "Mesh", rows }], known).draft[0]?.options, options)
  })

  it("makes a table of outcomes, a line for each row", () => {
    assert.deepStrictEqual(outcomeTable(sheet(["Custom4124", "Date", "date"], ["x", "y"])), [
      ["Sheet", "Row", "Field", "Outcome", "Message"],
      ["1", "6", "Custom4124", "ok", "Taken into the draft."],
      ["1", "7", "", "error", "The first column is not a field's key."]
    ])
  })

  it("repeats nothing from above a header, nor from rows without a key", () => {
    const cell = fc.constantFrom("API Key", "Harbor MVA", "x", "", "Type", "Name", "Password:", "Question", secret)
    const rows = fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 8 })
    fc.assert(
      fc.property(rows, rows, (above, below) => {
        const all = [
          ...above,
          header,
          ["Custom4124", "Date of accident", "date"],
          ...below,
          header,
          ["4131", "T", "multi"]
        ]
        const read = readMappingSheet([{ name: "Harbor MVA", rows: all }], known)
        assert.notInclude(JSON.stringify(read), secret)
        assert.isAtLeast(read.draft.length, 1)
      }),
      { numRuns: 1000 }
    )
  })

  it("gives every row below a header that is not blank exactly one outcome", () => {
    const cell = fc.oneof(fc.constantFrom("Custom4124", "1234", "Default Field", "Email", "date", ""), fc.string())
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 12 }), (rows) => {
        const body = rows.filter((row) => columnsOf(row) === undefined)
        const read = sheet(...body)
        const expected = body.flatMap((row, index) => (row.some((each) => each.trim() !== "") ? [index + 6] : []))
        assert.deepStrictEqual(
          read.rows.map(({ row }) => row),
          expected
        )
        assert.strictEqual(read.draft.length, read.rows.filter(({ level }) => level !== "error").length)
      }),
      { numRuns: 500 }
    )
    assert.deepStrictEqual(codes(), [])
  })
})

describe("the header row", () => {
  it.each<readonly [ReadonlyArray<string>, ReturnType<typeof columnsOf>]>([
    [header, { key: 0, name: 1, type: 2, options: 3 }],
    [["Question", "Custom#", "Type"], { name: 0, key: 1, type: 2 }],
    [["", "Field ID", "Name"], { key: 1, name: 2 }],
    [["Custom Field Number", "Label", "Field Type", "Answers"], { key: 0, name: 1, type: 2, options: 3 }],
    [["Case Type", "Custom #", "Friendly Name"], { caseType: 0, key: 1, name: 2 }],
    [["API Key", secret], undefined],
    [["Case Type", "Harbor MVA"], undefined],
    [["Custom1234", "Date of accident", "date"], undefined],
    [["List each Custom# with its friendly name and field type; do not add any status fields at all"], undefined]
  ])("of %j", (row, columns) => assert.deepStrictEqual(columnsOf(row), columns))
})
