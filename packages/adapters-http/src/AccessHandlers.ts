/**
 * The API's two middlewares: the session or the bearer token names the firm, and what does not fit a schema names its
 * fields. Only tokens are counted; a person who looks at screens is not a program that calls too often.
 */
import { Clock, Context, Effect, Layer, Option, Redacted, SchemaIssue } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { type HttpApiEndpoint, HttpApiMiddleware } from "effect/http-api"
import { Access, CurrentFirm, Decoding, RequiredScope } from "@casewire/api/Access"
import type { FieldProblem } from "@casewire/core/domain/Receipt"
import { mayDo, type TokenScopes } from "@casewire/core/domain/TokenScope"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { problem, scopeMissing } from "./Problems.ts"
import { problemResponse } from "./ProblemResponse.ts"
import { PublicUrl } from "./PublicUrl.ts"
import { type Counted, requestLimit } from "./RequestLimit.ts"
import { isAllowedFromBrowser, sessionIdOf } from "./SessionCookie.ts"
import { Sessions } from "./Sessions.ts"

export const layerAccess = (requestsPerHour?: number) =>
  Layer.effect(
    Access,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const limit = requestLimit(requestsPerHour)
      const publicUrl = yield* PublicUrl
      const sessions = yield* Sessions
      return Access.of({
        session: Effect.fnUntraced(function* (endpoint, { endpoint: definition }) {
          const request = yield* HttpServerRequest.HttpServerRequest
          const session = sessions.find(sessionIdOf(request), yield* Clock.currentTimeMillis)
          if (session === undefined || !isAllowedFromBrowser(request, yield* publicUrl.base))
            return yield* Effect.fail(problem("unauthenticated"))
          const firm = yield* connections.firmOfToken(Redacted.value(session.token))
          if (Option.isNone(firm)) return yield* Effect.fail(problem("unauthenticated"))
          const missing = missingScope(firm.value.scopes, definition)
          // As an answer: a failure would only have the bearer token tried, which a browser has not.
          if (missing !== undefined) return problemResponse(scopeMissing(missing))
          return yield* Effect.provideService(endpoint, CurrentFirm, firm.value)
        }),
        bearer: Effect.fnUntraced(function* (endpoint, { credential, endpoint: definition }) {
          const firm = yield* connections.firmOfToken(Redacted.value(credential))
          if (Option.isNone(firm)) return yield* Effect.fail(problem("unauthenticated"))
          const now = yield* Clock.currentTimeMillis
          const counted = limit.count(Redacted.value(credential), now)
          yield* HttpEffect.appendPreResponseHandler((_request, response) =>
            Effect.succeed(withLimit(response, counted, now))
          )
          if (counted.isOver) return yield* Effect.fail(problem("rate-limited"))
          const missing = missingScope(firm.value.scopes, definition)
          if (missing !== undefined) return yield* Effect.fail(scopeMissing(missing))
          return yield* Effect.provideService(endpoint, CurrentFirm, firm.value)
        })
      })
    })
  )

/** What the endpoint asks for and the token has not. */
const missingScope = (
  scopes: TokenScopes,
  { annotations }: Pick<HttpApiEndpoint.Top, "annotations">
): string | undefined => {
  const required = Option.getOrUndefined(Context.getOption(annotations, RequiredScope))
  if (required === undefined) return scopes === null ? undefined : "undeclared"
  return required === "any" || mayDo(scopes, required) ? undefined : required
}

/** On every answer to a valid token, the refusal included. */
const withLimit = (
  response: HttpServerResponse.HttpServerResponse,
  { isOver, limit, remaining, resetsAt }: Counted,
  now: number
) =>
  HttpServerResponse.setHeaders(response, {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(resetsAt),
    ...(isOver ? { "retry-after": String(Math.max(1, Math.ceil(resetsAt - now / 1000))) } : {})
  })

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Paths and a code; the messages of a schema may quote what was sent, so none of them is passed on. */
const fieldProblems = (issue: SchemaIssue.Issue): ReadonlyArray<FieldProblem> => {
  const seen = new Set<string>()
  return issues(issue).issues.flatMap(({ message, path }) => {
    const field = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".") || "body"
    if (seen.has(field)) return []
    seen.add(field)
    return [{ field, code: message.startsWith("Missing key") ? "missing" : "invalid" }]
  })
}

export const layerDecoding = HttpApiMiddleware.layerSchemaErrorTransform(Decoding, (error) => {
  // An answer of ours that does not fit its own schema is a defect.
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  const errors = fieldProblems(error.cause.issue)
  return errors.length === 1 && errors[0]!.field === "body" && error.kind === "Payload"
    ? Effect.fail(problem("request-malformed", { errors: [{ field: "body", code: "not-json" }] }))
    : Effect.fail(problem("request-invalid", { errors }))
})
