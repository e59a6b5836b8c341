/** Pulling on schedule and on demand, and the nightly sweep. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Priority } from "@casewire/core/domain/Job"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer, work } from "./Rehearsal.ts"

const theConnection = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  return yield* connections.get(firmId, connectionId).pipe(Effect.orDie)
})

const lead = (externalId: string, change: object = {}) => ({
  status: "New",
  fullName: `Client ${externalId}`,
  contactId: `c-${externalId}`,
  updatedAt: 1,
  notes: [],
  documents: [],
  ...change
})

const standingOf = Effect.fnUntraced(function* (externalId: string) {
  const cases = yield* CaseStore
  const found = yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make(externalId))
  return found._tag === "Some" ? found.value : undefined
})

const pull = Effect.gen(function* () {
  const poller = yield* Poller
  yield* poller.request(yield* theConnection)
  yield* work(2, 10_000)
})

const sweep = Effect.gen(function* () {
  const poller = yield* Poller
  yield* poller.requestSweep(yield* theConnection)
  yield* work(2, 10_000)
})

/** A firm whose cases are all known. */
const withLeads = Effect.fnUntraced(function* (count: number) {
  yield* TestClock.setTime(Date.UTC(2026, 10, 1, 12))
  yield* connected()
  const crm = yield* FakeCrm
  crm.leads.clear()
  const now = Date.UTC(2026, 10, 1, 11)
  for (let id = 100; id < 100 + count; id++) crm.leads.set(`${id}`, lead(`${id}`, { updatedAt: now }))
  yield* pull
  crm.calls.length = 0
  return crm
})

describe("a pull", () => {
  it.effect("reads cases first, then pulls notes, then documents, of matched cases only", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* pull
      const done = (yield* jobs).filter(({ state }) => state === "done").map((job) => job.work)
      assert.deepStrictEqual(done, ["Pull", "PullNotes", "PullDocuments", "ReadCase"])
      assert.isNotNull((yield* standingOf("42"))?.verifiedAt)
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes no notes and no documents for a case that only a webhook has named so far", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      for (let time = 0; time < 3; time++) crm.faults.push({ on: "read", how: "before" })
      yield* deliver({})
      yield* work()
      assert.strictEqual((yield* standingOf("42"))?.standing, "provisional")
      yield* pull
      assert.notInclude(crm.calls, "list")
      yield* work(6, 60_000)
      assert.strictEqual((yield* standingOf("42"))?.standing, "verified")
      assert.include(crm.calls, "list")
    }).pipe(Effect.provide(layer))
  )

  it.effect("of a lead that the CRM does not know by its id takes no notes and no documents", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const poller = yield* Poller
      yield* poller.request(yield* theConnection)
      crm.faults.push({ on: "read", how: "before" })
      yield* work()
      assert.notInclude(crm.calls, "list")
      crm.leads.delete("42")
      yield* work(8, 600_000)
      assert.deepStrictEqual(
        (yield* jobs).filter((job) => job.work.startsWith("Pull")).map(({ reason, state }) => [state, reason]),
        [
          ["done", null],
          ["skipped", "case-not-matched"],
          ["skipped", "case-not-matched"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("shows how far it is: pages and cases, and when it ended; then the last integration sync is now", () =>
    Effect.gen(function* () {
      yield* withLeads(5)
      const { health, pull: progress } = yield* theConnection
      assert.deepInclude(progress, { pages: 1, cases: 5 })
      assert.isNotNull(progress?.endedAt)
      assert.isAtLeast(health.lastSync ?? 0, progress!.endedAt!)
    }).pipe(Effect.provide(layer))
  )

  it.effect("asked for twice is one, and a person's goes before what waits", () =>
    Effect.gen(function* () {
      yield* connected()
      const poller = yield* Poller
      const queue = yield* Queue
      const first = yield* poller.request(yield* theConnection, Priority.person)
      assert.strictEqual(yield* poller.request(yield* theConnection), first)
      assert.deepStrictEqual(
        (yield* queue.find(firmId, {})).map(({ id, priority }) => [id, priority]),
        [[first, 0]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("is asked for every fifteen minutes, and not while Receive is off", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 1, 12, 1))
      yield* connected()
      const poller = yield* Poller
      const pulls = Effect.map(jobs, (all) => all.filter((job) => job.work === "Pull").length)
      for (const [minutes, expected] of [
        [0, 1],
        [5, 1],
        [10, 2],
        [15, 3]
      ] as const) {
        yield* TestClock.adjust(`${minutes} minutes`)
        yield* poller.schedule
        yield* work()
        assert.strictEqual(yield* pulls, expected, `${minutes} minutes later`)
      }
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({
        ...value,
        toggles: { ...value.toggles, receive: false }
      }))
      yield* TestClock.adjust("1 hour")
      yield* poller.schedule
      assert.strictEqual(yield* pulls, 3)
    }).pipe(Effect.provide(layer))
  )
})

describe("a sweep", () => {
  it.effect("heals what no webhook and no pull brought, and reads nothing else again", () =>
    Effect.gen(function* () {
      const crm = yield* withLeads(100)
      const changed = crm.leads.get("117")!
      changed.status = "Signed"
      changed.updatedAt += 60_000
      yield* sweep
      assert.strictEqual((yield* standingOf("117"))?.status.platform, "Signed")
      assert.deepStrictEqual(crm.calls, ["read"])
      assert.deepInclude((yield* theConnection).sweep, { cases: 100, changed: 1, absent: 0, alarm: false })
    }).pipe(Effect.provide(layer))
  )

  it.effect("marks a case missing only after its read by id found nothing, and never deletes it", () =>
    Effect.gen(function* () {
      const crm = yield* withLeads(100)
      crm.leads.delete("117")
      yield* sweep
      assert.deepInclude((yield* theConnection).sweep, { absent: 1, alarm: false })
      assert.strictEqual((yield* standingOf("117"))?.standing, "missing")
      assert.include(crm.calls, "read")
    }).pipe(Effect.provide(layer))
  )

  it.effect("marks nothing that is only absent from the list", () =>
    Effect.gen(function* () {
      const crm = yield* withLeads(100)
      crm.unlisted.add("117")
      yield* sweep
      assert.deepInclude((yield* theConnection).sweep, { absent: 1 })
      assert.strictEqual((yield* standingOf("117"))?.standing, "verified")
    }).pipe(Effect.provide(layer))
  )

  it.effect("alarms where more than 2 % are absent, and concludes nothing from such a list", () =>
    Effect.gen(function* () {
      const crm = yield* withLeads(100)
      for (const id of ["117", "118", "119"]) crm.leads.delete(id)
      yield* sweep
      assert.deepInclude((yield* theConnection).sweep, { absent: 3, alarm: true })
      assert.strictEqual((yield* standingOf("117"))?.standing, "verified")
      assert.notInclude(crm.calls, "read")
    }).pipe(Effect.provide(layer))
  )

  it.effect("runs in the CRM's night, once a night, and a missed night is made up for", () =>
    Effect.gen(function* () {
      // 3 o'clock in New York is 8 o'clock UTC in winter.
      yield* TestClock.setTime(Date.UTC(2026, 10, 10, 0))
      yield* connected()
      const connections = yield* ConnectionStore
      const poller = yield* Poller
      yield* connections.update(firmId, connectionId, (value) => ({ ...value, createdAt: Date.UTC(2026, 10, 9, 12) }))
      const starts: Array<string> = []
      for (let hour = 0; hour < 60; hour++) {
        if (hour < 30 || hour > 50) yield* poller.schedule
        yield* work()
        const { sweep: report } = yield* theConnection
        const start = report === undefined ? "" : new Date(report.startedAt).toISOString().slice(0, 13)
        if (start !== "" && starts.at(-1) !== start) starts.push(start)
        yield* TestClock.adjust("1 hour")
      }
      assert.deepStrictEqual(starts, ["2026-11-10T08", "2026-11-12T03"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("obeys the switches: none while Receive is off", () =>
    Effect.gen(function* () {
      const crm = yield* withLeads(3)
      yield* sweep
      const connections = yield* ConnectionStore
      yield* connections.update(firmId, connectionId, (value) => ({
        ...value,
        toggles: { ...value.toggles, receive: false }
      }))
      crm.leads.get("100")!.updatedAt += 60_000
      yield* sweep
      assert.deepStrictEqual(
        (yield* jobs).filter((job) => job.work === "Sweep").map(({ state }) => state),
        ["done", "held"]
      )
      assert.notInclude(crm.calls, "read")
    }).pipe(Effect.provide(layer))
  )
})
