/** Cases entered by hand, their link to a CRM, and where each value of a case comes from. */
import { CaseEntries, type CaseInput } from "@casewire/core/CaseEntries"
import { CaseId, ClientId, ExternalCaseId, isLinked } from "@casewire/core/domain/Case"
import { originsOf } from "@casewire/core/domain/Provenance"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer, theCase, work } from "./Rehearsal.ts"

const client = { firstName: " Ana ", lastName: "Lee", email: "ana@example.test", phone: "" }
const input: CaseInput = { caseType: "Injury", client, entry: { caseNumber: "2026-7", externalSource: "partner" } }
const record = { connectionId, externalId: ExternalCaseId.make("42") }

const get = Effect.fnUntraced(function* (id: CaseId) {
  const cases = yield* CaseStore
  return Option.getOrThrow(yield* cases.get(firmId, id))
})

const originsBy = Effect.fnUntraced(function* (id: CaseId) {
  const cases = yield* CaseStore
  const of = yield* get(id)
  const owner = Option.getOrUndefined(yield* cases.client(firmId, of.clientId))
  return new Map(originsOf(of, owner, yield* cases.history(firmId, id)).map((origin) => [origin.name, origin]))
})

describe("a case entered by hand", () => {
  it.effect("is plain: it keeps edits and messages, and nothing of it is sent", () =>
    Effect.gen(function* () {
      yield* connected()
      const entries = yield* CaseEntries
      const outbox = yield* Outbox
      const made = yield* entries.createCase(firmId, input, "ops")
      assert.isFalse(isLinked(made))
      assert.deepInclude(made, { name: "Ana Lee – Injury", entry: input.entry })
      const answer = yield* outbox.accept(firmId, {
        _tag: "StatusChanged",
        eventId: "e",
        caseId: made.id,
        status: "Signed"
      })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "the case is not linked to a CRM" })
      yield* outbox.accept(firmId, { _tag: "FieldsChanged", eventId: "f", caseId: made.id, fields: { part: ["neck"] } })
      const now = yield* get(made.id)
      assert.deepStrictEqual([now.status.platform, now.values["part"]?.platform], ["Signed", "neck"])
      assert.deepStrictEqual(yield* jobs, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("may belong to a client that is there, and an unknown client is refused by name", () =>
    Effect.gen(function* () {
      yield* connected()
      const entries = yield* CaseEntries
      const { id } = yield* entries.createClient(firmId, client)
      const first = yield* entries.createCase(firmId, { ...input, client: { id } }, "ops")
      const second = yield* entries.createCase(firmId, { ...input, client: { id } }, "ops")
      assert.deepStrictEqual([first.clientId, second.clientId], [id, id])
      const refused = yield* Effect.flip(
        entries.createCase(firmId, { ...input, client: { id: ClientId.make("x") } }, "ops")
      )
      assert.deepStrictEqual(refused.errors, [{ field: "client.id", code: "unknown" }])
      const empty = yield* Effect.flip(entries.createClient(firmId, { ...client, firstName: " " }))
      assert.deepStrictEqual(empty.errors, [{ field: "client.firstName", code: "empty" }])
    }).pipe(Effect.provide(layer))
  )

  it.effect("becomes the CRM's record when a person links it: the same case and client, read at once", () =>
    Effect.gen(function* () {
      yield* connected()
      const cases = yield* CaseStore
      const entries = yield* CaseEntries
      const made = yield* entries.createCase(firmId, { ...input, status: "Old" }, "ops")
      yield* entries.link(firmId, made.id, record, "ops")
      yield* work()
      yield* deliver({})
      yield* work()
      const linked = yield* theCase
      assert.deepInclude(linked, { id: made.id, clientId: made.clientId, standing: "verified", entry: input.entry })
      assert.strictEqual(linked.status.platform, "New")
      const owner = Option.getOrThrow(yield* cases.client(firmId, made.clientId))
      const { email, externalId, fullName } = owner
      assert.deepStrictEqual([externalId as string, fullName, email], ["900", "Ana Lee", "ana@example.test"])
      assert.strictEqual(owner.connectionId, connectionId)
      assert.lengthOf(yield* cases.list(firmId, { limit: 10 }), 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not linked to a record that has its case, nor twice", () =>
    Effect.gen(function* () {
      yield* connected()
      const entries = yield* CaseEntries
      yield* deliver({})
      yield* work()
      const made = yield* entries.createCase(firmId, input, "ops")
      const taken = yield* Effect.flip(entries.link(firmId, made.id, record, "ops"))
      assert.deepInclude(taken, { _tag: "AlreadyLinked", caseId: (yield* theCase).id })
      yield* entries.link(firmId, made.id, { ...record, externalId: ExternalCaseId.make("43") }, "ops")
      const twice = yield* Effect.flip(
        entries.link(firmId, made.id, { ...record, externalId: ExternalCaseId.make("44") }, "ops")
      )
      assert.deepInclude(twice, { _tag: "AlreadyLinked", caseId: made.id })
      const unknown = yield* Effect.flip(entries.link(firmId, CaseId.make("x"), record, "ops"))
      assert.strictEqual(unknown._tag, "CaseNotFound")
    }).pipe(Effect.provide(layer))
  )
})

describe("provenance", () => {
  it.effect("says for the status and every value who set it, when, and what it was before", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const outbox = yield* Outbox
      const receipt = yield* deliver({})
      yield* work()
      const { id } = yield* theCase
      const first = yield* originsBy(id)
      assert.deepInclude(first.get("status"), { value: "New", kind: "status-applied", before: null })
      assert.deepInclude(first.get("caseType"), { kind: "details-changed", before: "" })
      assert.deepInclude(first.get("client.fullName"), { kind: "created", cause: receipt.receiptId, before: null })
      yield* TestClock.adjust(5000)
      yield* outbox.accept(firmId, {
        _tag: "StatusChanged",
        eventId: "e",
        caseId: id,
        status: "Signed",
        changedBy: "Kim"
      })
      assert.deepInclude((yield* originsBy(id)).get("status"), {
        value: "Signed",
        kind: "status-edited",
        cause: "Kim",
        at: (yield* theCase).updatedAt,
        before: "New"
      })
      yield* work()
      crm.leads.set("42", { ...crm.leads.get("42")!, status: "Lost", fullName: "Ana Moss" })
      yield* deliver({ Stage: "Lost" })
      yield* work()
      const last = yield* originsBy(id)
      assert.deepInclude(last.get("status"), { value: "Lost", kind: "status-applied", before: "Signed" })
      assert.deepInclude(last.get("client.fullName"), { value: "Ana Moss", kind: "client-changed", before: "Ana Lee" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a field that was edited by hand names the person, and what nobody set is not listed", () =>
    Effect.gen(function* () {
      yield* connected()
      const entries = yield* CaseEntries
      const outbox = yield* Outbox
      const made = yield* entries.createCase(firmId, input, "ops")
      const change = { _tag: "FieldsChanged", caseId: made.id, changedBy: "Kim" } as const
      yield* outbox.accept(firmId, { ...change, eventId: "1", fields: { part: ["neck"] } })
      yield* outbox.accept(firmId, { ...change, eventId: "2", fields: { part: ["back"] } })
      const origins = yield* originsBy(made.id)
      assert.deepInclude(origins.get("values.part"), {
        value: "back",
        kind: "field-edited",
        cause: "Kim",
        before: "neck"
      })
      assert.deepInclude(origins.get("client.email"), { value: "ana@example.test", kind: "created", cause: "ops" })
      assert.isFalse(origins.has("status"))
    }).pipe(Effect.provide(layer))
  )
})
