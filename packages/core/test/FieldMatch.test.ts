import { fit, kindOf } from "@casewire/core/domain/FieldKind"
import { likelyScore, type MatchField, possibleScore, suggestFields } from "@casewire/core/domain/FieldMatch"
import { isStatusField } from "@casewire/core/domain/FieldWords"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { platformFields, type Question, tuning } from "./IntakeQuestions.ts"
import { unseen } from "./UnseenQuestions.ts"

const asked = (questions: ReadonlyArray<Question>): ReadonlyArray<MatchField> =>
  questions.map(([label, type], index) => ({ key: `Custom${4000 + index}`, label, type, options: [] }))

/** What a person would be shown as a suggestion: `possible` only heads the picker. */
const measure = (questions: ReadonlyArray<Question>) => {
  const suggestions = suggestFields(asked(questions), platformFields)
  let right = 0
  let wrong = 0
  for (const [index, [, , expected]] of questions.entries()) {
    const suggestion = suggestions.find(({ question }) => question === `Custom${4000 + index}`)
    if (suggestion === undefined || suggestion.tier === "possible") continue
    if (suggestion.field === expected) right++
    else wrong++
  }
  const wanted = questions.filter(([, , expected]) => expected !== null).length
  return { precision: right / (right + wrong), recall: right / wanted }
}

const one = (label: string, type: string, target: Partial<MatchField> & { readonly label: string }) =>
  suggestFields(
    [{ key: "Custom1", label, type, options: [] }],
    [{ key: "target", type: "short text", options: [], ...target }]
  )[0]

describe("field suggestions", () => {
  it("are right in 95 of 100 and find 75 of 100, on questions that were never tuned on", () => {
    assert.isAtLeast(unseen.length, 30)
    assert.isAtLeast(tuning.length + unseen.length, 60)
    assert.isEmpty(tuning.filter(([label]) => unseen.some((other) => other[0] === label)))
    const { precision, recall } = measure(unseen)
    assert.isAtLeast(precision, 0.95)
    assert.isAtLeast(recall, 0.75)
  })

  it("expect only fields that exist", () => {
    const keys = new Set(platformFields.map(({ key }) => key))
    assert.isEmpty([...tuning, ...unseen].filter(([, , key]) => key !== null && !keys.has(key)))
  })

  it("are not worse on the questions they were tuned on", () => {
    const { precision, recall } = measure(tuning)
    assert.isAtLeast(precision, 0.95)
    assert.isAtLeast(recall, 0.75)
  })

  it.each([
    ["Spouse Date of Birth", "date", { label: "Date of birth", type: "date" }],
    ["Child's date of birth", "date", { label: "Date of birth", type: "date" }],
    ["Employer phone number", "phone", { label: "Mobile phone", type: "phone" }],
    ["Previous attorney's name", "text", { label: "Current attorney's name" }],
    ["Doctor's phone", "phone", { label: "Adjuster phone", type: "phone" }]
  ])("never take %s for somebody else's", (label, type, target) => {
    assert.isUndefined(one(label, type, target))
  })

  it("take the spouse's where both sides speak of the spouse", () => {
    assert.strictEqual(one("Your wife's name", "text", { label: "Name of spouse" })?.tier, "likely")
  })

  it.each([
    ["Date of accident", "yes/no", { label: "Date of incident", type: "date" }],
    ["Describe the accident", "textarea", { label: "Accident report made", type: "yes/no" }],
    ["READ ALOUD: the accident description", "script", { label: "Description of accident", type: "long text" }]
  ])("never cross a kind that cannot hold the value: %s (%s)", (label, type, target) => {
    assert.isUndefined(one(label, type, target))
  })

  it("name a reason a person can read", () => {
    assert.deepInclude(one("Date of accident", "date", { label: "Date of incident", type: "date" }), {
      tier: "likely",
      reason: "2 of 2 words: date, incident"
    })
    assert.deepInclude(
      one("Are you married, single or divorced?", "select", {
        label: "Marital status",
        type: "dropdown",
        options: ["Single", "Married", "Divorced"]
      }),
      { reason: "names its options: single, married, divorced" }
    )
    assert.deepInclude(one("Policy Number:", "text", { label: "policy number" }), {
      tier: "exact",
      score: 1,
      reason: "same name"
    })
    assert.deepInclude(
      suggestFields(
        [{ key: "date_of_birth", label: "Geburtstag", type: "", options: [] }],
        [{ key: "date_of_birth", label: "DOB", type: "", options: [] }]
      )[0],
      { tier: "exact", reason: "same key" }
    )
  })

  it("never rest on an empty name or on one word that nobody knows", () => {
    assert.isUndefined(one("???", "text", { label: "!!!" }))
    assert.isUndefined(one("", "text", { key: "", label: "" }))
    assert.isUndefined(one("What is it?", "text", { label: "How are you?" }))
    assert.isUndefined(one("Pharmacy", "text", { label: "Pharmacy" }))
    assert.strictEqual(one("E-mail", "text", { label: "Email address", type: "email" })?.tier, "likely")
  })

  it("show only what leads clearly as likely", () => {
    const twins = [
      { key: "a", label: "Date of first treatment", type: "date", options: [] },
      { key: "b", label: "Date of last treatment", type: "date", options: [] }
    ]
    const [suggestion] = suggestFields([{ key: "q", label: "Treatment date", type: "date", options: [] }], twins)
    assert.strictEqual(suggestion?.tier, "possible")
  })

  it("say when two questions want the same field", () => {
    const suggestions = suggestFields(
      asked([
        ["Date of accident", "date", null],
        ["Date of crash", "date", null],
        ["Policy number", "text", null]
      ]),
      platformFields
    )
    assert.deepStrictEqual(
      suggestions.map(({ contested }) => contested),
      [true, true, false]
    )
  })

  it.each(["Status", "Case Status", "Lead status", "caseStatus", "Intake stage", "Sub-status", "Disposition"])(
    "leave %s to status sync",
    (label) => {
      assert.isTrue(isStatusField(label))
      assert.isEmpty(
        suggestFields(
          [{ key: "Custom1", label, type: "text", options: [] }],
          [{ key: "x", label, type: "text", options: [] }]
        )
      )
    }
  )
  it.each(["Marital status", "Immigration status", "Employment Status", "Statement of facts"])(
    "do not take %s for the case's status",
    (label) => assert.isFalse(isStatusField(label))
  )

  it("hold their thresholds, tiers and order for any labels", () => {
    const word = fc.constantFrom(
      "date",
      "accident",
      "spouse",
      "phone",
      "name",
      "doctor",
      "first",
      "surgery",
      "zip",
      "x7"
    )
    const field = fc.record({
      key: fc.string({ maxLength: 6 }),
      label: fc.oneof(
        fc.array(word, { maxLength: 5 }).map((words) => words.join(" ")),
        fc.string({ maxLength: 12 })
      ),
      type: fc.constantFrom("date", "text", "yes/no", "phone", "", "script"),
      options: fc.constant([])
    })
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.array(field, { maxLength: 6 }), (questions, fields) => {
        for (const { field: key, question, reason, score, tier } of suggestFields(questions, fields)) {
          assert.isTrue(fields.some((each) => each.key === key))
          assert.isTrue(questions.some((each) => each.key === question))
          assert.isAtLeast(score, possibleScore)
          assert.isAtMost(score, 1)
          if (tier !== "possible") assert.isAtLeast(score, likelyScore)
          assert.notStrictEqual(reason, "")
        }
      }),
      { numRuns: 500 }
    )
  })
})

describe("kinds of fields", () => {
  it.each([
    ["Yes/No", "yesno"],
    ["multi-select", "multi"],
    ["Multi Select (check all)", "multi"],
    ["Check all that apply", "multi"],
    ["single select", "single"],
    ["Drop-down", "single"],
    ["textarea", "text"],
    ["Date/Time", "date"],
    ["E-mail", "email"],
    ["Currency", "number"],
    ["script", "none"],
    ["frobnicator", undefined],
    ["", undefined]
  ])("reads %s as %s", (word, kind) => assert.strictEqual(kindOf(word), kind))

  it("knows every type of field that the platform has", () => {
    const types =
      "short text, long text, rich text, number, currency, percentage, date, date-time, time, date range, dropdown, " +
      "radio, checkboxes, yes/no, file, signature, phone, e-mail, address"
    assert.deepStrictEqual(
      types.split(", ").filter((type) => kindOf(type) === undefined),
      []
    )
    assert.deepStrictEqual(["checkboxes", "dropdown", "signature", "percentage"].map(kindOf), [
      "multi",
      "single",
      "file",
      "number"
    ])
  })

  it("names what gets lost, and blocks what cannot be", () => {
    assert.deepStrictEqual(fit("text", "email"), { _tag: "Same" })
    assert.deepStrictEqual(fit("multi", "single"), { _tag: "Lossy", loss: "only one of several answers can be kept" })
    assert.deepStrictEqual(fit("yesno", "date"), { _tag: "Blocked", reason: "yes/no and date do not go together" })
    assert.deepStrictEqual(fit(undefined, "date"), { _tag: "Same" })
  })
})
