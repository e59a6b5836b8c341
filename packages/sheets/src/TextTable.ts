/**
 * A text file (.csv, .tsv, .txt) as a table: its encoding and its delimiter are found, its guard against formulas is
 * taken off again. Runs in the reading thread only.
 */
import { CsvError, parse } from "csv-parse/sync"
import { unguarded } from "./FormulaGuard.ts"
import { type Place, Refusal } from "./Refusal.ts"
import type { Delimiter, Encoding, SheetLimits, SheetTable } from "./SheetTable.ts"

export const readText = (
  bytes: Uint8Array,
  name: string,
  limits: SheetLimits,
  preferred: Delimiter | undefined
): SheetTable => {
  const { encoding, text } = decode(bytes)
  const [hint = "", named] = /^sep=([,;\t])(?:\r\n|\n|\r|$)/.exec(text) ?? []
  const body = text.slice(hint.length)
  const delimiter = preferred ?? (named as Delimiter | undefined) ?? delimiterOf(body)
  const rows = records(body, delimiter, limits)
  let characters = 0
  for (const [index, row] of rows.entries()) {
    if (row.length > limits.columns) throw new Refusal("columns", { row: index + 1 })
    for (const [column, cell] of row.entries()) {
      if (cell.length > limits.cellCharacters) throw new Refusal("cell-size", { row: index + 1, column: column + 1 })
      characters += cell.length
    }
    if (characters > limits.characters) throw new Refusal("characters", { row: index + 1 })
  }
  return {
    name,
    rows: rows.map((row) => row.map(unguarded)),
    warnings: encoding === "windows-1252" ? [{ code: "windows-1252" }] : [],
    text: { encoding, delimiter }
  }
}

const decode = (bytes: Uint8Array): { readonly encoding: Encoding; readonly text: string } => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", text: utf16(bytes.subarray(2)) }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) throw new Refusal("encoding")
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  // Without a mark, zero bytes are an encoding of wide characters or no text at all.
  if (!hasMark && bytes.includes(0)) throw new Refusal("encoding")
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    return { encoding: "utf-8", text: decoder.decode(hasMark ? bytes.subarray(3) : bytes) }
  } catch {
    if (hasMark) throw new Refusal("encoding")
    return { encoding: "windows-1252", text: new TextDecoder("windows-1252").decode(bytes) }
  }
}

const utf16 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Refusal("encoding")
  }
}

const delimiters: ReadonlyArray<Delimiter> = [",", ";", "\t"]

/** The delimiter that most of the first lines agree on, counted outside quotes; a comma where none stands out. */
export const delimiterOf = (text: string): Delimiter => {
  const lines = countedLines(text.slice(0, 65_536))
  const scores = delimiters.map((delimiter, index) => {
    const counts = lines.map((line) => line[index] ?? 0).filter((count) => count > 0)
    const tally = new Map<number, number>()
    for (const count of counts) tally.set(count, (tally.get(count) ?? 0) + 1)
    const agreeing = Math.max(0, ...tally.values())
    return { delimiter, score: agreeing + counts.length / 1000 + Math.min(99, Math.max(0, ...counts)) / 1_000_000 }
  })
  return scores.reduce((best, each) => (each.score > best.score ? each : best)).delimiter
}

/** How often each delimiter stands outside quotes, for the first lines. */
const countedLines = (text: string): ReadonlyArray<ReadonlyArray<number>> => {
  const lines: Array<Array<number>> = []
  let counts = delimiters.map(() => 0)
  let isQuoted = false
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted
    else if (isQuoted) continue
    else if (char === "\n" || char === "\r") {
      if (counts.some((count) => count > 0)) lines.push(counts)
      counts = delimiters.map(() => 0)
      if (lines.length === 50) return lines
    } else {
      const index = delimiters.indexOf(char as Delimiter)
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1
    }
  }
  return counts.some((count) => count > 0) ? [...lines, counts] : lines
}

const records = (text: string, delimiter: Delimiter, limits: SheetLimits): ReadonlyArray<ReadonlyArray<string>> => {
  try {
    const rows: ReadonlyArray<ReadonlyArray<string>> = parse(text, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: false,
      bom: false,
      max_record_size: limits.characters,
      to: limits.rows + 1
    })
    if (rows.length > limits.rows) throw new Refusal("rows", { row: rows.length })
    return rows
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (!(error instanceof CsvError)) throw new Refusal("quotes")
    throw new Refusal(error.code === "CSV_MAX_RECORD_SIZE" ? "characters" : "quotes", placeOf(error))
  }
}

const placeOf = (error: CsvError): Place => {
  const { column, records: before } = error as CsvError & { readonly records?: unknown; readonly column?: unknown }
  return {
    ...(typeof before === "number" ? { row: before + 1 } : {}),
    ...(typeof column === "number" ? { column: column + 1 } : {})
  }
}
