/**
 * Why a file was not read. Every refusal names a code and, where there is one, the place: numbers only, never a text of
 * the file, because spreadsheets of firms hold client data and API values.
 */
import { Schema } from "effect"
import { type RefusalCode, refusalSentences } from "./Refusal.ts"

/** Counted from 1, as a spreadsheet shows them. */
const Place = Schema.Struct({
  sheet: Schema.optionalKey(Schema.Int),
  row: Schema.optionalKey(Schema.Int),
  column: Schema.optionalKey(Schema.Int)
})

export class SheetRefused extends Schema.TaggedError<SheetRefused>()("SheetRefused", {
  code: Schema.Literals(Object.keys(refusalSentences) as ReadonlyArray<RefusalCode>),
  place: Place
}) {
  override get message(): string {
    const { column, row, sheet } = this.place
    const at = [
      ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
      ...(row === undefined ? [] : [`row ${row}`]),
      ...(column === undefined ? [] : [`column ${column}`])
    ]
    return at.length === 0 ? refusalSentences[this.code] : `${refusalSentences[this.code]} (${at.join(", ")})`
  }
  /** What is over a limit, as opposed to what is wrong: the difference between 413 and 422. */
  get isTooLarge(): boolean {
    return tooLarge.has(this.code)
  }
}

const tooLarge: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "file-size",
  "entries",
  "inflated-size",
  "ratio",
  "sheets",
  "rows",
  "columns",
  "cell-size",
  "characters",
  "memory",
  "deadline"
])
