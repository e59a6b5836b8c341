/**
 * How admin paths find their handler: a method and a pattern whose `:names` become
 * parameters. A path that exists under other methods answers 405.
 */
import { Effect } from "effect"
import type { Answer } from "./Answer.ts"
import type { Portal } from "./Portal.ts"
import { Portals } from "./Portals.ts"
import { Problem } from "./Problem.ts"
import type { Request } from "./Request.ts"
import type { Webhooks } from "./Webhooks.ts"
import type { Lead } from "./Lead.ts"

export interface AdminCall {
  readonly request: Request
  readonly params: Readonly<Record<string, string>>
  readonly now: number
}

export interface AdminRoute {
  readonly method: string
  readonly pattern: string
  readonly run: (call: AdminCall) => Effect.Effect<Answer, Problem, Portals | Webhooks>
}

export const on = (method: string, pattern: string, run: AdminRoute["run"]): AdminRoute => ({ method, pattern, run })

const match = (pattern: string, path: string): Record<string, string> | undefined => {
  const wanted = pattern.split("/")
  const given = path.split("/")
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ""
    if (part.startsWith(":")) params[part.slice(1)] = value
    else if (part !== value) return undefined
  }
  return params
}

export const dispatch = Effect.fnUntraced(function* (
  routes: ReadonlyArray<AdminRoute>,
  request: Request,
  now: number
): Effect.fn.Return<Answer, Problem, Portals | Webhooks> {
  const path = request.path.length > 1 ? request.path.replace(/\/$/, "") : request.path
  const allowed: Array<string> = []
  for (const route of routes) {
    const params = match(route.pattern, path)
    if (params === undefined) continue
    if (route.method === request.method) return yield* route.run({ request, params, now })
    allowed.push(route.method)
  }
  return yield* allowed.length === 0
    ? Problem.notFound("This path")
    : new Problem({ status: 405, title: `Use ${allowed.join(" or ")} here`, errors: [] })
})

export const namedPortal = Effect.fnUntraced(function* ({
  params
}: AdminCall): Effect.fn.Return<Portal, Problem, Portals> {
  const portal = (yield* Portals).get(params["root"] ?? "")
  return portal ?? (yield* Problem.notFound(`Portal ${params["root"]}`))
})

export const namedLead = Effect.fnUntraced(function* (
  call: AdminCall
): Effect.fn.Return<{ portal: Portal; lead: Lead }, Problem, Portals> {
  const portal = yield* namedPortal(call)
  const lead = portal.leads.get(Number(call.params["leadId"]))
  if (lead === undefined) return yield* Problem.notFound(`Lead ${call.params["leadId"]}`)
  return { portal, lead }
})
