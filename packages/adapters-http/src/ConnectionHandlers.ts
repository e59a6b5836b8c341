/** Connections and the previews of decisions: requests translated to the core's doors, and answers back. */
import { Effect, Layer, Redacted, Stream, Option } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { CrmConnections } from "@casewire/core/CrmConnections"
import { Disconnect } from "@casewire/core/Disconnect"
import type { Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { linkOf } from "@casewire/core/domain/Mapping"
import { decide, type Verdict } from "@casewire/core/domain/Merge"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import {
  intake,
  isFieldSyncEffective,
  isStatusInboundEffective,
  isStatusOutboundEffective,
  outbound,
  type OutboundKind,
  switched,
  type Toggles
} from "@casewire/core/domain/Toggles"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm } from "@casewire/core/ports/Crm"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Setup } from "@casewire/core/Setup"
import { crmFailed, notFound, problem, setupInvalid } from "./Problems.ts"
import { PublicUrl } from "./PublicUrl.ts"
import { connectionView, runView } from "./Views.ts"

const day = 86_400_000
const unconfirmed = { field: "confirm", code: "not-the-name" }

export const layerPlugins = HttpApiBuilder.group(
  Api,
  "plugins",
  Effect.fn(function* (handlers) {
    const plugins = yield* Plugins
    return handlers.handleAll({ list: () => Effect.map(plugins.manifests, (all) => ({ plugins: all })) })
  })
)

export const layerConnections = HttpApiBuilder.group(
  Api,
  "connections",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    const crms = yield* CrmConnections
    const ending = yield* Disconnect
    const plugins = yield* Plugins
    const publicUrl = yield* PublicUrl
    const setup = yield* Setup

    const webhookUrl = Effect.fnUntraced(function* (connection: Connection) {
      return `${yield* publicUrl.base}/webhooks/${connection.plugin}`
    })
    const view = Effect.fnUntraced(function* (connection: Connection) {
      const secrets = yield* connections.credentials(connection.firmId, connection.id).pipe(Effect.mapError(notFound))
      return connectionView(connection, plugins.manifest(connection.plugin), secrets, yield* webhookUrl(connection))
    })
    const get = Effect.fnUntraced(function* (id: ConnectionId) {
      const { firmId } = yield* CurrentFirm
      return yield* connections.get(firmId, id).pipe(Effect.mapError(notFound))
    })
    const catalog = Effect.fnUntraced(function* (id: ConnectionId) {
      const { firmId } = yield* CurrentFirm
      // The connection is asked for first, so that no CRM is made for an id of another firm.
      yield* get(id)
      return yield* Effect.flatMap(Crm, (crm) => crm.catalog({})).pipe(
        Effect.provide(crms.get(firmId, id)),
        Effect.catchTags({
          ConnectionNotFound: (error) => Effect.fail(notFound(error)),
          CrmError: (error) => Effect.fail(crmFailed(error))
        })
      )
    })

    return handlers.handleAll({
      create: Effect.fn(function* ({ payload }) {
        const { firmId } = yield* CurrentFirm
        const connection = yield* setup
          .connect(firmId, {
            plugin: payload.plugin,
            name: payload.name ?? "",
            sandbox: payload.sandbox ?? false,
            callLimit: payload.callLimit ?? null,
            values: payload.values
          })
          .pipe(Effect.mapError(setupInvalid))
        return yield* Effect.orDie(view(connection))
      }),
      list: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        const all = yield* connections.list(firmId)
        return { connections: yield* Effect.orDie(Effect.forEach(all, view)) }
      }),
      get: ({ params }) => Effect.flatMap(get(params.id), view),
      setCredentials: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const connection = yield* setup.reconnect(firmId, params.id, payload.values).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            SetupInvalid: (error) => Effect.fail(setupInvalid(error))
          })
        )
        return yield* view(connection)
      }),
      whatErasingRemoves: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const { connection, inventory } = yield* ending.preview(firmId, params.id).pipe(Effect.mapError(notFound))
        return { name: connection.name, state: connection.state, counts: inventory }
      }),
      disconnect: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        if (payload.data === "keep") {
          yield* ending.keep(firmId, params.id).pipe(Effect.mapError(notFound))
          return { state: "disconnected" as const, run: null }
        }
        const run = yield* ending.erase(firmId, params.id, { confirm: payload.confirm ?? "", by: name }).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            ErasureUnconfirmed: () => Effect.fail(problem("confirmation-required", { errors: [unconfirmed] }))
          })
        )
        return { state: run.state === "done" ? ("erased" as const) : ("erasing" as const), run: runView(run) }
      }),
      verify: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        yield* get(params.id)
        const { headers } = yield* HttpServerRequest.HttpServerRequest
        const checks = setup.verify(firmId, params.id)
        if (headers["accept"]?.includes("application/x-ndjson") === true)
          // A failure in the middle can no longer be a status, so it is the last line.
          return HttpServerResponse.stream(
            checks.pipe(
              Stream.catchTags({
                ConnectionNotFound: () => Stream.empty,
                CrmError: (error) => Stream.succeed({ problem: crmFailed(error) })
              }),
              Stream.map((line) => `${JSON.stringify(line)}\n`),
              Stream.encodeText
            ),
            { contentType: "application/x-ndjson" }
          )
        const found = yield* Stream.runCollect(checks).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            CrmError: (error) => Effect.fail(crmFailed(error))
          })
        )
        const { state } = yield* get(params.id)
        return { ok: found.every((check) => check.ok || !check.required), state, checks: found }
      }),
      issueWebhookToken: Effect.fn(function* ({ params, payload }) {
        const connection = yield* get(params.id)
        const { beside = false, locked = {}, overlapDays = 0 } = payload
        const declared = Option.getOrUndefined(plugins.manifest(connection.plugin))?.webhook.options ?? []
        const wrong = Object.keys(locked).filter((option) => !declared.includes(option))
        if (wrong.length > 0)
          return yield* Effect.fail(
            problem("request-invalid", {
              errors: wrong.map((name) => ({ field: `locked.${name}`, code: "unsupported" }))
            })
          )
        const fixed = Object.entries(locked).flatMap(([name, value]) =>
          value.trim() === "" ? [] : [[name, value.trim()] as const]
        )
        const secret = yield* setup
          .issueWebhookToken(connection.firmId, connection.id, Math.round(overlapDays * day), { beside, locked: fixed })
          .pipe(Effect.mapError(notFound))
        const token = Redacted.value(secret)
        return { url: `${yield* webhookUrl(connection)}?token=${token}`, token, locked }
      }),
      setToggles: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const set = setup.setToggles(firmId, params.id, payload, name)
        return yield* Effect.flatMap(set.pipe(Effect.mapError(notFound)), view)
      }),
      toggleHistory: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* get(params.id)
        const changes = yield* connections.switchLog(firmId, id, { limit: query.limit ?? 50 })
        return {
          changes: changes.map((change) => {
            const { off, on } = switched(change)
            return { at: change.at, by: change.by, turnedOn: on, turnedOff: off, toggles: change.after }
          })
        }
      }),
      setCallLimit: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const connection = yield* setup.setCallLimit(firmId, params.id, payload.callLimit).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            SetupInvalid: (error) => Effect.fail(setupInvalid(error))
          })
        )
        return yield* view(connection)
      }),
      links: ({ params }) => Effect.map(get(params.id), ({ caseTypeLinks }) => ({ links: caseTypeLinks })),
      setLinks: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const { caseTypeLinks } = yield* setup.setLinks(firmId, params.id, payload.links).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            SetupInvalid: (error) => Effect.fail(setupInvalid(error))
          })
        )
        return { links: caseTypeLinks }
      }),
      aliases: ({ params }) => Effect.map(get(params.id), ({ aliases }) => ({ aliases })),
      setAliases: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const { aliases } = yield* setup.setAliases(firmId, params.id, payload.aliases).pipe(
          Effect.catchTags({
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            SetupInvalid: (error) => Effect.fail(setupInvalid(error))
          })
        )
        return { aliases }
      }),
      catalog: ({ params }) => catalog(params.id),
      caseTypes: Effect.fn(function* ({ params }) {
        const { caseTypeLinks } = yield* get(params.id)
        const { caseTypes } = yield* catalog(params.id)
        return {
          caseTypes: caseTypes.map((caseType) => {
            const verdict = linkOf(caseTypeLinks, caseType)
            return verdict._tag === "Linked"
              ? { caseType, linked: true, platformCaseType: verdict.platformCaseType, reason: null }
              : { caseType, linked: false, platformCaseType: null, reason: verdict.reason }
          })
        }
      })
    })
  })
)

const verdictWord = {
  Remember: "remember",
  Nothing: "nothing",
  Send: "send",
  Settled: "settled",
  Apply: "apply"
} as const satisfies Record<Verdict["_tag"], string>

export const layerDecisions = HttpApiBuilder.group(
  Api,
  "decisions",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    const get = Effect.fnUntraced(function* (id: ConnectionId) {
      const { firmId } = yield* CurrentFirm
      return yield* connections.get(firmId, id).pipe(Effect.mapError(notFound))
    })
    return handlers.handleAll({
      merge: Effect.fn(function* ({ params, payload }) {
        const { toggles } = yield* get(params.id)
        const target = payload.target ?? null
        const effective =
          payload.effective ??
          (target === null ? isStatusInboundEffective(toggles) : isStatusOutboundEffective(toggles))
        const verdict = decide({ value: payload.value, read: payload.read, target, effective, same: sameStatus })
        return {
          verdict: verdictWord[verdict._tag],
          effective,
          value: verdict.value,
          superseded: verdict._tag === "Apply" ? verdict.superseded : null
        }
      }),
      toggles: Effect.fn(function* ({ params, payload }) {
        yield* get(params.id)
        const webhooks = intake(payload)
        return {
          webhooks:
            webhooks._tag === "Accept"
              ? ({ verdict: "accept", reason: null } as const)
              : ({ verdict: "ignore", reason: webhooks.reason } as const),
          outbound: {
            message: outboundView("message", payload),
            call: outboundView("call", payload),
            document: outboundView("document", payload),
            field: outboundView("field", payload),
            status: outboundView("status", payload)
          },
          statusInboundEffective: isStatusInboundEffective(payload),
          statusOutboundEffective: isStatusOutboundEffective(payload),
          fieldSyncEffective: isFieldSyncEffective(payload)
        }
      })
    })
  })
)

const outboundView = (kind: OutboundKind, toggles: Toggles) => {
  const verdict = outbound(kind, toggles)
  return verdict._tag === "Send"
    ? ({ verdict: "send", reason: null } as const)
    : ({ verdict: verdict._tag === "Drop" ? "drop" : "hold", reason: verdict.reason } as const)
}

export const layerConnectionHandlers = Layer.mergeAll(layerPlugins, layerConnections, layerDecisions)
