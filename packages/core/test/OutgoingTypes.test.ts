/** What waits in the queue when a case's type is not selected for sending any more, and who lets a held job go. */
import { holderOf } from "@casewire/core/domain/Held"
import type { PlatformEvent } from "@casewire/core/domain/PlatformEvent"
import { allOff, heldBy } from "@casewire/core/domain/Toggles"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Setup } from "@casewire/core/Setup"
import { StatusMapping } from "@casewire/core/StatusMapping"
import { StatusResume } from "@casewire/core/StatusResume"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer as rehearsal, theCase, work } from "./Rehearsal.ts"

const layer = Layer.provideMerge(StatusMapping.layer, rehearsal)
const reason = 'the case type "Injury" is not selected for sending'

const start = Effect.gen(function* () {
  yield* connected()
  yield* deliver({})
  yield* work()
  const crm = yield* FakeCrm
  crm.calls.length = 0
  return crm
})

const accept = Effect.fnUntraced(function* (event: PlatformEvent) {
  const outbox = yield* Outbox
  return yield* outbox.accept(firmId, event)
})

const message = Effect.fnUntraced(function* (eventId: string) {
  const { id: caseId } = yield* theCase
  const what = { channel: "sms", direction: "outbound", text: `text ${eventId}`, sentAt: 0 } as const
  return yield* accept({ _tag: "MessageSent", eventId, caseId, ...what })
})

const status = Effect.fnUntraced(function* (eventId: string, to: string) {
  const { id: caseId } = yield* theCase
  return yield* accept({ _tag: "StatusChanged", eventId, caseId, status: to })
})

const select = Effect.fnUntraced(function* (caseTypes: ReadonlyArray<string> | null) {
  const statuses = yield* StatusMapping
  return yield* statuses.selectOutgoing(firmId, connectionId, caseTypes)
})

const sent = Effect.map(jobs, (all) =>
  all.filter(({ work }) => work === "AddNote" || work === "PushStatus").map(({ reason, state }) => [state, reason])
)

const theConnection = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  return yield* connections.get(firmId, connectionId)
})

const tick = Effect.gen(function* () {
  const poller = yield* Poller
  yield* TestClock.adjust("16 minutes")
  yield* poller.schedule
  yield* work()
})

describe("what waits in the queue", () => {
  it.effect(
    "is held with the reason when its case type is not selected any more, and goes on in order when it is",
    () =>
      Effect.gen(function* () {
        const crm = yield* start
        yield* message("m1")
        yield* message("m2")
        yield* status("s1", "Signed")
        yield* select(["Mesh"])
        yield* work()
        assert.deepStrictEqual(yield* sent, [
          ["held", reason],
          ["held", reason],
          ["held", reason]
        ])
        assert.notIncludeMembers(crm.calls, ["addNote", "setStatus"])
        yield* tick
        assert.notInclude(crm.calls, "addNote")
        assert.isUndefined((yield* theConnection).statusOffSince)
        yield* select(["Mesh", "Injury"])
        yield* work()
        const lead = crm.leads.get("42")!
        assert.deepStrictEqual(
          [lead.notes.map(({ text }) => /text m\d/.exec(text)?.[0]), lead.status],
          [["text m1", "text m2"], "Signed"]
        )
      }).pipe(Effect.provide(layer))
  )

  it.effect("is held when the CRM moved the case to a type that is not selected, also where only the push saw it", () =>
    Effect.gen(function* () {
      const crm = yield* start
      yield* select(["Injury"])
      yield* status("s1", "Signed")
      crm.leads.get("42")!.caseType = { externalId: "8", name: "Mesh" }
      yield* work()
      const moved = 'the case type "Mesh" is not selected for sending'
      assert.deepInclude(yield* sent, ["held", moved])
      assert.notInclude(crm.calls, "setStatus")
      assert.strictEqual((yield* theCase).caseType.name, "Mesh")
      crm.leads.get("42")!.caseType = { externalId: "7", name: "Injury" }
      yield* deliver({})
      yield* work()
      assert.notInclude(crm.calls, "setStatus")
      yield* tick
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
    }).pipe(Effect.provide(layer))
  )

  it.effect("of status sync that resumes: the plan names the reason, and a replay leaves the edit held for it", () =>
    Effect.gen(function* () {
      const crm = yield* start
      const setup = yield* Setup
      const { toggles } = yield* theConnection
      yield* setup.setToggles(firmId, connectionId, { ...toggles, syncStatuses: false })
      yield* status("s1", "Signed")
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* select(["Mesh"])
      const resume = yield* StatusResume
      const runs = yield* RunStore
      const plan = yield* resume.plan(firmId, connectionId, "ops")
      const rows = Effect.map(runs.rows(firmId, plan.id, { limit: 9 }), ([row]) => row)
      assert.deepNestedInclude(yield* rows, { verdict: "not-mapped", "detail.reason": reason })
      yield* resume.replay(firmId, connectionId, plan.id, 0)
      yield* work()
      yield* tick
      assert.deepStrictEqual(yield* sent, [["held", reason]])
      assert.notInclude(crm.calls, "setStatus")
      yield* select(null)
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
    }).pipe(Effect.provide(layer))
  )
})

describe("a held job is let go by what held it", () => {
  it.effect("one that a person holds stays held when switches go on and time goes by", () =>
    Effect.gen(function* () {
      const crm = yield* start
      const queue = yield* Queue
      yield* message("m1")
      yield* queue.resolve(firmId, { connectionId, work: ["AddNote"] }, "hold", "Kim wants to look at it")
      const setup = yield* Setup
      const { toggles } = yield* theConnection
      yield* setup.setToggles(firmId, connectionId, { ...toggles, sendMessages: false })
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work()
      yield* tick
      assert.deepStrictEqual(yield* sent, [["held", "Kim wants to look at it"]])
      assert.notInclude(crm.calls, "addNote")
    }).pipe(Effect.provide(layer))
  )

  it.each([
    ...Object.entries({
      "the firm is asked how to resume": "switch",
      "the CRM left a terminal status: in review": "review",
      "Kim wants to look at it": "person",
      [reason]: "selector"
    }),
    ...(["PushStatus", "PushFields", "PushDocument", "AddNote", "Pull"] as const).map(
      (work) => [heldBy({ _tag: work, source: "call" } as never, allOff) ?? "", "switch"] as const
    )
  ])("%j is a reason of a %s", (text, holder) => assert.strictEqual(holderOf(text), holder))
})
