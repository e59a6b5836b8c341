/**
 * Tells a firm's own tools what happened: one webhook per subscription that wants it, made durable with the change it
 * is about, and delivered later by a job.
 *
 * A subscription's webhooks go out one after the other, in the order of the changes. A delivery may arrive twice (the
 * id says so), it is never silently lost: after the last attempt it is listed as failed and can be sent again.
 */
import { Clock, Context, DateTime, Effect, Exit, Layer, Option, Random } from "effect"
import { type Case, type CaseEvent, CaseId, isLinked } from "./domain/Case.ts"
import { ConnectionId } from "./domain/Connection.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { JobId, Priority, type Work } from "./domain/Job.ts"
import type { ListEvent } from "./domain/List.ts"
import { linkOf } from "./domain/Mapping.ts"
import { caseFacts, hookBody, noticeOf } from "./domain/Notice.ts"
import {
  afterAttempt,
  type HookAttempt,
  type HookDelivery,
  type HookType,
  isWanted,
  type PlatformEventName,
  type Subscription,
  WebhookId
} from "./domain/Subscription.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { PlatformHttp } from "./ports/PlatformHttp.ts"
import { type Lease, type Outcome, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { SubscriptionStore } from "./ports/SubscriptionStore.ts"

type Notify = Extract<Work, { _tag: "Notify" }>

export class PlatformHooks extends Context.Service<
  PlatformHooks,
  {
    /** A line was added to a case's history. Inside the transaction of the change. */
    readonly recorded: (of: Case, event: CaseEvent) => Effect.Effect<void>
    /** Something else happened to a case. Inside the transaction of the change. */
    readonly happened: (
      of: Case,
      type: PlatformEventName,
      data: Readonly<Record<string, unknown>>,
      campaignId?: string
    ) => Effect.Effect<void>
    /** Lines were added to the audit of lists. Inside the transaction of the change. */
    readonly listed: (of: Case, lines: ReadonlyArray<ListEvent>) => Effect.Effect<void>
    /** Makes one webhook for one subscription and the job that sends it. Inside a transaction. */
    readonly enqueue: (
      subscription: Subscription,
      type: HookType,
      data: Readonly<Record<string, unknown>>
    ) => Effect.Effect<WebhookId>
    /** Puts a webhook of the log into its lane again, under the same id. Inside a transaction. */
    readonly enqueueAgain: (delivery: HookDelivery) => Effect.Effect<void>
    /** Sends a webhook once and settles its job. */
    readonly deliver: (lease: Lease, work: Notify) => Effect.Effect<void>
  }
>()("@casewire/core/PlatformHooks") {
  static readonly layer = Layer.effect(
    PlatformHooks,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const http = yield* PlatformHttp
      const queue = yield* Queue
      const storage = yield* Storage
      const store = yield* SubscriptionStore

      const enqueueAgain = Effect.fnUntraced(function* ({ firmId, id, subscriptionId }: HookDelivery) {
        yield* queue.enqueue([
          {
            id: JobId.make(yield* newId),
            firmId,
            connectionId: platformOf(firmId),
            key: subscriptionId,
            lane: "feed",
            priority: Priority.outbound,
            work: { _tag: "Notify", subscriptionId, webhookId: id }
          }
        ])
      })

      const enqueue = Effect.fnUntraced(function* (
        { firmId, id: subscriptionId }: Subscription,
        type: HookType,
        data: Readonly<Record<string, unknown>>
      ) {
        const now = yield* Clock.currentTimeMillis
        const delivery: HookDelivery = {
          id: WebhookId.make(`msg_${yield* newId}`),
          firmId,
          subscriptionId,
          type,
          ...(typeof data["caseId"] === "string" ? { caseId: CaseId.make(data["caseId"]) } : {}),
          body: hookBody(type, DateTime.formatIso(DateTime.makeUnsafe(now)), data),
          state: "waiting",
          attempts: [],
          createdAt: now,
          updatedAt: now
        }
        yield* store.record(delivery)
        yield* enqueueAgain(delivery)
        return delivery.id
      })

      /** The case type by the CRM's name and by the platform's. */
      const caseTypesOf = Effect.fnUntraced(function* (of: Case) {
        if (!isLinked(of)) return [of.caseType.name]
        const connection = yield* Effect.option(connections.get(of.firmId, of.connectionId))
        const link = Option.isNone(connection) ? undefined : linkOf(connection.value.caseTypeLinks, of.caseType)
        return [of.caseType.name, ...(link?._tag === "Linked" ? [link.platformCaseType] : [])]
      })

      const happened: PlatformHooks["Service"]["happened"] = Effect.fnUntraced(function* (of, type, data, campaignId) {
        const subscriptions = yield* store.list(of.firmId)
        if (subscriptions.length === 0) return
        const isFiltered = subscriptions.some(({ caseTypes }) => caseTypes.length > 0)
        const caseTypes = isFiltered ? yield* caseTypesOf(of) : []
        const happening = { type, caseTypes, ...(campaignId === undefined ? {} : { campaignId }) }
        for (const subscription of subscriptions)
          if (isWanted(subscription, happening)) yield* enqueue(subscription, type, { ...caseFacts(of), ...data })
      })

      const recorded = Effect.fnUntraced(function* (of: Case, event: CaseEvent) {
        const notice = noticeOf(of, event)
        if (notice !== undefined) yield* happened(of, notice.type, notice.data)
      })

      const listed: PlatformHooks["Service"]["listed"] = Effect.fnUntraced(function* (of, lines) {
        for (const { by, cause, change, kind, targetId } of lines) {
          if (kind !== "list" || (change !== "added" && change !== "removed")) continue
          const type = change === "added" ? "list_member_added" : "list_member_removed"
          yield* happened(of, type, { listId: targetId, by, cause })
        }
      })

      const deliver: PlatformHooks["Service"]["deliver"] = Effect.fn("PlatformHooks.deliver")(
        function* (lease, { subscriptionId, webhookId }) {
          const { firmId } = lease.job
          const delivery = Option.getOrUndefined(yield* store.delivery(firmId, webhookId))
          const subscription = Option.getOrUndefined(yield* store.get(firmId, subscriptionId))
          // It was about a case that was erased.
          if (delivery === undefined && subscription !== undefined)
            return yield* queue.settle(lease, { _tag: "Skipped", reason: "webhook-gone" })
          if (delivery === undefined || subscription === undefined)
            return yield* queue.settle(lease, { _tag: "Dead", reason: "subscription-gone" })
          if (!subscription.active && delivery.type !== "webhook_test")
            return yield* end(lease, delivery, "skipped", { _tag: "Skipped", reason: "subscription-off" })
          const startedAt = yield* Clock.currentTimeMillis
          const secrets = yield* store.secrets(firmId, subscriptionId)
          const answer = yield* http.post({ url: subscription.url, id: webhookId, body: delivery.body, secrets })
          const now = yield* Clock.currentTimeMillis
          const verdict = afterAttempt({
            attempts: lease.job.attempts + 1,
            status: answer.code === null ? answer.status : null,
            now,
            retryAfter: answer.retryAfter,
            jitter: yield* Random.next
          })
          const outcome = answer.code ?? (verdict._tag === "Delivered" ? "delivered" : `status-${answer.status}`)
          const attempt: HookAttempt = { at: startedAt, durationMs: now - startedAt, status: answer.status, outcome }
          switch (verdict._tag) {
            case "Delivered":
              return yield* end(lease, delivery, "delivered", { _tag: "Done" }, attempt)
            case "Retry":
              return yield* end(lease, delivery, "waiting", { _tag: "Retry", at: verdict.at, reason: outcome }, attempt)
            case "GiveUp":
              return yield* end(lease, delivery, "failed", { _tag: "Dead", reason: outcome }, attempt)
            case "Gone": {
              const off = { ...subscription, active: false, disabledReason: "receiver-gone", updatedAt: now }
              return yield* end(lease, delivery, "failed", { _tag: "Dead", reason: outcome }, attempt, store.save(off))
            }
          }
        },
        (effect, lease) =>
          effect.pipe(
            // A lease that was lost belongs to another worker, who tells the same under the same id.
            Effect.catchTag("LeaseLost", () => Effect.void),
            Effect.onExit((exit) =>
              Exit.isSuccess(exit)
                ? Effect.void
                : Effect.ignore(Effect.flatMap(givenBack(exit, lease), (outcome) => queue.settle(lease, outcome)))
            ),
            Effect.catchDefect((defect) => Effect.logError("A webhook could not be handled", defect))
          )
      )

      const end = (
        lease: Lease,
        delivery: HookDelivery,
        state: HookDelivery["state"],
        outcome: Outcome,
        attempt?: HookAttempt,
        also: Effect.Effect<void> = Effect.void
      ) =>
        storage.atomically(
          Effect.gen(function* () {
            const attempts =
              attempt === undefined ? delivery.attempts : [...delivery.attempts, attempt].slice(-attemptsKept)
            yield* store.record({ ...delivery, state, attempts, updatedAt: yield* Clock.currentTimeMillis })
            yield* also
            yield* queue.settle(lease, outcome)
          })
        )

      return PlatformHooks.of({ recorded, happened, listed, enqueue, enqueueAgain, deliver })
    })
  )
}

const attemptsKept = 50

/** Webhooks of a firm have lanes of their own: a receiver that hangs takes nothing from the work with a CRM. */
export const platformOf = (firmId: FirmId): ConnectionId => ConnectionId.make(`platform:${firmId}`)

/** Stopped in the middle: again at once. Failed by ourselves: after a while, and not for ever. */
const givenBack = Effect.fnUntraced(function* (exit: Exit.Exit<void>, { job }: Lease): Effect.fn.Return<Outcome> {
  const now = yield* Clock.currentTimeMillis
  if (Exit.hasInterrupts(exit)) return { _tag: "GiveBack", at: now, reason: "shutdown" }
  return job.attempts >= 12
    ? { _tag: "Dead", reason: "internal-failure" }
    : { _tag: "Retry", at: now + 30_000, reason: "internal-failure" }
})
