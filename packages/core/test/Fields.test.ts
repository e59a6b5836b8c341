import { CaseFields } from "@casewire/core/CaseFields"
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Mappings } from "@casewire/core/Mappings"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { Setup } from "@casewire/core/Setup"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { connected, connectionId, deliver, FakeCrm, firmId, jobs, layer as rehearsal, quietMs, theCase, work } from "./Rehearsal.ts"

const layer = Layer.mergeAll(Mappings.layer, CaseFields.layer).pipe(Layer.provideMerge(rehearsal))

const injury: FieldMapping = {
  platformField: "injury",
  crmKey: "Custom101",
  direction: "both",
  transform: { _tag: "Single", keepUnmapped: false },
  optionMap: [
    { platform: "neck", crm: "Neck pain" },
    { platform: "back", crm: "Back pain" }
  ]
}
const date: FieldMapping = {
  platformField: "accidentDate",
  crmKey: "Custom102",
  direction: "both",
  transform: { _tag: "Date", crm: "MM/DD/YYYY" }
}

const linked = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Injury" }]

/** A verified case with fields in the CRM, its case type linked and mapped. */
const start = Effect.fnUntraced(function* (
  options: { readonly linked?: boolean; readonly entries?: ReadonlyArray<FieldMapping>; readonly toggles?: Partial<Toggles> } = {}
) {
  yield* connected(options.toggles)
  const crm = yield* FakeCrm
  const connections = yield* ConnectionStore
  crm.leads.get("42")!.fields = { Custom101: ["Neck pain"], Custom102: ["09/03/2026"] }
  yield* connections.update(firmId, connectionId, (value) => ({
    ...value,
    caseTypeLinks: options.linked === false ? [] : linked
  }))
  const mappings = yield* Mappings
  yield* mappings.save(firmId, connectionId, { caseType: "7", campaignId: null }, options.entries ?? [injury, date], { name: "Ana" })
  yield* deliver({})
  yield* work()
  crm.calls.length = 0
  return crm
})

const change = Effect.fnUntraced(function* (
  eventId: string,
  fields: Readonly<Record<string, string | ReadonlyArray<string>>>,
  campaignId?: string
) {
  const outbox = yield* Outbox
  const { id } = yield* theCase
  const lists = Object.entries(fields).map(([name, value]) => [name, [value].flat()])
  return yield* outbox.accept(firmId, {
    _tag: "FieldsChanged",
    eventId,
    caseId: id,
    fields: Object.fromEntries(lists),
    changedBy: "Ben",
    ...(campaignId === undefined ? {} : { campaignId })
  })
})

const platform = Effect.map(theCase, ({ values }) =>
  Object.fromEntries(Object.entries(values).map(([field, value]) => [field, value.platform]))
)
const inCrm = Effect.map(FakeCrm, (crm) => crm.leads.get("42")!.fields)
const story = Effect.gen(function* () {
  const cases = yield* CaseStore
  const history = yield* cases.history(firmId, (yield* theCase).id)
  return history.flatMap(({ after, before, cause, field, kind }) =>
    field === undefined ? [] : [`${kind} ${field} ${before} ${after} ${cause === "Ben" ? "Ben" : ""}`.trim()]
  )
})
const staffSets = Effect.fnUntraced(function* (key: string, ...values: ReadonlyArray<string>) {
  const crm = yield* FakeCrm
  const lead = crm.leads.get("42")!
  lead.fields = { ...lead.fields, [key]: values }
})
const pushes = Effect.map(jobs, (all) =>
  all.filter((job) => job.work === "PushFields").map(({ reason, state }) => (reason === null ? state : `${state}: ${reason}`))
)

describe("a field edited on the platform", () => {
  it.effect("reaches the CRM in its words, alone, and its echo does nothing", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      assert.deepStrictEqual(yield* platform, { injury: "neck", accidentDate: "2026-09-03" })
      const answer = yield* change("1", { injury: "back" })
      assert.strictEqual(answer._tag, "Queued")
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain" }])
      assert.deepStrictEqual(yield* inCrm, { Custom101: ["Back pain"], Custom102: ["09/03/2026"] })
      yield* deliver({})
      yield* work()
      assert.lengthOf(crm.fieldWrites, 1)
      assert.deepStrictEqual((yield* story).slice(2), [
        "field-edited injury neck back Ben",
        "field-pushed injury Neck pain Back pain"
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("goes with the others that wait in one call, as they are then", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* change("1", { injury: "back" })
      yield* change("2", { accidentDate: "2026-10-01" })
      yield* change("3", { accidentDate: "2026-10-02" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain", Custom102: "10/02/2026" }])
      assert.deepStrictEqual(crm.calls, ["read", "updateFields"])
      assert.deepStrictEqual(yield* pushes, ["done", "done", "done"])
    }).pipe(Effect.provide(layer)))

  it.effect("is not sent at all when it was taken back before it left", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* change("1", { injury: "back" })
      yield* change("2", { injury: "neck" })
      yield* work()
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer)))

  it.effect("stays unsent with a visible reason where the option map has no word for it, and holds nothing else up", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const answer = yield* change("1", { injury: "toe" })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "injury: 1 of 1 option is not in the option map" })
      yield* change("2", { accidentDate: "2026-10-01" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom102: "10/01/2026" }])
      const { fields } = yield* (yield* CaseFields).of(firmId, (yield* theCase).id)
      assert.deepStrictEqual(
        fields.map(({ field, reason, state, values }) => [field, values, state, reason]),
        [
          ["accidentDate", ["2026-10-01"], "settled", null],
          ["injury", ["toe"], "not-sent", "1 of 1 option is not in the option map"]
        ]
      )
    }).pipe(Effect.provide(layer)))

  it.effect("that is not mapped is kept and not sent", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const answer = yield* change("1", { shoeSize: "43" })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "none of the changed fields is mapped to the CRM" })
      assert.strictEqual((yield* platform)["shoeSize"], "43")
      yield* work()
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer)))

  it.effect("that is emptied leaves the CRM's value alone, and says so", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const answer = yield* change("1", { injury: [] })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "injury: a blank is not written over the CRM's value" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [])
    }).pipe(Effect.provide(layer)))

  it.effect("asked for by a campaign goes where the campaign's override says", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const mappings = yield* Mappings
      const override: FieldMapping = { ...injury, crmKey: "Custom103" }
      yield* mappings.save(firmId, connectionId, { caseType: "7", campaignId: "c1" }, [override], { name: "Ana" })
      yield* change("1", { injury: "back" }, "c1")
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom103: "Back pain" }])
      // From then on this field of this case is the override's: reads and later edits go there, too.
      yield* staffSets("Custom101", "Neck pain, worse")
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* platform)["injury"], "back")
      yield* change("2", { injury: "neck" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites.slice(1), [{ Custom103: "Neck pain" }])
      yield* staffSets("Custom103", "Back pain")
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* platform)["injury"], "back")
    }).pipe(Effect.provide(layer)))

  it.effect("mapped after it was edited waits for the next edit, and is not rewritten by the save", () =>
    Effect.gen(function* () {
      const crm = yield* start({ entries: [date] })
      yield* change("1", { injury: "back" })
      const mappings = yield* Mappings
      yield* mappings.save(firmId, connectionId, { caseType: "7", campaignId: null }, [date, injury], { name: "Ana" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [])
    }).pipe(Effect.provide(layer)))
})

describe("a field edited in the CRM", () => {
  it.effect("comes in with the next verified read, in the platform's words, and makes no outbound work", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* staffSets("Custom101", "Back pain")
      yield* deliver({})
      yield* work()
      assert.deepStrictEqual(yield* platform, { injury: "back", accidentDate: "2026-09-03" })
      assert.deepStrictEqual((yield* story).slice(2), ["field-applied injury neck back"])
      assert.deepStrictEqual(crm.fieldWrites, [])
      assert.deepStrictEqual(yield* pushes, [])
    }).pipe(Effect.provide(layer)))

  it.effect("is cleared here when a verified read says that it is empty, and not by a blank in a payload", () =>
    Effect.gen(function* () {
      yield* start()
      yield* deliver({ Custom101: "" })
      yield* work()
      assert.strictEqual((yield* platform)["injury"], "neck")
      yield* staffSets("Custom101")
      yield* deliver({})
      yield* work()
      assert.isNull((yield* platform)["injury"])
      assert.deepStrictEqual((yield* story).slice(2), ["field-applied injury neck null"])
    }).pipe(Effect.provide(layer)))

  it.effect("wins over an edit of the same moment, which is listed as a conflict", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* change("1", { injury: "back", accidentDate: "2026-10-01" })
      yield* staffSets("Custom101", "")
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom102: "10/01/2026" }])
      assert.deepStrictEqual(yield* platform, { injury: null, accidentDate: "2026-10-01" })
      const conflicts = yield* (yield* CaseStore).conflicts(firmId, 10)
      assert.deepStrictEqual(
        conflicts.map(({ after, before, field, kind }) => [kind, field, before, after]),
        [["field-superseded", "injury", "back", null]]
      )
    }).pipe(Effect.provide(layer)))

  it.effect("that was reported between the read before a push and its end is listed as probably overwritten", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      // A receipt that arrives in the millisecond of the read counts as between: nothing tells that it does not.
      yield* change("1", { injury: "back" })
      yield* deliver({ Custom101: "Toe" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain" }])
      const conflicts = yield* (yield* CaseStore).conflicts(firmId, 10)
      assert.deepStrictEqual(
        conflicts.map(({ after, before, kind }) => [kind, before, after]),
        [["field-overwritten", "Toe", "Back pain"]]
      )
    }).pipe(Effect.provide(layer)))
})

describe("nothing mapped is sent", () => {
  it.effect("TV-24: for a case type that is not linked: the case is there, and the reason is in the answer and on the case", () =>
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
      assert.deepStrictEqual(shown.fields.map(({ field, reason: why, state, values }) => [field, values, state, why]), [
        ["injury", ["back"], "not-sent", reason]
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("and nothing mapped comes in either, while raw values are kept", () =>
    Effect.gen(function* () {
      yield* start({ linked: false })
      assert.deepStrictEqual(yield* platform, {})
      assert.deepStrictEqual((yield* theCase).fields, { Custom101: ["Neck pain"], Custom102: ["09/03/2026"] })
    }).pipe(Effect.provide(layer)))

  it.effect("for a case type that is linked and has no mapping", () =>
    Effect.gen(function* () {
      yield* start({ entries: [] })
      const reason = 'no field of the case type "Injury" is mapped'
      assert.deepStrictEqual(yield* change("1", { injury: "back" }), { _tag: "Dropped", reason })
    }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))

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
      }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))
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
      const call = { callId: "c", direction: "outbound", isAi: false, from: "", to: "", startedAt: 0, durationMs: 1, transcript: [] } as const
      assert.deepStrictEqual(
        yield* Effect.all([
          outbox.accept(firmId, { _tag: "MessageSent", eventId: "m", caseId, ...message }),
          outbox.accept(firmId, { _tag: "CallEnded", eventId: "c", caseId, ...call }),
          outbox.accept(firmId, { _tag: "StatusChanged", eventId: "s", caseId, status: "Signed" })
        ]),
        [1, 2, 3].map(() => ({ _tag: "Dropped" as const, reason }))
      )
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, outgoingCaseTypes: ["other", " INJURY "] }))
      const answer = yield* outbox.accept(firmId, { _tag: "MessageSent", eventId: "m2", caseId, ...message })
      assert.strictEqual(answer._tag, "Queued")
    }).pipe(Effect.provide(layer)))
})

describe("a push of fields", () => {
  for (const how of ["after", "late"] as const)
    it.effect(`waits out its quiet period after a request that failed "${how}", and never writes twice what arrived`, () =>
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
      }).pipe(Effect.provide(layer)))

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
    }).pipe(Effect.provide(layer)))
})
