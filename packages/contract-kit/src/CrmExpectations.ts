/** Ways in which the CRM laws look at failures and state, so that a law reads as its sentence. */
import type { CrmError } from "@casewire/core/ports/Crm"
import { assert } from "chai"
import { Effect, Result, Stream } from "effect"
import type { CrmService } from "./CrmLaw.ts"

export type ReasonTag = CrmError["reason"]["_tag"]

/** The call must fail with one of these reasons; gives the failure. */
export const failsWith = <A>(
  effect: Effect.Effect<A, CrmError>,
  ...tags: ReadonlyArray<ReasonTag>
): Effect.Effect<CrmError> =>
  Effect.map(Effect.result(effect), (result) => {
    if (Result.isSuccess(result)) return assert.fail(`expected ${tags.join(" or ")}, but the call succeeded`)
    assert.include(tags, result.failure.reason._tag, result.failure.message)
    return result.failure
  })

/** All cases of a pull, in order, and the cursor after it. */
export const pull = (crm: CrmService, cursor: string | null) =>
  Effect.map(Stream.runCollect(crm.changes(cursor)), (pages) => ({
    cases: pages.flatMap((page) => [...page.cases]),
    cursor: pages.at(-1)?.cursor ?? cursor ?? ""
  }))

export const marker = "[ref ABCDEFGHIJKLMNOPQRSTUVWXY2 1]"
