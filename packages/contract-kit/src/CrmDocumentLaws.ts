/** Documents: all of them, in every folder, byte for byte; none half, none twice, none of another record. */
import { assert } from "chai"
import { Effect, Option, Stream } from "effect"
import { failsWith } from "./CrmExpectations.ts"
import type { CrmLaw, CrmTrial } from "./CrmLaw.ts"

const law = (title: string, why: string, run: CrmLaw["run"]): CrmLaw => ({ title, why, capability: "documents", run })

const limit = 1_000_000
const pdf = (words: string) => new TextEncoder().encode(`%PDF-1.4\n% ${words}\n%%EOF\n`)

let ids = 0
/** An id that the host would choose. */
const freshId = () => `law-document-${++ids}`

const bytesOf = ({ store }: CrmTrial, id: string) =>
  Effect.map(Stream.runCollect(store.documents.open(store.firmId, id)).pipe(Effect.orDie), (chunks) =>
    Buffer.concat([...chunks])
  )

const keep = Effect.fnUntraced(function* ({ store }: CrmTrial, bytes: Uint8Array) {
  const id = freshId()
  yield* store.documents
    .put(
      { id, firmId: store.firmId, name: "ours", contentType: "application/pdf", owner: "law" },
      Stream.make(bytes),
      limit
    )
    .pipe(Effect.orDie)
  return id
})

const upload = Effect.fnUntraced(function* (trial: CrmTrial, name: string, bytes: Uint8Array) {
  const documentId = yield* keep(trial, bytes)
  return yield* trial.documents.upload({
    id: trial.sandbox.facts.cases[0]!,
    documentId,
    name,
    contentType: "application/pdf"
  })
})

/** The cabinet of a sandbox whose plugin says that it can carry documents. */
const filing = ({ sandbox }: CrmTrial) =>
  sandbox.documents ?? assert.fail("the sandbox keeps no documents, though the manifest says that the plugin can")

/** Names and contents that the CRM holds for the first case. */
const held = (trial: CrmTrial, name: string) =>
  Effect.map(filing(trial).now(trial.sandbox.facts.cases[0]!), (all) => all.filter((one) => one.name === name))

const list = ({ documents, sandbox }: CrmTrial) => documents.list({ id: sandbox.facts.cases[0]! })

export const documentLaws: ReadonlyArray<CrmLaw> = [
  law(
    "documents are listed with name, size and type, each once",
    "The list decides what is copied, and whether it was copied before.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      yield* filing(trial).add(id, { name: "Scan.pdf", contentType: "application/pdf", bytes: pdf("scan") })
      const listed = yield* list(trial)
      const found = listed.filter(({ name }) => name === "Scan.pdf")
      assert.deepStrictEqual(
        found.map(({ contentType, size }) => [contentType, size]),
        [["application/pdf", pdf("scan").length]]
      )
      assert.strictEqual(new Set(listed.map(({ externalId }) => externalId)).size, listed.length)
    })
  ),
  law(
    "a document in a subfolder is listed with the way to it",
    'Firms file by folders. Walk all of them; join their names by " / ".',
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      const folder = filing(trial).subfolder
      yield* filing(trial).add(id, {
        name: "Deep.pdf",
        contentType: "application/pdf",
        bytes: pdf("deep"),
        folder
      })
      const found = (yield* list(trial)).find(({ name }) => name === "Deep.pdf")
      assert.strictEqual(found?.folder, folder)
    })
  ),
  law(
    "two documents of one name are two documents",
    'Every firm has five files called "Scan.pdf". Only the id tells them apart.',
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      for (const words of ["one", "two"])
        yield* filing(trial).add(id, { name: "Same.pdf", contentType: "application/pdf", bytes: pdf(words) })
      const found = (yield* list(trial)).filter(({ name }) => name === "Same.pdf")
      assert.strictEqual(new Set(found.map(({ externalId }) => externalId)).size, 2)
    })
  ),
  law(
    "a document without a name is listed under one made of its id",
    "An empty name cannot be shown or stored.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      const before = new Set((yield* list(trial)).map(({ externalId }) => externalId))
      yield* filing(trial).add(id, { name: "", contentType: "application/pdf", bytes: pdf("nameless") })
      const found = (yield* list(trial)).filter(({ externalId }) => !before.has(externalId))
      assert.strictEqual(found.length, 1)
      assert.include(found[0]!.name, found[0]!.externalId)
    })
  ),
  law(
    "every page of a long list is read",
    "Read until the CRM says that it was the last page; a document that is not listed is never copied.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      const names = Array.from({ length: 120 }, (_, number) => `Long ${number}.pdf`)
      yield* Effect.forEach(names, (name) =>
        filing(trial).add(id, { name, contentType: "application/pdf", bytes: pdf(name) })
      )
      const listed = new Set((yield* list(trial)).map(({ name }) => name))
      assert.isTrue(names.every((name) => listed.has(name)))
    })
  ),
  law(
    "documents of a case that the CRM does not know are CrmNotFound",
    '"No documents" would be a false answer for a case that is gone.',
    Effect.fnUntraced(function* ({ documents, sandbox }) {
      yield* failsWith(documents.list({ id: sandbox.facts.unknownCase }), "CrmNotFound")
    })
  ),
  law(
    "a truncated list is CrmAnswerInvalid, never an empty one",
    "An empty list would say that every document was deleted.",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "truncated", on: "listDocuments" })
      yield* failsWith(list(trial), "CrmAnswerInvalid")
    })
  ),
  law(
    "documents that an answer repeats are listed once",
    "Pages overlap while staff is filing. Put what came into a map by id.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      yield* filing(trial).add(id, { name: "Again.pdf", contentType: "application/pdf", bytes: pdf("again") })
      yield* trial.sandbox.setFault({ kind: "duplicated", on: "listDocuments" })
      const listed = yield* list(trial)
      assert.strictEqual(new Set(listed.map(({ externalId }) => externalId)).size, listed.length)
      assert.strictEqual(listed.filter(({ name }) => name === "Again.pdf").length, 1)
    })
  ),
  law(
    "a document of the CRM comes into the store byte for byte",
    "Name the store's document in `into`: the host streams the bytes, and the plugin never holds them.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      // Large enough for many chunks, and no two alike.
      const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919 + (index >> 8)) % 256)
      yield* filing(trial).add(id, { name: "Bytes.pdf", contentType: "application/pdf", bytes })
      const found = (yield* list(trial)).find(({ name }) => name === "Bytes.pdf")!
      const documentId = freshId()
      const { size } = yield* trial.documents.open({ id, externalId: found.externalId, documentId, maxBytes: limit })
      assert.strictEqual(size, bytes.length)
      assert.isTrue(Buffer.from(bytes).equals(yield* bytesOf(trial, documentId)))
    })
  ),
  law(
    "a document that is too large is refused, and nothing of it is in the store",
    "Pass `maxBytes` on. The host counts while it streams.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      yield* filing(trial).add(id, {
        name: "Big.pdf",
        contentType: "application/pdf",
        bytes: new Uint8Array(5000)
      })
      const found = (yield* list(trial)).find(({ name }) => name === "Big.pdf")!
      const documentId = freshId()
      yield* failsWith(
        trial.documents.open({ id, externalId: found.externalId, documentId, maxBytes: 4999 }),
        "CrmRefused"
      )
      assert.isTrue(Option.isNone(yield* trial.store.documents.get(trial.store.firmId, documentId)))
    })
  ),
  law(
    "an error in place of a document is no document",
    "Many CRMs answer a missing file with an HTML page and 200. Name such media types in `except` and look at what came.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      const documentId = freshId()
      const open = trial.documents.open({
        id,
        externalId: filing(trial).unknown,
        documentId,
        maxBytes: limit
      })
      yield* failsWith(open, "CrmNotFound", "CrmRefused", "CrmAnswerInvalid")
      assert.isTrue(Option.isNone(yield* trial.store.documents.get(trial.store.firmId, documentId)))
    })
  ),
  law(
    "a document never goes where one is already",
    "The host refuses it; let the failure pass.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      yield* filing(trial).add(id, { name: "Other.pdf", contentType: "application/pdf", bytes: pdf("other") })
      const found = (yield* list(trial)).find(({ name }) => name === "Other.pdf")!
      const documentId = yield* keep(trial, pdf("ours"))
      const open = trial.documents.open({ id, externalId: found.externalId, documentId, maxBytes: limit })
      yield* failsWith(open, "CrmRefused")
      assert.isTrue(Buffer.from(pdf("ours")).equals(yield* bytesOf(trial, documentId)))
    })
  ),
  law(
    "a document of ours appears exactly once in the CRM, byte for byte, under its name",
    "Send it as a part of the request by its id in the store, with its file name as it is.",
    Effect.fnUntraced(function* (trial) {
      const name = 'Größe "A" – José.pdf'
      const { externalId } = yield* upload(trial, name, pdf("ours"))
      const found = yield* held(trial, name)
      assert.strictEqual(found.length, 1)
      assert.isTrue(Buffer.from(pdf("ours")).equals(Buffer.from(found[0]!.bytes)))
      assert.include(
        (yield* list(trial)).map((one) => one.externalId),
        externalId
      )
    })
  ),
  law(
    "a document that is not in the store is refused, and nothing is sent",
    "The host refuses it; let the failure pass.",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      const send = trial.documents.upload({
        id,
        documentId: "nowhere",
        name: "Gone.pdf",
        contentType: "application/pdf"
      })
      yield* failsWith(send, "CrmRefused")
      assert.deepStrictEqual(yield* held(trial, "Gone.pdf"), [])
    })
  ),
  law(
    "a document for a case that the CRM does not know is CrmNotFound",
    "The job ends at once and is listed for the firm.",
    Effect.fnUntraced(function* (trial) {
      const documentId = yield* keep(trial, pdf("ours"))
      const id = trial.sandbox.facts.unknownCase
      const send = trial.documents.upload({ id, documentId, name: "a.pdf", contentType: "application/pdf" })
      yield* failsWith(send, "CrmNotFound")
    })
  ),
  law(
    "a lost answer to a document is CrmOutcomeUnknown, and the list shows it",
    "The host looks into the list for name and size before it sends again.",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "answer-lost", on: "upload" })
      yield* failsWith(upload(trial, "Lost.pdf", pdf("lost")), "CrmOutcomeUnknown")
      const found = (yield* list(trial)).filter(({ name }) => name === "Lost.pdf")
      assert.deepStrictEqual(
        found.map(({ size }) => size),
        [pdf("lost").length]
      )
    })
  ),
  law(
    "a server error to a document is CrmOutcomeUnknown",
    "The CRM may have kept it. Only a plain refusal means that it did not.",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "server-error", on: "upload" })
      yield* failsWith(upload(trial, "Error.pdf", pdf("error")), "CrmOutcomeUnknown")
    })
  ),
  law(
    "a rate limit to a document is CrmRateLimited, and nothing is written",
    "The host sends again later. Let the door's failure pass.",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "rate-limited", on: "upload", retryAfterSeconds: 3 })
      yield* failsWith(upload(trial, "Limited.pdf", pdf("limited")), "CrmRateLimited")
      assert.deepStrictEqual(yield* held(trial, "Limited.pdf"), [])
    })
  ),
  law(
    "a document after the login ended is written once",
    "A 401 means that nothing was done: sign in and send once more.",
    Effect.fnUntraced(function* (trial) {
      yield* list(trial)
      yield* trial.sandbox.setFault({ kind: "expired-login", on: "upload" })
      yield* upload(trial, "Renewed.pdf", pdf("renewed"))
      assert.strictEqual((yield* held(trial, "Renewed.pdf")).length, 1)
    })
  )
]
