/**
 * The tester's side of a portal: reset, further portals, reading everything back,
 * webhook rows with their Test button, faults and settings.
 */
import { Effect, Schema } from "effect"
import { routeNames } from "./AdvancedApi.ts"
import { type AdminCall, type AdminRoute, namedPortal, on } from "./AdminRoutes.ts"
import { deliveryView, portalView } from "./AdminView.ts"
import { empty, json } from "./Answer.ts"
import { type Fault, FaultRequest, misfit } from "./Fault.ts"
import type { Portal } from "./Portal.ts"
import { Portals } from "./Portals.ts"
import { decodeBody, Problem } from "./Problem.ts"
import { demoPortal, seedPortal } from "./Seed.ts"
import { SettingsPatch } from "./Settings.ts"
import { makeRow, NewWebhook, WebhookPatch, type WebhookRow } from "./WebhookRow.ts"
import { Webhooks } from "./Webhooks.ts"

const summary = ({ credentials, leads, webhooks }: Portal) => ({
  root: credentials.root,
  credentials,
  leads: leads.size,
  webhooks: webhooks.size
})

const NewPortal = Schema.Struct({
  root: Schema.String.check(Schema.isPattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  username: Schema.optionalKey(Schema.String),
  password: Schema.optionalKey(Schema.String),
  clientId: Schema.optionalKey(Schema.String),
  clientSecret: Schema.optionalKey(Schema.String),
  key: Schema.optionalKey(Schema.String)
})

const createPortal = Effect.fnUntraced(function* ({ request }: AdminCall) {
  const portals = yield* Portals
  const body = yield* decodeBody(request, NewPortal)
  if (portals.get(body.root) !== undefined) {
    return yield* Problem.field("root", `portal ${body.root} exists already`, 409)
  }
  const portal = seedPortal({ ...demoPortal, clientId: body.root, ...body })
  portals.add(portal)
  return json(summary(portal), 201)
})

const NewCredentials = Schema.Struct({
  username: Schema.optionalKey(Schema.String),
  password: Schema.optionalKey(Schema.String),
  clientId: Schema.optionalKey(Schema.String),
  clientSecret: Schema.optionalKey(Schema.String),
  key: Schema.optionalKey(Schema.String)
})

/** The firm changes its password or keys: tokens already issued die with them. */
const changeCredentials = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  Object.assign(portal.credentials, yield* decodeBody(call.request, NewCredentials))
  portal.tokens.clear()
  portal.refreshTokens.clear()
  return json(summary(portal))
})

const NewStatus = Schema.Struct({
  name: Schema.NonEmptyString,
  caseTypeIds: Schema.optionalKey(Schema.Array(Schema.Int)),
  open: Schema.optionalKey(Schema.Boolean)
})

const createStatus = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  const body = yield* decodeBody(call.request, NewStatus)
  const status = { open: true, ...body, id: portal.nextId.status++, isDefault: false }
  portal.statuses.push(status)
  return json(status, 201)
})

const renameStatus = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  const { name } = yield* decodeBody(call.request, Schema.Struct({ name: Schema.NonEmptyString }))
  const index = portal.statuses.findIndex(({ id }) => String(id) === call.params["statusId"])
  const status = portal.statuses[index]
  if (status === undefined) return yield* Problem.notFound(`Status ${call.params["statusId"]}`)
  portal.statuses[index] = { ...status, name }
  return json(portal.statuses[index])
})

const namedRow = Effect.fnUntraced(function* (
  call: AdminCall
): Effect.fn.Return<{ portal: Portal; row: WebhookRow }, Problem, Portals> {
  const portal = yield* namedPortal(call)
  const row = portal.webhooks.get(Number(call.params["webhookId"]))
  if (row === undefined) return yield* Problem.notFound(`Webhook ${call.params["webhookId"]}`)
  return { portal, row }
})

const createRow = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  const row = makeRow(portal.nextId.webhook, yield* decodeBody(call.request, NewWebhook))
  portal.nextId.webhook += 1
  portal.webhooks.set(row.webhookId, row)
  return json(row, 201)
})

const editRow = Effect.fnUntraced(function* (call: AdminCall) {
  const { portal, row } = yield* namedRow(call)
  const edited = { ...row, ...(yield* decodeBody(call.request, WebhookPatch)) }
  portal.webhooks.set(row.webhookId, edited)
  return json(edited)
})

const testRow = Effect.fnUntraced(function* (call: AdminCall) {
  const { portal, row } = yield* namedRow(call)
  return json(deliveryView(yield* (yield* Webhooks).test(portal, row)))
})

const targets = ["any", "webhook", "token", "legacy", "advanced", ...routeNames].concat(
  ["create", "update", "status", "note", "getStatus"].map((act) => `legacy.${act}`)
)
const knownTargets = new Set(targets.map((target) => target.toLowerCase()))

const OneOrMore = Schema.Union([FaultRequest, Schema.Array(FaultRequest)])

const addFaults = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  // The list is tried on its own, so that a slip in one fault is named and not "no member of the union fits".
  const isList = /^\s*\[/.test(new TextDecoder().decode(call.request.body.slice(0, 64)))
  const body: typeof OneOrMore.Type = isList
    ? yield* decodeBody(call.request, Schema.Array(FaultRequest))
    : yield* decodeBody(call.request, FaultRequest)
  const requests = [body].flat()
  for (const request of requests) {
    if (!knownTargets.has(request.on.toLowerCase())) {
      return yield* Problem.field("on", `"${request.on}" is nothing a fault can strike; known: ${targets.join(", ")}`)
    }
    const wrong = misfit(request)
    if (wrong !== undefined) return yield* Problem.field("kind", wrong)
  }
  const added = requests.map((request): Fault => ({
    ...request,
    faultId: portal.nextId.fault++,
    times: request.times ?? 1,
    skip: request.skip ?? 0
  }))
  portal.faults.push(...added)
  return json(added, 201)
})

const setSettings = Effect.fnUntraced(function* (call: AdminCall) {
  const portal = yield* namedPortal(call)
  const patch = yield* decodeBody(call.request, SettingsPatch)
  const unknown = Object.keys(patch.routesEnabled ?? {}).find((name) => !routeNames.some((known) => known === name))
  if (unknown !== undefined) {
    return yield* Problem.field(`routesEnabled.${unknown}`, `no such route; known: ${routeNames.join(", ")}`)
  }
  const routesEnabled = { ...portal.settings.routesEnabled, ...patch.routesEnabled }
  portal.settings = { ...portal.settings, ...patch, routesEnabled }
  return json(portal.settings)
})

const base = "/_sandbox/portals/:root"
const row = `${base}/webhooks/:webhookId`

export const portalRoutes: ReadonlyArray<AdminRoute> = [
  on("POST", "/_sandbox/reset", () =>
    Effect.gen(function* () {
      const portals = yield* Portals
      yield* portals.reset
      return json({ portals: portals.all().map(summary) })
    })
  ),
  on("GET", "/_sandbox/portals", () => Effect.map(Portals, (portals) => json(portals.all().map(summary)))),
  on("POST", "/_sandbox/portals", createPortal),
  on("PATCH", base, changeCredentials),
  on("POST", `${base}/statuses`, createStatus),
  on("PATCH", `${base}/statuses/:statusId`, renameStatus),
  on("GET", `${base}/state`, (call) => Effect.map(namedPortal(call), (portal) => json(portalView(portal)))),
  on("GET", `${base}/deliveries`, (call) =>
    Effect.map(namedPortal(call), (portal) => json(portal.deliveries.map(deliveryView)))
  ),
  on("GET", `${base}/webhooks`, (call) =>
    Effect.map(namedPortal(call), (portal) => json([...portal.webhooks.values()]))
  ),
  on("POST", `${base}/webhooks`, createRow),
  on("GET", row, (call) => Effect.map(namedRow(call), ({ row }) => json(row))),
  on("PATCH", row, editRow),
  on("DELETE", row, (call) =>
    Effect.map(namedRow(call), ({ portal, row }) => {
      portal.webhooks.delete(row.webhookId)
      return empty(204)
    })
  ),
  on("POST", `${row}/test`, testRow),
  on("GET", `${base}/faults`, (call) => Effect.map(namedPortal(call), (portal) => json(portal.faults))),
  on("POST", `${base}/faults`, addFaults),
  on("DELETE", `${base}/faults`, (call) =>
    Effect.map(namedPortal(call), (portal) => {
      portal.faults = []
      return empty(204)
    })
  ),
  on("GET", `${base}/settings`, (call) => Effect.map(namedPortal(call), (portal) => json(portal.settings))),
  on("POST", `${base}/settings`, setSettings)
]
