/** Signed webhooks to the firm's own tools: what they tell, when, in which order, and what becomes of failures. */
import { retrySchedule, type Subscription, type SubscriptionInput, WebhookId } from "@casewire/core/domain/Subscription"
import { CaseId } from "@casewire/core/domain/Case"
import { Outbox } from "@casewire/core/Outbox"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, deliver, layer, theCase, work } from "./Rehearsal.ts"
import { FakeTools } from "./RehearsalTools.ts"

const subscribe = Effect.fnUntraced(function* (change: Partial<SubscriptionInput> = {}) {
  const subscriptions = yield* Subscriptions
  const input = {
    name: "Tools",
    url: "https://tools.example/hooks",
    events: [],
    caseTypes: [],
    campaigns: [],
    active: true
  }
  return (yield* subscriptions.create(firmId, { ...input, ...change })).subscription
})

const posted = Effect.map(FakeTools, ({ posts }) => posts.map(({ body }) => JSON.parse(body)))
const types = Effect.map(posted, (bodies) => bodies.map(({ type }) => type as string))

const logOf = Effect.fnUntraced(function* ({ id }: Subscription) {
  const store = yield* SubscriptionStore
  return (yield* store.deliveries(firmId, { subscriptionId: id, limit: 50 })).toReversed()
})

const edit = Effect.fnUntraced(function* (status: string) {
  const outbox = yield* Outbox
  return yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: status, caseId: (yield* theCase).id, status })
})

describe("what the firm's own tools are told", () => {
  it.effect("a case is told of once a read has confirmed it, and a payload alone tells nothing", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      yield* subscribe()
      crm.faults.push({ on: "read", how: "before" })
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* theCase).standing, "provisional")
      assert.deepStrictEqual(yield* posted, [])
      yield* work(1, 5000)
      const { clientId, id } = yield* theCase
      const [told, ...more] = yield* posted
      assert.deepStrictEqual([told.type, more.length], ["case_created", 0])
      assert.deepInclude(told.data, { caseId: id, clientId, externalCaseId: "42", caseType: "Injury" })
      assert.match(told.timestamp, /^\d{4}-\d\d-\d\dT.*Z$/)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a status is told of with what it was before, from whichever side it came, and an echo tells nothing", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      yield* subscribe({ events: ["case_status_changed"] })
      yield* deliver({})
      yield* work()
      yield* edit("Signed")
      yield* work()
      yield* deliver({ Stage: "Signed" })
      yield* work()
      crm.leads.get("42")!.status = "Lost"
      yield* deliver({ Stage: "Lost" })
      yield* work()
      assert.deepStrictEqual(
        (yield* posted).map(({ data }) => [data.origin, data.before, data.after]),
        [
          ["platform", "New", "Signed"],
          ["crm", "Signed", "Lost"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("client, notes, calls, conflicts: each by its name", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const outbox = yield* Outbox
      yield* deliver({})
      yield* work()
      yield* subscribe()
      const caseId = (yield* theCase).id
      const call = {
        _tag: "CallEnded",
        eventId: "call-1",
        caseId,
        callId: "c-1",
        direction: "outbound",
        isAi: true,
        from: "+12055550100",
        to: "+12055550101",
        startedAt: 0,
        durationMs: 1000,
        transcript: []
      } as const
      yield* outbox.accept(firmId, call)
      yield* outbox.accept(firmId, call)
      yield* work()
      crm.leads.set("42", { ...crm.leads.get("42")!, fullName: "Ana Lee-Moss", status: "Lost" })
      yield* edit("Signed")
      yield* work()
      assert.sameMembers(yield* types, [
        "call_ended",
        "note_sent",
        "case_status_changed",
        "client_updated",
        "conflict_recorded",
        "case_status_changed"
      ])
      assert.notInclude(JSON.stringify(yield* posted), "Lee-Moss")
    }).pipe(Effect.provide(layer))
  )

  it.effect("messages and analyzed calls are told of by the platform's names, and of no word that was said", () =>
    Effect.gen(function* () {
      yield* connected()
      const outbox = yield* Outbox
      yield* deliver({})
      yield* work()
      yield* subscribe({ events: ["message_sent", "call_ended", "call_analyzed"] })
      const caseId = (yield* theCase).id
      const message = { _tag: "MessageSent", caseId, channel: "sms", text: "a secret word", sentAt: 0 } as const
      yield* outbox.accept(firmId, { ...message, eventId: "m-1", direction: "inbound" })
      const call = {
        _tag: "CallEnded",
        caseId,
        direction: "outbound",
        isAi: true,
        from: "",
        to: "",
        startedAt: 0,
        durationMs: 1,
        summary: "a secret word",
        transcript: []
      } as const
      yield* outbox.accept(firmId, { ...call, eventId: "e-1", callId: "c-1", analyzed: true })
      yield* outbox.accept(firmId, { ...call, eventId: "e-2", callId: "c-2" })
      yield* outbox.accept(firmId, { ...call, eventId: "e-3", callId: "c-2", analyzed: true })
      yield* work()
      const bodies = yield* posted
      assert.deepStrictEqual(
        bodies.map(({ data, type }) => [type, data.eventId, data.direction ?? data.callId]),
        [
          ["message_sent", "m-1", "inbound"],
          ["call_analyzed", "e-1", "c-1"],
          ["call_ended", "e-2", "c-2"]
        ]
      )
      assert.notInclude(JSON.stringify(bodies), "secret word")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a campaign's subscription hears of its calls only", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* deliver({})
      yield* work()
      yield* subscribe({ events: ["call_ended"], campaigns: ["7"] })
      const outbox = yield* Outbox
      const caseId = (yield* theCase).id
      for (const campaignId of ["7", "8", undefined])
        yield* outbox.accept(firmId, {
          _tag: "CallEnded",
          eventId: `call-${campaignId}`,
          caseId,
          callId: `c-${campaignId}`,
          direction: "inbound",
          isAi: false,
          from: "",
          to: "",
          startedAt: 0,
          durationMs: 1,
          transcript: [],
          ...(campaignId === undefined ? {} : { campaignId })
        })
      yield* work()
      assert.deepStrictEqual(
        (yield* posted).map(({ data }) => data.callId),
        ["c-7"]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a change that rolls back tells nothing", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* deliver({})
      yield* work()
      const subscription = yield* subscribe()
      const storage = yield* Storage
      const outbox = yield* Outbox
      const caseId = CaseId.make("nothing")
      yield* Effect.exit(outbox.accept(firmId, { _tag: "StatusChanged", eventId: "x", caseId, status: "y" }))
      yield* Effect.exit(storage.atomically(Effect.die("no")))
      assert.deepStrictEqual(yield* logOf(subscription), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("the switches of the CRM do not keep the firm's own tools from hearing", () =>
    Effect.gen(function* () {
      yield* connected({ enabled: true, send: false, syncStatuses: false })
      yield* deliver({})
      yield* work()
      yield* subscribe({ events: ["case_status_changed"] })
      yield* edit("Signed")
      yield* work()
      assert.deepStrictEqual(yield* types, ["case_status_changed"])
    }).pipe(Effect.provide(layer))
  )
})

describe("delivery", () => {
  const known = Effect.gen(function* () {
    yield* connected()
    yield* deliver({})
    yield* work()
    return yield* subscribe({ events: ["case_status_changed"] })
  })

  it.effect(
    "a subscription's webhooks arrive in the order of the changes, and those behind wait for one that fails",
    () =>
      Effect.gen(function* () {
        yield* known
        const { answers } = yield* FakeTools
        answers.push({ status: 500 })
        for (const status of ["A", "B", "C"]) yield* edit(status)
        yield* work()
        assert.deepStrictEqual(
          (yield* posted).map(({ data }) => data.after),
          ["A"]
        )
        yield* work(1, retrySchedule[0]! * 1.1)
        assert.deepStrictEqual(
          (yield* posted).map(({ data }) => data.after),
          ["A", "A", "B", "C"]
        )
      }).pipe(Effect.provide(layer))
  )

  it.effect(
    "is tried again by the schedule under the same id and with the same body, and every attempt is logged",
    () =>
      Effect.gen(function* () {
        const subscription = yield* known
        const { answers, posts } = yield* FakeTools
        answers.push({ status: 500 }, { status: null, code: "timeout" }, { status: 200 })
        yield* edit("A")
        yield* work()
        yield* work(2, 400_000)
        assert.deepStrictEqual(new Set(posts.map(({ body, id }) => `${id} ${body}`)).size, 1)
        const [delivery] = yield* logOf(subscription)
        assert.strictEqual(delivery?.state, "delivered")
        assert.deepStrictEqual(
          delivery?.attempts.map(({ outcome, status }) => [status, outcome]),
          [
            [500, "status-500"],
            [null, "timeout"],
            [200, "delivered"]
          ]
        )
      }).pipe(Effect.provide(layer))
  )

  it.effect("after the last attempt it is listed as failed, and a replay sends it under the same webhook-id", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const subscriptions = yield* Subscriptions
      const { answers, posts } = yield* FakeTools
      answers.push(...Array.from({ length: 8 }, () => ({ status: 500 })))
      yield* edit("A")
      yield* work(9, 40_000_000)
      const [failed] = yield* logOf(subscription)
      assert.deepStrictEqual([failed?.state, posts.length], ["failed", 8])
      yield* subscriptions.replay(firmId, failed!.id)
      assert.strictEqual((yield* Effect.flip(subscriptions.replay(firmId, failed!.id)))._tag, "AlreadyQueued")
      yield* work()
      const [again] = yield* logOf(subscription)
      assert.deepStrictEqual([again?.state, posts.length, posts[8]?.id], ["delivered", 9, failed?.id])
      assert.strictEqual(
        (yield* Effect.flip(subscriptions.replay(firmId, WebhookId.make("msg_x"))))._tag,
        "SubscriptionNotFound"
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a receiver that is gone for good switches its subscription off, with the reason", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const { answers, posts } = yield* FakeTools
      const store = yield* SubscriptionStore
      answers.push({ status: 410 })
      for (const status of ["A", "B"]) yield* edit(status)
      yield* work()
      const now = Option.getOrThrow(yield* store.get(firmId, subscription.id))
      assert.deepInclude(now, { active: false, disabledReason: "receiver-gone" })
      assert.deepStrictEqual(
        (yield* logOf(subscription)).map(({ state }) => state),
        ["failed", "skipped"]
      )
      assert.lengthOf(posts, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a subscription that is off gets its test webhooks and nothing else", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const subscriptions = yield* Subscriptions
      yield* subscriptions.change(firmId, subscription.id, { ...subscription, active: false })
      yield* edit("A")
      yield* subscriptions.test(firmId, subscription.id)
      yield* work()
      assert.deepStrictEqual(yield* types, ["webhook_test"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a rotated secret signs together with the one before it until the overlap ends", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const subscriptions = yield* Subscriptions
      const { posts } = yield* FakeTools
      const { secret } = yield* subscriptions.rotate(firmId, subscription.id, 60_000)
      yield* edit("A")
      yield* work()
      yield* TestClock.adjust(60_001)
      yield* edit("B")
      yield* work()
      assert.deepStrictEqual(
        posts.map(({ secrets }) => secrets.length),
        [2, 1]
      )
      assert.strictEqual(Redacted.value(posts[0]!.secrets[0]!), Redacted.value(secret))
      assert.match(Redacted.value(secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
    }).pipe(Effect.provide(layer))
  )

  it.effect("webhooks have lanes of their own: none of them occupies a lane of the case", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const queue = yield* Queue
      yield* edit("A")
      const jobs = yield* queue.find(firmId, { work: ["Notify"] })
      assert.deepStrictEqual(
        jobs.map(({ connectionId, key, lane }) => [connectionId as string, key, lane as string]),
        [[`platform:${firmId}`, subscription.id as string, "feed"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a subscription that was removed takes its webhooks with it", () =>
    Effect.gen(function* () {
      const subscription = yield* known
      const subscriptions = yield* Subscriptions
      yield* edit("A")
      yield* subscriptions.remove(firmId, subscription.id)
      yield* work()
      assert.deepStrictEqual(yield* posted, [])
      assert.deepStrictEqual(yield* logOf(subscription), [])
    }).pipe(Effect.provide(layer))
  )
})

describe("saving", () => {
  it.effect("names every field that is wrong, the address included", () =>
    Effect.gen(function* () {
      yield* connected()
      const error = yield* Effect.flip(subscribe({ name: "x", url: "http://tools.example" }))
      assert.deepStrictEqual(error._tag === "SubscriptionInvalid" ? error.errors : [], [
        { field: "name", code: "too-short" },
        { field: "url", code: "not-https" }
      ])
    }).pipe(Effect.provide(layer))
  )
})
