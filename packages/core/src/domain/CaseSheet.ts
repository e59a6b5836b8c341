/**
 * A file of cases: which column is what, and what each row says. Pure. Problems name row and column by number, counted
 * from one as a spreadsheet program shows them, and never hold anything of the file.
 */
import type { SheetRows } from "./SheetHeader.ts"
import { isBlankRow } from "./SheetHeader.ts"
import { normaliseKey } from "./WebhookFields.ts"

/** What a column is for; everything else becomes a field of the platform, by the column's own name. */
const roles = {
  firstName: ["first name", "client first name", "given name", "first"],
  lastName: ["last name", "client last name", "surname", "family name", "last"],
  fullName: ["full name", "name", "client name", "client", "display name"],
  email: ["email", "e-mail", "email address", "e-mail address", "primary email", "client email"],
  phone: ["phone", "phone number", "cell phone", "cell", "mobile", "mobile phone", "telephone", "client phone"],
  caseType: ["case type", "matter type"],
  status: ["status", "case status"]
} as const
const externalIds = ["external id", "external source id", "record id", "crm id"]

export type CaseRole = "externalId" | keyof typeof roles

export interface CaseColumn {
  readonly column: number
  /** As the file writes it. */
  readonly header: string
  readonly use: CaseRole | "field"
}

export interface SheetProblem {
  readonly row?: number
  readonly column?: number
  readonly code: string
}

export interface CaseRow {
  readonly row: number
  readonly values: Readonly<Partial<Record<CaseRole, string>>>
  readonly fields: Readonly<Record<string, string>>
}

export type CaseSheet =
  /** Nothing of the file can be taken. */
  | { readonly _tag: "Refused"; readonly problems: ReadonlyArray<SheetProblem> }
  | {
      readonly _tag: "Read"
      readonly columns: ReadonlyArray<CaseColumn>
      readonly rows: ReadonlyArray<CaseRow>
      /** Rows that cannot be imported as they are, each with every column at fault. */
      readonly invalid: ReadonlyMap<number, ReadonlyArray<SheetProblem>>
    }

export interface CaseSheetOptions {
  /** What the CRM calls its record's id, and the firm's own words for it. */
  readonly recordNames: ReadonlyArray<string>
  readonly recordPattern?: string
  /** Words that mean "nothing here". */
  readonly fillers: ReadonlyArray<string>
  /** For rows that do not say theirs. */
  readonly caseType?: string
  /** The sheet's name, where a workbook has several with something in them. */
  readonly sheet?: string
}

export const readCaseSheet = (sheets: ReadonlyArray<SheetRows>, options: CaseSheetOptions): CaseSheet => {
  const filled = sheets.filter(({ rows }) => !rows.every(isBlankRow))
  const named = options.sheet === undefined ? filled : filled.filter(({ name }) => name === options.sheet)
  const [sheet] = named
  if (sheet === undefined) return refused([{ code: options.sheet === undefined ? "empty" : "sheet-unknown" }])
  if (named.length > 1) return refused([{ code: "several-sheets" }])
  const useOf = uses(options.recordNames)
  const at = sheet.rows.slice(0, headerWithin).findIndex((row) => isHeader(row, useOf))
  if (at < 0) return refused([{ code: "no-header" }])
  const header = sheet.rows[at]!.map((cell) => cell.replace(/\s+/g, " ").trim())
  const columns = header.flatMap((cell, index): ReadonlyArray<CaseColumn> =>
    cell === "" ? [] : [{ column: index + 1, header: cell, use: useOf(cell) ?? "field" }]
  )
  const problems = headerProblems(columns, at + 1)
  if (problems.length > 0) return refused(problems)
  const known = new Set(columns.map(({ column }) => column))
  const isFiller = new Set(options.fillers.map((filler) => filler.toLowerCase()))
  const pattern = options.recordPattern === undefined ? undefined : new RegExp(options.recordPattern)
  const rows: Array<CaseRow> = []
  const invalid = new Map<number, ReadonlyArray<SheetProblem>>()
  for (const [index, cells] of sheet.rows.entries()) {
    if (index <= at || isBlankRow(cells)) continue
    const row = index + 1
    const found: Array<SheetProblem> = []
    const values: { -readonly [K in CaseRole]?: string } = {}
    const fields: Record<string, string> = {}
    for (const [position, cell] of cells.entries())
      if (!known.has(position + 1) && cell.trim() !== "")
        found.push({ row, column: position + 1, code: "column-without-name" })
    for (const { column, header, use } of columns) {
      const text = (cells[column - 1] ?? "").trim()
      if (text === "" || isFiller.has(text.toLowerCase())) continue
      const code = cellProblem(use, text, pattern)
      if (code !== undefined) found.push({ row, column, code })
      else if (use === "field") fields[header] = text
      else values[use] = text
    }
    if (values.externalId === undefined && found.length === 0) {
      if (values.fullName === undefined && values.firstName === undefined && values.lastName === undefined)
        found.push({ row, code: "name-missing" })
      if (values.caseType === undefined && options.caseType === undefined)
        found.push({ row, code: "case-type-missing" })
    }
    if (found.length > 0) invalid.set(row, found)
    rows.push({ row, values: { ...caseTypeOf(options), ...values }, fields })
  }
  return rows.length === 0 ? refused([{ code: "empty" }]) : { _tag: "Read", columns, rows, invalid }
}

const refused = (problems: ReadonlyArray<SheetProblem>): CaseSheet => ({ _tag: "Refused", problems })

/** People write titles above their tables, but not many lines of them. */
const headerWithin = 20
const longestName = 200
const longestValue = 10_000
// oxlint-disable-next-line no-control-regex -- naming the control characters is the point
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFD]/

const uses = (recordNames: ReadonlyArray<string>): ((header: string) => CaseRole | undefined) => {
  const useByKey = new Map<string, CaseRole>()
  for (const [role, names] of Object.entries(roles) as ReadonlyArray<[CaseRole, ReadonlyArray<string>]>)
    for (const name of names) useByKey.set(normaliseKey(name), role)
  for (const name of [...externalIds, ...recordNames]) useByKey.set(normaliseKey(name), "externalId")
  return (header) => useByKey.get(normaliseKey(header))
}

/** A row that names the record or the client, and says nothing that is no column's name. */
const isHeader = (row: ReadonlyArray<string>, useOf: ReturnType<typeof uses>): boolean => {
  const cells = row.filter((cell) => cell.trim() !== "")
  const found = new Set(cells.flatMap((cell) => useOf(cell) ?? []))
  const isNamed = found.has("externalId") || found.has("fullName") || (found.has("firstName") && found.has("lastName"))
  return isNamed && (found.size > 1 || cells.length === 1)
}

const headerProblems = (columns: ReadonlyArray<CaseColumn>, row: number): ReadonlyArray<SheetProblem> => {
  const seen = new Set<string>()
  return columns.flatMap(({ column, header, use }): ReadonlyArray<SheetProblem> => {
    const name = use === "field" ? `field ${normaliseKey(header)}` : use
    const isSecond = seen.has(name)
    seen.add(name)
    const code = isSecond
      ? "column-repeated"
      : header.length > longestName
        ? "too-long"
        : control.test(header)
          ? "control-character"
          : header in {}
            ? "reserved"
            : undefined
    return code === undefined ? [] : [{ row, column, code }]
  })
}

const cellProblem = (use: CaseColumn["use"], text: string, record: RegExp | undefined): string | undefined =>
  control.test(text)
    ? "control-character"
    : text.length > (use === "field" ? longestValue : longestName)
      ? "too-long"
      : use === "externalId" && record !== undefined && !record.test(text)
        ? "malformed"
        : undefined

const caseTypeOf = ({ caseType }: CaseSheetOptions) => (caseType === undefined ? {} : { caseType })
