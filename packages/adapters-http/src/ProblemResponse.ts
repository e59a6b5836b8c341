/** A problem as the answer of an Effect application. */
import { HttpServerResponse } from "effect/http"
import { type Problem, problemContentType } from "@casewire/api/Problem"

export const problemResponse = (value: Problem): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(value), {
    status: value.status,
    contentType: problemContentType,
    headers: {
      ...(value.status === 413 ? { connection: "close" } : {}),
      ...(value.status === 503 ? { "retry-after": "30" } : {})
    }
  })
