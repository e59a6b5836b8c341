/** Documents over HTTP: up as a stream, down as an attachment that no browser runs, and refused by what they are. */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { firm, startWorld, type World } from "./Harness.ts"

let world: World
let caseId = ""
beforeAll(async () => {
  world = await startWorld()
  caseId = await world.run(
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const entries = yield* CaseEntries
      const client = { firstName: "Ana", lastName: "Lee", email: "", phone: "" }
      const of = yield* entries.createCase(firm, { caseType: "Injury", client, entry: {} }, "test")
      // As if the CRM had told of it, so that events of the case have somewhere to go.
      yield* cases.save({ ...of, connectionId: world.connection.id, externalId: "4711" as typeof of.externalId })
      return of.id as string
    })
  )
})
afterAll(() => world.stop())

const pdf = (words: string) => `%PDF-1.4\n% ${words}\n%%EOF\n`
const upload = (name: string, body: string | Uint8Array<ArrayBuffer>) =>
  world.upload(`/cases/${caseId}/documents?name=${encodeURIComponent(name)}`, body)
const documents = async () => (await world.call("GET", `/cases/${caseId}/documents`)).body.documents
const stored = () => world.run(Effect.flatMap(DocumentStore, (store) => store.usage(firm)))

describe("a document", () => {
  it("goes up and comes down byte for byte, as an attachment that is not sniffed and runs nothing (T-D2)", async () => {
    const up = await upload("Größe der “Akte”.pdf", pdf("José"))
    expect(up.status).toBe(201)
    expect(up.body).toMatchObject({
      kind: "document",
      name: "Größe der “Akte”.pdf",
      contentType: "application/pdf",
      state: "stored",
      source: "platform",
      externalId: null
    })
    const down = await fetch(`${world.url}/api/v1/documents/${up.body.documentId}`, {
      headers: { authorization: `Bearer ${world.api}` }
    })
    expect(await down.text()).toBe(pdf("José"))
    expect(down.headers.get("content-type")).toBe("application/pdf")
    expect(down.headers.get("content-disposition")).toBe(
      "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20der%20%E2%80%9CAkte%E2%80%9D.pdf"
    )
    expect(down.headers.get("x-content-type-options")).toBe("nosniff")
    expect(down.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'")
    expect(down.headers.get("cross-origin-resource-policy")).toBe("same-origin")
  })

  it("is listed with its case, newest first, and in the timeline", async () => {
    await upload("first.txt", "one")
    const second = await upload("second.txt", "two")
    expect((await documents())[0].id).toBe(second.body.id)
    const { body } = await world.call("GET", `/cases/${caseId}/timeline?kinds=document&limit=1`)
    expect(body.entries).toEqual([expect.objectContaining({ id: second.body.id, kind: "document" })])
    const behind = await world.call("GET", `/cases/${caseId}/timeline?limit=1&before=${second.body.id}`)
    expect(behind.body.entries[0].name).toBe("first.txt")
  })

  it("of a type that is not on the list is 415 file-type-unsupported", async () => {
    for (const name of ["run.exe", "page.html", "image.svg", "archive.zip", "noextension"]) {
      const answer = await upload(name, "words")
      expect([name, answer.status, answer.body.type]).toEqual([name, 415, "/problems/file-type-unsupported"])
      expect(answer.body.errors).toEqual([{ field: "name", code: "type" }])
    }
  })

  it("whose content is not what its name says is 422 file-content-mismatch, and an empty one too", async () => {
    const before = await stored()
    for (const [name, body, code] of [
      ["text.pdf", "only words", "content-mismatch"],
      ["page.txt", "<!DOCTYPE html><script>alert(1)</script>", "content-mismatch"],
      ["program.docx", "MZ\u0090\u0000", "content-mismatch"],
      ["nothing.pdf", "", "empty"]
    ] as const) {
      const answer = await upload(name, body)
      expect([name, answer.status, answer.body.type]).toEqual([name, 422, "/problems/file-content-mismatch"])
      expect(answer.body.errors).toEqual([{ field: "body", code }])
    }
    expect(await stored()).toEqual(before)
  })

  it("of 25 MiB is taken, one byte more is 413, and nothing of it is kept", async () => {
    const bytes = new Uint8Array(documentLimitBytes)
    bytes.set(new TextEncoder().encode("%PDF-1.4\n"))
    expect((await upload("large.pdf", bytes)).status).toBe(201)
    const before = await stored()
    const more = new Uint8Array(documentLimitBytes + 1)
    more.set(bytes)
    const declared = await upload("larger.pdf", more)
    expect([declared.status, declared.body.type]).toEqual([413, "/problems/body-too-large"])
    const streamed = await fetch(`${world.url}/api/v1/cases/${caseId}/documents?name=larger.pdf`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, "content-type": "application/octet-stream" },
      body: new ReadableStream({
        pull(controller) {
          for (let at = 0; at < more.length; at += 1_048_576) controller.enqueue(more.subarray(at, at + 1_048_576))
          controller.close()
        }
      }),
      duplex: "half"
    } as RequestInit).catch(() => undefined)
    // The connection may be closed before the last bytes are sent; what counts is what is kept.
    if (streamed !== undefined) expect(streamed.status).toBe(413)
    expect(await stored()).toEqual(before)
  })

  it("beyond the firm's quota is 413 with the code quota, while what fits is still taken", async () => {
    const small = await startWorld({}, undefined, 1000)
    try {
      const of = await small.run(
        Effect.gen(function* () {
          const entries = yield* CaseEntries
          const client = { firstName: "Ana", lastName: "Lee", email: "", phone: "" }
          return (yield* entries.createCase(firm, { caseType: "Injury", client, entry: {} }, "test")).id as string
        })
      )
      const put = (name: string, size: number) =>
        small.upload(`/cases/${of}/documents?name=${name}`, pdf("x".repeat(size)))
      expect((await put("first.pdf", 500)).status).toBe(201)
      const refused = await put("second.pdf", 700)
      expect([refused.status, refused.body.errors]).toEqual([413, [{ field: "body", code: "quota" }]])
      expect((await put("third.pdf", 100)).status).toBe(201)
      const { documents } = (await small.call("GET", `/cases/${of}/documents`)).body
      expect(documents.map(({ name }: { name: string }) => name)).toEqual(["third.pdf", "first.pdf"])
    } finally {
      await small.stop()
    }
  })

  it.each([
    ["../../x.txt", "x.txt"],
    ["..\\..\\x.txt", "x.txt"],
    ["a\u0000b.txt", "ab.txt"],
    ["CON.txt", "_CON.txt"],
    ["\u202Etxt.exe.txt", "txt.exe.txt"],
    [`${"n".repeat(300)}.txt`, `${"n".repeat(196)}.txt`],
    ["Café.txt".normalize("NFD"), "Café.txt".normalize("NFC")]
  ])("named %j is kept under a safe name, never used as a path (T-D1)", async (name, safe) => {
    const answer = await upload(name, "words")
    expect(answer.status).toBe(201)
    expect(answer.body.name).toBe(safe)
  })

  it("of another firm, or of none, is 404 like any unknown one", async () => {
    const { body } = await upload("ours.txt", "words")
    const theirs = await world.call("GET", `/documents/${body.documentId}`, undefined, world.otherApi)
    const unknown = await world.call("GET", "/documents/nothing", undefined, world.otherApi)
    expect([theirs.status, theirs.text]).toEqual([404, unknown.text])
    const waiting = { id: "waiting", firmId: firm, name: "x", contentType: "text/plain", owner: "incoming" }
    await world.run(
      Effect.gen(function* () {
        const store = yield* DocumentStore
        const { open } = store
        yield* store.put(waiting, open(firm, body.documentId), 100)
      }).pipe(Effect.orDie)
    )
    expect((await world.call("GET", "/documents/waiting")).status).toBe(404)
  })
})

describe("the fate of an event", () => {
  it("is its job, its state, and the place in the CRM", async () => {
    const { body } = await upload("sent.txt", "words")
    const event = { type: "document_added", eventId: "where-1", caseId, documentId: body.documentId }
    expect((await world.call("POST", "/events", event)).body.result).toBe("queued")
    const answer = await world.call("GET", "/events/where-1")
    expect(answer.body).toMatchObject({ eventId: "where-1", state: "queued", place: "Documents", externalIds: [] })
    expect(answer.body.job.work).toBe("push-document")
  })

  it("of one that was dropped says so, and of an unknown one is 404", async () => {
    await world.setToggles(world.connection, { ...(await toggles()), sendDocuments: false })
    const { body } = await upload("kept.txt", "words")
    const event = { type: "document_added", eventId: "where-2", caseId, documentId: body.documentId }
    const accepted = await world.call("POST", "/events", event)
    expect(accepted.body).toMatchObject({ result: "dropped", reason: '"Send documents" is off' })
    expect((await world.call("GET", "/events/where-2")).body).toMatchObject({ state: "dropped", job: null })
    expect((await world.call("GET", "/events/where-3")).status).toBe(404)
    await world.setToggles(world.connection, { ...(await toggles()), sendDocuments: true })
  })

  it("of a document that is not the case's is 404, and nothing is queued", async () => {
    const event = { type: "document_added", eventId: "where-4", caseId, documentId: "nothing" }
    expect((await world.call("POST", "/events", event)).status).toBe(404)
    expect((await world.call("GET", "/events/where-4")).status).toBe(404)
  })
})

describe("a call", () => {
  const call = (eventId: string, more: object) => ({
    type: "call_ended",
    eventId,
    caseId,
    callId: eventId,
    direction: "inbound",
    isAi: true,
    from: "+12055550100",
    to: "+12055550101",
    startedAt: 0,
    durationMs: 1000,
    transcript: [],
    ...more
  })

  it("comes with the reason for its end and its analysis, and shows them in the timeline (A-11)", async () => {
    const facts = {
      disconnectionReason: "user_hangup",
      successful: false,
      analysis: { "pain level": 7, fault: "none" }
    }
    expect((await world.call("POST", "/events", call("call-1", facts))).status).toBe(202)
    const { body } = await world.call("GET", `/cases/${caseId}/timeline?kinds=call`)
    expect(body.entries[0]).toMatchObject({ kind: "call", callId: "call-1", ...facts })
  })

  it.each([
    [{ disconnectionReason: "" }, "disconnectionReason"],
    [{ disconnectionReason: "x".repeat(201) }, "disconnectionReason"],
    [{ analysis: { finding: "x".repeat(2001) } }, "analysis.finding"],
    [{ analysis: { finding: { nested: 1 } } }, "analysis.finding"],
    [{ analysis: { "two\nlines": "x" } }, "analysis"],
    [{ analysis: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`n${index}`, 1])) }, "analysis"]
  ])("with facts that are too long or malformed is refused, case %#", async (more, field) => {
    const answer = await world.call("POST", "/events", call("call-2", more))
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, expect.stringContaining(field)])
    expect((await world.call("GET", "/events/call-2")).status).toBe(404)
  })
})

const toggles = async () => (await world.call("GET", `/connections/${world.connection.id}`)).body.toggles

describe("pulling on demand", () => {
  it("answers the job, the same one while it waits, and shows no progress before it runs", async () => {
    const path = `/connections/${world.connection.id}/pull`
    const first = await world.call("POST", path, {})
    expect(first.status).toBe(202)
    expect((await world.call("POST", path, {})).body).toEqual(first.body)
    expect((await world.call("GET", path)).body).toEqual({ pull: null, sweep: null })
    expect((await world.call("GET", `/jobs/${first.body.jobId}`)).body).toMatchObject({ work: "pull", priority: 0 })
  })
})
