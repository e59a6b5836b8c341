/**
 * Stands between the host and the sandbox and, when told to, answers with what was asked: the request's own body,
 * query and authorization inside an error page, a broken answer, a refusal or a redirect. What a CRM that is broken in
 * the worst way would say, so that it can be looked where those words end up.
 */
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

export const echoes = [
  "500",
  "200-html",
  "200-json-error",
  "401",
  "400",
  "truncated",
  "redirect",
  "wrong-shape"
] as const
type Echo = (typeof echoes)[number]

export interface EchoingCrm {
  readonly url: string
  /** The next `times` requests are answered with an echo of this kind. */
  readonly next: (echo: Echo, times: number) => void
  /** Echoes that no request has met yet. */
  readonly left: () => number
  /** Bearer tokens that came by. */
  readonly bearers: ReadonlySet<string>
  readonly close: () => void
}

export const startEchoingCrm = async (sandboxUrl: string): Promise<EchoingCrm> => {
  const waiting: Array<Echo> = []
  const bearers = new Set<string>()
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1]
    if (bearer !== undefined) bearers.add(bearer)
    const echo = waiting.shift()
    const words = `${request.url} ${request.headers.authorization ?? ""} ${body.toString()}`
    const answer = (status: number, type: string, text: string, headers: Record<string, string> = {}) =>
      response.writeHead(status, { "content-type": type, ...headers }).end(text)
    switch (echo) {
      case "500":
        return answer(500, "text/html", `<h1>Server Error</h1><pre>${words}</pre>`)
      case "200-html":
        return answer(200, "text/html", `<html><body>Error: ${words}</body></html>`)
      case "200-json-error":
        return answer(
          200,
          "application/json",
          JSON.stringify({ IsSuccess: false, Data: null, ErrorMessage: words, Error: words })
        )
      case "401":
        return answer(401, "application/json", JSON.stringify({ error: words, error_description: words }))
      case "400":
        return answer(400, "application/json", JSON.stringify({ error: "invalid_grant", error_description: words }))
      case "truncated":
        response.writeHead(200, { "content-type": "application/json", "content-length": String(words.length + 500) })
        response.write(`{"IsSuccess":true,"Data":"${words}`)
        return void setTimeout(() => response.destroy(), 20)
      case "redirect":
        return answer(302, "text/plain", words, { location: `http://127.0.0.1:9/?words=${encodeURIComponent(words)}` })
      case "wrong-shape":
        return answer(
          200,
          "application/json",
          JSON.stringify({ IsSuccess: true, Data: { LeadId: words, Notes: [words], access_token: { words } } })
        )
      case undefined: {
        const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers
        const passed = await fetch(sandboxUrl + request.url, {
          method: request.method ?? "GET",
          headers: headers as Record<string, string>,
          redirect: "manual",
          ...(body.length === 0 ? {} : { body })
        }).catch(() => undefined)
        if (passed === undefined) return void response.destroy()
        const {
          "content-encoding": _encoding,
          "content-length": _size,
          "transfer-encoding": _transfer,
          ...rest
        } = Object.fromEntries(passed.headers)
        response.writeHead(passed.status, rest)
        return void response.end(Buffer.from(await passed.arrayBuffer()))
      }
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (echo, times) => void waiting.push(...Array.from({ length: times }, () => echo)),
    left: () => waiting.length,
    bearers,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
