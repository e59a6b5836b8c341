/** Tries a connection step by step, as the connect form shows it. A check that fails says which credential and what to do. */
import type { CrmCheck, CrmError } from "@casewire/core/ports/Crm"
import { Effect, Stream } from "effect"
import type { Api } from "./Api.ts"
import { readCatalog } from "./Cases.ts"
import type { Session } from "./Session.ts"

export const verify = (session: Session, api: Api): Stream.Stream<CrmCheck, CrmError> =>
  Stream.fromEffect(session.attempt).pipe(
    Stream.flatMap((attempt) => {
      const signedIn = { name: "signed-in", label: "Signed in", required: true }
      if (attempt._tag === "Refused") {
        const { field, message } = attempt
        return Stream.make({ ...signedIn, ok: false, field, detail: `${message}. Copy it again from your CRM.` })
      }
      return Stream.make({ ...signedIn, ok: true, detail: "with account and API key" }).pipe(
        Stream.concat(Stream.fromEffect(readable(api)))
      )
    })
  )

const readable = (api: Api): Effect.Effect<CrmCheck, CrmError> => {
  const check = { name: "readable", label: "Cases can be read", required: true }
  return readCatalog(api).pipe(
    Effect.map(({ statuses }) => ({ ...check, ok: true, detail: `${statuses.length} statuses were found` })),
    Effect.catch((error) =>
      error.reason._tag === "CrmRateLimited"
        ? Effect.fail(error)
        : Effect.succeed({ ...check, ok: false, detail: `The list of statuses could not be read (${error.message}).` })
    )
  )
}
