/**
 * Every endpoint of the API, generated from its definition, called without a token, with a wrong one, with a webhook's,
 * and with another firm's on this firm's ids. An endpoint that is added is here at once.
 */
import { HttpApi } from "effect/http-api"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Access } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { allOn, form, startWorld, type World } from "./Harness.ts"

interface Endpoint {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly isGuarded: boolean
}

const endpoints: Array<Endpoint> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, group, middleware }) =>
    void endpoints.push({
      name: `${group.identifier}.${endpoint.identifier}`,
      method: endpoint.method,
      path: endpoint.path,
      isGuarded: [...middleware].some((found) => found.key === Access.key)
    })
})

let world: World
/** An id of this firm for each kind of thing that a path can name. */
const own = { connections: "", cases: "nothing", receipts: "", jobs: "", lists: "", campaigns: "" }
beforeAll(async () => {
  world = await startWorld()
  own.connections = world.connection.id
  const answer = await world.post(form(), { "content-type": "application/x-www-form-urlencoded" })
  own.receipts = answer.body.receiptId
  own.lists = (await world.call("POST", "/lists", { name: "Intake" })).body.id
  own.campaigns = (await world.call("POST", "/campaigns", { name: "Spring" })).body.id
  own.jobs = (await world.call("GET", "/jobs")).body.jobs[0].id
})
afterAll(() => world.stop())

/** Bodies that fit, so that a refusal is one of access and not of form. */
const bodies: Readonly<Record<string, unknown>> = {
  "connections.create": { plugin: "acme", values: { clientRoot: "x", password: "y" } },
  "connections.setCredentials": { values: { clientRoot: "x", password: "y" } },
  "connections.issueWebhookToken": {},
  "connections.setToggles": allOn,
  "connections.setLinks": { links: [] },
  "connections.setAliases": { aliases: {} },
  "campaigns.create": { name: "Spring" },
  "campaigns.change": { name: "Summer" },
  "campaigns.byHand": { action: "add", caseIds: ["nothing"] },
  "lists.create": { name: "Intake" },
  "lists.change": { name: "Calls" },
  "lists.setAutoAdd": { on: false },
  "lists.byHand": { action: "add", caseIds: ["nothing"] },
  "lists.webhookUrl": { list_id: "1" },
  "decisions.merge": {
    value: { platform: null, basePlatform: null, baseCrm: null, seenCrm: null },
    read: null
  },
  "decisions.toggles": allOn,
  "events.accept": { type: "status-changed", eventId: "x", caseId: "nothing", status: "y" },
  "jobs.resolve": { ids: ["x"], verb: "skip", reason: "y" }
}

const call = ({ method, name, path }: Endpoint, token: string | null, id: (kind: keyof typeof own) => string) => {
  const kind = /^\/api\/v1\/(\w+)\/:id/.exec(path)?.[1] as keyof typeof own | undefined
  const at = path.replace("/api/v1", "").replace(":id", kind === undefined ? "" : id(kind))
  return world.call(method, at, method === "GET" ? undefined : (bodies[name] ?? {}), token)
}

const random = () => crypto.randomUUID()

describe.each(endpoints)("$name ($method $path)", (endpoint) => {
  it("has an access rule, and answers 401 without a valid API token", async () => {
    expect(endpoint.isGuarded).toBe(true)
    for (const token of [null, "wrong", world.token]) {
      const answer = await call(endpoint, token, (kind) => own[kind])
      expect([answer.status, answer.body.type]).toEqual([401, "/problems/unauthenticated"])
      expect(answer.headers.get("www-authenticate")).toBe("Bearer")
    }
  })

  it("shows another firm nothing of this one", async () => {
    const answer = await call(endpoint, world.otherApi, (kind) => own[kind])
    for (const id of [own.connections, own.receipts, own.jobs, own.lists, own.campaigns]) expect(answer.text).not.toContain(id)
    expect(answer.text).not.toContain("4711")
    if (!endpoint.path.includes(":id")) return
    const nowhere = await call(endpoint, world.otherApi, random)
    expect([answer.status, answer.text]).toEqual([404, nowhere.text])
    // The same call of this firm's own finds it, so the 404 is one of access.
    if (!endpoint.path.includes("/cases/:id"))
      expect((await call(endpoint, world.api, (kind) => own[kind])).status).toBeLessThan(300)
  })
})

it("changes nothing of another firm's by a list of ids", async () => {
  const answer = await world.call(
    "POST",
    "/jobs/resolve",
    { ids: [own.jobs], verb: "skip", reason: "x" },
    world.otherApi
  )
  expect(answer.body).toEqual({ changed: [] })
  const event = { type: "status-changed", eventId: "x", caseId: "nothing", status: "y" }
  expect((await world.call("POST", "/events", event, world.otherApi)).status).toBe(404)
})

it("knows every endpoint by a body that fits", () => {
  const writes = endpoints.filter(({ method }) => method !== "GET").map(({ name }) => name)
  const withoutBody = new Set(["connections.verify", "lists.archive", "campaigns.archive", "receipts.replay"])
  expect(writes.filter((name) => bodies[name] === undefined && !withoutBody.has(name))).toEqual([])
  expect(endpoints.length).toBeGreaterThanOrEqual(27)
})
