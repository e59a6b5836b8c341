/** A `CrmHttp` that answers from a list, for answers that no sandbox gives. Remembers what was asked. */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import { Crm, type CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp, type CrmRequest, type CrmResponse } from "@casewire/core/ports/CrmHttp"
import { Effect, Layer, Redacted } from "effect"
import plugin from "../src/index.ts"

export type Canned = (request: CrmRequest) => Partial<CrmResponse> | undefined

export const json = (value: unknown, status = 200): Partial<CrmResponse> => ({ status, body: JSON.stringify(value) })
export const data = (Data: unknown, Count?: number) =>
  json({ IsSuccess: true, ErrorMessage: null, Data, ...(Count === undefined ? {} : { Count }) })
export const signedIn = json({ access_token: "token-1", expires_in: 3600, token_type: "Bearer" })

/** Runs a program with a plugin whose requests are answered by `answer`, else by a good sign-in, else by 404. */
export const withAnswers = <A>(
  answer: Canned,
  run: (crm: Crm["Service"], requests: ReadonlyArray<CrmRequest>) => Effect.Effect<A, CrmError>,
  settings: Readonly<Record<string, string>> = {}
): Effect.Effect<A, CrmError> => {
  const requests: Array<CrmRequest> = []
  const http = Layer.succeed(CrmHttp, {
    send: (request) =>
      Effect.sync(() => {
        requests.push(request)
        const fallback = request.origin === "auth" ? signedIn : { status: 404 }
        return { status: 200, contentType: "", body: "", ...(answer(request) ?? fallback) }
      })
  })
  const connection: Parameters<CrmPlugin["crm"]>[0] = {
    connectionId: "c",
    settings: { username: "user", clientRoot: "harbor", ...settings },
    secrets: {
      password: Redacted.make("the-password"),
      clientSecret: Redacted.make("the-secret"),
      key: Redacted.make("the-key")
    }
  }
  return Effect.flatMap(Crm, (crm) => run(crm, requests)).pipe(
    Effect.provide(plugin.crm(connection).pipe(Layer.provide(http)), { local: true })
  )
}

export const reasonOf = <A>(effect: Effect.Effect<A, CrmError>): Effect.Effect<string> =>
  Effect.match(effect, { onSuccess: () => "Success", onFailure: ({ reason }) => reason._tag })
