/** What is thrown away, and when: nothing that somebody may still need. */
import { CaseImport } from "@casewire/core/CaseImport"
import { planLifeMs } from "@casewire/core/domain/ImportRun"
import { RunId } from "@casewire/core/domain/Run"
import { type HookDelivery, SubscriptionId, WebhookId } from "@casewire/core/domain/Subscription"
import { Housekeeping, Retention } from "@casewire/core/Housekeeping"
import { ImportRuns } from "@casewire/core/ImportRuns"
import { RunStore } from "@casewire/core/ports/RunStore"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { firmId } from "./FakeCrm.ts"
import { connected, connectionId, layer as rehearsal, work } from "./Rehearsal.ts"

const dayMs = 86_400_000
const layer = Housekeeping.layer.pipe(
  Layer.provide(Layer.succeed(Retention, { webhookLogMs: 7 * dayMs })),
  Layer.provideMerge(rehearsal)
)

const rows = [
  ["Record ID", "First Name", "Last Name", "Case Type"],
  ["", "Ana", "Lee", "Injury"],
  ["", "Ben", "Roe", "Injury"]
]

const planned = Effect.gen(function* () {
  const imports = yield* CaseImport
  const file = { fileName: "cases.csv", sheets: [{ name: "cases", rows }] }
  const options = { duplicates: "skip", invalid: "refuse" } as const
  return (yield* imports.plan(firmId, connectionId, file, options, "ops")).run
})

const stateOf = Effect.fnUntraced(function* (id: RunId) {
  const runs = yield* RunStore
  const run = Option.getOrThrow(yield* runs.get(firmId, id))
  return [run.state, (yield* runs.rows(firmId, id, { limit: 9 })).length] as const
})

const keep = Effect.gen(function* () {
  const { run } = yield* Housekeeping
  yield* run
})

describe("imports that were not started", () => {
  it.effect("lose their rows when their day is over, and cannot be started any more", () =>
    Effect.gen(function* () {
      yield* connected()
      const { id } = yield* planned
      yield* TestClock.adjust(planLifeMs - 1)
      yield* keep
      assert.deepStrictEqual(yield* stateOf(id), ["planned", 2])
      yield* TestClock.adjust("1 hour")
      yield* keep
      assert.deepStrictEqual(yield* stateOf(id), ["expired", 0])
      const imports = yield* ImportRuns
      assert.isTrue(Exit.isFailure(yield* Effect.exit(imports.ask(firmId, id, "start"))))
    }).pipe(Effect.provide(layer))
  )

  it.effect("and were cancelled lose their rows at once", () =>
    Effect.gen(function* () {
      yield* connected()
      const { id } = yield* planned
      const imports = yield* ImportRuns
      yield* imports.ask(firmId, id, "cancel")
      assert.deepStrictEqual(yield* stateOf(id), ["cancelled", 0])
    }).pipe(Effect.provide(layer))
  )

  it.effect("because the host died while their file was written down leave nothing for ever", () =>
    Effect.gen(function* () {
      yield* connected()
      const runs = yield* RunStore
      const { id, ...run } = yield* planned
      // As the upload leaves it when it is cut off between its rows.
      const cut = RunId.make("019b8d6a-0009-7000-8000-0000000000aa")
      const updatedAt = yield* Clock.currentTimeMillis
      yield* runs.save({ ...run, id: cut, state: "cancelled", updatedAt })
      const [row] = yield* runs.rows(firmId, id, { limit: 1 })
      yield* runs.saveRows(firmId, cut, [row!])
      yield* TestClock.adjust("30 minutes")
      yield* keep
      assert.deepStrictEqual(yield* stateOf(cut), ["cancelled", 1])
      yield* TestClock.adjust("61 minutes")
      yield* keep
      assert.deepStrictEqual(yield* stateOf(cut), ["cancelled", 0])
    }).pipe(Effect.provide(layer))
  )

  it.effect("are told from those that run: of a cancelled one the outcomes of its first rows stay", () =>
    Effect.gen(function* () {
      yield* connected()
      const imports = yield* ImportRuns
      const { id } = yield* planned
      yield* imports.ask(firmId, id, "start", 1)
      yield* work()
      yield* TestClock.adjust(planLifeMs * 3)
      yield* keep
      assert.deepStrictEqual(yield* stateOf(id), ["paused", 2])
      yield* imports.ask(firmId, id, "cancel")
      const runs = yield* RunStore
      assert.deepStrictEqual(
        (yield* runs.rows(firmId, id, { limit: 9 })).map(({ number, state }) => [number, state]),
        [[2, "done"]]
      )
    }).pipe(Effect.provide(layer))
  )
})

describe("the log of webhooks", () => {
  it.effect("keeps what ended for as long as the operator says, and what waits for ever", () =>
    Effect.gen(function* () {
      yield* connected()
      const store = yield* SubscriptionStore
      const now = yield* Clock.currentTimeMillis
      const delivery = (id: string, state: HookDelivery["state"], updatedAt: number): HookDelivery => ({
        id: WebhookId.make(id),
        firmId,
        subscriptionId: SubscriptionId.make("tools"),
        type: "case_created",
        body: "{}",
        state,
        attempts: [],
        createdAt: updatedAt,
        updatedAt
      })
      for (let index = 0; index < 1200; index++)
        yield* store.record(delivery(`msg_${String(index).padStart(4, "0")}`, "delivered", now))
      yield* store.record(delivery("msg_waits", "waiting", now))
      yield* TestClock.adjust(7 * dayMs - 1)
      yield* store.record(delivery("msg_young", "failed", now + 7 * dayMs - 1))
      yield* keep
      assert.lengthOf(yield* store.deliveries(firmId, { limit: 2000 }), 1202)
      yield* TestClock.adjust("1 hour")
      yield* keep
      assert.deepStrictEqual(
        (yield* store.deliveries(firmId, { limit: 2000 })).map(({ id }) => id as string),
        ["msg_young", "msg_waits"]
      )
    }).pipe(Effect.provide(layer))
  )
})
