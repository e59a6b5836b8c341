/** Spreadsheets by the reader with limits: what it refuses is told by its code and place, never by a text of the file. */
import { type SheetFile, SheetReader, SheetUnreadable } from "@casewire/core/ports/SheetReader"
import { SheetWriter } from "@casewire/core/ports/SheetWriter"
import { readTables } from "@casewire/sheets/ReadTables"
import { caseImportLimits, mappingSheetLimits, type SheetLimits } from "@casewire/sheets/SheetTable"
import { csvLine } from "@casewire/sheets/WriteCsv"
import { Effect, Layer } from "effect"

const read =
  (limits: SheetLimits) =>
  ({ bytes, fileName }: SheetFile) =>
    readTables(bytes, { fileName, limits }).pipe(
      Effect.mapError(({ code, message }) => new SheetUnreadable({ code, message }))
    )

export const layerSheets = Layer.merge(
  Layer.succeed(SheetReader, { mappingSheet: read(mappingSheetLimits), cases: read(caseImportLimits) }),
  Layer.succeed(SheetWriter, { mark: "\uFEFF", line: csvLine })
)
