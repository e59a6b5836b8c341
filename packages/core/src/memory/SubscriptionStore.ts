/**
 * Subscriptions and their log in memory. A test adapter: secrets come from Effect's `Random`, which is not secret. An id
 * never changes its firm: saving it under another one is a defect.
 */
import { Effect, Layer, Option, Random, Redacted } from "effect"
import * as Base64 from "effect/encoding/Base64"
import type { FirmId } from "../domain/Ids.ts"
import type { HookDelivery, Subscription, SubscriptionId } from "../domain/Subscription.ts"
import { SubscriptionStore } from "../ports/SubscriptionStore.ts"
import { Database } from "./Database.ts"

const secretsKept = 3

export const layer = Layer.effect(
  SubscriptionStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { hookDeliveries, hookSecrets, subscriptions } = database

    const own = (firmId: FirmId, id: SubscriptionId): Option.Option<Subscription> =>
      Option.filter(Option.fromUndefinedOr(subscriptions.get(id)), (row) => row.firmId === firmId)

    return SubscriptionStore.of({
      save: (value) =>
        database.write((tx) => {
          const before = subscriptions.get(value.id)
          if (before !== undefined && before.firmId !== value.firmId) throw new Error("the id belongs to another firm")
          subscriptions.set(tx, value.id, value)
        }),

      get: (firmId, id) => database.read(() => own(firmId, id)),

      list: (firmId) =>
        database.read(() =>
          subscriptions
            .values()
            .filter((row) => row.firmId === firmId)
            .sort((a, b) => (a.id < b.id ? -1 : 1))
        ),

      remove: (firmId, id) =>
        database.write((tx) => {
          if (Option.isNone(own(firmId, id))) return
          subscriptions.delete(tx, id)
          hookSecrets.delete(tx, id)
          for (const [key, row] of hookDeliveries.entries())
            if (row.firmId === firmId && row.subscriptionId === id) hookDeliveries.delete(tx, key)
        }),

      issueSecret: Effect.fn("SubscriptionStore.issueSecret")(function* (firmId, id, options) {
        const random = yield* Random.Random
        const bytes = Uint8Array.from({ length: 32 }, () => Math.floor(random.nextDoubleUnsafe() * 256))
        const secret = `whsec_${Base64.encode(bytes)}`
        yield* database.write((tx, now) => {
          if (Option.isNone(own(firmId, id))) throw new Error("a secret of a subscription that is not there")
          const earlier = (hookSecrets.get(id) ?? []).map((known) => ({
            ...known,
            validUntil: Math.min(known.validUntil ?? Infinity, options?.earlierUntil ?? now)
          }))
          const live = earlier.filter(({ validUntil }) => validUntil > now)
          hookSecrets.set(tx, id, [{ secret, validUntil: null }, ...live].slice(0, secretsKept))
        })
        return Redacted.make(secret)
      }),

      secrets: (firmId, id) =>
        database.read((now) =>
          Option.isNone(own(firmId, id))
            ? []
            : (hookSecrets.get(id) ?? []).flatMap(({ secret, validUntil }) =>
                validUntil === null || validUntil > now ? [Redacted.make(secret)] : []
              )
        ),

      record: (value) =>
        database.write((tx) => {
          const before = hookDeliveries.get(value.id)
          if (before !== undefined && before.firmId !== value.firmId) throw new Error("the id belongs to another firm")
          hookDeliveries.set(tx, value.id, value)
        }),

      delivery: (firmId, id) =>
        database.read(() =>
          Option.filter(Option.fromUndefinedOr(hookDeliveries.get(id)), (row) => row.firmId === firmId)
        ),

      clear: (firmId, before, limit) =>
        database.write((tx) => {
          const ended = hookDeliveries
            .values()
            .filter((row) => row.firmId === firmId && row.state !== "waiting" && row.updatedAt < before)
            .sort((a, b) => (a.id < b.id ? -1 : 1))
            .slice(0, limit)
          for (const { id } of ended) hookDeliveries.delete(tx, id)
          return ended.length
        }),

      deliveries: (firmId, { before, limit, states, subscriptionId }) =>
        database.read(() => {
          const isAsked = (row: HookDelivery): boolean =>
            row.firmId === firmId &&
            (subscriptionId === undefined || row.subscriptionId === subscriptionId) &&
            (states === undefined || states.includes(row.state)) &&
            (before === undefined || row.id < before)
          return hookDeliveries
            .values()
            .filter(isAsked)
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, limit)
        })
    })
  })
)
