import type { SwapStepName } from "@casewire/core/domain/PluginSwap"
import { assert, describe, it } from "@effect/vitest"
import { type Happening, next, swapTable, type Turn } from "../src/SwapTable.ts"

const steps = Object.keys(swapTable) as ReadonlyArray<SwapStepName>
const happenings: ReadonlyArray<Happening> = ["passed", "skipped", "failed", "faulty"]
const afterSwitch: ReadonlyArray<SwapStepName> = ["drain", "stop", "watch"]

const cells = steps.flatMap((step) => happenings.map((happening) => ({ step, happening, turn: next(step, happening) })))

/** Every way through the table, as the turns that it takes. */
const ways = (step: SwapStepName, so: ReadonlyArray<Turn> = []): ReadonlyArray<ReadonlyArray<Turn>> =>
  happenings.flatMap((happening) => {
    const turn = next(step, happening)
    const more = [...so, turn]
    return turn.to === "done" || turn.to === "failed" || turn.to === "taken back" ? [more] : ways(turn.to, more)
  })

describe("the table of swaps", () => {
  it("takes the steps in their order where each passes", () => {
    const order: Array<string> = []
    for (let step: SwapStepName = "verify"; ;) {
      order.push(step)
      const { to } = next(step, "passed")
      if (to === "done" || to === "failed" || to === "taken back") {
        assert.strictEqual(to, "done")
        break
      }
      step = to
    }
    assert.deepStrictEqual(order, ["verify", "start", "self-test", "shadow", "switch", "drain", "stop", "watch"])
  })

  it("never goes back to an earlier step, so that every swap ends", () => {
    for (const { step, turn } of cells)
      if (steps.includes(turn.to as SwapStepName))
        assert.isAbove(steps.indexOf(turn.to as SwapStepName), steps.indexOf(step))
  })

  it("leaves the old version serving whatever fails before the switch", () => {
    for (const { happening, step, turn } of cells)
      if (!afterSwitch.includes(step) && (happening === "failed" || happening === "faulty"))
        assert.include(["failed", "taken back"], turn.to, `${step} ${happening}`)
  })

  it("ends the new version wherever it was started and does not come to serve", () => {
    for (const way of ways("verify")) {
      const end = way.at(-1)
      if (end?.to === "done" || way.length === 1) continue
      assert.isTrue(end?.undo.includes("stop-new"))
    }
  })

  it("switches back before it ends the new version, and starts the old one before that where it was stopped", () => {
    for (const { turn } of cells) {
      const order = ["start-old", "switch-back", "stop-new"]
      assert.deepStrictEqual(
        [...turn.undo],
        order.filter((undo) => turn.undo.some((one) => one === undo))
      )
    }
    for (const step of ["stop", "watch"] as const) assert.include(next(step, "faulty").undo, "start-old")
  })

  it("takes a faulty version back in every step after the switch, and in none before", () => {
    for (const { happening, step, turn } of cells)
      if (happening === "faulty" && steps.indexOf(step) > steps.indexOf("switch"))
        assert.strictEqual(turn.to, "taken back", step)
  })

  it("goes on where the old version does not end in time: those who wait for the new one do not wait for it", () => {
    assert.strictEqual(next("drain", "failed").to, "stop")
    assert.strictEqual(next("stop", "failed").to, "watch")
  })
})
