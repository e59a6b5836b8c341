/** Writing fields: only the named ones, and never one whose name would take over the call. */
import { assert } from "chai"
import { Effect } from "effect"
import { failsWith } from "./CrmExpectations.ts"
import type { CrmLaw } from "./CrmLaw.ts"

const law = (title: string, why: string, run: CrmLaw["run"]): CrmLaw => ({ title, why, capability: "fields", run })

export const fieldLaws: ReadonlyArray<CrmLaw> = [
  law(
    "a field is written, and nothing else of the case changes",
    "Send the named fields only. An update call that takes a whole record would blank the others.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field } = sandbox.facts
      const before = yield* sandbox.caseNow(cases[0]!)
      yield* crm.updateFields({ id: cases[0]!, fields: { [field]: "10/01/2026" } })
      const expected = { ...before, fields: { ...before.fields, [field]: "10/01/2026" } }
      assert.deepStrictEqual(yield* sandbox.caseNow(cases[0]!), expected)
    })
  ),
  law(
    "a field that was written is read",
    "The host confirms by reading. A list value has one entry for each choice.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field } = sandbox.facts
      yield* crm.updateFields({ id: cases[0]!, fields: { [field]: "Søn & 你好" } })
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.deepStrictEqual(read?.fields[field], ["Søn & 你好"])
    })
  ),
  law(
    "a name that would take over the call is refused, and nothing is changed",
    "A field called `Operation` or `Key` would become a parameter of the call. Refuse reserved names yourself, whatever their capitals.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field, forbiddenFields } = sandbox.facts
      const id = cases[0]!
      const before = yield* Effect.forEach(cases, sandbox.caseNow)
      for (const name of forbiddenFields.flatMap((name) => [name, name.toUpperCase(), name.toLowerCase()])) {
        yield* failsWith(crm.updateFields({ id, fields: { [field]: "1", [name]: cases[1]! } }), "CrmRefused")
      }
      assert.deepStrictEqual(yield* Effect.forEach(cases, sandbox.caseNow), before)
    })
  ),
  law(
    "a name that is no plain word is refused",
    "A name with `&` or a line break could add parameters. Core's `fieldKeyProblem` judges names.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field } = sandbox.facts
      for (const name of ["", " ", "a b", "a&b", "a=b", "a\nb", `${field}&x`, "ｋｅｙ", "é", "__proto__.x", "a[0]"]) {
        yield* failsWith(crm.updateFields({ id: cases[0]!, fields: { [name]: "1" } }), "CrmRefused")
      }
    })
  ),
  law(
    "no fields are no call",
    "An empty update may still touch the record's time of change and cause a webhook.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* crm.updateFields({ id: sandbox.facts.cases[0]!, fields: {} })
      assert.deepStrictEqual(yield* sandbox.requestLines, [])
    })
  ),
  law(
    "markup in a value is taken without its brackets' power",
    "Values are shown in the CRM's pages. Disarm angle brackets and numeric entities.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field } = sandbox.facts
      yield* crm.updateFields({ id: cases[0]!, fields: { [field]: "<script>alert(1)</script> &#60;b" } })
      const value = (yield* sandbox.caseNow(cases[0]!)).fields[field] ?? ""
      assert.notMatch(value, /[<>]|&#/)
      assert.include(value, "alert(1)")
    })
  ),
  law(
    "a lost answer to fields is CrmOutcomeUnknown, though the CRM holds them",
    "The host reads the case and sees what became of it.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, field } = sandbox.facts
      yield* sandbox.setFault({ kind: "answer-lost", on: "updateFields" })
      yield* failsWith(crm.updateFields({ id: cases[0]!, fields: { [field]: "later" } }), "CrmOutcomeUnknown")
      assert.strictEqual((yield* sandbox.caseNow(cases[0]!)).fields[field], "later")
    })
  ),
  law(
    "fields of a case that the CRM does not know are CrmNotFound",
    "The job ends at once and is listed for the firm.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { field, unknownCase } = sandbox.facts
      yield* failsWith(crm.updateFields({ id: unknownCase, fields: { [field]: "1" } }), "CrmNotFound")
    })
  )
]
