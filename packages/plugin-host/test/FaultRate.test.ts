import { assert, describe, it } from "@effect/vitest"
import { type Counted, isWorse } from "../src/FaultRate.ts"

const cases: ReadonlyArray<readonly [Counted, Counted, boolean, string]> = [
  [{ calls: 1000, faults: 0 }, { calls: 0, faults: 0 }, false, "nothing happened yet"],
  [{ calls: 1000, faults: 0 }, { calls: 10, faults: 2 }, false, "two faults may be an accident"],
  [{ calls: 1000, faults: 0 }, { calls: 10, faults: 3 }, true, "three of ten, where none were before"],
  [{ calls: 1000, faults: 0 }, { calls: 100_000, faults: 3 }, true, "any rate is more than none"],
  [{ calls: 1000, faults: 100 }, { calls: 100, faults: 20 }, false, "twice as high is not yet more than that"],
  [{ calls: 1000, faults: 100 }, { calls: 100, faults: 21 }, true, "more than twice as high"],
  [{ calls: 0, faults: 0 }, { calls: 0, faults: 3 }, true, "it crashes without being called"],
  [{ calls: 0, faults: 5 }, { calls: 0, faults: 5 }, false, "the one before crashed, too"],
  [{ calls: 10, faults: 10 }, { calls: 10, faults: 10 }, false, "neither works, so going back helps nobody"]
]

describe("a version that was switched to", () => {
  it.each(cases)("after %o with %o: taken back %s, because %s", (before, now, verdict) => {
    assert.strictEqual(isWorse(before, now), verdict)
  })
})
