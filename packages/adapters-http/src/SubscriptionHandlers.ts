/** Subscriptions, their deliveries, runs, and the resume of status sync: requests translated to the core, and back. */
import { Effect, Layer, Option, Redacted } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import type { Rehearsal } from "@casewire/api/Session"
import type { SubscriptionPayload } from "@casewire/api/Subscriptions"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { checklist } from "@casewire/core/domain/Checklist"
import type { Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { parseBody } from "@casewire/core/domain/FlatRecord"
import type { HookDelivery, Subscription, SubscriptionInput } from "@casewire/core/domain/Subscription"
import { normaliseKey } from "@casewire/core/domain/WebhookFields"
import type { Receipt } from "@casewire/core/domain/Receipt"
import type { RunId } from "@casewire/core/domain/Run"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { mayDo } from "@casewire/core/domain/TokenScope"
import { StatusResume } from "@casewire/core/StatusResume"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { pageOf } from "./CrmOrigin.ts"
import { crmFailed, notFound, problem } from "./Problems.ts"
import { runView } from "./Views.ts"

const hour = 3_600_000

const layerSubscriptions = HttpApiBuilder.group(
  Api,
  "subscriptions",
  Effect.fn(function* (handlers) {
    const store = yield* SubscriptionStore
    const subscriptions = yield* Subscriptions
    return handlers.handleAll({
      list: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        return { subscriptions: (yield* store.list(firmId)).map(subscriptionView) }
      }),
      create: Effect.fn(function* ({ payload }) {
        const { firmId } = yield* CurrentFirm
        const { secret, subscription } = yield* subscriptions
          .create(firmId, inputOf(payload))
          .pipe(Effect.mapError(({ errors }) => problem("subscription-invalid", { errors })))
        return { ...subscriptionView(subscription), secret: Redacted.value(secret) }
      }),
      get: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* store.get(firmId, params.id)
        return Option.isSome(found) ? subscriptionView(found.value) : yield* Effect.fail(problem("not-found"))
      }),
      change: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const changed = yield* subscriptions.change(firmId, params.id, inputOf(payload)).pipe(
          Effect.catchTags({
            SubscriptionInvalid: ({ errors }) => Effect.fail(problem("subscription-invalid", { errors })),
            SubscriptionNotFound: (error) => Effect.fail(notFound(error))
          })
        )
        return subscriptionView(changed)
      }),
      remove: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        yield* subscriptions.remove(firmId, params.id).pipe(Effect.mapError(notFound))
      }),
      rotate: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const { secret, subscription } = yield* subscriptions
          .rotate(firmId, params.id, (payload.overlapHours ?? 24) * hour)
          .pipe(Effect.mapError(notFound))
        return { ...subscriptionView(subscription), secret: Redacted.value(secret) }
      }),
      test: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        return deliveryView(yield* subscriptions.test(firmId, params.id).pipe(Effect.mapError(notFound)))
      }),
      deliveries: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* store.get(firmId, params.id)
        if (Option.isNone(found)) return yield* Effect.fail(problem("not-found"))
        const { before, limit = 50, states } = query
        const deliveries = yield* store.deliveries(firmId, {
          subscriptionId: params.id,
          limit,
          ...(before === undefined ? {} : { before }),
          ...(states === undefined ? {} : { states })
        })
        return { deliveries: deliveries.map(deliveryView) }
      }),
      delivery: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* store.delivery(firmId, params.id)
        return Option.isSome(found)
          ? { ...deliveryView(found.value), body: found.value.body }
          : yield* Effect.fail(problem("not-found"))
      }),
      replay: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const again = yield* subscriptions.replay(firmId, params.id).pipe(
          Effect.catchTags({
            SubscriptionNotFound: (error) => Effect.fail(notFound(error)),
            AlreadyQueued: () => Effect.fail(problem("already-queued"))
          })
        )
        return deliveryView(again)
      })
    })
  })
)

const subscriptionView = ({ firmId: _firm, ...shown }: Subscription) => shown

const deliveryView = ({ body: _body, caseId: _case, firmId: _firm, ...shown }: HookDelivery) => shown

const inputOf = (payload: typeof SubscriptionPayload.Type): SubscriptionInput => ({
  name: payload.name,
  url: payload.url,
  events: payload.events ?? [],
  caseTypes: payload.caseTypes ?? [],
  campaigns: payload.campaigns ?? [],
  active: payload.active ?? true
})

const layerRuns = HttpApiBuilder.group(
  Api,
  "runs",
  Effect.fn(function* (handlers) {
    const runs = yield* RunStore
    const get = Effect.fnUntraced(function* (id: RunId) {
      const { firmId } = yield* CurrentFirm
      const found = yield* runs.get(firmId, id)
      return Option.isSome(found) ? found.value : yield* Effect.fail(problem("not-found"))
    })
    return handlers.handleAll({
      list: Effect.fn(function* ({ query }) {
        const { firmId } = yield* CurrentFirm
        return { runs: (yield* runs.list(firmId, { ...query, limit: query.limit ?? 50 })).map(runView) }
      }),
      get: ({ params }) => Effect.map(get(params.id), runView),
      rows: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* get(params.id)
        return { rows: yield* runs.rows(firmId, id, { ...query, limit: query.limit ?? 100 }) }
      })
    })
  })
)

/** In the CRM, or where a person looks at the sandbox that stands for it. */
const screenOf = (connection: Connection, manifest: PluginManifest | undefined, rehearsal: Rehearsal | null) => {
  const screen = manifest?.webhook.screen
  if (manifest === undefined || screen === undefined) return null
  const isHere = rehearsal !== null && rehearsal.plugin === connection.plugin
  const href = connection.sandbox ? (isHere ? rehearsal.url : null) : pageOf(connection, manifest, screen)
  return href === null ? null : { href, label: screen.label }
}

const layerStatusSync = (rehearsal: Rehearsal | null) =>
  HttpApiBuilder.group(
    Api,
    "statusSync",
    Effect.fn(function* (handlers) {
      const connections = yield* ConnectionStore
      const plugins = yield* Plugins
      const resume = yield* StatusResume
      const storage = yield* Storage

      const alreadyOn = () => Effect.fail(problem("status-sync-already-on"))
      const gone = (error: Parameters<typeof notFound>[0]) => Effect.fail(notFound(error))

      /** The latest receipts say whether the test button was pressed and which parameters come. */
      const latest = (connectionId: ConnectionId) =>
        Effect.flatMap(CurrentFirm, ({ firmId }) => storage.receipts(firmId, { connectionId, limit: 50 }))

      return handlers.handleAll({
        question: Effect.fn(function* ({ params }) {
          const { firmId } = yield* CurrentFirm
          return yield* resume.question(firmId, params.id).pipe(Effect.mapError(notFound))
        }),
        plan: Effect.fn(function* ({ params }) {
          const { firmId, name } = yield* CurrentFirm
          const run = yield* resume.plan(firmId, params.id, name).pipe(
            Effect.catchTags({
              AlreadyOn: alreadyOn,
              ConnectionNotFound: gone,
              CrmError: (error) => Effect.fail(crmFailed(error))
            })
          )
          return runView(run)
        }),
        resume: Effect.fn(function* ({ params, payload }) {
          const { firmId, scopes } = yield* CurrentFirm
          if (payload.mode === "from_now_on") {
            const skipped = yield* resume
              .fromNowOn(firmId, params.id)
              .pipe(Effect.catchTags({ AlreadyOn: alreadyOn, ConnectionNotFound: gone }))
            return { skipped, run: null }
          }
          // It may overwrite what the CRM holds now, so it needs more than the work of every day.
          if (!mayDo(scopes, "status:replay"))
            return yield* Effect.fail(
              problem("confirmation-required", {
                detail: "A replay needs a token with the scope status:replay.",
                errors: [{ field: "scope", code: "status:replay" }]
              })
            )
          const { asked } = yield* resume.question(firmId, params.id).pipe(Effect.mapError(notFound))
          if (!asked) return yield* alreadyOn()
          if (payload.planId === undefined) return yield* Effect.fail(problem("plan-expired"))
          const run = yield* resume.replay(firmId, params.id, payload.planId, payload.overwrites ?? -1).pipe(
            Effect.catchTags({
              AlreadyOn: alreadyOn,
              ConnectionNotFound: gone,
              PlanExpired: () => Effect.fail(problem("plan-expired")),
              ConfirmationRequired: ({ overwrites }) =>
                Effect.fail(
                  problem("confirmation-required", {
                    detail: `The plan would overwrite ${overwrites} newer ${overwrites === 1 ? "value" : "values"} of the CRM.`,
                    errors: [{ field: "overwrites", code: "not-confirmed" }]
                  })
                )
            })
          )
          return { skipped: run.skipped, run: runView(run) }
        }),
        checklist: Effect.fn(function* ({ params }) {
          const { firmId } = yield* CurrentFirm
          const connection = yield* connections.get(firmId, params.id).pipe(Effect.mapError(notFound))
          const manifest = Option.getOrUndefined(plugins.manifest(connection.plugin))
          const receipts = yield* latest(params.id)
          const known = new Map((manifest?.webhook.options ?? []).map((option) => [normaliseKey(option), option]))
          return {
            items: checklist({
              isConnected: connection.state === "connected",
              webhookScreen: screenOf(connection, manifest, rehearsal),
              // One that came while a switch was off shows as well that the address is right.
              lastWebhook: connection.health.lastWebhook ?? receipts.find(isTaken)?.receivedAt ?? null,
              wasTested: receipts.some(({ disposition }) => disposition._tag === "Test"),
              optionsSeen: [
                ...new Set(
                  receipts.flatMap((receipt) => keysOf(receipt).flatMap((key) => known.get(normaliseKey(key)) ?? []))
                )
              ].sort(),
              links: connection.caseTypeLinks,
              toggles: connection.toggles
            })
          }
        })
      })
    })
  )

const isTaken = ({ disposition }: Receipt): boolean => disposition._tag === "Accepted" || disposition._tag === "Ignored"

/** The names of what came, in the URL or in the body. */
const keysOf = ({ body, disposition, mediaType, query }: Receipt): ReadonlyArray<string> => {
  const entries = disposition._tag === "Accepted" ? parseBody(mediaType, body) : undefined
  const inBody = entries?._tag === "Success" ? entries.success.map(([key]) => key) : []
  return [...query.map(([key]) => key), ...inBody]
}

/** `rehearsal`: the sandbox that stands for a CRM, where the operator runs one. */
export const layerSubscriptionHandlers = (rehearsal: Rehearsal | null) =>
  Layer.mergeAll(layerSubscriptions, layerRuns, layerStatusSync(rehearsal))
