/** The check of the call budget: what it says of a limit, and when it warns. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { callBudgetCheck, type CallUsage } from "@casewire/core/domain/CallBudget"
import { CrmRateLimited } from "@casewire/core/ports/Crm"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Setup } from "@casewire/core/Setup"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, layer } from "./Rehearsal.ts"

const minute = { calls: 60, windowMs: 60_000 }
const hour = { calls: 500, windowMs: 3_600_000 }
const now = 1_000_000

const usage = (used: number, more: Partial<CallUsage> = {}): CallUsage => ({
  used,
  waiting: 0,
  refusedUntil: null,
  ...more
})

describe("the call budget", () => {
  it.each([
    [minute, false, usage(0), true, /^60 calls a minute; 0 used, 60 left$/],
    [minute, false, usage(54), true, /54 used, 6 left$/],
    [minute, false, usage(55), false, /55 used, 5 left\. It is nearly used up/],
    [minute, false, usage(60, { waiting: 7 }), false, /60 used, 0 left, 7 waiting\. It is nearly used up/],
    // A limit that was lowered a moment ago.
    [minute, false, usage(200), false, /200 used, 0 left/],
    [hour, true, usage(120), true, /^500 calls an hour, as set for this connection; 120 used, 380 left$/],
    [{ calls: 5, windowMs: 1000 }, false, usage(1), true, /^5 calls a second/],
    [{ calls: 5, windowMs: 10_000 }, false, usage(1), true, /^5 calls in 10 s/],
    [minute, false, usage(1, { refusedUntil: now + 4500 }), false, /The CRM asked for no more calls for 5 s/],
    [minute, false, usage(1, { refusedUntil: now - 1 }), true, /59 left$/]
  ] as const)("of %o (own: %s) with %o is well: %s", (budget, isOwn, used, ok, detail) => {
    const check = callBudgetCheck(budget, isOwn, used, now)
    assert.strictEqual(check.ok, ok)
    assert.match(check.detail, detail)
    assert.strictEqual(check.required, false)
  })

  it.effect("is the last of the named checks, with the limit that is set and what is used, and stops nothing", () =>
    Effect.gen(function* () {
      yield* connected()
      const [setup, crm] = [yield* Setup, yield* FakeCrm]
      crm.usage = usage(119)
      yield* setup.setCallLimit(firmId, connectionId, 120)
      const checks = yield* Stream.runCollect(setup.verify(firmId, connectionId))
      const last = checks.at(-1)
      assert.deepInclude(last, { name: "call-budget", ok: false })
      assert.match(last?.detail ?? "", /^120 calls a minute, as set for this connection; 119 used, 1 left/)
      assert.strictEqual((yield* (yield* ConnectionStore).get(firmId, connectionId)).state, "connected")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is shown also where the CRM refuses further calls, before that failure", () =>
    Effect.gen(function* () {
      yield* connected()
      const [setup, crm] = [yield* Setup, yield* FakeCrm]
      crm.usage = usage(60, { refusedUntil: 5000 })
      crm.verifyFails = new CrmRateLimited({ until: 5000 })
      const seen: Array<string> = []
      const checks = Stream.runForEach(setup.verify(firmId, connectionId), ({ name }) =>
        Effect.sync(() => void seen.push(name))
      )
      assert.strictEqual((yield* Effect.flip(checks))._tag, "CrmError")
      assert.deepStrictEqual(seen, ["call-budget"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes whole numbers from one to a hundred thousand as a limit, or the plugin's own", () =>
    Effect.gen(function* () {
      yield* connected()
      const setup = yield* Setup
      for (const wrong of [0, -1, 1.5, 100_001, Number.NaN]) {
        const refused = yield* Effect.flip(setup.setCallLimit(firmId, connectionId, wrong))
        assert.deepInclude(refused, { subject: "connection", errors: [{ field: "callLimit", code: "out-of-range" }] })
      }
      for (const callLimit of [1, 100_000, null])
        assert.deepInclude(yield* setup.setCallLimit(firmId, connectionId, callLimit), { callLimit })
    }).pipe(Effect.provide(layer))
  )
})
