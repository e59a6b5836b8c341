/**
 * The webhook engine. Firing composes the payload at once and delivers in the
 * background, one attempt and no retry unless a setting or a fault says
 * otherwise. Deliveries of one lead may overtake each other: there is no order.
 */
import { Cause, Clock, Context, Deferred, Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { type Fault, takeFault } from "./Fault.ts"
import type { Lead } from "./Lead.ts"
import type { Portal } from "./Portal.ts"
import { Portals } from "./Portals.ts"
import * as Profile from "./Profile.ts"
import { compose, type Payload } from "./WebhookPayload.ts"
import { type Delivery, rowMatches, type WebhookRow } from "./WebhookRow.ts"

const deliveriesKept = 20_000
const answerKept = 10_000

/** `connect ECONNREFUSED 127.0.0.1:9` says more to a tester than the errors wrapped around it. */
const innermostMessage = (error: unknown): string => {
  if (Cause.isTimeoutError(error)) return "no answer in time"
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? innermostMessage(error.cause) : error.message
}

export class Webhooks extends Context.Service<
  Webhooks,
  {
    /** Delivers for every row that matches the lead's new status; done when all answers are in. */
    fire(portal: Portal, lead: Lead): Effect.Effect<Fiber.Fiber<void>>
    /** Send via Webhook on the record: the row's status selection does not count. */
    send(portal: Portal, lead: Lead, row?: WebhookRow): Effect.Effect<ReadonlyArray<Delivery>>
    /** The Test button of a row. */
    test(portal: Portal, row: WebhookRow): Effect.Effect<Delivery>
  }
>()("@casewire/lawruler-sandbox/Webhooks") {
  static readonly layer = Layer.effect(
    Webhooks,
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const portals = yield* Portals
      /** Deliveries held back until the next one of their portal was sent. */
      const held = new WeakMap<Portal, Array<Deferred.Deferred<void>>>()

      const post = Effect.fnUntraced(
        function* (payload: Payload) {
          const request = HttpClientRequest.make(payload.method)(payload.url).pipe(
            payload.contentType === ""
              ? (request) => request
              : HttpClientRequest.bodyUint8Array(payload.body, payload.contentType),
            HttpClientRequest.setHeaders(payload.headers)
          )
          const response = yield* client.execute(request)
          return { status: response.status, answer: (yield* response.text).slice(0, answerKept) }
        },
        Effect.provideService(HttpClient.TracerPropagationEnabled, false)
      )

      interface Attempt {
        readonly portal: Portal
        readonly row: WebhookRow
        readonly payload: Payload
        readonly leadId: number | null
        readonly number: number
        readonly fault: Fault | undefined
      }

      const begin = Effect.fnUntraced(function* ({ fault, leadId, number, payload, portal, row }: Attempt) {
        const delivery: Delivery = {
          deliveryId: portal.nextId.delivery++,
          webhookId: row.webhookId,
          leadId,
          test: leadId === null,
          startedAt: yield* Clock.currentTimeMillis,
          url: payload.url,
          contentType: payload.contentType,
          requestBody: payload.shownBody,
          status: null,
          answer: null,
          error: null,
          attempt: number,
          ...(fault === undefined ? {} : { fault: fault.kind })
        }
        portal.deliveries.push(delivery)
        if (portal.deliveries.length > deliveriesKept) portal.deliveries.shift()
        return delivery
      })

      const attempt = Effect.fnUntraced(function* (one: Attempt) {
        const delivery = yield* begin(one)
        yield* post(one.payload).pipe(
          Effect.timeout(one.portal.settings.webhookTimeoutMs),
          Effect.matchCause({
            onSuccess: ({ answer, status }) => {
              delivery.status = status
              delivery.answer = answer
            },
            onFailure: (cause) => {
              delivery.error = innermostMessage(Cause.squash(cause))
            }
          })
        )
        return delivery
      })

      const isGood = ({ status }: Delivery) => status !== null && status >= 200 && status < 300

      const attempts = Effect.fnUntraced(function* (one: Omit<Attempt, "number">) {
        const { fault, portal } = one
        const forced = fault?.kind === "retry" ? Profile.webhookDelivery.retryFaultAttempts : 1
        const most = Math.max(forced, 1 + portal.settings.webhookRetries)
        const made: Array<Delivery> = []
        for (let number = 1; number <= most; number++) {
          if (number > 1) yield* Effect.sleep(portal.settings.webhookRetryDelayMs)
          const delivery = yield* attempt({ ...one, number })
          made.push(delivery)
          if (isGood(delivery) && number >= forced) break
        }
        return made
      })

      const holdBack = (portal: Portal) => {
        const gate = Deferred.makeUnsafe<void>()
        held.set(portal, [...(held.get(portal) ?? []), gate])
        return Deferred.await(gate)
      }

      const releaseHeld = Effect.fnUntraced(function* (portal: Portal) {
        const gates = held.get(portal) ?? []
        held.delete(portal)
        for (const gate of gates) yield* Deferred.succeed(gate, undefined)
      })

      const deliver = Effect.fnUntraced(function* (portal: Portal, row: WebhookRow, payload: Payload, leadId: number) {
        const fault = takeFault(portal, { names: new Set(["webhook"]), leadId, webhookId: row.webhookId })
        const one = { portal, row, payload, leadId, fault }
        if (fault?.kind === "lose") {
          const lost = yield* begin({ ...one, number: 1 })
          lost.error = "lost on the way"
          return [lost]
        }
        if (fault?.kind === "delay") yield* Effect.sleep(fault.ms ?? 1000)
        if (fault?.kind === "reorder") {
          yield* holdBack(portal)
          return yield* attempts(one)
        }
        const copies = fault?.kind === "duplicate" ? (fault.copies ?? 1) : 0
        const made = yield* attempts(one)
        for (let copy = 0; copy < copies; copy++) made.push(...(yield* attempts(one)))
        yield* releaseHeld(portal)
        return made
      })

      const start = Effect.fnUntraced(function* (portal: Portal, lead: Lead, rows: ReadonlyArray<WebhookRow>) {
        const payloads = rows.map((row) => ({ row, payload: compose(portal, row, lead) }))
        return yield* portals.background(
          Effect.forEach(payloads, ({ payload, row }) => deliver(portal, row, payload, lead.leadId), {
            concurrency: "unbounded"
          })
        )
      })

      return Webhooks.of({
        fire: Effect.fn("Webhooks.fire")(function* (portal, lead) {
          const rows = [...portal.webhooks.values()].filter((row) => rowMatches(row, lead))
          const fiber = yield* start(portal, lead, rows)
          return yield* portals.background(Effect.asVoid(Fiber.join(fiber)))
        }),
        send: Effect.fn("Webhooks.send")(function* (portal, lead, row) {
          const rows =
            row === undefined
              ? [...portal.webhooks.values()].filter((row) => rowMatches({ ...row, statuses: "all" }, lead))
              : [row]
          return (yield* Fiber.join(yield* start(portal, lead, rows))).flat()
        }),
        test: Effect.fn("Webhooks.test")((portal, row) =>
          attempt({ portal, row, payload: compose(portal, row, null), leadId: null, number: 1, fault: undefined })
        )
      })
    })
  )
}
