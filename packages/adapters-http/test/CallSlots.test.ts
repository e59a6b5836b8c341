/** Call slots of an account under a simulated clock: a limit that changes, and what is counted. */
import { Clock, Effect, Exit, Fiber, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { assert, describe, it } from "vitest"
import type { Connection } from "@casewire/core/domain/Connection"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { CrmGateway } from "@casewire/core/ports/CrmHttp"
import { type Budget, Queue } from "@casewire/core/ports/Queue"
import { makeCallSlots } from "../src/CallSlots.ts"
import { layer as layerGateway } from "../src/CrmHttp.ts"
import { allOn, firm, manifest } from "./Harness.ts"

const minute = (calls: number): Budget => ({ calls, windowMs: 60_000 })

const simulated = <E>(effect: Effect.Effect<void, E, Queue | Scope.Scope>) =>
  Effect.runPromise(effect.pipe(Effect.scoped, Effect.provide(layerMemory), Effect.provide(TestClock.layer())))

const slots = Effect.gen(function* () {
  return makeCallSlots(yield* Queue, 15_000, yield* Effect.scope)
})

const connection: Connection = {
  id: ConnectionId.make("one"),
  firmId: firm,
  plugin: "acme",
  name: "x",
  state: "connected",
  sandbox: true,
  settings: { clientRoot: "harbor" },
  callLimit: 60,
  toggles: allOn,
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 1,
  updatedAt: 1
}

describe("call slots", () => {
  it("keep to a limit that was changed while calls wait, at once, up and down", () =>
    Effect.gen(function* () {
      const { awaitSlot } = yield* slots
      let calls = 60
      const left: Array<number> = []
      const call = Effect.gen(function* () {
        yield* awaitSlot(
          "a",
          Effect.sync(() => minute(calls))
        )
        left.push(yield* Clock.currentTimeMillis)
      })
      const waiting = yield* Effect.forEach(Array.from({ length: 8 }), () => Effect.forkChild(call))
      yield* TestClock.adjust(1100)
      assert.strictEqual(left.length, 2, "one a second")
      calls = 6000
      // The slot that was reserved by the earlier limit, and then ten milliseconds apart.
      yield* TestClock.adjust(1100)
      assert.strictEqual(left.length, 8)
      yield* Fiber.joinAll(waiting)
      calls = 30
      const slower = yield* Effect.forEach([1, 2], () => Effect.forkChild(call))
      yield* TestClock.adjust(4100)
      yield* Fiber.joinAll(slower)
      const [last = 0, before = 0, earlier = 0] = left.toReversed()
      assert.isAtLeast(last - before, 2000)
      assert.isAtLeast(before - earlier, 2000)
    }).pipe(simulated))

  it("count what left in the window that ends now, and who waits", () =>
    Effect.gen(function* () {
      const { awaitSlot, refusedUntil, usage } = yield* slots
      const budget = Effect.succeed(minute(60))
      for (let call = 0; call < 3; call++) {
        yield* awaitSlot("a", budget)
        yield* TestClock.adjust(2000)
      }
      assert.deepStrictEqual(yield* usage("a", 60_000), { used: 3, waiting: 0, refusedUntil: null })
      assert.deepStrictEqual(yield* usage("b", 60_000), { used: 0, waiting: 0, refusedUntil: null })
      yield* TestClock.adjust(56_000)
      assert.strictEqual((yield* usage("a", 60_000)).used, 1)
      const until = (yield* Clock.currentTimeMillis) + 5000
      yield* refusedUntil("a", minute(60), until)
      const behind = yield* Effect.forkChild(awaitSlot("a", budget))
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* usage("a", 60_000), { used: 1, waiting: 1, refusedUntil: until })
      yield* TestClock.adjust(5000)
      yield* Fiber.join(behind)
      assert.deepInclude(yield* usage("a", 60_000), { waiting: 0, refusedUntil: null })
    }).pipe(simulated))
})

describe("the door to a CRM", () => {
  const asked: Array<number> = []
  const layerAsked = Layer.effect(
    Queue,
    Effect.map(Queue, (queue) =>
      Queue.of({
        ...queue,
        reserve: (account, budget, options) => {
          asked.push(budget.calls)
          return queue.reserve(account, budget, options)
        }
      })
    )
  )

  it("keeps to the limit that is saved now, not to the one it was opened with", () =>
    Effect.gen(function* () {
      const [store, gateway] = [yield* ConnectionStore, yield* CrmGateway]
      yield* store.save({ ...connection, callLimit: 60_000 })
      const door = yield* gateway.open({ ...connection, callLimit: 60_000 }, manifest)
      const call = Effect.exit(door.send({ origin: "app", method: "GET", path: "lead", changes: false }))
      // Nobody listens there; a slot was asked for all the same.
      assert.isTrue(Exit.isFailure(yield* call))
      yield* store.update(firm, connection.id, (value) => ({ ...value, callLimit: 30_000 }))
      yield* call
      assert.deepStrictEqual([asked[0], asked.at(-1)], [60_000, 30_000])
      assert.strictEqual((yield* gateway.usage(connection, manifest)).used, 2)
      const twin = { ...connection, id: ConnectionId.make("two") }
      assert.strictEqual((yield* gateway.usage(twin, manifest)).used, 2, "of one account")
    }).pipe(
      Effect.provide(
        layerGateway({ sandboxOrigin: "http://127.0.0.1:1", timeoutMs: 300 }).pipe(
          Layer.provideMerge(layerAsked),
          Layer.provideMerge(layerMemory)
        )
      ),
      Effect.runPromise
    ))
})
