import { Delivery } from "@casewire/core/Delivery"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { BeforeChange } from "@casewire/core/ports/CrmHttp"
import { Queue } from "@casewire/core/ports/Queue"
import { Setup } from "@casewire/core/Setup"
import { Worker } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, historyOf, jobs, layer, quietMs, theCase, work } from "./Rehearsal.ts"

const message = Effect.fnUntraced(function* (eventId: string, text = `message ${eventId}`) {
  const outbox = yield* Outbox
  const { id } = yield* theCase
  return yield* outbox.accept(firmId, {
    _tag: "MessageSent",
    eventId,
    caseId: id,
    channel: "sms",
    direction: "outbound",
    text,
    sentAt: 0
  })
})

const status = Effect.fnUntraced(function* (eventId: string, to: string) {
  const outbox = yield* Outbox
  const { id } = yield* theCase
  return yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId, caseId: id, status: to })
})

const start = Effect.gen(function* () {
  const connection = yield* connected()
  yield* deliver({})
  yield* work()
  return { connection, crm: yield* FakeCrm }
})

const noteTexts = Effect.map(FakeCrm, (crm) => crm.leads.get("42")!.notes.map(({ text }) => text.split("\n").at(-2)))

describe("notes", () => {
  it.effect("are sent once and in order", () =>
    Effect.gen(function* () {
      yield* start
      for (const id of ["1", "2", "3"]) yield* message(id)
      yield* work()
      assert.deepStrictEqual(yield* noteTexts, ["message 1", "message 2", "message 3"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("answer the same operation for the same event, and make one note of it", () =>
    Effect.gen(function* () {
      yield* start
      const first = yield* message("1")
      yield* work()
      const second = yield* message("1")
      yield* work()
      assert.deepStrictEqual([first._tag, second._tag], ["Queued", "Known"])
      assert.deepStrictEqual((yield* noteTexts).length, 1)
    }).pipe(Effect.provide(layer))
  )

  for (const how of ["after", "late", "before", "throttled"] as const)
    it.effect(`are there exactly once when a request fails "${how}"`, () =>
      Effect.gen(function* () {
        const { crm } = yield* start
        crm.faults.push({ on: "addNote", how })
        yield* message("1")
        yield* message("2")
        yield* work()
        // A late commit comes at the very end of the time the CRM is given.
        yield* work(quietMs / 1000 - 1, 1000)
        for (const commit of crm.late) commit()
        yield* work(20, 1000)
        assert.deepStrictEqual(yield* noteTexts, ["message 1", "message 2"])
        assert.deepStrictEqual(
          (yield* jobs).filter(({ state }) => state !== "done"),
          []
        )
      }).pipe(Effect.provide(layer))
    )

  it.effect("never overtake one that waits out its quiet period", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      crm.faults.push({ on: "addNote", how: "late" })
      yield* message("1")
      yield* message("2")
      yield* work(5, 1000)
      assert.deepStrictEqual(yield* noteTexts, [])
      assert.strictEqual(crm.calls.filter((call) => call === "addNote").length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("go on with the part that is missing after an unclear outcome in the middle of a series", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      yield* message("long", "x ".repeat(1200))
      crm.faults.push({ on: "addNote", how: "after" })
      yield* work(30, 1000)
      const texts = crm.leads.get("42")!.notes.map(({ text }) => text.split("\n")[0])
      assert.isAbove(texts.length, 2)
      assert.deepStrictEqual(
        texts,
        texts.map((_, index) => `(${index + 1}/${texts.length})`)
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("do not stop the state lane, and a dead one stops nothing", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      for (let fault = 0; fault < 12; fault++) crm.faults.push({ on: "addNote", how: "before" })
      yield* message("poison")
      yield* message("next")
      yield* status("s", "Signed")
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
      yield* work(60, 900_000)
      assert.deepStrictEqual(yield* noteTexts, ["message next"])
      assert.deepStrictEqual(
        (yield* jobs).filter(({ state }) => state === "dead").map(({ work: kind, reason }) => [kind, reason]),
        [["AddNote", "CrmUnreachable: connection refused"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("replayed after death keep their id and arrive once", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      const queue = yield* Queue
      for (let fault = 0; fault < 12; fault++) crm.faults.push({ on: "addNote", how: "before" })
      const answer = yield* message("poison")
      yield* work(60, 900_000)
      assert(answer._tag === "Queued")
      const replayed = yield* queue.resolve(firmId, { ids: [answer.jobId] }, "replay", "person")
      yield* work()
      assert.deepStrictEqual([replayed, yield* noteTexts], [[answer.jobId], ["message poison"]])
    }).pipe(Effect.provide(layer))
  )

  it.effect("are held by a switch that goes off after they were queued, and go on with it", () =>
    Effect.gen(function* () {
      const { connection } = yield* start
      const setup = yield* Setup
      yield* message("1")
      yield* setup.setToggles(firmId, connectionId, { ...connection.toggles, sendMessages: false })
      yield* work()
      assert.deepStrictEqual(yield* noteTexts, [])
      assert.strictEqual((yield* message("2"))._tag, "Dropped")
      yield* setup.setToggles(firmId, connectionId, connection.toggles)
      yield* work()
      assert.deepStrictEqual(yield* noteTexts, ["message 1"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("cut off by a shutdown wait out the quiet period of the next process and arrive once", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      crm.faults.push({ on: "addNote", how: "late" })
      yield* message("1")
      const worker = yield* Worker
      const fiber = yield* Effect.forkChild(worker.run)
      yield* TestClock.adjust(10)
      yield* Fiber.interrupt(fiber)
      for (const commit of crm.late) commit()
      yield* work(30, 1000)
      assert.deepStrictEqual(yield* noteTexts, ["message 1"])
    }).pipe(Effect.provide(layer))
  )
})

describe("a worker that was held up", () => {
  it.effect("cannot send what another worker has taken over", () =>
    Effect.gen(function* () {
      yield* start
      const crm = yield* FakeCrm
      const delivery = yield* Delivery
      const queue = yield* Queue
      yield* message("1")
      const claim = { worker: "slow", limit: 1, leaseMs: 1000 }
      const [slow] = yield* queue.claim(claim)
      const marked = yield* queue.mark(slow!, { leaseMs: 1000, sentAt: yield* Clock.currentTimeMillis })
      yield* TestClock.adjust(5000)
      assert.lengthOf(yield* queue.claim({ ...claim, worker: "other" }), 1)
      const note = Effect.flatMap(BeforeChange, (mayLeave) =>
        Effect.andThen(
          mayLeave,
          Effect.sync(() => crm.leads.get("42")!.notes.push({ id: "late", text: "late" }))
        )
      )
      const failure = yield* Effect.flip(delivery.sent(marked, note))
      assert.deepStrictEqual([failure.reason._tag, crm.leads.get("42")!.notes], ["CrmUnreachable", []])
    }).pipe(Effect.provide(layer))
  )

  it.effect("writes the moment down again when its request leaves late", () =>
    Effect.gen(function* () {
      yield* start
      const delivery = yield* Delivery
      const queue = yield* Queue
      yield* message("1")
      const [lease] = yield* queue.claim({ worker: "slow", limit: 1, leaseMs: 60_000 })
      const marked = yield* queue.mark(lease!, { leaseMs: 60_000, sentAt: yield* Clock.currentTimeMillis })
      yield* TestClock.adjust(5000)
      yield* delivery.sent(marked, Effect.flatten(BeforeChange))
      const [job] = yield* queue.find(firmId, { ids: [marked.job.id] })
      assert.strictEqual(job?.sentAt, marked.job.sentAt! + 5000)
    }).pipe(Effect.provide(layer))
  )
})

describe("status pushes", () => {
  it.effect("reach the CRM, and their echo does nothing", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      yield* status("1", "Signed")
      yield* work()
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
      assert.strictEqual(crm.calls.filter((call) => call === "setStatus").length, 1)
      const { status: value } = yield* theCase
      assert.deepStrictEqual(value, {
        platform: "Signed",
        basePlatform: "Signed",
        baseCrm: "Signed",
        seenCrm: "Signed"
      })
    }).pipe(Effect.provide(layer))
  )

  it.effect("give way when the CRM moved first, and every loser is listed", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      const cases = yield* CaseStore
      yield* status("1", "Signed")
      yield* status("2", "Converted")
      crm.leads.get("42")!.status = "Lost"
      yield* work()
      assert.notInclude(crm.calls, "setStatus")
      assert.strictEqual((yield* theCase).status.platform, "Lost")
      const conflicts = yield* cases.conflicts(firmId, { limit: 10 })
      assert.sameDeepMembers(
        conflicts.map(({ after, before, kind }) => [kind, before, after]),
        [
          ["status-superseded", "Signed", "Lost"],
          ["status-superseded", "Converted", "Lost"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("send a second edit after the first, each once", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      yield* status("1", "Signed")
      yield* status("2", "Converted")
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Converted")
      assert.strictEqual(crm.calls.filter((call) => call === "setStatus").length, 2)
    }).pipe(Effect.provide(layer))
  )

  for (const how of ["after", "late"] as const)
    it.effect(`are written once when the answer is lost (${how})`, () =>
      Effect.gen(function* () {
        const { crm } = yield* start
        crm.faults.push({ on: "setStatus", how })
        yield* status("1", "Signed")
        yield* work()
        yield* work(quietMs / 1000 - 1, 1000)
        for (const commit of crm.late) commit()
        yield* work(30, 1000)
        assert.strictEqual(crm.calls.filter((call) => call === "setStatus").length, 1)
        assert.deepStrictEqual([crm.leads.get("42")!.status, (yield* theCase).status.baseCrm], ["Signed", "Signed"])
      }).pipe(Effect.provide(layer))
    )

  it.effect("say which value they probably overwrote when one came in between", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      // The write is done while a webhook about a third value lies in the inbox, received after the push's read.
      const original = crm.leads.get("42")!
      const inner = yield* Effect.context<never>()
      void inner
      yield* status("1", "Signed")
      const late = deliver({ Stage: "Lost" })
      const services = yield* Effect.context<Effect.Services<typeof late>>()
      const leads = new Proxy(original, {
        set(target, key, value) {
          if (key === "status") Effect.runSyncWith(services)(late)
          return Reflect.set(target, key, value)
        }
      })
      crm.leads.set("42", leads)
      yield* work()
      const history = yield* historyOf(yield* theCase)
      assert.deepInclude(history, ["status-overwritten", "Lost", "Signed"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("say nothing of a receipt that was ignored when it came and taken up while they were written", () =>
    Effect.gen(function* () {
      const { crm } = yield* start
      const setup = yield* Setup
      const { toggles } = yield* (yield* ConnectionStore).get(firmId, connectionId)
      yield* setup.setToggles(firmId, connectionId, { ...toggles, receive: false })
      yield* deliver({ Stage: "Lost" })
      yield* status("1", "Signed")
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
      const push = (yield* jobs).find(({ work: kind }) => kind === "PushStatus")
      assert.strictEqual(push?.state, "done")
      assert.notInclude(
        (yield* historyOf(yield* theCase)).map(([kind]) => kind),
        "status-overwritten"
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("stop when the sign-in fails, until the credentials are replaced and checked", () =>
    Effect.gen(function* () {
      yield* start
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "reconnect-needed" }))
      const crm = yield* FakeCrm
      const calls = crm.calls.length
      yield* status("1", "Signed")
      yield* work(5, 10_000)
      assert.strictEqual(crm.calls.length, calls)
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, state: "connected" }))
      yield* work(1, 60_000)
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
    }).pipe(Effect.provide(layer))
  )
})
