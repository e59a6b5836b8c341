/** Options that a webhook's URL fixes: nobody who holds the URL gets around them. */
import { namesOnly } from "@casewire/core/domain/KeptNames"
import { lockedQuery, withLocks } from "@casewire/core/domain/LockedOptions"
import type { FlatRecord } from "@casewire/core/domain/FlatRecord"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Inbox } from "@casewire/core/Inbox"
import { Lists } from "@casewire/core/Lists"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { begun, isIn } from "./ListStory.ts"
import { firmId } from "./FakeCrm.ts"
import { connectionId, layer, work } from "./Rehearsal.ts"

const locked: FlatRecord = [
  ["list_id", "3"],
  ["list_action", "add"]
]

describe("options that a URL fixes", () => {
  it.each<readonly [string, Record<string, ReadonlyArray<string>>, ReadonlyArray<string>]>([
    ["nothing of the sender's", {}, []],
    ["the same again", { listid: ["3"], listaction: [" add "] }, []],
    ["another list", { listid: ["4"] }, ["list_id"]],
    ["a list by name", { listname: ["Other"] }, ["list_name"]],
    ["another action", { listaction: ["remove"] }, ["list_action"]],
    ["a removal", { removefromlist: ["true"] }, ["remove_from_list"]],
    ["a campaign", { campaignid: ["7"] }, ["campaign_id"]],
    ["a repeated option", { listid: ["3", "4"] }, ["list_id"]]
  ])("count alone beside %s", (_, found, warned) => {
    const asked = withLocks(new Map(Object.entries(found)), lockedQuery([], locked))
    assert.deepStrictEqual(Object.fromEntries(asked.options), { listid: ["3"], listaction: ["add"] })
    assert.deepStrictEqual(
      asked.warnings.map(({ code, field }) => `${field}:${code}`),
      warned.map((field) => `${field}:locked`)
    )
  })

  it("cannot be put there by a sender, nor taken away", () => {
    const sent: FlatRecord = [
      ["=list_id", "4"],
      ["list_id", "5"]
    ]
    assert.deepStrictEqual(lockedQuery(sent, undefined), [["list_id", "5"]])
    assert.deepStrictEqual(lockedQuery(sent, locked), [
      ["list_id", "5"],
      ["=list_id", "3"],
      ["=list_action", "add"]
    ])
    const free = new Map([["listid", ["5"]]])
    assert.strictEqual(withLocks(free, lockedQuery(sent, undefined)).options, free)
  })

  const send = Effect.fnUntraced(function* (token: string, query: FlatRecord, body: Record<string, string>) {
    const connections = yield* ConnectionStore
    const inbox = yield* Inbox
    const connection = Option.getOrThrow(yield* connections.connectionOfToken(token))
    return yield* inbox.accept(connection, {
      mediaType: "application/x-www-form-urlencoded",
      body: new URLSearchParams({ "Record ID": "42", Stage: "New", "Full Name": "Ana Lee", ...body }).toString(),
      query,
      headerNames: []
    })
  })

  const story = Effect.gen(function* () {
    const { id, number } = yield* begun()
    const lists = yield* Lists
    const other = yield* lists.create(firmId, { name: "Other", description: "", caseType: null }, "Olga")
    const setup = yield* Setup
    const fixed = [["list_id", String(number)]] as const
    const plain = yield* setup.issueWebhookToken(firmId, connectionId, 0)
    const token = yield* setup.issueWebhookToken(firmId, connectionId, 0, { locked: fixed, beside: true })
    return { id, other, plain: Redacted.value(plain), token: Redacted.value(token) }
  })

  it.effect("are what a webhook does, whatever its URL and its body say, and the receipt warns of it", () =>
    Effect.gen(function* () {
      const { id, other, plain, token } = yield* story
      const query = [["list_name", "Other"]] as const
      const answer = yield* send(token, query, { list_id: String(other.number), list_action: "remove" })
      yield* work(3, 2500)
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [true, false])
      assert.sameMembers(
        answer.warnings.map(({ code, field }) => `${field}:${code}`),
        ["list_name:locked", "list_id:locked", "list_action:locked"]
      )
      // Another URL of the same connection stays as free as it was.
      yield* send(plain, [["list_id", String(other.number)]], {})
      yield* work(3, 2500)
      assert.isTrue(yield* isIn(other.id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("hold for a webhook that was ignored while a switch was off, and for one that is replayed", () =>
    Effect.gen(function* () {
      const { id, other, token } = yield* story
      const setup = yield* Setup
      const connections = yield* ConnectionStore
      const { toggles } = yield* connections.get(firmId, connectionId)
      yield* setup.setToggles(firmId, connectionId, { ...toggles, receive: false })
      const { receiptId } = yield* send(token, [], { list_id: String(other.number) })
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work(3, 2500)
      assert.deepStrictEqual([yield* isIn(id), yield* isIn(other.id)], [true, false])
      const inbox = yield* Inbox
      yield* inbox.replay(firmId, ReceiptId.make(receiptId))
      yield* work(3, 2500)
      assert.isFalse(yield* isIn(other.id))
      const storage = yield* Storage
      const receipt = Option.getOrThrow(yield* storage.receipt(firmId, ReceiptId.make(receiptId)))
      assert.deepStrictEqual([receipt.mediaType, receipt.query.length], [namesOnly, 1])
    }).pipe(Effect.provide(layer))
  )
})
