/**
 * Random histories of a field that both sides edit: whatever the order of edits, receipts and work, both sides end equal
 * and nothing is written more often than somebody edited it here.
 */
import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { change, date, inCrm, layer, platform, staffSets, start } from "./FieldRehearsal.ts"
import { FakeCrm } from "./FakeCrm.ts"
import { deliver, work } from "./Rehearsal.ts"

const days = ["01", "02", "03", "04"]
const step = fc.oneof(
  fc.record({ who: fc.constant("platform" as const), day: fc.constantFrom(...days) }),
  fc.record({ who: fc.constant("staff" as const), day: fc.constantFrom(...days) }),
  fc.record({ who: fc.constantFrom("webhook" as const, "work" as const, "lost-answer" as const), day: fc.constant("") })
)

const play = Effect.fnUntraced(function* (steps: ReadonlyArray<{ readonly who: string; readonly day: string }>) {
  const crm = yield* start({ entries: [date] })
  let edits = 0
  for (const [index, { day, who }] of steps.entries()) {
    if (who === "platform") {
      edits++
      yield* change(`e${index}`, { accidentDate: `2026-10-${day}` })
    }
    if (who === "staff") yield* staffSets("Custom102", `10/${day}/2026`)
    if (who === "webhook") yield* deliver({})
    if (who === "lost-answer") crm.faults.push({ on: "updateFields", how: "after" })
    if (who === "work") yield* work(20, 1000)
  }
  crm.faults.length = 0
  yield* deliver({})
  yield* work(40, 1000)
  return {
    edits,
    writes: (yield* FakeCrm).fieldWrites.length,
    here: (yield* platform)["accidentDate"],
    there: (yield* inCrm)?.["Custom102"]
  }
})

it(
  "R-19 for fields: 200 random two-sided histories end equal, with no more pushes than local edits",
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { edits, here, there, writes } = await Effect.runPromise(scoped(play(steps)))
        assert.isAtMost(writes, edits)
        const [, month, day] = /^2026-(\d\d)-(\d\d)$/.exec(here ?? "") ?? []
        assert.deepStrictEqual(there, [`${month}/${day}/2026`])
      }),
      { numRuns: 200 }
    ),
  60_000
)

const scoped = <A, E>(run: Effect.Effect<A, E, Layer.Success<typeof layer>>) =>
  Effect.scoped(run.pipe(Effect.provide(layer), Effect.provide(TestClock.layer())))
