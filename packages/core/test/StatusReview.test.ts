import { Conflicts } from "@casewire/core/Conflicts"
import { inReview } from "@casewire/core/domain/Held"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { StatusMapping } from "@casewire/core/StatusMapping"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer as rehearsal, theCase, work } from "./Rehearsal.ts"

const layer = Layer.provideMerge(StatusMapping.layer, rehearsal)

/** Lead 42 is closed, the firm marked "Closed" as terminal, and staff reopen it in the CRM. */
const reopened = Effect.gen(function* () {
  yield* connected()
  const crm = yield* FakeCrm
  crm.leads.get("42")!.status = "Closed"
  yield* deliver({ Stage: "Closed" })
  yield* work()
  yield* markTerminal("Closed")
  crm.leads.get("42")!.status = "Signed"
  yield* deliver({ Stage: "Signed" })
  yield* work()
  return crm
})

const markTerminal = Effect.fnUntraced(function* (name: string) {
  const connections = yield* ConnectionStore
  const statuses = yield* StatusMapping
  const caseTypeLinks = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Injury" }]
  yield* connections.update(firmId, connectionId, (value) => ({ ...value, caseTypeLinks }))
  yield* statuses.save(firmId, connectionId, "7", { links: [], statuses: [name], terminal: [name] }, "ops")
})

const open = Effect.gen(function* () {
  const cases = yield* CaseStore
  return yield* cases.conflicts(firmId, { limit: 10 })
})

const settle = Effect.fnUntraced(function* (decision: "accept" | "keep" | "restore") {
  const conflicts = yield* Conflicts
  const [conflict] = yield* open
  return yield* conflicts.settle(firmId, conflict!.id, decision, "ops")
})

const push = Effect.fnUntraced(function* (status: string) {
  const outbox = yield* Outbox
  const { id } = yield* theCase
  yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: `push ${status}`, caseId: id, status })
  yield* work()
})

describe("a move of the CRM away from a terminal status (TV-7)", () => {
  it.effect("goes to review: nothing changes here, and it is listed once however often it is read", () =>
    Effect.gen(function* () {
      yield* reopened
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.strictEqual((yield* theCase).status.platform, "Closed")
      assert.deepStrictEqual(
        (yield* open).map(({ after, before, kind }) => [kind, before, after]),
        [["status-review", "Closed", "Signed"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes the case's pushes wait until a person decided", () =>
    Effect.gen(function* () {
      const crm = yield* reopened
      yield* push("Converted")
      assert.notInclude(crm.calls, "setStatus")
      assert.deepInclude(yield* jobs, {
        work: "PushStatus",
        state: "held",
        reason: "the CRM left a terminal status: in review"
      })
    }).pipe(Effect.provide(layer))
  )

  it.effect("holds the case's pushes alone: no time that goes by asks the firm how status sync resumes", () =>
    Effect.gen(function* () {
      yield* reopened
      yield* push("Converted")
      const poller = yield* Poller
      yield* TestClock.adjust("16 minutes")
      yield* poller.schedule
      yield* work()
      const connections = yield* ConnectionStore
      assert.isUndefined((yield* connections.get(firmId, connectionId)).statusOffSince)
      assert.deepInclude(yield* jobs, { work: "PushStatus", state: "held", reason: inReview })
    }).pipe(Effect.provide(layer))
  )

  it.effect("accepted: the CRM's status is taken, and a waiting edit is superseded and listed", () =>
    Effect.gen(function* () {
      const crm = yield* reopened
      yield* push("Converted")
      yield* settle("accept")
      yield* work()
      assert.deepStrictEqual([(yield* theCase).status.platform, crm.leads.get("42")!.status], ["Signed", "Signed"])
      assert.deepStrictEqual(
        (yield* open).map(({ before, kind }) => [kind, before]),
        [["status-superseded", "Converted"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("kept out: the sides stay apart, and a waiting edit goes to the CRM", () =>
    Effect.gen(function* () {
      const crm = yield* reopened
      yield* settle("keep")
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.strictEqual((yield* theCase).status.platform, "Closed")
      assert.deepStrictEqual(yield* open, [])
      yield* push("Converted")
      assert.strictEqual(crm.leads.get("42")!.status, "Converted")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is over by itself when the CRM comes back, and cannot be settled then", () =>
    Effect.gen(function* () {
      const crm = yield* reopened
      crm.leads.get("42")!.status = "Closed"
      yield* deliver({ Stage: "Closed" })
      yield* work()
      assert.isNull((yield* theCase).review)
      assert.strictEqual((yield* Effect.flip(settle("accept")))._tag, "ConflictSettled")
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes no decision that is meant for a value that lost", () =>
    Effect.gen(function* () {
      yield* reopened
      assert.deepInclude(yield* Effect.flip(settle("restore")), {
        _tag: "DecisionInvalid",
        expected: ["accept", "keep"]
      })
    }).pipe(Effect.provide(layer))
  )
})
