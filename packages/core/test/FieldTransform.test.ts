import { fromCrm, type OptionPair, segments, toCrm, type Transform } from "@casewire/core/domain/FieldTransform"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"

const american: Transform = { _tag: "Date", crm: "MM/DD/YYYY" }
const isoDate: Transform = { _tag: "Date", crm: "YYYY-MM-DD" }
const yesNo: Transform = { _tag: "YesNo", yes: "Yes", no: "No", inverted: false }
const opposite: Transform = { _tag: "YesNo", yes: "Y", no: "N", inverted: true }
const number: Transform = { _tag: "Number", decimals: null }
const money: Transform = { _tag: "Number", decimals: 2 }
const oneOf: Transform = { _tag: "Single", keepUnmapped: false }
const someOf: Transform = { _tag: "Multi", keepUnmapped: false, separator: ", " }
const text: Transform = { _tag: "Text" }

const treatments: ReadonlyArray<OptionPair> = [
  { platform: "chiro", crm: "Chiropractor" },
  { platform: "family", crm: "Primary Care, or family doctor" },
  { platform: "er", crm: "Emergency Room" }
]

describe("a value on its way to the CRM", () => {
  it.each<readonly [string, Transform, ReadonlyArray<string>, string]>([
    ["text as it is", text, [" José "], " José "],
    ["a date in the CRM's format", american, ["2026-09-03"], "09/03/2026"],
    ["a date as it is", isoDate, ["2026-09-03"], "2026-09-03"],
    ["a date without its time", american, ["2026-09-03T10:22:00Z"], "09/03/2026"],
    ["the leap day", american, ["2024-02-29"], "02/29/2024"],
    ["yes", yesNo, ["Yes"], "Yes"],
    ["true as yes", yesNo, ["true"], "Yes"],
    ["the opposite, where the CRM asks the opposite", opposite, ["Yes"], "N"],
    ["a number without separators", number, ["1,250.50"], "1250.5"],
    ["an amount with cents", money, ["$1,250.5"], "1250.50"],
    ["a negative amount in brackets", money, ["(12)"], "-12.00"],
    ["an amount too long for a float", number, ["123456789012345678.01"], "123456789012345678.01"],
    ["an option by the map", oneOf, ["chiro"], "Chiropractor"],
    ["an option without regard to case", oneOf, ["CHIRO "], "Chiropractor"],
    ["several options", someOf, ["chiro", "family"], "Chiropractor, Primary Care, or family doctor"],
    ["a repeated option once", someOf, ["er", "ER"], "Emergency Room"]
  ])("writes %s", (_, transform, values, expected) => {
    assert.deepStrictEqual(toCrm({ transform, optionMap: treatments }, values), { _tag: "Value", value: expected })
  })

  it.each<readonly [string, Transform, ReadonlyArray<string>, string]>([
    ["a day that does not exist", american, ["2026-02-29"], "the value is not a date"],
    ["a year of two digits", american, ["9/3/26"], "the value is not a date"],
    ["words for a date", isoDate, ["last May"], "the value is not a date"],
    ["maybe", yesNo, ["maybe"], "the value is not yes or no"],
    ["words for a number", number, ["twelve"], "the value is not a number"],
    ["misplaced separators", number, ["1,2,3"], "the value is not a number"],
    ["more decimals than the CRM keeps", money, ["1.005"], "the CRM keeps 2 decimals only"],
    ["an option that is not mapped", oneOf, ["massage"], "1 of 1 option is not in the option map"],
    ["options of which some are not mapped", someOf, ["er", "massage"], "1 of 2 options are not in the option map"],
    ["several values for one", text, ["a", "b"], "there are several values and the field holds one"]
  ])("refuses %s, without repeating the value", (_, transform, values, reason) => {
    assert.deepStrictEqual(toCrm({ transform, optionMap: treatments }, values), { _tag: "Refused", reason })
  })

  it.each([text, american, yesNo, number, oneOf, someOf])("says that a blank is blank (%j)", (transform) => {
    for (const blank of [[], [""], ["  "]]) {
      assert.deepStrictEqual(toCrm({ transform }, blank), { _tag: "Blank" })
      assert.deepStrictEqual(fromCrm({ transform }, blank), { _tag: "Blank" })
    }
  })

  it("keeps options as text where the firm chose so", () => {
    const kept = { transform: { ...oneOf, keepUnmapped: true }, optionMap: treatments }
    assert.deepStrictEqual(toCrm(kept, ["massage"]), { _tag: "Value", value: "massage" })
    assert.deepStrictEqual(fromCrm(kept, ["Massage"]), { _tag: "Value", value: ["Massage"] })
  })
})

describe("a value on its way from the CRM", () => {
  it.each<readonly [string, Transform, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["an American date", american, ["9/3/2026"], ["2026-09-03"]],
    ["a date with a time behind it", american, ["09/14/2026 10:22 AM"], ["2026-09-14"]],
    ["an ISO date where an American one is usual", american, ["2026-09-14"], ["2026-09-14"]],
    ["yes", yesNo, ["YES"], ["Yes"]],
    ["the opposite", opposite, ["n"], ["Yes"]],
    ["money", money, ["$1,250.00"], ["1250"]],
    ["an option", oneOf, ["emergency  room"], ["er"]],
    ["repeated values", someOf, ["Chiropractor", "Emergency Room"], ["chiro", "er"]],
    [
      "one text of several options, one of which has a comma",
      someOf,
      ["Chiropractor, Primary Care, or family doctor, Emergency Room"],
      ["chiro", "family", "er"]
    ]
  ])("reads %s", (_, transform, values, expected) => {
    assert.deepStrictEqual(fromCrm({ transform, optionMap: treatments }, values), { _tag: "Value", value: expected })
  })

  it("refuses what the map does not know", () => {
    assert.deepStrictEqual(fromCrm({ transform: someOf, optionMap: treatments }, ["Chiropractor, Massage"]), {
      _tag: "Refused",
      reason: "1 of 2 options are not in the option map"
    })
  })

  it("lets the CRM's own words come before the usual ones", () => {
    const odd: Transform = { _tag: "YesNo", yes: "0", no: "1", inverted: false }
    assert.deepStrictEqual(fromCrm({ transform: odd }, ["0"]), { _tag: "Value", value: ["Yes"] })
  })
})

describe("there and back", () => {
  const back = (transform: Transform, values: ReadonlyArray<string>, optionMap: ReadonlyArray<OptionPair> = []) => {
    const there = toCrm({ transform, optionMap }, values)
    assert.strictEqual(there._tag, "Value")
    return there._tag === "Value" ? fromCrm({ transform, optionMap }, [there.value]) : there
  }
  const runs = { numRuns: 2000 }

  it("keeps every date", () => {
    const day = fc
      .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10))
    fc.assert(
      fc.property(day, fc.constantFrom(american, isoDate), (date, transform) => {
        assert.deepStrictEqual(back(transform, [date]), { _tag: "Value", value: [date] })
      }),
      runs
    )
  })

  it("keeps yes and no under both polarities", () => {
    for (const said of ["Yes", "No"])
      for (const transform of [yesNo, opposite])
        assert.deepStrictEqual(back(transform, [said]), { _tag: "Value", value: [said] })
  })

  it("keeps every amount", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        fc.integer({ min: 0, max: 99 }),
        (whole, cents) => {
          const sign = whole < 0n ? "-" : ""
          const fraction = String(cents).padStart(2, "0").replace(/0+$/, "")
          const amount = `${sign}${whole < 0n ? -whole : whole}${fraction === "" ? "" : `.${fraction}`}`
          assert.deepStrictEqual(back(money, [amount]), { _tag: "Value", value: [amount] })
          assert.deepStrictEqual(back(number, [amount]), { _tag: "Value", value: [amount] })
        }
      ),
      runs
    )
  })

  it("keeps every text that is not blank", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).filter((each) => each.trim() !== ""),
        (each) => {
          assert.deepStrictEqual(back(text, [each]), { _tag: "Value", value: [each] })
        }
      ),
      runs
    )
  })

  it("keeps every choice of options, also when options contain the separator", () => {
    const map = [...treatments, { platform: "pain", crm: "Pain, chronic" }, { platform: "none", crm: "None" }]
    fc.assert(
      fc.property(
        fc.subarray(
          map.map(({ platform }) => platform),
          { minLength: 1 }
        ),
        (chosen) => {
          assert.deepStrictEqual(back(someOf, chosen, map), { _tag: "Value", value: chosen })
          assert.deepStrictEqual(back(oneOf, chosen.slice(0, 1), map), { _tag: "Value", value: chosen.slice(0, 1) })
        }
      ),
      runs
    )
  })

  it("never throws, whatever comes", () => {
    const any = fc.array(fc.string({ unit: "binary" }), { maxLength: 4 })
    fc.assert(
      fc.property(
        any,
        fc.constantFrom(text, american, isoDate, yesNo, opposite, number, money, oneOf, someOf),
        (values, transform) => {
          toCrm({ transform, optionMap: treatments }, values)
          fromCrm({ transform, optionMap: treatments }, values)
        }
      ),
      runs
    )
  })
})

describe("a text of several options", () => {
  it.each([
    ["a; b", ";", [], ["a", "b"]],
    ["a, b", ", ", ["a, b"], ["a, b"]],
    ["a,, b", ", ", [], ["a", "b"]],
    ["a b", "", [], ["a b"]]
  ])("cuts %j at %j, knowing %j", (cell, separator, known, parts) => {
    assert.deepStrictEqual(segments(cell, separator, known), parts)
  })
})
