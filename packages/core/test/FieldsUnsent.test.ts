import { CaseFields } from "@casewire/core/CaseFields"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { change, date, inCrm, injury, layer, platform, pushes, staffSets, start, story } from "./FieldRehearsal.ts"
import { firmId } from "./FakeCrm.ts"
import { connectionId, deliver, quietMs, theCase, work } from "./Rehearsal.ts"

describe("nothing mapped is sent", () => {
  it.effect(
    "TV-24: for a case type that is not linked: the case is there, and the reason is in the answer and on the case",
    () =>
      Effect.gen(function* () {
        const crm = yield* start({ linked: false })
        const found = yield* theCase
        assert.strictEqual(found.standing, "verified")
        assert.deepStrictEqual(found.fields, { Custom101: ["Neck pain"], Custom102: ["09/03/2026"] })
        const reason = 'the case type "Injury" is not linked'
        assert.deepStrictEqual(yield* change("1", { injury: "back" }), { _tag: "Dropped", reason })
        yield* work()
        assert.deepStrictEqual(crm.fieldWrites, [])
        assert.deepStrictEqual(yield* pushes, [])
        const shown = yield* (yield* CaseFields).of(firmId, found.id)
        assert.strictEqual(shown.reason, reason)
        assert.deepStrictEqual(
          shown.fields.map(({ field, reason: why, state, values }) => [field, values, state, why]),
          [["injury", ["back"], "not-sent", reason]]
        )
      }).pipe(Effect.provide(layer))
  )

  it.effect("and nothing mapped comes in either, while raw values are kept", () =>
    Effect.gen(function* () {
      yield* start({ linked: false })
      assert.deepStrictEqual(yield* platform, {})
      assert.deepStrictEqual((yield* theCase).fields, { Custom101: ["Neck pain"], Custom102: ["09/03/2026"] })
    }).pipe(Effect.provide(layer))
  )

  it.effect("for a case type that is linked and has no mapping", () =>
    Effect.gen(function* () {
      yield* start({ entries: [] })
      const reason = 'no field of the case type "Injury" is mapped'
      assert.deepStrictEqual(yield* change("1", { injury: "back" }), { _tag: "Dropped", reason })
    }).pipe(Effect.provide(layer))
  )

  it.effect("for a case type that is not selected for sending, though its fields still come in", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, outgoingCaseTypes: ["Other"] }))
      const reason = 'the case type "Injury" is not selected for sending'
      assert.deepStrictEqual(yield* change("1", { injury: "back" }), { _tag: "Dropped", reason })
      yield* staffSets("Custom102", "12/24/2026")
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* platform)["accidentDate"], "2026-12-24")
      assert.deepStrictEqual(crm.fieldWrites, [])
    }).pipe(Effect.provide(layer))
  )

  for (const off of ["enabled", "receive", "send", "sendFields"] as const)
    it.effect(`while "${off}" is off`, () =>
      Effect.gen(function* () {
        const crm = yield* start()
        const setup = yield* Setup
        const { toggles } = yield* (yield* ConnectionStore).get(firmId, connectionId)
        yield* setup.setToggles(firmId, connectionId, { ...toggles, [off]: false })
        const answer = yield* change("1", { injury: "back" })
        assert.strictEqual(answer._tag, "Dropped")
        yield* work()
        assert.deepStrictEqual(crm.fieldWrites, [])
      }).pipe(Effect.provide(layer))
    )

  it.effect("of what waits in the queue when the switch goes off; it goes on with the switch", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const setup = yield* Setup
      const { toggles } = yield* (yield* ConnectionStore).get(firmId, connectionId)
      yield* change("1", { injury: "back" })
      yield* setup.setToggles(firmId, connectionId, { ...toggles, sendFields: false })
      yield* work()
      assert.deepStrictEqual(yield* pushes, ['held: "Send mapped fields" is off'])
      assert.deepStrictEqual(crm.fieldWrites, [])
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain" }])
    }).pipe(Effect.provide(layer))
  )
})

describe("the outgoing case-type selector", () => {
  it.effect("drops messages and statuses of other case types, with the reason", () =>
    Effect.gen(function* () {
      yield* start()
      const connections = yield* ConnectionStore
      const outbox = yield* Outbox
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, outgoingCaseTypes: ["Other"] }))
      const { id: caseId } = yield* theCase
      const reason = 'the case type "Injury" is not selected for sending'
      const message = { channel: "sms", direction: "outbound", text: "Hi", sentAt: 0 } as const
      const call = {
        callId: "c",
        direction: "outbound",
        isAi: false,
        from: "",
        to: "",
        startedAt: 0,
        durationMs: 1,
        transcript: []
      } as const
      const dropped = { _tag: "Dropped" as const, reason }
      assert.deepStrictEqual(
        yield* Effect.all([
          outbox.accept(firmId, { _tag: "MessageSent", eventId: "m", caseId, ...message }),
          outbox.accept(firmId, { _tag: "CallEnded", eventId: "c", caseId, ...call }),
          outbox.accept(firmId, { _tag: "StatusChanged", eventId: "s", caseId, status: "Signed" })
        ]),
        [dropped, dropped, dropped]
      )
      yield* connections.update(firmId, connectionId, (value) => ({
        ...value,
        outgoingCaseTypes: ["other", " INJURY "]
      }))
      const answer = yield* outbox.accept(firmId, { _tag: "MessageSent", eventId: "m2", caseId, ...message })
      assert.strictEqual(answer._tag, "Queued")
    }).pipe(Effect.provide(layer))
  )
})

describe("a push of fields", () => {
  for (const how of ["after", "late"] as const)
    it.effect(
      `waits out its quiet period after a request that failed "${how}", and never writes twice what arrived`,
      () =>
        Effect.gen(function* () {
          const crm = yield* start()
          crm.faults.push({ on: "updateFields", how })
          yield* change("1", { injury: "back" })
          yield* work(quietMs / 1000 - 1, 1000)
          for (const commit of crm.late) commit()
          assert.lengthOf(crm.fieldWrites, 1)
          yield* work(3, 1000)
          assert.lengthOf(crm.fieldWrites, 1)
          assert.deepStrictEqual((yield* inCrm)?.["Custom101"], ["Back pain"])
          assert.deepStrictEqual(yield* pushes, ["done"])
        }).pipe(Effect.provide(layer))
    )

  it.effect(
    "that arrived without an answer is not taken for the CRM's own change when its edit was taken back since",
    () =>
      Effect.gen(function* () {
        const crm = yield* start()
        crm.faults.push({ on: "updateFields", how: "after" })
        yield* change("1", { injury: "back" })
        yield* work()
        yield* change("2", { injury: "neck" })
        yield* work(quietMs / 1000 + 3, 1000)
        assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain" }, { Custom101: "Neck pain" }])
        assert.deepStrictEqual([(yield* inCrm)?.["Custom101"], (yield* platform)["injury"]], [["Neck pain"], "neck"])
        assert.deepStrictEqual((yield* story).slice(2), [
          "field-edited injury neck back Ben",
          "field-edited injury back neck Ben",
          "field-pushed injury Neck pain Back pain",
          "field-pushed injury Back pain Neck pain"
        ])
      }).pipe(Effect.provide(layer))
  )

  it.effect("cut off in the middle of its request waits out the quiet period, and finds what arrived", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const queue = yield* Queue
      yield* change("1", { injury: "back" })
      // A worker that died after its intent was durable, and whose request the CRM takes late.
      const [lease] = yield* queue.claim({ worker: "dead", limit: 1, leaseMs: 1 })
      yield* queue.mark(lease!, { leaseMs: 1, sentAt: yield* Clock.currentTimeMillis })
      yield* work(5, 1000)
      assert.deepStrictEqual(crm.fieldWrites, [])
      yield* staffSets("Custom101", "Back pain")
      yield* work(quietMs / 1000, 1000)
      assert.deepStrictEqual(crm.fieldWrites, [])
      assert.deepStrictEqual(yield* pushes, ["done"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("R-18: refuses a reserved or malformed key at send, whatever is saved, and sends the rest", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const store = yield* MappingStore
      const [version] = yield* store.current(firmId, connectionId)
      const bad = [
        { ...injury, crmKey: "Operation" },
        { ...date, platformField: "note", crmKey: "a&b", transform: { _tag: "Text" } as const }
      ]
      yield* store.saveVersion({ ...version!, number: 2, entries: [...bad, date] })
      yield* change("1", { injury: "back", note: "x" })
      yield* change("2", { accidentDate: "2026-10-01" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom102: "10/01/2026" }])
      assert.include((yield* pushes).join(" "), "its key in the CRM is reserved")
      assert.include((yield* pushes).join(" "), "its key in the CRM is malformed")
    }).pipe(Effect.provide(layer))
  )
})
