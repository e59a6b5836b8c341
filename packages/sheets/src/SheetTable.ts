/**
 * A table as it was read, and how much of one is read at most.
 */
export interface SheetWarning {
  readonly code: "windows-1252" | "formula-without-value"
  readonly row?: number
  readonly column?: number
}

export interface SheetTable {
  /** The sheet's name; of a text file its name without the extension. */
  readonly name: string
  /** In the file's order, blank rows too: the row at index 4 is row 5 of the file. */
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly warnings: ReadonlyArray<SheetWarning>
  /** How a text file was read; null for a workbook. */
  readonly text: { readonly encoding: Encoding; readonly delimiter: Delimiter } | null
}

export type Encoding = "utf-8" | "utf-16le" | "windows-1252"
export type Delimiter = "," | ";" | "\t"

export interface SheetLimits {
  readonly fileBytes: number
  readonly sheets: number
  readonly rows: number
  readonly columns: number
  readonly cellCharacters: number
  /** Of all cells together. One shared text may stand in many cells, so a small file can hold a lot. */
  readonly characters: number
  readonly entries: number
  readonly inflatedBytes: number
  readonly ratio: number
  readonly memoryMb: number
  readonly deadlineMs: number
}

const MiB = 1024 * 1024

export const mappingSheetLimits: SheetLimits = {
  fileBytes: 5 * MiB,
  sheets: 20,
  rows: 5000,
  columns: 200,
  cellCharacters: 32_767,
  characters: 10 * MiB,
  entries: 100,
  inflatedBytes: 50 * MiB,
  ratio: 100,
  memoryMb: 256,
  deadlineMs: 20_000
}

/** For imports of cases: more rows, within the same bounds for what is unpacked. */
export const caseImportLimits: SheetLimits = {
  ...mappingSheetLimits,
  fileBytes: 50 * MiB,
  rows: 100_000,
  characters: 50 * MiB,
  memoryMb: 768,
  deadlineMs: 60_000
}
