/** Documents both ways, notes that staff wrote, and files that came with a webhook, on the whole core. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { CaseDocuments } from "@casewire/core/CaseDocuments"
import type { Case } from "@casewire/core/domain/Case"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { type TimelineEntry, TimelineEntryId } from "@casewire/core/domain/TimelineEntry"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Timeline } from "@casewire/core/ports/Timeline"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Setup } from "@casewire/core/Setup"
import {
  connected,
  connectionId,
  deliver,
  FakeCrm,
  type FakeDocument,
  firmId,
  jobs,
  layer,
  quietMs,
  theCase,
  work
} from "./Rehearsal.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const pdf = (words: string) => bytes(`%PDF-1.4\n% ${words}\n%%EOF\n`)

const filed = (externalId: string, change: Partial<FakeDocument> = {}): FakeDocument => ({
  externalId,
  name: "Retainer.pdf",
  folder: "Intake / Signed",
  contentType: "application/pdf",
  bytes: pdf(externalId),
  createdAt: 1000,
  ...change
})

const entries = Effect.gen(function* () {
  const timeline = yield* Timeline
  const of = yield* theCase
  return (yield* timeline.ofCase(firmId, of.id, { limit: 200 })).toReversed()
})

const documents = Effect.map(entries, (all) =>
  all.flatMap(({ content, externalId, source }) =>
    content._tag === "Document" ? [{ ...content, externalId, source }] : []
  )
)

const contentOf = Effect.fnUntraced(function* (documentId: string | null) {
  const store = yield* DocumentStore
  const chunks = yield* Stream.runCollect(store.open(firmId, documentId ?? "")).pipe(Effect.orDie)
  return new TextDecoder().decode(Buffer.concat([...chunks]))
})

/** A sync as the schedule makes it, and the work that follows. */
const sync = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  const poller = yield* Poller
  yield* poller.request(yield* connections.get(firmId, connectionId).pipe(Effect.orDie))
  yield* work(3, 10_000)
})

const upload = Effect.fnUntraced(function* (name = "Release.pdf", content = pdf("ours")) {
  const caseDocuments = yield* CaseDocuments
  const of = yield* theCase
  const file = { name, contentType: "application/octet-stream" }
  const entry = yield* caseDocuments.upload(firmId, of.id, file, Stream.make(content))
  assert.strictEqual(entry.content._tag, "Document")
  return entry.content._tag === "Document" ? entry.content.documentId! : ""
})

const tell = Effect.fnUntraced(function* (documentId: string, eventId = "document-1", recording?: object) {
  const outbox = yield* Outbox
  const of = yield* theCase
  return yield* outbox.accept(firmId, {
    _tag: "DocumentAdded",
    eventId,
    caseId: of.id,
    documentId,
    ...(recording as { recording?: { callId: string; startedAt: number; phone: string } })
  })
})

const pushed = Effect.map(jobs, (all) => all.filter((job) => job.work === "PushDocument"))

const run = Effect.provide(Layer.merge(layer, CaseDocuments.layer.pipe(Layer.provide(layer))))

/** The case once it was read for the first time, before anything of its feed. */
const theCaseOnceRead = Effect.gen(function* () {
  yield* deliver({})
  yield* work()
  return yield* theCase
})

const knownEntry = (of: Case, externalId: string): TimelineEntry => ({
  id: TimelineEntryId.make(`known-${externalId}`),
  firmId,
  connectionId,
  caseId: of.id,
  kind: "document",
  at: 1000,
  recordedAt: 1000,
  source: "crm",
  cause: "earlier",
  externalId,
  content: {
    _tag: "Document",
    name: "Retainer.pdf",
    folder: "Intake",
    contentType: "application/pdf",
    size: 1,
    documentId: "kept",
    state: "stored"
  }
})

describe("documents of the CRM", () => {
  it.effect("TV-20 document pull: folders, equal names, known ids, no name, .exe, 0 bytes, 30 MiB", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const lead = crm.leads.get("42")!
      const of = yield* theCaseOnceRead
      const timeline = yield* Timeline
      lead.documents!.push(
        filed("55001", { folder: "Intake" }),
        filed("55002"),
        filed("55003", { folder: "Signed Contracts" }),
        filed("55004", { name: "rehearsal-document-55004", folder: "" }),
        filed("55005", { name: "setup.exe", contentType: "application/octet-stream", bytes: bytes("MZ") }),
        filed("55006", { name: "empty.pdf", bytes: new Uint8Array() }),
        filed("55007", { name: "huge.pdf", bytes: new Uint8Array(30 * 1024 * 1024) })
      )
      // One is known already: it is not fetched again.
      yield* timeline.append(knownEntry(of, "55001"))
      yield* sync
      const found = yield* documents
      assert.deepStrictEqual(
        found.map(({ externalId, folder, name, state }) => [externalId, folder, name, state]),
        [
          ["55001", "Intake", "Retainer.pdf", "stored"],
          ["55002", "Intake / Signed", "Retainer.pdf", "stored"],
          ["55003", "Signed Contracts", "Retainer.pdf", "stored"],
          ["55004", "", "rehearsal-document-55004", "stored"],
          ["55005", "Intake / Signed", "setup.exe", "skipped:type"],
          ["55006", "Intake / Signed", "empty.pdf", "skipped:empty"],
          ["55007", "Intake / Signed", "huge.pdf", "skipped:too-large"]
        ]
      )
      assert.strictEqual(yield* contentOf(found[1]!.documentId), new TextDecoder().decode(pdf("55002")))
      assert.strictEqual(yield* contentOf(found[2]!.documentId), new TextDecoder().decode(pdf("55003")))
      // What is not eligible by what is said of it is not even asked for.
      assert.strictEqual(crm.calls.filter((call) => call === "open").length, 3)
      assert.isAbove(30 * 1024 * 1024, documentLimitBytes)
    }).pipe(run)
  )

  it.effect("are fetched once: a later sync skips them by their id, the skipped ones too", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1"), filed("2", { name: "a.exe" }))
      yield* sync
      const before = yield* documents
      crm.leads.get("42")!.documents!.push(filed("3"))
      yield* TestClock.adjust("2 hours")
      yield* sync
      assert.deepStrictEqual((yield* documents).map(({ externalId }) => externalId), ["1", "2", "3"])
      assert.deepStrictEqual((yield* documents).slice(0, 2), before)
      assert.strictEqual(crm.calls.filter((call) => call === "open").length, 2)
    }).pipe(run)
  )

  it.effect("whose content is not what the name says are entered with the reason, and their bytes are gone", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1", { bytes: bytes("only words") }))
      yield* sync
      assert.deepStrictEqual(
        (yield* documents).map(({ documentId, state }) => [documentId, state]),
        [[null, "skipped:content-mismatch"]]
      )
      const store = yield* DocumentStore
      assert.deepStrictEqual(yield* store.usage(firmId), { documents: 0, bytes: 0 })
    }).pipe(run)
  )

  it.effect("come into the case's documents, never as notes, whatever the outgoing case types say", () =>
    Effect.gen(function* () {
      yield* connected()
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, outgoingCaseTypes: ["Other"] }))
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1"))
      yield* sync
      assert.deepStrictEqual(
        (yield* entries).map(({ kind, source }) => [kind, source]),
        [["document", "crm"]]
      )
    }).pipe(run)
  )

  it.effect("are not pulled while Receive is off", () =>
    Effect.gen(function* () {
      yield* connected({ receive: false })
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1"))
      yield* sync
      assert.notInclude(crm.calls, "list")
      const setup = yield* Setup
      const connections = yield* ConnectionStore
      const { toggles } = yield* connections.get(firmId, connectionId)
      yield* setup.setToggles(firmId, connectionId, { ...toggles, receive: true })
      yield* sync
      assert.lengthOf(yield* documents, 1)
    }).pipe(run)
  )

  it.effect("that cannot be had for a moment come with a later attempt, once", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1"), filed("2"))
      crm.faults.push({ on: "open", how: "before" })
      yield* sync
      yield* work(3, 60_000)
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId, state }) => [externalId, state]),
        [
          ["1", "stored"],
          ["2", "stored"]
        ]
      )
      const store = yield* DocumentStore
      assert.strictEqual((yield* store.usage(firmId)).documents, 2)
    }).pipe(run)
  )

  it.effect("that were sent from here do not come back as others", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* sync
      yield* tell(yield* upload())
      yield* work(2, 1000)
      yield* TestClock.adjust("2 hours")
      yield* sync
      const crm = yield* FakeCrm
      const [only] = crm.leads.get("42")!.documents!
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId, source }) => [externalId, source]),
        [[only!.externalId, "platform"]]
      )
    }).pipe(run)
  )
})

describe("documents of the platform", () => {
  for (const how of ["before", "after", "late"] as const)
    it.effect(`are in the CRM exactly once when a request fails "${how}"`, () =>
      Effect.gen(function* () {
        yield* connected()
        yield* sync
        const crm = yield* FakeCrm
        const documentId = yield* upload()
        crm.faults.push({ on: "upload", how })
        yield* tell(documentId)
        yield* work()
        for (const commit of crm.late.splice(0)) commit()
        yield* work(3, quietMs * 6)
        assert.deepStrictEqual(
          crm.leads.get("42")!.documents!.map(({ bytes, name }) => [name, new TextDecoder().decode(bytes)]),
          [["Release.pdf", new TextDecoder().decode(pdf("ours"))]]
        )
        assert.deepStrictEqual((yield* pushed).map(({ state }) => state), ["done"])
      }).pipe(run)
    )

  it.effect("wait for a person where the CRM's list cannot tell which one is ours (I-10)", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* sync
      const crm = yield* FakeCrm
      crm.faults.push({ on: "upload", how: "late" })
      yield* tell(yield* upload())
      yield* work()
      // Staff files the same document twice meanwhile, and our own request takes effect too.
      for (const commit of crm.late.splice(0)) commit()
      const [ours] = crm.leads.get("42")!.documents!
      crm.leads.get("42")!.documents!.push({ ...ours!, externalId: "staff-1" })
      yield* work(3, quietMs * 6)
      assert.deepStrictEqual((yield* pushed).map(({ state }) => state), ["uncertain"])
      assert.strictEqual(crm.calls.filter((call) => call === "upload").length, 1)
      const queue = yield* Queue
      const [job] = yield* queue.find(firmId, { work: ["PushDocument"] })
      yield* queue.resolve(firmId, { ids: [job!.id] }, "confirm", "a person looked")
      assert.deepStrictEqual((yield* pushed).map(({ state }) => state), ["done"])
    }).pipe(run)
  )

  it.effect("are dropped with the reason while Send documents is off, and stay on the case", () =>
    Effect.gen(function* () {
      yield* connected({ sendDocuments: false })
      yield* sync
      const answer = yield* tell(yield* upload())
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: '"Send documents" is off' })
      assert.deepStrictEqual(yield* pushed, [])
      assert.lengthOf(yield* documents, 1)
    }).pipe(run)
  )

  it.effect("that came from the CRM are not sent back", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1"))
      yield* sync
      const [document] = yield* documents
      const answer = yield* tell(document!.documentId!)
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "the document came from the CRM" })
      assert.notInclude(crm.calls, "upload")
    }).pipe(run)
  )

  it.effect("that are recordings are sent under the name of their call, in the firm's time (A-10)", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* sync
      const documentId = yield* upload("recording.wav", bytes("RIFF\0\0\0\0WAVEfmt "))
      const recording = { callId: "call_7f/3", startedAt: Date.UTC(2026, 8, 14, 14, 5), phone: "(205) 555-0142" }
      yield* tell(documentId, "recording-1", { recording })
      yield* work()
      const crm = yield* FakeCrm
      assert.deepStrictEqual(
        crm.leads.get("42")!.documents!.map(({ name }) => name),
        ["AI Call 2026-09-14 1005 0142 call_7f3.wav"]
      )
    }).pipe(run)
  )

  it.effect("and messages go in order, and a document that waits out its quiet period is not overtaken", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* sync
      const crm = yield* FakeCrm
      crm.faults.push({ on: "upload", how: "after" })
      yield* tell(yield* upload())
      const outbox = yield* Outbox
      const of = yield* theCase
      const message = { channel: "sms", direction: "outbound", text: "Hi", sentAt: 0 } as const
      yield* outbox.accept(firmId, { _tag: "MessageSent", eventId: "m-1", caseId: of.id, ...message })
      yield* work()
      assert.lengthOf(crm.leads.get("42")!.notes, 0)
      yield* work(3, quietMs * 6)
      assert.lengthOf(crm.leads.get("42")!.notes, 1)
    }).pipe(run)
  )
})

describe("the timeline", () => {
  it.effect("holds messages and calls of the platform, sent or not, once an event", () =>
    Effect.gen(function* () {
      yield* connected({ sendMessages: false })
      yield* sync
      const outbox = yield* Outbox
      const of = yield* theCase
      const message = { channel: "sms", direction: "outbound", text: "Hi José", sentAt: 5000 } as const
      const event = { _tag: "MessageSent", eventId: "m-1", caseId: of.id, ...message } as const
      yield* outbox.accept(firmId, event)
      yield* outbox.accept(firmId, event)
      assert.deepStrictEqual(
        (yield* entries).map(({ at, cause, content, kind }) => [kind, at, cause, content]),
        [["message", 5000, "m-1", { _tag: "Message", subject: null, channel: "sms", direction: "outbound", text: "Hi José" }]]
      )
    }).pipe(run)
  )

  it.effect("takes staff's notes once, and none of our own (I-13)", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* sync
      const outbox = yield* Outbox
      const crm = yield* FakeCrm
      const of = yield* theCase
      const message = { channel: "sms", direction: "outbound", text: "Hi", sentAt: 5000 } as const
      yield* outbox.accept(firmId, { _tag: "MessageSent", eventId: "m-1", caseId: of.id, ...message })
      yield* work()
      crm.leads.get("42")!.notes.push({ id: "staff-1", text: "Called from the radio ad." })
      for (let time = 0; time < 2; time++) {
        yield* TestClock.adjust("2 hours")
        yield* sync
      }
      assert.lengthOf(crm.leads.get("42")!.notes, 2)
      assert.deepStrictEqual(
        (yield* entries).map(({ externalId, kind }) => [kind, externalId]),
        [
          ["message", null],
          ["note", "staff-1"]
        ]
      )
      assert.notInclude((yield* jobs).map(({ state }) => state), "queued")
    }).pipe(run)
  )
})

describe("files of a webhook", () => {
  const attach = Effect.fnUntraced(function* (name: string, content: Uint8Array, contentType = "application/pdf") {
    const connections = yield* ConnectionStore
    const store = yield* DocumentStore
    const inbox = yield* Inbox
    const connection = yield* connections.get(firmId, connectionId)
    const receiptId = ReceiptId.make("019b8d6a-0003-7000-8000-00000000000a")
    const meta = { id: "file-1", firmId, name, contentType, owner: receiptId }
    yield* store.put(meta, content.length === 0 ? Stream.empty : Stream.make(content), documentLimitBytes)
    const body = JSON.stringify([
      ["Record ID", "42"],
      ["Stage", "New"],
      ["Full Name", "Ana Lee"]
    ])
    yield* inbox.accept(connection, { receiptId, mediaType: "multipart/form-data", body, query: [], headerNames: [] })
    yield* work()
    return receiptId
  })

  it.effect("TV-8 multipart with file: it becomes a document of the case", () =>
    Effect.gen(function* () {
      yield* connected()
      const receiptId = yield* attach("42-IntakeForm.pdf", pdf("intake"))
      const [entry] = yield* entries
      assert.deepStrictEqual([entry?.source, entry?.cause, entry?.kind], ["webhook", receiptId, "document"])
      const [document] = yield* documents
      assert.deepStrictEqual([document?.name, document?.state], ["42-IntakeForm.pdf", "stored"])
      assert.strictEqual(yield* contentOf(document!.documentId), new TextDecoder().decode(pdf("intake")))
    }).pipe(run)
  )

  for (const [what, name, content, why] of [
    ["of the wrong lead", "999999-IntakeForm.pdf", pdf("other"), "wrong-record"],
    ["of zero bytes", "42-IntakeForm.pdf", new Uint8Array(), "empty"],
    ["of text named .pdf", "42-IntakeForm.pdf", bytes("plain words"), "content-mismatch"],
    ["of a type that is not taken", "42-run.exe", bytes("MZ"), "type"]
  ] as const)
    it.effect(`TV-8 multipart with a file ${what}: the file is refused and the record kept`, () =>
      Effect.gen(function* () {
        yield* connected()
        const receiptId = yield* attach(name, content)
        const of = yield* theCase
        assert.deepStrictEqual([of.standing, of.status.platform], ["verified", "New"])
        assert.deepStrictEqual(
          (yield* documents).map(({ documentId, state }) => [documentId, state]),
          [[null, `skipped:${why}`]]
        )
        const storage = yield* Storage
        const receipt = yield* storage.receipt(firmId, receiptId)
        assert.deepStrictEqual(receipt._tag === "Some" ? receipt.value.warnings : [], [{ field: "file", code: why }])
        const store = yield* DocumentStore
        assert.deepStrictEqual(yield* store.usage(firmId), { documents: 0, bytes: 0 })
      }).pipe(run)
    )
})
