/** The one file of an upload, whole in memory, up to a limit. Other parts are drained. */
import { Effect, Schema, Stream } from "effect"
import type { Multipart } from "effect/http"

/** No usable file came; the code says why. */
export class UploadRefused extends Schema.TaggedError<UploadRefused>()("UploadRefused", {
  code: Schema.Literals(["missing", "file-size", "malformed-upload"])
}) {}

export const uploadedFile = (
  parts: Stream.Stream<Multipart.Part, Multipart.MultipartError>,
  limit: number
): Effect.Effect<{ readonly fileName: string; readonly bytes: Uint8Array }, UploadRefused> =>
  Stream.runFoldEffect(
    parts,
    (): { fileName: string; bytes: Uint8Array } | undefined => undefined,
    (found, part) => {
      if (part._tag !== "File") return Effect.succeed(found)
      if (found !== undefined) return Effect.as(Stream.runDrain(part.content), found)
      return Stream.runFoldEffect(
        part.content,
        (): { chunks: Array<Uint8Array>; size: number } => ({ chunks: [], size: 0 }),
        (read, chunk) => {
          const size = read.size + chunk.length
          if (size > limit) return Effect.fail(new UploadRefused({ code: "file-size" }))
          read.chunks.push(chunk.slice())
          return Effect.succeed({ chunks: read.chunks, size })
        }
      ).pipe(Effect.map(({ chunks }) => ({ fileName: part.name, bytes: new Uint8Array(Buffer.concat(chunks)) })))
    }
  ).pipe(
    Effect.catchTag("MultipartError", ({ reason }) =>
      Effect.fail(new UploadRefused({ code: reason._tag === "Parse" ? "malformed-upload" : "file-size" }))
    ),
    Effect.flatMap((file) =>
      file === undefined ? Effect.fail(new UploadRefused({ code: "missing" })) : Effect.succeed(file)
    )
  )
