/**
 * What people do with subscriptions: make, change, try and end them, and send a webhook of the log again. The address is
 * judged when it is saved and again at every delivery.
 */
import { Clock, Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { type FirmId, newId } from "./domain/Ids.ts"
import { FieldProblem } from "./domain/Receipt.ts"
import {
  checkSubscription,
  type HookDelivery,
  type Subscription,
  SubscriptionId,
  type SubscriptionInput,
  type WebhookId
} from "./domain/Subscription.ts"
import { PlatformHooks, platformOf } from "./PlatformHooks.ts"
import { PlatformHttp } from "./ports/PlatformHttp.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { SubscriptionStore } from "./ports/SubscriptionStore.ts"

export class SubscriptionInvalid extends Schema.TaggedError<SubscriptionInvalid>()("SubscriptionInvalid", {
  errors: Schema.Array(FieldProblem)
}) {}
export class SubscriptionNotFound extends Schema.TaggedError<SubscriptionNotFound>()("SubscriptionNotFound", {
  id: Schema.String
}) {}
/** It is on its way already: sending it once more would only be a second copy. */
export class AlreadyQueued extends Schema.TaggedError<AlreadyQueued>()("AlreadyQueued", { id: Schema.String }) {}

interface WithSecret {
  readonly subscription: Subscription
  readonly secret: Redacted.Redacted<string>
}

export class Subscriptions extends Context.Service<
  Subscriptions,
  {
    readonly create: (firmId: FirmId, input: SubscriptionInput) => Effect.Effect<WithSecret, SubscriptionInvalid>
    readonly change: (
      firmId: FirmId,
      id: SubscriptionId,
      input: SubscriptionInput
    ) => Effect.Effect<Subscription, SubscriptionInvalid | SubscriptionNotFound>
    readonly remove: (firmId: FirmId, id: SubscriptionId) => Effect.Effect<void, SubscriptionNotFound>
    /** A fresh secret; the earlier one signs as well for so long. */
    readonly rotate: (
      firmId: FirmId,
      id: SubscriptionId,
      overlapMs: number
    ) => Effect.Effect<WithSecret, SubscriptionNotFound>
    /** Sends a test webhook, also where the subscription is off. */
    readonly test: (firmId: FirmId, id: SubscriptionId) => Effect.Effect<HookDelivery, SubscriptionNotFound>
    /** Sends a webhook of the log again, under its id. */
    readonly replay: (
      firmId: FirmId,
      id: WebhookId
    ) => Effect.Effect<HookDelivery, SubscriptionNotFound | AlreadyQueued>
  }
>()("@casewire/core/Subscriptions") {
  static readonly layer = Layer.effect(
    Subscriptions,
    Effect.gen(function* () {
      const hooks = yield* PlatformHooks
      const http = yield* PlatformHttp
      const queue = yield* Queue
      const storage = yield* Storage
      const store = yield* SubscriptionStore

      const existing = Effect.fnUntraced(function* (firmId: FirmId, id: SubscriptionId) {
        const found = yield* store.get(firmId, id)
        return Option.isSome(found) ? found.value : yield* new SubscriptionNotFound({ id })
      })

      const checked = Effect.fnUntraced(function* (input: SubscriptionInput) {
        const objection = yield* http.objection(input.url)
        const errors = [...checkSubscription(input), ...(objection === null ? [] : [{ field: "url", code: objection }])]
        if (errors.length > 0) return yield* new SubscriptionInvalid({ errors })
        return { ...input, name: input.name.trim() }
      })

      const create = Effect.fn("Subscriptions.create")(function* (firmId: FirmId, input: SubscriptionInput) {
        const fields = yield* checked(input)
        const now = yield* Clock.currentTimeMillis
        const subscription: Subscription = {
          ...fields,
          id: SubscriptionId.make(yield* newId),
          firmId,
          disabledReason: null,
          createdAt: now,
          updatedAt: now
        }
        const secret = yield* storage.atomically(
          Effect.andThen(store.save(subscription), store.issueSecret(firmId, subscription.id))
        )
        return { subscription, secret }
      })

      const change = Effect.fn("Subscriptions.change")(function* (
        firmId: FirmId,
        id: SubscriptionId,
        input: SubscriptionInput
      ) {
        const before = yield* existing(firmId, id)
        const fields = yield* checked(input)
        const after: Subscription = {
          ...before,
          ...fields,
          disabledReason: fields.active ? null : before.disabledReason,
          updatedAt: yield* Clock.currentTimeMillis
        }
        yield* store.save(after)
        return after
      })

      const remove = Effect.fn("Subscriptions.remove")(function* (firmId: FirmId, id: SubscriptionId) {
        yield* existing(firmId, id)
        yield* store.remove(firmId, id)
      })

      const rotate = Effect.fn("Subscriptions.rotate")(function* (
        firmId: FirmId,
        id: SubscriptionId,
        overlapMs: number
      ) {
        const subscription = yield* existing(firmId, id)
        const now = yield* Clock.currentTimeMillis
        return { subscription, secret: yield* store.issueSecret(firmId, id, { earlierUntil: now + overlapMs }) }
      })

      const logged = (firmId: FirmId, id: WebhookId) => Effect.map(store.delivery(firmId, id), Option.getOrThrow)

      const test = Effect.fn("Subscriptions.test")(function* (firmId: FirmId, id: SubscriptionId) {
        const subscription = yield* existing(firmId, id)
        const data = { subscriptionId: id, message: "The webhook works." }
        const webhookId = yield* storage.atomically(hooks.enqueue(subscription, "webhook_test", data))
        return yield* logged(firmId, webhookId)
      })

      const replay = Effect.fn("Subscriptions.replay")(function* (firmId: FirmId, id: WebhookId) {
        const found = yield* store.delivery(firmId, id)
        if (Option.isNone(found)) return yield* new SubscriptionNotFound({ id })
        return yield* storage.atomically(
          Effect.gen(function* () {
            const delivery = yield* logged(firmId, id)
            const underWay = yield* queue.find(firmId, {
              connectionId: platformOf(firmId),
              key: delivery.subscriptionId,
              states: ["queued", "retry", "sending", "held"]
            })
            if (underWay.some(({ work }) => work._tag === "Notify" && work.webhookId === id))
              return yield* new AlreadyQueued({ id })
            const again: HookDelivery = { ...delivery, state: "waiting", updatedAt: yield* Clock.currentTimeMillis }
            yield* store.record(again)
            yield* hooks.enqueueAgain(again)
            return again
          })
        )
      })

      return Subscriptions.of({ create, change, remove, rotate, test, replay })
    })
  )
}
