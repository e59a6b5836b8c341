/**
 * The reading thread: one file, then it ends. It has its own memory limit and can be stopped at any moment, which a
 * parser in the host's thread cannot. What it says of a failure is a code and numbers.
 */
import { parentPort, workerData } from "node:worker_threads"
import { Refusal, type Place, type RefusalCode } from "./Refusal.ts"
import type { Delimiter, SheetLimits, SheetTable } from "./SheetTable.ts"

export interface ReadingTask {
  readonly kind: "workbook" | "text"
  readonly bytes: Uint8Array
  readonly name: string
  readonly limits: SheetLimits
  readonly delimiter: Delimiter | undefined
}

export type ReadingAnswer =
  | { readonly _tag: "Read"; readonly tables: ReadonlyArray<SheetTable> }
  | { readonly _tag: "Refused"; readonly code: RefusalCode; readonly place: Place }

const answer = async ({ bytes, delimiter, kind, limits, name }: ReadingTask): Promise<ReadingAnswer> => {
  try {
    // Only what the file needs is loaded: starting the thread is most of the time for a small file.
    if (kind === "workbook") {
      const { readWorkbook } = await import("./Workbook.ts")
      return { _tag: "Read", tables: await readWorkbook(bytes, limits) }
    }
    const { readText } = await import("./TextTable.ts")
    return { _tag: "Read", tables: [readText(bytes, name, limits, delimiter)] }
  } catch (error) {
    const { code, place } = error instanceof Refusal ? error : new Refusal(kind === "workbook" ? "workbook" : "quotes")
    return { _tag: "Refused", code, place }
  }
}

// Set only where this file is a thread's entry.
if (parentPort !== null && workerData !== null) parentPort.postMessage(await answer(workerData))
