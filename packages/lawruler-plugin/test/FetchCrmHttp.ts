/** A small `CrmHttp` over fetch, with a deadline; remembers every request line. */
import { CrmError, CrmOutcomeUnknown, CrmRateLimited, CrmUnreachable } from "@casewire/core/ports/Crm"
import { CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { Clock, Effect, Layer } from "effect"

export const fetchCrmHttp = (origins: Readonly<Record<string, string>>, deadlineMs: number, lines: Array<string>) =>
  Layer.succeed(CrmHttp, {
    send: Effect.fnUntraced(function* (request: CrmRequest) {
      const url = new URL(request.path, origins[request.origin])
      for (const [name, value] of request.query ?? []) url.searchParams.append(name, value)
      lines.push(`${request.method} ${url.pathname}${url.search}`)
      const answer = yield* Effect.tryPromise(async (signal) => {
        const response = await fetch(url, { method: request.method, redirect: "manual", signal, ...bodyOf(request) })
        return { response, body: await response.text() }
      }).pipe(
        Effect.timeout(deadlineMs),
        Effect.mapError(() => {
          const Reason = request.changes ? CrmOutcomeUnknown : CrmUnreachable
          return new CrmError({ reason: new Reason({ message: "no complete answer came" }) })
        })
      )
      const { body, response } = answer
      if (response.status === 429) {
        const seconds = Number(response.headers.get("retry-after") ?? "x")
        const now = yield* Clock.currentTimeMillis
        const until = Number.isFinite(seconds) ? Math.round(now + seconds * 1000) : null
        return yield* new CrmError({ reason: new CrmRateLimited({ until }) })
      }
      return { status: response.status, contentType: response.headers.get("content-type") ?? "", body }
    })
  })

const bodyOf = ({ bearer, body }: CrmRequest): RequestInit => {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  if (body === undefined) return { headers }
  return body._tag === "Form"
    ? { headers, body: new URLSearchParams(body.fields.map(([name, value]): [string, string] => [name, value])) }
    : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body.value) }
}
