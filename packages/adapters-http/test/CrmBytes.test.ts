/** Documents between the store and a CRM that does what a CRM must not, over real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Exit, Layer, ManagedRuntime, Option, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { CrmGateway, type CrmRequest, type CrmResponse, transferFactor } from "@casewire/core/ports/CrmHttp"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { layer } from "../src/CrmHttp.ts"
import { allOn, firm, manifest as withoutDocuments } from "./Harness.ts"

const manifest = { ...withoutDocuments, capabilities: { ...withoutDocuments.capabilities, documents: null } }

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

let handler: Handler = (_request, response) => response.end("ok")
let crm: Server
let origin = ""
let runtime: ManagedRuntime.ManagedRuntime<CrmGateway | DocumentStore, never>
const timeoutMs = 200

beforeAll(async () => {
  crm = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => handler(request, response, Buffer.concat(chunks)))
  })
  await new Promise<void>((resolve) => crm.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(crm.address() as AddressInfo).port}`
  runtime = ManagedRuntime.make(layer({ sandboxOrigin: origin, timeoutMs }).pipe(Layer.provideMerge(layerMemory)))
})
afterAll(async () => {
  await runtime.dispose()
  crm.closeAllConnections()
  crm.close()
})

let accounts = 0
const connection = (): Connection => ({
  id: ConnectionId.make(`documents-${++accounts}`),
  firmId: firm,
  plugin: "acme",
  name: "x",
  state: "connected",
  sandbox: true,
  settings: { clientRoot: `documents-${accounts}` },
  callLimit: 60_000,
  toggles: allOn,
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 1,
  updatedAt: 1
})

const send = (request: CrmRequest, declared: PluginManifest = manifest) =>
  runtime.runPromiseExit(
    Effect.gen(function* () {
      const gateway = yield* CrmGateway
      return yield* (yield* gateway.open(connection(), declared)).send(request)
    })
  )

const reasonOf = (exit: Exit.Exit<CrmResponse, { readonly reason: { readonly _tag: string } }>): string =>
  Exit.match(exit, {
    onSuccess: () => "Success",
    onFailure: (cause) => cause.reasons.map((one) => (one._tag === "Fail" ? one.error.reason._tag : one._tag)).join(",")
  })

const keep = (id: string, bytes: Uint8Array) =>
  runtime.runPromise(
    Effect.flatMap(DocumentStore, (store) =>
      store.put({ id, firmId: firm, name: id, contentType: "application/pdf", owner: "test" }, Stream.make(bytes), 1e9)
    )
  )
const isKept = (id: string) =>
  runtime.runPromise(Effect.flatMap(DocumentStore, (store) => Effect.map(store.get(firm, id), Option.isSome)))

const open = (documentId: string, maxBytes = 1000): CrmRequest => ({
  origin: "app",
  method: "GET",
  path: "download",
  changes: false,
  into: { documentId, maxBytes, except: ["application/json", "text/html"] }
})

const upload = (fileName: string, documentId: string): CrmRequest => ({
  origin: "app",
  method: "POST",
  path: "upload",
  changes: true,
  body: {
    _tag: "Multipart",
    parts: [
      { _tag: "Field", name: "LeadId", value: "4711" },
      { _tag: "Document", name: "File", documentId, fileName, contentType: "application/pdf" }
    ]
  }
})

describe("a plugin that declares no documents", () => {
  it("neither sends nor fetches one, and no socket is opened for it", async () => {
    let asked = 0
    handler = (_request, response) => {
      asked += 1
      response.setHeader("content-type", "application/pdf").end("%PDF")
    }
    await keep("mine", Buffer.from("%PDF-1.4"))
    expect(reasonOf(await send(upload("a.pdf", "mine"), withoutDocuments))).toBe("CrmOriginRefused")
    expect(reasonOf(await send(open("fetched"), withoutDocuments))).toBe("CrmOriginRefused")
    expect([asked, await isKept("fetched")]).toEqual([0, false])
    const { into: _, ...plain } = open("plain")
    expect(reasonOf(await send(plain, withoutDocuments))).toBe("Success")
  })
})

describe("a document that comes", () => {
  it("goes into the store, and its answer says how large it is", async () => {
    handler = (_request, response) => response.setHeader("content-type", "application/pdf").end("%PDF-1.4 words")
    const exit = await send(open("comes"))
    expect(Exit.isSuccess(exit) ? exit.value : exit).toMatchObject({ status: 200, body: "", stored: { size: 14 } })
    expect(await isKept("comes")).toBe(true)
  })

  it.each([
    ["an error as JSON", 200, "application/json; charset=utf-8", '{"IsSuccess":false}'],
    ["a page", 200, "text/html", "<html>"],
    ["another status", 500, "application/pdf", "%PDF"]
  ])("is none where %s comes instead: that is text, and the store is left alone", async (_, status, type, body) => {
    handler = (_request, response) => response.writeHead(status, { "content-type": type }).end(body)
    const exit = await send(open("none"))
    expect(Exit.isSuccess(exit) ? exit.value : exit).toMatchObject({ status, body })
    expect(Exit.isSuccess(exit) && exit.value.stored).toBeUndefined()
    expect(await isKept("none")).toBe(false)
  })

  it("that breaks off in its middle fails, and nothing of it is kept", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf", "content-length": "1000" })
      response.write("%PDF-1.4")
      setTimeout(() => response.destroy(), 20)
    }
    expect(reasonOf(await send(open("broken")))).toMatch(/CrmAnswerInvalid|CrmUnreachable/)
    expect(await isKept("broken")).toBe(false)
  })

  it("that never ends is stopped at the limit", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf" })
      const more = () => response.write(Buffer.alloc(65_536), () => setImmediate(more))
      response.on("error", () => {})
      more()
    }
    expect(reasonOf(await send(open("endless", 100_000)))).toBe("CrmRefused")
    expect(await isKept("endless")).toBe(false)
  })

  it("has a longer deadline than other answers, and one all the same", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf" })
      response.write("%PDF-1.4")
      setTimeout(() => response.end("words"), timeoutMs * 2)
    }
    expect(reasonOf(await send(open("slow")))).toBe("Success")
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf" })
      response.write("%PDF-1.4")
    }
    const began = performance.now()
    expect(reasonOf(await send(open("silent")))).toMatch(/CrmAnswerInvalid|CrmUnreachable/)
    expect(performance.now() - began).toBeGreaterThan(timeoutMs * (transferFactor - 1))
    expect(await isKept("silent")).toBe(false)
  })

  it("never replaces one that is there", async () => {
    await keep("ours", Buffer.from("ours"))
    handler = (_request, response) => response.setHeader("content-type", "application/pdf").end("theirs")
    expect(reasonOf(await send(open("ours")))).toBe("CrmRefused")
  })
})

describe("a document that goes", () => {
  it("is a part of a multipart request of known length, byte for byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 256))
    await keep("large", bytes)
    let seen: { length: number; said: number; form: FormData } | undefined
    handler = async (request, response, body) => {
      const headers = { "content-type": request.headers["content-type"]! }
      const form = await new Response(new Uint8Array(body), { headers }).formData()
      seen = { length: body.length, said: Number(request.headers["content-length"]), form }
      response.end("{}")
    }
    expect(reasonOf(await send(upload("a.pdf", "large")))).toBe("Success")
    expect(seen!.said).toBe(seen!.length)
    expect(seen!.form.get("LeadId")).toBe("4711")
    const file = seen!.form.get("File") as File
    expect([file.name, file.type]).toEqual(["a.pdf", "application/pdf"])
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true)
  })

  it.each(['quote".pdf', "line\r\nX-Injected: 1\r\n\r\n.pdf", "Größe – José.pdf"])(
    "named %j adds nothing to the request",
    async (name) => {
      await keep("named", Buffer.from("words"))
      let body = ""
      handler = (_request, response, bytes) => {
        body = bytes.toString()
        response.end("{}")
      }
      await send(upload(name, "named"))
      expect(body.match(/content-disposition/g)).toHaveLength(2)
      expect(body).not.toContain("\nX-Injected")
      expect(body.split("\r\n\r\n")).toHaveLength(3)
    }
  )

  it("that is not in the firm's store is refused before anything leaves", async () => {
    let called = 0
    handler = (_request, response) => {
      called += 1
      response.end("{}")
    }
    expect(reasonOf(await send(upload("a.pdf", "nowhere")))).toBe("CrmRefused")
    expect(called).toBe(0)
  })

  it("without an answer leaves the outcome unknown", async () => {
    await keep("lost", Buffer.from("words"))
    handler = (request) => request.socket.destroy()
    expect(reasonOf(await send(upload("a.pdf", "lost")))).toBe("CrmOutcomeUnknown")
  })
})
