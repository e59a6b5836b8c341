/**
 * `SubscriptionStore` on SQLite. Everything is sealed: addresses may hold keys, bodies name cases, and secrets sign. In
 * columns stand ids and the state of a delivery, which is what lists ask for.
 */
import { randomBytes } from "node:crypto"
import { Clock, Effect, Layer, Option, Redacted, Schema } from "effect"
import { Instant } from "@casewire/core/domain/Ids"
import { HookDelivery, Subscription } from "@casewire/core/domain/Subscription"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"

const Secrets = Schema.Array(Schema.Struct({ secret: Schema.String, validUntil: Schema.NullOr(Instant) }))
const secretsKept = 3
/** How many that were sent again lately may stand before those to be cleared. */
const clearedBehind = 1000

const decodeSubscription = decoder(Subscription, "subscription")
const decodeDelivery = decoder(HookDelivery, "delivery")
const decodeSecrets = decoder(Secrets, "secrets of")

export const layer: Layer.Layer<SubscriptionStore, never, Database> = Layer.effect(
  SubscriptionStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const toSubscription = (row: Pick<Tables["subscriptions"], "firm_id" | "id" | "body">): Subscription =>
      decodeSubscription(JSON.parse(vault.open(row.firm_id, row.id, "subscription", row.body)), row.id)
    const toDelivery = (row: Tables["hook_deliveries"]): HookDelivery =>
      decodeDelivery(JSON.parse(vault.open(row.firm_id, row.id, "delivery", row.body)), row.id)

    /** Those that sign at `now`, newest first. */
    const secretsOf = (row: Pick<Tables["subscriptions"], "firm_id" | "id" | "secrets"> | undefined, now: number) =>
      row === undefined || row.secrets === null
        ? []
        : decodeSecrets(JSON.parse(vault.open(row.firm_id, row.id, "secrets", row.secrets)), row.id).filter(
            ({ validUntil }) => validUntil === null || validUntil > now
          )

    return SubscriptionStore.of({
      save: Effect.fn("SubscriptionStore.save")(function* (value) {
        yield* database.write((db) => {
          const body = vault.seal(value.firmId, value.id, "subscription", JSON.stringify(value))
          return db
            .insertInto("subscriptions")
            .values({ firm_id: value.firmId, id: value.id, body, secrets: null })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet({ body }))
            .execute()
        })
      }),

      get: Effect.fn("SubscriptionStore.get")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("subscriptions")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toSubscription)
      }),

      list: Effect.fn("SubscriptionStore.list")(function* (firmId) {
        const rows = yield* database.read((db) =>
          db.selectFrom("subscriptions").selectAll().where("firm_id", "=", firmId).orderBy("id").execute()
        )
        return rows.map(toSubscription)
      }),

      remove: Effect.fn("SubscriptionStore.remove")(function* (firmId, id) {
        yield* database.write(async (db) => {
          await db
            .deleteFrom("hook_deliveries")
            .where("firm_id", "=", firmId)
            .where("subscription_id", "=", id)
            .execute()
          await db.deleteFrom("subscriptions").where("firm_id", "=", firmId).where("id", "=", id).execute()
        })
      }),

      issueSecret: Effect.fn("SubscriptionStore.issueSecret")(function* (firmId, id, options) {
        const secret = `whsec_${randomBytes(32).toString("base64")}`
        const now = yield* Clock.currentTimeMillis
        yield* database.write(async (db) => {
          const row = await db
            .selectFrom("subscriptions")
            .select(["firm_id", "id", "secrets"])
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
          if (row === undefined) throw new StorageFailure("misuse", `no subscription ${id} to make a secret for`)
          const earlier = secretsOf(row, now)
            .map((known) => ({
              ...known,
              validUntil: Math.min(known.validUntil ?? Infinity, options?.earlierUntil ?? now)
            }))
            .filter(({ validUntil }) => validUntil > now)
          const kept = [{ secret, validUntil: null }, ...earlier].slice(0, secretsKept)
          await db
            .updateTable("subscriptions")
            .set({ secrets: vault.seal(firmId, id, "secrets", JSON.stringify(kept)) })
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .execute()
        })
        return Redacted.make(secret)
      }),

      secrets: Effect.fn("SubscriptionStore.secrets")(function* (firmId, id) {
        const now = yield* Clock.currentTimeMillis
        const row = yield* database.read((db) =>
          db
            .selectFrom("subscriptions")
            .select(["firm_id", "id", "secrets"])
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
        )
        return secretsOf(row, now).map(({ secret }) => Redacted.make(secret))
      }),

      record: Effect.fn("SubscriptionStore.record")(function* (value) {
        yield* database.write((db) => {
          const row = {
            subscription_id: value.subscriptionId,
            state: value.state,
            case_id: value.caseId ?? null,
            body: vault.seal(value.firmId, value.id, "delivery", JSON.stringify(value))
          }
          return db
            .insertInto("hook_deliveries")
            .values({ firm_id: value.firmId, id: value.id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
        })
      }),

      delivery: Effect.fn("SubscriptionStore.delivery")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("hook_deliveries")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toDelivery)
      }),

      clear: Effect.fn("SubscriptionStore.clear")(function* (firmId, before, limit) {
        return yield* database.write(async (db) => {
          // Ids tell when they were made; when one was touched last stands in its seal. One that was sent again stays
          // in front for a while, so more than `limit` are looked at.
          const rows = await db
            .selectFrom("hook_deliveries")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("state", "in", ["delivered", "failed", "skipped"])
            .orderBy("id")
            .limit(limit + clearedBehind)
            .execute()
          const ids = rows
            .map(toDelivery)
            .filter(({ updatedAt }) => updatedAt < before)
            .slice(0, limit)
            .map(({ id }) => id)
          if (ids.length > 0)
            await db.deleteFrom("hook_deliveries").where("firm_id", "=", firmId).where("id", "in", ids).execute()
          return ids.length
        })
      }),

      deliveries: Effect.fn("SubscriptionStore.deliveries")(function* (
        firmId,
        { before, limit, states, subscriptionId }
      ) {
        const rows = yield* database.read((db) => {
          let query = db.selectFrom("hook_deliveries").selectAll().where("firm_id", "=", firmId)
          if (subscriptionId !== undefined) query = query.where("subscription_id", "=", subscriptionId)
          if (states !== undefined) query = query.where("state", "in", states)
          if (before !== undefined) query = query.where("id", "<", before)
          return query.orderBy("id", "desc").limit(limit).execute()
        })
        return rows.map(toDelivery)
      })
    })
  })
)
