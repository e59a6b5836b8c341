/**
 * Every endpoint of the API, generated from its definition, called without a token, with a wrong one, with a webhook's,
 * and with another firm's on this firm's ids. An endpoint that is added is here at once.
 */
import { HttpApi } from "effect/http-api"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Access, RequiredScope } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { Context, Effect, Option, Redacted } from "effect"
import { CaseEntries } from "@casewire/core/CaseEntries"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { type Run, RunId } from "@casewire/core/domain/Run"
import { SubscriptionId, WebhookId } from "@casewire/core/domain/Subscription"
import type { FirmId } from "@casewire/core/domain/Ids"
import { TokenScope } from "@casewire/core/domain/TokenScope"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { RunStore } from "@casewire/core/ports/RunStore"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { allOn, firm, form, otherFirm, startWorld, toolsPort, type World } from "./Harness.ts"

interface Endpoint {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly isGuarded: boolean
  readonly scope: TokenScope | "any" | undefined
}

const endpoints: Array<Endpoint> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, group, middleware }) =>
    void endpoints.push({
      name: `${group.identifier}.${endpoint.identifier}`,
      method: endpoint.method,
      path: endpoint.path,
      isGuarded: [...middleware].some((found) => found.key === Access.key),
      scope: Option.getOrUndefined(Context.getOption(endpoint.annotations, RequiredScope))
    })
})

let world: World
const platformIds = { clients: "", conflicts: "", runs: "", subscriptions: "", deliveries: "", removable: "" }
/** An id of this firm for each kind of thing that a path can name. */
const own = {
  documents: "",
  events: "event-1",
  connections: "",
  cases: "nothing",
  receipts: "",
  jobs: "",
  lists: "",
  campaigns: "",
  drafts: "",
  unwanted: "",
  endable: "",
  ...platformIds
}
beforeAll(async () => {
  world = await startWorld()
  own.connections = world.connection.id
  const answer = await world.post(form(), { "content-type": "application/x-www-form-urlencoded" })
  own.receipts = answer.body.receiptId
  const second = { plugin: "acme", name: "Second", values: { clientRoot: "x", password: "y" } }
  own.endable = (await world.call("POST", "/connections", second)).body.id
  own.lists = (await world.call("POST", "/lists", { name: "Intake" })).body.id
  own.campaigns = (await world.call("POST", "/campaigns", { name: "Spring" })).body.id
  own.clients = (await world.call("POST", "/clients", { firstName: "Ana", lastName: "Lee" })).body.id
  const subscribe = async () => (await world.call("POST", "/subscriptions", subscription)).body.id as string
  own.subscriptions = await subscribe()
  own.removable = await subscribe()
  Object.assign(own, await world.run(platformThings(world.connection.id, SubscriptionId.make(own.subscriptions))))
  const caseId = (await world.call("GET", "/cases")).body.cases[0].id
  own.documents = (await world.upload(`/cases/${caseId}/documents?name=a.txt`, "words")).body.documentId
  await world.call("POST", "/events", { type: "status_changed", eventId: own.events, caseId, status: "y" })
  own.jobs = (await world.call("GET", "/jobs")).body.jobs[0].id
  const draft = async () =>
    (await world.uploadForm(`/connections/${own.connections}/mapping-drafts`, sheet, world.api)).body.id as string
  own.drafts = await draft()
  own.unwanted = await draft()
})
afterAll(() => world.stop())

const subscription = { name: "Tools", url: `http://127.0.0.1:${toolsPort}/hooks` }

/** A run, a conflict of a case, and a webhook that nobody waits for any more, as the host's work would leave them. */
const platformThings = (connectionId: ConnectionId, subscriptionId: SubscriptionId) =>
  Effect.gen(function* () {
    const [runs, cases, subscriptions] = [yield* RunStore, yield* CaseStore, yield* SubscriptionStore]
    const entry = yield* CaseEntries
    const client = { firstName: "Ana", lastName: "Lee", email: "", phone: "" }
    const of = yield* entry.createCase(firm, { caseType: "Injury", client, entry: {} }, "test")
    const common = { firmId: firm, createdAt: 1, updatedAt: 1 }
    const run: Run = {
      ...common,
      id: RunId.make(crypto.randomUUID()),
      connectionId,
      kind: "case-import",
      // Started, paused, gone on with and cancelled in the order of the definition.
      state: "planned",
      scope: {},
      total: 0,
      done: 0,
      failed: 0,
      skipped: 0,
      cursor: null,
      startedBy: "test",
      expiresAt: null,
      reason: null
    }
    yield* runs.save(run)
    const conflict = { firmId: firm, caseId: of.id, at: 1, cause: "job", before: "Signed", after: "Lost" }
    const conflicts = crypto.randomUUID()
    yield* cases.record({ ...conflict, id: conflicts, kind: "status-superseded" })
    const deliveries = WebhookId.make(`msg_${crypto.randomUUID()}`)
    yield* subscriptions.record({
      ...common,
      id: deliveries,
      subscriptionId,
      type: "webhook_test",
      body: "{}",
      state: "failed",
      attempts: []
    })
    return { runs: run.id, conflicts, deliveries }
  })

/** A file part of a form. */
const caseFile = { name: "cases.csv", text: "Name,Case Type\nAna Lee,Injury" }
const sheet = { name: "Injury.csv", text: "Custom#,Name,Type,Options" }

/** Bodies that fit, so that a refusal is one of access and not of form. */
const bodies: Readonly<Record<string, unknown>> = {
  "connections.create": { plugin: "acme", values: { clientRoot: "x", password: "y" } },
  "connections.setCredentials": { values: { clientRoot: "x", password: "y" } },
  "connections.disconnect": { data: "erase", confirm: "Second" },
  "connections.issueWebhookToken": {},
  "connections.setToggles": allOn,
  "connections.setCallLimit": { callLimit: 120 },
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
  "events.accept": { type: "status_changed", eventId: "x", caseId: "nothing", status: "y" },
  "entries.createCase": { caseType: "Injury", client: { firstName: "Ana", lastName: "Lee" } },
  "entries.link": { connectionId: "nothing", externalId: "1" },
  "entries.createClient": { firstName: "Ana", lastName: "Lee" },
  "entries.settleConflict": { decision: "dismiss" },
  "statusSync.resume": { mode: "from_now_on" },
  "subscriptions.create": subscription,
  "subscriptions.change": subscription,
  "subscriptions.rotate": {},
  "mappings.save": { entries: [] },
  "mappings.restore": { number: 1 },
  "mappings.suggestions": { fields: [] },
  "mappings.applyDraft": {},
  "mappings.saveStatuses": { links: [], terminal: [] },
  "mappings.selectOutgoing": { caseTypes: null },
  "imports.planHistory": {},
  "imports.start": {},
  "session.signIn": { token: "x" },
  "pluginVersions.rollback": { reason: "y" },
  "pluginVersions.swap": { version: "a".repeat(64), reason: "y" },
  "tokens.issue": { name: "narrow" },
  "jobs.resolve": { ids: ["x"], verb: "skip", reason: "y" }
}

/** What an endpoint takes away is nobody else's. */
const removing: Readonly<Record<string, "removable" | "endable">> = {
  "subscriptions.remove": "removable",
  "connections.disconnect": "endable"
}

const call = ({ method, name, path }: Endpoint, token: string | null, id: (kind: keyof typeof own) => string) => {
  const kind = /^\/api\/v1\/(\w+)\/:id/.exec(path)?.[1] as keyof typeof own | undefined
  const named = removing[name] ?? kind
  const draft = () => id(name === "mappings.discardDraft" ? "unwanted" : "drafts")
  const at = path
    .replace("/api/v1", "")
    .replace(":id", named === undefined ? "" : id(named))
    .replace(":draftId", draft)
  if (name === "mappings.readSheet") return world.uploadForm(at, sheet, token)
  if (name === "imports.planCases") return world.uploadForm(at, caseFile, token)
  if (name === "timeline.upload") return world.upload(`${at}?name=a.txt`, "words", token)
  return world.call(method, at, method === "GET" ? undefined : (bodies[name] ?? {}), token)
}

const tokenWith = async (firmId: FirmId, scopes: ReadonlyArray<TokenScope>): Promise<string> =>
  Redacted.value(
    await world.run(
      Effect.flatMap(ConnectionStore, (store) => store.issueToken({ _tag: "Api", firmId, name: "narrow", scopes }))
    )
  )

const random = () => crypto.randomUUID()

/** How access begins; every other endpoint asks for it. */
const signIn = "session.signIn"

it("leaves one endpoint open, the one that signs in", () => {
  expect(endpoints.filter(({ isGuarded }) => !isGuarded).map(({ name }) => name)).toEqual([signIn])
})

describe.each(endpoints.filter(({ name }) => name !== signIn))("$name ($method $path)", (endpoint) => {
  it("has an access rule, and answers 401 without a valid API token", async () => {
    expect(endpoint.isGuarded).toBe(true)
    for (const token of [null, "wrong", world.token]) {
      const answer = await call(endpoint, token, (kind) => own[kind])
      expect([answer.status, answer.body.type]).toEqual([401, "/problems/unauthenticated"])
      expect(answer.headers.get("www-authenticate")).toBe("Bearer")
    }
  })

  it("declares its scope, is refused to a token that has every other one, and open to one that has just this", async () => {
    const { scope } = endpoint
    expect([...TokenScope.literals, "any"]).toContain(scope)
    const others = TokenScope.literals.filter((each) => each !== scope)
    const refused = await call(endpoint, await tokenWith(firm, others), (kind) => own[kind])
    if (scope === "any") expect(refused.status).toBeLessThan(300)
    else {
      expect([refused.status, refused.body.type]).toEqual([403, "/problems/scope-missing"])
      expect(refused.body.errors).toEqual([{ field: "scope", code: scope }])
      expect(refused.headers.get("content-type")).toBe("application/problem+json")
    }
    // Another firm's, so that what the endpoint does is done to nobody.
    const just = await tokenWith(otherFirm, scope === "any" || scope === undefined ? [] : [scope])
    const open = await call(endpoint, just, random)
    expect(open.body?.type).not.toBe("/problems/scope-missing")
  })

  it("shows another firm nothing of this one", async () => {
    const answer = await call(endpoint, world.otherApi, (kind) => own[kind])
    for (const id of [own.connections, own.receipts, own.jobs, own.lists, own.campaigns])
      expect(answer.text).not.toContain(id)
    expect(answer.text).not.toContain("4711")
    if (!endpoint.path.includes(":id")) return
    const nowhere = await call(endpoint, world.otherApi, random)
    expect([answer.status, answer.text]).toEqual([404, nowhere.text])
    // The same call of this firm's own finds it, so the 404 is one of access.
    if (endpoint.path.includes("/cases/:id")) return
    const { status } = await call(endpoint, world.api, (kind) => own[kind])
    if (nothingToResume.has(endpoint.name)) expect(status).toBe(409)
    else expect(status).toBeLessThan(300)
  })
})

/** Found, and refused all the same: nothing waits for an answer how to resume. */
const nothingToResume = new Set(["statusSync.plan", "statusSync.resume"])

it("changes nothing of another firm's by a list of ids", async () => {
  const answer = await world.call(
    "POST",
    "/jobs/resolve",
    { ids: [own.jobs], verb: "skip", reason: "x" },
    world.otherApi
  )
  expect(answer.body).toEqual({ changed: [] })
  const event = { type: "status_changed", eventId: "x", caseId: "nothing", status: "y" }
  expect((await world.call("POST", "/events", event, world.otherApi)).status).toBe(404)
})

const withoutPayload = [
  "imports.planCases",
  "imports.pause",
  "imports.resume",
  "imports.cancel",
  "timeline.upload",
  "sync.pull",
  "sync.sweep",
  "mappings.refresh",
  "mappings.readSheet",
  "mappings.discardDraft",
  "statusSync.plan",
  "subscriptions.remove",
  "subscriptions.test",
  "subscriptions.replay",
  "pluginVersions.reread",
  "pluginVersions.upload",
  "session.signOut"
]

it("knows every endpoint by a body that fits", () => {
  const writes = endpoints.filter(({ method }) => method !== "GET").map(({ name }) => name)
  const withoutBody = new Set([
    "connections.verify",
    "lists.archive",
    "campaigns.archive",
    "receipts.replay",
    ...withoutPayload
  ])
  expect(writes.filter((name) => bodies[name] === undefined && !withoutBody.has(name))).toEqual([])
  expect(endpoints.length).toBeGreaterThanOrEqual(27)
})
