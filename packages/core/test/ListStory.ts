/** What tests of lists do and look at: webhooks with options, syncs, work by hand, and who stands in a list. */
import { type AutoAdd, type ListId, noAutoAdd } from "@casewire/core/domain/List"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Inbox } from "@casewire/core/Inbox"
import { Lists } from "@casewire/core/Lists"
import { Poller } from "@casewire/core/Poller"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, theCase, work } from "./Rehearsal.ts"

/** A firm with the list number 1, "Intake". */
export const begun = Effect.fnUntraced(function* (rule: Partial<AutoAdd> | null = null) {
  yield* connected()
  const lists = yield* Lists
  const input = { name: "Intake", description: "", caseType: null }
  return yield* lists.create(firmId, input, "Olga", rule === null ? noAutoAdd : { ...noAutoAdd, on: true, ...rule })
})

/** Sends a webhook; options in its URL, fields (and Params) in its body. */
export const send = Effect.fnUntraced(function* (
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
export const fire = Effect.fnUntraced(function* (
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

export const warningsOf = Effect.fnUntraced(function* (id: string) {
  const storage = yield* Storage
  const found = yield* storage.receipt(firmId, ReceiptId.make(id))
  return Option.getOrThrow(found).warnings.map(({ code, field }) => `${field}:${code}`)
})

export const sync = Effect.gen(function* () {
  const crm = yield* FakeCrm
  crm.leads.get("42")!.updatedAt++
  yield* TestClock.adjust(1)
  const connections = yield* ConnectionStore
  const poller = yield* Poller
  yield* poller.request(yield* connections.get(firmId, connectionId))
  yield* quiet
})

export const isIn = Effect.fnUntraced(function* (id: string) {
  const store = yield* ListStore
  const of = yield* theCase
  return (yield* store.membershipsOf(firmId, of.id)).some(({ isMember, targetId }) => isMember && targetId === id)
})

export const audit = Effect.gen(function* () {
  const store = yield* ListStore
  return (yield* store.events(firmId, { limit: 100 }))
    .toReversed()
    .flatMap(({ by, caseId, change }) => (caseId === null ? [] : [`${change} by ${by}`]))
})

export const byHand = Effect.fnUntraced(function* (id: ListId, action: "add" | "remove" | "lift") {
  const lists = yield* Lists
  yield* TestClock.adjust(1)
  const [done] = yield* lists.byHand(firmId, { kind: "list", id }, action, [(yield* theCase).id], "Olga")
  return done!.result
})

export const addsTo = (number: number) => ({ list_id: String(number) })
export const removesFrom = (number: number) => ({ list_id: String(number), list_action: "remove" })
