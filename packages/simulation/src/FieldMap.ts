/** The mapped fields of a firm that has some: one for each direction. */
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"

export const fieldMap: ReadonlyArray<FieldMapping> = [
  { platformField: "injury", crmKey: "Injury", direction: "both", transform: { _tag: "Text" } },
  { platformField: "source", crmKey: "Source", direction: "from", transform: { _tag: "Text" } },
  { platformField: "budget", crmKey: "Budget", direction: "to", transform: { _tag: "Text" } }
]
export const crmKeys = fieldMap.map(({ crmKey }) => crmKey)
/** Few, so that both sides often choose the same. */
export const fieldValues = ["one", "two", "three", "four"]
