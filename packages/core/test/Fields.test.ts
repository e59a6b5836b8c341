import { CaseFields } from "@casewire/core/CaseFields"
import { Mappings } from "@casewire/core/Mappings"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import { Outbox } from "@casewire/core/Outbox"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Setup } from "@casewire/core/Setup"
import { Worker } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { change, date, inCrm, injury, layer, platform, pushes, staffSets, start, story } from "./FieldRehearsal.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connectionId, deliver, theCase, work } from "./Rehearsal.ts"

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
    }).pipe(Effect.provide(layer))
  )

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
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not sent at all when it was taken back before it left", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* change("1", { injury: "back" })
      yield* change("2", { injury: "neck" })
      yield* work()
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "stays unsent with a visible reason where the option map has no word for it, and holds nothing else up",
    () =>
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
      }).pipe(Effect.provide(layer))
  )

  it.effect("that is not mapped is kept and not sent", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const answer = yield* change("1", { shoeSize: "43" })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "none of the changed fields is mapped to the CRM" })
      assert.strictEqual((yield* platform)["shoeSize"], "43")
      yield* work()
      assert.deepStrictEqual(crm.calls, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("that is emptied leaves the CRM's value alone, and says so", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      const answer = yield* change("1", { injury: [] })
      assert.deepStrictEqual(answer, { _tag: "Dropped", reason: "injury: a blank is not written over the CRM's value" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [])
    }).pipe(Effect.provide(layer))
  )

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
    }).pipe(Effect.provide(layer))
  )

  it.effect("mapped after it was edited waits for the next edit, and is not rewritten by the save", () =>
    Effect.gen(function* () {
      const crm = yield* start({ entries: [date] })
      yield* change("1", { injury: "back" })
      const mappings = yield* Mappings
      yield* mappings.save(firmId, connectionId, { caseType: "7", campaignId: null }, [date, injury], { name: "Ana" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [])
    }).pipe(Effect.provide(layer))
  )
})

describe("a read with others that leaves fields out", () => {
  const readTogether = Effect.gen(function* () {
    const crm = yield* FakeCrm
    for (const id of ["43", "44"]) crm.leads.set(id, { ...crm.leads.get("42")!, contactId: id, notes: [] })
    yield* staffSets("Custom101", "Back pain")
    for (const id of ["42", "43", "44"]) yield* deliver({ "Record ID": id })
  })

  it.effect("is followed by a read of each case by itself, where fields are mapped", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* readTogether
      yield* work()
      assert.deepStrictEqual(yield* platform, { injury: "back", accidentDate: "2026-09-03" })
      assert.deepStrictEqual(crm.calls, ["read", "read", "read", "read"])
      assert.isUndefined((yield* theCase).wholeRead)
    }).pipe(Effect.provide(layer))
  )

  it.effect("asks for nothing more where no field is mapped", () =>
    Effect.gen(function* () {
      const crm = yield* start({ entries: [] })
      yield* readTogether
      yield* work()
      assert.deepStrictEqual(crm.calls, ["read"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("does not hold an edit up: the read by itself goes behind it", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* readTogether
      const worker = yield* Worker
      while (!crm.calls.includes("read")) yield* worker.runOnce
      const outbox = yield* Outbox
      const { id: caseId, wholeRead } = yield* theCase
      assert.isString(wholeRead)
      yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "s", caseId, status: "Signed" })
      const mine = (yield* (yield* Queue).find(firmId, {
        key: "42",
        lane: "state",
        states: ["queued", "skipped"]
      })).map(({ reason, state, work: { _tag } }) => [_tag, state, reason])
      assert.deepStrictEqual(mine, [
        ["ReadCase", "skipped", "moved behind an edit"],
        ["PushStatus", "queued", null],
        ["ReadCase", "queued", null]
      ])
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
      assert.strictEqual((yield* platform)["injury"], "back")
    }).pipe(Effect.provide(layer))
  )
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
    }).pipe(Effect.provide(layer))
  )

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
    }).pipe(Effect.provide(layer))
  )

  it.effect("wins over an edit of the same moment, which is listed as a conflict", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      yield* change("1", { injury: "back", accidentDate: "2026-10-01" })
      yield* staffSets("Custom101", "")
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom102: "10/01/2026" }])
      assert.deepStrictEqual(yield* platform, { injury: null, accidentDate: "2026-10-01" })
      const conflicts = yield* (yield* CaseStore).conflicts(firmId, { limit: 10 })
      assert.deepStrictEqual(
        conflicts.map(({ after, before, field, kind }) => [kind, field, before, after]),
        [["field-superseded", "injury", "back", null]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("that was reported between the read before a push and its end is listed as probably overwritten", () =>
    Effect.gen(function* () {
      const crm = yield* start()
      // A receipt that arrives in the millisecond of the read counts as between: nothing tells that it does not.
      yield* change("1", { injury: "back" })
      yield* deliver({ Custom101: "Toe" })
      yield* work()
      assert.deepStrictEqual(crm.fieldWrites, [{ Custom101: "Back pain" }])
      const conflicts = yield* (yield* CaseStore).conflicts(firmId, { limit: 10 })
      assert.deepStrictEqual(
        conflicts.map(({ after, before, kind }) => [kind, before, after]),
        [["field-overwritten", "Toe", "Back pain"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("that the CRM changed while field sync was off is taken in when it is on again", () =>
    Effect.gen(function* () {
      yield* start()
      const setup = yield* Setup
      const { toggles } = yield* (yield* ConnectionStore).get(firmId, connectionId)
      yield* setup.setToggles(firmId, connectionId, { ...toggles, sendFields: false })
      yield* staffSets("Custom101", "Back pain")
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* platform)["injury"], "neck")
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work()
      assert.strictEqual((yield* platform)["injury"], "back")
    }).pipe(Effect.provide(layer))
  )
})
