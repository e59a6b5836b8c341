/**
 * What a firm's own tools subscribe to, and what is sent to them: signed webhooks by Standard Webhooks.
 *
 * A webhook says which case changed and how, never what a client's data is: values are fetched by the API. It keeps its
 * id for ever, replay included, so that a receiver can drop what it has seen. Filters narrow; an empty one lets all in.
 */
import { Schema } from "effect"
import { CaseId } from "./Case.ts"
import { FirmId, Instant } from "./Ids.ts"
import type { FieldProblem } from "./Receipt.ts"

export const SubscriptionId = Schema.String.pipe(Schema.brand("SubscriptionId"))
export type SubscriptionId = typeof SubscriptionId.Type
/** The `webhook-id` header. */
export const WebhookId = Schema.String.pipe(Schema.brand("WebhookId"))
export type WebhookId = typeof WebhookId.Type

/** Named as the platform names its events; of those it has for tasks, forms and running calls, none happens here. */
export const PlatformEventName = Schema.Literals([
  "case_created",
  "case_updated",
  "case_status_changed",
  "client_updated",
  "note_sent",
  "message_sent",
  "call_ended",
  "call_analyzed",
  "document_added",
  "conflict_recorded",
  "list_member_added",
  "list_member_removed"
])
export type PlatformEventName = typeof PlatformEventName.Type
export const HookType = Schema.Union([PlatformEventName, Schema.Literal("webhook_test")])
export type HookType = typeof HookType.Type

export const Subscription = Schema.Struct({
  id: SubscriptionId,
  firmId: FirmId,
  name: Schema.String,
  url: Schema.String,
  /** Empty: all of them. */
  events: Schema.Array(PlatformEventName),
  /** By the CRM's or the platform's name of the case type; empty: all. */
  caseTypes: Schema.Array(Schema.String),
  /** Only for call events. */
  campaigns: Schema.Array(Schema.String),
  /** Off: only test webhooks are sent. */
  active: Schema.Boolean,
  /** Why the host switched it off, where it did. */
  disabledReason: Schema.NullOr(Schema.String),
  createdAt: Instant,
  updatedAt: Instant
})
export interface Subscription extends Schema.Schema.Type<typeof Subscription> {}

export const HookAttempt = Schema.Struct({
  at: Instant,
  durationMs: Schema.Int,
  /** The receiver's answer; null where none came. */
  status: Schema.NullOr(Schema.Int),
  /** A code: `delivered`, `refused`, `timeout`, `redirect`, `not-public` … */
  outcome: Schema.String
})
export interface HookAttempt extends Schema.Schema.Type<typeof HookAttempt> {}

/** One webhook of one subscription, with all attempts to deliver it. Its body never changes. */
export const HookDelivery = Schema.Struct({
  id: WebhookId,
  firmId: FirmId,
  subscriptionId: SubscriptionId,
  type: HookType,
  /** The case it is about; absent for a test. */
  caseId: Schema.optionalKey(CaseId),
  body: Schema.String,
  state: Schema.Literals(["waiting", "delivered", "failed", "skipped"]),
  attempts: Schema.Array(HookAttempt),
  createdAt: Instant,
  updatedAt: Instant
})
export interface HookDelivery extends Schema.Schema.Type<typeof HookDelivery> {}

/** What happened, as it is matched with subscriptions. */
export interface Happening {
  readonly type: HookType
  /** Names of the case's type on either side; empty where it has none. */
  readonly caseTypes: ReadonlyArray<string>
  readonly campaignId?: string
}

const isCallEvent = (type: HookType): boolean => type === "call_ended" || type === "call_analyzed"

export const isWanted = (subscription: Subscription, happening: Happening): boolean => {
  const { active, campaigns, caseTypes, events } = subscription
  if (happening.type === "webhook_test") return true
  return (
    active &&
    (events.length === 0 || events.includes(happening.type)) &&
    (caseTypes.length === 0 ||
      happening.caseTypes.some((name) => caseTypes.some((wanted) => sameName(wanted, name)))) &&
    (campaigns.length === 0 || (happening.campaignId !== undefined && campaigns.includes(happening.campaignId)))
  )
}

const sameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

export type SubscriptionInput = Pick<Subscription, "name" | "url" | "events" | "caseTypes" | "campaigns" | "active">

/** What is wrong with it, but for the address, which only the network can judge. */
export const checkSubscription = (input: SubscriptionInput): ReadonlyArray<FieldProblem> => [
  ...(input.name.trim().length < 3 ? [{ field: "name", code: "too-short" }] : []),
  ...(input.name.length > 200 ? [{ field: "name", code: "too-long" }] : []),
  ...(new Set(input.events).size < input.events.length ? [{ field: "events", code: "repeated" }] : []),
  ...(input.caseTypes.some((name) => name.trim() === "") ? [{ field: "caseTypes", code: "empty" }] : []),
  // Only a call belongs to a campaign: a filter on anything else, or on everything, would silently drop it.
  ...(input.campaigns.length > 0 && (input.events.length === 0 || !input.events.every(isCallEvent))
    ? [{ field: "campaigns", code: "only-for-call-events" }]
    : [])
]

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** When an attempt that failed is tried again: each delay counts from the attempt before it. */
export const retrySchedule: ReadonlyArray<number> = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour
]

/** After so many answers that blame the webhook itself, no more are asked for: those behind it would wait in vain. */
const refusalsTaken = 3

export type DeliveryVerdict =
  | { readonly _tag: "Delivered" }
  | { readonly _tag: "Retry"; readonly at: Instant }
  /** The receiver is gone for good (410): the subscription is switched off. */
  | { readonly _tag: "Gone" }
  | { readonly _tag: "GiveUp" }

/** What follows from an attempt. `jitter` is in [0, 1); delays grow by up to a tenth, so that receivers are not hit at once. */
export const afterAttempt = (options: {
  /** How many were made, this one included. */
  readonly attempts: number
  readonly status: number | null
  readonly now: Instant
  readonly retryAfter: Instant | null
  readonly jitter: number
}): DeliveryVerdict => {
  const { attempts, jitter, now, retryAfter, status } = options
  if (status !== null && status >= 200 && status < 300) return { _tag: "Delivered" }
  if (status === 410) return { _tag: "Gone" }
  const isBlamed = status !== null && status >= 400 && status < 500 && ![408, 425, 429].includes(status)
  const delay = retrySchedule[attempts - 1]
  if (delay === undefined || (isBlamed && attempts >= refusalsTaken)) return { _tag: "GiveUp" }
  return { _tag: "Retry", at: Math.round(Math.max(now + delay * (1 + jitter / 10), retryAfter ?? 0)) }
}
