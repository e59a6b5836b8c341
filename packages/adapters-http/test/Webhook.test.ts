/** What the webhook route answers, keeps and refuses, over real HTTP. */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  allOn,
  type Body,
  fields,
  form,
  head,
  overStorage,
  raw,
  startWorld,
  storageFailure,
  type World
} from "./Harness.ts"

let world: World
beforeAll(async () => {
  world = await startWorld({ throttle: { limit: 1_000, windowMs: 60_000, maxAddresses: 10 } })
})
afterAll(() => world.stop())

const urlencoded = { "content-type": "application/x-www-form-urlencoded" }
const newest = async () => (await world.receipts())[0]!

describe("an accepted webhook", () => {
  it("is answered with its receipt, and the receipt is kept with names of headers only", async () => {
    const { body, headers, status } = await world.post(form(), urlencoded)
    expect({ status, body }).toEqual({
      status: 200,
      body: { receiptId: expect.any(String), disposition: "accepted", saved: true, warnings: [] }
    })
    const receipt = await newest()
    expect(receipt.id).toBe(body.receiptId)
    expect(receipt).toMatchObject({ externalCaseId: "4711", disposition: { _tag: "Accepted" }, query: [] })
    expect(receipt.headerNames).toContain("content-type")
    expect(headers.get("cache-control")).toBe("no-store")
  })

  it("may be JSON, with a charset, and carry options in its URL", async () => {
    const answer = await world.post(
      JSON.stringify(fields),
      { "content-type": "application/json; charset=UTF-8" },
      `?list_id=7&token=${world.token}`
    )
    expect(answer.status).toBe(200)
    expect((await newest()).query).toEqual([["list_id", "7"]])
  })

  it("may give its token in a header", async () => {
    expect((await world.post(form(), { ...urlencoded, "x-webhook-token": world.token }, "")).status).toBe(200)
    expect((await world.post(form(), { ...urlencoded, "x-webhook-token": world.token })).status).toBe(200)
  })

  it("may come in chunks without a length, after 100 Continue", async () => {
    const answer = await raw(
      world.port,
      head(
        `POST /webhooks/acme?token=${world.token} HTTP/1.1`,
        "Host: x",
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked"
      ),
      (socket) => {
        for (const part of form().match(/.{1,9}/g)!) socket.write(`${part.length.toString(16)}\r\n${part}\r\n`)
        socket.write("0\r\n\r\n")
      }
    )
    expect(answer.status).toBe(200)
  })

  it("keeps what is not UTF-8 in an optional value as a warning, and refuses it in a required one", async () => {
    const json = (name: Buffer, note: Buffer) =>
      Buffer.concat([
        Buffer.from('{"Lead ID":"1","Status":"x","Full Name":"'),
        name,
        Buffer.from('","Note":"'),
        note,
        Buffer.from('"}')
      ])
    const bad = Buffer.from([0xc3, 0x28, 0xff])
    const type = { "content-type": "application/json" }
    const warned = await world.post(json(Buffer.from("Ana"), bad), type)
    expect([warned.status, warned.body.warnings]).toEqual([200, [{ field: "Note", code: "control-characters" }]])
    const refused = await world.post(json(bad, Buffer.from("ok")), type)
    expect([refused.status, refused.body.errors]).toEqual([422, [{ field: "Full Name", code: "control-characters" }]])
  })
})

describe("what is not saved is answered 200 all the same", () => {
  it("the Test button", async () => {
    const test = { "Lead ID": "{{default95}}-Lead ID", Status: "{{default1}}", "Full Name": "{{default2}}" }
    const { body, status } = await world.post(form(test), urlencoded)
    expect({ status, body }).toMatchObject({ status: 200, body: { test: true, saved: false, disposition: "test" } })
  })

  it("a switched-off connection, with the reason and without client data", async () => {
    await world.setToggles(world.connection, { ...allOn, receive: false })
    const { body } = await world.post(form(), urlencoded)
    expect(body).toMatchObject({ disposition: "ignored", saved: false, reason: "receive-disabled" })
    expect((await newest()).body).not.toContain("Ana")
    await world.setToggles(world.connection, allOn)
  })
})

describe("the token", () => {
  it("answers the same for a missing, malformed, unknown and foreign one", async () => {
    const queries = ["", "?token=", "?token=%00%ff", `?token=${"A".repeat(43)}`, `?token=${world.foreignToken}`]
    const answers = await Promise.all(
      queries.map(async (query) => {
        const answer = await raw(
          world.port,
          head(`POST /webhooks/acme${query} HTTP/1.1`, "Host: x", "Content-Length: 0")
        )
        return `${answer.head.replace(/date: .*/i, "")}\n${answer.body}`
      })
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain("401")
    expect(answers[0]).toMatch(/connection: close/i)
    expect(answers[0]).toContain("/problems/webhook-token-invalid")
  })

  it("is unknown at another plugin's route, and at one that does not exist", async () => {
    const at = (plugin: string) => fetch(`${world.url}/webhooks/${plugin}?token=${world.token}`, { method: "POST" })
    expect([(await at("other")).status, (await at("nothing")).status]).toEqual([401, 401])
  })

  it("is asked before the body: a megabyte with a bad token is not waited for", async () => {
    const answer = await raw(
      world.port,
      head("POST /webhooks/acme?token=bad HTTP/1.1", "Host: x", "Content-Length: 1048576", "Expect: 100-continue")
    )
    expect([answer.status, answer.isClosed]).toEqual([401, true])
  })

  it("must not be given twice, and header and query must agree", async () => {
    const twice = await world.post(form(), urlencoded, `?token=${world.token}&token=${world.token}`)
    expect([twice.status, twice.body.type]).toEqual([400, "/problems/parameter-repeated"])
    const hidden = await world.post(form(), urlencoded, `?token=${world.token}&%74oken=x`)
    expect(hidden.status).toBe(400)
    expect((await world.post(form(), { ...urlencoded, "x-webhook-token": "other" })).status).toBe(401)
  })

  it("is slowed down when guessed, while a valid one from the same address is not", async () => {
    const slow = await startWorld({ throttle: { limit: 3, windowMs: 60_000, maxAddresses: 10 } })
    try {
      const guesses: Array<number> = []
      for (let i = 0; i < 5; i++) guesses.push((await slow.post(form(), urlencoded, "?token=guess")).status)
      expect(guesses).toEqual([401, 401, 401, 429, 429])
      const last = await slow.post(form(), urlencoded, "?token=guess")
      expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0)
      expect((await slow.post(form(), urlencoded)).status).toBe(200)
    } finally {
      await slow.stop()
    }
  })
})

describe("limits and formats; every refusal behind a valid token leaves a receipt", () => {
  const big = "a=".padEnd(262_145, "x")
  const cases: ReadonlyArray<readonly [string, Record<string, string>, Body, number, string, string]> = [
    ["a declared body that is too large", urlencoded, big, 413, "body-too-large", "too-large"],
    [
      "a compressed body",
      { ...urlencoded, "content-encoding": "gzip" },
      form(),
      415,
      "content-encoding-unsupported",
      "unsupported"
    ],
    ["plain text", { "content-type": "text/plain" }, form(), 415, "media-type-unsupported", "media-type"],
    ["XML", { "content-type": "application/xml" }, "<a/>", 415, "media-type-unsupported", "media-type"],
    [
      "another charset",
      { "content-type": "application/json; charset=latin1" },
      "{}",
      415,
      "media-type-unsupported",
      "charset"
    ],
    ["broken JSON", { "content-type": "application/json" }, '{"a":', 400, "body-structure", "syntax"],
    ["a list", { "content-type": "application/json" }, "[1]", 400, "body-structure", "not-an-object"],
    ["200,000 levels", { "content-type": "application/json" }, "[".repeat(200_000), 400, "body-structure", "depth"],
    [
      "a reserved key",
      { "content-type": "application/json" },
      '{"__proto__":{"polluted":1}}',
      400,
      "body-structure",
      "reserved"
    ],
    [
      "too many keys",
      urlencoded,
      Array.from({ length: 2001 }, (_, n) => `k${n}=1`).join("&"),
      400,
      "body-structure",
      "keys"
    ]
  ]
  it.each(cases)("%s", async (_, headers, body, status, type, code) => {
    const before = (await world.receipts()).length
    const answer = await world.post(body, headers)
    expect([answer.status, answer.body.type, answer.body.errors[0].code]).toEqual([status, `/problems/${type}`, code])
    expect(answer.headers.get("content-type")).toBe("application/problem+json")
    expect(answer.body.instance).toBe(`/receipts/${(await newest()).id}`)
    expect((await world.receipts()).length).toBe(before + 1)
    expect((await newest()).disposition).toMatchObject({ _tag: "Refused", status })
    expect((await newest()).body.length).toBeLessThanOrEqual(262_144)
  })

  it("a chunked body that grows too large is cut off", async () => {
    const before = (await world.receipts()).length
    const answer = await raw(
      world.port,
      head(
        `POST /webhooks/acme?token=${world.token} HTTP/1.1`,
        "Host: x",
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked"
      ),
      (socket) => {
        for (let i = 0; i < 20; i++) socket.write(`4000\r\n${"x".repeat(16_384)}\r\n`)
      }
    )
    expect([answer.status, answer.isClosed]).toEqual([413, true])
    expect((await world.receipts()).length).toBe(before + 1)
  })

  it("names the accepted types where the type is wrong", async () => {
    const answer = await world.post("x", { "content-type": "text/plain" })
    expect(answer.headers.get("accept-post")).toContain("multipart/form-data")
  })

  it("names every field that is missing, in the shape that the guarantees show", async () => {
    const answer = await world.post(form({ "Lead ID": " " }), urlencoded)
    expect(answer.status).toBe(422)
    expect(answer.body).toEqual({
      type: "/problems/webhook-fields-invalid",
      title: "Required webhook fields are missing or invalid",
      status: 422,
      detail: "3 of 3 required fields were not usable.",
      instance: `/receipts/${(await newest()).id}`,
      errors: [
        { field: "Lead ID", code: "empty" },
        { field: "Status", code: "missing" },
        { field: "Full Name", code: "missing" }
      ]
    })
  })

  it("a URL that is too long, another method, another path", async () => {
    const at = (path: string, init: RequestInit) => fetch(`${world.url}${path}`, init)
    expect((await at(`/webhooks/acme?x=${"y".repeat(8200)}`, { method: "POST" })).status).toBe(414)
    const get = await at("/webhooks/acme", {})
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"])
    expect((await at("/webhooks/acme/more", { method: "POST" })).status).toBe(404)
  })

  it("changed nobody's prototype", () => {
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

it("acknowledges nothing when the storage fails, and goes on when it works again", async () => {
  let isFull = true
  const broken = await startWorld(
    {},
    overStorage((storage) => ({
      receive: (...args) => Effect.suspend(() => (isFull ? storageFailure : storage.receive(...args)))
    }))
  )
  try {
    const answer = await broken.post(form(), urlencoded)
    expect([answer.status, answer.body.type]).toEqual([503, "/problems/storage-unavailable"])
    expect(answer.headers.get("retry-after")).toBe("30")
    expect(await broken.receipts()).toEqual([])
    isFull = false
    expect((await broken.post(form(), urlencoded)).status).toBe(200)
  } finally {
    await broken.stop()
  }
})
