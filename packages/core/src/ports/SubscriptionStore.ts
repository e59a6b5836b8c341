/**
 * Subscriptions of a firm's own tools, their signing secrets, and the log of what was sent. Secrets are made, sealed and
 * handed out by the adapter; the plain value comes out once for people, when it is made.
 */
import { Context, Effect, Option, Redacted } from "effect"
import type { FirmId, Instant } from "../domain/Ids.ts"
import type { HookDelivery, Subscription, SubscriptionId, WebhookId } from "../domain/Subscription.ts"

export interface DeliveryFilter {
  readonly subscriptionId?: SubscriptionId
  readonly states?: ReadonlyArray<HookDelivery["state"]>
  /** Only those older than this one; lists run newest first. */
  readonly before?: WebhookId
  readonly limit: number
}

export class SubscriptionStore extends Context.Service<
  SubscriptionStore,
  {
    /** Inserts or replaces; its secrets stay. */
    readonly save: (subscription: Subscription) => Effect.Effect<void>
    readonly get: (firmId: FirmId, id: SubscriptionId) => Effect.Effect<Option.Option<Subscription>>
    /** Oldest first. Asked for every change of a case: costs next to nothing for a firm without subscriptions. */
    readonly list: (firmId: FirmId) => Effect.Effect<ReadonlyArray<Subscription>>
    /** Takes its secrets and its log with it. Nothing happens to an unknown id. */
    readonly remove: (firmId: FirmId, id: SubscriptionId) => Effect.Effect<void>
    /** Makes a secret `whsec_…` of 32 random bytes. Earlier ones go on signing until `earlierUntil`, or end at once. */
    readonly issueSecret: (
      firmId: FirmId,
      id: SubscriptionId,
      options?: { readonly earlierUntil?: Instant }
    ) => Effect.Effect<Redacted.Redacted<string>>
    /** The secrets that sign now, newest first; at most three. */
    readonly secrets: (firmId: FirmId, id: SubscriptionId) => Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>>
    /** Inserts or replaces a delivery of the log. */
    readonly record: (delivery: HookDelivery) => Effect.Effect<void>
    readonly delivery: (firmId: FirmId, id: WebhookId) => Effect.Effect<Option.Option<HookDelivery>>
    readonly deliveries: (firmId: FirmId, filter: DeliveryFilter) => Effect.Effect<ReadonlyArray<HookDelivery>>
    /** Removes the oldest that ended and were last touched before this moment, `limit` at most; answers how many. */
    readonly clear: (firmId: FirmId, before: Instant, limit: number) => Effect.Effect<number>
  }
>()("@casewire/core/ports/SubscriptionStore") {}
