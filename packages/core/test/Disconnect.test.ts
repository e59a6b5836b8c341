/** Ending a connection: what stays, what goes, and what nothing may bring back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { Disconnect } from "@casewire/core/Disconnect"
import { type CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { sizeOf } from "@casewire/core/domain/Inventory"
import { JobId } from "@casewire/core/domain/Job"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { HistoryImport } from "@casewire/core/HistoryImport"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { type Lease, Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Setup } from "@casewire/core/Setup"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { FakeTools } from "./RehearsalTools.ts"
import { connected, connectionId, deliver, jobs, layer, theCase, work } from "./Rehearsal.ts"

const theConnection = Effect.gen(function* () {
  return yield* (yield* ConnectionStore).get(firmId, connectionId)
})

const message = (caseId: CaseId, eventId: string) => ({
  _tag: "MessageSent" as const,
  eventId,
  caseId,
  channel: "sms" as const,
  direction: "outbound" as const,
  text: "How is the knee?",
  sentAt: 1
})

const say = Effect.fnUntraced(function* (eventId: string) {
  const of = yield* theCase
  return yield* (yield* Outbox).accept(firmId, message(of.id, eventId))
})

/** A firm with a case that was read, and one note in the CRM. */
const atWork = Effect.gen(function* () {
  const connection = yield* connected()
  yield* deliver({})
  yield* work()
  yield* say("first")
  yield* work()
  return connection
})

const keep = Effect.gen(function* () {
  return yield* (yield* Disconnect).keep(firmId, connectionId)
})
const erase = Effect.fnUntraced(function* (confirm = "Rehearsal") {
  return yield* (yield* Disconnect).erase(firmId, connectionId, { confirm, by: "Ana" })
})
const isGone = Effect.map(Effect.exit(theConnection), Exit.isFailure)
const stateOf = Effect.map(theConnection, ({ state }) => state)

const runOf = Effect.gen(function* () {
  const [run] = yield* (yield* RunStore).list(firmId, { kinds: ["erasure"], limit: 5 })
  return run
})

/** A step whose process dies when it has erased so many times. */
const dying = Effect.fnUntraced(function* (times: number, lease: Lease | undefined) {
  const removal = yield* ConnectionRemoval
  let calls = 0
  const mortal = ConnectionRemoval.of({
    ...removal,
    erase: (...args) => (++calls > times ? Effect.die(new Error("killed")) : removal.erase(...args))
  })
  if (lease?.job.work._tag !== "EraseConnection") return yield* Effect.die(new Error("no erasing is due"))
  const { work: erasing } = lease.job
  return yield* Effect.flatMap(Disconnect, (disconnect) => disconnect.step(lease, erasing, 60_000)).pipe(
    Effect.provide(Layer.fresh(Disconnect.layer).pipe(Layer.provide(Layer.succeed(ConnectionRemoval, mortal))))
  )
})

describe("disconnecting and keeping the data", () => {
  it.effect("ends credentials, webhook URL, pulls and pushes; cases and their history can be read on", () =>
    Effect.gen(function* () {
      yield* atWork
      const [store, crm] = [yield* ConnectionStore, yield* FakeCrm]
      const setup = yield* Setup
      const token = Redacted.value(yield* setup.issueWebhookToken(firmId, connectionId, 0))
      assert.strictEqual((yield* keep).state, "disconnected")
      assert.deepStrictEqual(yield* store.credentials(firmId, connectionId), {})
      assert.isTrue(Option.isNone(yield* (yield* Inbox).authenticate("rehearsal", token)))
      const before = yield* theCase
      crm.calls.length = 0
      yield* say("while it is ended")
      yield* TestClock.adjust("2 hours")
      yield* (yield* Poller).schedule
      yield* work(3, 60_000)
      assert.deepStrictEqual(crm.calls, [])
      assert.deepStrictEqual(yield* theCase, before)
      assert.isNotEmpty(yield* (yield* CaseStore).history(firmId, before.id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("is taken up by new credentials where it was left: what waited is sent, once", () =>
    Effect.gen(function* () {
      yield* atWork
      const [setup, crm] = [yield* Setup, yield* FakeCrm]
      yield* keep
      yield* say("second")
      yield* work(2, 60_000)
      assert.strictEqual(crm.leads.get("42")?.notes.length, 1)
      yield* setup.reconnect(firmId, connectionId, { root: "acme", password: "new" })
      yield* Stream.runDrain(setup.verify(firmId, connectionId))
      assert.strictEqual(yield* stateOf, "connected")
      yield* work(3, 60_000)
      assert.strictEqual(crm.leads.get("42")?.notes.length, 2)
    }).pipe(Effect.provide(layer))
  )

  it.effect("changes nothing when it is asked for again", () =>
    Effect.gen(function* () {
      yield* atWork
      const first = yield* keep
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* keep, first)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not undone by a check of the sign-in that was under way", () =>
    Effect.gen(function* () {
      yield* atWork
      const setup = yield* Setup
      const checks = setup.verify(firmId, connectionId)
      yield* Stream.runForEach(checks, () => Effect.orDie(keep))
      assert.strictEqual(yield* stateOf, "disconnected")
    }).pipe(Effect.provide(layer))
  )
})

describe("disconnecting and erasing the data", () => {
  it.effect("shows beforehand how much there is, and does nothing without the connection's name", () =>
    Effect.gen(function* () {
      yield* atWork
      const { connection, inventory } = yield* (yield* Disconnect).preview(firmId, connectionId)
      assert.strictEqual(connection.name, "Rehearsal")
      assert.deepInclude(inventory, { cases: 1, receipts: 1 })
      const refused = yield* Effect.flip(erase("rehearsal"))
      assert.strictEqual(refused._tag, "ErasureUnconfirmed")
      assert.strictEqual(yield* stateOf, "connected")
      assert.deepStrictEqual((yield* (yield* Disconnect).preview(firmId, connectionId)).inventory, inventory)
    }).pipe(Effect.provide(layer))
  )

  it.effect("removes everything of the connection, and it with it; a run says who did it and how much it was", () =>
    Effect.gen(function* () {
      yield* atWork
      const [cases, removal] = [yield* CaseStore, yield* ConnectionRemoval]
      const of = yield* theCase
      const total = sizeOf(yield* removal.inventory(firmId, connectionId))
      const begun = yield* erase()
      assert.deepInclude(begun, { state: "running", kind: "erasure", startedBy: "Ana", total, done: 0 })
      assert.strictEqual(yield* stateOf, "erasing")
      yield* work()
      assert.isTrue(yield* isGone)
      assert.isTrue(Option.isNone(yield* cases.get(firmId, of.id)))
      assert.deepStrictEqual(yield* cases.history(firmId, of.id), [])
      assert.strictEqual(sizeOf(yield* removal.inventory(firmId, connectionId)), 1, "the run itself")
      assert.deepInclude(yield* runOf, { state: "done", done: total, reason: null })
      assert.deepInclude((yield* runOf)?.scope, { cases: "1", receipts: "1" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("answers the same run to whoever asks again, while it runs and after its end", () =>
    Effect.gen(function* () {
      yield* atWork
      const { id } = yield* erase()
      assert.strictEqual((yield* erase("anything")).id, id)
      yield* work()
      const after = yield* erase("anything")
      assert.deepInclude(after, { id, state: "done" })
      const stranger = (yield* Disconnect).erase(firmId, ConnectionId.make("nobody's"), { confirm: "", by: "Ana" })
      assert.strictEqual((yield* Effect.flip(stranger))._tag, "ConnectionNotFound")
    }).pipe(Effect.provide(layer))
  )

  it.effect("waits for a job that is under way, whose writes would stay behind", () =>
    Effect.gen(function* () {
      yield* atWork
      const [queue, storage] = [yield* Queue, yield* Storage]
      const read = { _tag: "ReadCase" as const, externalCaseId: ExternalCaseId.make("42") }
      const common = { firmId, connectionId, key: "42", lane: "state" as const, priority: 0 }
      yield* storage.atomically(queue.enqueue([{ ...common, id: JobId.make("under-way"), work: read }]))
      const [lease] = yield* queue.claim({ worker: "other", limit: 1, leaseMs: 60_000 })
      yield* erase()
      yield* work(3, 1000)
      assert.strictEqual(yield* stateOf, "erasing")
      assert.strictEqual((yield* runOf)?.done, 0)
      if (lease !== undefined) yield* queue.settle(lease, { _tag: "GiveBack", at: 0, reason: "erasing" })
      yield* work(2, 1000)
      assert.isTrue(yield* isGone)
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets nothing be set up, linked or imported while it is being erased", () =>
    Effect.gen(function* () {
      yield* atWork
      const [setup, entries] = [yield* Setup, yield* CaseEntries]
      const client = { firstName: "Ben", lastName: "Ode", email: "", phone: "" }
      const plain = yield* entries.createCase(firmId, { caseType: "Injury", client, entry: {} }, "Ana")
      yield* erase()
      const { toggles } = yield* theConnection
      const scope = { from: null, to: null, caseTypes: [], maximum: null, notes: false, documents: false }
      const all: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }, HistoryImport | Disconnect>> = [
        setup.reconnect(firmId, connectionId, { root: "acme", password: "x" }),
        Stream.runDrain(setup.verify(firmId, connectionId)),
        setup.issueWebhookToken(firmId, connectionId, 0),
        setup.setToggles(firmId, connectionId, toggles),
        setup.setLinks(firmId, connectionId, []),
        setup.setAliases(firmId, connectionId, {}),
        entries.link(firmId, plain.id, { connectionId, externalId: ExternalCaseId.make("43") }, "Ana"),
        Effect.flatMap(HistoryImport, (history) => history.plan(firmId, connectionId, scope, "Ana")),
        keep
      ]
      for (const [index, refused] of all.entries())
        assert.strictEqual((yield* Effect.flip(refused))._tag, "ConnectionNotFound", `${index}`)
      yield* work()
      assert.isTrue(Option.isSome(yield* (yield* CaseStore).get(firmId, plain.id)))
    }).pipe(Effect.provide(layer))
  )

  it.effect("goes on where it stopped when the host was killed in the middle", () =>
    Effect.gen(function* () {
      yield* atWork
      for (let record = 1000; record < 1500; record++) yield* deliver({ "Record ID": String(record) })
      yield* work()
      const { id, total } = yield* erase()
      const queue = yield* Queue
      const [lease] = yield* queue.claim({ worker: "killed", limit: 1, leaseMs: 60_000 })
      const exit = yield* Effect.exit(dying(2, lease))
      assert.isTrue(Exit.isFailure(exit))
      const { done, state } = (yield* runOf) ?? { done: 0, state: "" }
      assert.strictEqual(state, "running")
      assert.isTrue(done > 0 && done < total)
      yield* work(1, 60_000)
      assert.deepInclude(yield* runOf, { id, state: "done", done: total })
      assert.isTrue(yield* isGone)
    }).pipe(Effect.provide(layer))
  )

  it.effect("removes by a last look what a webhook brought that was still on its way at the end", () =>
    Effect.gen(function* () {
      const connection = yield* atWork
      yield* erase()
      yield* work()
      assert.isTrue(yield* isGone)
      const storage = yield* Storage
      yield* (yield* Inbox).accept(connection, {
        receiptId: ReceiptId.make("late"),
        mediaType: "application/x-www-form-urlencoded",
        body: "Record+ID=42&Stage=New&Full+Name=Ana+Lee",
        query: [],
        headerNames: []
      })
      yield* work()
      assert.isTrue(Option.isSome(yield* storage.receipt(firmId, ReceiptId.make("late"))))
      yield* work(1, 180_000)
      assert.isTrue(Option.isNone(yield* storage.receipt(firmId, ReceiptId.make("late"))))
      assert.deepStrictEqual(
        (yield* jobs).map(({ state, work: name }) => [name, state]),
        [
          ["EraseConnection", "done"],
          ["EraseConnection", "done"]
        ]
      )
      assert.deepInclude(yield* runOf, { state: "done" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("withdraws what the firm's own tools were about to be told of its cases", () =>
    Effect.gen(function* () {
      yield* connected()
      const subscriptions = yield* Subscriptions
      const input = {
        name: "Tools",
        url: "https://tools.example/",
        events: [],
        caseTypes: [],
        campaigns: [],
        active: true
      }
      const { subscription } = yield* subscriptions.create(firmId, input)
      const tools = yield* FakeTools
      for (let time = 0; time < 3; time++) tools.answers.push({ status: 500 })
      yield* deliver({})
      yield* work()
      const posts = tools.posts.length
      assert.isAtLeast(posts, 1)
      yield* erase()
      yield* work()
      yield* work(2, 60_000)
      const left = yield* (yield* SubscriptionStore).deliveries(firmId, { subscriptionId: subscription.id, limit: 10 })
      assert.deepStrictEqual(left, [])
      assert.strictEqual(tools.posts.length, posts)
      assert.isTrue(yield* isGone)
    }).pipe(Effect.provide(layer))
  )
})
