/** Signing a browser in and out: the cookie is made and ended here, and nowhere else. */
import { Clock, Effect, Option, Redacted } from "effect"
import { Cookies, HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import type { Rehearsal, SessionView } from "@casewire/api/Session"
import type { FirmId } from "@casewire/core/domain/Ids"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { problem } from "./Problems.ts"
import { PublicUrl } from "./PublicUrl.ts"
import { isFromHere, sessionCookies, sessionIdOf } from "./SessionCookie.ts"
import { sessionMs, Sessions } from "./Sessions.ts"
import { tokenThrottle } from "./TokenThrottle.ts"

export const layerSessionHandlers = (rehearsal: Rehearsal | null) =>
  HttpApiBuilder.group(
    Api,
    "session",
    Effect.fn(function* (handlers) {
      const connections = yield* ConnectionStore
      const publicUrl = yield* PublicUrl
      const sessions = yield* Sessions
      const throttle = tokenThrottle()

      const view = Effect.fnUntraced(function* (
        { firmId, name }: { readonly firmId: FirmId; readonly name: string },
        expiresAt: number | null
      ) {
        const firm = (yield* connections.firms).find(({ id }) => id === firmId)
        return { firm: { id: firmId, name: firm?.name ?? firmId }, name, expiresAt, rehearsal } satisfies SessionView
      })

      const setCookie = Effect.fnUntraced(function* (value: string, maxAgeMs: number) {
        const isSecure = (yield* publicUrl.base).startsWith("https:")
        const cookie = Cookies.makeCookieUnsafe(isSecure ? sessionCookies.secure : sessionCookies.plain, value, {
          path: "/",
          httpOnly: true,
          sameSite: "strict",
          secure: isSecure,
          maxAge: maxAgeMs
        })
        yield* HttpEffect.appendPreResponseHandler((_request, response) =>
          Effect.succeed(HttpServerResponse.mergeCookies(response, Cookies.fromIterable([cookie])))
        )
      })

      return handlers.handleAll({
        get: Effect.fn(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const session = sessions.find(sessionIdOf(request), yield* Clock.currentTimeMillis)
          return yield* view(yield* CurrentFirm, session?.expiresAt ?? null)
        }),
        signIn: Effect.fn(function* ({ payload }) {
          const request = yield* HttpServerRequest.HttpServerRequest
          const now = yield* Clock.currentTimeMillis
          const firm = yield* connections.firmOfToken(payload.token)
          // A page of somebody else must not be able to sign this browser in under its own name.
          if (Option.isNone(firm) || !isFromHere(request, yield* publicUrl.base)) {
            const waitMs = throttle.count(
              Option.getOrElse(request.remoteAddress, () => ""),
              now
            )
            return yield* Effect.fail(problem(waitMs > 0 ? "rate-limited" : "unauthenticated"))
          }
          const { expiresAt, id } = sessions.open(Redacted.make(payload.token), now)
          yield* setCookie(id, sessionMs)
          return yield* view(firm.value, expiresAt)
        }),
        signOut: Effect.fn(function* () {
          sessions.close(sessionIdOf(yield* HttpServerRequest.HttpServerRequest))
          yield* setCookie("", 0)
        })
      })
    })
  )
