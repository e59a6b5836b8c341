/**
 * How an answer leaves the process. Besides the ordinary way there are the broken
 * ones that faults need: hanging up without an answer, dripping the body out
 * slowly, and breaking the connection in the middle of it.
 */
import type { ServerResponse } from "node:http"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Effect, Stream } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { type Answer, bodyBytes } from "./Answer.ts"

export type Wire =
  | { readonly way: "whole"; readonly answer: Answer }
  | { readonly way: "hang-up" }
  | { readonly way: "drip"; readonly answer: Answer; readonly ms: number }
  | { readonly way: "break-off"; readonly answer: Answer }

export const whole = (answer: Answer): Wire => ({ way: "whole", answer })

const toResponse = (answer: Answer) =>
  HttpServerResponse.uint8Array(bodyBytes(answer), {
    status: answer.status,
    headers: answer.headers,
    contentType: answer.headers["content-type"]
  })

const pieces = 20

const drip = (answer: Answer, ms: number) => {
  const body = bodyBytes(answer)
  const size = Math.max(1, Math.ceil(body.length / pieces))
  const parts = Array.from({ length: Math.ceil(body.length / size) }, (_, n) => body.slice(n * size, (n + 1) * size))
  const slowly = Stream.fromIterable(parts).pipe(
    Stream.mapEffect((part) => Effect.as(Effect.sleep(ms / Math.max(1, parts.length)), part))
  )
  return HttpServerResponse.stream(slowly, {
    status: answer.status,
    headers: answer.headers,
    contentType: answer.headers["content-type"]
  })
}

/** Node's own response, because Effect's writes only whole answers. The server uses node:http, so it is never HTTP/2's. */
const nodeResponse = (request: HttpServerRequest.HttpServerRequest) =>
  NodeHttpServerRequest.toServerResponse(request) as ServerResponse

/** The server writes nothing to a destroyed response. */
const nothing = HttpServerResponse.empty()

const hangUp = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    nodeResponse(request).destroy()
    return nothing
  })

const breakOff = (request: HttpServerRequest.HttpServerRequest, answer: Answer) =>
  Effect.callback<HttpServerResponse.HttpServerResponse>((resume) => {
    const body = bodyBytes(answer)
    const response = nodeResponse(request)
    response.once("close", () => resume(Effect.succeed(nothing)))
    response.writeHead(answer.status, { ...answer.headers, "content-length": body.length })
    response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy())
  })

export const send = (
  request: HttpServerRequest.HttpServerRequest,
  wire: Wire
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  switch (wire.way) {
    case "whole":
      return Effect.succeed(toResponse(wire.answer))
    case "hang-up":
      return hangUp(request)
    case "drip":
      return Effect.succeed(drip(wire.answer, wire.ms))
    case "break-off":
      return breakOff(request, wire.answer)
  }
}
