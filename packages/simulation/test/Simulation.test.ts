/**
 * The simulation in short: some seeds without a violation, the same trace twice, and every planted mistake
 * found. The long form is `npm run simulate -- --seeds 3000`.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { batchOf } from "../src/Batch.ts"
import { plantedDefects } from "../src/defects/Defects.ts"
import { run } from "../src/Run.ts"

const seedsFrom = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

describe("the core under simulation", () => {
  it("breaks no invariant in 150 seeds", { timeout: 120_000 }, () => {
    assert.deepStrictEqual(batchOf(seedsFrom(1, 150)).violations, [])
  })

  it("leaves the same trace when a seed runs twice", { timeout: 60_000 }, () => {
    for (const seed of seedsFrom(1, 12)) assert.strictEqual(run(seed).hash(), run(seed).hash(), `seed ${seed}`)
  })
})

describe("a planted mistake is found within 3,000 seeds", () => {
  const table: Array<string> = []
  afterAll(() => console.log(["seeds  invariant  planted mistake", ...table].join("\n")))

  it.each(plantedDefects)("$name", { timeout: 120_000 }, ({ make, name }) => {
    for (const seed of seedsFrom(1, 3000)) {
      const { violation } = run(seed, make())
      if (violation === undefined) continue
      table.push(`${String(seed).padStart(5)}  ${violation.invariant.padEnd(9)}  ${name}`)
      return
    }
    assert.fail("not found")
  })
})
