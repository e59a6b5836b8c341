/**
 * The token of a connection: fetched once, shared by all calls, fetched anew when a call finds it ended. A refusal is
 * remembered and every later call fails at once, because wrong attempts may lock the firm out; only `verify` asks again.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Effect, Redacted, Schema, Semaphore } from "effect"
import type { Credentials } from "./Credentials.ts"
import * as Failure from "./Failure.ts"

type SignIn =
  | { readonly _tag: "Token"; readonly token: Redacted.Redacted<string> }
  /** `field` is the credential that the CRM does not accept. */
  | { readonly _tag: "Refused"; readonly field: string; readonly message: string }

export interface Session {
  readonly token: Effect.Effect<Redacted.Redacted<string>, CrmError>
  /** Says that a token was refused, so that the next one is a new one. */
  readonly discard: (token: Redacted.Redacted<string>) => Effect.Effect<void>
  /** Signs in now, whatever was remembered. */
  readonly attempt: Effect.Effect<SignIn, CrmError>
}

const readGranted = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ token: Schema.NonEmptyString })))
const readDenied = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ error: Schema.String })))

const refusals: Readonly<Record<string, Omit<Extract<SignIn, { _tag: "Refused" }>, "_tag">>> = {
  "unknown account": { field: "account", message: "Quillby knows no firm under this account" },
  "wrong key": { field: "key", message: "Quillby does not accept this API key" }
}

export const makeSession = Effect.fnUntraced(function* ({ account, key }: Credentials) {
  const http = yield* CrmHttp
  const gate = yield* Semaphore.make(1)
  let known: SignIn | undefined

  const signIn = Effect.gen(function* () {
    const { body, status } = yield* http.send({
      origin: "api",
      method: "POST",
      path: "login",
      body: { _tag: "Json", value: { account, key: Redacted.value(key) } },
      changes: false
    })
    if (status === 200) {
      const granted = readGranted(body)
      if (granted._tag === "None") return yield* Failure.unreadable("the sign-in", false)
      return (known = { _tag: "Token", token: Redacted.make(granted.value.token) } satisfies SignIn)
    }
    const denied = status === 401 || status === 404 ? readDenied(body) : undefined
    const refusal = denied?._tag === "Some" ? refusals[denied.value.error] : undefined
    if (refusal !== undefined) return (known = { _tag: "Refused", ...refusal } satisfies SignIn)
    return yield* Failure.ofStatus(status, "the sign-in", false) ?? Failure.unreadable("the sign-in", false)
  })

  const token = Effect.gen(function* () {
    const present = known ?? (yield* signIn)
    return present._tag === "Token" ? present.token : yield* Failure.authFailed(present.message)
  }).pipe(gate.withPermit)

  const discard = (token: Redacted.Redacted<string>) =>
    Effect.sync(() => {
      if (known?._tag === "Token" && known.token === token) known = undefined
    })

  return { token, discard, attempt: gate.withPermit(signIn) } satisfies Session
})
