/**
 * The imitated CRM as an HTTP server. Here, and nowhere else, calls go wrong on purpose. Under `/_sandbox` it can be
 * played with by hand: what the cases are now, and a change of status as staff makes it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type Answer, type Call, type Request, route } from "./Api.ts"
import { type Fault, Office, statuses, webhookOf } from "./Office.ts"

export interface Times {
  readonly clientTimeoutMs: number
  readonly lateCommitMs: number
}

export interface Server {
  readonly url: string
  readonly office: Office
  readonly close: () => Promise<void>
}

export const serve = async (times: Times, port = 0): Promise<Server> => {
  const office = new Office()
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }
  const server = createServer((incoming, response) => {
    answer(office, times, later, incoming, response).catch((cause: unknown) => {
      if (!response.headersSent) send(response, { status: 400, body: { error: String(cause) } })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    office,
    close: async () => {
      for (const timer of timers) clearTimeout(timer)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** Posts what the CRM would post for a case, where a webhook is set. */
export const postWebhook = async (office: Office, id: string): Promise<void> => {
  if (office.webhookUrl === undefined) return
  await fetch(office.webhookUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(webhookOf(office.caseOf(id)))
  })
}

type Later = (ms: number, work: () => void) => void

const answer = async (
  office: Office,
  times: Times,
  later: Later,
  incoming: IncomingMessage,
  response: ServerResponse
): Promise<void> => {
  const url = new URL(incoming.url ?? "/", "http://sandbox")
  const chunks: Array<Uint8Array> = []
  for await (const chunk of incoming) chunks.push(chunk)
  const request: Request = {
    method: incoming.method ?? "GET",
    path: url.pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent),
    query: url.searchParams,
    token: /^Bearer (.+)$/.exec(incoming.headers.authorization ?? "")?.[1],
    body: Buffer.concat(chunks).toString("utf8")
  }
  if (request.path[0] === "_sandbox") return send(response, await byHand(office, request))
  const call = route(office, request)
  if (!("run" in call)) return send(response, call)
  const fault = office.takeFault(call.name)
  if (fault === undefined) return send(response, call.run())
  strike(office, times, later, call, fault, response)
}

const strike = (
  office: Office,
  times: Times,
  later: Later,
  call: Call,
  fault: Fault,
  response: ServerResponse
): void => {
  switch (fault.kind) {
    case "rate-limited": {
      const { retryAfterSeconds } = fault
      if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds))
      return send(response, { status: 429, body: { error: "slow down" } })
    }
    case "answer-lost":
      call.run()
      response.socket?.destroy()
      return
    case "late-commit":
      later(times.lateCommitMs, call.run)
      response.socket?.destroy()
      return
    case "server-error":
      response.writeHead(500, { "content-type": "text/html" })
      response.end("<!doctype html><title>Error</title><h1>Something went wrong</h1>")
      return
    case "truncated": {
      const text = JSON.stringify(call.run().body)
      response.writeHead(200, { "content-type": "application/json" })
      response.end(text.slice(0, Math.floor(text.length / 2)))
      return
    }
    case "expired-login":
      office.tokens.clear()
      return send(response, { status: 401, body: { error: "not signed in" } })
    case "wrong-record":
      return send(response, (call.mistaken ?? call.run)())
    case "duplicated":
      return send(
        response,
        eachList(call.run(), (list) => [...list, ...list])
      )
    case "reordered":
      return send(
        response,
        eachList(call.run(), (list) => list.toReversed())
      )
    case "slow":
      later(times.clientTimeoutMs + times.lateCommitMs / 2, () => send(response, call.run()))
      return
    default:
      return send(response, { status: 400, body: { error: `this sandbox knows no fault "${fault.kind}"` } })
  }
}

const eachList = (
  { body, status }: Answer,
  change: (list: ReadonlyArray<unknown>) => ReadonlyArray<unknown>
): Answer => ({
  status,
  body: Object.fromEntries(
    Object.entries(body as object).map(([name, value]) => [name, Array.isArray(value) ? change(value) : value])
  )
})

const send = (response: ServerResponse, { body, status }: Answer): void => {
  if (response.destroyed) return
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}

/** `GET /_sandbox` shows the cases; `POST /_sandbox/cases/1001/status` with `{"status": "Closed"}` changes one. */
const byHand = async (office: Office, { body, method, path }: Request): Promise<Answer> => {
  const [, , id = "", what] = path
  if (method === "GET" && path.length === 1)
    return { status: 200, body: { cases: [...office.cases.values()], statuses } }
  if (method !== "POST" || what !== "status" || !office.cases.has(id))
    return { status: 404, body: { error: "GET /_sandbox, or POST /_sandbox/cases/<id>/status" } }
  const { status } = JSON.parse(body) as { status?: unknown }
  if (typeof status !== "string" || !statuses.includes(status))
    return { status: 400, body: { error: `a status is one of ${statuses.join(", ")}` } }
  office.setStatus(office.caseOf(id), status)
  await postWebhook(office, id)
  return { status: 200, body: office.caseOf(id) }
}
