/**
 * One call of the CRM's API: signed in, its status judged, its answer decoded by a schema before anything is used. A
 * login that ended is renewed once; a 401 means that nothing was done, so a write may be sent again.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { Effect, Redacted, Schema } from "effect"
import * as Failure from "./Failure.ts"
import type { Session } from "./Session.ts"

export interface Api {
  readonly get: <A, I>(
    path: string,
    answer: Schema.Codec<A, I>,
    query?: CrmRequest["query"]
  ) => Effect.Effect<A, CrmError>
  /** A call that changes something: where no readable answer comes, its outcome is unknown. */
  readonly post: <A, I>(path: string, answer: Schema.Codec<A, I>, value: Schema.Json) => Effect.Effect<A, CrmError>
}

export const makeApi = Effect.fnUntraced(function* (session: Session) {
  const http = yield* CrmHttp

  const send = Effect.fnUntraced(function* (request: CrmRequest) {
    const token = yield* session.token
    const response = yield* http.send({ ...request, bearer: Redacted.value(token) })
    if (response.status === 401) yield* session.discard(token)
    return response
  })

  const call = Effect.fnUntraced(function* <A, I>(request: CrmRequest, answer: Schema.Codec<A, I>) {
    const first = yield* send(request)
    const { body, status } = first.status === 401 ? yield* send(request) : first
    const failed = Failure.ofStatus(status, nameOf(request.path), request.changes)
    if (failed !== undefined) return yield* failed
    return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(answer))(body).pipe(
      Effect.mapError(() => Failure.unreadable(nameOf(request.path), request.changes))
    )
  })

  return {
    get: (path, answer, query = []) => call({ origin: "api", method: "GET", path, query, changes: false }, answer),
    post: (path, answer, value) =>
      call({ origin: "api", method: "POST", path, body: { _tag: "Json", value }, changes: true }, answer)
  } satisfies Api
})

/** The last word of a path: ids do not belong into messages. */
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
