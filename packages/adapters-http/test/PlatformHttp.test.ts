/**
 * Posts to the firm's own tools over real sockets: the signature as the public libraries check it, and every address
 * that must not be reached.
 */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { lookup } from "node:dns"
import { Webhook as StandardWebhook } from "standardwebhooks"
import { Webhook as SvixWebhook } from "svix"
import { Effect, Redacted } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebhookId } from "@casewire/core/domain/Subscription"
import { PlatformHttp, type SignedPost } from "@casewire/core/ports/PlatformHttp"
import { layer, type PlatformHttpOptions } from "../src/PlatformHttp.ts"

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
const received: Array<Received> = []
let answer: { status: number; headers?: Record<string, string>; hang?: boolean } = { status: 200 }
let server: Server
let origin: string
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body })
      if (answer.hang !== true) response.writeHead(answer.status, answer.headers).end("thanks")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const earlier = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
const body = JSON.stringify({
  type: "case_status_changed",
  timestamp: "2026-11-24T12:00:00.000Z",
  data: { after: "Signed – ✓" }
})

const post = (change: Partial<SignedPost> = {}, options: PlatformHttpOptions = {}) =>
  Effect.runPromise(
    Effect.flatMap(PlatformHttp, (http) =>
      http.post({
        url: `${origin}/hooks?tenant=1`,
        id: WebhookId.make("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"),
        body,
        secrets: [Redacted.make(secret), Redacted.make(earlier)],
        ...change
      })
    ).pipe(Effect.provide(layer({ privateOrigins: [origin], timeoutMs: 500, ...options })))
  )

const objection = (url: string, options: PlatformHttpOptions = {}) =>
  Effect.runPromise(
    Effect.provide(
      Effect.flatMap(PlatformHttp, (http) => http.objection(url)),
      layer(options)
    )
  )

/** A resolver that answers from a list, one after the other; the last one for ever. */
const resolving = (...answers: ReadonlyArray<ReadonlyArray<string>>) => {
  const asked: Array<string> = []
  let index = 0
  const resolve = ((hostname: string, _options: unknown, callback: (...args: ReadonlyArray<unknown>) => void) => {
    asked.push(hostname)
    const addresses = answers[Math.min(index++, answers.length - 1)] ?? []
    setImmediate(() =>
      addresses.length === 0
        ? callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), [])
        : callback(
            null,
            addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
          )
    )
  }) as unknown as typeof lookup
  return { resolve, asked }
}

describe("a signed post", () => {
  it("is verified by the standardwebhooks and svix libraries, with the present secret and the one before it", async () => {
    answer = { status: 204 }
    expect(await post()).toEqual({ status: 204, code: null, retryAfter: null })
    const { headers, path, body: got } = received.at(-1)!
    expect([path, got, headers["content-type"]]).toEqual(["/hooks?tenant=1", body, "application/json"])
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    for (const key of [secret, earlier]) {
      expect(new StandardWebhook(key).verify(got, signed)).toEqual(JSON.parse(body))
      // This one answers nothing: it throws, or it does not.
      expect(() => new SvixWebhook(key).verify(got, signed)).not.toThrow()
    }
  })

  it("is refused by both libraries when body, id or time was changed, or the secret is another", async () => {
    await post()
    const { headers, body: got } = received.at(-1)!
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    const changed: ReadonlyArray<readonly [string, string, Record<string, string>]> = [
      [secret, `${got} `, signed],
      [secret, got, { ...signed, "webhook-id": "msg_other" }],
      [secret, got, { ...signed, "webhook-timestamp": String(Number(signed["webhook-timestamp"]) + 1) }],
      ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", got, signed]
    ]
    for (const [key, text, with_] of changed) {
      expect(() => new StandardWebhook(key).verify(text, with_)).toThrow(/No matching signature/)
      expect(() => new SvixWebhook(key).verify(text, with_)).toThrow(/No matching signature/)
    }
  })

  it("never carries a secret", async () => {
    await post()
    expect(JSON.stringify(received.at(-1))).not.toContain(secret.slice(6))
  })

  it("follows no redirect and says so", async () => {
    const before = received.length
    answer = { status: 302, headers: { location: `${origin}/elsewhere` } }
    expect(await post()).toEqual({ status: 302, code: "redirect", retryAfter: null })
    expect(received.length - before).toBe(1)
  })

  it("hands on what the receiver answered, and when it wants to be asked again", async () => {
    answer = { status: 503, headers: { "retry-after": "120" } }
    const before = Date.now()
    const { retryAfter, status } = await post()
    expect(status).toBe(503)
    expect(retryAfter! - before).toBeGreaterThanOrEqual(120_000)
  })

  it("ends at its deadline", async () => {
    answer = { status: 200, hang: true }
    expect(await post()).toEqual({ status: null, code: "timeout", retryAfter: null })
    answer = { status: 200 }
  })

  it("says when nobody listens", async () => {
    const dead = "http://127.0.0.1:9"
    expect((await post({ url: `${dead}/x` }, { privateOrigins: [dead] })).code).toBe("unreachable")
  })
})

describe("an address", () => {
  it.each([
    ["http://tools.example/hooks", "not-https"],
    ["ftp://tools.example/", "not-https"],
    ["not an address", "malformed"],
    ["https://user:pw@tools.example/", "malformed"],
    ["https://tools.example/#part", "malformed"],
    [`https://tools.example/${"x".repeat(2000)}`, "malformed"],
    ["https://127.0.0.1/", "not-public"],
    ["https://127.1/", "not-public"],
    ["https://2130706433/", "not-public"],
    ["https://0x7f.0.0.1/", "not-public"],
    ["https://10.0.0.7/", "not-public"],
    ["https://169.254.169.254/latest/meta-data", "not-public"],
    ["https://100.64.0.1/", "not-public"],
    ["https://198.18.0.1/", "not-public"],
    ["https://[::1]/", "not-public"],
    ["https://[::ffff:10.0.0.1]/", "not-public"],
    ["https://[64:ff9b::a00:1]/", "not-public"],
    ["https://[fd00::1]/", "not-public"],
    ["https://1.1.1.1/hooks", null]
  ] as const)("%s: %s", async (url, code) => {
    const { asked, resolve } = resolving(["93.184.216.34"])
    expect(await objection(url, { resolve })).toBe(code)
    expect(asked).toEqual([])
    if (code !== null) expect((await post({ url }, { resolve })).code).toBe(code)
  })

  it("is looked up when it is saved: public it may be used, private or unknown it may not", async () => {
    const url = "https://tools.example/hooks"
    expect(await objection(url, resolving(["93.184.216.34", "2606:2800:220:1::1"]))).toBeNull()
    expect(await objection(url, resolving(["93.184.216.34", "10.0.0.1"]))).toBe("not-public")
    expect(await objection(url, resolving(["::1"]))).toBe("not-public")
    expect(await objection(url, resolving([]))).toBe("unresolvable")
  })

  it("is judged again when connecting: a name that turned private after it was saved is not reached", async () => {
    const rebinding = resolving(["93.184.216.34"], ["127.0.0.1"])
    const url = origin.replace("http://127.0.0.1", "https://tools.example")
    expect(await objection(url, rebinding)).toBeNull()
    const before = received.length
    expect(await post({ url }, { resolve: rebinding.resolve })).toEqual({
      status: null,
      code: "not-public",
      retryAfter: null
    })
    expect(rebinding.asked).toEqual(["tools.example", "tools.example"])
    expect(received.length).toBe(before)
  })

  it("that the operator listed is taken as it is, and only that origin", async () => {
    expect(await objection(`${origin}/x`, { privateOrigins: [origin] })).toBeNull()
    const otherPort = origin.replace(/\d+$/, (port) => String(Number(port) === 65535 ? 1 : Number(port) + 1))
    expect(await objection(`${otherPort}/x`, { privateOrigins: [origin] })).toBe("not-https")
  })
})
