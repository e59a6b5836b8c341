/**
 * Answers written straight to a node:http response, in one go and with every security header. For the webhook route and
 * for what is refused before Effect's router sees it.
 */
import type { ServerResponse } from "node:http"
import { type Problem, problemContentType } from "@casewire/api/Problem"
import { securityHeaders } from "./SecurityHeaders.ts"

const json = [...securityHeaders, "content-type", "application/json"]
const problemJson = [...securityHeaders, "content-type", problemContentType]

/** `extra`: further headers, names and values in turn. */
export const answerJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  extra: ReadonlyArray<string> = []
): void => write(response, status, json, JSON.stringify(body), extra)

/** As `answerJson`, for a body that is JSON already and holds nothing but ASCII. */
export const answerAscii = (
  response: ServerResponse,
  status: number,
  body: string,
  extra: ReadonlyArray<string> = []
): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, json.concat("content-length", String(body.length), extra))
  response.end(body, "latin1")
}

export const answerProblem = (response: ServerResponse, problem: Problem, extra: ReadonlyArray<string> = []): void =>
  write(response, problem.status, problemJson, JSON.stringify(problem), extra)

/** For answers that leave a body unread: what comes after it cannot be told from the body's rest. */
export const close: ReadonlyArray<string> = ["connection", "close"]

const write = (
  response: ServerResponse,
  status: number,
  headers: ReadonlyArray<string>,
  body: string,
  extra: ReadonlyArray<string>
): void => {
  // A sender that went away gets no answer; writing one would raise an error on a dead socket.
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, headers.concat("content-length", String(Buffer.byteLength(body)), extra))
  response.end(body)
}

/** An answer to bytes that never became a request, written to the socket itself. */
export const rawProblem = (problem: Problem, reason: string): string => {
  const body = JSON.stringify(problem)
  let head = `HTTP/1.1 ${problem.status} ${reason}\r\n`
  for (let i = 0; i < problemJson.length; i += 2) head += `${problemJson[i]}: ${problemJson[i + 1]}\r\n`
  return `${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
}
