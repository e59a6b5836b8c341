/** Documents both ways, on the whole core. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Timeline } from "@casewire/core/ports/Timeline"
import { Setup } from "@casewire/core/Setup"
import {
  bytes,
  contentOf,
  documents,
  entries,
  filed,
  knownEntry,
  pdf,
  pushed,
  run,
  sync,
  tell,
  theCaseOnceRead,
  upload
} from "./DocumentSteps.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, quietMs, theCase, work } from "./Rehearsal.ts"

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
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId }) => externalId),
        ["1", "2", "3"]
      )
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

  it.effect("whose size nobody said are stopped at the limit, and entered as too large", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const large = new Uint8Array(documentLimitBytes + 1)
      crm.leads
        .get("42")!
        .documents!.push(filed("1", { bytes: large, announced: null }), filed("2", { announced: null }))
      yield* sync
      assert.deepStrictEqual(
        (yield* documents).map(({ state }) => state),
        ["skipped:too-large", "stored"]
      )
    }).pipe(run)
  )

  it.effect("that come with another size than was said are not taken; after three attempts they are unavailable", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1", { announced: 5 }), filed("2"))
      yield* sync
      // The one that is sound did not wait for the other.
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId }) => externalId),
        ["2"]
      )
      yield* work(4, 60_000)
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId, state }) => [externalId, state]),
        [
          ["2", "stored"],
          ["1", "skipped:unavailable"]
        ]
      )
      assert.strictEqual(crm.calls.filter((call) => call === "open").length, 4)
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
        // Late, but within what a request with a document may take: whoever looked earlier would not find it.
        yield* work(1, quietMs + 1000)
        for (const commit of crm.late.splice(0)) commit()
        yield* work(3, quietMs * 6)
        assert.deepStrictEqual(
          crm.leads.get("42")!.documents!.map(({ bytes, name }) => [name, new TextDecoder().decode(bytes)]),
          [["Release.pdf", new TextDecoder().decode(pdf("ours"))]]
        )
        assert.deepStrictEqual(
          (yield* pushed).map(({ state }) => state),
          ["done"]
        )
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
      assert.deepStrictEqual(
        (yield* pushed).map(({ state }) => state),
        ["uncertain"]
      )
      assert.strictEqual(crm.calls.filter((call) => call === "upload").length, 1)
      const queue = yield* Queue
      const [job] = yield* queue.find(firmId, { work: ["PushDocument"] })
      yield* queue.resolve(firmId, { ids: [job!.id] }, "confirm", "a person looked")
      assert.deepStrictEqual(
        (yield* pushed).map(({ state }) => state),
        ["done"]
      )
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
