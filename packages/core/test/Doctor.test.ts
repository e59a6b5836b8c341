/** The doctor on the whole core: the guide's troubles, brought about, are found with what to do about each. */
import type { FindingCode } from "@casewire/core/domain/Diagnosis"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { Doctor } from "@casewire/core/Doctor"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Machine } from "@casewire/core/ports/Machine"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Queue } from "@casewire/core/ports/Queue"
import { callAccount, callBudget } from "@casewire/core/CrmPlugin"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { filed, sync, theCaseOnceRead } from "./DocumentSteps.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, layer, theCase, work } from "./Rehearsal.ts"

const machine = Layer.succeed(Machine, {
  facts: Effect.succeed({ nodeVersion: "v26.10.0", deniesPluginSockets: true, store: [], clockStepMs: 0, disk: null }),
  supportContact: null
})
const world = Doctor.layer.pipe(Layer.provide(machine), Layer.provideMerge(layer))

const findings = Effect.flatMap(Doctor, (doctor) => doctor.connection(firmId, connectionId))
const codes = Effect.map(findings, (found) => found.map(({ code }) => code))
const said = (code: FindingCode) =>
  Effect.map(findings, (found) =>
    found.filter((each) => each.code === code).map(({ explanation, fix }) => `${explanation} ${fix}`)
  )
/** The codes that name the webhook. */
const webhook = Effect.map(codes, (all) => all.filter((code) => code.startsWith("webhook")))

/** A slot of the CRM account, taken as anybody takes it. */
const reserve = Effect.fnUntraced(function* (options?: { readonly notBefore: number }) {
  const connection = yield* (yield* ConnectionStore).get(firmId, connectionId)
  const manifest = Option.getOrThrow((yield* Plugins).manifest(connection.plugin))
  return yield* (yield* Queue).reserve(callAccount(connection, manifest), callBudget(connection, manifest), options)
})

const begin = Effect.andThen(TestClock.setTime(1_767_603_600_000), connected())

describe("the doctor", () => {
  it.effect("the webhook did not run: no URL was made, none came, only the test came, a real one came", () =>
    Effect.gen(function* () {
      yield* begin
      const setup = yield* Setup
      assert.deepStrictEqual(yield* webhook, ["webhook-token-missing"])
      yield* setup.issueWebhookToken(firmId, connectionId, 0)
      assert.deepStrictEqual(yield* webhook, ["webhook-never"])
      assert.match((yield* said("webhook-never"))[0]!, /the URL was pasted .* the webhook was saved/)
      yield* deliver({ "Record ID": "{{default1}}-Record ID", Stage: "{{default2}}", "Full Name": "{{default3}}" })
      assert.deepStrictEqual(yield* webhook, ["webhook-only-tested"])
      yield* deliver({})
      assert.deepStrictEqual(yield* webhook, [])
      yield* TestClock.adjust("8 days")
      assert.deepStrictEqual(yield* webhook, ["webhook-silent"])
    }).pipe(Effect.provide(world))
  )

  it.effect("a refused webhook names the fields that are missing, until its receipt was replayed", () =>
    Effect.gen(function* () {
      yield* begin
      const connections = yield* ConnectionStore
      const inbox = yield* Inbox
      const connection = yield* connections.get(firmId, connectionId)
      const answer = yield* inbox.accept(connection, {
        mediaType: "application/x-www-form-urlencoded",
        body: "Record+ID=42&SSN=078-05-1120",
        query: [],
        headerNames: []
      })
      const [explanation] = yield* said("webhooks-refused")
      assert.match(explanation!, /^1 webhook was refused .* because of Full Name, Stage\./)
      assert.notInclude(explanation!, "SSN")
      yield* inbox.replay(firmId, answer.receiptId)
      assert.deepStrictEqual(yield* webhook, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("I do not see messages where I expected: once one was sent, it says where the CRM shows them", () =>
    Effect.gen(function* () {
      yield* begin
      yield* deliver({})
      yield* work(2, 1000)
      assert.notInclude(yield* codes, "messages-are-notes")
      const outbox = yield* Outbox
      const sentAt = yield* Clock.currentTimeMillis
      const { id } = yield* theCase
      yield* outbox.accept(firmId, {
        _tag: "MessageSent",
        eventId: "m-1",
        caseId: id,
        channel: "sms",
        direction: "outbound",
        text: "Hello",
        sentAt
      })
      yield* work(2, 1000)
      assert.match(
        (yield* said("messages-are-notes"))[0]!,
        /under Notes, category Client\. .* not among the CRM's own text messages and e-mails\.$/
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("I do not see a file: documents that were not taken are counted by why, and a simple PDF is proposed", () =>
    Effect.gen(function* () {
      yield* begin
      const crm = yield* FakeCrm
      yield* theCaseOnceRead
      crm.leads
        .get("42")!
        .documents!.push(
          filed("1", { name: "setup.exe", contentType: "application/octet-stream" }),
          filed("2", { name: "run.exe", contentType: "application/octet-stream" }),
          filed("3", { name: "huge.pdf", bytes: new Uint8Array(documentLimitBytes + 1) })
        )
      yield* sync
      assert.match(
        (yield* said("documents-skipped"))[0]!,
        /3 documents were not taken \(too-large: 1, type: 2\)\. Try a simple PDF/
      )
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "finds a job that failed for good by its code, an unanswered question how to resume, and a budget that is used up",
    () =>
      Effect.gen(function* () {
        yield* begin
        const connections = yield* ConnectionStore
        yield* deliver({})
        yield* work(2, 1000)
        const { id } = yield* theCase
        const crm = yield* FakeCrm
        crm.leads.delete("42")
        const outbox = yield* Outbox
        yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "s-1", caseId: id, status: "Signed" })
        yield* work(2, 1000)
        assert.match((yield* said("dead-jobs"))[0]!, /^1 job has failed for good \(case-not-in-crm\)/)
        yield* connections.update(firmId, connectionId, (present) => ({ ...present, statusOffSince: 1 }))
        const now = yield* Clock.currentTimeMillis
        yield* reserve({ notBefore: now + 30_000 })
        const found = yield* codes
        assert.includeMembers([...found], ["dead-jobs", "status-resume-asked", "calls-wait", "case-types-unlinked"])
        assert.match((yield* said("calls-wait"))[0]!, /in 31 seconds/)
      }).pipe(Effect.provide(world))
  )

  it.effect("calls no CRM, takes no call from its budget, and answers another firm's id as one that never was", () =>
    Effect.gen(function* () {
      yield* begin
      const crm = yield* FakeCrm
      for (let round = 0; round < 3; round++) yield* findings
      assert.deepStrictEqual(crm.calls, [])
      const now = yield* Clock.currentTimeMillis
      assert.strictEqual(yield* reserve(), now)
      const doctor = yield* Doctor
      const foreign = yield* Effect.flip(doctor.connection("firm-2" as typeof firmId, connectionId))
      assert.strictEqual(foreign._tag, "ConnectionNotFound")
    }).pipe(Effect.provide(world))
  )
})
