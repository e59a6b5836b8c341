/**
 * Result files as attachments: the only place from which CSV leaves, so that every cell of every file goes through the
 * writer that keeps spreadsheet programs from taking one for a formula.
 */
import { Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import type { SheetWriter } from "@casewire/core/ports/SheetWriter"

type Row = ReadonlyArray<string>

/** `name` is ours: made of an id, never of what somebody wrote. */
export const csvAnswer = <E>(
  writer: SheetWriter["Service"],
  name: string,
  head: Row,
  rows: Stream.Stream<Row, E>
): HttpServerResponse.HttpServerResponse => {
  const lines = Stream.map(rows, writer.line)
  const text = Stream.concat(Stream.make(writer.mark + writer.line(head)), lines)
  return HttpServerResponse.stream(Stream.encodeText(text), {
    contentType: "text/csv; charset=utf-8",
    headers: {
      "content-disposition": `attachment; filename="${name}.csv"`,
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff"
    }
  })
}
