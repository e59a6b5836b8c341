/**
 * The Advanced API's token: password grant, kept until it ends or a call finds it refused, then fetched anew. Fibers
 * share one sign-in. A refusal is remembered, and every later call fails at once, because each wrong attempt may bring
 * a firm's user nearer to being locked out; only `verify` asks again.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Clock, Effect, Redacted, Schema, Semaphore } from "effect"
import type { Credentials } from "./Credentials.ts"
import * as Failure from "./Failure.ts"
import { wire } from "./WireProfile.ts"

export type SignIn =
  | { readonly _tag: "Token"; readonly token: Redacted.Redacted<string>; readonly endsAt: number }
  | { readonly _tag: "Refused"; readonly field: string; readonly message: string }

export interface Session {
  /** A token that is good now, or `CrmAuthFailed`. */
  readonly token: Effect.Effect<Redacted.Redacted<string>, CrmError>
  /** Says that a token was refused, so that the next one is a new one. */
  readonly discard: (token: Redacted.Redacted<string>) => Effect.Effect<void>
  /** Signs in now, whatever was remembered. */
  readonly attempt: Effect.Effect<SignIn, CrmError>
}

const Granted = Schema.Struct({
  access_token: Schema.NonEmptyString,
  expires_in: Schema.optional(Schema.NullishOr(Schema.Finite))
})
const Denied = Schema.Struct({ error: Schema.String })
const readGranted = Schema.decodeUnknownOption(Schema.fromJsonString(Granted))
const readDenied = Schema.decodeUnknownOption(Schema.fromJsonString(Denied))

const spareMs = 30_000

export const makeSession = Effect.fnUntraced(function* (credentials: Credentials) {
  const http = yield* CrmHttp
  const gate = yield* Semaphore.make(1)
  let known: SignIn | undefined

  const request = Effect.fnUntraced(function* (clientId: string) {
    const response = yield* http.send({
      origin: "auth",
      method: "POST",
      path: wire.tokenPath,
      body: {
        _tag: "Form",
        fields: [
          ["grant_type", "password"],
          ["username", credentials.username],
          ["password", Redacted.value(credentials.password)],
          ["scope", wire.tokenScope],
          ["client_id", clientId],
          ["client_secret", Redacted.value(credentials.clientSecret)]
        ]
      },
      changes: false
    })
    const now = yield* Clock.currentTimeMillis
    if (response.status === 200) {
      const granted = readGranted(response.body)
      if (granted._tag === "None") return yield* Failure.answerInvalid("the sign-in answer could not be read")
      const { access_token, expires_in } = granted.value
      const lifeMs = (expires_in ?? wire.tokenSeconds) * 1000
      return {
        _tag: "Token",
        token: Redacted.make(access_token),
        endsAt: now + lifeMs - Math.min(spareMs, lifeMs / 2)
      } as const
    }
    if (response.status === 400 || response.status === 401) {
      const denied = readDenied(response.body)
      if (denied._tag === "None")
        return yield* Failure.answerInvalid(`sign-in answered ${response.status} without a reason`)
      return { _tag: "Denied", error: denied.value.error } as const
    }
    if (response.status === 404) {
      return { _tag: "Denied", error: "unknown_root" } as const
    }
    return yield* (
      Failure.ofStatus(response.status, "sign-in", false) ?? Failure.answerInvalid("sign-in answered unreadably")
    )
  })

  const signIn = Effect.gen(function* () {
    let denied = ""
    for (const clientId of clientIds(credentials)) {
      const answer = yield* request(clientId)
      if (answer._tag === "Token") return (known = answer)
      denied = answer.error
      if (denied !== "invalid_client") break
    }
    const refusal = refusals[denied]
    if (refusal === undefined) return yield* Failure.answerInvalid("sign-in was refused for a reason that is not known")
    return (known = { _tag: "Refused", ...refusal } satisfies SignIn)
  })

  const token = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const remembered = known?._tag === "Token" && known.endsAt <= now ? undefined : known
    const present = remembered ?? (yield* signIn)
    if (present._tag === "Refused") return yield* Failure.authFailed(present.message)
    return present.token
  }).pipe(gate.withPermit)

  const discard = (token: Redacted.Redacted<string>) =>
    Effect.sync(() => {
      if (known?._tag === "Token" && known.token === token) known = undefined
    })

  return { token, discard, attempt: gate.withPermit(signIn) } satisfies Session
})

/** the client id that the firm gave, else what the profile says to try. */
const clientIds = (credentials: Credentials): ReadonlyArray<string> =>
  credentials.clientId !== undefined
    ? [credentials.clientId]
    : wire.clientIdCandidates.map((name) => (name === "key" ? Redacted.value(credentials.key) : credentials.clientRoot))

const refusals: Readonly<Record<string, { readonly field: string; readonly message: string }>> = {
  invalid_grant: { field: "password", message: "Law Ruler does not accept this user name and password" },
  invalid_client: { field: "clientSecret", message: "Law Ruler does not accept this client secret" },
  unauthorized_client: { field: "clientSecret", message: "Law Ruler does not let this client sign in with a password" },
  unknown_root: { field: "clientRoot", message: "Law Ruler knows no firm under this client root" }
}
