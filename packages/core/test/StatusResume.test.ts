import { Outbox } from "@casewire/core/Outbox"
import { isSent, planVerdict, replayRow } from "@casewire/core/domain/StatusResume"
import { CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Setup } from "@casewire/core/Setup"
import { StatusMapping } from "@casewire/core/StatusMapping"
import { planLifeMs, StatusResume } from "@casewire/core/StatusResume"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer, theCase, work } from "./Rehearsal.ts"

const switchStatuses = Effect.fnUntraced(function* (on: boolean) {
  const connections = yield* ConnectionStore
  const setup = yield* Setup
  const { toggles } = yield* connections.get(firmId, connectionId)
  yield* TestClock.adjust(1000)
  yield* setup.setToggles(firmId, connectionId, { ...toggles, syncStatuses: on })
})

const edit = Effect.fnUntraced(function* (eventId: string, caseId: CaseId, status: string) {
  const outbox = yield* Outbox
  return yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId, caseId, status })
})

const caseOf = Effect.fnUntraced(function* (externalId: string) {
  const cases = yield* CaseStore
  return Option.getOrThrow(yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make(externalId)))
})

/** Three leads are known; sync goes off, three edits are held, staff move two of the leads; sync goes on again. */
const apart = Effect.gen(function* () {
  yield* connected()
  const crm = yield* FakeCrm
  for (const id of ["43", "44"])
    crm.leads.set(id, { status: "New", fullName: `Lead ${id}`, contactId: id, updatedAt: 1, notes: [] })
  for (const id of ["42", "43", "44"]) yield* deliver({ "Record ID": id })
  yield* work()
  yield* switchStatuses(false)
  const ids = yield* Effect.forEach(["42", "43", "44"], (id) => Effect.map(caseOf(id), (of) => of.id))
  for (const [index, id] of ids.entries()) yield* edit(`edit-${index}`, id, "Signed")
  crm.leads.get("43")!.status = "Lost"
  crm.leads.get("44")!.status = "Signed"
  yield* switchStatuses(true)
  yield* work()
  return { crm, ids }
})

const statusWrites = Effect.map(FakeCrm, (crm) => crm.calls.filter((call) => call === "setStatus").length)

describe("TV-22 status sync off, three held edits, and on again", () => {
  it.effect("asks, and sends nothing before the answer, not even a newer edit", () =>
    Effect.gen(function* () {
      const { ids } = yield* apart
      const resume = yield* StatusResume
      assert.deepInclude(yield* resume.question(firmId, connectionId), { asked: true, waiting: 3 })
      assert.strictEqual((yield* edit("newer", ids[0]!, "Converted"))._tag, "Held")
      yield* work()
      assert.strictEqual(yield* statusWrites, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "from now on: nothing is sent, what waited is kept as skipped, and the sides stay apart until one changes",
    () =>
      Effect.gen(function* () {
        const { crm, ids } = yield* apart
        const resume = yield* StatusResume
        assert.strictEqual(yield* resume.fromNowOn(firmId, connectionId), 3)
        yield* work()
        for (const id of ["42", "43", "44"]) yield* deliver({ "Record ID": id, Stage: "x" })
        yield* work()
        assert.strictEqual(yield* statusWrites, 0)
        assert.deepStrictEqual(
          (yield* jobs).filter(({ work: kind }) => kind === "PushStatus").map(({ reason, state }) => [state, reason]),
          Array(3).fill(["skipped", "from-now-on"])
        )
        assert.strictEqual((yield* caseOf("43")).status.platform, "Signed")
        // The CRM changes one: it comes in. The platform changes another: it goes out.
        crm.leads.get("43")!.status = "Converted"
        yield* deliver({ "Record ID": "43", Stage: "Converted" })
        yield* edit("later", ids[0]!, "Lost")
        yield* work()
        assert.strictEqual((yield* caseOf("43")).status.platform, "Converted")
        assert.strictEqual(crm.leads.get("42")!.status, "Lost")
      }).pipe(Effect.provide(layer))
  )

  it.effect("replay: the dry run says per lead what sending would do, and sends nothing", () =>
    Effect.gen(function* () {
      const { crm } = yield* apart
      crm.leads.delete("44")
      const resume = yield* StatusResume
      const runs = yield* RunStore
      const plan = yield* resume.plan(firmId, connectionId, "ops")
      const rows = yield* runs.rows(firmId, plan.id, { limit: 10 })
      assert.deepStrictEqual(
        rows.map(({ detail, verdict }) => [detail["externalCaseId"], verdict]),
        [
          ["42", "safe"],
          ["43", "would-overwrite-newer"],
          ["44", "missing"]
        ]
      )
      assert.strictEqual(yield* statusWrites, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("replay: confirmed rows are sent in order per case, each compared with the plan again", () =>
    Effect.gen(function* () {
      const { crm, ids } = yield* apart
      const resume = yield* StatusResume
      const runs = yield* RunStore
      yield* edit("second", ids[0]!, "Converted")
      const plan = yield* resume.plan(firmId, connectionId, "ops")
      const unconfirmed = yield* Effect.flip(resume.replay(firmId, connectionId, plan.id, 0))
      assert.deepInclude(unconfirmed, { _tag: "ConfirmationRequired", overwrites: 1 })
      yield* resume.replay(firmId, connectionId, plan.id, 1)
      // Staff move a lead between the confirmation and its row.
      crm.leads.get("43")!.status = "Referred"
      yield* work()
      assert.deepStrictEqual(
        ["42", "43", "44"].map((id) => crm.leads.get(id)!.status),
        ["Converted", "Referred", "Signed"]
      )
      const rows = yield* runs.rows(firmId, plan.id, { limit: 10 })
      assert.deepStrictEqual(
        rows.map(({ detail, state }) => [state, detail["outcome"]]),
        [
          ["done", "sent"],
          ["skipped", "the CRM changed since the plan"],
          ["done", "already there"],
          ["done", "sent"]
        ]
      )
      assert.strictEqual(Option.getOrThrow(yield* runs.get(firmId, plan.id)).state, "done")
    }).pipe(Effect.provide(layer))
  )

  it.effect("replay: the edits of a case type with linked statuses are compared and sent in the CRM's words", () =>
    Effect.gen(function* () {
      const { crm, ids } = yield* apart
      const status = (name: string) => ({ name, raw: name })
      crm.catalog = { caseTypes: [], statuses: ["New", "Signed", "Lost", "Closed"].map(status), fields: [] }
      const statuses = yield* StatusMapping
      const links = [
        { platform: "Signed", crm: "Closed", direction: "both" as const },
        { platform: "Given up", crm: "Lost", direction: "both" as const }
      ]
      yield* statuses.save(firmId, connectionId, "7", { links, terminal: [] }, "ops")
      const connections = yield* ConnectionStore
      const caseTypeLinks = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Injury" }]
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, caseTypeLinks }))
      yield* edit("second", ids[0]!, "Given up")
      crm.leads.get("44")!.status = "Closed"
      const resume = yield* StatusResume
      const runs = yield* RunStore
      const plan = yield* resume.plan(firmId, connectionId, "ops")
      assert.deepStrictEqual(
        (yield* runs.rows(firmId, plan.id, { limit: 10 })).map(({ detail, verdict }) => [detail["expected"], verdict]),
        [
          ["New", "safe"],
          ["Lost", "would-overwrite-newer"],
          ["Closed", "same"],
          ["Closed", "safe"]
        ]
      )
      const [signed] = yield* runs.rows(firmId, plan.id, { limit: 1 })
      assert.deepInclude(signed?.detail, { target: "Signed", crmTarget: "Closed" })
      yield* resume.replay(firmId, connectionId, plan.id, 1)
      yield* work()
      assert.deepStrictEqual(
        ["42", "43", "44"].map((id) => crm.leads.get(id)!.status),
        ["Lost", "Closed", "Closed"]
      )
    }).pipe(Effect.provide(Layer.provideMerge(StatusMapping.layer, layer)))
  )

  it.effect("a plan is refused when it is old, applied already, or unknown", () =>
    Effect.gen(function* () {
      yield* apart
      const resume = yield* StatusResume
      const plan = yield* resume.plan(firmId, connectionId, "ops")
      yield* TestClock.adjust(planLifeMs + 1)
      assert.strictEqual((yield* Effect.flip(resume.replay(firmId, connectionId, plan.id, 1)))._tag, "PlanExpired")
      const fresh = yield* resume.plan(firmId, connectionId, "ops")
      yield* resume.replay(firmId, connectionId, fresh.id, 1)
      assert.strictEqual((yield* Effect.flip(resume.replay(firmId, connectionId, fresh.id, 1)))._tag, "AlreadyOn")
    }).pipe(Effect.provide(layer))
  )

  it.effect("nothing is asked when nothing waits", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* deliver({})
      yield* work()
      yield* switchStatuses(false)
      yield* switchStatuses(true)
      const resume = yield* StatusResume
      assert.deepInclude(yield* resume.question(firmId, connectionId), { asked: false, waiting: 0 })
      assert.strictEqual((yield* Effect.flip(resume.fromNowOn(firmId, connectionId)))._tag, "AlreadyOn")
      yield* edit("now", (yield* theCase).id, "Signed")
      yield* work()
      assert.strictEqual(yield* statusWrites, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "a case that was not seen meanwhile takes the CRM as it is at its first read, and a new edit still goes out",
    () =>
      Effect.gen(function* () {
        yield* connected()
        const crm = yield* FakeCrm
        const connections = yield* ConnectionStore
        const resume = yield* StatusResume
        const setup = yield* Setup
        yield* deliver({})
        yield* work()
        const { id } = yield* theCase
        const { toggles } = yield* connections.get(firmId, connectionId)
        yield* TestClock.adjust(1000)
        yield* setup.setToggles(firmId, connectionId, { ...toggles, syncStatuses: false })
        yield* edit("held", id, "Signed")
        crm.leads.get("42")!.status = "Lost"
        yield* TestClock.adjust(1000)
        yield* setup.setToggles(firmId, connectionId, toggles)
        yield* resume.fromNowOn(firmId, connectionId)
        yield* deliver({ Stage: "Lost" })
        yield* work()
        assert.deepStrictEqual((yield* theCase).status, {
          platform: "Signed",
          basePlatform: "Signed",
          baseCrm: "Lost",
          seenCrm: "Lost"
        })
        yield* edit("new", id, "Converted")
        yield* work()
        assert.strictEqual(crm.leads.get("42")!.status, "Converted")
      }).pipe(Effect.provide(layer))
  )
})

describe("the verdicts of a dry run", () => {
  const status = { platform: "B", basePlatform: "A", baseCrm: "A", seenCrm: "A" }
  it.each([
    { read: "A", known: [], verdict: "safe" },
    { read: "C", known: [], verdict: "would-overwrite-newer" },
    { read: "b", known: [], verdict: "same" },
    { read: "A", known: ["A", "C"], verdict: "not-mapped" },
    { read: "A", known: ["A", " b "], verdict: "safe" },
    { read: undefined, known: [], verdict: "missing" },
    { read: null, known: [], verdict: "cannot-tell" }
  ] as const)("$read with $known is $verdict", ({ known, read, verdict }) => {
    assert.strictEqual(planVerdict({ status, target: "B", read, known }), verdict)
  })

  it("sends what is safe, confirmed or there already, and nothing else", () => {
    assert.deepStrictEqual(
      (["safe", "would-overwrite-newer", "same", "not-mapped", "missing", "cannot-tell"] as const).filter(isSent),
      ["safe", "would-overwrite-newer", "same"]
    )
  })

  it.each([
    ["the plan saw it", { read: "A", expected: "a", baseline: null, target: "B" }, "Send"],
    ["it is there already", { read: "B", expected: "A", baseline: "A", target: "B" }, "Settled"],
    [
      "it is neither what the plan saw nor the baseline",
      { read: "C", expected: "A", baseline: "A", target: "B" },
      "Changed"
    ],
    ["an earlier push of ours wrote it since", { read: "C", expected: "A", baseline: "c", target: "B" }, "Send"]
  ] as const)("compares a row with the CRM's value when its turn comes: %s", (_, options, verdict) => {
    assert.strictEqual(replayRow(options), verdict)
  })
})
