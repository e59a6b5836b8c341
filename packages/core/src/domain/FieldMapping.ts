/**
 * Which field of the platform is which field of the CRM, for one linked case type: a firm's defaults, and what a campaign
 * does differently. Decisions only: what may be saved, what is in force, what a fresh catalog means for what is saved.
 */
import { Schema } from "effect"
import { fieldKeyProblem } from "./FieldKey.ts"
import { fit, kindOf } from "./FieldKind.ts"
import { OptionPair, Transform } from "./FieldTransform.ts"
import { isStatusField } from "./FieldWords.ts"
import { statusKey } from "./StatusSync.ts"

/** `to`: the platform's value goes to the CRM; `from`: the CRM's comes here; `off`: an override that stops a default. */
export const Direction = Schema.Literals(["both", "to", "from", "off"])
export type Direction = typeof Direction.Type

export const FieldMapping = Schema.Struct({
  platformField: Schema.String,
  crmKey: Schema.String,
  direction: Direction,
  transform: Transform,
  optionMap: Schema.optionalKey(Schema.Array(OptionPair))
})
export interface FieldMapping extends Schema.Schema.Type<typeof FieldMapping> {}

/** What one campaign does differently, by the platform's field. */
export const CampaignOverride = Schema.Struct({ campaign: Schema.String, entries: Schema.Array(FieldMapping) })
export interface CampaignOverride extends Schema.Schema.Type<typeof CampaignOverride> {}

/** A field as the CRM's catalog has it. */
export interface CatalogField {
  readonly key: string
  readonly label: string
  readonly inputType: string
  readonly section: string
  readonly options: ReadonlyArray<string>
}

export interface MappingProblem {
  readonly index: number
  readonly field: "platformField" | "crmKey" | "optionMap" | "transform"
  readonly code: string
  /** For people; never a value of a case. */
  readonly message: string
}

export interface MappingCheck {
  /** Not empty: nothing is saved. */
  readonly errors: ReadonlyArray<MappingProblem>
  readonly warnings: ReadonlyArray<MappingProblem>
}

/** What is wrong with the mapping of a case type before it is saved, and what will not work as somebody may expect. */
export const checkMapping = (
  entries: ReadonlyArray<FieldMapping>,
  known: {
    readonly reserved: ReadonlyArray<string>
    /** The CRM's fields for the case type; absent while they were not read yet. */
    readonly catalog?: ReadonlyArray<CatalogField>
    /** Input types of the platform's fields by key. */
    readonly platformTypes?: ReadonlyMap<string, string>
  }
): MappingCheck => {
  const errors: Array<MappingProblem> = []
  const warnings: Array<MappingProblem> = []
  const fieldsByKey = new Map(known.catalog?.map((field) => [field.key.toLowerCase(), field]))
  const seenKeys = new Set<string>()
  const seenFields = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const error = (field: MappingProblem["field"], code: string, message: string) =>
      errors.push({ index, field, code, message })
    const warn = (field: MappingProblem["field"], code: string, message: string) =>
      warnings.push({ index, field, code, message })
    const platform = entry.platformField.trim()
    if (platform === "") error("platformField", "empty", "no field of the platform is chosen")
    else if (seenFields.has(platform)) error("platformField", "repeated", "the platform's field is mapped twice")
    else seenFields.add(platform)

    if (entry.direction !== "off" || entry.crmKey !== "") {
      const problem = fieldKeyProblem(entry.crmKey, known.reserved)
      if (problem === "reserved") error("crmKey", "reserved", "the CRM uses this name for something else")
      else if (problem === "malformed")
        error("crmKey", entry.crmKey.trim() === "" ? "empty" : problem, "this is not a field's key")
      const key = entry.crmKey.toLowerCase()
      if (problem === undefined && entry.direction !== "off") {
        if (seenKeys.has(key)) error("crmKey", "repeated", "the CRM's field is mapped twice")
        else seenKeys.add(key)
      }
      const field = fieldsByKey.get(key)
      if (isStatusField(entry.crmKey) || (field !== undefined && isStatusField(field.label)))
        error("crmKey", "status", "statuses are synced by themselves and never mapped as a field")
      else if (known.catalog !== undefined && field === undefined && problem === undefined)
        warn("crmKey", "unknown", "the CRM does not list this field for the case type")
      const types = fit(kindOf(known.platformTypes?.get(platform) ?? ""), kindOf(field?.inputType ?? ""))
      if (types._tag === "Blocked") warn("transform", "type-mismatch", types.reason)
      if (types._tag === "Lossy") warn("transform", "type-lossy", types.loss)
      if (field !== undefined) warnings.push(...optionWarnings(entry, field, index))
    }
    for (const [side, code] of [
      ["platform", "to"],
      ["crm", "from"]
    ] as const) {
      const options = (entry.optionMap ?? []).map((pair) => statusKey(pair[side]))
      if ((entry.direction === "both" || entry.direction === code) && new Set(options).size < options.length)
        error("optionMap", "repeated", "one option has two meanings")
      if (options.some((option) => option === "")) error("optionMap", "empty", "an option is blank")
    }
  }
  return { errors, warnings }
}

const optionWarnings = (entry: FieldMapping, field: CatalogField, index: number): ReadonlyArray<MappingProblem> => {
  const { transform } = entry
  if ((transform._tag !== "Single" && transform._tag !== "Multi") || field.options.length === 0) return []
  const mapped = new Set((entry.optionMap ?? []).map(({ crm }) => statusKey(crm)))
  const listed = new Set(field.options.map(statusKey))
  const foreign = [...mapped].filter((option) => !listed.has(option)).length
  const left = transform.keepUnmapped ? 0 : field.options.filter((option) => !mapped.has(statusKey(option))).length
  return [
    ...(foreign > 0
      ? [{ code: "option-unknown", message: `the CRM does not list ${foreign} of the mapped options` }]
      : []),
    ...(left > 0 ? [{ code: "options-unmapped", message: `${left} of the CRM's options are not mapped` }] : [])
  ].map((problem) => ({ index, field: "optionMap" as const, ...problem }))
}

export type InForce = FieldMapping & { readonly origin: "company" | "campaign" }

/**
 * The mapping that is in force for a case: the company's defaults, with the campaign's entries in place of those for the
 * same platform field. An entry that an override switched off, or whose CRM field an override took, is left out.
 */
export const effectiveMapping = (
  defaults: ReadonlyArray<FieldMapping>,
  overrides: ReadonlyArray<CampaignOverride>,
  campaign: string | null
): ReadonlyArray<InForce> => {
  const own = overrides.find((override) => override.campaign === campaign)?.entries ?? []
  const byField = new Map(own.map((entry) => [entry.platformField, entry]))
  const taken = new Set(own.filter(({ direction }) => direction !== "off").map(({ crmKey }) => crmKey.toLowerCase()))
  const kept = defaults.flatMap((entry): ReadonlyArray<InForce> => {
    const override = byField.get(entry.platformField)
    if (override !== undefined) return [{ ...override, origin: "campaign" }]
    return taken.has(entry.crmKey.toLowerCase()) ? [] : [{ ...entry, origin: "company" }]
  })
  const inDefaults = new Set(defaults.map(({ platformField }) => platformField))
  const added = own.filter(({ platformField }) => !inDefaults.has(platformField))
  return [...kept, ...added.map((entry): InForce => ({ ...entry, origin: "campaign" }))].filter(
    ({ direction }) => direction !== "off"
  )
}

export const goesToCrm = ({ direction }: FieldMapping): boolean => direction === "both" || direction === "to"
export const comesFromCrm = ({ direction }: FieldMapping): boolean => direction === "both" || direction === "from"

export type FieldPreview =
  | { readonly _tag: "Fields"; readonly caseType: string; readonly fields: ReadonlyArray<CatalogField> }
  | { readonly _tag: "NoPreview"; readonly reason: string }

/** The fields of a case type, shown while exactly one is selected. */
export const availableFields = (
  selected: ReadonlyArray<string>,
  catalog: ReadonlyArray<{ readonly caseType: string; readonly fields: ReadonlyArray<CatalogField> }>
): FieldPreview => {
  const [caseType, ...more] = new Map(selected.map((name) => [statusKey(name), name])).values()
  if (caseType === undefined) return { _tag: "NoPreview", reason: "Select a case type to see its fields." }
  if (more.length > 0)
    return { _tag: "NoPreview", reason: "More than one case type is selected: see CRM mappings for the full list." }
  const found = catalog.find((each) => statusKey(each.caseType) === statusKey(caseType))
  return found === undefined
    ? { _tag: "NoPreview", reason: "The CRM's fields for this case type were not read yet." }
    : { _tag: "Fields", caseType: found.caseType, fields: found.fields }
}

export interface CatalogChange {
  readonly added: ReadonlyArray<CatalogField>
  readonly renamed: ReadonlyArray<{ readonly key: string; readonly before: string; readonly after: string }>
  /** The same key and name with another input type or other options. */
  readonly altered: ReadonlyArray<CatalogField>
  readonly gone: ReadonlyArray<CatalogField>
  /** Saved mappings whose field is gone. They stay, and are shown as broken. */
  readonly broken: ReadonlyArray<FieldMapping>
}

/** What a refresh of a case type's fields changed. Saved mappings are never touched by it. */
export const catalogChange = (
  before: ReadonlyArray<CatalogField>,
  after: ReadonlyArray<CatalogField>,
  saved: ReadonlyArray<FieldMapping>
): CatalogChange => {
  const old = new Map(before.map((field) => [field.key.toLowerCase(), field]))
  const fresh = new Map(after.map((field) => [field.key.toLowerCase(), field]))
  const both = after.flatMap((now) => {
    const was = old.get(now.key.toLowerCase())
    return was === undefined ? [] : [{ was, now }]
  })
  return {
    added: after.filter(({ key }) => !old.has(key.toLowerCase())),
    renamed: both
      .filter(({ now, was }) => now.label !== was.label)
      .map(({ now, was }) => ({ key: now.key, before: was.label, after: now.label })),
    altered: both
      .filter(({ now, was }) => now.label === was.label)
      .filter(({ now, was }) => now.inputType !== was.inputType || !sameTexts(now.options, was.options))
      .map(({ now }) => now),
    gone: before.filter(({ key }) => !fresh.has(key.toLowerCase())),
    broken: saved.filter(({ crmKey, direction }) => direction !== "off" && !fresh.has(crmKey.toLowerCase()))
  }
}

const sameTexts = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index])
