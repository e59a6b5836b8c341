/**
 * The platform's fields of one case as a person may look at them: each with its value, what it is in the CRM, whether it
 * waits, and why it is not sent where it is not. Computed from what is decided now, so it never tells yesterday's reason.
 */
import { Context, Effect, Layer, Option } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { type Case, type CaseId } from "./domain/Case.ts"
import { type Direction, type FieldMapping, goesToCrm } from "./domain/FieldMapping.ts"
import { sameField, valuesOf, waitingFields } from "./domain/FieldSync.ts"
import type { FirmId } from "./domain/Ids.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { isPending } from "./domain/Merge.ts"
import { outbound } from "./domain/Toggles.ts"
import { CaseNotFound } from "./Outbox.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"

export interface CaseField {
  readonly field: string
  readonly values: ReadonlyArray<string>
  readonly crmKey: string | null
  readonly direction: Direction | null
  /** The CRM's values as last seen. */
  readonly inCrm: ReadonlyArray<string>
  readonly state: "settled" | "waiting" | "not-sent"
  /** Why it is not sent. */
  readonly reason: string | null
}

export interface FieldsOfCase {
  /** Why nothing mapped is sent for this case at all; nothing where it is. */
  readonly reason: string | null
  readonly fields: ReadonlyArray<CaseField>
}

export class CaseFields extends Context.Service<
  CaseFields,
  { readonly of: (firmId: FirmId, id: CaseId) => Effect.Effect<FieldsOfCase, CaseNotFound> }
>()("@casewire/core/CaseFields") {
  static readonly layer = Layer.effect(
    CaseFields,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const mapping = yield* CaseMapping

      const of: CaseFields["Service"]["of"] = Effect.fn("CaseFields.of")(function* (firmId, id) {
        const notFound = new CaseNotFound({ caseId: id })
        const found = yield* cases.get(firmId, id)
        if (Option.isNone(found)) return yield* notFound
        const { caseType, connectionId } = found.value
        const connection = yield* connections.get(firmId, connectionId).pipe(Effect.mapError(() => notFound))
        const mapped = yield* mapping.fieldsOf(connection, found.value)
        const verdict = outbound("field", connection.toggles)
        const reason =
          (verdict._tag === "Drop" ? verdict.reason : undefined) ??
          outgoingRefusal(connection.outgoingCaseTypes, caseType) ??
          (mapped._tag === "NotMapped" ? mapped.reason : undefined) ??
          null
        return { reason, fields: describe(found.value, mapped._tag === "Mapped" ? mapped.entries : [], reason) }
      })

      return CaseFields.of({ of })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

const describe = (of: Case, entries: ReadonlyArray<FieldMapping>, reason: string | null): ReadonlyArray<CaseField> => {
  const waiting = new Map(waitingFields(of.values, entries).map((field) => [field.field, field.target]))
  const names = new Set([...Object.keys(of.values), ...entries.map(({ platformField }) => platformField)])
  return [...names].toSorted().map((field): CaseField => {
    const value = Object.hasOwn(of.values, field) ? of.values[field] : undefined
    const entry = entries.find(({ platformField }) => platformField === field)
    const target = waiting.get(field)
    const isEdited = value !== undefined && isPending(value, sameField)
    const why =
      !isEdited || (entry !== undefined && !goesToCrm(entry))
        ? null
        : (reason ??
          (entry === undefined ? "the field is not mapped" : target?._tag === "Refused" ? target.reason : null))
    return {
      field,
      values: valuesOf(value?.platform ?? null),
      crmKey: entry?.crmKey ?? null,
      direction: entry?.direction ?? null,
      inCrm: valuesOf(value?.seenCrm ?? null),
      state: why !== null ? "not-sent" : target !== undefined ? "waiting" : "settled",
      reason: why
    }
  })
}
