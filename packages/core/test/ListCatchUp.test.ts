/** What webhooks want of lists that could not be applied when they came: ignored while a switch was off, or refused. */
import { namesOnly } from "@casewire/core/domain/KeptNames"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Lists } from "@casewire/core/Lists"
import { Inbox } from "@casewire/core/Inbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { addsTo, audit, begun, byHand, fire, isIn, removesFrom, send, warningsOf } from "./ListStory.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connectionId, layer, work } from "./Rehearsal.ts"

const switched = Effect.fnUntraced(function* (change: Partial<Toggles>) {
  const connections = yield* ConnectionStore
  const setup = yield* Setup
  const { toggles } = yield* connections.get(firmId, connectionId)
  yield* setup.setToggles(firmId, connectionId, { ...toggles, ...change })
  yield* work(3, 2500)
})

const receipt = Effect.fnUntraced(function* (id: string) {
  const storage = yield* Storage
  return Option.getOrThrow(yield* storage.receipt(firmId, ReceiptId.make(id)))
})

describe("list options of webhooks that came while a switch was off", () => {
  for (const off of ["enabled", "receive"] as const)
    it.effect(`are carried out when "${off}" goes on, after the read, also for a case that nobody knew`, () =>
      Effect.gen(function* () {
        const { id, number } = yield* begun()
        yield* switched({ [off]: false })
        const inUrl = yield* send("New", addsTo(number), { "Secret Note": "client data" })
        const kept = yield* receipt(inUrl.receiptId)
        assert.deepStrictEqual([kept.disposition._tag, kept.mediaType], ["Ignored", namesOnly])
        assert.notInclude(JSON.stringify(kept), "client data")
        yield* switched({ [off]: true })
        assert.isTrue(yield* isIn(id))
        assert.deepStrictEqual(yield* audit, ["added by receipt"])
      }).pipe(Effect.provide(layer))
    )

  it.effect("from the body too, in their order, and the last one is what counts", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New")
      yield* switched({ receive: false })
      yield* send("New", {}, addsTo(number))
      yield* send("New", removesFrom(number), { "Other Key": "x" })
      yield* switched({ receive: true })
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* audit, ["added by receipt", "removed by receipt"])
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "of a copy of an older webhook undo nothing, those of a new one that looks the same without its data do",
    () =>
      Effect.gen(function* () {
        const { id, number } = yield* begun()
        yield* fire("New", addsTo(number))
        yield* fire("Signed", removesFrom(number))
        yield* switched({ receive: false })
        const copy = yield* send("New", addsTo(number))
        yield* switched({ receive: true })
        assert.isFalse(yield* isIn(id))
        assert.deepStrictEqual(yield* warningsOf(copy.receiptId), ["list_id:older-than-a-later-change"])
        yield* switched({ receive: false })
        yield* send("Converted", addsTo(number))
        yield* switched({ receive: true })
        assert.isTrue(yield* isIn(id))
        yield* fire("Signed", removesFrom(number), { "Other Key": "x" })
        yield* fire("Converted", addsTo(number))
        assert.isFalse(yield* isIn(id), "a copy of what was ignored first is a copy too")
      }).pipe(Effect.provide(layer))
  )

  it.effect("do not come back over what a person did meanwhile", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      yield* switched({ receive: false })
      yield* send("New", addsTo(number), { "Other Key": "x" })
      yield* byHand(id, "remove")
      yield* switched({ receive: true })
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("of a record that the CRM does not know are dropped, and the receipt says so", () =>
    Effect.gen(function* () {
      const { number } = yield* begun()
      yield* switched({ receive: false })
      const { receiptId } = yield* send("New", addsTo(number))
      const crm = yield* FakeCrm
      crm.leads.delete("42")
      yield* switched({ receive: true })
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["options:record-not-found"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("of a record that vanished take its case out all the same, and put it in nowhere", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const lists = yield* Lists
      const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga")
      yield* fire("New", addsTo(number))
      yield* switched({ receive: false })
      yield* send("New", removesFrom(number))
      const added = yield* send("New", addsTo(other.number))
      const crm = yield* FakeCrm
      crm.leads.delete("42")
      yield* switched({ receive: true })
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [false, false])
      assert.deepStrictEqual(yield* warningsOf(added.receiptId), ["options:record-not-found"])
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "come with a person's replay of the one receipt as well, and a replay while it is off keeps the record",
    () =>
      Effect.gen(function* () {
        const { id, number } = yield* begun()
        yield* switched({ receive: false })
        const { receiptId } = yield* send("New", addsTo(number))
        const inbox = yield* Inbox
        const again = yield* inbox.replay(firmId, ReceiptId.make(receiptId))
        assert.deepStrictEqual(again.disposition, { _tag: "Ignored", reason: "receive-disabled" })
        assert.strictEqual((yield* receipt(receiptId)).externalCaseId, "42")
        yield* switched({ receive: true })
        yield* byHand(id, "remove")
        yield* byHand(id, "lift")
        const third = yield* inbox.replay(firmId, ReceiptId.make(receiptId))
        assert.deepStrictEqual([third.disposition._tag, third.errors], ["Accepted", []])
        yield* work(3, 2500)
        assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:older-than-a-later-change"])
      }).pipe(Effect.provide(layer))
  )
})

describe("list options of a refused receipt", () => {
  const refused = Effect.fnUntraced(function* (query: Readonly<Record<string, string>>, stage?: string) {
    const connections = yield* ConnectionStore
    const inbox = yield* Inbox
    return yield* inbox.accept(yield* connections.get(firmId, connectionId), {
      mediaType: "application/json",
      body: JSON.stringify({ "Record ID": 42, ...(stage === undefined ? {} : { Stage: stage }) }),
      query: Object.entries(query),
      headerNames: []
    })
  })

  it.effect("are not lost when its replay reads the record instead", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const { disposition, receiptId } = yield* refused(addsTo(number))
      assert.strictEqual(disposition._tag, "Refused")
      const inbox = yield* Inbox
      yield* inbox.replay(firmId, receiptId)
      yield* work(3, 2500)
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("wait and are dropped where it told of another status than the read", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const { receiptId } = yield* refused(addsTo(number), "Lost")
      const inbox = yield* Inbox
      yield* inbox.replay(firmId, receiptId)
      yield* work(3, 2500)
      assert.isFalse(yield* isIn(id))
      yield* fire("Signed")
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:status-differs"])
    }).pipe(Effect.provide(layer))
  )
})
