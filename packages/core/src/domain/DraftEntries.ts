/**
 * From a mapping sheet's fields to entries of a mapping. What is mapped already keeps its field of the platform and its
 * direction; a new one goes to the field that a person chose, else to one named after the question.
 */
import type { FieldKind } from "./FieldKind.ts"
import type { Direction, FieldMapping } from "./FieldMapping.ts"
import type { Transform } from "./FieldTransform.ts"
import type { DraftField } from "./MappingVersion.ts"

export interface DraftChoice {
  readonly crmKey: string
  /** `null` leaves the field out. */
  readonly platformField: string | null
  readonly direction?: Direction
}

/** The mapping with a draft's fields in it: replaced where the CRM's field is mapped already, else appended. */
export const withDraft = (
  present: ReadonlyArray<FieldMapping>,
  fields: ReadonlyArray<DraftField>,
  choices: ReadonlyArray<DraftChoice>
): ReadonlyArray<FieldMapping> => {
  const entries = [...present]
  const taken = new Set(present.map(({ platformField }) => platformField))
  for (const field of fields) {
    const key = field.crmKey.toLowerCase()
    const choice = choices.find(({ crmKey }) => crmKey.toLowerCase() === key)
    if (choice?.platformField === null) continue
    const at = entries.findIndex(({ crmKey }) => crmKey.toLowerCase() === key)
    const before = entries[at]
    const platformField = choice?.platformField ?? before?.platformField ?? freeName(field, taken)
    taken.add(platformField)
    const entry: FieldMapping = {
      platformField,
      crmKey: field.crmKey,
      direction: choice?.direction ?? before?.direction ?? "both",
      transform: transformOf(field.kind, field.options),
      ...optionMapOf(field, before)
    }
    if (at < 0) entries.push(entry)
    else entries[at] = entry
  }
  return entries
}

const freeName = (field: DraftField, taken: ReadonlySet<string>): string => {
  const name = fieldName(field.label) || field.crmKey
  return taken.has(name) ? `${name}_${field.crmKey}` : name
}

/** A name for a field of the platform, from the words of a question: `Date of accident?` becomes `dateOfAccident`. */
export const fieldName = (label: string): string => {
  const words = label
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replace(/['’]|\p{M}/gu, "")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
  const name = words.map((word, index) => (index === 0 ? lower(word) : upper(word))).join("")
  return (/^\d/.test(name) ? `_${name}` : name).slice(0, 60)
}

const lower = (word: string) => word.toLowerCase()
const upper = (word: string) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()

/** How values of a kind are written, until a person says otherwise. Without listed options every option is passed on. */
export const transformOf = (kind: FieldKind | null, options: ReadonlyArray<string>): Transform => {
  const starting = (letter: string) => options.find((option) => option.trim().toLowerCase().startsWith(letter))
  switch (kind) {
    case "date":
      return { _tag: "Date", crm: "MM/DD/YYYY" }
    case "yesno":
      return { _tag: "YesNo", yes: starting("y") ?? "Yes", no: starting("n") ?? "No", inverted: false }
    case "number":
      return { _tag: "Number", decimals: null }
    case "single":
      return { _tag: "Single", keepUnmapped: options.length === 0 }
    case "multi":
      return { _tag: "Multi", keepUnmapped: options.length === 0, separator: ", " }
    default:
      return { _tag: "Text" }
  }
}

/** Options mean themselves, and what was mapped before keeps its meaning. */
const optionMapOf = ({ kind, options }: DraftField, before: FieldMapping | undefined) => {
  if ((kind !== "single" && kind !== "multi") || options.length === 0) return {}
  return {
    optionMap: options.map(
      (option) => before?.optionMap?.find(({ crm }) => crm === option) ?? { platform: option, crm: option }
    )
  }
}
