/**
 * Result files that a spreadsheet program may open: no cell is taken for a formula, and what is written reads back the
 * same. Written line by line, so that a file is never whole in memory.
 */
import { Context } from "effect"

export class SheetWriter extends Context.Service<
  SheetWriter,
  {
    /** What a file begins with. */
    readonly mark: string
    readonly line: (cells: ReadonlyArray<string>) => string
  }
>()("@casewire/core/ports/SheetWriter") {}
