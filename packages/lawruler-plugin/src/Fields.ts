/**
 * Field updates through the legacy page. A field's name becomes a parameter of the page, so a name that is one of its
 * control words, or no plain word at all, is refused here, whatever was checked before.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmError } from "@casewire/core/ports/Crm"
import { Effect } from "effect"
import * as Failure from "./Failure.ts"
import type { LegacyApi } from "./LegacyApi.ts"
import { customKey } from "./Lead.ts"
import { leadNumber } from "./Reading.ts"
import { wire } from "./WireProfile.ts"

export const updateFields = Effect.fnUntraced(function* (
  legacy: LegacyApi,
  id: ExternalCaseId,
  fields: Readonly<Record<string, string>>
): Effect.fn.Return<{}, CrmError> {
  yield* leadNumber(id)
  const parameters: Array<readonly [string, string]> = []
  for (const [key, value] of Object.entries(fields)) {
    const name = customKey(key) ?? key
    const problem = fieldNameProblem(name)
    if (problem !== undefined) return yield* Failure.refused(`a field name is ${problem}`)
    parameters.push([name, value])
  }
  if (new Set(parameters.map(([name]) => name.toLowerCase())).size < parameters.length) {
    return yield* Failure.refused("a field name is repeated")
  }
  if (parameters.length > 0) yield* legacy.update(id, parameters)
  return {}
})

const reserved = new Set(wire.reservedFields.split(" "))

/** Judged after NFKC and case folding, as the page would match it. */
const fieldNameProblem = (name: string): "malformed" | "reserved" | undefined => {
  const normal = name.normalize("NFKC")
  if (normal !== name || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(normal)) return "malformed"
  return reserved.has(normal.toLowerCase()) ? "reserved" : undefined
}
