/**
 * A workbook (.xlsx) as tables of texts. Formulas are never evaluated: a cell has the value that was saved with it, and
 * one without is a warning. A workbook that takes data from elsewhere is refused. Runs in the reading thread only.
 */
import readXlsxFile from "read-excel-file/universal"
import { openArchive, storedArchive } from "./Archive.ts"
import { Refusal } from "./Refusal.ts"
import type { SheetLimits, SheetTable, SheetWarning } from "./SheetTable.ts"

export const readWorkbook = async (bytes: Uint8Array, limits: SheetLimits): Promise<ReadonlyArray<SheetTable>> => {
  const { names, parts } = await openArchive(bytes, limits)
  const lower = names.map((name) => name.toLowerCase())
  if (!parts.has("[Content_Types].xml") || !parts.has("xl/workbook.xml")) throw new Refusal("content-mismatch")
  if (lower.some((name) => /vbaproject|^xl\/(?:macrosheets|activex)\//.test(name))) throw new Refusal("macros")
  if (lower.some((name) => /^xl\/(?:externallinks|querytables|connections|customdata|model)\b/.test(name))) {
    throw new Refusal("external-links")
  }
  for (const [name, part] of parts) checkPart(name, part)
  const sheetParts = [...parts.keys()].filter((name) => /^xl\/(?:work|chart|dialog)sheets\/[^/]+\.xml$/i.test(name))
  if (sheetParts.length > limits.sheets) throw new Refusal("sheets")
  const scans = new Map(sheetParts.map((name) => [name, scanCells(text(parts, name), limits)]))
  const places = sheetPlaces(text(parts, "xl/workbook.xml"), text(parts, "xl/_rels/workbook.xml.rels"))

  const sheets = await readXlsxFile(storedArchive(parts), { trim: false, parseNumber: plainNumber }).catch(() => {
    throw new Refusal("workbook")
  })
  if (sheets.length > limits.sheets) throw new Refusal("sheets")
  let characters = 0
  return sheets.map(({ data, sheet: name }, index): SheetTable => {
    const sheet = index + 1
    if (data !== undefined && data.length > limits.rows) throw new Refusal("rows", { sheet })
    const rows = (data ?? []).map((cells, at) => {
      if (cells.length > limits.columns) throw new Refusal("columns", { sheet, row: at + 1 })
      return cells.map((cell, column) => {
        const shown = cellText(cell)
        if (shown.length > limits.cellCharacters)
          throw new Refusal("cell-size", { sheet, row: at + 1, column: column + 1 })
        characters += shown.length
        if (characters > limits.characters) throw new Refusal("characters", { sheet, row: at + 1 })
        return shown
      })
    })
    return { name, rows, warnings: scans.get(places[index] ?? "") ?? [], text: null }
  })
}

const text = (parts: ReadonlyMap<string, Buffer>, name: string): string => parts.get(name)?.toString("utf8") ?? ""

/** No document types, no other encodings than UTF-8, and links only where a person clicks. */
const checkPart = (name: string, part: Buffer): void => {
  if (part.includes("<!DOCTYPE") || part.includes("<!ENTITY") || part.includes(0)) throw new Refusal("xml")
  if (part[0] === 0xff || part[0] === 0xfe) throw new Refusal("xml")
  if (name === "[Content_Types].xml" && /macroEnabled/i.test(part.toString("utf8"))) throw new Refusal("macros")
  if (!name.toLowerCase().endsWith(".rels")) return
  for (const [relation] of part.toString("utf8").matchAll(/<(?:\w+:)?Relationship\b[^>]*>/g)) {
    const isExternal = /TargetMode\s*=\s*["']External["']/i.test(relation)
    if (isExternal && !/Type\s*=\s*["'][^"']*\/hyperlink["']/i.test(relation)) throw new Refusal("external-links")
  }
}

/** One pass over a sheet's tags: where values are, and which formulas have none. Attributes give the places. */
const scanCells = (xml: string, limits: SheetLimits): ReadonlyArray<SheetWarning> => {
  const warnings: Array<SheetWarning> = []
  let row = 0
  let column = 0
  let hasFormula = false
  let hasValue = false
  const close = () => {
    if (hasFormula && !hasValue && warnings.length < 100) warnings.push({ code: "formula-without-value", row, column })
    hasFormula = false
    hasValue = false
  }
  for (const [tag, name] of xml.matchAll(/<(?:\w+:)?(row|c|f|v|is)(?=[\s/>])[^>]*>/g)) {
    if (name === "row") {
      const number = Number(/\sr\s*=\s*["'](\d+)["']/.exec(tag)?.[1] ?? 0)
      if (number > 1_048_576) throw new Refusal("workbook")
    } else if (name === "c") {
      close()
      const [, letters = "", digits = "0"] = /\sr\s*=\s*["']([A-Z]{1,3})(\d+)["']/.exec(tag) ?? []
      row = Number(digits)
      column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0)
    } else if (name === "f") hasFormula = true
    else {
      hasValue = true
      if (row > limits.rows) throw new Refusal("rows")
      if (column > limits.columns) throw new Refusal("columns", { row })
    }
  }
  close()
  return warnings
}

/** The parts of the sheets in the workbook's order. */
const sheetPlaces = (workbook: string, relations: string): ReadonlyArray<string> => {
  const attribute = (tag: string, name: string) =>
    new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)["']`).exec(tag)?.[1] ?? ""
  const targets = new Map(
    [...relations.matchAll(/<(?:\w+:)?Relationship\b[^>]*>/g)].map(([tag]) => {
      const target = attribute(tag, "Target")
      return [attribute(tag, "Id"), target.startsWith("/") ? target.slice(1) : `xl/${target}`] as const
    })
  )
  return [...workbook.matchAll(/<(?:\w+:)?sheet\s[^>]*>/g)].map(([tag]) => targets.get(attribute(tag, "\\w+:id")) ?? "")
}

/** Whole numbers keep all their digits; others lose the noise of binary fractions. */
const plainNumber = (raw: string): string => {
  if (/^-?\d{1,20}$/.test(raw)) return raw
  const number = Number(raw)
  return Number.isFinite(number) ? String(Number(number.toPrecision(15))) : raw
}

/** The library's own type of a cell is not what it gives. */
const cellText = (cell: unknown): string => {
  if (cell === null || cell === undefined) return ""
  if (typeof cell === "boolean") return cell ? "TRUE" : "FALSE"
  return cell instanceof Date ? dateText(cell) : String(cell)
}

/** The library's dates are the sheet's wall clock written as UTC. A time of day stays, where the cell has one. */
const dateText = (date: Date): string => {
  if (Number.isNaN(date.getTime())) return ""
  const rounded = new Date(Math.round(date.getTime() / 1000) * 1000)
  const iso = rounded.toISOString()
  const day = iso.slice(0, iso.indexOf("T"))
  const time = iso.slice(iso.indexOf("T") + 1, -8)
  // Excel keeps a time without a date as a fraction of its day zero.
  if (rounded.getUTCFullYear() < 1900) return time
  return time === "00:00" ? day : `${day} ${time}`
}
