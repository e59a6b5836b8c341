/** Multipart webhooks: files go to the document store, and no file ever refuses the record. */
import { createHash } from "node:crypto"
import { Effect, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { safeName } from "@casewire/core/domain/Document"
import { multipartDefaults } from "../src/WebhookMultipart.ts"
import { allOn, fields, firm, head, raw, startWorld, type World } from "./Harness.ts"

const limits = { ...multipartDefaults, textBytes: 5000, files: 3, fileBytes: 200_000, totalBytes: 2_000_000 }

let world: World
beforeAll(async () => {
  world = await startWorld({ multipart: limits })
})
afterAll(() => world.stop())

const record = (values: Readonly<Record<string, string>> = fields): FormData => {
  const body = new FormData()
  for (const [key, value] of Object.entries(values)) body.append(key, value)
  return body
}
const file = (size: number, name: string, type = "application/pdf") =>
  [new Blob([Buffer.alloc(size, name)], { type }), name] as const
const filesOf = (receiptId: string) =>
  world.run(Effect.flatMap(DocumentStore, (documents) => documents.ofOwner(firm, receiptId)))
const bytesOf = (id: string) =>
  world.run(
    Effect.flatMap(DocumentStore, (documents) =>
      Effect.orDie(
        Stream.runFold(
          documents.open(firm, id),
          () => createHash("sha256"),
          (hash, chunk) => hash.update(chunk)
        )
      )
    )
  )

describe("files", () => {
  it("are stored with the receipt as their owner, byte for byte", async () => {
    const body = record()
    body.append("Attachment", ...file(150_000, "police report.pdf"))
    body.append("Attachment", ...file(0, "empty.pdf"))
    const answer = await world.post(body)
    expect(answer.body).toMatchObject({ disposition: "accepted", saved: true, warnings: [] })
    const found = await filesOf(answer.body.receiptId)
    expect(found.map(({ contentType, name, size }) => ({ contentType, name, size }))).toEqual([
      { contentType: "application/pdf", name: "police report.pdf", size: 150_000 },
      { contentType: "application/pdf", name: "empty.pdf", size: 0 }
    ])
    const expected = createHash("sha256").update(Buffer.alloc(150_000, "police report.pdf")).digest("hex")
    expect((await bytesOf(found[0]!.id)).digest("hex")).toBe(expected)
    const shown = await world.call("GET", `/receipts/${answer.body.receiptId}`)
    expect(shown.body.documents).toHaveLength(2)
    expect(JSON.parse(shown.body.body)).toEqual(Object.entries(fields))
  })

  it("over their limits are drained and noted, and what comes after them is still read", async () => {
    const body = new FormData()
    body.append("first", ...file(250_000, "large.bin"))
    for (const name of ["a.txt", "b.txt", "c.txt"]) body.append("more", ...file(10, name))
    for (const [key, value] of Object.entries(fields)) body.append(key, value)
    const answer = await world.post(body)
    expect(answer.status).toBe(200)
    expect(
      answer.body.warnings.toSorted((a: { field: string }, b: { field: string }) => (a.field < b.field ? -1 : 1))
    ).toEqual([
      { field: "first", code: "file-too-large" },
      { field: "more", code: "too-many-files" }
    ])
    expect((await filesOf(answer.body.receiptId)).map(({ name }) => name)).toEqual(["a.txt", "b.txt"])
  })

  it("of a test or of a switched-off firm are not kept", async () => {
    const test = record({ "Lead ID": "{{default95}}-x", Status: "{{default1}}", "Full Name": "{{default2}}" })
    test.append("Attachment", ...file(10, "a.txt"))
    const answer = await world.post(test)
    expect(answer.body).toMatchObject({ test: true, saved: false })
    expect(await filesOf(answer.body.receiptId)).toEqual([])
    await world.setToggles(world.connection, { ...allOn, enabled: false })
    const off = record()
    off.append("Attachment", ...file(10, "a.txt"))
    const ignored = await world.post(off)
    expect(ignored.body).toMatchObject({ disposition: "ignored", reason: "integration-disabled" })
    expect(await filesOf(ignored.body.receiptId)).toEqual([])
    await world.setToggles(world.connection, allOn)
  })

  it("of a refused record stay for its replay", async () => {
    const body = record({ Status: "x" })
    body.append("Attachment", ...file(10, "a.txt"))
    const answer = await world.post(body)
    expect(answer.status).toBe(422)
    expect(await filesOf(answer.body.instance.slice("/receipts/".length))).toHaveLength(1)
  })
})

const start = (token: string, more: ReadonlyArray<string> = []) =>
  head(
    `POST /webhooks/acme?token=${token} HTTP/1.1`,
    "Host: x",
    "Content-Type: multipart/form-data; boundary=b",
    ...more
  )
const part = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const record_ = Object.entries(fields)
  .map(([name, value]) => part(name, value))
  .join("")
const openFile = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\nsome'

describe("a body", () => {
  const sized = (body: string) => `${start(world.token, [`Content-Length: ${Buffer.byteLength(body)}`])}${body}`

  it("with too much text is refused with 413, without its end with 400, and both leave a receipt", async () => {
    const before = (await world.receipts()).length
    const large = await raw(world.port, sized(`${part("a", "x".repeat(6000))}--b--\r\n`))
    expect([large.status, JSON.parse(large.body).type]).toEqual([413, "/problems/body-too-large"])
    const open = await raw(world.port, sized(record_))
    expect([open.status, JSON.parse(open.body).errors]).toEqual([400, [{ field: "body", code: "multipart" }]])
    expect((await world.receipts()).length).toBe(before + 2)
  })

  it("with too much text is refused although a file stands behind it in the same chunk", async () => {
    const body = `${part("a", "x".repeat(6000))}${openFile}\r\n--b--\r\n`
    expect((await raw(world.port, sized(body))).status).toBe(413)
  })

  it("whose boundary cannot be used is refused", async () => {
    const answer = await world.post("--b--\r\n", { "content-type": "multipart/form-data" })
    expect([answer.status, answer.body.errors]).toEqual([400, [{ field: "body", code: "multipart" }]])
  })

  it("that stops in the middle of a file is accepted without it, once the fields were read", async () => {
    const hasty = await startWorld({ multipart: { ...limits, deadlineMs: 150 } })
    try {
      const answer = await raw(hasty.port, `${start(hasty.token, ["Content-Length: 100000"])}${record_}${openFile}`)
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body).warnings).toEqual([
        { field: "f", code: "file-incomplete" },
        { field: "body", code: "timed-out" }
      ])
      expect(answer.isClosed).toBe(true)
    } finally {
      await hasty.stop()
    }
  })

  it("that comes too slowly counts as stopped", async () => {
    const hasty = await startWorld({ multipart: { ...limits, rateMs: 100, rateBytes: 1000 } })
    try {
      const answer = await raw(hasty.port, `${start(hasty.token, ["Content-Length: 100000"])}${part("Status", "x")}`)
      expect(answer.status).toBe(422)
      const [receipt] = await hasty.receipts()
      expect(receipt!.warnings).toContainEqual({ field: "body", code: "timed-out" })
    } finally {
      await hasty.stop()
    }
  })

  it("whose sender goes away leaves nothing behind", async () => {
    const before = await world.receipts()
    await raw(world.port, `${start(world.token, ["Content-Length: 100000"])}${record_}${openFile}`, (socket) =>
      setTimeout(() => socket.destroy(), 50)
    ).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await world.receipts()).toEqual(before)
  })
})

describe("a file's name", () => {
  it.each([
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\me\\x.pdf", "x.pdf"],
    ["a\u0000.pdf", "a.pdf"],
    ["CON.pdf", "_CON.pdf"],
    ["..", "document"],
    ["", "document"],
    ["invoice\u202Efdp.exe", "invoicefdp.exe"]
  ])("%j is kept as %j", (given, kept) => expect(safeName(given)).toBe(kept))

  it("is cut to 200 characters, keeping its ending", () => {
    const name = safeName(`${"x".repeat(300)}.pdf`)
    expect([name.length <= 200, name.endsWith(".pdf")]).toEqual([true, true])
  })
})
