/**
 * Reads a spreadsheet that a stranger may have made. The name decides what a file may be and its first bytes must agree;
 * all parsing happens in a thread of its own with a memory limit and a deadline. See `SheetRefused` for what is refused.
 */
import { open } from "node:fs/promises"
import { basename, extname } from "node:path"
import { Worker } from "node:worker_threads"
import { Effect } from "effect"
import type { Place, RefusalCode } from "./Refusal.ts"
import { SheetRefused } from "./SheetRefused.ts"
import type { Delimiter, SheetLimits, SheetTable } from "./SheetTable.ts"
import type { ReadingAnswer, ReadingTask } from "./SheetWorker.ts"

export interface ReadOptions {
  /** Decides the kind by its extension, and names the table of a text file. Never used as a path. */
  readonly fileName: string
  readonly limits: SheetLimits
  /** A person's choice; found by itself otherwise. */
  readonly delimiter?: Delimiter
}

/** All sheets of a file, from its bytes or from a path. */
export const readTables = Effect.fn("readTables")(function* (
  source: Uint8Array | string,
  options: ReadOptions
): Effect.fn.Return<ReadonlyArray<SheetTable>, SheetRefused> {
  const kind = kindByExtension.get(extname(options.fileName).toLowerCase())
  if (kind === undefined) return yield* refused("unsupported-type")
  const bytes = typeof source === "string" ? yield* readFile(source, options.limits) : source
  if (bytes.length > options.limits.fileBytes) return yield* refused("file-size")
  const found = contentOf(bytes)
  if (found === "ole") return yield* refused("old-or-encrypted")
  if (found === "other" || (found === "zip") !== (kind === "workbook")) return yield* refused("content-mismatch")
  const name = basename(options.fileName, extname(options.fileName))
  const task = { kind, bytes: new Uint8Array(bytes), name, limits: options.limits, delimiter: options.delimiter }
  return yield* inThread(task).pipe(
    Effect.timeoutOrElse({ duration: options.limits.deadlineMs, orElse: () => refused("deadline") })
  )
})

const kindByExtension = new Map<string, ReadingTask["kind"]>([
  [".xlsx", "workbook"],
  [".csv", "text"],
  [".tsv", "text"],
  [".txt", "text"]
])

const refused = (code: RefusalCode, place: Place = {}) => Effect.fail(new SheetRefused({ code, place }))

/** The size is asked before anything is read, and no more is read than was asked for. */
const readFile = (path: string, limits: SheetLimits): Effect.Effect<Uint8Array, SheetRefused> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r")
      const stat = await file.stat()
      if (!stat.isFile()) throw new SheetRefused({ code: "unreadable", place: {} })
      if (stat.size > limits.fileBytes) throw new SheetRefused({ code: "file-size", place: {} })
      const bytes = new Uint8Array(stat.size)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      return bytes.subarray(0, bytesRead)
    },
    catch: (error) => (error instanceof SheetRefused ? error : new SheetRefused({ code: "unreadable", place: {} }))
  })

const magics: ReadonlyArray<readonly [kind: "zip" | "ole" | "other", bytes: string]> = [
  ["zip", "PK\u0003\u0004"],
  ["zip", "PK\u0005\u0006"],
  ["ole", "\u00d0\u00cf\u0011\u00e0"],
  ["other", "%PDF"],
  ["other", "\u0089PNG"],
  ["other", "\u00ff\u00d8\u00ff"],
  ["other", "GIF8"],
  ["other", "\u001f\u008b"],
  ["other", "Rar!"],
  ["other", "7z\u00bc\u00af"],
  ["other", "{\\rtf"]
]

const contentOf = (bytes: Uint8Array): "zip" | "ole" | "other" | "text" => {
  const start = String.fromCharCode(...bytes.subarray(0, 8))
  return magics.find(([, magic]) => start.startsWith(magic))?.[0] ?? "text"
}

const entry = new URL(import.meta.url.endsWith(".ts") ? "./SheetWorker.ts" : "./SheetWorker.js", import.meta.url)

/** Interrupting it, by the deadline too, ends the thread. */
const inThread = (
  task: ReadingTask & { readonly bytes: Uint8Array<ArrayBuffer> }
): Effect.Effect<ReadonlyArray<SheetTable>, SheetRefused> =>
  Effect.callback<ReadonlyArray<SheetTable>, SheetRefused>((resume) => {
    const { memoryMb } = task.limits
    const worker = new Worker(entry, {
      workerData: task,
      transferList: [task.bytes.buffer],
      env: {},
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 }
    })
    worker.on("message", (answer: ReadingAnswer) =>
      resume(answer._tag === "Read" ? Effect.succeed(answer.tables) : refused(answer.code, answer.place))
    )
    worker.on("error", (error: Error & { readonly code?: string }) =>
      resume(refused(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "workbook"))
    )
    worker.on("exit", () => resume(refused("workbook")))
    return Effect.promise(() => worker.terminate())
  })
