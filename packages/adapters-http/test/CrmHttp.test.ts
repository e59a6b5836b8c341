/** The outbound door against a CRM that does what a CRM must not, over real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { Clock, Effect, Exit, Layer, ManagedRuntime } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Connection } from "@casewire/core/domain/Connection"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { CrmGateway, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { Queue } from "@casewire/core/ports/Queue"
import { backoffMs, retryAfter } from "../src/CrmBackoff.ts"
import { layer, lookupGlobal } from "../src/CrmHttp.ts"
import { allOn, firm, manifest } from "./Harness.ts"

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let handler: Handler = (_request, response) => response.end("ok")
const seen: Array<{ line: string; body: string; headers: IncomingMessage["headers"] }> = []
let crm: Server
let origin = ""
let runtime: ManagedRuntime.ManagedRuntime<CrmGateway | Queue, never>

beforeAll(async () => {
  crm = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += chunk))
    request.on("end", () => {
      seen.push({ line: `${request.method} ${request.url}`, body, headers: request.headers })
      handler(request, response)
    })
  })
  await new Promise<void>((resolve) => crm.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(crm.address() as AddressInfo).port}`
  runtime = ManagedRuntime.make(
    layer({ sandboxOrigin: origin, timeoutMs: 300, answerBytes: 100_000, longestWaitMs: 5000 }).pipe(
      Layer.provideMerge(layerMemory)
    )
  )
})
afterAll(async () => {
  await runtime.dispose()
  crm.closeAllConnections()
  crm.close()
})

let accounts = 0
const connection = (clientRoot = `firm-${++accounts}`, more: Partial<Connection> = {}): Connection => ({
  id: ConnectionId.make(clientRoot),
  firmId: firm,
  plugin: "acme",
  name: "x",
  state: "connected",
  sandbox: true,
  settings: { clientRoot },
  callLimit: 60_000,
  toggles: allOn,
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 1,
  updatedAt: 1,
  ...more
})

const read: CrmRequest = { origin: "app", method: "GET", path: "lead", changes: false }
const write: CrmRequest = {
  origin: "app",
  method: "POST",
  path: "note",
  body: {
    _tag: "Form",
    fields: [
      ["Password", "s3cret"],
      ["text", "a&b"]
    ]
  },
  changes: true
}

const send = (request: CrmRequest, to: Connection = connection()) =>
  runtime.runPromiseExit(
    Effect.flatMap(CrmGateway, (gateway) => Effect.flatMap(gateway.open(to, manifest), (http) => http.send(request)))
  )
const reasonOf = async (exit: Promise<Exit.Exit<unknown, { readonly reason: { readonly _tag: string } }>>) => {
  const got = await exit
  if (Exit.isSuccess(got)) return "answered"
  const [first] = got.cause.reasons
  return first?._tag === "Fail" ? first.error.reason._tag : `not typed: ${first?._tag}`
}
const both = async (next: Handler): Promise<readonly [string, string]> => {
  handler = next
  return [await reasonOf(send(read)), await reasonOf(send(write))]
}

describe("an answer", () => {
  it("of any status is an answer, with its type and text", async () => {
    handler = (_request, response) => response.writeHead(500, { "content-type": "text/html" }).end("<p>Grüße")
    const exit = await send(read)
    expect(Exit.isSuccess(exit) && exit.value).toEqual({ status: 500, contentType: "text/html", body: "<p>Grüße" })
  })

  it("compressed once is read", async () => {
    handler = (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("lead"))
    const exit = await send(write)
    expect(Exit.isSuccess(exit) && exit.value.body).toBe("lead")
  })

  it("that redirects is refused and not followed", async () => {
    const before = seen.length
    expect(
      await both((_request, response) => response.writeHead(302, { location: `${origin}/elsewhere` }).end())
    ).toEqual(["CrmAnswerInvalid", "CrmAnswerInvalid"])
    expect(seen.length - before).toBe(2)
  })

  const unreadable: ReadonlyArray<readonly [string, Handler]> = [
    [
      "a bomb",
      (_request, response) =>
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(5_000_000)))
    ],
    ["too large", (_request, response) => response.end(Buffer.alloc(200_000, "x"))],
    [
      "compressed twice",
      (_request, response) => response.writeHead(200, { "content-encoding": "gzip, gzip" }).end(gzipSync(gzipSync("x")))
    ],
    [
      "of an unknown encoding",
      (_request, response) => response.writeHead(200, { "content-encoding": "compress" }).end("x")
    ],
    [
      "compressed only by name",
      (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("plain")
    ]
  ]
  it.each(unreadable)("%s is not read, and what was to be changed may have been", async (_, next) => {
    expect(await both(next)).toEqual(["CrmAnswerInvalid", "CrmOutcomeUnknown"])
  })

  const broken: ReadonlyArray<readonly [string, Handler]> = [
    ["never comes", () => {}],
    [
      "drips",
      (_request, response) => {
        response.writeHead(200)
        const drip = setInterval(() => response.write("x"), 20)
        response.on("close", () => clearInterval(drip))
      }
    ],
    ["is reset before it began", (request) => request.socket.resetAndDestroy()],
    [
      "breaks off",
      (request, response) => {
        response.writeHead(200, { "content-length": "1000" }).write("part")
        setTimeout(() => request.socket.destroy(), 10)
      }
    ],
    [
      "is longer than it said",
      (request) => request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\n")
    ],
    ["is no HTTP", (request) => request.socket.end("hello\r\n\r\n")]
  ]
  it.each(broken)("that %s leaves a read undone and a write unknown", async (_, next) => {
    expect(await both(next)).toEqual(["CrmUnreachable", "CrmOutcomeUnknown"])
  })
})

describe("a request", () => {
  it("carries its secrets in the body and the authorization header, never in its line", async () => {
    handler = (_request, response) => response.end("ok")
    await send({ ...write, bearer: "t0ken" })
    const last = seen.at(-1)!
    expect(last.line).toMatch(/^POST \/firm-\d+\/note$/)
    expect(last.body).toBe("Password=s3cret&text=a%26b")
    expect(last.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "content-type": "application/x-www-form-urlencoded"
    })
    for (const { line } of seen) expect(line).not.toMatch(/s3cret|t0ken/)
  })

  it.each([
    ["an unknown origin", { ...read, origin: "other" }],
    ["a path that leaves", { ...read, path: "../x" }],
    ["a secret in the query", { ...read, query: [["password", "x"]] as ReadonlyArray<readonly [string, string]> }]
  ])("with %s never opens a socket", async (_, request) => {
    const before = seen.length
    expect(await reasonOf(send(request))).toBe("CrmOriginRefused")
    expect(seen.length).toBe(before)
  })

  it("that cannot connect certainly left nothing", async () => {
    // A closed port, and a name that does not exist.
    for (const sandboxOrigin of ["http://127.0.0.1:1", "http://nowhere.invalid"]) {
      const nowhere = ManagedRuntime.make(layer({ sandboxOrigin, timeoutMs: 200 }).pipe(Layer.provide(layerMemory)))
      const exit = nowhere.runPromiseExit(
        Effect.flatMap(CrmGateway, (gateway) =>
          Effect.flatMap(gateway.open(connection(), manifest), (http) => http.send(write))
        )
      )
      expect([sandboxOrigin, await reasonOf(exit)]).toEqual([sandboxOrigin, "CrmUnreachable"])
      await nowhere.dispose()
    }
  })

  it("of a live connection never reaches the sandbox, nor any address that is not global", async () => {
    const before = seen.length
    expect(await reasonOf(send(write, connection("live-firm", { sandbox: false })))).toBe("CrmUnreachable")
    expect(seen.length).toBe(before)
    const resolve = (...addresses: ReadonlyArray<string>) =>
      new Promise<string>((done) =>
        lookupGlobal("x", {}, (error, address) => done(error?.message ?? String(address)), ((
          _name: string,
          _options: unknown,
          next: (error: null, found: unknown) => void
        ) =>
          next(
            null,
            addresses.map((address) => ({ address, family: 4 }))
          )) as never)
      )
    expect(await resolve("8.8.8.8")).toBe("8.8.8.8")
    expect(await resolve("8.8.8.8", "10.0.0.1")).toBe("an address is not global")
    expect(await resolve()).toBe("an address is not global")
  })
})

describe("the call budget (TV-13)", () => {
  const slotOf = (clientRoot: string) =>
    runtime.runPromise(
      Effect.flatMap(Queue, (queue) =>
        queue.reserve(
          JSON.stringify(["sandbox", "acme", clientRoot]),
          { calls: 60_000, windowMs: 60_000 },
          { calls: 0 }
        )
      )
    )
  const untilOf = async (exit: ReturnType<typeof send>): Promise<number> => {
    const got = await exit
    const first = Exit.isFailure(got) ? got.cause.reasons[0] : undefined
    const reason = first?._tag === "Fail" ? first.error.reason : undefined
    return reason?._tag === "CrmRateLimited" ? (reason.until ?? -1) : -2
  }
  const now = () => runtime.runPromise(Clock.currentTimeMillis)

  it("moves to where a 429 or 503 says, for every connection of the account", async () => {
    handler = (_request, response) => response.writeHead(429, { "retry-after": "7" }).end()
    const asked = await now()
    const until = await untilOf(send(write, connection("throttled")))
    expect(until).toBeGreaterThanOrEqual(asked + 7000)
    expect(await slotOf("throttled")).toBe(until)
    // The slot is further away than anybody waits, so the next request is given back without being sent.
    const before = seen.length
    expect(await untilOf(send(read, connection("throttled", { id: ConnectionId.make("second") })))).toBe(until)
    expect(seen.length).toBe(before)
    handler = (_request, response) => response.writeHead(503, { "retry-after": "9" }).end()
    expect(await untilOf(send(read))).toBeGreaterThanOrEqual(asked + 9000)
  })

  it("backs off by itself where the CRM does not say, and a 503 that says nothing is an answer", async () => {
    handler = (_request, response) => response.writeHead(429).end()
    const asked = await now()
    expect(await untilOf(send(read))).toBeGreaterThanOrEqual(asked + 2000)
    handler = (_request, response) => response.writeHead(503).end()
    expect(await reasonOf(send(read))).toBe("answered")
  })

  it("is read from Retry-After in seconds or as a date, and capped", () => {
    expect(retryAfter("3", 1000)).toBe(4000)
    expect(retryAfter("99999999", 0)).toBe(900_000)
    expect(retryAfter("Wed, 21 Oct 2026 07:28:00 GMT", Date.UTC(2026, 9, 21, 7, 27))).toBe(Date.UTC(2026, 9, 21, 7, 28))
    expect(retryAfter("Wed, 21 Oct 2026 07:28:00 GMT", Date.UTC(2027, 0, 1))).toBe(Date.UTC(2027, 0, 1))
    for (const odd of [undefined, "", "soon", "-5", "1e9"]) expect(retryAfter(odd, 0)).toBeUndefined()
    expect([1, 2, 3, 40].map(backoffMs)).toEqual([2000, 4000, 8000, 900_000])
  })
})

it("keeps no secret in what it fails with", async () => {
  handler = (request) => request.socket.destroy()
  const exit = await send({ ...write, bearer: "t0ken" })
  expect(JSON.stringify(exit)).not.toMatch(/s3cret|t0ken/)
})
