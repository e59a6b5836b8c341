/**
 * The platform's own API over real HTTP: subscriptions and their log, cases by hand, provenance, conflicts, the resume
 * of status sync by R-20, and runs.
 */
import { createServer, type Server } from "node:http"
import { Webhook } from "standardwebhooks"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CaseId } from "@casewire/core/domain/Case"
import { PlatformHooks } from "@casewire/core/PlatformHooks"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Queue } from "@casewire/core/ports/Queue"
import { allOn, firm, form, startWorld, toolsPort, type World } from "./Harness.ts"

let world: World
let tools: Server
const received: Array<{ readonly headers: Record<string, string>; readonly body: string }> = []
let status = 200
beforeAll(async () => {
  world = await startWorld()
  tools = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      received.push({ headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => tools.listen(toolsPort, "127.0.0.1", resolve))
})
afterAll(async () => {
  tools.closeAllConnections()
  tools.close()
  await world.stop()
})

const url = `http://127.0.0.1:${toolsPort}/hooks`
const client = { firstName: "Ana", lastName: "Lee", email: "ana@example.test" }

/** Sends what is due, as the host's worker would. */
const sendWebhooks = () =>
  world.run(
    Effect.gen(function* () {
      const [hooks, queue] = [yield* PlatformHooks, yield* Queue]
      for (;;) {
        const leases = yield* queue.claim({ worker: "test", limit: 10, leaseMs: 60_000 })
        if (leases.length === 0) return
        for (const lease of leases)
          if (lease.job.work._tag === "Notify") yield* hooks.deliver(lease, lease.job.work)
          else yield* Effect.ignore(queue.settle(lease, { _tag: "Done" }))
      }
    })
  )

const enterCase = async (more: Record<string, unknown> = {}) =>
  (await world.call("POST", "/cases", { caseType: "Motor Vehicle", client, ...more })).body

const change = (caseId: string, eventId: string, value: string) =>
  world.call("POST", "/events", { type: "status_changed", eventId, caseId, status: value, changedBy: "Kim" })

describe("subscriptions", () => {
  it("are made with a secret that is shown once, and tell what happened with a signature that verifies", async () => {
    const made = await world.call("POST", "/subscriptions", { name: "Tools", url, events: ["case_status_changed"] })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      name: "Tools",
      url,
      active: true,
      caseTypes: [],
      campaigns: [],
      disabledReason: null
    })
    const { id, secret } = made.body
    for (const path of ["/subscriptions", `/subscriptions/${id}`])
      expect((await world.call("GET", path)).text).not.toContain(secret)
    const of = await enterCase()
    await change(of.id, "hook-1", "Signed Up")
    await sendWebhooks()
    const { body, headers } = received.at(-1)!
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      type: "case_status_changed",
      data: { caseId: of.id, before: null, after: "Signed Up", origin: "platform", cause: "Kim" }
    })
    const log = await world.call("GET", `/subscriptions/${id}/deliveries`)
    expect(log.body.deliveries).toMatchObject([
      {
        id: headers["webhook-id"],
        type: "case_status_changed",
        state: "delivered",
        attempts: [{ status: 200, outcome: "delivered" }]
      }
    ])
    expect((await world.call("GET", `/deliveries/${headers["webhook-id"]}`)).body.body).toBe(body)
    await world.call("DELETE", `/subscriptions/${id}`)
    expect((await world.call("GET", `/subscriptions/${id}`)).status).toBe(404)
  })

  it("are tried, rotated, switched off and replayed", async () => {
    const { id } = (await world.call("POST", "/subscriptions", { name: "Tools", url, active: false })).body
    const before = received.length
    await enterCase()
    const test = await world.call("POST", `/subscriptions/${id}/test`)
    expect([test.status, test.body.type, test.body.state]).toEqual([202, "webhook_test", "waiting"])
    await sendWebhooks()
    expect(received.slice(before).map(({ body }) => JSON.parse(body).type)).toEqual(["webhook_test"])
    const rotated = await world.call("POST", `/subscriptions/${id}/secret`, { overlapHours: 1 })
    expect([rotated.status, rotated.body.secret]).toEqual([201, expect.stringMatching(/^whsec_/)])
    const again = await world.call("POST", `/deliveries/${test.body.id}/replay`)
    expect([again.status, again.body.state]).toEqual([202, "waiting"])
    const twice = await world.call("POST", `/deliveries/${test.body.id}/replay`)
    expect([twice.status, twice.body.type]).toEqual([409, "/problems/already-queued"])
    await sendWebhooks()
    const last = received.at(-1)!
    expect(last.headers["webhook-id"]).toBe(test.body.id)
    expect(last.headers["webhook-signature"]!.split(" ")).toHaveLength(2)
    expect(new Webhook(rotated.body.secret).verify(last.body, last.headers)).toMatchObject({ type: "webhook_test" })
    await world.call("DELETE", `/subscriptions/${id}`)
  })

  it("list a failure with its attempts", async () => {
    status = 500
    const { id } = (await world.call("POST", "/subscriptions", { name: "Tools", url })).body
    await world.call("POST", `/subscriptions/${id}/test`)
    await sendWebhooks()
    const { deliveries } = (await world.call("GET", `/subscriptions/${id}/deliveries?states=waiting`)).body
    expect(deliveries).toMatchObject([{ state: "waiting", attempts: [{ status: 500, outcome: "status-500" }] }])
    status = 200
    await world.call("DELETE", `/subscriptions/${id}`)
  })

  it.each([
    [{ name: "x" }, [{ field: "name", code: "too-short" }]],
    [{ url: "http://tools.example/" }, [{ field: "url", code: "not-https" }]],
    [{ url: "https://169.254.169.254/" }, [{ field: "url", code: "not-public" }]],
    [{ url: "https://[::1]/" }, [{ field: "url", code: "not-public" }]],
    [{ campaigns: ["7"] }, [{ field: "campaigns", code: "only-for-call-events" }]]
  ])("are refused with %j, and the field is named", async (more, errors) => {
    const answer = await world.call("POST", "/subscriptions", { name: "Tools", url, ...more })
    expect([answer.status, answer.body.type, answer.body.errors]).toEqual([
      422,
      "/problems/subscription-invalid",
      errors
    ])
  })
})

describe("cases and clients by hand", () => {
  it("are entered with their source, shown as plain, and read back", async () => {
    const entry = {
      caseNumber: "2026-7",
      externalSource: "partner",
      externalSourceId: "p-9",
      onBehalfOf: true,
      externalSourceData: { utm: "x" }
    }
    const of = await enterCase({ status: "Intake", ...entry })
    expect(of).toMatchObject({
      connectionId: null,
      externalId: null,
      standing: "unverified",
      entry,
      status: { value: "Intake" }
    })
    expect((await world.call("GET", `/cases/${of.id}`)).body).toEqual(of)
    expect((await world.call("GET", `/clients/${of.client.id}`)).body).toMatchObject({ fullName: "Ana Lee" })
    const made = await world.call("POST", "/clients", { firstName: "Bo", lastName: "Roe" })
    expect([made.status, (await enterCase({ client: { id: made.body.id } })).client.fullName]).toEqual([201, "Bo Roe"])
  })

  it("are linked to a record once, which then is read", async () => {
    const of = await enterCase()
    const to = { connectionId: world.connection.id, externalId: "4811" }
    const linked = await world.call("POST", `/cases/${of.id}/link`, to)
    expect(linked.body).toMatchObject({
      ...to,
      entry: { externalSource: "acme", externalSourceId: "4811" },
      dirtySince: expect.any(String)
    })
    const { jobs } = (await world.call("GET", "/jobs?key=4811&work=read-case")).body
    expect(jobs).toMatchObject([{ state: "queued" }])
    for (const id of [of.id, (await enterCase()).id]) {
      const refused = await world.call("POST", `/cases/${id}/link`, to)
      expect([refused.status, refused.body.type, refused.body.instance]).toEqual([
        409,
        "/problems/already-linked",
        `/cases/${of.id}`
      ])
    }
    expect((await world.call("POST", `/cases/${of.id}/link`, { ...to, connectionId: world.foreign.id })).status).toBe(
      404
    )
  })

  it("name what is missing", async () => {
    const answer = await world.call("POST", "/cases", { client: { id: "nobody" }, caseType: "Injury" })
    expect([answer.status, answer.body.errors]).toEqual([422, [{ field: "client.id", code: "unknown" }]])
    expect((await world.call("POST", "/cases", { client })).body.errors).toEqual([
      { field: "caseType", code: "missing" }
    ])
  })
})

describe("provenance", () => {
  it("says who set the status and each value, when, and what it was before, and where the notes are", async () => {
    const of = await enterCase()
    await world.call("POST", `/cases/${of.id}/link`, { connectionId: world.connection.id, externalId: "4812" })
    await change(of.id, "prov-1", "Signed Up")
    const message = {
      type: "message_sent",
      eventId: "prov-2",
      caseId: of.id,
      channel: "sms",
      direction: "outbound",
      text: "Hi",
      sentAt: 1
    }
    const sent = await world.call("POST", "/events", message)
    const { notes, values } = (await world.call("GET", `/cases/${of.id}/provenance`)).body
    const byName = new Map(values.map((value: { name: string }) => [value.name, value]))
    expect(byName.get("status")).toMatchObject({
      value: "Signed Up",
      setBy: "status-edited",
      cause: { kind: "person", id: "Kim", job: null },
      before: null,
      at: expect.stringMatching(/Z$/)
    })
    expect(byName.get("client.email")).toMatchObject({
      value: "ana@example.test",
      setBy: "created",
      cause: { kind: "person", id: "test" }
    })
    expect(notes).toMatchObject([
      { jobId: sent.body.jobId, eventId: "prov-2", source: "message", state: "queued", externalIds: [] }
    ])
  })

  it("tells a receipt from a job", async () => {
    const answer = await world.post(form(), { "content-type": "application/x-www-form-urlencoded" })
    const of = await enterCase()
    const cases = (causes: ReadonlyArray<string>) =>
      world.run(
        Effect.gen(function* () {
          const store = yield* CaseStore
          for (const [index, cause] of causes.entries())
            yield* store.record({
              id: crypto.randomUUID(),
              firmId: firm,
              caseId: CaseId.make(of.id),
              at: 4_000_000_000_000 + index,
              kind: index === 0 ? "details-changed" : "field-applied",
              cause,
              before: index === 0 ? "{}" : null,
              after: index === 0 ? '{"caseType":"Motor Vehicle"}' : "x",
              ...(index === 0 ? {} : { field: "part" })
            })
        })
      )
    const { body } = await world.call("GET", "/jobs?limit=1")
    await cases([answer.body.receiptId, body.jobs[0].id])
    const change_ = { type: "fields_changed", eventId: crypto.randomUUID(), caseId: of.id, fields: { part: "x" } }
    await world.call("POST", "/events", change_)
    const { values } = (await world.call("GET", `/cases/${of.id}/provenance`)).body
    const causes = values.flatMap(({ cause, name }: { cause: { kind: string }; name: string }) =>
      name === "caseType" || name === "values.part" ? [cause.kind] : []
    )
    expect(causes).toEqual(["receipt", "job"])
  })
})

describe("conflicts", () => {
  it("are settled once, and leave the open list", async () => {
    const of = await enterCase()
    const record = (id: string) =>
      world.run(
        Effect.flatMap(CaseStore, (store) =>
          store.record({
            id,
            firmId: firm,
            caseId: CaseId.make(of.id),
            at: 1,
            kind: "status-superseded",
            cause: "job",
            before: "Signed Up",
            after: "Lost"
          })
        )
      )
    await record("conflict-1")
    await record("conflict-2")
    const openIds = async () => (await world.call("GET", "/conflicts")).body.events.map(({ id }: { id: string }) => id)
    expect(await openIds()).toEqual(["conflict-2", "conflict-1"])
    const restored = await world.call("POST", "/conflicts/conflict-1/settle", { decision: "restore" })
    expect(restored.body).toMatchObject({
      decision: "restore",
      result: "dropped",
      reason: "the case is not linked to a CRM"
    })
    expect((await world.call("GET", `/cases/${of.id}`)).body.status.value).toBe("Signed Up")
    expect(await openIds()).toEqual(["conflict-2"])
    const twice = await world.call("POST", "/conflicts/conflict-1/settle", { decision: "dismiss" })
    expect([twice.status, twice.body.type]).toEqual([409, "/problems/conflict-settled"])
    expect((await world.call("POST", "/conflicts/conflict-2/settle", { decision: "dismiss" })).body.result).toBeNull()
    expect((await world.call("POST", "/conflicts/conflict-2/settle", { decision: "shrug" })).status).toBe(422)
    expect((await world.call("POST", "/conflicts/nothing/settle", { decision: "dismiss" })).status).toBe(404)
  })
})

describe("the resume of status sync", () => {
  const path = () => `/connections/${world.connection.id}/status-sync`
  const resume = (body: unknown) => world.call("POST", `${path()}/resume`, body)

  /** Status sync goes off, one edit waits, and it goes on again. */
  const apart = async (eventId: string) => {
    const of = await enterCase({ status: "Intake" })
    await world.call("POST", `/cases/${of.id}/link`, { connectionId: world.connection.id, externalId: eventId })
    await world.setToggles(world.connection, { ...allOn, syncStatuses: false })
    expect((await change(of.id, eventId, "Signed Up")).body.result).toBe("held")
    await world.setToggles(world.connection, allOn)
  }

  it("answers 422 without a mode or with another, and 409 while nothing waits", async () => {
    for (const body of [{}, { mode: "retroactive" }]) {
      const answer = await resume(body)
      expect([answer.status, answer.body.errors]).toEqual([422, [{ field: "mode", code: expect.any(String) }]])
    }
    for (const body of [{ mode: "from_now_on" }, { mode: "replay" }]) {
      const answer = await resume(body)
      expect([answer.status, answer.body.type]).toEqual([409, "/problems/status-sync-already-on"])
    }
    expect((await world.call("POST", `${path()}/plan`)).body.type).toBe("/problems/status-sync-already-on")
    expect((await world.call("GET", path())).body).toMatchObject({ asked: false, waiting: 0 })
  })

  it("from now on skips what waited", async () => {
    await apart("resume-1")
    expect((await world.call("GET", path())).body).toMatchObject({
      asked: true,
      waiting: 1,
      since: expect.stringMatching(/Z$/)
    })
    expect((await resume({ mode: "from_now_on" })).body).toEqual({ skipped: 1, run: null })
    expect((await world.call("GET", path())).body).toMatchObject({ asked: false, waiting: 0, since: null })
  })

  it("replay needs a live plan of this connection and the confirmed number of overwrites", async () => {
    await apart("resume-2")
    for (const planId of [undefined, "nothing"]) {
      const answer = await resume({ mode: "replay", ...(planId === undefined ? {} : { planId }) })
      expect([answer.status, answer.body.type]).toEqual([409, "/problems/plan-expired"])
    }
    const plan = await world.call("POST", `${path()}/plan`)
    expect([plan.status, plan.body.kind, plan.body.state, plan.body.total]).toEqual([
      201,
      "status-resume",
      "planned",
      1
    ])
    const { rows } = (await world.call("GET", `/runs/${plan.body.id}/rows`)).body
    expect(rows).toMatchObject([{ number: 1, verdict: "missing", state: "waiting", detail: { target: "Signed Up" } }])
    for (const more of [{}, { overwrites: 3 }]) {
      const answer = await resume({ mode: "replay", planId: plan.body.id, ...more })
      expect([answer.status, answer.body.type]).toEqual([403, "/problems/confirmation-required"])
    }
    const done = await resume({ mode: "replay", planId: plan.body.id, overwrites: 0 })
    expect(done.body).toMatchObject({ skipped: 1, run: { id: plan.body.id, state: "done" } })
    const again = await resume({ mode: "replay", planId: plan.body.id, overwrites: 0 })
    expect([again.status, again.body.type]).toEqual([409, "/problems/status-sync-already-on"])
  })

  it("leaves its plans in the list of runs", async () => {
    const { runs } = (await world.call("GET", "/runs?kinds=status-resume&states=done")).body
    expect(runs).toMatchObject([
      { connectionId: world.connection.id, startedBy: "test", expiresAt: expect.stringMatching(/Z$/) }
    ])
    expect((await world.call("GET", "/runs?states=paused")).body.runs).toEqual([])
    expect((await world.call("GET", `/runs/${runs[0].id}`)).body).toEqual(runs[0])
    expect((await world.call("GET", `/runs/${runs[0].id}/rows?after=1`)).body.rows).toEqual([])
  })
})
