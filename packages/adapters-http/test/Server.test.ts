/** The server itself: what Node's parser refuses, slow clients, draining, health, headers, unknown routes. */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { form, head, overStorage, raw, startWorld, storageFailure, type World } from "./Harness.ts"

let world: World
let isWritable = true
const limits = { requestMs: 200, headersMs: 200, sweepMs: 100, uploadMs: 1000 }
beforeAll(async () => {
  world = await startWorld(
    { limits },
    overStorage(() => ({ isWritable: Effect.sync(() => isWritable) }))
  )
})
afterAll(() => world.stop())

const expectProblem = (answer: { status: number; head: string; body: string }, status: number, name: string) => {
  expect(answer.status).toBe(status)
  expect(answer.head).toMatch(/content-type: application\/problem\+json/i)
  expect(answer.head).toMatch(/cache-control: no-store/i)
  expect(JSON.parse(answer.body)).toMatchObject({ type: `/problems/${name}`, status })
}

describe("what never becomes a request is answered with a problem too", () => {
  it.each([
    ["a length and chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400, "request-malformed"],
    ["two lengths", ["Content-Length: 5", "Content-Length: 6"], 400, "request-malformed"],
    ["no header at all", ["\u0000bad"], 400, "request-malformed"],
    ["16 KiB of headers", [`X: ${"y".repeat(17_000)}`], 431, "headers-too-large"]
  ])("%s", async (_, lines, status, name) => {
    expectProblem(await raw(world.port, head("POST /webhooks/acme HTTP/1.1", "Host: x", ...lines)), status, name)
  })

  it("more than 64 headers", async () => {
    const many = Array.from({ length: 70 }, (_, n) => `X-${n}: 1`)
    const answer = await raw(world.port, head("GET /livez HTTP/1.1", "Host: x", ...many))
    expectProblem(answer, 431, "headers-too-large")
  })
})

describe("slow clients get 408 and are closed", () => {
  it("headers that do not end", async () => {
    expectProblem(await raw(world.port, "POST /webhooks/acme HTTP/1.1\r\nHost: x\r\n"), 408, "request-timeout")
  })

  it("a webhook's body that is shorter than it said", async () => {
    const answer = await raw(
      world.port,
      `${head(
        `POST /webhooks/acme?token=${world.token} HTTP/1.1`,
        "Host: x",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 5000"
      )}${form()}`
    )
    expectProblem(answer, 408, "request-timeout")
    expect(await world.receipts()).toEqual([])
  })

  it("the body of an API call", async () => {
    const answer = await raw(
      world.port,
      head(
        "POST /api/v1/events HTTP/1.1",
        "Host: x",
        `Authorization: Bearer ${world.api}`,
        "Content-Type: application/json",
        "Content-Length: 5000"
      )
    )
    expectProblem(answer, 408, "request-timeout")
  })
})

describe("health", () => {
  it("is live, and ready while the storage can be written", async () => {
    const at = async (path: string) => (await fetch(`${world.url}${path}`)).status
    expect([await at("/livez"), await at("/readyz")]).toEqual([200, 200])
    isWritable = false
    expect([await at("/livez"), await at("/readyz")]).toEqual([200, 503])
    isWritable = true
  })

  it("is not ready where asking the storage fails", async () => {
    const broken = await startWorld(
      {},
      overStorage(() => ({ isWritable: storageFailure }))
    )
    expect((await fetch(`${broken.url}/readyz`)).status).toBe(503)
    await broken.stop()
  })
})

describe("every answer", () => {
  const paths: ReadonlyArray<readonly [string, string, number]> = [
    ["GET", "/", 404],
    ["GET", "/livez", 200],
    ["GET", "/readyz", 200],
    ["GET", "/openapi.json", 200],
    ["GET", "/docs", 200],
    ["GET", "/problems/not-found", 200],
    ["GET", "/api/v1/nothing", 404],
    ["GET", "/api/v1/cases", 401],
    ["DELETE", "/api/v1/cases", 405],
    ["TRACE", "/api/v1/cases", 405],
    ["POST", "/webhooks/acme", 401],
    ["GET", "/webhooks/acme", 405],
    ["PUT", "/livez", 405],
    ["HEAD", "/livez", 200],
    ["GET", `/api/v1/cases?x=${"y".repeat(8200)}`, 414]
  ]
  it.each(paths)("%s %s carries the security headers", async (method, path, status) => {
    const answer = await raw(world.port, head(`${method} ${path} HTTP/1.1`, "Host: x", "Connection: close"))
    expect(answer.status).toBe(status)
    const lines = answer.head.toLowerCase()
    for (const line of [
      "x-content-type-options: nosniff",
      "referrer-policy: no-referrer",
      "cross-origin-opener-policy: same-origin",
      "cross-origin-resource-policy: same-origin",
      "cache-control: no-store",
      "content-security-policy: default-src 'none'"
    ])
      expect(lines.split("\r\n").filter((found) => found.startsWith(line))).toHaveLength(1)
    expect(lines).not.toMatch(/\r\n(?:server|x-powered-by):/)
    if (status === 405) expect(lines).toMatch(/\r\nallow: /)
    if (status >= 400) expect(lines).toContain("content-type: application/problem+json")
  })

  it("documents itself without a request to any other host", async () => {
    const page = await fetch(`${world.url}/docs`)
    const policy = page.headers.get("content-security-policy")!
    const sources = policy.split(";").flatMap((directive) => directive.trim().split(/\s+/).slice(1))
    expect(sources.filter((source) => !source.startsWith("'") && !/^(?:data|blob):$/.test(source))).toEqual([])
    const html = await page.text()
    expect(html).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?\/\//i)
    const openapi = (await (await fetch(`${world.url}/openapi.json`)).json()) as { openapi: string; paths: object }
    expect(openapi.openapi).toMatch(/^3\.1/)
    expect(Object.keys(openapi.paths)).toContain("/api/v1/connections/{id}/webhook-token")
  })
})

it("answers an expectation that it does not know with 417", async () => {
  const answer = await raw(world.port, head("POST /webhooks/acme HTTP/1.1", "Host: x", "Expect: 200-maybe"))
  expectProblem(answer, 417, "expectation-failed")
})

it("refuses new requests while it drains, and lets the running one finish", async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  const draining = await startWorld(
    { drainMs: 2000 },
    overStorage((storage) => ({
      receive: (...args) =>
        Effect.andThen(
          Effect.promise(() => gate),
          storage.receive(...args)
        )
    }))
  )
  const request = head(
    `POST /webhooks/acme?token=${draining.token} HTTP/1.1`,
    "Host: x",
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${form().length}`
  )
  const running = raw(draining.port, `${request}${form()}`)
  // A second connection is open before the stop, and sends its request after it.
  let send = () => {}
  const late = raw(draining.port, "POST ", (socket) => {
    send = () => void socket.write(`${request.slice("POST ".length)}${form()}`)
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  const stopped = draining.stop()
  await new Promise((resolve) => setTimeout(resolve, 50))
  send()
  const refused = await late
  expectProblem(refused, 503, "draining")
  expect(refused.head).toMatch(/connection: close/i)
  release()
  expect((await running).status).toBe(200)
  await stopped
  await expect(fetch(draining.url)).rejects.toThrow("fetch failed")
})
