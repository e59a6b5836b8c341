/** What becomes of lists over a case's life: webhooks, reads and people, with the CRM as the judge of statuses. */
import { ListId, noAutoAdd, type AutoAdd } from "@casewire/core/domain/List"
import { Inbox } from "@casewire/core/Inbox"
import { Lists } from "@casewire/core/Lists"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Poller } from "@casewire/core/Poller"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { connected, connectionId, FakeCrm, firmId, layer, theCase, work } from "./Rehearsal.ts"

/** A firm with the list number 1, "Intake". */
const begun = Effect.fnUntraced(function* (rule: Partial<AutoAdd> | null = null) {
  yield* connected()
  const lists = yield* Lists
  const input = { name: "Intake", description: "", caseType: null }
  return yield* lists.create(firmId, input, "Olga", rule === null ? noAutoAdd : { ...noAutoAdd, on: true, ...rule })
})

/** Sends a webhook; options in its URL, fields (and Params) in its body. */
const send = Effect.fnUntraced(function* (
  status: string,
  query: Readonly<Record<string, string>> = {},
  body: Readonly<Record<string, string>> = {}
) {
  yield* TestClock.adjust(1)
  const connections = yield* ConnectionStore
  const inbox = yield* Inbox
  const connection = yield* connections.get(firmId, connectionId)
  return yield* inbox.accept(connection, {
    mediaType: "application/x-www-form-urlencoded",
    body: new URLSearchParams({ "Record ID": "42", Stage: status, "Full Name": "Ana Lee", ...body }).toString(),
    query: Object.entries(query),
    headerNames: []
  })
})

/** Until nothing is under way; a read may wait for others to share its call. */
const quiet = work(3, 2500)

/** The CRM moves to a status and says so. */
const fire = Effect.fnUntraced(function* (
  status: string,
  query: Readonly<Record<string, string>> = {},
  body: Readonly<Record<string, string>> = {}
) {
  const crm = yield* FakeCrm
  const lead = crm.leads.get("42")!
  lead.status = status
  lead.updatedAt++
  const answer = yield* send(status, query, body)
  yield* quiet
  return yield* warningsOf(answer.receiptId)
})

const warningsOf = Effect.fnUntraced(function* (id: string) {
  const storage = yield* Storage
  const found = yield* storage.receipt(firmId, id as never)
  return Option.getOrThrow(found).warnings.map(({ code, field }) => `${field}:${code}`)
})

const sync = Effect.gen(function* () {
  const crm = yield* FakeCrm
  crm.leads.get("42")!.updatedAt++
  yield* TestClock.adjust(1)
  const connections = yield* ConnectionStore
  const poller = yield* Poller
  yield* poller.request(yield* connections.get(firmId, connectionId))
  yield* quiet
})

const isIn = Effect.fnUntraced(function* (id: string) {
  const store = yield* ListStore
  const of = yield* theCase
  return (yield* store.membershipsOf(firmId, of.id)).some(({ isMember, targetId }) => isMember && targetId === id)
})

const audit = Effect.gen(function* () {
  const store = yield* ListStore
  return (yield* store.events(firmId, { limit: 100 }))
    .toReversed()
    .flatMap(({ by, caseId, change }) => (caseId === null ? [] : [`${change} by ${by}`]))
})

const byHand = Effect.fnUntraced(function* (id: ListId, action: "add" | "remove" | "lift") {
  const lists = yield* Lists
  yield* TestClock.adjust(1)
  const [done] = yield* lists.byHand(firmId, { kind: "list", id }, action, [(yield* theCase).id], "Olga")
  return done!.result
})

const addsTo = (number: number) => ({ list_id: String(number) })
const removesFrom = (number: number) => ({ list_id: String(number), list_action: "remove" })

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
    }).pipe(Effect.provide(layer)))

  it.effect("TV-6 b: list_action=remove in the body (Params) beats the URL and takes the case out", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      yield* fire("Signed", { ...addsTo(number), list_action: "add" }, { list_action: "remove" })
      assert.isFalse(yield* isIn(id))
      assert.deepStrictEqual(yield* audit, ["waiting by receipt", "added by receipt", "removed by receipt"])
    }).pipe(Effect.provide(layer)))

  it.effect("TV-6 c: remove_from_list=true wins over list_action=add, and the contradiction is said", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      yield* fire("New", addsTo(number))
      const warnings = yield* fire("Signed", { ...addsTo(number), remove_from_list: "true", list_action: "add" })
      assert.deepStrictEqual(warnings, ["list_action:contradicts-remove_from_list"])
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

  it.effect("TV-6 e: an unknown list and another firm's get the same warning, and the record still syncs", () =>
    Effect.gen(function* () {
      yield* begun()
      const lists = yield* Lists
      const theirs = yield* lists.create("firm-2" as never, { name: "Theirs", description: "", caseType: null }, "x")
      assert.deepStrictEqual(yield* fire("New", { list_id: "999999" }), ["list_id:list_not_found"])
      assert.deepStrictEqual(yield* fire("Signed", { list_id: theirs.id }), ["list_id:list_not_found"])
      assert.deepStrictEqual(yield* fire("Sent", { list_name: "Theirs" }), ["list_name:list_not_found"])
      const { standing, status } = yield* theCase
      assert.deepStrictEqual([standing, status.platform], ["verified", "Sent"])
      assert.deepStrictEqual(yield* audit, [])
    }).pipe(Effect.provide(layer)))

  it.effect("TV-6 f: campaign_id associates the case with the campaign", () =>
    Effect.gen(function* () {
      yield* begun()
      const lists = yield* Lists
      const campaign = yield* lists.createCampaign(firmId, { name: "Spring", listId: null }, "Olga")
      assert.deepStrictEqual(yield* fire("New", { campaign_id: String(campaign.number) }), [])
      assert.isTrue(yield* isIn(campaign.id))
      assert.deepStrictEqual(yield* fire("Signed", { campaign_id: "77" }), ["campaign_id:campaign_not_found"])
      assert.isTrue(yield* isIn(campaign.id))
    }).pipe(Effect.provide(layer)))

  it.effect("TV-6 g: list_id beats list_name", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const lists = yield* Lists
      const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga")
      assert.deepStrictEqual(yield* fire("New", { ...addsTo(number), list_name: "Other" }), ["list_name:list_id-used"])
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [true, false])
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

  it.effect("a removal ends an add that still waits for its read", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun()
      const crm = yield* FakeCrm
      yield* fire("Sent")
      crm.leads.get("42")!.status = "New"
      crm.faults.push({ on: "read", how: "before" })
      yield* send("New", addsTo(number))
      yield* send("New", removesFrom(number))
      yield* work(3, 2000)
      assert.isFalse(yield* isIn(id))
    }).pipe(Effect.provide(layer)))

  it.effect("drops what waits for a record that the CRM does not know", () =>
    Effect.gen(function* () {
      const { number } = yield* begun()
      const crm = yield* FakeCrm
      crm.leads.delete("42")
      const { receiptId } = yield* send("New", addsTo(number))
      yield* work()
      assert.deepStrictEqual(yield* warningsOf(receiptId), ["list_id:record-not-found"])
      assert.strictEqual((yield* theCase).standing, "quarantined")
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
        [JSON.parse(body), query],
        [["Record ID", "Stage", "Full Name", "list_action=remove"], [["list_id", String(number)]]]
      )
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))
})

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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

  it.effect("refuses blank names, unknown connections in rules and unknown lists in campaigns", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      const lists = yield* Lists
      const blank = yield* Effect.flip(lists.create(firmId, { name: "  ", description: "", caseType: null }, "Olga"))
      assert.deepStrictEqual(blank.errors, [{ field: "name", code: "empty" }])
      const rule = { ...noAutoAdd, on: true, connectionId: "elsewhere" as never }
      const foreign = yield* Effect.flip(lists.setAutoAdd(firmId, id, rule, "Olga"))
      assert.deepStrictEqual(foreign._tag === "ListInvalid" && foreign.errors, [
        { field: "autoAdd.connectionId", code: "unknown" }
      ])
      const campaign = { name: "Spring", listId: ListId.make("nowhere") }
      const lost = yield* Effect.flip(lists.createCampaign(firmId, campaign, "Olga"))
      assert.deepStrictEqual(lost.errors, [{ field: "listId", code: "list_not_found" }])
    }).pipe(Effect.provide(layer)))

  it.effect("writes down who changed a list or its rule, and what it was before", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      const lists = yield* Lists
      const store = yield* ListStore
      yield* lists.change(firmId, id, { name: "Intake calls" }, "Olga")
      yield* lists.setAutoAdd(firmId, id, { ...noAutoAdd, on: true }, "Piet")
      yield* lists.archive(firmId, "list", id, "Olga")
      assert.deepStrictEqual(
        (yield* store.events(firmId, { targetId: id, limit: 10 })).map(({ cause, change, detail }) => [change, cause, detail]),
        [
          ["archived", "Olga", null],
          ["rule-changed", "Piet", JSON.stringify({ autoAdd: noAutoAdd })],
          ["changed", "Olga", JSON.stringify({ name: "Intake" })],
          ["created", "Olga", null]
        ]
      )
    }).pipe(Effect.provide(layer)))
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
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

  it.effect("a failed first read does not consume the flag, and a case found by a pull has it too", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ firstSyncOnly: true })
      const crm = yield* FakeCrm
      crm.faults.push({ on: "read", how: "before" })
      yield* sync
      yield* work(3, 2000)
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer)))

  it.effect("never takes a case out when it no longer fits", () =>
    Effect.gen(function* () {
      const { id } = yield* begun({ statuses: ["New"] })
      yield* fire("New")
      yield* fire("Signed")
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

  it.effect("does not put back at once what a webhook took out, but does when the case has left the filters since", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun({ statuses: ["New", "Signed"] })
      yield* fire("New")
      yield* fire("Signed", removesFrom(number))
      yield* sync
      assert.isFalse(yield* isIn(id))
      yield* fire("Closed")
      yield* fire("New")
      assert.isTrue(yield* isIn(id))
    }).pipe(Effect.provide(layer)))
})
