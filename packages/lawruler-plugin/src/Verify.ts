/**
 * Tries a connection step by step. A check that fails is shown with the credential it points at and what to do; checks
 * that cannot be made without it are left out. The two APIs are reported apart, since either may work alone.
 */
import type { CrmCheck, CrmError } from "@casewire/core/ports/Crm"
import { Clock, Effect, Option, Stream } from "effect"
import type { CrmCase } from "@casewire/core/domain/CrmChange"
import type { LegacyApi } from "./LegacyApi.ts"
import type { Reading } from "./Reading.ts"
import type { Session, SignIn } from "./SignIn.ts"
import type { Statuses } from "./Statuses.ts"

interface Parts {
  readonly session: Session
  readonly legacy: LegacyApi
  readonly reading: Reading
  readonly statuses: Statuses
}

/** Fails only where asking on makes no sense: a rate limit, or an address outside the declared origins. */
export const verify = (parts: Parts): Stream.Stream<CrmCheck, CrmError> =>
  Stream.suspend(() => {
    let signedIn = false
    let isRootKnown = true
    let newest: CrmCase | undefined
    const whenSignedIn = (check: Effect.Effect<CrmCheck, CrmError>) =>
      Stream.suspend(() => (signedIn ? Stream.fromEffect(check) : Stream.empty))
    return Stream.fromEffect(parts.session.attempt.pipe(orValue)).pipe(
      Stream.flatMap((attempt) => {
        signedIn = !(attempt instanceof Failed) && attempt._tag === "Token"
        isRootKnown = attempt instanceof Failed || attempt._tag === "Token" || attempt.field !== "clientRoot"
        return Stream.fromIterable(signInChecks(attempt))
      }),
      Stream.concat(
        whenSignedIn(
          parts.reading.inboxPage(1).pipe(
            Effect.tap(({ cases }) => Effect.sync(() => (newest = cases[0]))),
            check(
              "advanced-api",
              "Advanced API",
              true,
              ({ count }) => `on, ${count ?? "some"} leads can be seen`,
              advancedOff
            )
          )
        )
      ),
      Stream.concat(
        whenSignedIn(
          parts.statuses.caseTypes.pipe(
            check("case-types", "Case types", true, (types) => `${types.length} case types can be read`, advancedOff)
          )
        )
      ),
      Stream.concat(whenSignedIn(Effect.suspend(() => oneLead(parts, newest)))),
      Stream.concat(Stream.suspend(() => (isRootKnown ? Stream.fromEffect(legacyKey(parts, newest)) : Stream.empty))),
      Stream.concat(whenSignedIn(Effect.suspend(() => clock(newest))))
    )
  })

class Failed {
  readonly error: CrmError
  constructor(error: CrmError) {
    this.error = error
  }
}

/** A failure as a value, but for those that end the verification. */
const orValue = <A>(effect: Effect.Effect<A, CrmError>): Effect.Effect<A | Failed, CrmError> =>
  Effect.catch(effect, (error) =>
    error.reason._tag === "CrmRateLimited" || error.reason._tag === "CrmOriginRefused"
      ? Effect.fail(error)
      : Effect.succeed(new Failed(error))
  )

const check =
  <A>(
    name: string,
    label: string,
    required: boolean,
    found: (value: A) => string,
    blame: (error: CrmError) => { readonly detail: string; readonly field?: string }
  ) =>
  (effect: Effect.Effect<A, CrmError>): Effect.Effect<CrmCheck, CrmError> =>
    Effect.map(orValue(effect), (value) =>
      value instanceof Failed
        ? { name, label, required, ok: false, ...blame(value.error) }
        : { name, label, required, ok: true, detail: found(value) }
    )

const signInChecks = (attempt: SignIn | Failed): ReadonlyArray<CrmCheck> => {
  const reachable = { name: "reachable", label: "Law Ruler answers", required: true }
  const signedIn = { name: "signed-in", label: "Signed in", required: true, ok: false }
  if (attempt instanceof Failed) {
    const detail = `Law Ruler did not give a usable answer (${attempt.error.message}). Try again in a few minutes.`
    return [{ ...reachable, ok: false, detail }]
  }
  if (attempt._tag === "Token") {
    return [
      { ...reachable, ok: true, detail: "yes" },
      { ...signedIn, ok: true, detail: "with user name and password" }
    ]
  }
  const { field, message } = attempt
  if (field === "clientRoot") return [{ ...reachable, ok: false, field, detail: `${message}. Check its spelling.` }]
  const advice =
    field === "password"
      ? "Type both again; if it still fails, sign in to Law Ruler with them yourself once."
      : "Copy it again from Setup, Third-Party Integrations."
  return [
    { ...reachable, ok: true, detail: "yes" },
    { ...signedIn, field, detail: `${message}. ${advice}` }
  ]
}

const advancedOff = (error: CrmError) => ({
  detail:
    error.reason._tag === "CrmAuthFailed"
      ? "The Advanced API is not on for your firm. Write to support@lawruler.com and ask for the Advanced API and higher rate limits."
      : `It could not be used (${error.message}).`
})

const oneLead = ({ reading }: Parts, newest: CrmCase | undefined): Effect.Effect<CrmCheck, CrmError> => {
  const [name, label] = ["one-lead", "A lead can be read"] as const
  if (newest === undefined) {
    return Effect.succeed({ name, label, required: false, ok: true, detail: "there is no lead yet, so none was read" })
  }
  return reading.one(newest.externalId).pipe(
    check(
      name,
      label,
      true,
      (read) => (Option.isSome(read) ? "the newest lead was read" : "the newest lead is gone meanwhile"),
      (error) => ({ detail: `The newest lead could not be read (${error.message}).` })
    )
  )
}

/** Without any lead at hand an unlikely one is asked for: a good key then answers that it does not know the lead. */
const legacyKey = ({ legacy }: Parts, newest: CrmCase | undefined): Effect.Effect<CrmCheck, CrmError> =>
  legacy.status(newest?.externalId ?? "1").pipe(
    Effect.catchReason("CrmError", "CrmNotFound", () => Effect.succeed(undefined)),
    check(
      "key",
      "Key for field and status updates",
      true,
      () => "accepted",
      (error) =>
        error.reason._tag === "CrmAuthFailed"
          ? {
              field: "key",
              detail: "Law Ruler does not accept this key. Copy it again from Setup, Third-Party Integrations."
            }
          : { detail: `The key could not be tried (${error.message}).` }
    )
  )

const toleranceMs = 10 * 60_000

/** Law Ruler does not tell its time; a newest change that lies ahead of us shows that the clocks differ. */
const clock = Effect.fnUntraced(function* (newest: CrmCase | undefined) {
  const now = yield* Clock.currentTimeMillis
  const aheadMs = (newest?.updatedAt ?? now) - now
  const ok = aheadMs < toleranceMs
  const detail = ok
    ? "times from Law Ruler read as US Eastern fit this computer's clock"
    : `the newest change in Law Ruler lies ${Math.round(aheadMs / 60_000)} minutes ahead of this computer's clock`
  return { name: "clock", label: "Clocks agree", required: false, ok, detail } satisfies CrmCheck
})
