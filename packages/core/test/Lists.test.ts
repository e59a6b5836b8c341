/** What people and rules do to lists over a case's life. */
import { ConnectionId } from "@casewire/core/domain/Connection"
import { ListId, noAutoAdd } from "@casewire/core/domain/List"
import { Lists } from "@casewire/core/Lists"
import { ListStore } from "@casewire/core/ports/ListStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { addsTo, audit, begun, byHand, fire, isIn, removesFrom, send, sync, warningsOf } from "./ListStory.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { layer, work } from "./Rehearsal.ts"

describe("lists and people", () => {
  it.effect("a person's removal beats URL and auto-add until it is lifted", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun({})
      yield* fire("New")
      assert.isTrue(yield* isIn(id))
      assert.strictEqual(yield* byHand(id, "remove"), "removed")
      assert.deepStrictEqual(yield* fire("Signed", addsTo(number)), ["list_id:removed-by-a-person"])
      yield* sync
      assert.isFalse(yield* isIn(id))
      assert.strictEqual(yield* byHand(id, "lift"), "lifted")
      assert.isFalse(yield* isIn(id), "lifting alone adds nobody")
      yield* sync
      assert.isTrue(yield* isIn(id))
      assert.deepStrictEqual(yield* audit, [
        "added by auto-add",
        "removed by person",
        "refused by receipt",
        "lifted by person",
        "added by auto-add"
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("what a webhook asked for before a person's word is over, also when it is applied after it", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      const { receiptId } = yield* send("New", removesFrom(number))
      assert.strictEqual(yield* byHand(id, "add"), "unchanged")
      assert.strictEqual(yield* byHand(id, "remove"), "removed")
      assert.strictEqual(yield* byHand(id, "add"), "added")
      yield* work()
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:older-than-a-later-change"])
      assert.isTrue(yield* isIn(id))
      yield* fire("Signed", removesFrom(number))
      assert.isFalse(yield* isIn(id), "a later one applies")
    }).pipe(Effect.provide(layer))
  )

  it.effect("an archived list takes nobody, and its number is not given again", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun({})
      const lists = yield* Lists
      yield* lists.archive(firmId, "list", id, "Olga")
      assert.deepStrictEqual(yield* fire("New", addsTo(number)), ["list_id:list_not_found"])
      assert.isFalse(yield* isIn(id))
      const next = yield* lists.create(firmId, { name: "Intake", description: "", caseType: null }, "Olga")
      assert.strictEqual(next.number, number + 1)
      const gone = yield* Effect.exit(lists.change(firmId, id, { name: "Again" }, "Olga"))
      assert.strictEqual(gone._tag, "Failure")
    }).pipe(Effect.provide(layer))
  )

  it.effect("an add that waits for a list which is archived meanwhile is dropped", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const crm = yield* FakeCrm
      const lists = yield* Lists
      crm.faults.push({ on: "read", how: "before" })
      const { receiptId } = yield* send("New", addsTo(number))
      yield* work()
      yield* lists.archive(firmId, "list", id, "Olga")
      yield* work(3, 2000)
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:list_not_found"])
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuses blank names, unknown connections in rules and unknown lists in campaigns", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      const lists = yield* Lists
      const blank = yield* Effect.flip(lists.create(firmId, { name: "  ", description: "", caseType: null }, "Olga"))
      assert.deepStrictEqual(blank.errors, [{ field: "name", code: "empty" }])
      const rule = { ...noAutoAdd, on: true, connectionId: ConnectionId.make("elsewhere") }
      const foreign = yield* Effect.flip(lists.setAutoAdd(firmId, id, rule, "Olga"))
      assert.deepStrictEqual(foreign._tag === "ListInvalid" && foreign.errors, [
        { field: "autoAdd.connectionId", code: "unknown" }
      ])
      const campaign = { name: "Spring", listId: ListId.make("nowhere") }
      const lost = yield* Effect.flip(lists.createCampaign(firmId, campaign, "Olga"))
      assert.deepStrictEqual(lost.errors, [{ field: "listId", code: "list_not_found" }])
    }).pipe(Effect.provide(layer))
  )

  it.effect("writes down who changed a list or its rule, and what it was before", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      const lists = yield* Lists
      const store = yield* ListStore
      yield* lists.change(firmId, id, { name: "Intake calls" }, "Olga")
      yield* lists.setAutoAdd(firmId, id, { ...noAutoAdd, on: true }, "Piet")
      yield* lists.archive(firmId, "list", id, "Olga")
      assert.deepStrictEqual(
        (yield* store.events(firmId, { targetId: id, limit: 10 })).map(({ cause, change, detail }) => [
          change,
          cause,
          detail
        ]),
        [
          ["archived", "Olga", null],
          ["rule-changed", "Piet", JSON.stringify({ autoAdd: noAutoAdd })],
          ["changed", "Olga", JSON.stringify({ name: "Intake" })],
          ["created", "Olga", null]
        ]
      )
    }).pipe(Effect.provide(layer))
  )
})

describe("TV-23 auto-add over the life of a case", () => {
  it.effect("first-sync-only adds at the first verified read, by what was read and not by what was reported", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ firstSyncOnly: true, statuses: ["Signed"] })
      const crm = yield* FakeCrm
      crm.leads.get("42")!.status = "Signed"
      yield* send("New")
      yield* work()
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("first-sync-only never adds later, when the status comes to fit or the rule is saved afterwards", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ firstSyncOnly: true, statuses: ["Signed"] })
      const lists = yield* Lists
      yield* fire("New")
      yield* fire("Signed")
      assert.isFalse(yield* isIn(id))
      yield* lists.setAutoAdd(firmId, id, { ...noAutoAdd, on: true, firstSyncOnly: true }, "Olga")
      yield* sync
      assert.isFalse(yield* isIn(id))
      yield* lists.setAutoAdd(firmId, id, { ...noAutoAdd, on: true }, "Olga")
      assert.isFalse(yield* isIn(id), "saving a rule is not retroactive")
      yield* sync
      assert.isTrue(yield* isIn(id), "without the flag every sync asks")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a failed first read does not consume the flag, and a case found by a pull has it too", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ firstSyncOnly: true })
      const crm = yield* FakeCrm
      crm.faults.push({ on: "read", how: "before" })
      yield* sync
      yield* work(3, 2000)
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("never takes a case out when it no longer fits", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ statuses: ["New"] })
      yield* fire("New")
      yield* fire("Signed")
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("goes by case type and status together", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ caseTypes: [{ name: "Injury" }], statuses: ["Signed", "Sent"] })
      const lists = yield* Lists
      const rule = { ...noAutoAdd, on: true, caseTypes: [{ name: "Other" }], statuses: ["Signed", "Sent"] }
      const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga", rule)
      yield* fire("New")
      assert.isFalse(yield* isIn(id))
      yield* fire("Sent")
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [true, false])
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "does not put back at once what a webhook took out, but does when the case has left the filters since",
    () =>
      Effect.gen(function* () {
        const { id, number } = yield* begun({ statuses: ["New", "Signed"] })
        yield* fire("New")
        yield* fire("Signed", removesFrom(number))
        yield* sync
        assert.isFalse(yield* isIn(id))
        yield* fire("Closed")
        yield* fire("New")
        assert.isTrue(yield* isIn(id))
      }).pipe(Effect.provide(layer))
  )
})
