/**
 * What it costs a firm's call budget to stay up to date, counted in the sandbox: the host's whole core over SQLite,
 * against a real sandbox. The core's clock is the test's, so that a minute of webhooks takes a moment.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import { CrmConnections } from "@casewire/core/CrmConnections"
import { FirmId } from "@casewire/core/domain/Ids"
import { Inbox } from "@casewire/core/Inbox"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm } from "@casewire/core/ports/Crm"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Projection } from "@casewire/core/Projection"
import { Setup } from "@casewire/core/Setup"
import { Worker } from "@casewire/core/Worker"
import { demoPortal, serve } from "@casewire/lawruler-sandbox"
import { layerCore } from "../src/Host.ts"
import { settings } from "../src/Settings.ts"

const firmId = FirmId.make("count")

/** Lets a program with real requests in it run to its end while the core's clock goes on. */
const drive = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(program)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust(1)
      yield* TestClock.withLive(Effect.sleep(1))
    }
    return yield* Fiber.join(fiber)
  })

const work = Effect.gen(function* () {
  const worker = yield* Worker
  while ((yield* drive(worker.runOnce)) > 0);
})

const world = Effect.gen(function* () {
  // The sandbox goes by the same clock.
  yield* TestClock.setTime(yield* TestClock.withLive(Clock.currentTimeMillis))
  const { url } = yield* serve({ port: 0 })
  const admin = (method: string, path: string, body?: unknown): Effect.Effect<any> =>
    Effect.promise(async () => {
      const response = await fetch(`${url}/_sandbox/portals/${demoPortal.root}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
      })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return response.json()
    })
  yield* admin("POST", "/settings", { rateLimit: null })
  const calls = Effect.map(admin("GET", "/state"), (state) =>
    state.calls.map(({ operation }: { operation: string }) => operation as string)
  ) as Effect.Effect<ReadonlyArray<string>>
  return { url, admin, calls }
})

const connected = (callLimit: number) =>
  Effect.gen(function* () {
    const connections = yield* ConnectionStore
    const setup = yield* Setup
    yield* connections.saveFirm({ id: firmId, name: "Count", createdAt: 0 })
    const { clientSecret, key, password, root, username } = demoPortal
    const values = { username, password, clientRoot: root, clientSecret, key }
    const made = yield* setup.connect(firmId, { plugin: "law-ruler", name: "Harbor", sandbox: true, callLimit, values })
    yield* drive(Stream.runDrain(setup.verify(firmId, made.id)))
    const toggles = { enabled: true, receive: true, send: true, sendFields: true, sendMessages: true }
    yield* setup.setToggles(firmId, made.id, { ...toggles, sendCalls: true, sendDocuments: true, syncStatuses: true })
    return yield* connections.get(firmId, made.id)
  })

/** Runs a program over the whole core. */
const onCore = <A, E>(url: string, program: Effect.Effect<A, E, any>): Effect.Effect<A, unknown> =>
  Effect.gen(function* () {
    const data = mkdtempSync(join(tmpdir(), "casewire-count-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(data, { recursive: true, force: true })))
    const env = { CASEWIRE_DATA: data, CASEWIRE_SANDBOX_ORIGIN: url }
    const given = yield* Effect.provide(settings, ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
    return yield* Effect.provide(program, layerCore(given), { local: true })
  }).pipe(Effect.scoped) as Effect.Effect<A, unknown>

/** Works until nothing is left, gathered reads included. */
const finish = Effect.gen(function* () {
  for (let step = 0; step < 40; step++) {
    yield* work
    yield* TestClock.adjust(1000)
  }
  const queue = yield* Queue
  const [stats] = yield* queue.stats(firmId)
  const { queued = 0, retry = 0, sending = 0 } = stats?.byState ?? {}
  assert.strictEqual(queued + retry + sending, 0)
})

const leadBody = (leadId: number, status: string) =>
  new URLSearchParams({
    LeadID: `${leadId}`,
    CaseTypeID: "222",
    CaseType: "Harbor MVA",
    StatusID: "9",
    Status: status,
    FullName: `Client ${leadId}`,
    CreatedDate: "11/24/2026 10:22 AM",
    PrimaryContactID: `${leadId}`,
    FirstName: "Client",
    LastName: `${leadId}`
  }).toString()

const makeLeads = (admin: Effect.Success<typeof world>["admin"], copies: number) =>
  Effect.map(
    admin("POST", "/leads", {
      caseType: "Harbor MVA",
      status: "New Lead",
      firstName: "Client",
      phone: "(205) 555-0100",
      copies
    }),
    ({ leadIds }) => leadIds as ReadonlyArray<number>
  )

describe("calls to the CRM, counted in the sandbox", () => {
  it.effect(
    "for 1,000 webhooks on 1,000 leads within a minute are at most 15, and every case is right",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { admin, calls, url } = yield* world
          const leads = yield* makeLeads(admin, 1000)
          yield* onCore(
            url,
            Effect.gen(function* () {
              const cases = yield* CaseStore
              const inbox = yield* Inbox
              const connection = yield* connected(60_000)
              const before = (yield* calls).length
              for (const [index, leadId] of leads.entries()) {
                // Staff sets the status, and the webhook tells of it.
                yield* admin("POST", `/leads/${leadId}/status`, { status: "Sent e-Sign" })
                yield* inbox.accept(connection, {
                  mediaType: "application/x-www-form-urlencoded",
                  body: leadBody(leadId, "Sent e-Sign"),
                  query: [],
                  headerNames: []
                })
                yield* TestClock.adjust(60)
                if (index % 25 === 0) yield* work
              }
              yield* finish
              const made = (yield* calls).slice(before)
              assert.isAtMost(made.length, 15, made.join(" "))
              for (const leadId of leads) {
                const found = yield* cases.findExternal(firmId, connection.id, `${leadId}` as ExternalCaseId)
                const of = Option.getOrThrow(found)
                assert.deepStrictEqual([of.standing, of.status.platform], ["verified", "Sent e-Sign"])
              }
            })
          )
        })
      ),
    120_000
  )

  it.effect(
    "for a single webhook is the read of that lead at once",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { calls, url } = yield* world
          yield* onCore(
            url,
            Effect.gen(function* () {
              const inbox = yield* Inbox
              const connection = yield* connected(60_000)
              const before = (yield* calls).length
              yield* inbox.accept(connection, {
                mediaType: "application/x-www-form-urlencoded",
                body: leadBody(248199, "Sent e-Sign"),
                query: [],
                headerNames: []
              })
              // No moment passes on the clock: what is read is due at once.
              const worker = yield* Worker
              assert.strictEqual(yield* drive(worker.runOnce), 1)
              const queue = yield* Queue
              const [read] = yield* queue.find(firmId, { work: ["ReadCase"], limit: 1 })
              assert.strictEqual(read?.notBefore, read?.createdAt)
              yield* finish
              assert.deepStrictEqual((yield* calls).slice(before), ["GetLead", "GetLeadFields"])
            })
          )
        })
      ),
    60_000
  )

  it.effect(
    "for a nightly sweep over 10,000 leads with 1 % changed are at most 110",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { admin, url } = yield* world
          const leads = yield* makeLeads(admin, 10_000)
          yield* onCore(
            url,
            Effect.gen(function* () {
              const cases = yield* CaseStore
              const crms = yield* CrmConnections
              const poller = yield* Poller
              const projection = yield* Projection
              const storage = yield* Storage
              const connection = yield* connected(60_000)
              // Known as the CRM holds them now, as after a history import.
              yield* Effect.flatMap(Crm, (crm) =>
                Stream.runForEach(crm.changes(null), (page) =>
                  storage.atomically(
                    Effect.forEach(page.cases, (read) => projection.applyRead(connection, undefined, read, "known"), {
                      discard: true
                    })
                  )
                )
              ).pipe(Effect.provide(crms.get(firmId, connection.id)), drive)
              yield* TestClock.adjust("1 hour")
              const changed = leads.filter((_, index) => index % 100 === 50)
              for (const leadId of changed) yield* admin("POST", `/leads/${leadId}/status`, { status: "Sent e-Sign" })
              const before = (yield* admin("GET", "/state")).calls.at(-1)?.at ?? ""
              yield* poller.requestSweep(connection)
              yield* finish
              const made = (yield* admin("GET", "/state")).calls.filter(({ at }: { at: string }) => at > before)
              assert.isAtMost(made.length, 110, made.map(({ operation }: { operation: string }) => operation).join(" "))
              assert.isAtLeast(made.length, 100)
              for (const leadId of changed) {
                const found = yield* cases.findExternal(firmId, connection.id, `${leadId}` as ExternalCaseId)
                assert.strictEqual(Option.getOrThrow(found).status.platform, "Sent e-Sign")
              }
            })
          )
        })
      ),
    240_000
  )
})
