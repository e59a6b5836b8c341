/**
 * Spreadsheets of strangers as rows of text. Formulas are never evaluated, nothing is fetched, and a file that is too
 * large, too dense or not what its name says is refused with a code and never with a text of it.
 */
import { Context, Effect, Schema } from "effect"
import type { SheetRows } from "../domain/SheetHeader.ts"

export class SheetUnreadable extends Schema.TaggedError<SheetUnreadable>()("SheetUnreadable", {
  code: Schema.String,
  /** A sentence for people. */
  message: Schema.String
}) {}

export interface SheetFile {
  /** Decides the kind by its extension, and names the sheet of a text file. */
  readonly fileName: string
  readonly bytes: Uint8Array
}

export class SheetReader extends Context.Service<
  SheetReader,
  {
    /** All sheets of a mapping sheet, within the limits for such files. */
    readonly mappingSheet: (file: SheetFile) => Effect.Effect<ReadonlyArray<SheetRows>, SheetUnreadable>
    /** All sheets of a file of cases, within the wider limits for such files. */
    readonly cases: (file: SheetFile) => Effect.Effect<ReadonlyArray<SheetRows>, SheetUnreadable>
  }
>()("@casewire/core/ports/SheetReader") {}
