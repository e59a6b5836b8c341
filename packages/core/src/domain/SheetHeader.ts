/**
 * Where the header row of a mapping sheet is, and which column is which. A sheet may hold several tables one below the
 * other; what stands above each header is kept apart, because firms write their API values there.
 */
export interface SheetRows {
  readonly name: string
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export interface Columns {
  readonly key: number
  readonly name?: number
  readonly type?: number
  readonly options?: number
  readonly caseType?: number
}

/** One table: its header, its rows from `first` until before `end`, all counted from 0. */
export interface Block {
  readonly header: number
  readonly columns: Columns
  readonly first: number
  readonly end: number
  /** The rows before the header that belong to no table. */
  readonly above: ReadonlyArray<ReadonlyArray<string>>
}

/** The tables of a sheet, by their headers; `isKey` tells a field's key. */
export const blocksOf = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  isKey: (text: string) => boolean
): ReadonlyArray<Block> => {
  const headers = rows.flatMap((row, header) => {
    const columns = columnsOf(row)
    return columns === undefined ? [] : [{ header, columns }]
  })
  let from = 0
  return headers.map(({ columns, header }, index): Block => {
    const next = headers[index + 1]?.header ?? rows.length
    const isLast = index === headers.length - 1
    // Up to the next header only rows until the last key belong here: what follows stands above that header.
    let end = next
    while (!isLast && end > header + 1 && !isKey(rows[end - 1]?.[columns.key] ?? "")) end--
    const block = { header, columns, first: header + 1, end, above: rows.slice(from, header) }
    from = end
    return block
  })
}

export const isBlankRow = (row: ReadonlyArray<string>): boolean => row.every((cell) => cell.trim() === "")

/** The columns of a header row: a key, and a name or a type beside it. Anything else is no header. */
export const columnsOf = (row: ReadonlyArray<string>): Columns | undefined => {
  const found: { -readonly [K in keyof Columns]?: number } = {}
  for (const [index, cell] of row.entries()) {
    const role = roleOf(cell)
    if (role !== undefined && found[role] === undefined) found[role] = index
  }
  const { key, ...others } = found
  return key === undefined || (others.name === undefined && others.type === undefined) ? undefined : { key, ...others }
}

const roleOf = (cell: string): keyof Columns | undefined => {
  if (cell.length > 60) return undefined
  const text = cell
    .normalize("NFKC")
    .toLowerCase()
    .replace(/#/g, " number ")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
  if (/^case ?type(?: name)?$/.test(text)) return "caseType"
  if (/\b(?:options|values|choices|answers)\b/.test(text)) return "options"
  if (/^(?:(?:field|data|input|question) )?type(?: of field)?$/.test(text)) return "type"
  if (/^custom(?: field)?(?: (?:number|no|id|key))?(?: .*)?$/.test(text) && !/\bname\b|\blabel\b/.test(text))
    return "key"
  if (/\b(?:field|question) (?:id|key|number|no|code)\b/.test(text) || /^(?:id|key|token)$/.test(text)) return "key"
  if (
    /^friendly\b/.test(text) ||
    /^(?:(?:field|display|question) )?(?:name|label)$/.test(text) ||
    /^question$/.test(text)
  )
    return "name"
  return undefined
}
