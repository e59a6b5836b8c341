/** The case's timeline, and files that came with a webhook, on the whole core. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Storage } from "@casewire/core/ports/Storage"
import { bytes, contentOf, documents, entries, pdf, run, sync } from "./DocumentSteps.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, jobs, theCase, work } from "./Rehearsal.ts"

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
        [
          [
            "message",
            5000,
            "m-1",
            { _tag: "Message", subject: null, channel: "sms", direction: "outbound", text: "Hi José" }
          ]
        ]
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
      assert.notInclude(
        (yield* jobs).map(({ state }) => state),
        "queued"
      )
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
