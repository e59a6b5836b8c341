/**
 * A firm's mapping sheet, one sheet per case type, read into a draft with an outcome for every row.
 *
 * Sheets carry API values above the header row. Nothing from there is kept or repeated: the only thing taken is the name
 * of a case type that is known already, in the catalog's spelling. Below the header, a row's texts are repeated only
 * when its first column is a field's key, because sheets are sometimes glued together.
 */
import { Schema } from "effect"
import { customKey, defaultKey, type FieldKeys, fieldKeyProblem, isDefaultWord } from "./FieldKey.ts"
import { FieldKind, fit, kindOf } from "./FieldKind.ts"
import type { CatalogField } from "./FieldMapping.ts"
import { segments } from "./FieldTransform.ts"
import { isStatusField } from "./FieldWords.ts"
import { type Block, blocksOf, type Columns, isBlankRow, type SheetRows } from "./SheetHeader.ts"
import { statusKey } from "./StatusSync.ts"

/** One field that the firm wants mapped; the platform's side is chosen later. */
export const DraftField = Schema.Struct({
  caseType: Schema.String,
  crmKey: Schema.String,
  label: Schema.String,
  kind: Schema.NullOr(FieldKind),
  options: Schema.Array(Schema.String),
  isDefault: Schema.Boolean,
  /** From 1, as a spreadsheet shows them. */
  sheet: Schema.Int,
  row: Schema.Int
})
export interface DraftField extends Schema.Schema.Type<typeof DraftField> {}

export const IssueCode = Schema.Literals([
  "malformed-key",
  "reserved-key",
  "unknown-default",
  "status",
  "duplicate",
  "no-case-type",
  "unknown-case-type",
  "no-value",
  "unknown-field",
  "no-name",
  "unknown-type",
  "type-differs",
  "options-differ",
  "options-missing"
])
export type IssueCode = typeof IssueCode.Type

/** What became of one row. */
export const SheetOutcome = Schema.Struct({
  sheet: Schema.Int,
  row: Schema.Int,
  /** The draft has the row unless this is `error`. */
  level: Schema.Literals(["ok", "warning", "error"]),
  codes: Schema.Array(IssueCode),
  /** For people: row numbers, keys and names that the CRM's catalog has. */
  message: Schema.String,
  crmKey: Schema.NullOr(Schema.String),
  /** In the catalog's spelling, where the row or its sheet has one. */
  caseType: Schema.NullOr(Schema.String)
})
export interface SheetOutcome extends Schema.Schema.Type<typeof SheetOutcome> {}

export const SheetSummary = Schema.Struct({
  sheet: Schema.Int,
  name: Schema.String,
  /** The case types that the sheet's rows are for, in the catalog's spelling. */
  caseTypes: Schema.Array(Schema.String),
  /** `no-header`: nothing on it was read. */
  problem: Schema.NullOr(Schema.Literals(["no-header"])),
  headerRows: Schema.Array(Schema.Int),
  /** How many rows above a header were dropped, and whether they look like API values. */
  dropped: Schema.Int,
  credentialsSeen: Schema.Boolean
})
export interface SheetSummary extends Schema.Schema.Type<typeof SheetSummary> {}

export interface MappingSheet {
  readonly sheets: ReadonlyArray<SheetSummary>
  readonly rows: ReadonlyArray<SheetOutcome>
  readonly draft: ReadonlyArray<DraftField>
}

export interface SheetKnowledge {
  readonly keys: FieldKeys
  readonly reserved: ReadonlyArray<string>
  /** Names of the CRM's case types. */
  readonly caseTypes: ReadonlyArray<string>
  /** The CRM's fields by case type; without an entry a case type's fields are not judged. */
  readonly catalog: ReadonlyArray<{ readonly caseType: string; readonly fields: ReadonlyArray<CatalogField> }>
  /** What a person chose for a sheet (numbered from 1) that does not say its case type. */
  readonly chosen?: ReadonlyMap<number, string>
}

export const readMappingSheet = (sheets: ReadonlyArray<SheetRows>, known: SheetKnowledge): MappingSheet => {
  const rows: Array<SheetOutcome> = []
  const draft: Array<DraftField> = []
  const seen = new Map<string, string>()
  const outcomes = sheets.map(({ name, rows: cells }, index): SheetSummary => {
    const sheet = index + 1
    const blocks = blocksOf(cells, (text) => keyOf(known, text, "")._tag === "Key")
    const caseTypes = new Set<string>()
    for (const block of blocks) {
      const caseType = caseTypeOf(known, name, sheet, block)
      for (let at = block.first; at < block.end; at++) {
        const row = cells[at] ?? []
        if (isBlankRow(row)) continue
        const judged = judge(known, row, block.columns, caseType, { sheet, row: at + 1 }, seen)
        rows.push(judged.outcome)
        if (judged.field === undefined) continue
        draft.push(judged.field)
        caseTypes.add(judged.field.caseType)
      }
    }
    return {
      sheet,
      name,
      caseTypes: [...caseTypes],
      problem: blocks.length === 0 ? "no-header" : null,
      headerRows: blocks.map(({ header }) => header + 1),
      dropped: blocks.reduce((count, { above }) => count + above.filter((row) => !isBlankRow(row)).length, 0),
      credentialsSeen: (blocks.length === 0 ? cells : blocks.flatMap(({ above }) => above)).some(looksSecret)
    }
  })
  return { sheets: outcomes, rows, draft }
}

/** The outcome as a table, one line per row of the sheet: for a result file. */
export const outcomeTable = (result: {
  readonly rows: ReadonlyArray<Pick<SheetOutcome, "crmKey" | "level" | "message" | "row" | "sheet">>
}): readonly [ReadonlyArray<string>, ...ReadonlyArray<ReadonlyArray<string>>] => [
  ["Sheet", "Row", "Field", "Outcome", "Message"],
  ...result.rows.map(({ crmKey, level, message, row, sheet }) => [
    String(sheet),
    String(row),
    crmKey ?? "",
    level,
    message
  ])
]

/** A person's choice, else a known case type's name above the header, else the sheet's own name. */
const caseTypeOf = (known: SheetKnowledge, name: string, sheet: number, block: Block): string | undefined => {
  const named = (text: string) =>
    known.caseTypes.find((each) => each === text.trim()) ??
    known.caseTypes.find((each) => statusKey(each) === statusKey(text.replace(/^\s*case\s*type\s*[:=-]\s*/i, "")))
  const above = block.above.flatMap((row) => row.map(named)).filter((found) => found !== undefined)
  const chosen = known.chosen?.get(sheet)
  return (chosen === undefined ? undefined : named(chosen)) ?? above.at(-1) ?? named(name)
}

const secretWord = /\b(?:api|key|secret|password|token|client ?(?:id|root|secret)|user ?name|credentials?|endpoint)\b/i
const looksSecret = (row: ReadonlyArray<string>): boolean =>
  row.some((cell) => secretWord.test(cell) || /^(?=.*\d)[A-Za-z0-9+/_=-]{20,}$/.test(cell.trim()))

type KeyFound =
  | { readonly _tag: "Key"; readonly key: string; readonly isDefault: boolean }
  | { readonly _tag: "NoKey"; readonly code: IssueCode }

const keyOf = (known: SheetKnowledge, text: string, label: string): KeyFound => {
  const custom = customKey(known.keys, text)
  if (custom !== undefined) return { _tag: "Key", key: custom, isDefault: false }
  const isWord = isDefaultWord(known.keys, text)
  const key = defaultKey(known.keys, isWord ? label : text)
  if (key !== undefined) return { _tag: "Key", key, isDefault: true }
  const listed = known.catalog
    .flatMap(({ fields }) => fields)
    .find((field) => field.key.toLowerCase() === text.trim().toLowerCase())
  if (listed !== undefined) return { _tag: "Key", key: listed.key, isDefault: true }
  if (isWord) return { _tag: "NoKey", code: "unknown-default" }
  return {
    _tag: "NoKey",
    code: fieldKeyProblem(text.trim(), known.reserved) === "reserved" ? "reserved-key" : "malformed-key"
  }
}

interface Judged {
  readonly outcome: SheetOutcome
  readonly field?: DraftField
}

const judge = (
  known: SheetKnowledge,
  cells: ReadonlyArray<string>,
  columns: Columns,
  sheetCaseType: string | undefined,
  at: { readonly sheet: number; readonly row: number },
  seen: Map<string, string>
): Judged => {
  const cell = (column: number | undefined): string => (column === undefined ? "" : (cells[column] ?? "").trim())
  const label = cell(columns.name).replace(/\s+/g, " ")
  const ownCaseType = cell(columns.caseType)
  const caseType =
    ownCaseType === "" ? sheetCaseType : known.caseTypes.find((each) => statusKey(each) === statusKey(ownCaseType))
  const refuse = (code: IssueCode, message: string, crmKey: string | null = null): Judged => ({
    outcome: { ...at, level: "error", codes: [code], message, crmKey, caseType: caseType ?? null }
  })
  const found = keyOf(known, cell(columns.key), label)
  if (found._tag === "NoKey") {
    const isStatus = isStatusField(cell(columns.key)) || (found.code === "unknown-default" && isStatusField(label))
    return isStatus ? refuse("status", statusMessage) : refuse(found.code, keyMessage(found.code))
  }
  const { isDefault, key } = found
  if (fieldKeyProblem(key, known.reserved) !== undefined) return refuse("reserved-key", keyMessage("reserved-key"))
  if (isStatusField(label) || isStatusField(key)) return refuse("status", statusMessage, key)

  if (caseType === undefined)
    return ownCaseType === ""
      ? refuse("no-case-type", "The sheet does not say its case type: choose it.", key)
      : refuse("unknown-case-type", "The CRM has no case type of the name in this row.", key)

  const identity = `${statusKey(caseType)}\n${key.toLowerCase()}`
  const earlier = seen.get(identity)
  if (earlier !== undefined) return refuse("duplicate", `${key} is already in ${earlier}.`, key)
  seen.set(identity, `row ${at.row} of sheet ${at.sheet}`)

  const fields = known.catalog.find((each) => statusKey(each.caseType) === statusKey(caseType))?.fields
  const listed = fields?.find((field) => field.key.toLowerCase() === key.toLowerCase())
  if (listed !== undefined && isStatusField(listed.label)) return refuse("status", statusMessage, key)
  const kind = kindOf(cell(columns.type))
  const options = optionsOf(cell(columns.options), listed?.options ?? [])
  const issues = [
    ...nameIssues(label),
    ...fieldIssues(key, label, fields, listed),
    ...typeIssues(cell(columns.type), kind, listed),
    ...optionIssues(options, kind, listed)
  ]
  if (issues.some(([code]) => code === "no-value")) return refuse("no-value", "The field holds no value.", key)
  return {
    outcome: {
      ...at,
      level: issues.length === 0 ? "ok" : "warning",
      codes: issues.map(([code]) => code),
      message: issues.length === 0 ? "Taken into the draft." : issues.map(([, message]) => message).join(" "),
      crmKey: key,
      caseType
    },
    field: { caseType, crmKey: key, label, kind: kind ?? null, options, isDefault, ...at }
  }
}

const statusMessage = "Statuses are synced by themselves: a status is never mapped as a field."
const keyMessage = (code: IssueCode): string =>
  code === "reserved-key"
    ? "The CRM uses this name for something else."
    : code === "unknown-default"
      ? "The row says default field, and the CRM has none of that name."
      : "The first column is not a field's key."

type Issues = ReadonlyArray<readonly [code: IssueCode, message: string]>

const nameIssues = (label: string): Issues => (label === "" ? [["no-name", "The row has no friendly name."]] : [])

const fieldIssues = (
  key: string,
  label: string,
  fields: ReadonlyArray<CatalogField> | undefined,
  listed: CatalogField | undefined
): Issues => {
  if (fields === undefined || listed !== undefined) return []
  const near = fields.find((field) => label !== "" && statusKey(field.label) === statusKey(label))
  const hint = near === undefined ? "" : ` It has this name under ${near.key}.`
  return [["unknown-field", `The CRM does not list ${key} for the case type.${hint}`]]
}

const typeIssues = (text: string, kind: FieldKind | undefined, listed: CatalogField | undefined): Issues => {
  if (kind === "none") return [["no-value", ""]]
  if (kind === undefined) return text === "" ? [] : [["unknown-type", "The type is none that is known."]]
  const theirs = kindOf(listed?.inputType ?? "")
  if (theirs === "none") return [["no-value", ""]]
  return fit(kind, theirs)._tag === "Blocked" || (theirs !== undefined && isChoice(kind) !== isChoice(theirs))
    ? [["type-differs", `The CRM has this field as ${listed?.inputType}.`]]
    : []
}

const isChoice = (kind: FieldKind): boolean => kind === "single" || kind === "multi"

const optionIssues = (
  options: ReadonlyArray<string>,
  kind: FieldKind | undefined,
  listed: CatalogField | undefined
): Issues => {
  if (options.length === 0)
    return kind !== undefined && isChoice(kind) ? [["options-missing", "The row lists no valid options."]] : []
  if (listed === undefined || listed.options.length === 0) return []
  const theirs = new Set(listed.options.map(statusKey))
  const ours = new Set(options.map(statusKey))
  const foreign = [...ours].filter((option) => !theirs.has(option)).length
  const left = [...theirs].filter((option) => !ours.has(option)).length
  return foreign + left === 0
    ? []
    : [["options-differ", `Of the options, ${foreign} are unknown to the CRM and ${left} of the CRM's are not listed.`]]
}

/** Options stand on lines or between commas or semicolons; quoted ones, and those of the CRM, may contain a comma. */
const optionsOf = (text: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines = text.slice(0, 10_000).split(/[\r\n;|]+/)
  const parts = lines.flatMap((line) => {
    const pieces = line.split(/("(?:[^"]|"")*")/)
    return pieces.flatMap((piece, index) =>
      index % 2 === 1 ? [piece.slice(1, -1).replaceAll('""', '"')] : segments(piece, ",", known)
    )
  })
  const unique = new Map(
    parts
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .map((part) => [statusKey(part), part])
  )
  return [...unique.values()]
}
