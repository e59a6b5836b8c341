/**
 * Reads a CRM's answer within its limits: one content-encoding at most, so many bytes once decoded, and whole or not at
 * all. Everything else about it is the plugin's to judge.
 */
import type { Readable, Transform } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"

export class AnswerUnreadable extends Error {
  override readonly name = "AnswerUnreadable"
}

export const readAnswer = async (body: Readable, encoding: string | undefined, maxBytes: number): Promise<string> => {
  const decoder = decoderOf(encoding)
  if (decoder === undefined) return collect(body, maxBytes)
  // Not `pipeline`: the limit must be able to end both halves without an error that nobody listens to.
  body.on("error", (error) => decoder.destroy(error))
  decoder.on("error", () => body.destroy())
  body.pipe(decoder)
  try {
    return await collect(decoder, maxBytes)
  } catch (error) {
    body.on("error", () => {}).destroy()
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw new AnswerUnreadable("the answer's compression is broken")
    throw error
  }
}

const decoderOf = (encoding: string | undefined): Transform | undefined => {
  const name = encoding?.trim().toLowerCase() ?? ""
  switch (name) {
    case "":
    case "identity":
      return undefined
    case "gzip":
    case "x-gzip":
      return createGunzip()
    case "deflate":
      return createInflate()
    case "br":
      return createBrotliDecompress()
    default:
      throw new AnswerUnreadable(
        name.includes(",") ? "the answer is encoded more than once" : "the answer's encoding is unknown"
      )
  }
}

const collect = async (stream: Readable, maxBytes: number): Promise<string> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if ((size += chunk.length) > maxBytes) {
      stream.on("error", () => {}).destroy()
      throw new AnswerUnreadable("the answer is too large")
    }
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString("utf8")
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
