/**
 * The management API, its OpenAPI document and its documentation page as one Effect application. Whatever goes wrong
 * leaves as a problem: an answer that is none yet (an empty 400 of the framework, a defect) is made one here.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Cause, Effect, Layer } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api"
import { Api } from "@casewire/api/Api"
import { type Problem, problemContentType } from "@casewire/api/Problem"
import type { Rehearsal } from "@casewire/api/Session"
import type { FirmId } from "@casewire/core/domain/Ids"
import { layerAccess, layerDecoding } from "./AccessHandlers.ts"
import { layerCaseHandlers } from "./CaseHandlers.ts"
import { layerConnectionHandlers } from "./ConnectionHandlers.ts"
import { layerDoctorHandlers } from "./DoctorHandlers.ts"
import { layerEntryHandlers } from "./EntryHandlers.ts"
import { layerImportHandlers } from "./ImportHandlers.ts"
import { layerListHandlers } from "./ListHandlers.ts"
import { layerMappingHandlers } from "./MappingHandlers.ts"
import { layerPluginHandlers } from "./PluginHandlers.ts"
import { layerSessionHandlers } from "./SessionHandlers.ts"
import { layerSessions } from "./Sessions.ts"
import { layerSubscriptionHandlers } from "./SubscriptionHandlers.ts"
import { layerTimelineHandlers } from "./TimelineHandlers.ts"
import { layerTokenHandlers } from "./TokenHandlers.ts"
import { problemResponse } from "./ProblemResponse.ts"
import { problem, problemOfStatus } from "./Problems.ts"

export interface ApiOptions {
  /** How many requests an hour an API token may make; 500 where it is left out. */
  readonly requestsPerHour?: number
  /** The firm whose tokens may operate plugins; where it is left out, the only firm of the host. */
  readonly operatorFirm?: FirmId | null
  /** The sandbox that the console offers to try things with. */
  readonly rehearsal?: Rehearsal | null
}

const layerApi = ({ operatorFirm = null, rehearsal = null, requestsPerHour }: ApiOptions) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }),
    // Fonts would come from another host; the page's own policy forbids it as well.
    HttpApiScalar.layer(Api, { path: "/docs", scalar: { withDefaultFonts: false } })
  ).pipe(
    Layer.provide([
      layerConnectionHandlers,
      layerCaseHandlers,
      layerListHandlers,
      layerMappingHandlers,
      layerPluginHandlers(operatorFirm),
      layerEntryHandlers,
      layerImportHandlers,
      layerSubscriptionHandlers(rehearsal),
      layerTimelineHandlers,
      layerTokenHandlers,
      layerDoctorHandlers,
      layerSessionHandlers(rehearsal)
    ]),
    Layer.provide([layerAccess(requestsPerHour), layerDecoding]),
    Layer.provide(layerSessions),
    Layer.provide(NodeHttpServer.layerHttpServices)
  )

export const apiApp = (options: ApiOptions) =>
  Effect.map(HttpRouter.toHttpEffect(layerApi(options)), (app) =>
    app.pipe(
      Effect.map((response) =>
        needsProblem(response)
          ? problemResponse(problemOfStatus(response.status))
          : response.status === 401
            ? HttpServerResponse.setHeader(response, "www-authenticate", "Bearer")
            : response
      ),
      Effect.catchCause((cause) => {
        const known = problemOf(cause)
        // A caller who went away is no failure.
        return known.status >= 500 && !Cause.hasInterruptsOnly(cause)
          ? Effect.as(Effect.logError("request failed", cause), problemResponse(known))
          : Effect.succeed(problemResponse(known))
      }),
      traced
    )
  )

/**
 * One span a request: its method, the route it matched and the answer's status. Never its address: ids and parameters
 * may be anything that a caller typed.
 */
const traced = <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.gen(function* () {
    const { method } = yield* HttpServerRequest.HttpServerRequest
    yield* Effect.annotateCurrentSpan("http.request.method", method)
    // The router adds `http.route` to the span it runs in.
    const response = yield* app
    yield* Effect.annotateCurrentSpan("http.response.status_code", response.status)
    return response
  }).pipe(Effect.withSpan("Api.request", { kind: "server" }))

const needsProblem = (response: HttpServerResponse.HttpServerResponse): boolean =>
  response.status >= 400 && (response.body._tag === "Empty" || response.body.contentType !== problemContentType)

/** Our own storage fails as a defect of this name, whichever adapter it is. */
const isStorageFailure = (defect: unknown): boolean =>
  typeof defect === "object" &&
  defect !== null &&
  (("_tag" in defect && defect._tag === "StorageFailure") || ("name" in defect && defect.name === "StorageFailure"))

const problemOf = (cause: Cause.Cause<unknown>): Problem => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (isStorageFailure(error)) return problem("storage-unavailable")
    if (HttpServerError.isHttpServerError(error)) {
      if (error.reason._tag === "RouteNotFound") return problem("not-found")
      if (error.reason._tag === "RequestParseError")
        return problem(error.reason.reason === "BodyTooLarge" ? "body-too-large" : "request-malformed")
    }
  }
  return problem("internal-error")
}
