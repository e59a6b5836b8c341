/** Spreadsheets by the reader with limits: what it refuses is told by its code and place, never by a text of the file. */
import { SheetReader, SheetUnreadable } from "@casewire/core/ports/SheetReader"
import { readTables } from "@casewire/sheets/ReadTables"
import { mappingSheetLimits } from "@casewire/sheets/SheetTable"
import { Effect, Layer } from "effect"

export const layerSheets = Layer.succeed(SheetReader, {
  mappingSheet: ({ bytes, fileName }) =>
    readTables(bytes, { fileName, limits: mappingSheetLimits }).pipe(
      Effect.mapError(({ code, message }) => new SheetUnreadable({ code, message }))
    )
})
