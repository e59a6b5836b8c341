/**
 * Tables as CSV that a spreadsheet program may open: UTF-8 with its mark, lines ending in CRLF, no cell that a program
 * would take for a formula. What is written reads back the same, and writing that again gives the same bytes.
 */
import { guarded } from "./FormulaGuard.ts"

export const writeCsv = (rows: ReadonlyArray<ReadonlyArray<string>>): Uint8Array =>
  new TextEncoder().encode(`\uFEFF${rows.map(csvLine).join("")}`)

/** One line, for results that are written as they come; the mark is the caller's. */
export const csvLine = (cells: ReadonlyArray<string>): string =>
  `${cells.length === 0 || (cells.length === 1 && cells[0] === "") ? '""' : cells.map(field).join(",")}\r\n`

/** Whatever could end a field, be trimmed or be taken for another delimiter stands in quotes. */
const field = (cell: string): string => {
  const safe = guarded(cell)
  return /[",;\t\r\n\uFEFF]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
