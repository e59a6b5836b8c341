/**
 * Reads a multipart webhook: text parts into memory, files straight into the document store.
 *
 * A file never refuses the record: one that is too large, one too many, or one that was cut off by the deadline is
 * drained and noted as a warning. Files that were kept are on disk before this answers. The sender is paused while the
 * store writes, so memory holds one buffer a request.
 */
import type { IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Cause, Effect, Exit, Fiber, Schema } from "effect"
import * as MultipartParser from "effect/http/MultipartParser"
import { safeName } from "@casewire/core/domain/Document"
import type { FieldProblem } from "@casewire/core/domain/Receipt"
import type { FirmId } from "@casewire/core/domain/Ids"
import { newId } from "@casewire/core/domain/Ids"
import type { DocumentStore } from "@casewire/core/ports/DocumentStore"
import type { Entry } from "@casewire/core/domain/FlatRecord"

export interface MultipartLimits {
  readonly textBytes: number
  readonly files: number
  readonly fileBytes: number
  readonly totalBytes: number
  readonly deadlineMs: number
  /** At least `rateBytes` must come in every `rateMs`, or the deadline counts as reached. */
  readonly rateMs: number
  readonly rateBytes: number
}

export const multipartDefaults: MultipartLimits = {
  textBytes: 262_144,
  files: 10,
  fileBytes: 25 * 1024 * 1024,
  totalBytes: 300 * 1024 * 1024,
  deadlineMs: 120_000,
  rateMs: 10_000,
  rateBytes: 10_240
}

export type MultipartRead =
  | {
      readonly _tag: "Read"
      readonly parts: ReadonlyArray<Entry>
      readonly warnings: ReadonlyArray<FieldProblem>
      readonly isWhole: boolean
    }
  | { readonly _tag: "Malformed" }
  | { readonly _tag: "TooLarge" }
  /** The sender went away; there is nobody to answer. */
  | { readonly _tag: "Gone" }

class FileCut extends Schema.TaggedError<FileCut>()("FileCut", {}) {}

export interface MultipartTarget {
  readonly documents: DocumentStore["Service"]
  readonly firmId: FirmId
  readonly owner: string
  /** False: files are drained, for a firm whose data is not collected now. */
  readonly keepsFiles: boolean
}

export const readMultipart = Effect.fnUntraced(function* (
  request: IncomingMessage,
  target: MultipartTarget,
  limits: MultipartLimits
) {
  const parts: Array<Entry> = []
  const warnings: Array<FieldProblem> = []
  const uploads: Array<Fiber.Fiber<void>> = []
  const context = yield* Effect.context<never>()
  const fork = Effect.runForkWith(context)
  let current: FileSink | undefined
  let textBytes = 0
  let files = 0

  const keep = (name: string, info: MultipartParser.PartInfo): FileSink | undefined => {
    if (!target.keepsFiles) return undefined
    if (++files > limits.files) {
      warnings.push({ field: name, code: "too-many-files" })
      return undefined
    }
    const sink = fileSink(request, limits.fileBytes)
    const store = Effect.gen(function* () {
      yield* target.documents.put(
        {
          id: yield* newId,
          firmId: target.firmId,
          name: safeName(info.filename ?? ""),
          contentType: info.contentType.slice(0, 100),
          owner: target.owner
        },
        NodeStream.fromReadable({ evaluate: () => sink.readable, onError: () => new FileCut() }),
        limits.fileBytes
      )
    }).pipe(
      Effect.catchTag(["FileCut", "DocumentTooLarge"], () =>
        Effect.sync(() => {
          sink.stop()
          warnings.push({ field: name, code: sink.isTooLarge() ? "file-too-large" : "file-incomplete" })
        })
      )
    )
    uploads.push(fork(store))
    return sink
  }

  const outcome = yield* Effect.callback<Exclude<MultipartRead["_tag"], "Read"> | "Whole" | "Late">((resume) => {
    let received = 0
    let atLastLook = 0
    let isOver = false
    const end = (how: Exclude<MultipartRead["_tag"], "Read"> | "Whole" | "Late") => {
      if (isOver) return
      isOver = true
      clearTimeout(deadline)
      clearInterval(rate)
      request.off("data", onData).off("end", onEnd).off("close", onClose)
      // Also after a whole body: a file that begins behind the closing boundary is never ended by the parser.
      current?.cut()
      resume(Effect.succeed(how))
    }
    const onData = (chunk: Buffer) => {
      if ((received += chunk.length) > limits.totalBytes) return end("TooLarge")
      parser.write(chunk)
    }
    const onEnd = () => {
      parser.end()
      end("Whole")
    }
    const onClose = () => end("Gone")
    const deadline = setTimeout(() => end("Late"), limits.deadlineMs)
    const rate = setInterval(() => {
      // A sender that we paused ourselves is not slow.
      if (received - atLastLook < limits.rateBytes && !request.isPaused()) return end("Late")
      atLastLook = received
    }, limits.rateMs)
    // Made last: a boundary that cannot be used is reported while the parser is made.
    const parser = MultipartParser.make({
      headers: { "content-type": request.headers["content-type"] ?? "" },
      // Every part comes in chunks, so that the sum of all text is what is limited.
      isFile: () => true,
      maxParts: 2100,
      onField: () => {},
      onFile: (info) => {
        // The parser goes on to the end of a chunk; what it finds there after the end is not begun.
        if (isOver) return () => {}
        const name = textPart(info.name)
        if (info.filename !== undefined) {
          const sink = keep(name, info)
          current = sink
          return (chunk) => {
            if (chunk === null) sink?.end()
            else sink?.write(chunk)
          }
        }
        const chunks: Array<Uint8Array> = []
        return (chunk) => {
          if (isOver) return
          if (chunk === null) return void parts.push([name, Buffer.concat(chunks).toString("utf8")])
          if ((textBytes += chunk.length) > limits.textBytes) return end("TooLarge")
          chunks.push(chunk)
        }
      },
      onError: () => end("Malformed"),
      onDone: () => {}
    })
    if (!isOver) request.on("data", onData).on("end", onEnd).on("close", onClose)
    return Effect.sync(() => end("Gone"))
  })

  for (const upload of uploads) {
    const exit = yield* Fiber.await(upload)
    if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause as Cause.Cause<never>)
  }
  if (outcome === "Late") warnings.push({ field: "body", code: "timed-out" })
  return outcome === "Whole" || outcome === "Late"
    ? ({ _tag: "Read", parts, warnings, isWhole: outcome === "Whole" } as const)
    : ({ _tag: outcome } as const)
})

interface FileSink {
  readonly readable: Readable
  readonly write: (chunk: Uint8Array) => void
  readonly end: () => void
  /** The rest will not come. */
  readonly cut: () => void
  /** Nobody reads any more; the rest is dropped. */
  readonly stop: () => void
  readonly isTooLarge: () => boolean
}

/** Passes chunks on to whoever reads, and pauses the request while nobody does. */
const fileSink = (request: IncomingMessage, maxBytes: number): FileSink => {
  let size = 0
  let isOpen = true
  const readable = new Readable({ read: () => void request.resume(), highWaterMark: 262_144 })
  // The reader hears of it too; an error that nobody listens to would end the process.
  readable.on("error", () => {})
  const stop = () => {
    isOpen = false
    request.resume()
  }
  return {
    readable,
    stop,
    isTooLarge: () => size > maxBytes,
    cut: () => {
      if (isOpen) readable.destroy(new FileCut())
    },
    end: () => {
      if (isOpen) readable.push(null)
      isOpen = false
    },
    write: (chunk) => {
      if (!isOpen) return
      if ((size += chunk.length) > maxBytes) {
        stop()
        readable.destroy(new FileCut())
      } else if (!readable.push(chunk)) request.pause()
    }
  }
}

const textPart = (name: string): string => name.slice(0, 500)
