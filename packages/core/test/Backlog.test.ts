/** What happens where more waits for a firm than it may: its webhooks are put off, nothing is lost, nobody else notices. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Backlog, backlogFull, BacklogLimit, pauseFor } from "@casewire/core/Backlog"
import { CatchUp } from "@casewire/core/CatchUp"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { FirmId } from "@casewire/core/domain/Ids"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, layer, work } from "./Rehearsal.ts"

const small = Layer.mergeAll(Backlog.layer, CatchUp.layer).pipe(
  Layer.provideMerge(layer),
  Layer.provide(Layer.succeed(BacklogLimit, 3))
)

const look = Effect.gen(function* () {
  yield* TestClock.adjust(5000)
  yield* (yield* Backlog).look
})

const flooded = Effect.gen(function* () {
  yield* connected()
  for (const lead of ["42", "43", "44"]) yield* deliver({ "Record ID": lead })
  yield* look
})

describe("the backlog of a firm", () => {
  it.effect("is full at its limit: a webhook is put off, and only its record's id and options are kept", () =>
    Effect.gen(function* () {
      yield* flooded
      const storage = yield* Storage
      const { disposition, receiptId } = yield* deliver({ "Record ID": "45", "Full Name": "Zoë Quack", list_id: "7" })
      assert.deepStrictEqual(disposition, { _tag: "Ignored", reason: backlogFull })
      const receipt = Option.getOrThrow(yield* storage.receipt(firmId, receiptId))
      assert.strictEqual(receipt.externalCaseId, "45")
      assert.notInclude(receipt.body, "Quack")
      assert.include(receipt.body, "list_id=7")
      assert.strictEqual(yield* storage.backlog(firmId), 3)
    }).pipe(Effect.provide(small))
  )

  it.effect("has room again once work was done, and what was put off is read then, and not before", () =>
    Effect.gen(function* () {
      yield* flooded
      const [crm, catchUp, connections] = [yield* FakeCrm, yield* CatchUp, yield* ConnectionStore]
      const person = { status: "New", fullName: "Zoë Quack", contactId: "901", updatedAt: 1, notes: [], documents: [] }
      crm.leads.set("45", person)
      yield* deliver({ "Record ID": "45", "Full Name": "Zoë Quack" })
      const catchingUp = Effect.gen(function* () {
        yield* catchUp.run(yield* connections.get(firmId, connectionId))
        yield* work()
        const cases = yield* CaseStore
        return Option.isSome(yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make("45")))
      })
      const storage = yield* Storage
      yield* catchUp.run(yield* connections.get(firmId, connectionId))
      assert.strictEqual(yield* storage.backlog(firmId), 3, "read while full")
      yield* work()
      yield* look
      assert.isTrue(yield* catchingUp)
      assert.strictEqual((yield* deliver({ "Record ID": "46" })).disposition._tag, "Accepted")
    }).pipe(Effect.provide(small))
  )

  it.effect("is each firm's own, and is looked at again while it is full although nobody asks", () =>
    Effect.gen(function* () {
      yield* flooded
      const backlog = yield* Backlog
      assert.isTrue(backlog.isFull(firmId))
      assert.isFalse(backlog.isFull(FirmId.make("firm-2")))
      yield* look
      yield* work()
      yield* look
      assert.isFalse(backlog.isFull(firmId))
    }).pipe(Effect.provide(small))
  )

  it.each([
    [100_000, 5000],
    [60_000, 3000],
    [1000, 250],
    [0, 250],
    [-50_000, 250]
  ])("with room for %d more is counted again after %d ms", (room, ms) => {
    assert.strictEqual(pauseFor(room), ms)
  })
})
