/**
 * What every call to a portal's APIs passes: rate limit, then one fault at most,
 * then the work, then the call log. Faults are applied here and nowhere else, so
 * the APIs themselves stay free of them. Work that was begun is finished even when
 * the client has hung up, as it would be on a real server.
 */
import { Clock, Effect, Fiber } from "effect"
import { advancedOperation, notEnabled, notFound } from "./AdvancedApi.ts"
import { type Answer, aspNetError, bodyBytes, html } from "./Answer.ts"
import type { ApiCall, Operation } from "./ApiCall.ts"
import { type Fault, takeFault } from "./Fault.ts"
import { bearerToken, isAuthorized, tokenOperation, unauthorized, wrongClient } from "./Identity.ts"
import { legacyOperation, legacyPages } from "./LegacyApi.ts"
import { inboxLeads } from "./AdvancedLeads.ts"
import { type Portal, recordCall } from "./Portal.ts"
import { Portals } from "./Portals.ts"
import { countCall, tooMany } from "./RateLimit.ts"
import { Webhooks } from "./Webhooks.ts"
import { type Wire, whole } from "./Wire.ts"

/** Durations of `slow` and `late-commit` faults that name none. */
export interface FaultDurations {
  readonly slowMs: number
  readonly lateCommitMs: number
}

const perform = Effect.fnUntraced(function* (operation: Operation, call: ApiCall) {
  const webhooks = yield* Webhooks
  const now = yield* Clock.currentTimeMillis
  const { answer, fires } = operation.run({ ...call, now })
  if (fires !== undefined && call.portal.settings.fireOnApiWrite) yield* webhooks.fire(call.portal, fires)
  return answer
}, Effect.uninterruptible)

const performDetached = Effect.fnUntraced(function* (operation: Operation, call: ApiCall, afterMs: number) {
  const portals = yield* Portals
  const work = Effect.provideService(Effect.delay(perform(operation, call), afterMs), Webhooks, yield* Webhooks)
  return yield* portals.background(work)
})

const statusPage = (status: number, title: string): Answer =>
  html(
    `<!DOCTYPE html><html><head><title>${title}</title></head><body><h2>${status} - ${title}</h2></body></html>`,
    status
  )

const throttled = (fault: Fault, now: number): Answer => {
  const given = fault.retryAfter ?? 1
  const seconds = typeof given === "number" ? given : 1
  const header =
    given === "none" ? undefined : given === "http-date" ? new Date(now + 1000).toUTCString() : String(given)
  return tooMany(seconds, header)
}

const otherLead = (portal: Portal, leadId: number): number =>
  [...portal.leads.keys()].find((other) => other !== leadId) ?? leadId

/** A read is done about another lead; a write is done right and answers with the wrong number. */
const wrongLead = Effect.fnUntraced(function* (operation: Operation, call: ApiCall) {
  const { leadId } = operation
  if (leadId === undefined) return yield* perform(operation, call)
  const other = otherLead(call.portal, leadId)
  if (operation.reads) return yield* perform(operation, operation.about(call, other))
  const answer = yield* perform(operation, call)
  return typeof answer.body === "string"
    ? { ...answer, body: answer.body.replaceAll(String(leadId), String(other)) }
    : answer
})

/** After the answer was made, the lead at the end of the list changes, so the next page shifts by one. */
const pageDrift = Effect.fnUntraced(function* (operation: Operation, call: ApiCall) {
  const answer = yield* perform(operation, call)
  const last = inboxLeads(call.portal).at(-1)
  if (last !== undefined) last.updateDateTime = yield* Clock.currentTimeMillis
  return answer
})

/** The answer's list as another one; an answer that holds none stays as it is. */
const withList = (answer: Answer, change: (list: ReadonlyArray<unknown>) => ReadonlyArray<unknown>): Answer => {
  if (typeof answer.body !== "string" || !answer.body.startsWith("{")) return answer
  const envelope: Readonly<Record<string, unknown>> = JSON.parse(answer.body)
  if (!Array.isArray(envelope["Data"])) return answer
  return { ...answer, body: JSON.stringify({ ...envelope, Data: change(envelope["Data"]) }) }
}

/** An entity that a careless XML reader would expand. */
const withDoctype = (answer: Answer): Answer => {
  const entity = '<!DOCTYPE Lead [<!ENTITY status "Signed e-Sign">]>'
  const [declaration, ...rest] = typeof answer.body === "string" ? answer.body.split("?>") : []
  return rest.length === 0 ? answer : { ...answer, body: `${declaration}?>${entity}${rest.join("?>")}` }
}

const strike = Effect.fnUntraced(function* (
  fault: Fault,
  operation: Operation,
  call: ApiCall,
  durations: FaultDurations
): Effect.fn.Return<Wire, never, Portals | Webhooks> {
  switch (fault.kind) {
    case "429":
      return whole(throttled(fault, call.now))
    case "401":
      return whole(unauthorized())
    case "403":
      return whole(statusPage(403, "Forbidden: Access is denied."))
    case "404":
      return whole(statusPage(404, "File or directory not found."))
    case "500":
      return whole(aspNetError("Object reference not set to an instance of an object."))
    case "200-error":
      return whole(operation.failure("An unexpected error occurred. Please try again."))
    case "expired-token": {
      const token = bearerToken(call)
      if (token !== undefined) call.portal.tokens.delete(token)
      return whole(unauthorized())
    }
    case "slow":
      return whole(yield* Fiber.join(yield* performDetached(operation, call, fault.ms ?? durations.slowMs)))
    case "truncated": {
      const answer = yield* perform(operation, call)
      if (fault.abort === true) return { way: "break-off", answer }
      const body = bodyBytes(answer)
      return whole({ ...answer, body: body.slice(0, Math.floor(body.length / 2)) })
    }
    case "answer-lost":
      yield* perform(operation, call)
      return { way: "hang-up" }
    case "late-commit":
      yield* performDetached(operation, call, fault.ms ?? durations.lateCommitMs)
      return { way: "hang-up" }
    case "wrong-lead":
      return whole(yield* wrongLead(operation, call))
    case "drip":
      return { way: "drip", answer: yield* perform(operation, call), ms: fault.ms ?? durations.slowMs }
    case "page-drift":
      return whole(yield* pageDrift(operation, call))
    case "empty":
      return whole({ ...(yield* perform(operation, call)), body: "" })
    case "duplicated":
      return whole(withList(yield* perform(operation, call), (list) => [...list, ...list]))
    case "reordered":
      return whole(withList(yield* perform(operation, call), (list) => list.toReversed()))
    case "doctype":
      return whole(withDoctype(yield* perform(operation, call)))
    case "wrong-client":
      return whole(wrongClient())
    // These strike deliveries; the admin API takes them for nothing else.
    case "duplicate":
    case "reorder":
    case "delay":
    case "lose":
    case "retry":
      return whole(yield* perform(operation, call))
  }
})

interface Route {
  readonly api: "token" | "legacy" | "advanced"
  readonly operation: Operation
}

/** `path` is what follows the client root; undefined is nothing this portal serves. */
const routeOf = (call: ApiCall, path: string): Route | Answer => {
  const lowerCase = path.toLowerCase()
  if (lowerCase === "identity/connect/token") return { api: "token", operation: tokenOperation }
  if (legacyPages.includes(lowerCase)) return { api: "legacy", operation: legacyOperation(call) }
  if (!lowerCase.startsWith("api")) return statusPage(404, "File or directory not found.")
  if (!call.portal.settings.advancedEnabled) return notEnabled()
  if (!isAuthorized(call)) return unauthorized()
  const operation = advancedOperation(call, path)
  return operation === undefined ? notFound() : { api: "advanced", operation }
}

export const handle = Effect.fn("Gateway.handle")(function* (call: ApiCall, path: string, durations: FaultDurations) {
  const { now, portal, request } = call
  const log = (operation: string, status: number, fault?: Fault) =>
    recordCall(portal, {
      at: now,
      method: request.method,
      path: request.path,
      operation,
      status,
      ...(fault === undefined ? {} : { fault: fault.kind })
    })

  const route = routeOf(call, path)
  if (!("operation" in route)) {
    log("none", route.status)
    return whole(route)
  }
  const { api, operation } = route
  const refused = api === "token" ? undefined : countCall(portal, api, now)
  if (refused !== undefined) {
    log(operation.name, refused.status)
    return whole(refused)
  }
  const names = new Set([operation.name, ...operation.aliases, "any"].map((name) => name.toLowerCase()))
  const fault = takeFault(portal, { names, leadId: operation.leadId })
  const wire =
    fault === undefined
      ? whole(yield* perform(operation, call))
      : yield* strike(fault, operation, call, durations).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log(operation.name, 0, fault)))
        )
  log(operation.name, wire.way === "hang-up" ? 0 : wire.answer.status, fault)
  return wire
})
