import { fieldTable, findFields, normaliseKey, type WebhookDeclaration } from "@casewire/core/domain/WebhookFields"
import { readListIntent } from "@casewire/core/domain/ListRouting"
import { assert, describe, it } from "@effect/vitest"

const declaration: WebhookDeclaration = {
  required: [
    { name: "Record ID", aliases: ["RecordID", "rid"], pattern: "^[0-9]{1,12}$" },
    { name: "Stage", aliases: [] },
    { name: "Full Name", aliases: ["name"] }
  ],
  record: "Record ID",
  fillers: ["NA", "."],
  testValue: "^\\{\\{[a-z]+[0-9]+\\}\\}",
  options: ["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"],
  steps: []
}
const table = fieldTable(declaration, { Stage: ["StageNo"] })
const find = (
  entries: ReadonlyArray<readonly [string, string]>,
  query: ReadonlyArray<readonly [string, string]> = []
) => {
  const found = findFields(table, entries, query)
  if (found._tag === "Test") throw new Error("taken for a test")
  return found
}
const complete = [
  ["Record ID", "42"],
  ["Stage", "Signed"],
  ["Full Name", "Ana Lee"]
] as const

describe("the alias table", () => {
  it("finds a field by any spelling of its name, its aliases, and the firm's own keys", () => {
    for (const key of ["Record ID", "record_id", "RECORD-id", "recordid", "RID"])
      assert.strictEqual(find([[key, "42"], ...complete.slice(1)]).values.get("Record ID"), "42")
    assert.strictEqual(find([complete[0], ["stage no", "Signed"], complete[2]]).values.get("Stage"), "Signed")
  })

  it("names every missing field, not only the first", () => {
    assert.deepStrictEqual(find([["Other", "1"]]).errors, [
      { field: "Record ID", code: "missing" },
      { field: "Stage", code: "missing" },
      { field: "Full Name", code: "missing" }
    ])
  })

  it.each([
    ["", "blank"],
    ["NA", "blank"],
    [" na ", "blank"],
    [".", "blank"]
  ])("takes the filler %j as a warning and never as a value", (value, code) => {
    const found = find([complete[0], ["Stage", value], complete[2]])
    assert.deepStrictEqual([found.errors, found.warnings], [[], [{ field: "Stage", code }]])
    assert.isFalse(found.values.has("Stage"))
  })

  it("refuses a blank or malformed record id, because nothing else names the record", () => {
    assert.deepStrictEqual(find([["Record ID", " "], ...complete.slice(1)]).errors, [
      { field: "Record ID", code: "empty" }
    ])
    assert.deepStrictEqual(find([["Record ID", "4x2"], ...complete.slice(1)]).errors, [
      { field: "Record ID", code: "malformed" }
    ])
  })

  it("refuses a required key that came twice with different values, and takes equal ones", () => {
    assert.deepStrictEqual(find([...complete, ["stage", "Lost"]]).errors, [{ field: "Stage", code: "repeated" }])
    assert.deepStrictEqual(find([...complete, ["stage", "Signed"]]).errors, [])
  })

  it("keeps repeated extra keys as a list and does not split at commas", () => {
    const found = find([...complete, ["Care", "A"], ["Care", "B"], ["Note", "x, y"]])
    assert.deepStrictEqual([found.extra.get("Care"), found.extra.get("Note")], [["A", "B"], ["x, y"]])
  })

  it("flags control characters: refused in a required field, a warning elsewhere", () => {
    assert.deepStrictEqual(find([complete[0], ["Stage", "a\u0000b"], complete[2]]).errors, [
      { field: "Stage", code: "control-characters" }
    ])
    assert.deepStrictEqual(find([...complete, ["Care", "a\u0007"]]).warnings, [
      { field: "Care", code: "control-characters" }
    ])
  })

  it("cuts a long value with a warning and bounds what is kept of extra data", () => {
    const found = find([complete[0], ["Stage", "x".repeat(600)], complete[2], ["Big", "y".repeat(70_000)]])
    assert.strictEqual(found.values.get("Stage")?.length, 500)
    assert.deepStrictEqual(found.warnings, [
      { field: "Big", code: "too-much-extra-data" },
      { field: "Stage", code: "cut" }
    ])
    assert.isFalse(found.extra.has("Big"))
  })

  it("recognises the test button only when every required value is a token", () => {
    const tokens = complete.map(([key]) => [key, `{{default1}}-${key}`] as const)
    assert.strictEqual(findFields(table, [...tokens, ["campaign", "motel"]])._tag, "Test")
    assert.strictEqual(findFields(table, [...tokens.slice(1), complete[0]])._tag, "Record")
  })

  it("lets the body's options beat the URL's, name by name", () => {
    const found = find(
      [...complete, ["list_action", "remove"]],
      [
        ["list_action", "add"],
        ["list_id", "123"]
      ]
    )
    assert.deepStrictEqual([found.options.get("listaction"), found.options.get("listid")], [["remove"], ["123"]])
    assert.isFalse(found.extra.has("list_action"))
  })

  it("normalises keys to letters and digits", () => {
    assert.strictEqual(normaliseKey("  Primary-Contact_ID (#) "), "primarycontactid")
  })
})

describe("list options", () => {
  const intent = (...pairs: ReadonlyArray<readonly [string, string]>) => {
    const options = new Map<string, Array<string>>()
    for (const [key, value] of pairs) options.set(normaliseKey(key), [...(options.get(normaliseKey(key)) ?? []), value])
    const { action, campaignId, list, warnings } = readListIntent(options)
    return [list, action, campaignId, warnings.map(({ code }) => code)] as const
  }
  it.each([
    [[["list_id", "123"]], [{ _tag: "ById", id: "123" }, "add", null, []]],
    [
      [
        ["list_id", "123"],
        ["list_action", "attach"]
      ],
      [{ _tag: "ById", id: "123" }, "add", null, []]
    ],
    [
      [
        ["list_name", " intake "],
        ["list_action", "detach"]
      ],
      [{ _tag: "ByName", name: "intake" }, "remove", null, []]
    ],
    [
      [
        ["remove_from_list", "true"],
        ["list_action", "add"]
      ],
      [null, "remove", null, ["contradicts-remove_from_list", "no-list-named"]]
    ],
    [
      [
        ["list_id", "1"],
        ["list_name", "Other"]
      ],
      [{ _tag: "ById", id: "1" }, "add", null, ["list_id-used"]]
    ],
    [[["list_action", "explode"]], [null, "add", null, ["unknown"]]],
    [
      [
        ["list_id", "1"],
        ["list_id", "2"]
      ],
      [null, "add", null, ["repeated"]]
    ],
    [[["campaign_id", "42"]], [null, "add", "42", []]]
  ] as const)("reads %j", (pairs, expected) => {
    assert.deepStrictEqual(intent(...pairs) as unknown, expected)
  })
})
