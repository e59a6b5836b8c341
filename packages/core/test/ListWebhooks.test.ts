/** What webhooks do to lists, with the CRM as the judge of the statuses that they carry. */
import { FirmId } from "@casewire/core/domain/Ids"
import { noAutoAdd } from "@casewire/core/domain/List"
import { Lists } from "@casewire/core/Lists"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { addsTo, audit, begun, fire, isIn, removesFrom, send, warningsOf } from "./ListStory.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connectionId, layer, theCase, work } from "./Rehearsal.ts"

describe("lists and webhooks", () => {
  it.effect("TV-6 a: list_id with attach in the URL puts the case into the list, and a repeat changes nothing", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const options = { ...addsTo(number), list_action: "attach" }
      assert.deepStrictEqual(yield* fire("New", options), [])
      assert.isTrue(yield* isIn(id))
      const before = yield* audit
      assert.deepStrictEqual(before, ["waiting by receipt", "added by receipt"])
      for (let copy = 0; copy < 3; copy++) yield* fire("New", options)
      assert.deepStrictEqual(yield* audit, before)
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 b: list_action=remove in the body (Params) beats the URL and takes the case out", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      yield* fire("Signed", { ...addsTo(number), list_action: "add" }, { list_action: "remove" })
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* audit, ["waiting by receipt", "added by receipt", "removed by receipt"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 c: remove_from_list=true wins over list_action=add, and the contradiction is said", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      const warnings = yield* fire("Signed", { ...addsTo(number), remove_from_list: "true", list_action: "add" })
      assert.deepStrictEqual(warnings, ["list_action:contradicts-remove_from_list"])
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 d: list_name is found trimmed and without case, and no list is made from a name", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      const lists = yield* Lists
      assert.deepStrictEqual(yield* fire("New", { list_name: " intake " }), [])
      assert.isTrue(yield* isIn(id))
      assert.deepStrictEqual(yield* fire("Signed", { list_name: "Elsewhere" }), ["list_name:list_not_found"])
      yield* lists.create(firmId, { name: "INTAKE", description: "", caseType: null }, "Olga")
      assert.deepStrictEqual(yield* fire("Sent", { list_name: "Intake" }), ["list_name:list_ambiguous"])
      assert.lengthOf((yield* lists.all(firmId)).lists, 2)
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 e: an unknown list and another firm's get the same warning, and the record still syncs", () =>
    Effect.gen(function* () {
      yield* begun()
      const lists = yield* Lists
      const theirs = yield* lists.create(
        FirmId.make("firm-2"),
        { name: "Theirs", description: "", caseType: null },
        "x"
      )
      assert.deepStrictEqual(yield* fire("New", { list_id: "999999" }), ["list_id:list_not_found"])
      assert.deepStrictEqual(yield* fire("Signed", { list_id: theirs.id }), ["list_id:list_not_found"])
      assert.deepStrictEqual(yield* fire("Sent", { list_name: "Theirs" }), ["list_name:list_not_found"])
      const { standing, status } = yield* theCase
      assert.deepStrictEqual([standing, status.platform], ["verified", "Sent"])
      assert.deepStrictEqual(yield* audit, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 f: campaign_id associates the case with the campaign", () =>
    Effect.gen(function* () {
      yield* begun()
      const lists = yield* Lists
      const campaign = yield* lists.createCampaign(firmId, { name: "Spring", listId: null }, "Olga")
      assert.deepStrictEqual(yield* fire("New", { campaign_id: String(campaign.number) }), [])
      assert.isTrue(yield* isIn(campaign.id))
      assert.deepStrictEqual(yield* fire("Signed", { campaign_id: "77" }), ["campaign_id:campaign_not_found"])
      assert.isTrue(yield* isIn(campaign.id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("TV-6 g: list_id beats list_name", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const lists = yield* Lists
      const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga")
      assert.deepStrictEqual(yield* fire("New", { ...addsTo(number), list_name: "Other" }), ["list_name:list_id-used"])
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [true, false])
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets no copy of an older receipt undo a later removal or a later add (I-6)", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      yield* fire("Signed", removesFrom(number))
      assert.deepStrictEqual(yield* fire("New", addsTo(number)), ["list_id:older-than-a-later-change"])
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* fire("New", addsTo(number), { Note: "other bytes" }), [])
      assert.isTrue(yield* isIn(id))
      assert.deepStrictEqual(yield* fire("Signed", removesFrom(number)), ["list_id:older-than-a-later-change"])
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("puts no case into a list before the CRM confirmed the status that asked for it", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const crm = yield* FakeCrm
      yield* fire("Signed")
      crm.faults.push({ on: "read", how: "before" })
      const late = yield* send("New", addsTo(number))
      yield* work()
      assert.deepStrictEqual([yield* isIn(id), (yield* audit).at(-1)], [false, "waiting by receipt"])
      yield* work(3, 2000)
      assert.deepStrictEqual(yield* warningsOf(late.receiptId), ["list_id:status-differs"])
      assert.deepStrictEqual([yield* isIn(id), (yield* audit).at(-1)], [false, "dropped by receipt"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("removes at once, whatever status the receipt carries", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const crm = yield* FakeCrm
      yield* fire("Signed", addsTo(number))
      assert.isTrue(yield* isIn(id))
      crm.faults.push({ on: "read", how: "before" })
      yield* send("New", removesFrom(number))
      yield* work()
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("a removal ends an add that still waits for its read", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const crm = yield* FakeCrm
      yield* fire("Sent")
      crm.leads.get("42")!.status = "New"
      crm.faults.push({ on: "read", how: "before" })
      const add = yield* send("New", addsTo(number))
      yield* send("New", removesFrom(number))
      yield* work(3, 2000)
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* warningsOf(add.receiptId), ["list_id:removed-since"])
      assert.deepStrictEqual(yield* audit, ["waiting by receipt", "dropped by receipt"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("drops what waits for a record that the CRM does not know", () =>
    Effect.gen(function* () {
      const { number } = yield* begun()
      const crm = yield* FakeCrm
      crm.leads.delete("42")
      const { receiptId } = yield* send("New", addsTo(number))
      yield* work()
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:record-not-found"])
      assert.strictEqual((yield* theCase).standing, "quarantined")
    }).pipe(Effect.provide(layer))
  )

  it.effect("decides by what was reported where the firm has no sign-in", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const lists = yield* Lists
      const rule = { ...noAutoAdd, on: true, firstSyncOnly: true, statuses: ["New"] }
      const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga", rule)
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "reconnect-needed" }))
      yield* send("New", addsTo(number))
      yield* work()
      assert.deepStrictEqual(
        [(yield* theCase).standing, yield* isIn(id), yield* isIn(other.id)],
        ["unverified", true, true]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("keeps the options of a webhook that came while a switch was off, and no client data", () =>
    Effect.gen(function* () {
      const { number } = yield* begun()
      const connections = yield* ConnectionStore
      const storage = yield* Storage
      yield* connections.update(firmId, connectionId, (value) => ({
        ...value,
        toggles: { ...value.toggles, receive: false }
      }))
      const options = { ...addsTo(number), client: "Ana Lee" }
      const { receiptId } = yield* send("New", options, { list_action: "remove" })
      const { body, query } = Option.getOrThrow(yield* storage.receipt(firmId, receiptId))
      assert.deepStrictEqual(
        [JSON.parse(body).names, query],
        [["Record ID", "Stage", "Full Name", "list_action=remove"], [["list_id", String(number)]]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("says when a case has another case type than its list, and adds it all the same", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const lists = yield* Lists
      yield* fire("New")
      assert.deepStrictEqual(yield* lists.check(firmId, id), { code: "case-type-missing", caseIds: [] })
      yield* lists.change(firmId, id, { caseType: "Mass tort" }, "Olga")
      assert.deepStrictEqual(yield* fire("Signed", addsTo(number)), ["list_id:case-type-differs"])
      assert.isTrue(yield* isIn(id))
      const of = yield* theCase
      assert.deepStrictEqual(yield* lists.check(firmId, id), { code: "case-type-differs", caseIds: [of.id] })
      yield* lists.change(firmId, id, { caseType: "injury" }, "Olga")
      assert.deepStrictEqual(yield* lists.check(firmId, id), { code: null, caseIds: [] })
    }).pipe(Effect.provide(layer))
  )
})
