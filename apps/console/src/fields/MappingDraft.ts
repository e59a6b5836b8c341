/** A mapping while it is edited: rows with a name of their own, and what the host says about each. Plain decisions. */
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import type { Transform } from "@casewire/core/domain/FieldTransform"
import { fieldsCopy as copy } from "../copy/FieldsCopy.ts"

export interface DraftRow {
  readonly id: number
  readonly entry: FieldMapping
}

export const emptyEntry: FieldMapping = {
  platformField: "",
  crmKey: "",
  direction: "both",
  transform: { _tag: "Text" }
}

export type KindName = keyof typeof copy.kinds

export const kindNameOf = (transform: Transform): KindName =>
  transform._tag === "Date" ? `Date ${transform.crm}` : transform._tag

/** What a kind begins with; one that was saved with more keeps it while its kind stays. */
export const transformOf = (kind: KindName): Transform => {
  switch (kind) {
    case "Text":
      return { _tag: "Text" }
    case "Date MM/DD/YYYY":
      return { _tag: "Date", crm: "MM/DD/YYYY" }
    case "Date YYYY-MM-DD":
      return { _tag: "Date", crm: "YYYY-MM-DD" }
    case "YesNo":
      return { _tag: "YesNo", yes: "Yes", no: "No", inverted: false }
    case "Number":
      return { _tag: "Number", decimals: null }
    case "Single":
      return { _tag: "Single", keepUnmapped: true }
    case "Multi":
      return { _tag: "Multi", keepUnmapped: true, separator: "; " }
  }
}

/** The host's words about rows, by row: "entry 3: it is mapped twice", with semicolons between them. */
export const problemsByRow = (detail: string): ReadonlyMap<number, ReadonlyArray<string>> => {
  const found = new Map<number, Array<string>>()
  for (const part of detail.split("; ")) {
    const [, number = "", sentence = ""] = /^entry (\d+): (.+)$/s.exec(part) ?? []
    if (number === "") continue
    const row = Number(number) - 1
    found.set(row, [...(found.get(row) ?? []), copy.problem(row + 1, sentence)])
  }
  return found
}
