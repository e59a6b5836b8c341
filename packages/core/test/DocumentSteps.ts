/** What tests of documents, notes and timelines do again and again, on the whole core. */
import { assert } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { CaseDocuments } from "@casewire/core/CaseDocuments"
import type { Case } from "@casewire/core/domain/Case"
import { type TimelineEntry, TimelineEntryId } from "@casewire/core/domain/TimelineEntry"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Timeline } from "@casewire/core/ports/Timeline"
import { type FakeDocument, firmId } from "./FakeCrm.ts"
import { connectionId, deliver, jobs, layer, theCase, work } from "./Rehearsal.ts"

export const bytes = (text: string) => new TextEncoder().encode(text)
export const pdf = (words: string) => bytes(`%PDF-1.4\n% ${words}\n%%EOF\n`)

export const filed = (externalId: string, change: Partial<FakeDocument> = {}): FakeDocument => ({
  externalId,
  name: "Retainer.pdf",
  folder: "Intake / Signed",
  contentType: "application/pdf",
  bytes: pdf(externalId),
  createdAt: 1000,
  ...change
})

export const entries = Effect.gen(function* () {
  const timeline = yield* Timeline
  const of = yield* theCase
  return (yield* timeline.ofCase(firmId, of.id, { limit: 200 })).toReversed()
})

export const documents = Effect.map(entries, (all) =>
  all.flatMap(({ content, externalId, source }) =>
    content._tag === "Document" ? [{ ...content, externalId, source }] : []
  )
)

export const contentOf = Effect.fnUntraced(function* (documentId: string | null) {
  const store = yield* DocumentStore
  const chunks = yield* Stream.runCollect(store.open(firmId, documentId ?? "")).pipe(Effect.orDie)
  return new TextDecoder().decode(Buffer.concat([...chunks]))
})

/** A sync as the schedule makes it, and the work that follows. */
export const sync = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  const poller = yield* Poller
  yield* poller.request(yield* connections.get(firmId, connectionId).pipe(Effect.orDie))
  yield* work(3, 10_000)
})

export const upload = Effect.fnUntraced(function* (name = "Release.pdf", content = pdf("ours")) {
  const caseDocuments = yield* CaseDocuments
  const of = yield* theCase
  const file = { name, contentType: "application/octet-stream" }
  const entry = yield* caseDocuments.upload(firmId, of.id, file, Stream.make(content))
  assert.strictEqual(entry.content._tag, "Document")
  return entry.content._tag === "Document" ? entry.content.documentId! : ""
})

export const tell = Effect.fnUntraced(function* (documentId: string, eventId = "document-1", recording?: object) {
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

export const pushed = Effect.map(jobs, (all) => all.filter((job) => job.work === "PushDocument"))

export const run = Effect.provide(Layer.merge(layer, CaseDocuments.layer.pipe(Layer.provide(layer))))

/** The case once it was read for the first time, before anything of its feed. */
export const theCaseOnceRead = Effect.gen(function* () {
  yield* deliver({})
  yield* work()
  return yield* theCase
})

export const knownEntry = (of: Case, externalId: string): TimelineEntry => ({
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
