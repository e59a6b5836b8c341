import { assert, describe, it } from "@effect/vitest"
import { Batch } from "../src/Batch.ts"
import { type FaultName, faultNames } from "../src/Faults.ts"
import { enoughRuns, reportOf } from "../src/Report.ts"
import { rowNames } from "../src/Rows.ts"

const replayOf = (seed: number) => `--seed ${seed}`

const batch = (runs: number, without: ReadonlyArray<string> = []) => {
  const all = new Batch()
  all.runs = runs
  for (const name of faultNames) if (!without.includes(name)) all.faults.set(name, 1)
  for (const name of rowNames) if (!without.includes(name)) all.rows.set(name, 1)
  return all
}

describe("the report of many runs", () => {
  it("is good when everything happened and nothing broke", () => {
    const { isGood, verdict } = reportOf(batch(enoughRuns), replayOf)
    assert.deepStrictEqual({ isGood, verdict }, { isGood: true, verdict: "no violation" })
  })

  it("fails for each fault and each row that never happened in 300 runs, by its name", () => {
    for (const name of [...faultNames, ...rowNames]) {
      const { isGood, verdict } = reportOf(batch(enoughRuns, [name]), replayOf)
      assert.isFalse(isGood, name)
      assert.include(verdict, name)
    }
  })

  it("demands nothing of a few runs, and shows the zero all the same", () => {
    const name: FaultName = "crm: late commit"
    const { isGood, lines } = reportOf(batch(enoughRuns - 1, [name]), replayOf)
    assert.isTrue(isGood)
    assert.match(lines.join("\n"), /crm: late commit +0\b/)
  })

  it("fails for a violation, names the lowest seed and how to replay it", () => {
    const broken = batch(1)
    broken.violations = [
      { seed: 9, message: "I-8: twice" },
      { seed: 4, message: "I-3: apart" }
    ]
    const { isGood, verdict } = reportOf(broken, replayOf)
    assert.isFalse(isGood)
    assert.strictEqual(verdict, "VIOLATION in seed 4: I-3: apart\nto replay: --seed 4")
  })
})
