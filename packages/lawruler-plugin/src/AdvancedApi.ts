/**
 * Calls to the Advanced API: one route, one answer decoded by schema. A login that ended heals itself once. Whatever is
 * not plainly a success is a typed failure: an envelope that says no, a page of HTML, text that is cut short. After a
 * write such an answer leaves the outcome unknown.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp, type CrmRequest, type CrmResponse } from "@casewire/core/ports/CrmHttp"
import { Effect, Option, Predicate, Redacted, Schema } from "effect"
import * as Failure from "./Failure.ts"
import type { Session } from "./SignIn.ts"
import { type Route, wire } from "./WireProfile.ts"

export interface Call {
  readonly query?: ReadonlyArray<readonly [string, string]>
  readonly body?: Schema.Json
  /** In place of a JSON body. */
  readonly multipart?: Extract<CrmRequest["body"], { _tag: "Multipart" }>["parts"]
  /** Whether the call may change something in the CRM. */
  readonly changes?: boolean
}

/** `count` is the total over all pages, where the CRM says it. */
interface Answer<A> {
  readonly data: A
  readonly count: number | undefined
}

export interface AdvancedApi {
  readonly call: <A>(route: Route, schema: Schema.Decoder<A>, call?: Call) => Effect.Effect<Answer<A>, CrmError>
  /** None where the portal does not have the route. */
  readonly callIfThere: <A>(
    route: Route,
    schema: Schema.Decoder<A>,
    call?: Call
  ) => Effect.Effect<Option.Option<Answer<A>>, CrmError>
  /** Streams the answer into the host's document store; answers its size. */
  readonly download: (
    route: Route,
    into: NonNullable<CrmRequest["into"]>,
    call: Call
  ) => Effect.Effect<number, CrmError>
  /** Every item of a list that comes in pages. */
  readonly all: <A>(route: Route, item: Schema.Decoder<A>, call?: Call) => Effect.Effect<ReadonlyArray<A>, CrmError>
}

export const makeAdvancedApi = Effect.fnUntraced(function* (session: Session) {
  const http = yield* CrmHttp

  const sendOnce = Effect.fnUntraced(function* (route: Route, call: Call, into?: CrmRequest["into"]) {
    const token = yield* session.token
    const response = yield* http.send({
      origin: "advanced",
      method: route.method,
      path: route.path,
      ...(call.query === undefined ? {} : { query: call.query }),
      ...(call.body === undefined ? {} : { body: { _tag: "Json", value: call.body } }),
      ...(call.multipart === undefined ? {} : { body: { _tag: "Multipart", parts: call.multipart } }),
      ...(into === undefined ? {} : { into }),
      bearer: Redacted.value(token),
      changes: call.changes === true
    })
    return { response, token }
  })

  const send = Effect.fnUntraced(function* (route: Route, call: Call, into?: CrmRequest["into"]) {
    const { response, token } = yield* sendOnce(route, call, into)
    if (response.status !== 401 && response.status !== 403) return response
    yield* session.discard(token)
    return (yield* sendOnce(route, call, into)).response
  })

  const callIfThere: AdvancedApi["callIfThere"] = Effect.fnUntraced(function* (route, schema, call = {}) {
    const response = yield* send(route, call)
    if (response.status === 404) return Option.none()
    return Option.some(yield* readAnswer(route, schema, response, call.changes === true))
  })

  const call: AdvancedApi["call"] = Effect.fnUntraced(function* (route, schema, call = {}) {
    const answer = yield* callIfThere(route, schema, call)
    return Option.isSome(answer) ? answer.value : yield* Failure.ofStatus(404, route.name, false)!
  })

  const download: AdvancedApi["download"] = Effect.fnUntraced(function* (route, into, call) {
    const response = yield* send(route, call, into)
    if (response.stored !== undefined) return response.stored.size
    // Whatever came as text is no document: the envelope that says why, or a page.
    yield* readAnswer(route, Schema.Unknown, response, false)
    return yield* Failure.answerInvalid(`${route.name} answered without a document`)
  })

  const all: AdvancedApi["all"] = Effect.fnUntraced(function* <A>(
    route: Route,
    item: Schema.Decoder<A>,
    given: Call = {}
  ) {
    const items: Array<A> = []
    for (let page = 1; ; page++) {
      const { count, data } = yield* call(route, Schema.Array(item), {
        ...given,
        query: [...(given.query ?? []), ...pageQuery(page)]
      })
      items.push(...data)
      if (isLastPage(page, data.length, count)) return items
    }
  })

  return { call, callIfThere, download, all } satisfies AdvancedApi
})

export const pageQuery = (page: number): ReadonlyArray<readonly [string, string]> => [
  ["page", String(page)],
  ["pageSize", String(wire.pageSize)]
]

/** The count decides where there is one; without it a short page ends the list. */
export const isLastPage = (page: number, items: number, count: number | undefined): boolean =>
  items === 0 || (count === undefined ? items < wire.pageSize : page * wire.pageSize >= count)

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const readAnswer = Effect.fnUntraced(function* <A>(
  route: Route,
  schema: Schema.Decoder<A>,
  { body, status }: CrmResponse,
  changes: boolean
) {
  const failed = Failure.ofStatus(status, route.name, changes)
  if (failed !== undefined) return yield* failed
  const unreadable = changes ? Failure.outcomeUnknown : Failure.answerInvalid
  if (body.trimStart().startsWith("<")) return yield* unreadable(`${route.name} answered with a page of HTML`)
  const json = parseJson(body)
  if (Option.isNone(json)) return yield* unreadable(`${route.name} answered with broken JSON`)
  const envelope = json.value
  if (Predicate.hasProperty(envelope, "IsSuccess") && envelope.IsSuccess === false) {
    const message = Predicate.hasProperty(envelope, "ErrorMessage") ? String(envelope.ErrorMessage) : ""
    return yield* Failure.ofWords(message, route.name, changes)
  }
  const wrapped = Predicate.hasProperty(envelope, "Data") && envelope.Data !== null
  const count =
    Predicate.hasProperty(envelope, "Count") && Predicate.isNumber(envelope.Count) ? envelope.Count : undefined
  const data = Schema.decodeUnknownOption(schema)(wrapped ? envelope.Data : envelope)
  if (Option.isNone(data)) return yield* unreadable(`${route.name} answered in a shape that is not known`)
  return { data: data.value, count } satisfies Answer<A>
})
