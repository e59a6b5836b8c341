/** The management API over real HTTP: setting up, events, receipts, jobs, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { CaseId, ClientId, ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import { unknownValue } from "@casewire/core/domain/Merge"
import { allOn, fields, firm, form, overStorage, startWorld, storageFailure, type World } from "./Harness.ts"

let world: World
const caseId = CaseId.make("case-1")
beforeAll(async () => {
  world = await startWorld()
  await world.run(
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const common = { firmId: firm, connectionId: world.connection.id, updatedAt: 1_767_603_600_000 }
      const clientId = ClientId.make("client-1")
      yield* cases.saveClient({
        ...common,
        id: clientId,
        externalId: ExternalClientId.make("77"),
        standing: "verified",
        firstName: "Ana",
        lastName: "Gómez",
        fullName: "Ana Gómez",
        email: "",
        phone: ""
      })
      yield* cases.save({
        ...common,
        id: caseId,
        externalId: ExternalCaseId.make("4711"),
        clientId,
        standing: "verified",
        name: "Ana Gómez",
        caseType: { name: "Motor Vehicle" },
        status: { ...unknownValue, platform: "Signed Up", basePlatform: "Signed Up", baseCrm: "Signed Up" },
        reported: null,
        fields: {},
        values: {},
        dirtySince: null,
        receiveNumber: 0,
        createdAt: 1_767_603_600_000,
        externalCreatedAt: null,
        externalUpdatedAt: null,
        verifiedAt: 1_767_603_600_000
      })
    })
  )
})
afterAll(() => world.stop())

const values = { clientRoot: "harbor", password: "s3cret-pass" }

describe("connections", () => {
  it("are made, shown without their secrets, and verified by named checks", async () => {
    const made = await world.call("POST", "/connections", { plugin: "acme", name: "Second", values })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      plugin: "acme",
      name: "Second",
      state: "new",
      sandbox: false,
      settings: { clientRoot: "harbor" },
      secrets: { password: { set: true } },
      webhookUrl: `${world.url}/webhooks/acme`,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
    })
    const path = `/connections/${made.body.id}`
    expect((await world.call("GET", path)).text).not.toContain("s3cret")
    const verified = await world.call("POST", `${path}/verify`)
    expect(verified.body).toMatchObject({ ok: true, state: "connected" })
    expect(verified.body.checks[0]).toMatchObject({ name: "sign-in", ok: true })
    const stream = await fetch(`${world.url}/api/v1${path}/verify`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, accept: "application/x-ndjson" }
    })
    expect(stream.headers.get("content-type")).toContain("application/x-ndjson")
    expect(
      (await stream.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).name)
    ).toEqual(["sign-in", "call-budget"])
  })

  it("take another call limit, whole and within reason, and show it with the check of the budget", async () => {
    const { id } = (await world.call("POST", "/connections", { plugin: "acme", name: "Limited", values })).body
    const path = `/connections/${id}`
    for (const callLimit of [0, -5, 100_001]) {
      const refused = await world.call("PUT", `${path}/call-limit`, { callLimit })
      expect([refused.status, refused.body.errors]).toEqual([422, [{ field: "callLimit", code: "out-of-range" }]])
    }
    for (const wrong of [{ callLimit: 1.5 }, { callLimit: "60" }, {}])
      expect((await world.call("PUT", `${path}/call-limit`, wrong)).status).toBe(422)
    expect((await world.call("PUT", `${path}/call-limit`, { callLimit: 240 })).body).toMatchObject({ callLimit: 240 })
    const { checks } = (await world.call("POST", `${path}/verify`)).body
    expect(checks.at(-1)).toMatchObject({
      name: "call-budget",
      ok: true,
      detail: "240 calls a minute, as set for this connection; 0 used, 240 left"
    })
    expect((await world.call("PUT", `${path}/call-limit`, { callLimit: null })).body).toMatchObject({ callLimit: null })
  })

  it.each([
    "acme.evil.com/",
    "evil.com#",
    "a@evil.com",
    "127.0.0.1#",
    "acme:8443",
    "../x",
    "ａcme",
    "acme%2eevil",
    "acme\t",
    "acme。evil",
    "https://acme.example",
    "x".repeat(64)
  ])("refuse the client root %j and name the field", async (clientRoot) => {
    const answer = await world.call("POST", "/connections", { plugin: "acme", values: { ...values, clientRoot } })
    expect([answer.status, answer.body.type]).toEqual([422, "/problems/connection-invalid"])
    expect(answer.body.errors).toEqual([{ field: "clientRoot", code: "not-a-subdomain-label" }])
    expect(answer.text).not.toContain(JSON.stringify(clientRoot))
  })

  it("name every other field that is wrong", async () => {
    const answer = await world.call("POST", "/connections", { plugin: "acme", values: { clientRoot: "auth", x: "1" } })
    expect(answer.body.errors).toEqual([
      { field: "clientRoot", code: "reserved" },
      { field: "password", code: "missing" },
      { field: "values", code: "unknown" }
    ])
    const unknown = await world.call("POST", "/connections", { plugin: "nothing", values })
    expect(unknown.body.errors).toEqual([{ field: "plugin", code: "unknown" }])
  })

  it("issue a webhook token whose URL works at once", async () => {
    const issued = await world.call("POST", `/connections/${world.connection.id}/webhook-token`, { overlapDays: 30 })
    expect(issued.status).toBe(201)
    expect(issued.body.url).toBe(`${world.url}/webhooks/acme?token=${issued.body.token}`)
    const answer = await fetch(issued.body.url, {
      method: "POST",
      body: form(),
      headers: { "content-type": "application/x-www-form-urlencoded" }
    })
    expect(answer.status).toBe(200)
    const tooLong = await world.call("POST", `/connections/${world.connection.id}/webhook-token`, { overlapDays: 31 })
    expect([tooLong.status, tooLong.body.errors]).toEqual([422, [{ field: "overlapDays", code: "invalid" }]])
  })

  it("keep toggles, links and aliases, and refuse what cannot be meant", async () => {
    const path = `/connections/${world.connection.id}`
    expect((await world.call("PUT", `${path}/toggles`, allOn)).body.toggles).toEqual(allOn)
    const half = await world.call("PUT", `${path}/toggles`, { enabled: true })
    expect(half.status).toBe(422)
    expect(half.body.errors).toContainEqual({ field: "receive", code: "missing" })
    const link = { crmCaseType: { name: "Motor Vehicle" }, platformCaseType: "Auto" }
    expect((await world.call("PUT", `${path}/case-type-links`, { links: [link] })).body).toEqual({ links: [link] })
    const twice = await world.call("PUT", `${path}/case-type-links`, { links: [link, link] })
    expect([twice.status, twice.body.type]).toEqual([422, "/problems/links-invalid"])
    const types = await world.call("GET", `${path}/case-types`)
    expect(types.body.caseTypes.map((type: { linked: boolean }) => type.linked)).toEqual([true, false])
    expect((await world.call("GET", `${path}/catalog`)).body.statuses).toHaveLength(1)
    const aliases = { "Lead ID": ["File No"] }
    expect((await world.call("PUT", `${path}/aliases`, { aliases })).body).toEqual({ aliases })
    const taken = await world.call("PUT", `${path}/aliases`, { aliases: { Status: ["leadnumber"] } })
    expect([taken.status, taken.body.errors]).toEqual([422, [{ field: "Status", code: "key-means-another-field" }]])
  })

  it("show who turned which switch on or off, and when, the newest first", async () => {
    const { body: made } = await world.call("POST", "/connections", { plugin: "acme", name: "Switched", values })
    const path = `/connections/${made.id}/toggles`
    expect((await world.call("GET", `${path}/history`)).body).toEqual({ changes: [] })
    await world.call("PUT", path, allOn)
    await world.call("PUT", path, allOn)
    const paused = { ...allOn, receive: false, syncStatuses: false }
    await world.call("PUT", path, paused)
    const { body } = await world.call("GET", `${path}/history`)
    expect(body.changes).toMatchObject([
      { by: "test", turnedOn: [], turnedOff: ["receive", "syncStatuses"], toggles: paused },
      { by: "test", turnedOn: Object.keys(allOn), turnedOff: [], toggles: allOn }
    ])
    expect(Date.parse(body.changes[0].at)).toBeGreaterThanOrEqual(Date.parse(body.changes[1].at))
    expect((await world.call("GET", `${path}/history?limit=1`)).body.changes).toEqual([body.changes[0]])
  })

  it("preview the decisions", async () => {
    const path = `/connections/${world.connection.id}`
    const value = { platform: "A", basePlatform: "A", baseCrm: "A", seenCrm: null }
    const merge = await world.call("POST", `${path}/merge-preview`, { value, read: "B", target: "C" })
    expect(merge.body).toMatchObject({ verdict: "apply", effective: true, superseded: "C" })
    const off = await world.call("POST", `${path}/toggles/preview`, { ...allOn, send: false })
    expect(off.body).toMatchObject({
      webhooks: { verdict: "accept" },
      outbound: { message: { verdict: "drop", reason: '"Send data" is off' }, status: { verdict: "hold" } },
      statusInboundEffective: true,
      statusOutboundEffective: false
    })
  })
})

describe("events", () => {
  const message = {
    type: "message_sent",
    eventId: "m-1",
    caseId,
    channel: "sms",
    direction: "outbound",
    text: "Hello",
    sentAt: "2026-01-05T09:00:00Z"
  }

  it("become jobs, once for each id", async () => {
    const first = await world.call("POST", "/events", message)
    expect([first.status, first.body.result]).toEqual([202, "queued"])
    const again = await world.call("POST", "/events", message)
    expect(again.body).toEqual({ result: "known", jobId: first.body.jobId, reason: null })
    const job = await world.call("GET", `/jobs/${first.body.jobId}`)
    expect(job.body).toMatchObject({ work: "add-note", state: "queued", parts: 1, about: { eventId: "m-1" } })
    expect(job.body.texts[0]).toContain("Hello")
    const resolved = await world.call("POST", "/jobs/resolve", {
      ids: [first.body.jobId],
      verb: "hold",
      reason: "not now"
    })
    expect(resolved.body.changed).toEqual([first.body.jobId])
    const held = await world.call("GET", "/jobs?states=held&states=dead&work=add-note")
    expect(held.body.jobs.map((found: { id: string }) => found.id)).toEqual([first.body.jobId])
  })

  it("may take their id from the idempotency key, which must then agree", async () => {
    const send = (key: string, body: object) =>
      fetch(`${world.url}/api/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${world.api}`, "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(body)
      })
    const { eventId: _, ...anonymous } = message
    expect((await send("key-1", anonymous)).status).toBe(202)
    expect((await send("key-1", { ...message, eventId: "other" })).status).toBe(400)
    const none = await world.call("POST", "/events", anonymous)
    expect([none.status, none.body.errors]).toEqual([422, [{ field: "eventId", code: "missing" }]])
  })

  it("hold a status while its sync is off, and drop a message", async () => {
    await world.call("PUT", `/connections/${world.connection.id}/toggles`, { ...allOn, send: false })
    const status = { type: "status_changed", eventId: "s-1", caseId, status: "Retained" }
    expect((await world.call("POST", "/events", status)).body).toMatchObject({ result: "held" })
    expect((await world.call("POST", "/events", { ...message, eventId: "m-2" })).body).toMatchObject({
      result: "dropped",
      jobId: null
    })
    const shown = await world.call("GET", `/cases/${caseId}`)
    expect(shown.body.status).toMatchObject({ value: "Retained", state: "pending push", reported: null })
    expect(shown.body.client).toMatchObject({ fullName: "Ana Gómez" })
    const history = await world.call("GET", `/cases/${caseId}/history`)
    expect(history.body.events.at(-1)).toMatchObject({ kind: "status-edited", before: "Signed Up", after: "Retained" })
    await world.call("PUT", `/connections/${world.connection.id}/toggles`, allOn)
  })

  it("of an unknown case, or that do not fit, are refused without quoting them", async () => {
    expect((await world.call("POST", "/events", { ...message, caseId: "nothing" })).status).toBe(404)
    const wrong = await world.call("POST", "/events", { ...message, channel: "secret-channel", sentAt: "yesterday" })
    expect([wrong.status, wrong.body.type]).toEqual([422, "/problems/request-invalid"])
    expect(wrong.text).not.toMatch(/secret-channel|yesterday/)
    const broken = await fetch(`${world.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, "content-type": "application/json" },
      body: "{"
    })
    expect([broken.status, await broken.json()]).toMatchObject([400, { type: "/problems/request-malformed" }])
    const plain = await fetch(`${world.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, "content-type": "text/x-secret" },
      body: "{}"
    })
    expect(plain.status).toBe(415)
    expect(await plain.text()).not.toContain("secret")
  })
})

describe("receipts", () => {
  it("are listed without bodies, shown with them, and replayed by the present alias table", async () => {
    const { Status: status, ...rest } = fields
    const sent = { ...rest, StageName: status }
    const refused = await world.post(form(sent), { "content-type": "application/x-www-form-urlencoded" })
    expect(refused.status).toBe(422)
    const list = await world.call("GET", `/receipts?disposition=refused&connectionId=${world.connection.id}`)
    expect(list.body.receipts[0]).toMatchObject({
      disposition: "refused",
      reason: "webhook-fields-invalid",
      status: 422,
      errors: [{ field: "Status", code: "missing" }]
    })
    expect(list.text).not.toContain("StageName")
    const { id } = list.body.receipts[0]
    expect((await world.call("GET", `/receipts/${id}`)).body.body).toContain("StageName")
    await world.call("PUT", `/connections/${world.connection.id}/aliases`, { aliases: { Status: ["StageName"] } })
    const replayed = await world.call("POST", `/receipts/${id}/replay`)
    expect(replayed.body).toMatchObject({ receiptId: id, disposition: "accepted", errors: [] })
    expect((await world.call("GET", `/receipts/${id}`)).body.replayedAt).toEqual(expect.any(String))
  })
})

it("shows health, plugins, cases and conflicts", async () => {
  const health = await world.call("GET", "/health")
  const mine = health.body.connections.find((found: { name: string }) => found.name === "Harbor")
  expect(mine).toMatchObject({ state: "new", queue: { blockedLanes: 0 } })
  expect((await world.call("GET", "/plugins")).body.plugins.map((plugin: { id: string }) => plugin.id)).toEqual([
    "acme",
    "other"
  ])
  expect((await world.call("GET", "/cases?dirty=false&limit=10")).body.cases).toHaveLength(1)
  for (const [text, count] of [
    ["gomez", 1],
    ["4711", 1],
    ["nobody", 0]
  ] as const)
    expect((await world.call("GET", `/cases?text=${text}`)).body.cases).toHaveLength(count)
  const path = `/cases?connectionId=${world.connection.id}&externalId=4711`
  expect((await world.call("GET", path)).body.cases[0]).toMatchObject({ id: caseId })
  expect((await world.call("GET", "/conflicts")).body).toEqual({ events: [] })
  const wrong = await world.call("GET", "/cases?limit=1000")
  expect([wrong.status, wrong.body.errors]).toEqual([422, [{ field: "limit", code: "invalid" }]])
})

it("answers 413 to a body over the limit, declared or not", async () => {
  const small = await startWorld({ limits: { bodyBytes: 1000 } })
  try {
    const declared = await small.call("POST", "/events", { text: "x".repeat(2000) })
    expect([declared.status, declared.body.type]).toEqual([413, "/problems/body-too-large"])
    const stream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(`{"text":"${"x".repeat(2000)}"}`))
        controller.close()
      }
    })
    const chunked = await fetch(`${small.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${small.api}`, "content-type": "application/json" },
      body: stream,
      duplex: "half"
    } as RequestInit)
    expect(chunked.status).toBe(413)
    expect(chunked.headers.get("content-type")).toBe("application/problem+json")
  } finally {
    await small.stop()
  }
})

it("answers 503 when the storage fails, and says nothing of the inside", async () => {
  const broken = await startWorld(
    {},
    overStorage(() => ({ receipt: () => storageFailure }))
  )
  try {
    const answer = await broken.call("GET", "/receipts/1")
    expect([answer.status, answer.body.type]).toEqual([503, "/problems/storage-unavailable"])
    expect(answer.text).not.toMatch(/disk full|Harness/)
  } finally {
    await broken.stop()
  }
})

it("shows jobs the newest first where that is asked, and goes on behind one", async () => {
  const oldestFirst = (await world.call("GET", "/jobs?limit=1000")).body.jobs.map(({ id }: { id: string }) => id)
  expect(oldestFirst.length).toBeGreaterThan(1)
  const newest = (await world.call("GET", "/jobs?order=newest&limit=1")).body.jobs
  expect(newest[0].id).toBe(oldestFirst.at(-1))
  const next = (await world.call("GET", `/jobs?order=newest&limit=1&before=${newest[0].id}`)).body.jobs
  expect(next[0].id).toBe(oldestFirst.at(-2))
})
