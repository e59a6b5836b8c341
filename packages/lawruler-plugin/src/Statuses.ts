/**
 * Case types, statuses and form fields, and which raw status name a name means. Names come decorated in several ways;
 * people see them without, and Law Ruler takes back only its own spelling from the list it gave. Lists are kept as
 * long as the connection is open and fetched again when a name is not in them.
 */
import type { CaseType } from "@casewire/core/domain/Mapping"
import { type CaseStatus, statusKey } from "@casewire/core/domain/StatusSync"
import type { CrmCatalog, CrmError, CrmField } from "@casewire/core/ports/Crm"
import { Effect, Schema } from "effect"
import type { AdvancedApi } from "./AdvancedApi.ts"
import * as Failure from "./Failure.ts"
import { FormField, Lookup, wire } from "./WireProfile.ts"

/** Without a trailing ` (Default)` or asterisks, spaces collapsed. */
const cleanStatus = (raw: string): string => {
  const whole = raw.replace(/\s+/g, " ").trim()
  let name = whole
  for (let length = -1; length !== name.length;) {
    length = name.length
    const suffix = wire.statusSuffixes.find((suffix) => name.slice(-suffix.length).toLowerCase() === suffix)
    if (suffix !== undefined) name = name.slice(0, -suffix.length).trimEnd()
  }
  return name === "" ? whole : name
}

export const statusOf = (raw: string, externalId?: string): CaseStatus => ({
  name: cleanStatus(raw),
  raw,
  ...(externalId === undefined ? {} : { externalId })
})

const keyOf = (name: string) => statusKey(cleanStatus(name))

type KnownCaseType = CaseType & { readonly externalId: string }

export interface Statuses {
  readonly caseTypes: Effect.Effect<ReadonlyArray<KnownCaseType>, CrmError>
  readonly catalog: Effect.Effect<CrmCatalog, CrmError>
  /** The status that a name means for a lead of that case type, from the list that Law Ruler gave; refuses other names. */
  readonly find: (caseType: string, name: string) => Effect.Effect<CaseStatus, CrmError>
  /** Forgets the lists, so that the next name is looked for in new ones. */
  readonly forget: Effect.Effect<void>
  /** Adds ids to names, from lists that were fetched before; asks for nothing. */
  readonly caseTypeNamed: (name: string) => CaseType
  readonly statusNamed: (caseType: string | undefined, raw: string) => CaseStatus
}

export const makeStatuses = (advanced: AdvancedApi): Statuses => {
  let knownCaseTypes: ReadonlyArray<KnownCaseType> = []
  const statusesById = new Map<string, ReadonlyArray<CaseStatus>>()

  const caseTypes = Effect.gen(function* () {
    const { data } = yield* advanced.call(wire.getCaseTypes, lookups)
    return (knownCaseTypes = data.map(({ Id, Name }) => ({ externalId: String(Id), name: collapsed(Name) })))
  })

  const statuses = Effect.fnUntraced(function* (caseTypeId: string) {
    const query = [[wire.caseTypeQuery, caseTypeId]] as const
    const { data } = yield* advanced.call(wire.getStatuses, lookups, { query })
    const found = data.map(({ Id, Name }) => statusOf(Name, String(Id)))
    statusesById.set(caseTypeId, found)
    return found
  })

  const fields = Effect.fnUntraced(function* (caseTypeId: string) {
    const query = [[wire.caseTypeQuery, caseTypeId]] as const
    const { data } = yield* advanced.call(wire.getFormFields, formFields, { query })
    return data.flatMap(({ FieldKey, InputType, Label, Options, Section }): ReadonlyArray<CrmField> =>
      InputType === wire.scriptInput
        ? []
        : [
            {
              key: FieldKey,
              label: Label ?? FieldKey,
              inputType: InputType ?? "",
              section: Section ?? "",
              options: Options ?? []
            }
          ]
    )
  })

  const catalog = Effect.gen(function* () {
    const types = yield* caseTypes
    const byType = yield* Effect.forEach(types, ({ externalId, name }) =>
      Effect.all({ caseType: Effect.succeed(name), statuses: statuses(externalId), fields: fields(externalId) })
    )
    const seen = new Map(byType.flatMap((one) => one.statuses).map((status) => [status.externalId, status]))
    return {
      caseTypes: types,
      statuses: [...seen.values()],
      fields: byType.map(({ caseType, fields }) => ({ caseType, fields }))
    }
  })

  const idOf = (name: string) => knownCaseTypes.find((known) => keyOf(known.name) === keyOf(name))?.externalId

  const find = Effect.fnUntraced(function* (caseType: string, name: string) {
    const known = idOf(caseType)
    const remembered = known === undefined ? undefined : named(statusesById.get(known) ?? [], name)
    if (remembered !== undefined) return remembered
    if (known === undefined) yield* caseTypes
    const id = idOf(caseType)
    if (id === undefined) return yield* Failure.refused("Law Ruler does not list the case type of this lead")
    const found = named(yield* statuses(id), name)
    return found ?? (yield* Failure.refused("Law Ruler does not list this status for the lead's case type"))
  })

  const caseTypeNamed = (name: string): CaseType => {
    const externalId = idOf(name)
    return externalId === undefined ? { name: collapsed(name) } : { externalId, name: collapsed(name) }
  }

  const statusNamed = (caseType: string | undefined, raw: string): CaseStatus => {
    const id = caseType === undefined ? undefined : idOf(caseType)
    const same = id === undefined ? undefined : named(statusesById.get(id) ?? [], raw)
    return statusOf(raw, same?.externalId)
  }

  const forget = Effect.sync(() => {
    knownCaseTypes = []
    statusesById.clear()
  })

  return { caseTypes, catalog, find, forget, caseTypeNamed, statusNamed }
}

const lookups = Schema.Array(Lookup)
const formFields = Schema.Array(FormField)

const collapsed = (name: string): string => name.replace(/\s+/g, " ").trim()

/** The one spelled exactly so, else the one that people would call so. */
const named = (statuses: ReadonlyArray<CaseStatus>, name: string): CaseStatus | undefined =>
  statuses.find(({ raw }) => raw === name) ?? statuses.find(({ raw }) => keyOf(raw) === keyOf(name))
