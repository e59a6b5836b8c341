import { type Case, CaseId, ClientId, ExternalCaseId, type FieldValue } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import {
  beforeEdit,
  isUnclear,
  mergeFields,
  sameField,
  sendingFields,
  settleFields,
  textOf,
  waitingFields
} from "@casewire/core/domain/FieldSync"
import { FirmId } from "@casewire/core/domain/Ids"
import { type TwoWay, unknownValue } from "@casewire/core/domain/Merge"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"

const entry = (change: Partial<FieldMapping> = {}): FieldMapping => ({
  platformField: "injury",
  crmKey: "Custom1",
  direction: "both",
  transform: { _tag: "Single", keepUnmapped: false },
  optionMap: [
    { platform: "neck", crm: "Neck pain" },
    { platform: "back", crm: "Back pain" }
  ],
  ...change
})
const settled = (platform: string | null, crm: string | null): TwoWay => ({
  platform,
  basePlatform: platform,
  baseCrm: crm,
  seenCrm: crm
})
const neck = settled("neck", "Neck pain")
const edited: TwoWay = { ...neck, platform: "back" }

const caseWith = (values: Case["values"]): Case => ({
  id: CaseId.make("1"),
  firmId: FirmId.make("f"),
  connectionId: ConnectionId.make("c"),
  externalId: ExternalCaseId.make("42"),
  clientId: ClientId.make("2"),
  standing: "verified",
  name: "",
  caseType: { name: "Injury" },
  status: unknownValue,
  reported: null,
  fields: { Custom1: ["Neck pain"] },
  values,
  dirtySince: null,
  receiveNumber: 0,
  createdAt: 0,
  updatedAt: 0,
  externalCreatedAt: null,
  externalUpdatedAt: null,
  verifiedAt: 1
})

type Outcome = { readonly value: TwoWay; readonly events: ReadonlyArray<string> }

const read = (
  before: TwoWay | undefined,
  raw: ReadonlyArray<string> | undefined,
  change: Partial<FieldMapping> = {},
  effective = true
): Outcome => {
  const merged = mergeFields({
    values: before === undefined ? {} : { injury: before },
    mapping: [entry(change)],
    read: raw === undefined ? {} : { Custom1: raw },
    effective
  })
  const { crmKey: _key, ...value }: FieldValue = merged.values["injury"] ?? unknownValue
  return {
    value,
    events: merged.events.map(({ after, before, field, kind }) => `${kind} ${field} ${before} ${after}`)
  }
}

describe("a verified read of a mapped field", () => {
  const table: ReadonlyArray<
    readonly [
      title: string,
      before: TwoWay | undefined,
      raw: ReadonlyArray<string> | undefined,
      change: Partial<FieldMapping>,
      after: TwoWay,
      events: ReadonlyArray<string>
    ]
  > = [
    [
      "the first value comes in, in the platform's words",
      undefined,
      ["Neck pain"],
      {},
      neck,
      ["field-applied injury null neck"]
    ],
    ["what we wrote comes back and does nothing", neck, ["Neck pain"], {}, neck, []],
    [
      "a change of the CRM comes in",
      neck,
      ["Back pain"],
      {},
      settled("back", "Back pain"),
      ["field-applied injury neck back"]
    ],
    ["an edit that waits stays waiting while the CRM stands still", edited, ["Neck pain"], {}, edited, []],
    [
      "an edit that the CRM holds already is settled",
      edited,
      ["Back pain"],
      {},
      settled("back", "Back pain"),
      ["field-pushed injury neck back"]
    ],
    [
      "where both moved the CRM wins, and the loser is listed",
      { ...settled(null, null), platform: "back" },
      ["Neck pain"],
      {},
      neck,
      ["field-superseded injury back neck", "field-applied injury back neck"]
    ],
    [
      "an explicit empty clears a field that comes from the CRM",
      neck,
      [],
      {},
      settled(null, null),
      ["field-applied injury neck null"]
    ],
    [
      "an explicit empty clears nothing of a field that only goes to the CRM",
      neck,
      [],
      { direction: "to" },
      { ...settled("neck", null) },
      []
    ],
    ["a key that the read does not mention changes nothing", edited, undefined, {}, edited, []],
    [
      "a field that only goes to the CRM keeps its value, and its edit is superseded",
      edited,
      ["Neck pain, worse"],
      { direction: "to" },
      { ...settled("back", "Neck pain, worse") },
      ["field-superseded injury back Neck pain, worse"]
    ],
    [
      "a field that only comes from the CRM is overwritten by it",
      { ...settled("back", "Back pain"), platform: "toe" },
      ["Neck pain"],
      { direction: "from" },
      neck,
      ["field-applied injury toe neck"]
    ],
    [
      "a value without a word on the platform leaves the platform's as it is",
      neck,
      ["Toe"],
      {},
      { ...neck, baseCrm: "Toe", seenCrm: "Toe" },
      []
    ],
    [
      "a blank is an empty, not a text",
      neck,
      ["  "],
      {},
      { ...settled(null, "  ") },
      ["field-applied injury neck null"]
    ]
  ]

  it.each(table)("%s", (_, before, raw, change, value, events) => {
    assert.deepStrictEqual(read(before, raw, change), { value, events })
  })

  it("only remembers what it saw while field sync is not effective", () => {
    assert.deepStrictEqual(read(neck, ["Back pain"], {}, false), {
      value: { ...neck, seenCrm: "Back pain" },
      events: []
    })
    assert.deepStrictEqual(read(edited, ["Back pain"], {}, false).value, { ...edited, seenCrm: "Back pain" })
  })

  it("leaves values alone that are not mapped", () => {
    const values: Case["values"] = { other: edited }
    assert.deepStrictEqual(mergeFields({ values, mapping: [entry()], read: {}, effective: true }).values, values)
  })

  it("finds the CRM's key without regard to case, and takes no inherited one", () => {
    const merged = mergeFields({ values: {}, mapping: [entry()], read: { custom1: ["Neck pain"] }, effective: true })
    assert.deepStrictEqual(merged.values["injury"], { ...neck, crmKey: "Custom1" })
    const mapping = [entry({ crmKey: "constructor", platformField: "toString" })]
    assert.deepStrictEqual(mergeFields({ values: {}, mapping, read: {}, effective: true }).values, {})
  })
})

describe("what waits to be written", () => {
  const waiting = (value: TwoWay, change: Partial<FieldMapping> = {}) =>
    waitingFields({ injury: value }, [entry(change)]).map(({ target }) => target)

  it("is what was edited since the last exchange, in the CRM's words", () => {
    assert.deepStrictEqual(waiting(edited), [{ _tag: "Value", value: "Back pain" }])
    assert.deepStrictEqual(waiting(neck), [])
    assert.deepStrictEqual(waiting(edited, { direction: "from" }), [])
  })
  it("stays unsent with the reason where there is no word for it", () => {
    assert.deepStrictEqual(waiting({ ...neck, platform: "toe" }), [
      { _tag: "Refused", reason: "1 of 1 option is not in the option map" }
    ])
  })
  it("is never a blank over the CRM's value", () => {
    const [target] = waiting({ ...neck, platform: null })
    assert.deepStrictEqual(target, { _tag: "Refused", reason: "a blank is not written over the CRM's value" })
  })
  it("is over when the CRM took it, but not for an edit that came meanwhile", () => {
    const sent = [{ field: "injury", crmKey: "Custom1", platform: "back", value: "Back pain" }]
    assert.deepStrictEqual(settleFields({ injury: edited }, sent), {
      injury: { ...settled("back", "Back pain"), crmKey: "Custom1" }
    })
    const again = settleFields({ injury: { ...edited, platform: "neck" } }, sent)
    assert.deepStrictEqual(
      waitingFields(again, [entry()]).map(({ target }) => target),
      [{ _tag: "Value", value: "Neck pain" }]
    )
  })
})

describe("a field whose push has no answer yet", () => {
  /** "back" is being written over "Neck pain". */
  const sending = sendingFields({ injury: edited }, [
    { field: "injury", crmKey: "Custom1", platform: "back", value: "Back pain" }
  ])
  const read = (crm: string, platform: string, key = "Custom1") =>
    mergeFields({
      values: { injury: { ...sending["injury"]!, platform } },
      mapping: [entry({ crmKey: key })],
      read: { [key]: [crm] },
      effective: true
    })

  it.each([
    ["it arrived", "Back pain", "back", settled("back", "Back pain"), ["field-pushed"]],
    [
      "it arrived, and the edit was taken back since",
      "Back pain",
      "neck",
      { ...settled("back", "Back pain"), platform: "neck" },
      ["field-pushed"]
    ],
    ["it did not arrive", "Neck pain", "back", edited, []],
    ["staff wrote something else meanwhile", "Toe", "neck", settled("Toe", "Toe"), ["field-applied"]]
  ] as const)("is settled by the next read: %s", (_, crm, platform, value, events) => {
    const mapping = { optionMap: [...(entry().optionMap ?? []), { platform: "Toe", crm: "Toe" }] }
    const merged = mergeFields({
      values: { injury: { ...sending["injury"]!, platform } },
      mapping: [entry(mapping)],
      read: { Custom1: [crm] },
      effective: true
    })
    assert.deepStrictEqual(merged.values["injury"], { ...value, crmKey: "Custom1" })
    assert.deepStrictEqual(
      merged.events.map(({ kind }) => kind),
      [...events]
    )
  })

  it("owes the next field of the CRM nothing, once it is mapped to that one", () => {
    const { events, values } = read("Back pain", "back", "Custom2")
    assert.notProperty(values["injury"], "sent")
    assert.notInclude(
      events.map(({ kind }) => kind),
      "field-pushed"
    )
  })

  it("is known to be unclear until then", () => {
    assert.isTrue(isUnclear(sending))
    assert.isFalse(isUnclear(read("Neck pain", "back").values))
    const sent = [{ field: "injury", crmKey: "Custom1", platform: "back", value: "Back pain" }]
    assert.isFalse(isUnclear(settleFields(sending, sent)))
  })
})

describe("a field that is tied to another one of the CRM", () => {
  const moved = { ...edited, crmKey: "Custom9" }

  it("owes it nothing that was edited before", () => {
    assert.deepStrictEqual(waitingFields({ injury: moved }, [entry()]), [])
  })
  it("takes what the other one holds, with nothing listed as lost", () => {
    const merged = mergeFields({
      values: { injury: moved },
      mapping: [entry()],
      read: { Custom1: ["Neck pain"] },
      effective: true
    })
    assert.deepStrictEqual(merged.values["injury"], { ...neck, crmKey: "Custom1" })
    assert.deepStrictEqual(
      merged.events.map(({ kind }) => kind),
      ["field-applied"]
    )
  })
  it("is sent when it is edited from then on", () => {
    const value = { ...beforeEdit(caseWith({ injury: moved }), "injury", entry()), platform: "neck" }
    assert.deepStrictEqual(
      waitingFields({ injury: value }, [entry()]).map(({ crmKey, target }) => [crmKey, target]),
      [["Custom1", { _tag: "Value", value: "Neck pain" }]]
    )
  })
})

describe("the value before a first edit", () => {
  it("is what a verified read found in the CRM before the field was mapped", () => {
    const { crmKey: _key, ...value } = beforeEdit(caseWith({}), "injury", entry())
    assert.deepStrictEqual(value, neck)
  })
  it("is unknown where only a payload said something, or nothing is mapped", () => {
    assert.deepStrictEqual(beforeEdit({ ...caseWith({}), verifiedAt: null }, "injury", entry()).baseCrm, null)
    assert.deepStrictEqual(beforeEdit(caseWith({}), "injury", undefined), unknownValue)
  })
})

describe("texts of values", () => {
  it("tell none, one and several apart", () => {
    assert.deepStrictEqual([[], ["a"], ["a", "b"]].map(textOf), [null, "a", '["a","b"]'])
  })
  it("are the same without regard to blanks, and as a list in one text", () => {
    assert.isTrue(sameField(null, "  "))
    assert.isTrue(sameField("a  b ", "a b"))
    assert.isTrue(sameField('["a","b"]', "a, b"))
    assert.isFalse(sameField("a", "A"))
    assert.isFalse(sameField("a", null))
  })
  it("may be anything: what was sent never waits again by itself", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (values) => {
        const platform = textOf(values)
        const settledValue = settleFields({}, [{ field: "x", crmKey: "k", platform, value: "y" }])["x"]!
        assert.isTrue(sameField(platform, settledValue.basePlatform))
      })
    )
  })
})
