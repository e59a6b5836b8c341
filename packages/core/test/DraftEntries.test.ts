import { fieldName, transformOf, withDraft } from "@casewire/core/domain/DraftEntries"
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import type { DraftField } from "@casewire/core/domain/MappingVersion"
import { assert, describe, it } from "@effect/vitest"

const field = (change: Partial<DraftField> = {}): DraftField => ({
  caseType: "MVA",
  crmKey: "Custom101",
  label: "Date of accident",
  kind: "date",
  options: [],
  isDefault: false,
  sheet: 1,
  row: 5,
  ...change
})
const names = (entries: ReadonlyArray<FieldMapping>) =>
  entries.map(({ crmKey, platformField }) => `${platformField} ${crmKey}`)

describe("a field's name", () => {
  it.each([
    ["Date of accident?", "dateOfAccident"],
    ["WERE YOU HURT", "wereYouHurt"],
    ["Client’s e-mail", "clientsEMail"],
    ["Größe (cm)", "grosseCm"],
    ["2nd check in", "_2ndCheckIn"],
    ["???", ""]
  ])("of %j is %j", (label, name) => {
    assert.strictEqual(fieldName(label), name)
  })
  it("is never longer than sixty letters", () => {
    assert.lengthOf(fieldName("very ".repeat(50)), 60)
  })
})

describe("how values of a kind are written", () => {
  it.each([
    ["date", [], { _tag: "Date", crm: "MM/DD/YYYY" }],
    [
      "yesno",
      ["Ja", "Nein", "Yes please", "no thanks"],
      { _tag: "YesNo", yes: "Yes please", no: "Nein", inverted: false }
    ],
    ["yesno", [], { _tag: "YesNo", yes: "Yes", no: "No", inverted: false }],
    ["number", [], { _tag: "Number", decimals: null }],
    ["single", ["A"], { _tag: "Single", keepUnmapped: false }],
    ["single", [], { _tag: "Single", keepUnmapped: true }],
    ["multi", ["A"], { _tag: "Multi", keepUnmapped: false, separator: ", " }],
    ["phone", [], { _tag: "Text" }],
    [null, [], { _tag: "Text" }]
  ] as const)("%s with options %j is %j", (kind, options, transform) => {
    assert.deepStrictEqual(transformOf(kind, options), transform)
  })
})

describe("a draft in a mapping", () => {
  const present: FieldMapping = {
    platformField: "when",
    crmKey: "custom101",
    direction: "from",
    transform: { _tag: "Text" }
  }

  it("replaces what is mapped already and keeps its field and direction", () => {
    assert.deepStrictEqual(withDraft([present], [field()], []), [
      { platformField: "when", crmKey: "Custom101", direction: "from", transform: { _tag: "Date", crm: "MM/DD/YYYY" } }
    ])
  })
  it("appends what is new under a free name, or the one that was chosen", () => {
    const fields = [field(), field({ crmKey: "Custom102" }), field({ crmKey: "Custom103", label: "?" })]
    assert.deepStrictEqual(names(withDraft([], fields, [])), [
      "dateOfAccident Custom101",
      "dateOfAccident_Custom102 Custom102",
      "Custom103 Custom103"
    ])
    const chosen = withDraft([present], [field()], [{ crmKey: "CUSTOM101", platformField: "other", direction: "both" }])
    assert.deepStrictEqual(
      chosen.map(({ direction, platformField }) => [platformField, direction]),
      [["other", "both"]]
    )
  })
  it("leaves out what a person left out", () => {
    assert.deepStrictEqual(withDraft([], [field()], [{ crmKey: "Custom101", platformField: null }]), [])
  })
  it("keeps what an option meant before, and adds the new ones as themselves", () => {
    const before: FieldMapping = { ...present, optionMap: [{ platform: "nk", crm: "Neck" }] }
    const [entry] = withDraft([before], [field({ kind: "single", options: ["Neck", "Back"] })], [])
    assert.deepStrictEqual(entry?.optionMap, [
      { platform: "nk", crm: "Neck" },
      { platform: "Back", crm: "Back" }
    ])
  })
})
