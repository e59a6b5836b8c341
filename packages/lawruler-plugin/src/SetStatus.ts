/**
 * Pushing a status by the legacy page, in the spelling of the list that Law Ruler gave last. Lists and the lead's case
 * type are remembered, so a refusal may only mean that they are old: then both are asked for anew and it is tried once
 * more, since a refused push was not done.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmError } from "@casewire/core/ports/Crm"
import { Effect } from "effect"
import type { LegacyApi } from "./LegacyApi.ts"
import { leadNumber, type Reading } from "./Reading.ts"
import type { Statuses } from "./Statuses.ts"
import { wire } from "./WireProfile.ts"

interface Parts {
  readonly legacy: LegacyApi
  readonly reading: Reading
  readonly statuses: Statuses
}

export const setStatus = Effect.fnUntraced(function* (
  { legacy, reading, statuses }: Parts,
  id: ExternalCaseId,
  name: string
): Effect.fn.Return<void, CrmError> {
  yield* leadNumber(id)
  const push = Effect.fnUntraced(function* (fresh: boolean) {
    const { raw } = yield* statuses.find(yield* reading.caseTypeOf(id, fresh), name)
    yield* legacy.update(id, [[wire.legacyStatus, raw]])
  })
  yield* push(false).pipe(
    Effect.catchReason("CrmError", "CrmRefused", () => Effect.andThen(statuses.forget, push(true)))
  )
})
