/**
 * Signed webhooks to the firm's own tools, by Standard Webhooks. A secret is shown once, when it is made. A delivery is
 * sent again under the same `webhook-id`, so that a receiver can drop what it has seen.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  HookDelivery,
  HookType,
  PlatformEventName,
  SubscriptionId,
  WebhookId
} from "@casewire/core/domain/Subscription"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { Conflict, Invalid, NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: SubscriptionId }
const Names = Schema.Array(Schema.String.check(Schema.isMaxLength(200))).check(Schema.isMaxLength(200))

export const SubscriptionPayload = Schema.Struct({
  /** At least three characters. */
  name: Schema.String,
  /** HTTPS, and its name must lead to public addresses. */
  url: Schema.String,
  /** Left out or empty: all events. */
  events: Schema.optionalKey(Schema.Array(PlatformEventName)),
  caseTypes: Schema.optionalKey(Names),
  /** Only with call events. */
  campaigns: Schema.optionalKey(Names),
  /** Off: only test webhooks are sent. */
  active: Schema.optionalKey(Schema.Boolean)
})

export const SubscriptionView = Schema.Struct({
  id: SubscriptionId,
  name: Schema.String,
  url: Schema.String,
  events: Schema.Array(PlatformEventName),
  caseTypes: Schema.Array(Schema.String),
  campaigns: Schema.Array(Schema.String),
  active: Schema.Boolean,
  /** Why the host switched it off, where it did: `receiver-gone`. */
  disabledReason: Schema.NullOr(Schema.String),
  createdAt: Time,
  updatedAt: Time
})

const WithSecret = Schema.Struct({ ...SubscriptionView.fields, secret: Schema.String })

export const DeliveryView = Schema.Struct({
  /** The `webhook-id` header. */
  id: WebhookId,
  subscriptionId: SubscriptionId,
  type: HookType,
  state: HookDelivery.fields.state,
  attempts: Schema.Array(
    Schema.Struct({
      at: Time,
      durationMs: Schema.Int,
      status: Schema.NullOr(Schema.Int),
      outcome: Schema.String
    })
  ),
  createdAt: Time,
  updatedAt: Time
})

export class SubscriptionsGroup extends HttpApiGroup.make("subscriptions")
  .add(
    HttpApiEndpoint.get("list", "/subscriptions", {
      success: Schema.Struct({ subscriptions: Schema.Array(SubscriptionView) })
    })
      .annotate(OpenApi.Summary, "Who is told what happens")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("create", "/subscriptions", {
      payload: SubscriptionPayload,
      success: WithSecret.pipe(HttpApiSchema.status(201)),
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Subscribe; the signing secret is shown this once")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("get", "/subscriptions/:id", { params, success: SubscriptionView, error: NotFound })
      .annotate(OpenApi.Summary, "One subscription, without its secret")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("change", "/subscriptions/:id", {
      params,
      payload: SubscriptionPayload,
      success: SubscriptionView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Replace a subscription; the secret stays")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.delete("remove", "/subscriptions/:id", {
      params,
      success: HttpApiSchema.NoContent,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "End a subscription, with its log")
      .annotateMerge(scoped("admin")),
    /** The earlier secret signs as well for `overlapHours` (0 to 168; 24 where it is left out). */
    HttpApiEndpoint.post("rotate", "/subscriptions/:id/secret", {
      params,
      payload: Schema.Struct({
        overlapHours: Schema.optionalKey(Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 168 })))
      }),
      success: WithSecret.pipe(HttpApiSchema.status(201)),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Make a fresh signing secret, shown this once")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("test", "/subscriptions/:id/test", {
      params,
      success: DeliveryView.pipe(HttpApiSchema.status(202)),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Send a test webhook, also where the subscription is off")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("deliveries", "/subscriptions/:id/deliveries", {
      params,
      query: {
        states: Schema.optionalKey(Schema.Array(HookDelivery.fields.state)),
        before: Schema.optionalKey(WebhookId),
        limit: Limit
      },
      success: Schema.Struct({ deliveries: Schema.Array(DeliveryView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What was sent, newest first, with every attempt")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("delivery", "/deliveries/:id", {
      params: { id: WebhookId },
      success: Schema.Struct({ ...DeliveryView.fields, body: Schema.String }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "One webhook with its body")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("replay", "/deliveries/:id/replay", {
      params: { id: WebhookId },
      success: DeliveryView.pipe(HttpApiSchema.status(202)),
      error: [NotFound, Conflict]
    })
      .annotate(OpenApi.Summary, "Send a webhook again, under the same webhook-id")
      .annotateMerge(scoped("admin"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
