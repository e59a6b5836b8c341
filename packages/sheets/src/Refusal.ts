/**
 * The ways in which a file is refused, as the reading thread throws them. Kept apart from the typed failure, so that the
 * thread starts without loading Effect. A refusal has a code and numbers, never a text of the file.
 */

export const refusalSentences = {
  "unsupported-type": "Only .csv, .tsv, .txt and .xlsx files are read.",
  "content-mismatch": "The file's content is not what its name says.",
  "old-or-encrypted": "The file is an old .xls file or has a password: save it as .xlsx without one.",
  unreadable: "The file cannot be opened.",
  "file-size": "The file is too large.",
  archive: "The file is damaged or incomplete.",
  encrypted: "The file has a password: save it without one.",
  entries: "The file has too many parts.",
  "entry-name": "The file has a part with a name that is not allowed.",
  "inflated-size": "The file is too large when it is unpacked.",
  ratio: "The file is packed more densely than a spreadsheet can be.",
  "external-links": "The file takes data from other files or sources: save it with values only.",
  macros: "The file holds macros: save it as .xlsx without them.",
  xml: "The file holds a document type or an encoding that is not allowed.",
  workbook: "The file is not a readable workbook.",
  sheets: "The file has too many sheets.",
  rows: "The file has too many rows.",
  columns: "A row has too many columns.",
  "cell-size": "A cell is too long.",
  characters: "The file holds too much text.",
  encoding: "The text is in an encoding that is not read: save it as UTF-8.",
  quotes: "A quotation mark is open or in the wrong place.",
  memory: "The file needs too much memory to read.",
  deadline: "The file takes too long to read."
} as const

export type RefusalCode = keyof typeof refusalSentences

/** Counted from 1, as a spreadsheet shows them. */
export interface Place {
  readonly sheet?: number
  readonly row?: number
  readonly column?: number
}

export class Refusal extends Error {
  readonly code: RefusalCode
  readonly place: Place
  constructor(code: RefusalCode, place: Place = {}) {
    super(code)
    this.code = code
    this.place = place
  }
}
