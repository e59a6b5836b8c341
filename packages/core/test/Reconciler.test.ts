import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Setup } from "@casewire/core/Setup"
import { Worker } from "@casewire/core/Worker"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, historyOf, jobs, layer, theCase, work } from "./Rehearsal.ts"

describe("taking in what the CRM says", () => {
  it.effect("shows a new lead from its webhook alone, then lets the read decide", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      crm.leads.get("42")!.status = "Signed"
      crm.faults.push({ on: "read", how: "before" })
      yield* deliver({ Stage: "Sent" })
      const worker = yield* Worker
      yield* worker.runOnce
      const reported = yield* theCase
      assert.deepStrictEqual(
        [reported.standing, reported.status.platform, reported.reported?.status.name],
        ["provisional", null, "Sent"]
      )
      yield* work(3, 2000)
      const verified = yield* theCase
      assert.deepStrictEqual(
        [verified.standing, verified.status.platform, verified.reported, verified.dirtySince],
        ["verified", "Signed", null, null]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets no late or repeated payload pull a status back, whatever its order", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      for (const status of ["Sent", "Signed", "Converted"]) {
        crm.leads.get("42")!.status = status
        yield* deliver({ Stage: status })
        yield* work()
      }
      for (const status of ["Converted", "Sent", "Sent", "Signed", "New"]) yield* deliver({ Stage: status })
      yield* work()
      const settled = yield* theCase
      assert.deepStrictEqual([settled.status.platform, settled.reported], ["Converted", null])
      const applied = (yield* historyOf(settled)).filter(([kind]) => kind === "status-applied")
      assert.deepStrictEqual(
        applied.map(([, , after]) => after),
        ["Sent", "Signed", "Converted"]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("reads a case once for many receipts that came together", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      for (let copy = 0; copy < 8; copy++) yield* deliver({ Stage: "Sent" })
      yield* work()
      assert.strictEqual(crm.calls.filter((call) => call === "read").length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("never changes a verified client by a payload", () =>
    Effect.gen(function* () {
      yield* connected()
      const cases = yield* CaseStore
      const crm = yield* FakeCrm
      yield* deliver({})
      yield* work()
      crm.faults.push({ on: "read", how: "before" })
      yield* deliver({ "Full Name": "Mallory" })
      const worker = yield* Worker
      yield* worker.runOnce
      const { clientId } = yield* theCase
      assert.strictEqual(Option.getOrThrow(yield* cases.client(firmId, clientId)).fullName, "Ana Lee")
    }).pipe(Effect.provide(layer))
  )

  it.effect("quarantines a case that only payloads know, and marks one that is gone as missing", () =>
    Effect.gen(function* () {
      yield* connected()
      const cases = yield* CaseStore
      const crm = yield* FakeCrm
      yield* deliver({ "Record ID": "777" })
      yield* work()
      const forged = yield* cases.findExternal(firmId, connectionId, ExternalCaseId.make("777"))
      assert.strictEqual(Option.getOrThrow(forged).standing, "quarantined")
      yield* deliver({})
      yield* work()
      crm.leads.delete("42")
      yield* deliver({})
      yield* work()
      const gone = yield* theCase
      assert.deepStrictEqual([gone.standing, gone.status.platform], ["missing", "New"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets a report count, marked unverified, once the CRM was unreachable for ten minutes", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      yield* deliver({})
      yield* work()
      for (let fault = 0; fault < 200; fault++) crm.faults.push({ on: "read", how: "before" })
      yield* deliver({ Stage: "Signed" })
      yield* work(9, 60_000)
      assert.strictEqual((yield* theCase).status.platform, "New")
      yield* work(10, 60_000)
      const counted = yield* theCase
      assert.deepStrictEqual([counted.status.platform, counted.standing], ["Signed", "unverified"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets a report that counted give way to the first read, also while status sync is off", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      const setup = yield* Setup
      yield* deliver({})
      yield* work()
      for (let fault = 0; fault < 200; fault++) crm.faults.push({ on: "read", how: "before" })
      yield* deliver({ Stage: "Signed" })
      yield* work(20, 60_000)
      assert.strictEqual((yield* theCase).status.platform, "Signed")
      // Staff took it back meanwhile: the read finds what the sides were settled on, and nothing will move it later.
      crm.faults.length = 0
      const { toggles } = yield* (yield* ConnectionStore).get(firmId, connectionId)
      yield* setup.setToggles(firmId, connectionId, { ...toggles, syncStatuses: false })
      yield* work(20, 60_000)
      yield* setup.setToggles(firmId, connectionId, toggles)
      yield* work()
      const { standing, status } = yield* theCase
      assert.deepStrictEqual([standing, status.platform, status.basePlatform], ["verified", "New", "New"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes no outbound work of what came in", () =>
    Effect.gen(function* () {
      yield* connected()
      const crm = yield* FakeCrm
      for (const status of ["Sent", "Signed"]) {
        crm.leads.get("42")!.status = status
        yield* deliver({ Stage: status })
        yield* work()
      }
      assert.deepStrictEqual(
        (yield* jobs).filter(({ work: kind }) => kind === "PushStatus" || kind === "AddNote"),
        []
      )
      assert.notInclude(crm.calls, "setStatus")
    }).pipe(Effect.provide(layer))
  )

  it.effect("keeps local edits waiting while the outbound half is off, and baselines still", () =>
    Effect.gen(function* () {
      yield* connected({ send: false })
      const crm = yield* FakeCrm
      const outbox = yield* Outbox
      yield* deliver({})
      yield* work()
      const { id } = yield* theCase
      const answer = yield* outbox.accept(firmId, {
        _tag: "StatusChanged",
        eventId: "e1",
        caseId: id,
        status: "Signed"
      })
      assert.strictEqual(answer._tag, "Held")
      crm.leads.get("42")!.status = "Lost"
      yield* deliver({ Stage: "Lost" })
      yield* work()
      const waiting = yield* theCase
      assert.deepStrictEqual(waiting.status, {
        platform: "Signed",
        basePlatform: "New",
        baseCrm: "New",
        seenCrm: "Lost"
      })
      assert.notInclude(crm.calls, "setStatus")
    }).pipe(Effect.provide(layer))
  )

  it.effect("pulls what changed by marking cases for their own lane, and skips what is known", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const crm = yield* FakeCrm
      const connections = yield* ConnectionStore
      const poller = yield* Poller
      yield* poller.request(connection)
      yield* work()
      assert.strictEqual((yield* theCase).standing, "verified")
      assert.strictEqual((yield* connections.get(firmId, connectionId)).cursor, "next")
      const reads = crm.calls.length
      yield* poller.request(connection)
      yield* work()
      assert.strictEqual(crm.calls.length, reads)
    }).pipe(Effect.provide(layer))
  )
})

describe("intake and its switches", () => {
  it.effect("keeps only key names and the record's id while Receive is off, and reads the lead when it goes on", () =>
    Effect.gen(function* () {
      const connection = yield* connected({ receive: false })
      const setup = yield* Setup
      const storage = yield* Storage
      const answer = yield* deliver({})
      assert.deepStrictEqual(answer.disposition, { _tag: "Ignored", reason: "receive-disabled" })
      const receipt = Option.getOrThrow(yield* storage.receipt(firmId, answer.receiptId))
      assert.strictEqual(receipt.externalCaseId, "42")
      assert.deepStrictEqual(JSON.parse(receipt.body).names, ["Record ID", "Stage", "Full Name"])
      yield* setup.setToggles(firmId, connectionId, { ...connection.toggles, receive: true })
      yield* work()
      assert.strictEqual((yield* theCase).standing, "verified")
    }).pipe(Effect.provide(layer))
  )

  it.effect("judges a refused receipt again by the present alias table", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const connections = yield* ConnectionStore
      const inbox = yield* Inbox
      const setup = yield* Setup
      const delivery = {
        mediaType: "application/x-www-form-urlencoded",
        body: "Record+ID=42&StageNo=New&Full+Name=Ana",
        query: [],
        headerNames: []
      }
      const refused = yield* inbox.accept(connection, delivery)
      assert.deepStrictEqual(refused.errors, [{ field: "Stage", code: "missing" }])
      yield* setup.setAliases(firmId, connectionId, { Stage: ["StageNo"] })
      const replayed = yield* inbox.replay(firmId, refused.receiptId)
      assert.deepStrictEqual([replayed.disposition._tag, replayed.errors], ["Accepted", []])
      yield* work()
      assert.strictEqual((yield* theCase).status.platform, "New")
      assert.deepStrictEqual((yield* connections.get(firmId, connectionId)).aliases, { Stage: ["StageNo"] })
    }).pipe(Effect.provide(layer))
  )

  it.effect("reads the lead when a replayed receipt is still incomplete but names its record", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const inbox = yield* Inbox
      const refused = yield* inbox.accept(connection, {
        mediaType: "application/json",
        body: '{"Record ID":42}',
        query: [],
        headerNames: []
      })
      assert.strictEqual(refused.disposition._tag, "Refused")
      assert.strictEqual((yield* inbox.replay(firmId, refused.receiptId)).disposition._tag, "Accepted")
      yield* work()
      assert.strictEqual((yield* theCase).status.platform, "New")
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes no job of a test and none of a refused body", () =>
    Effect.gen(function* () {
      const connection = yield* connected()
      const inbox = yield* Inbox
      const queue = yield* Queue
      const token = "{{default95}}-x"
      const test = yield* deliver({ "Record ID": token, Stage: token, "Full Name": token })
      assert.strictEqual(test.disposition._tag, "Test")
      const broken = yield* inbox.accept(connection, {
        mediaType: "application/json",
        body: '{"a":',
        query: [],
        headerNames: []
      })
      assert.deepStrictEqual(broken.disposition, { _tag: "Refused", status: 400, problem: "body-structure" })
      assert.deepStrictEqual(yield* queue.find(firmId, {}), [])
    }).pipe(Effect.provide(layer))
  )
})
