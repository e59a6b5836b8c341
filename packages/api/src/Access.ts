/**
 * Who may call. Every group of the API carries `Access`, so an endpoint without an access rule does not exist: the
 * token names the firm, and a handler can reach nothing but that firm's data.
 */
import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { FirmId } from "@casewire/core/domain/Ids"
import type { TokenScope, TokenScopes } from "@casewire/core/domain/TokenScope"
import { BadRequest, Forbidden, Invalid, RateLimited, Unauthenticated } from "./Problem.ts"

/** The cookie of a browser that signed in; behind TLS it carries the prefix that binds it to its host. */
export const sessionCookie = "casewire-session"

/** The firm of the bearer token, the token's name, which is who did it in a case's history, and what it may do. */
export class CurrentFirm extends Context.Service<
  CurrentFirm,
  { readonly firmId: FirmId; readonly name: string; readonly scopes: TokenScopes }
>()("@casewire/api/Access/CurrentFirm") {}

/** What an endpoint asks of the token; `any`: that there is one. An endpoint that does not say is for full tokens only. */
export class RequiredScope extends Context.Service<RequiredScope, TokenScope | "any">()(
  "@casewire/api/Access/RequiredScope"
) {}

/** Declares an endpoint's scope, for `Access` and for whoever reads the OpenAPI document. */
export const scoped = (scope: TokenScope | "any"): Context.Context<RequiredScope | OpenApi.Transform> =>
  Context.make(RequiredScope, scope).pipe(
    Context.add(OpenApi.Transform, (operation) => ({ ...operation, "x-scope": scope }))
  )

export class Access extends HttpApiMiddleware.Service<Access, { provides: CurrentFirm }>()("@casewire/api/Access", {
  requiredForClient: true,
  // The last one tried gives the refusal, so a token that made too many requests is told so.
  security: { session: HttpApiSecurity.apiKey({ in: "cookie", key: sessionCookie }), bearer: HttpApiSecurity.bearer },
  error: [Unauthenticated, Forbidden, RateLimited]
}) {}

/** Turns what does not fit an endpoint's schema into problems that name the fields. */
export class Decoding extends HttpApiMiddleware.Service<Decoding>()("@casewire/api/Decoding", {
  error: [BadRequest, Invalid]
}) {}
