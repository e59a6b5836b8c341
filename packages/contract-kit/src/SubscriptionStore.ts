/** The contract of `SubscriptionStore`: subscriptions, secrets that rotate, and the log of what was sent. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { newId } from "@casewire/core/domain/Ids"
import { type HookDelivery, type Subscription, SubscriptionId, WebhookId } from "@casewire/core/domain/Subscription"
import { type DeliveryFilter, SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { firm, otherFirm, start } from "./samples.ts"

const makeSubscription = (change: Partial<Subscription> = {}): Effect.Effect<Subscription> =>
  Effect.map(newId, (id) => ({
    id: SubscriptionId.make(id),
    firmId: firm.id,
    name: "Größe & Söhne",
    url: "https://tools.example/hooks?key=s3cret",
    events: ["case_created", "call_ended"],
    caseTypes: ["Auto Accident"],
    campaigns: ["7"],
    active: true,
    disabledReason: null,
    createdAt: start,
    updatedAt: start,
    ...change
  }))

const makeDelivery = (change: Partial<HookDelivery> = {}): Effect.Effect<HookDelivery> =>
  Effect.map(newId, (id) => ({
    id: WebhookId.make(`msg_${id}`),
    firmId: firm.id,
    subscriptionId: SubscriptionId.make("019b8d6a-0006-7000-8000-000000000001"),
    type: "case_created",
    body: '{"type":"case_created","data":{"name":"Zoë"}}',
    state: "waiting",
    attempts: [{ at: start, durationMs: 12, status: 500, outcome: "status-500" }],
    createdAt: start,
    updatedAt: start,
    ...change
  }))

const saved = Effect.fnUntraced(function* (change: Partial<Subscription> = {}) {
  const store = yield* SubscriptionStore
  const subscription = yield* makeSubscription(change)
  yield* store.save(subscription)
  return { store, subscription, id: subscription.id }
})

const recorded = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<HookDelivery>>) {
  const store = yield* SubscriptionStore
  const made = yield* Effect.forEach(changes, (change) => makeDelivery(change))
  yield* Effect.forEach(made, store.record)
  return made
})

const log = Effect.fnUntraced(function* (filter: Partial<DeliveryFilter> = {}) {
  const store = yield* SubscriptionStore
  return (yield* store.deliveries(firm.id, { limit: 100, ...filter })).map(({ id }) => id)
})

const live = Effect.fnUntraced(function* (id: SubscriptionId, firmId = firm.id) {
  const store = yield* SubscriptionStore
  return (yield* store.secrets(firmId, id)).map((secret) => Redacted.value(secret))
})

const nobody = SubscriptionId.make("019b8d6a-0006-7000-8000-000000000009")
const second = SubscriptionId.make("019b8d6a-0006-7000-8000-000000000002")

export const subscriptionStoreLaws: Laws = {
  port: "SubscriptionStore",
  laws: [
    {
      title: "a subscription comes back as it was saved",
      run: Effect.gen(function* () {
        const { store, subscription } = yield* saved()
        const off = yield* saved({
          active: false,
          disabledReason: "receiver-gone",
          events: [],
          caseTypes: [],
          campaigns: []
        })
        assert.deepStrictEqual(yield* store.get(firm.id, subscription.id), Option.some(subscription))
        assert.deepStrictEqual(yield* store.get(firm.id, off.id), Option.some(off.subscription))
      })
    },
    {
      title: "what was never saved is not there: no subscription, secret or delivery",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        assert.isTrue(Option.isNone(yield* store.get(firm.id, nobody)))
        assert.deepStrictEqual(yield* store.list(firm.id), [])
        assert.deepStrictEqual(yield* live(nobody), [])
        assert.isTrue(Option.isNone(yield* store.delivery(firm.id, WebhookId.make("msg_x"))))
        assert.deepStrictEqual(yield* log(), [])
      })
    },
    {
      title: "saving a subscription again replaces it whole and leaves its secret",
      run: Effect.gen(function* () {
        const { id, store, subscription } = yield* saved()
        const secret = Redacted.value(yield* store.issueSecret(firm.id, id))
        const next: Subscription = { ...subscription, name: "Other", events: [], active: false }
        yield* store.save(next)
        assert.deepStrictEqual(yield* store.list(firm.id), [next])
        assert.deepStrictEqual(yield* live(id), [secret])
      })
    },
    {
      title: "subscriptions are listed oldest first",
      run: Effect.gen(function* () {
        const made = [yield* saved(), yield* saved(), yield* saved()]
        const { store, subscription } = made[0]!
        yield* store.save({ ...subscription, updatedAt: start + 9999 })
        assert.deepStrictEqual(
          (yield* store.list(firm.id)).map(({ id }) => id),
          made.map(({ id }) => id)
        )
      })
    },
    {
      title: "a secret is 32 random bytes behind whsec_, another one each time",
      run: Effect.gen(function* () {
        const { id, store } = yield* saved()
        const made = yield* Effect.forEach([1, 2, 3], () => Effect.map(store.issueSecret(firm.id, id), Redacted.value))
        for (const secret of made) assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
        assert.strictEqual(new Set(made).size, 3)
      })
    },
    {
      title: "a subscription signs with its own secret alone",
      run: Effect.gen(function* () {
        const [first, other] = [yield* saved(), yield* saved()]
        const secret = Redacted.value(yield* first.store.issueSecret(firm.id, first.id))
        assert.deepStrictEqual(yield* live(first.id), [secret])
        assert.deepStrictEqual(yield* live(other.id), [])
      })
    },
    {
      title: "a fresh secret ends the one before it at once",
      run: Effect.gen(function* () {
        const { id, store } = yield* saved()
        yield* store.issueSecret(firm.id, id)
        const fresh = Redacted.value(yield* store.issueSecret(firm.id, id))
        assert.deepStrictEqual(yield* live(id), [fresh])
      })
    },
    {
      title: "with an overlap both sign, the newest first, until the moment it ends",
      run: Effect.gen(function* () {
        const { id, store } = yield* saved()
        const earlier = Redacted.value(yield* store.issueSecret(firm.id, id))
        const fresh = Redacted.value(yield* store.issueSecret(firm.id, id, { earlierUntil: start + 1000 }))
        assert.deepStrictEqual(yield* live(id), [fresh, earlier])
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(yield* live(id), [fresh, earlier])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* live(id), [fresh])
      })
    },
    {
      title: "a later rotation never lengthens what an earlier one allowed",
      run: Effect.gen(function* () {
        const { id, store } = yield* saved()
        yield* store.issueSecret(firm.id, id)
        const middle = Redacted.value(yield* store.issueSecret(firm.id, id, { earlierUntil: start + 1000 }))
        const fresh = Redacted.value(yield* store.issueSecret(firm.id, id, { earlierUntil: start + 9000 }))
        yield* TestClock.adjust(1000)
        assert.deepStrictEqual(yield* live(id), [fresh, middle])
      })
    },
    {
      title: "however often it is rotated, at most three sign",
      run: Effect.gen(function* () {
        const { id, store } = yield* saved()
        const rotate = store.issueSecret(firm.id, id, { earlierUntil: start + 1000 })
        const made = (yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.map(rotate, Redacted.value))).toReversed()
        assert.deepStrictEqual(yield* live(id), made.slice(0, 3))
      })
    },
    {
      title: "a secret of a subscription that is not there is a defect",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.issueSecret(firm.id, nobody))))
        assert.deepStrictEqual(yield* live(nobody), [])
      })
    },
    {
      title: "a delivery comes back as it was recorded, and recording it again replaces it",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        const [delivery] = yield* recorded({})
        assert.deepStrictEqual(yield* store.delivery(firm.id, delivery!.id), Option.some(delivery!))
        const next: HookDelivery = { ...delivery!, state: "delivered", attempts: [], updatedAt: start + 1 }
        yield* store.record(next)
        assert.deepStrictEqual(yield* store.delivery(firm.id, delivery!.id), Option.some(next))
        assert.deepStrictEqual(yield* log(), [delivery!.id])
      })
    },
    {
      title: "deliveries are listed newest first, up to the limit, and on from the last one seen",
      run: Effect.gen(function* () {
        const ids = (yield* recorded({}, {}, {}, {})).map(({ id }) => id).toReversed()
        assert.deepStrictEqual(yield* log(), ids)
        assert.deepStrictEqual(yield* log({ limit: 2 }), ids.slice(0, 2))
        assert.deepStrictEqual(yield* log({ limit: 2, before: ids[1]! }), ids.slice(2))
      })
    },
    {
      title: "deliveries can be narrowed to a subscription and to states, by what they are now",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        const [first, other, failed] = yield* recorded({}, { subscriptionId: second }, { state: "failed" })
        assert.deepStrictEqual(yield* log({ subscriptionId: second }), [other!.id])
        assert.deepStrictEqual(yield* log({ states: ["failed"] }), [failed!.id])
        yield* store.record({ ...first!, state: "failed" })
        assert.deepStrictEqual(yield* log({ states: ["failed"] }), [failed!.id, first!.id])
        assert.deepStrictEqual(yield* log({ states: ["waiting"], subscriptionId: second }), [other!.id])
      })
    },
    {
      title: "a subscription that is removed takes its secrets and its log, and nothing of others",
      run: Effect.gen(function* () {
        const [first, other] = [yield* saved(), yield* saved()]
        const { store } = first
        const kept = Redacted.value(yield* store.issueSecret(firm.id, other.id))
        yield* store.issueSecret(firm.id, first.id)
        const [gone, stays] = yield* recorded({ subscriptionId: first.id }, { subscriptionId: other.id })
        yield* store.remove(firm.id, first.id)
        assert.deepStrictEqual(yield* store.list(firm.id), [other.subscription])
        assert.isTrue(Option.isNone(yield* store.delivery(firm.id, gone!.id)))
        assert.deepStrictEqual(yield* log(), [stays!.id])
        assert.deepStrictEqual([yield* live(first.id), yield* live(other.id)], [[], [kept]])
        yield* store.save(first.subscription)
        assert.deepStrictEqual(yield* live(first.id), [])
      })
    },
    {
      title: "removing what is not there does nothing",
      run: Effect.gen(function* () {
        const { store, subscription } = yield* saved()
        yield* store.remove(firm.id, nobody)
        assert.deepStrictEqual(yield* store.list(firm.id), [subscription])
      })
    },
    {
      title: "no firm sees, changes or removes a subscription, a secret or a delivery of another",
      run: Effect.gen(function* () {
        const { id, store, subscription } = yield* saved()
        const secret = Redacted.value(yield* store.issueSecret(firm.id, id))
        const [delivery] = yield* recorded({ subscriptionId: id })
        assert.isTrue(Option.isNone(yield* store.get(otherFirm.id, id)))
        assert.deepStrictEqual(yield* store.list(otherFirm.id), [])
        assert.deepStrictEqual(yield* live(id, otherFirm.id), [])
        assert.isTrue(Option.isNone(yield* store.delivery(otherFirm.id, delivery!.id)))
        assert.deepStrictEqual(yield* store.deliveries(otherFirm.id, { limit: 9, subscriptionId: id }), [])
        yield* store.remove(otherFirm.id, id)
        yield* Effect.exit(store.issueSecret(otherFirm.id, id))
        yield* Effect.exit(store.save({ ...subscription, firmId: otherFirm.id, name: "stolen" }))
        yield* Effect.exit(store.record({ ...delivery!, firmId: otherFirm.id, body: "stolen" }))
        assert.deepStrictEqual(yield* store.get(firm.id, id), Option.some(subscription))
        assert.deepStrictEqual(yield* live(id), [secret])
        assert.deepStrictEqual(yield* store.delivery(firm.id, delivery!.id), Option.some(delivery!))
      })
    },
    {
      title: "subscription, secret and delivery roll back together",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* SubscriptionStore
        const subscription = yield* makeSubscription()
        const delivery = yield* makeDelivery()
        const work = Effect.gen(function* () {
          yield* store.save(subscription)
          yield* store.issueSecret(firm.id, subscription.id)
          yield* store.record(delivery)
        })
        yield* Effect.exit(storage.atomically(Effect.andThen(work, Effect.fail("no"))))
        assert.deepStrictEqual(yield* store.list(firm.id), [])
        assert.deepStrictEqual(yield* live(subscription.id), [])
        assert.deepStrictEqual(yield* log(), [])
        yield* storage.atomically(work)
        assert.deepStrictEqual(yield* log(), [delivery.id])
        assert.lengthOf(yield* live(subscription.id), 1)
      })
    },
    {
      title: "clearing takes the oldest that ended before a moment, up to the limit, and none that waits",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        const [first, second, waiting, fresh, third] = yield* recorded(
          { state: "delivered", updatedAt: start + 10 },
          { state: "failed", updatedAt: start + 20 },
          { state: "waiting", updatedAt: start },
          { state: "delivered", updatedAt: start + 100 },
          { state: "skipped", updatedAt: start + 99 }
        )
        assert.strictEqual(yield* store.clear(firm.id, start + 100, 2), 2)
        assert.deepStrictEqual(yield* log(), [third!.id, fresh!.id, waiting!.id])
        assert.strictEqual(yield* store.clear(firm.id, start + 100, 2), 1)
        assert.strictEqual(yield* store.clear(firm.id, start + 100, 2), 0)
        assert.deepStrictEqual(yield* log(), [fresh!.id, waiting!.id])
        assert.isTrue(Option.isNone(yield* store.delivery(firm.id, first!.id)))
        assert.isTrue(Option.isNone(yield* store.delivery(firm.id, second!.id)))
      })
    },
    {
      title: "clearing the log of a firm leaves that of another alone",
      run: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        const ended = { state: "delivered", updatedAt: start } as const
        const [own, other] = yield* recorded(ended, { ...ended, firmId: otherFirm.id })
        assert.strictEqual(yield* store.clear(firm.id, start + 1, 10), 1)
        assert.isTrue(Option.isNone(yield* store.delivery(firm.id, own!.id)))
        assert.isTrue(Option.isSome(yield* store.delivery(otherFirm.id, other!.id)))
      })
    },
    {
      title: "a transaction sees the subscriptions it saved",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* SubscriptionStore
        const subscription = yield* makeSubscription()
        const seen = yield* storage.atomically(Effect.andThen(store.save(subscription), store.list(firm.id)))
        assert.deepStrictEqual(seen, [subscription])
      })
    }
  ],
  durable: [
    {
      title: "subscriptions, secrets and the log outlive a restart",
      before: Effect.gen(function* () {
        const { id, store } = yield* saved()
        yield* store.issueSecret(firm.id, id)
        yield* recorded({ subscriptionId: id })
      }),
      after: Effect.gen(function* () {
        const store = yield* SubscriptionStore
        const [subscription] = yield* store.list(firm.id)
        assert.strictEqual(subscription?.name, "Größe & Söhne")
        assert.lengthOf(yield* live(subscription!.id), 1)
        const [delivery] = yield* store.deliveries(firm.id, { limit: 9, subscriptionId: subscription!.id })
        assert.strictEqual(delivery?.body, '{"type":"case_created","data":{"name":"Zoë"}}')
      })
    }
  ]
}

export const subscriptionStoreContract = contract(subscriptionStoreLaws)
