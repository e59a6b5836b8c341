/** Whatever bytes arrive, the webhook route answers as declared: nothing is thrown, nothing hangs. */
import type { IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import { Effect, Exit, Layer, ManagedRuntime } from "effect"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { safeName } from "@casewire/core/domain/Document"
import { multipartDefaults, readMultipart } from "../src/WebhookMultipart.ts"
import { readMedia, readTarget } from "../src/WebhookRequest.ts"
import { firm, startWorld, type World } from "./Harness.ts"

const runtime = ManagedRuntime.make(layerMemory.pipe(Layer.orDie))
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(async () => {
  await world.stop()
  await runtime.dispose()
})

const pieces = fc.oneof(
  fc.constantFrom(
    "--b\r\n",
    "--b--\r\n",
    "--b",
    "\r\n",
    "\r\n\r\n",
    'Content-Disposition: form-data; name="Lead ID"',
    'Content-Disposition: form-data; name="f"; filename="x.pdf"',
    "Content-Disposition: form-data; name=",
    "Content-Disposition: attachment",
    "Content-Type: text/plain; charset=utf-16",
    "Content-Transfer-Encoding: base64",
    ": ",
    "4711"
  ),
  fc.string({ unit: "binary", maxLength: 20 })
)

describe("multipart", () => {
  it("is read or refused, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieces, { maxLength: 20 }),
        fc.array(fc.nat(60), { maxLength: 5 }),
        fc.constantFrom("b", '"b"', "", "b; charset=x", "\u0000"),
        async (parts, cuts, boundary) => {
          const bytes = Buffer.from(parts.join(""))
          const chunks: Array<Buffer> = []
          let at = 0
          for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)))
          chunks.push(bytes.subarray(at))
          const request = Object.assign(Readable.from(chunks.filter(({ length }) => length > 0)), {
            headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
            complete: true
          }) as unknown as IncomingMessage
          const read = Effect.flatMap(DocumentStore, (documents) =>
            readMultipart(request, { documents, firmId: firm, owner: "r", keepsFiles: true }, multipartDefaults)
          )
          const exit = await runtime.runPromiseExit(read)
          return Exit.isSuccess(exit) && ["Read", "Malformed", "TooLarge"].includes(exit.value._tag)
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("ends where a file begins after the closing boundary", async () => {
    const body = '--b--\r\nContent-Disposition: form-data; name="f"; filename="x.pdf"\r\n\r\n'
    const bytes = Buffer.from(body)
    const chunks = [bytes.subarray(0, 7), bytes.subarray(7, 64), bytes.subarray(64)]
    const request = Object.assign(Readable.from(chunks.filter(({ length }) => length > 0)), {
      headers: { "content-type": "multipart/form-data; boundary=b; charset=x" },
      complete: true
    }) as unknown as IncomingMessage
    const read = Effect.flatMap(DocumentStore, (documents) =>
      readMultipart(request, { documents, firmId: firm, owner: "r", keepsFiles: true }, multipartDefaults)
    )
    const outcome = await runtime.runPromise(read)
    expect(["Read", "Malformed"]).toContain(outcome._tag)
  }, 5000)

  it("keeps no name that is a path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
        const kept = safeName(name)
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
        return kept.length > 0 && kept.length <= 200 && !/[/\\\u0000-\u001f]|^\.\.?$/.test(kept) && kept === kept.trim()
      }),
      { numRuns: 100_000 }
    )
  })
})

describe("the head", () => {
  it("never throws, and never takes a token from a repeated parameter", () => {
    const url = fc.array(fc.oneof(fc.constantFrom("?", "&", "=", "token", "%74oken", "%", "+", "a"), fc.string()), {
      maxLength: 12
    })
    fc.assert(
      fc.property(url, fc.option(fc.string(), { nil: undefined }), (parts, header) => {
        const target = readTarget(
          `/webhooks/x${parts.join("")}`,
          header === undefined ? {} : { "x-webhook-token": header }
        )
        return target._tag !== "Webhook" || target.query.every(([key]) => key !== "token")
      }),
      { numRuns: 20_000 }
    )
    fc.assert(fc.property(fc.string({ unit: "binary" }), (type) => readMedia(type)._tag.length > 0))
  })
})

it("answers random bodies of every media type as declared", async () => {
  const body = fc.array(
    fc.oneof(
      fc.constantFrom(
        '{"Lead ID":"1"',
        ',"Status":',
        '"x"',
        "}",
        "[",
        "Lead ID=1",
        "&",
        "%ff",
        "\ufffd",
        "\\u0000",
        '"__proto__":1'
      ),
      fc.string({ unit: "binary", maxLength: 10 })
    ),
    { maxLength: 12 }
  )
  const types = fc.constantFrom(
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/plain"
  )
  await fc.assert(
    fc.asyncProperty(body, types, async (parts, type) => {
      const answer = await world.post(Buffer.from(parts.join("")), { "content-type": type })
      expect([200, 400, 415, 422]).toContain(answer.status)
      expect(answer.body.receiptId ?? answer.body.instance).toEqual(expect.any(String))
    }),
    { numRuns: 500 }
  )
})
