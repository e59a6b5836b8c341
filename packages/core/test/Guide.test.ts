/** What the guide says of the switches, of what goes where, and of the times of sync health: from end to end. */
import { Outbox } from "@casewire/core/Outbox"
import { ClientId, ExternalCaseId } from "@casewire/core/domain/Case"
import type { CallEnded, PlatformEvent } from "@casewire/core/domain/PlatformEvent"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Timeline } from "@casewire/core/ports/Timeline"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { documents, filed, run, tell, upload } from "./DocumentSteps.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, layer, theCase, work } from "./Rehearsal.ts"

const noon = Date.UTC(2026, 8, 14, 16)

const start = Effect.gen(function* () {
  yield* TestClock.setTime(noon)
  const connection = yield* connected()
  yield* deliver({})
  yield* work()
  const crm = yield* FakeCrm
  crm.calls.length = 0
  const { id: caseId } = yield* theCase
  return { caseId, connection, crm }
})

const theConnection = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  return yield* connections.get(firmId, connectionId)
})

const switched = Effect.fnUntraced(function* (change: Partial<Toggles>) {
  const setup = yield* Setup
  const { toggles } = yield* theConnection
  return yield* setup.setToggles(firmId, connectionId, { ...toggles, ...change })
})

const accept = Effect.fnUntraced(function* (event: PlatformEvent) {
  const outbox = yield* Outbox
  return yield* outbox.accept(firmId, event)
})

const message = (caseId: PlatformEvent["caseId"], eventId: string, channel: "sms" | "email" = "sms") =>
  accept({
    _tag: "MessageSent",
    eventId,
    caseId,
    channel,
    direction: "outbound",
    text: `text ${eventId}`,
    sentAt: noon
  })

const call = (caseId: PlatformEvent["caseId"], eventId: string, more: Partial<CallEnded> = {}) =>
  accept({
    _tag: "CallEnded",
    eventId,
    caseId,
    callId: "call-7",
    direction: "outbound",
    isAi: true,
    from: "+12055550100",
    to: "+12055550142",
    startedAt: noon,
    durationMs: 61_000,
    transcript: [{ speaker: "client", text: "I am better." }],
    ...more
  })

describe("Enable integration", () => {
  it.effect("off stops both directions and disconnects nothing; on again works without signing in anew", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      const connections = yield* ConnectionStore
      yield* switched({ enabled: false })
      assert.deepStrictEqual((yield* deliver({})).disposition, { _tag: "Ignored", reason: "integration-disabled" })
      assert.strictEqual((yield* message(caseId, "m1"))._tag, "Dropped")
      const poller = yield* Poller
      yield* TestClock.adjust("1 day")
      yield* poller.schedule
      yield* work(3, 60_000)
      assert.deepStrictEqual(crm.calls, [])
      const off = yield* theConnection
      assert.strictEqual(off.state, "connected")
      const { password } = yield* connections.credentials(firmId, connectionId)
      assert.strictEqual(Redacted.value(password!), "secret")
      yield* switched({ enabled: true })
      yield* message(caseId, "m2")
      yield* work()
      assert.isTrue(crm.leads.get("42")!.notes.some(({ text }) => text.includes("text m2")))
    }).pipe(Effect.provide(layer))
  )
})

describe("a password that was changed in the CRM", () => {
  it.effect(
    "stops every call and says that a reconnect is needed; once it was done all goes on and nothing is lost",
    () =>
      Effect.gen(function* () {
        const { caseId, crm } = yield* start
        crm.faults.push({ on: "addNote", how: "signed-out" })
        yield* message(caseId, "m1")
        yield* work()
        assert.strictEqual((yield* theConnection).state, "reconnect-needed")
        const calls = crm.calls.length
        yield* accept({ _tag: "StatusChanged", eventId: "s1", caseId, status: "Signed" })
        const poller = yield* Poller
        for (let hour = 0; hour < 3; hour++) {
          yield* poller.schedule
          yield* work(2, 1_800_000)
        }
        assert.strictEqual(crm.calls.length, calls)
        const setup = yield* Setup
        yield* setup.reconnect(firmId, connectionId, { root: "harbor", password: "the new one" })
        yield* Stream.runDrain(setup.verify(firmId, connectionId))
        assert.strictEqual((yield* theConnection).state, "connected")
        yield* work(2, 60_000)
        const { notes, status } = crm.leads.get("42")!
        assert.deepStrictEqual([notes.filter(({ text }) => text.includes("text m1")).length, status], [1, "Signed"])
      }).pipe(Effect.provide(layer))
  )
})

describe("what is sent", () => {
  it.effect("messages by SMS and by e-mail become notes, each by itself", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      yield* message(caseId, "m1", "sms")
      yield* message(caseId, "m2", "email")
      yield* work()
      assert.deepStrictEqual(
        crm.leads.get("42")!.notes.map(({ text }) => text.split(",")[0]),
        ["SMS to client", "E-mail to client"]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("a call record becomes a note with the call's details and its transcript", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      yield* call(caseId, "c1")
      yield* work()
      const [note] = crm.leads.get("42")!.notes
      assert.match(
        note!.text,
        /^AI call, outbound, Sep 14, 2026, 12:00 PM .*\nFrom \+12055550100 to \+12055550142, 1 min 1 s/
      )
      assert.include(note!.text, "Client: I am better.")
    }).pipe(Effect.provide(layer))
  )

  it.effect("an AI call's reason for ending and its analysis are in the note and in the case's timeline (A-11)", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      const facts = { disconnectionReason: "user_hangup", successful: true, analysis: { "pain level": 7, at: "work" } }
      yield* call(caseId, "c1", { sentiment: "Neutral", ...facts })
      yield* work()
      const text = crm.leads.get("42")!.notes[0]!.text
      for (const line of [
        "Ended by: user_hangup",
        "Successful: yes",
        "Sentiment: Neutral",
        "pain level: 7",
        "at: work"
      ])
        assert.include(text.split("\n"), line)
      const timeline = yield* Timeline
      const [entry] = yield* timeline.ofCase(firmId, caseId, { limit: 1, kinds: ["call"] })
      assert.deepInclude(entry?.content, { sentiment: "Neutral", ...facts })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a call is one note however many events tell of it (A-11)", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      const first = yield* call(caseId, "ended")
      const again = yield* call(caseId, "analyzed", { summary: "Better." })
      assert.deepStrictEqual(again, { ...first, _tag: "Known" })
      assert.deepStrictEqual(yield* call(caseId, "analyzed"), again)
      yield* call(caseId, "another", { callId: "call-8" })
      yield* work()
      const timeline = yield* Timeline
      const calls = yield* timeline.ofCase(firmId, caseId, { limit: 9, kinds: ["call"] })
      assert.deepStrictEqual([crm.leads.get("42")!.notes.length, calls.length], [2, 2])
    }).pipe(Effect.provide(layer))
  )

  it.effect("each kind by its own switch: calls are sent while messages are off", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      yield* switched({ sendMessages: false })
      assert.deepStrictEqual(yield* message(caseId, "m1"), { _tag: "Dropped", reason: '"Send messages" is off' })
      yield* call(caseId, "c1")
      yield* work()
      assert.deepStrictEqual(crm.calls, ["addNote"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("nothing of any kind while Send data is off, whatever the switches below it say", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      yield* switched({ send: false })
      const answers = [
        yield* message(caseId, "m1"),
        yield* call(caseId, "c1"),
        yield* accept({ _tag: "StatusChanged", eventId: "s1", caseId, status: "Signed" }),
        yield* accept({ _tag: "FieldsChanged", eventId: "f1", caseId, fields: { part: ["neck"] } })
      ]
      yield* work()
      assert.deepStrictEqual(
        answers.map(({ _tag }) => _tag),
        ["Dropped", "Dropped", "Held", "Dropped"]
      )
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a document goes through the CRM's upload and is no note", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      yield* tell(yield* upload("Signed release.pdf"))
      yield* work()
      const lead = crm.leads.get("42")!
      assert.deepStrictEqual([lead.documents?.map(({ name }) => name), lead.notes], [["Signed release.pdf"], []])
    }).pipe(run)
  )
})

describe("what is received", () => {
  for (const off of ["enabled", "receive"] as const)
    it.effect(
      `documents that wait to be pulled stay where they are while "${off}" is off, and come when it is on`,
      () =>
        Effect.gen(function* () {
          const { connection, crm } = yield* start
          crm.leads.get("42")!.documents!.push(filed("1"))
          crm.faults.push({ on: "open", how: "before" })
          const poller = yield* Poller
          yield* poller.request(connection)
          yield* work()
          assert.strictEqual(crm.calls.filter((call) => call === "open").length, 1)
          yield* switched({ [off]: false })
          yield* work(5, 600_000)
          assert.strictEqual(crm.calls.filter((call) => call === "open").length, 1)
          yield* switched({ [off]: true })
          yield* work(5, 600_000)
          assert.lengthOf(yield* documents, 1)
        }).pipe(run)
    )
})

describe("sync health", () => {
  it.effect("the last integration sync is the end of the last one, also of one that brought nothing new", () =>
    Effect.gen(function* () {
      const { connection, crm } = yield* start
      const poller = yield* Poller
      const sync = Effect.andThen(poller.request(connection), work())
      yield* sync
      assert.strictEqual((yield* theConnection).health.lastSync, noon)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* theConnection).health.lastSync, noon)
      yield* sync
      assert.notInclude(crm.calls, "read")
      assert.strictEqual((yield* theConnection).health.lastSync, noon + 3_600_000)
    }).pipe(Effect.provide(layer))
  )

  it.effect("the last status pull is the last read that took in a status, and a failed one moves nothing", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      assert.strictEqual((yield* theConnection).health.lastStatusPull, noon)
      yield* TestClock.adjust("1 minute")
      crm.faults.push({ on: "read", how: "before" })
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.strictEqual((yield* theConnection).health.lastStatusPull, noon)
      yield* work(1, 60_000)
      assert.strictEqual((yield* theConnection).health.lastStatusPull, noon + 120_000)
    }).pipe(Effect.provide(layer))
  )

  it.effect("the last status push is the last one that the CRM took, and a failed one moves nothing", () =>
    Effect.gen(function* () {
      const { caseId, crm } = yield* start
      assert.isNull((yield* theConnection).health.lastStatusPush)
      crm.faults.push({ on: "setStatus", how: "before" })
      yield* accept({ _tag: "StatusChanged", eventId: "s1", caseId, status: "Signed" })
      yield* work()
      assert.isNull((yield* theConnection).health.lastStatusPush)
      yield* work(1, 60_000)
      assert.deepStrictEqual(
        [(yield* theConnection).health.lastStatusPush, crm.leads.get("42")!.status],
        [noon + 60_000, "Signed"]
      )
    }).pipe(Effect.provide(layer))
  )
})

describe("who is who", () => {
  it.effect(
    "two leads of one contact are two cases of one client, and two contacts are never one by their name (A-7)",
    () =>
      Effect.gen(function* () {
        const { crm } = yield* start
        const cases = yield* CaseStore
        crm.leads.set("43", { ...crm.leads.get("42")!, notes: [], documents: [] })
        crm.leads.set("44", { ...crm.leads.get("42")!, contactId: "901", notes: [], documents: [] })
        for (const id of ["43", "44"]) yield* deliver({ "Record ID": id })
        yield* work(3, 60_000)
        const clientOf = Effect.fnUntraced(function* (id: string) {
          const found = yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make(id))
          return Option.match(found, { onNone: () => ClientId.make(""), onSome: ({ clientId }) => clientId })
        })
        const [first, second, third] = [yield* clientOf("42"), yield* clientOf("43"), yield* clientOf("44")]
        assert.strictEqual(second, first)
        assert.notStrictEqual(third, first)
        assert.lengthOf(yield* cases.list(firmId, { limit: 10 }), 3)
      }).pipe(Effect.provide(layer))
  )
})
