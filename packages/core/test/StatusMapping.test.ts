import { CaseMapping } from "@casewire/core/CaseMapping"
import { Mappings } from "@casewire/core/Mappings"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { StatusMapping } from "@casewire/core/StatusMapping"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, historyOf, jobs, layer as rehearsal, theCase, work } from "./Rehearsal.ts"

const layer = Layer.mergeAll(StatusMapping.layer, CaseMapping.layer).pipe(
  Layer.provideMerge(Mappings.layer),
  Layer.provideMerge(rehearsal)
)

/** A connected firm whose CRM lists two statuses. */
const start = Effect.fnUntraced(function* () {
  yield* connected()
  const crm = yield* FakeCrm
  crm.catalog = {
    caseTypes: [{ externalId: "7", name: "Injury" }],
    statuses: [
      { name: "New", raw: "New" },
      { name: "Signed", raw: "** Signed **" }
    ],
    fields: []
  }
  const mappings = yield* Mappings
  yield* mappings.refresh(firmId, connectionId)
  return { crm }
})

const link = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  const caseTypeLinks = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Injury" }]
  yield* connections.update(firmId, connectionId, (value) => ({ ...value, caseTypeLinks }))
})

describe("statuses of a linked case type", () => {
  const decisions = {
    links: [
      { platform: "Retained", crm: "Signed", direction: "both" as const },
      { platform: "Retained", crm: "Signed by hand", direction: "from-crm" as const }
    ],
    terminal: ["Closed"]
  }
  const statusOf = Effect.map(theCase, ({ status }) => status)

  it.effect("come in by their link and go out by it, and the echo does nothing", () =>
    Effect.gen(function* () {
      const { crm } = yield* start()
      yield* link
      const statuses = yield* StatusMapping
      yield* statuses.save(firmId, connectionId, "7", decisions, "Ana")
      yield* deliver({})
      yield* work()
      const outbox = yield* Outbox
      const { id: caseId } = yield* theCase
      yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "1", caseId, status: "Retained" })
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Signed")
      assert.deepStrictEqual(yield* statusOf, {
        platform: "Retained",
        basePlatform: "Retained",
        baseCrm: "Signed",
        seenCrm: "Signed"
      })
      yield* deliver({ Stage: "Signed" })
      yield* work()
      assert.lengthOf(
        crm.calls.filter((call) => call === "setStatus"),
        1
      )
      crm.leads.get("42")!.status = "New"
      yield* deliver({ Stage: "New" })
      yield* work()
      crm.leads.get("42")!.status = "Signed by hand"
      yield* deliver({ Stage: "Signed by hand" })
      yield* work()
      assert.deepStrictEqual((yield* statusOf).platform, "Retained")
      const history = yield* historyOf(yield* theCase)
      assert.deepStrictEqual(
        history.filter(([kind]) => kind === "status-applied").map(([, before, after]) => [before, after]),
        [
          [null, "New"],
          ["Retained", "New"],
          ["New", "Retained"]
        ]
      )
      assert.lengthOf(
        crm.calls.filter((call) => call === "setStatus"),
        1
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("are no news where a webhook says in the CRM's words what the case has", () =>
    Effect.gen(function* () {
      const { crm } = yield* start()
      yield* link
      yield* (yield* StatusMapping).save(firmId, connectionId, "7", decisions, "Ana")
      crm.leads.get("42")!.status = "Signed"
      yield* deliver({ Stage: "Signed" })
      yield* work()
      yield* deliver({ Stage: "Signed" })
      yield* deliver({ Stage: "Signed by hand" })
      yield* work()
      const history = yield* historyOf(yield* theCase)
      assert.deepStrictEqual(
        history.filter(([kind]) => kind === "status-reported"),
        []
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("where both sides move at once the CRM wins, in the platform's words", () =>
    Effect.gen(function* () {
      const { crm } = yield* start()
      yield* link
      yield* (yield* StatusMapping).save(firmId, connectionId, "7", decisions, "Ana")
      yield* deliver({})
      yield* work()
      const outbox = yield* Outbox
      const { id: caseId } = yield* theCase
      crm.leads.get("42")!.status = "Signed"
      yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "1", caseId, status: "Closed" })
      yield* work()
      assert.strictEqual((yield* statusOf).platform, "Retained")
      assert.deepStrictEqual(
        crm.calls.filter((call) => call === "setStatus"),
        []
      )
      const conflicts = yield* (yield* CaseStore).conflicts(firmId, { limit: 10 })
      assert.deepStrictEqual(
        conflicts.map(({ after, before, kind }) => [kind, before, after]),
        [["status-superseded", "Closed", "Retained"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("without a link are pushed by their own name", () =>
    Effect.gen(function* () {
      const { crm } = yield* start()
      yield* link
      yield* (yield* StatusMapping).save(firmId, connectionId, "7", decisions, "Ana")
      yield* deliver({})
      yield* work()
      const outbox = yield* Outbox
      const { id: caseId } = yield* theCase
      yield* outbox.accept(firmId, { _tag: "StatusChanged", eventId: "1", caseId, status: "Referred" })
      yield* work()
      assert.strictEqual(crm.leads.get("42")!.status, "Referred")
      assert.deepStrictEqual(
        (yield* jobs).filter(({ state }) => state !== "done"),
        []
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("that nobody knew are added when a read brings them, and are visible", () =>
    Effect.gen(function* () {
      const { crm } = yield* start()
      yield* link
      crm.leads.get("42")!.status = "Brand new"
      yield* deliver({ Stage: "Brand new" })
      yield* work()
      const { platform } = yield* (yield* StatusMapping).get(firmId, connectionId, "7")
      assert.deepStrictEqual(
        platform.map(({ isListed, name, origin }) => [name, origin, isListed]),
        [["Brand new", "crm", false]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("of a case type that is not linked are learnt by nobody", () =>
    Effect.gen(function* () {
      yield* start()
      yield* deliver({})
      yield* work()
      const { platform } = yield* (yield* StatusMapping).get(firmId, connectionId, "7")
      assert.deepStrictEqual(platform, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("are terminal where the firm marked them, by the case type's id or name", () =>
    Effect.gen(function* () {
      yield* start()
      yield* link
      yield* (yield* StatusMapping).save(firmId, connectionId, "7", { ...decisions, terminal: ["Retained"] }, "Ana")
      const mapping = yield* CaseMapping
      const connection = yield* (yield* ConnectionStore).get(firmId, connectionId)
      assert.isTrue(yield* mapping.isTerminal(connection, { externalId: "7", name: "Injury" }, "retained"))
      assert.isTrue(yield* mapping.isTerminal(connection, { name: "injury" }, "Retained"))
      assert.isFalse(yield* mapping.isTerminal(connection, { externalId: "7", name: "Injury" }, "New"))
      assert.isFalse(yield* mapping.isTerminal(connection, { externalId: "9", name: "Other" }, "Retained"))
    }).pipe(Effect.provide(layer))
  )

  it.effect("are refused where one would be two things", () =>
    Effect.gen(function* () {
      yield* start()
      const links = [...decisions.links, { platform: "Lost", crm: "Signed", direction: "both" as const }]
      const statuses = yield* StatusMapping
      const refused = yield* Effect.flip(statuses.save(firmId, connectionId, "7", { links, terminal: [] }, "Ana"))
      assert.deepStrictEqual(refused._tag === "MappingInvalid" ? refused.errors : [], [
        { field: "links[2].crm", code: "repeated" }
      ])
    }).pipe(Effect.provide(layer))
  )
})

describe("the outgoing case types", () => {
  it.effect("are selected by id or name, and the limit can be lifted", () =>
    Effect.gen(function* () {
      yield* start()
      const statuses = yield* StatusMapping
      const limited = yield* statuses.selectOutgoing(firmId, connectionId, ["7", "Mesh"])
      assert.deepStrictEqual(limited.outgoingCaseTypes, ["Injury", "Mesh"])
      const lifted = yield* statuses.selectOutgoing(firmId, connectionId, null)
      assert.isFalse("outgoingCaseTypes" in lifted)
      const refused = yield* Effect.flip(statuses.selectOutgoing(firmId, connectionId, [" "]))
      assert.strictEqual(refused._tag, "MappingInvalid")
    }).pipe(Effect.provide(layer))
  )
})
