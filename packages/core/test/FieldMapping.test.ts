import { customKey, defaultKey, type FieldKeys, fieldKeyProblem, isDefaultWord } from "@casewire/core/domain/FieldKey"
import {
  availableFields,
  type CatalogField,
  catalogChange,
  checkMapping,
  comesFromCrm,
  effectiveMapping,
  type FieldMapping,
  goesToCrm
} from "@casewire/core/domain/FieldMapping"
import { assert, describe, it } from "@effect/vitest"

const reserved = "key operation leadid overridelead returnjson returnxml username password clientsecret".split(" ")
const keys: FieldKeys = {
  pattern: "^(?:custom)?[\\s_-]?(\\d{3,6})$",
  canonical: "Custom$1",
  defaults: [
    { key: "FirstName", names: ["First Name"] },
    { key: "Email1", names: ["Email", "E-mail address"] }
  ],
  defaultWords: ["Default Field", "default"]
}
const entry = (platformField: string, crmKey: string, more: Partial<FieldMapping> = {}): FieldMapping => ({
  platformField,
  crmKey,
  direction: "both",
  transform: { _tag: "Text" },
  ...more
})
const listed = (key: string, label: string, inputType = "text", options: ReadonlyArray<string> = []): CatalogField => ({
  key,
  label,
  inputType,
  section: "Accident",
  options
})

describe("the key of a CRM field", () => {
  it.each([
    ["<<Custom1234>>", "Custom1234"],
    ["Custom1234", "Custom1234"],
    ["custom1234", "Custom1234"],
    ["1234", "Custom1234"],
    ["1234.0", "Custom1234"],
    ["{{custom1234}}", "Custom1234"],
    ["&lt;&lt;Custom1234&gt;&gt;", "Custom1234"],
    [" < Custom 1234 > ", "Custom1234"],
    ["１２３４", "Custom1234"],
    ["12", undefined],
    ["Custom1234x", undefined],
    ["FirstName", undefined],
    ["", undefined]
  ])("reads %j as %s", (text, expected) => assert.strictEqual(customKey(keys, text), expected))

  it("finds default fields by key and by name", () => {
    assert.strictEqual(defaultKey(keys, "first_name"), "FirstName")
    assert.strictEqual(defaultKey(keys, "<<E-Mail Address>>"), "Email1")
    assert.isUndefined(defaultKey(keys, "Shoe size"))
    assert.isUndefined(defaultKey(keys, ""))
    assert.isTrue(isDefaultWord(keys, "DEFAULT FIELD"))
    assert.isFalse(isDefaultWord(keys, "Custom1234"))
  })

  it.each(reserved.flatMap((word) => [word, word.toUpperCase(), ` ${word}`]))("refuses %j as reserved", (word) =>
    assert.strictEqual(fieldKeyProblem(word, reserved), "reserved")
  )
  it.each(["ｋｅｙ", "ＬｅａｄＩＤ"])("sees through full-width letters: %s", (word) =>
    assert.strictEqual(fieldKeyProblem(word, reserved), "reserved")
  )
  it.each(["", "1abc", "a b", "a&key=1", "a=b", "Custom1234\u0000", "ａbc", "x".repeat(101), "é", "a\n"])(
    "refuses %j as malformed",
    (word) => assert.strictEqual(fieldKeyProblem(word, reserved), "malformed")
  )
  it.each(["Custom1234", "Email1", "_x"])("takes %s", (word) => assert.isUndefined(fieldKeyProblem(word, reserved)))
})

describe("a mapping before it is saved", () => {
  const codes = (entries: ReadonlyArray<FieldMapping>, known = {}) => {
    const { errors, warnings } = checkMapping(entries, { reserved, ...known })
    return {
      errors: errors.map(({ code, field, index }) => `${index} ${field} ${code}`),
      warnings: warnings.map(({ code, field, index }) => `${index} ${field} ${code}`)
    }
  }

  it("is taken when nothing is wrong", () => {
    assert.deepStrictEqual(codes([entry("dob", "Custom1234"), entry("email", "Email1")]), { errors: [], warnings: [] })
  })

  it("is refused for reserved, malformed and blank keys, blanks and repeats", () => {
    assert.deepStrictEqual(
      codes([
        entry("a", "Operation"),
        entry("b", "x&Key=1"),
        entry("c", " "),
        entry("", "Custom1"),
        entry("d", "Custom2"),
        entry("d", "Custom3"),
        entry("e", "custom2")
      ]).errors,
      [
        "0 crmKey reserved",
        "1 crmKey malformed",
        "2 crmKey empty",
        "3 platformField empty",
        "5 platformField repeated",
        "6 crmKey repeated"
      ]
    )
  })

  it("is refused for a status, by key or by the catalog's label", () => {
    const catalog = [listed("Custom9", "Case status")]
    assert.deepStrictEqual(codes([entry("a", "Status"), entry("b", "Custom9")], { catalog }).errors, [
      "0 crmKey status",
      "1 crmKey status"
    ])
  })

  it("is refused when an option has two meanings in a direction that is used", () => {
    const optionMap = [
      { platform: "a", crm: "A" },
      { platform: "b", crm: "a " }
    ]
    const transform = { _tag: "Single", keepUnmapped: false } as const
    assert.deepStrictEqual(codes([entry("x", "Custom1", { optionMap, transform })]).errors, ["0 optionMap repeated"])
    assert.isEmpty(codes([entry("x", "Custom1", { optionMap, transform, direction: "to" })]).errors)
  })

  it("warns of unknown fields, of kinds that do not go together and of options", () => {
    const catalog = [
      listed("Custom1", "Date of accident", "date"),
      listed("Custom2", "Treated", "yes/no"),
      listed("Custom3", "Treatment", "multi", ["Chiropractor", "None"])
    ]
    const platformTypes = new Map([
      ["date", "short text"],
      ["treated", "date"],
      ["treatment", "checkboxes"]
    ])
    const found = codes(
      [
        entry("date", "Custom1"),
        entry("treated", "custom2"),
        entry("treatment", "Custom3", {
          transform: { _tag: "Multi", keepUnmapped: false, separator: ", " },
          optionMap: [{ platform: "massage", crm: "Massage" }]
        }),
        entry("other", "Custom4")
      ],
      { catalog, platformTypes }
    )
    assert.deepStrictEqual(found, {
      errors: [],
      warnings: [
        "0 transform type-lossy",
        "1 transform type-mismatch",
        "2 optionMap option-unknown",
        "2 optionMap options-unmapped",
        "3 crmKey unknown"
      ]
    })
  })
})

describe("the mapping in force", () => {
  const defaults = [entry("a", "Custom1"), entry("b", "Custom2"), entry("c", "Custom3", { direction: "off" })]
  const overrides = [
    {
      campaign: "42",
      entries: [entry("a", "Custom9"), entry("b", "", { direction: "off" }), entry("d", "Custom4", { direction: "to" })]
    },
    { campaign: "43", entries: [entry("d", "custom1")] }
  ]
  const shown = (campaign: string | null) =>
    effectiveMapping(defaults, overrides, campaign).map(
      ({ crmKey, origin, platformField }) => `${platformField}:${crmKey}:${origin}`
    )

  it("is the company's without a campaign, or with one that changes nothing", () => {
    assert.deepStrictEqual(shown(null), ["a:Custom1:company", "b:Custom2:company"])
    assert.deepStrictEqual(shown("7"), shown(null))
  })
  it("takes a campaign's entries in place of the company's, switches off and adds", () => {
    assert.deepStrictEqual(shown("42"), ["a:Custom9:campaign", "d:Custom4:campaign"])
  })
  it("never sends two fields to one: the campaign's wins", () => {
    assert.deepStrictEqual(shown("43"), ["b:Custom2:company", "d:custom1:campaign"])
  })
  it("knows its directions", () => {
    assert.deepStrictEqual(
      (["both", "to", "from", "off"] as const).map((direction) => {
        const each = entry("a", "Custom1", { direction })
        return [goesToCrm(each), comesFromCrm(each)]
      }),
      [
        [true, true],
        [true, false],
        [false, true],
        [false, false]
      ]
    )
  })
})

describe("the available-field preview", () => {
  const catalog = [{ caseType: "Harbor MVA", fields: [listed("Custom1", "Date of accident", "date")] }]
  it("shows key, input type and section for exactly one case type", () => {
    assert.deepStrictEqual(availableFields(["harbor mva"], catalog), {
      _tag: "Fields",
      caseType: "Harbor MVA",
      fields: [listed("Custom1", "Date of accident", "date")]
    })
    assert.strictEqual(availableFields(["Harbor MVA", "harbor  mva"], catalog)._tag, "Fields")
  })
  it.each([
    [[], "Select a case type to see its fields."],
    [["Harbor MVA", "Mesh"], "More than one case type is selected: see CRM mappings for the full list."],
    [["Mesh"], "The CRM's fields for this case type were not read yet."]
  ])("says why there is none for %j", (selected, reason) => {
    assert.deepStrictEqual(availableFields(selected, catalog), { _tag: "NoPreview", reason })
  })
})

describe("a refreshed catalog", () => {
  it("says what was added, renamed, altered and gone, and keeps every saved mapping", () => {
    const saved = [entry("a", "Custom1"), entry("b", "Custom3"), entry("c", "Custom3", { direction: "off" })]
    const change = catalogChange(
      [listed("Custom1", "Old name"), listed("Custom2", "Same", "text"), listed("Custom3", "Gone")],
      [listed("Custom1", "New name"), listed("Custom2", "Same", "single", ["A"]), listed("Custom4", "Added")],
      saved
    )
    assert.deepStrictEqual(
      {
        added: change.added.map(({ key }) => key),
        renamed: change.renamed,
        altered: change.altered.map(({ key }) => key),
        gone: change.gone.map(({ key }) => key),
        broken: change.broken.map(({ platformField }) => platformField)
      },
      {
        added: ["Custom4"],
        renamed: [{ key: "Custom1", before: "Old name", after: "New name" }],
        altered: ["Custom2"],
        gone: ["Custom3"],
        broken: ["b"]
      }
    )
  })
  it("says nothing when nothing changed", () => {
    const fields = [listed("Custom1", "Name")]
    assert.deepStrictEqual(catalogChange(fields, fields, []), {
      added: [],
      renamed: [],
      altered: [],
      gone: [],
      broken: []
    })
  })
})
