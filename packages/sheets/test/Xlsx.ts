/** Makes .xlsx files part by part, so that a test can say exactly what is inside. */
import { strToU8, zipSync } from "fflate"

export interface Made {
  /** Sheet name to the XML inside `<sheetData>`. */
  readonly sheets: Readonly<Record<string, string>>
  readonly shared?: ReadonlyArray<string>
  /** Number formats by style: style 0 is general, the others follow. */
  readonly formats?: ReadonlyArray<string>
  readonly date1904?: boolean
  /** Further parts, or other contents for the usual ones. */
  readonly parts?: Readonly<Record<string, string | Uint8Array>>
  readonly workbookRelations?: string
  readonly level?: 0 | 6 | 9
}

const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
const relationType = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")

export const partsOf = (made: Made): Record<string, Uint8Array> => {
  const names = Object.keys(made.sheets)
  const formats = made.formats ?? []
  const texts: Record<string, string | Uint8Array> = {
    "[Content_Types].xml": `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    "_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${relationType}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `<workbook ${main} xmlns:r="${relationType}"><workbookPr${made.date1904 === true ? ' date1904="1"' : ""}/><sheets>${names
      .map((name, index) => `<sheet name="${escape(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`)
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${names
      .map(
        (_, index) =>
          `<Relationship Id="rId${index + 1}" Type="${relationType}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`
      )
      .join(
        ""
      )}<Relationship Id="rIdS" Type="${relationType}/styles" Target="styles.xml"/><Relationship Id="rIdT" Type="${relationType}/sharedStrings" Target="sharedStrings.xml"/>${made.workbookRelations ?? ""}</Relationships>`,
    "xl/styles.xml": `<styleSheet ${main}><numFmts count="${formats.length}">${formats
      .map((code, index) => `<numFmt numFmtId="${170 + index}" formatCode="${escape(code)}"/>`)
      .join(
        ""
      )}</numFmts><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs><xf numFmtId="0" xfId="0"/>${formats
      .map((_, index) => `<xf numFmtId="${170 + index}" xfId="0" applyNumberFormat="1"/>`)
      .join("")}</cellXfs></styleSheet>`,
    "xl/sharedStrings.xml": `<sst ${main}>${(made.shared ?? []).map((text) => `<si><t xml:space="preserve">${escape(text)}</t></si>`).join("")}</sst>`
  }
  for (const [index, name] of names.entries())
    texts[`xl/worksheets/sheet${index + 1}.xml`] =
      `<worksheet ${main}><sheetData>${made.sheets[name]}</sheetData></worksheet>`
  return Object.fromEntries(
    Object.entries({ ...texts, ...made.parts }).map(([name, part]) => [
      name,
      typeof part === "string" ? strToU8(part) : part
    ])
  )
}

export const xlsx = (made: Made): Uint8Array => zipSync(partsOf(made), { level: made.level ?? 6 })

export const cell = (place: string, text: string): string =>
  `<c r="${place}" t="inlineStr"><is><t xml:space="preserve">${escape(text)}</t></is></c>`
export const row = (number: number, ...cells: ReadonlyArray<string>): string =>
  `<row r="${number}">${cells.join("")}</row>`

/** Rows of texts as sheet data. */
export const sheetOf = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows
    .map((cells, index) =>
      row(index + 1, ...cells.map((text, column) => cell(`${String.fromCharCode(65 + column)}${index + 1}`, text)))
    )
    .join("")

/** Where a part's header starts in the archive's directory, for tests that lie in it. */
export const directoryEntry = (archive: Uint8Array, name: string): number => {
  const bytes = Buffer.from(archive)
  for (
    let at = bytes.indexOf("PK\u0001\u0002", 0, "latin1");
    at >= 0;
    at = bytes.indexOf("PK\u0001\u0002", at + 1, "latin1")
  ) {
    const length = bytes.readUInt16LE(at + 28)
    if (bytes.toString("utf8", at + 46, at + 46 + length) === name) return at
  }
  throw new Error(`no part ${name}`)
}
