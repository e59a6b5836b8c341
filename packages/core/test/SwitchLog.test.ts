/** The log of switches (I-19): by it the fate of whatever was held, dropped or ignored can be explained afterwards. */
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer, theCase, work } from "./Rehearsal.ts"

const log = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  return yield* connections.switchLog(firmId, connectionId, { limit: 10 })
})

const set = Effect.fnUntraced(function* (change: Partial<Toggles>, by?: string) {
  const [connections, setup] = [yield* ConnectionStore, yield* Setup]
  const { toggles } = yield* connections.get(firmId, connectionId)
  return yield* setup.setToggles(firmId, connectionId, { ...toggles, ...change }, by)
})

describe("the log of switches", () => {
  it.effect("says of what was held which switch was off then, since when, and who had turned it off", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* deliver({})
      yield* work()
      const before = (yield* log).length
      yield* set({ syncStatuses: false }, "Ana")
      yield* TestClock.adjust(1000)
      const { id: caseId } = yield* theCase
      const outbox = yield* Outbox
      yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "s1", caseId, status: "Signed" })
      yield* TestClock.adjust(1000)
      yield* set({ syncStatuses: true }, "Bo")
      const [on, off, ...older] = yield* log
      assert.strictEqual(older.length, before)
      assert.deepInclude(off, { by: "Ana" })
      assert.deepStrictEqual([off?.before.syncStatuses, off?.after.syncStatuses], [true, false])
      assert.deepStrictEqual([on?.by, on?.before, on?.after], ["Bo", off?.after, off?.before])
      const held = (yield* jobs).find((job) => job.work === "PushStatus")
      assert.strictEqual(held?.state, "held")
      assert.strictEqual((on?.at ?? 0) - (off?.at ?? 0), 2000)
    }).pipe(Effect.provide(layer))
  )

  it.effect("has no line where nothing changed, and the host's own name where nobody is named", () =>
    Effect.gen(function* () {
      yield* connected()
      const before = (yield* log).length
      yield* set({})
      assert.strictEqual((yield* log).length, before)
      yield* set({ sendCalls: false })
      assert.deepInclude((yield* log)[0], { by: "casewire" })
    }).pipe(Effect.provide(layer))
  )
})
