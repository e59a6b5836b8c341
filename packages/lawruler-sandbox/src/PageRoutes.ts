/**
 * Paths of the web page and what its forms do. A form ends in a redirect that
 * carries one sentence about what happened. Posts from other sites are refused:
 * the sandbox has no login that could tell them apart.
 */
import { Effect, Fiber, Option } from "effect"
import { type AdminCall, type AdminRoute, namedLead, namedPortal, on } from "./AdminRoutes.ts"
import { type Answer, redirect } from "./Answer.ts"
import { html } from "./Markup.ts"
import { page } from "./PageLayout.ts"
import { home, leadPage, portalPage } from "./PageViews.ts"
import { changeStatus, statusesOf } from "./Portal.ts"
import { Portals } from "./Portals.ts"
import { Problem } from "./Problem.ts"
import { readForm } from "./Request.ts"
import { type Delivery, isHttpUrl, makeRow } from "./WebhookRow.ts"
import { Webhooks } from "./Webhooks.ts"

const ui = "/_sandbox/ui"

const said = ({ request }: AdminCall): string | undefined => request.query.get("said") ?? undefined

const back = (path: string, sentence: string): Answer => redirect(`${path}?said=${encodeURIComponent(sentence)}`)

const form = (route: (call: AdminCall, values: ReadonlyMap<string, string>) => ReturnType<AdminRoute["run"]>) =>
  Effect.fnUntraced(function* (call: AdminCall): Effect.fn.Return<Answer, Problem, Portals | Webhooks> {
    const site = call.request.headers["sec-fetch-site"]
    if (site !== undefined && site !== "same-origin" && site !== "none") {
      return yield* new Problem({ status: 403, title: "This form takes posts from its own page only", errors: [] })
    }
    const values = Option.map(yield* readForm(call.request), ({ values }) => values)
    return yield* route(
      call,
      Option.getOrElse(values, () => new Map<string, string>())
    )
  })

const describe = (deliveries: ReadonlyArray<Delivery>): string =>
  deliveries.length === 0
    ? "No webhook row matches; nothing was sent."
    : deliveries.map(({ error, status, webhookId }) => `Row ${webhookId}: ${status ?? error}.`).join(" ")

const setStatus = form(
  Effect.fnUntraced(function* (call, values) {
    const { lead, portal } = yield* namedLead(call)
    const status = statusesOf(portal, lead.caseTypeId).find(({ id }) => String(id) === values.get("status"))
    if (status === undefined) return yield* Problem.field("status", "is not a status of this case type")
    const here = `${ui}/${portal.credentials.root}/leads/${lead.leadId}`
    if (!changeStatus(lead, status, "staff", call.now))
      return back(here, "The lead had that status already; nothing fired.")
    yield* Fiber.join(yield* (yield* Webhooks).fire(portal, lead)).pipe(Effect.timeoutOption(2000))
    return back(here, `Status is now ${status.name}.`)
  })
)

const sendViaWebhook = form(
  Effect.fnUntraced(function* (call) {
    const { lead, portal } = yield* namedLead(call)
    const deliveries = yield* (yield* Webhooks).send(portal, lead)
    return back(`${ui}/${portal.credentials.root}/leads/${lead.leadId}`, describe(deliveries))
  })
)

const testRow = form(
  Effect.fnUntraced(function* (call) {
    const portal = yield* namedPortal(call)
    const row = portal.webhooks.get(Number(call.params["webhookId"]))
    if (row === undefined) return yield* Problem.notFound("This webhook row")
    const delivery = yield* (yield* Webhooks).test(portal, row)
    return back(
      `${ui}/${portal.credentials.root}`,
      `Test of row ${row.webhookId} answered ${delivery.status ?? delivery.error}.`
    )
  })
)

const addRow = form(
  Effect.fnUntraced(function* (call, values) {
    const portal = yield* namedPortal(call)
    const url = values.get("url") ?? ""
    if (!isHttpUrl(url)) return yield* Problem.field("url", "must be an http or https URL")
    const chosen = (name: string) => {
      const id = values.get(name) ?? "all"
      return /^\d+$/.test(id) ? [Number(id)] : ("all" as const)
    }
    const row = makeRow(portal.nextId.webhook++, { url, caseTypes: chosen("casetypes"), statuses: chosen("statuses") })
    portal.webhooks.set(row.webhookId, row)
    return back(`${ui}/${portal.credentials.root}`, `Row ${row.webhookId} added.`)
  })
)

const reset = form(() =>
  Effect.gen(function* () {
    yield* (yield* Portals).reset
    return back("/", "Everything is as seeded.")
  })
)

/** A problem for a person. */
export const problemPage = (problem: Problem): Answer =>
  page(
    "That did not work",
    html`<p>${problem.title}</p>
      <p><a href="/">All portals</a></p>`,
    { status: problem.status }
  )

export const pageRoutes: ReadonlyArray<AdminRoute> = [
  on("GET", "/", (call) => Effect.map(Portals, (portals) => home(portals.all(), said(call)))),
  on("GET", ui, () => Effect.succeed(redirect("/"))),
  on("POST", `${ui}/reset`, reset),
  on("GET", `${ui}/:root`, (call) => Effect.map(namedPortal(call), (portal) => portalPage(portal, said(call)))),
  on("POST", `${ui}/:root/webhooks`, addRow),
  on("POST", `${ui}/:root/webhooks/:webhookId/test`, testRow),
  on("GET", `${ui}/:root/leads`, (call) =>
    Effect.map(namedPortal(call), ({ credentials }) =>
      redirect(`${ui}/${credentials.root}/leads/${encodeURIComponent(call.request.query.get("lead")?.trim() ?? "")}`)
    )
  ),
  on("GET", `${ui}/:root/leads/:leadId`, (call) =>
    Effect.map(namedLead(call), ({ lead, portal }) => leadPage(portal, lead, said(call)))
  ),
  on("POST", `${ui}/:root/leads/:leadId/status`, setStatus),
  on("POST", `${ui}/:root/leads/:leadId/send`, sendViaWebhook)
]
