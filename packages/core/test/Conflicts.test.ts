/** Conflicts that a person settles: the value that lost comes back as a local edit, or is let go; either once. */
import { Conflicts, type Decision } from "@casewire/core/Conflicts"
import { settlementId } from "@casewire/core/domain/Case"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, deliver, historyOf, layer, theCase, work } from "./Rehearsal.ts"

const open = Effect.flatMap(CaseStore, (cases) => cases.conflicts(firmId, { limit: 10 }))

const settle = Effect.fnUntraced(function* (id: string, decision: Decision) {
  const conflicts = yield* Conflicts
  return yield* conflicts.settle(firmId, id, decision, "Kim")
})

/** The platform said Signed while staff moved the lead to Lost: the CRM won. */
const lost = Effect.gen(function* () {
  yield* connected()
  const crm = yield* FakeCrm
  const outbox = yield* Outbox
  yield* deliver({})
  yield* work()
  // What was reported at the very moment of a push would count as reported during it.
  yield* TestClock.adjust(1000)
  crm.leads.get("42")!.status = "Lost"
  yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "e", caseId: (yield* theCase).id, status: "Signed" })
  yield* work()
  const [conflict] = yield* open
  assert.deepInclude(conflict, { kind: "status-superseded", before: "Signed", after: "Lost" })
  return { crm, id: conflict!.id }
})

describe("settling a conflict", () => {
  it.effect("restore: the local edit that lost is made again and reaches the CRM", () =>
    Effect.gen(function* () {
      const { crm, id } = yield* lost
      assert.strictEqual((yield* settle(id, "restore"))?._tag, "Queued")
      yield* work()
      assert.deepStrictEqual([crm.leads.get("42")!.status, (yield* theCase).status.platform], ["Signed", "Signed"])
      assert.deepStrictEqual(yield* open, [])
      assert.deepInclude(yield* historyOf(yield* theCase), ["conflict-settled", "Signed", "restore"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("restore: a value of the CRM that was probably overwritten is put back on both sides", () =>
    Effect.gen(function* () {
      const { crm } = yield* lost
      const cases = yield* CaseStore
      const of = yield* theCase
      const conflict = { firmId, caseId: of.id, at: 9, cause: "job", before: "Referred", after: "Lost" }
      yield* cases.record({ ...conflict, id: "overwritten", kind: "status-overwritten" })
      yield* settle("overwritten", "restore")
      yield* work()
      assert.deepStrictEqual([crm.leads.get("42")!.status, (yield* theCase).status.platform], ["Referred", "Referred"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("restore: a field's value is the platform's again", () =>
    Effect.gen(function* () {
      yield* lost
      const cases = yield* CaseStore
      const of = yield* theCase
      const conflict = {
        firmId,
        caseId: of.id,
        at: 9,
        cause: "job",
        field: "parts",
        before: '["neck","back"]',
        after: "leg"
      }
      yield* cases.record({ ...conflict, id: "field", kind: "field-superseded" })
      yield* settle("field", "restore")
      assert.strictEqual((yield* theCase).values["parts"]?.platform, '["neck","back"]')
    }).pipe(Effect.provide(layer))
  )

  it.effect("dismiss: nothing changes but the list of open conflicts", () =>
    Effect.gen(function* () {
      const { crm, id } = yield* lost
      assert.isNull(yield* settle(id, "dismiss"))
      yield* work()
      assert.deepStrictEqual([crm.leads.get("42")!.status, (yield* theCase).status.platform], ["Lost", "Lost"])
      assert.deepStrictEqual(yield* open, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("a conflict is settled once, and the history names who did it", () =>
    Effect.gen(function* () {
      const { id } = yield* lost
      const cases = yield* CaseStore
      yield* settle(id, "dismiss")
      assert.strictEqual((yield* Effect.flip(settle(id, "restore")))._tag, "ConflictSettled")
      assert.strictEqual((yield* Effect.flip(settle("nothing", "dismiss")))._tag, "ConflictNotFound")
      const history = yield* cases.history(firmId, (yield* theCase).id)
      assert.deepInclude(
        history.find((event) => event.id === settlementId(id)),
        { cause: "Kim", after: "dismiss" }
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("another conflict of the same case stays open", () =>
    Effect.gen(function* () {
      const { id } = yield* lost
      const cases = yield* CaseStore
      const of = yield* theCase
      yield* cases.record({
        id: "other",
        firmId,
        caseId: of.id,
        at: 9,
        cause: "j",
        kind: "status-overwritten",
        before: "A",
        after: "B"
      })
      yield* settle(id, "dismiss")
      assert.deepStrictEqual(
        (yield* open).map((event) => event.id),
        ["other"]
      )
    }).pipe(Effect.provide(layer))
  )
})
