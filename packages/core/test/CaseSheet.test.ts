/** Which column of a file of cases is what, where its rows are, and what refuses it. */
import { type CaseColumn, type CaseSheet, readCaseSheet } from "@casewire/core/domain/CaseSheet"
import { assert, describe, it } from "@effect/vitest"

describe("the columns of a file of cases", () => {
  const options = { recordNames: ["Record ID", "RecordNo"], recordPattern: "^[0-9]+$", fillers: ["NA"] }
  const read = (...rows: ReadonlyArray<ReadonlyArray<string>>) => readCaseSheet([{ name: "s", rows }], options)
  const codes = (sheet: CaseSheet) => (sheet._tag === "Refused" ? sheet.problems : [...sheet.invalid.values()].flat())

  const headers: ReadonlyArray<readonly [string, CaseColumn["use"]]> = [
    ["record_id", "externalId"],
    ["RecordNo", "externalId"],
    ["External ID", "externalId"],
    ["Full name", "fullName"],
    ["Client", "fullName"],
    ["E-Mail", "email"],
    ["Cell phone", "phone"],
    ["Mobile", "phone"],
    ["CASE TYPE", "caseType"],
    ["Case status", "status"],
    ["Surname", "lastName"],
    ["Given Name", "firstName"],
    ["Shoe size", "field"]
  ]
  for (const [name, use] of headers)
    it(`"${name}" is ${use}`, () => {
      const known = use === "fullName" || use === "externalId" ? [name, "City", "Status"] : ["Name", name, "Record ID"]
      const sheet = read(use === "status" ? ["Name", name] : known, ["1", "2", "3"])
      const found = sheet._tag === "Read" ? sheet.columns.find(({ header }) => header === name)?.use : undefined
      assert.strictEqual(found, use)
    })

  it("are looked for below titles, and rows are counted as the file counts them", () => {
    const sheet = read(["Our leads"], [], ["Name", "Case Type"], [], ["Ana Lee", "Injury"])
    assert.deepStrictEqual(sheet._tag === "Read" ? sheet.rows : sheet, [
      { row: 5, values: { fullName: "Ana Lee", caseType: "Injury" }, fields: {} }
    ])
  })

  it("that are two of one kind, without a name, or reserved words, refuse the file", () => {
    assert.deepStrictEqual(codes(read(["Name", "Case Type", "Full Name"])), [
      { row: 1, column: 3, code: "column-repeated" }
    ])
    assert.deepStrictEqual(codes(read(["Name", "Case Type", "City", "city"])), [
      { row: 1, column: 4, code: "column-repeated" }
    ])
    assert.deepStrictEqual(codes(read(["Name", "Case Type", "__proto__"])), [{ row: 1, column: 3, code: "reserved" }])
    assert.deepStrictEqual(codes(read(["Name", "Case Type", ""], ["Ana", "Injury", "stray"])), [
      { row: 2, column: 3, code: "column-without-name" }
    ])
  })

  it("that cannot be found, or a file without rows or with several sheets, refuse the file", () => {
    assert.deepStrictEqual(codes(read(["a", "b"], ["1", "2"])), [{ code: "no-header" }])
    assert.deepStrictEqual(codes(read()), [{ code: "empty" }])
    assert.deepStrictEqual(codes(read(["Name", "Case Type"], [])), [{ code: "empty" }])
    const rows = [
      ["Name", "Case Type"],
      ["Ana", "Injury"]
    ]
    const two = [
      { name: "a", rows },
      { name: "b", rows }
    ]
    assert.deepStrictEqual(codes(readCaseSheet(two, options)), [{ code: "several-sheets" }])
    assert.strictEqual(readCaseSheet(two, { ...options, sheet: "b" })._tag, "Read")
    assert.deepStrictEqual(codes(readCaseSheet(two, { ...options, sheet: "c" })), [{ code: "sheet-unknown" }])
  })

  it("of blanks and fillers say nothing, and a case type may be given for all rows", () => {
    const sheet = readCaseSheet(
      [
        {
          name: "s",
          rows: [
            ["Name", "Phone", "City"],
            ["Ana", "na", " "]
          ]
        }
      ],
      {
        ...options,
        caseType: "Injury"
      }
    )
    assert.deepStrictEqual(sheet._tag === "Read" ? sheet.rows : sheet, [
      { row: 2, values: { caseType: "Injury", fullName: "Ana" }, fields: {} }
    ])
    assert.deepStrictEqual(codes(read(["Name", "Phone"], ["Ana", "1"])), [{ row: 2, code: "case-type-missing" }])
  })
})
