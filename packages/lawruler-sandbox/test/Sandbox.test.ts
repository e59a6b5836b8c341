import { createHash } from "node:crypto"
import { assert, describe, it as test, layer } from "@effect/vitest"
import { Effect } from "effect"
import { fromWall, toFalseOffset, toUsDateTime, toWall } from "../src/EasternTime.ts"
import { demoPortal, serve } from "../src/Sandbox.ts"
import { Portal, type PortalTest, receiver, request, runOnPortal, Sandbox } from "./Harness.ts"

const post = (url: string, body: unknown = {}) =>
  request(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })

layer(Sandbox.layer, { excludeTestServices: true })("admin API", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("seeds two firms whose demo credentials work", function* (portal) {
    const { json } = yield* request(`${portal.origin}/_sandbox/portals`)
    assert.includeMembers(
      json.map(({ root }: any) => root),
      ["harbor", "lakeside"]
    )
    const harbor = new Portal(portal.origin, demoPortal.root)
    assert.strictEqual(
      (yield* harbor.authenticate({
        username: demoPortal.username,
        password: demoPortal.password,
        client_secret: demoPortal.clientSecret
      })).status,
      200
    )
  })

  onPortal("shows instants in true UTC", function* (portal) {
    const lead = yield* portal.lead()
    assert.deepStrictEqual(
      [lead.createDate, lead.updateDateTime],
      ["2026-09-14T14:22:00.000Z", "2026-09-16T03:30:00.000Z"]
    )
  })

  onPortal("makes a portal with credentials of its own and refuses a root twice", function* (portal) {
    const made = yield* post(`${portal.origin}/_sandbox/portals`, { root: `${portal.root}-b`, clientId: "other" })
    assert.strictEqual(made.json.credentials.clientId, "other")
    const second = new Portal(portal.origin, `${portal.root}-b`, "other")
    assert.strictEqual((yield* second.authenticate()).status, 200)
    assert.strictEqual((yield* second.authenticate({ client_id: second.root })).json.error, "invalid_client")
    assert.strictEqual((yield* post(`${portal.origin}/_sandbox/portals`, { root: portal.root })).status, 409)
    assert.strictEqual((yield* post(`${portal.origin}/_sandbox/portals`, { root: "_sandbox" })).status, 422)
  })

  onPortal("creates, edits and deletes a lead as staff would", function* (portal) {
    const made = yield* portal.admin("POST", "/leads", {
      caseType: "Harbor MVA",
      status: "New Lead",
      firstName: "Lena",
      lastName: "Voss",
      phone: "2055550188",
      email: "lena@example.test",
      custom: { Custom4131: "None" }
    })
    assert.strictEqual(made.status, 201)
    const path = `/leads/${made.json.leadId}`
    const edited = yield* portal.admin("PATCH", path, {
      contact: { lastName: "Vos" },
      custom: { custom4131: "Chiropractor" }
    })
    assert.deepStrictEqual([edited.json.displayName, edited.json.custom.Custom4131], ["Lena Vos", "Chiropractor"])
    yield* portal.admin("POST", `${path}/notes`, { category: "Medical", text: "hurts" })
    const filed = yield* portal.admin("POST", `${path}/documents`, {
      name: "a.txt",
      contentType: "text/plain",
      base64: "aGk="
    })
    assert.deepStrictEqual([filed.json.notes[0].text, filed.json.documents[0].size], ["hurts", 2])
    assert.strictEqual((yield* portal.admin("DELETE", path)).status, 204)
    assert.strictEqual((yield* portal.admin("GET", path)).status, 404)
    assert.strictEqual((yield* portal.advanced(`ApiCases/GetLead?leadId=${made.json.leadId}`)).json.IsSuccess, false)
  })

  onPortal("makes leads that share a contact and leads without one", function* (portal) {
    const base = { caseType: "Slip and Fall", status: "New Lead" }
    const shared = yield* portal.admin("POST", "/leads", { ...base, contactId: 70551, displayName: "Child (OBO)" })
    assert.deepStrictEqual([shared.json.contactId, shared.json.displayName], [70551, "Child (OBO)"])
    const bare = yield* portal.admin("POST", "/leads", { ...base, contactId: null, displayName: "Nobody" })
    assert.isNull(bare.json.contact)
  })

  const refusals: ReadonlyArray<[string, string, string, unknown, number]> = [
    ["a status that is not there", "POST", "/leads/248199/status", { status: "Nope" }, 422],
    ["a body that is not JSON", "POST", "/leads/248199/status", "{", 400],
    ["a field no form has", "PATCH", "/leads/248199", { custom: { Custom1: "x" } }, 422],
    ["a contact edit of a lead without contact", "PATCH", "/leads/248177", { contact: { email: "x" } }, 409],
    ["an unknown note category", "POST", "/leads/248199/notes", { category: "SMS", text: "x" }, 422],
    ["a webhook to a file", "POST", "/webhooks", { url: "file:///etc/passwd" }, 422],
    [
      "a webhook field that is not in the picker",
      "POST",
      "/webhooks",
      { url: "http://a.test", body: [{ key: "a", field: "Shoe Size" }] },
      422
    ],
    [
      "a header that would split",
      "POST",
      "/webhooks",
      { url: "http://a.test", headers: [{ key: "a", value: "b\r\nc: d" }] },
      422
    ],
    ["a setting nobody knows", "POST", "/settings", { rateLimits: null }, 422],
    ["a route nobody knows", "POST", "/settings", { routesEnabled: { Nope: true } }, 422],
    ["a method that is not offered", "PUT", "/settings", {}, 405],
    ["a path that is not there", "GET", "/nope", undefined, 404]
  ]
  for (const [what, method, path, body, status] of refusals) {
    onPortal(`answers ${what} with ${status} problem details`, function* (portal) {
      const reply = yield* portal.admin(method, path, body)
      assert.deepStrictEqual([reply.status, reply.headers.get("content-type")], [status, "application/problem+json"])
    })
  }

  onPortal("changes credentials as a firm would, and old tokens die", function* (portal) {
    assert.strictEqual((yield* portal.advanced("ApiLookup/GetCaseTypes")).status, 200)
    yield* portal.admin("PATCH", "", { password: "new", key: "K2" })
    assert.strictEqual((yield* portal.advanced("ApiLookup/GetCaseTypes")).status, 401)
    assert.strictEqual((yield* portal.authenticate()).json.error, "invalid_grant")
    assert.strictEqual((yield* portal.authenticate({ password: "new" })).status, 200)
    assert.strictEqual((yield* portal.update({})).json.Error, "Invalid Key")
  })

  onPortal("makes and renames statuses of one firm only", function* (portal) {
    const made = yield* portal.admin("POST", "/statuses", { name: "SENT  TO  CO-COUNSEL**", caseTypeIds: [222] })
    assert.strictEqual((yield* portal.update({ Status: "SENT  TO  CO-COUNSEL**" })).json.LeadID, 248199)
    yield* portal.admin("PATCH", `/statuses/${made.json.id}`, { name: "Sent to co-counsel" })
    assert.strictEqual((yield* portal.lead()).status, "Sent to co-counsel")
    const { json } = yield* request(`${portal.origin}/_sandbox/portals/harbor/state`)
    assert.notInclude(
      json.statuses.map(({ id }: any) => id),
      made.json.id
    )
  })

  onPortal("logs each API call with its operation", function* (portal) {
    yield* portal.advanced("ApiLookup/GetCaseTypes")
    yield* portal.update({ Conversation: "x" })
    const { calls } = yield* portal.state
    assert.deepStrictEqual(
      calls.map((one: any) => [one.operation, one.status]),
      [
        ["token", 200],
        ["GetCaseTypes", 200],
        ["legacy.update", 200]
      ]
    )
  })
})

describe("sandbox as a server", () => {
  test.live("resets to the seed and ends at once although an answer is still held back", () =>
    Effect.gen(function* () {
      const started = yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* serve()
          const harbor = new Portal(url, "harbor")
          yield* harbor.setStatus("Signed e-Sign")
          yield* harbor.fault({ on: "legacy", kind: "500", times: 9 })
          yield* new Portal(url, "lakeside").admin("PATCH", "", { key: "changed" })
          yield* post(`${url}/_sandbox/reset`)
          const { faults, leads } = yield* harbor.state
          assert.strictEqual((yield* new Portal(url, "lakeside").state).credentials.key, "LAKESIDE-77B2-0D4E-KEY")
          assert.deepStrictEqual([faults, leads[0].status], [[], "Sent e-Sign"])
          yield* harbor.fault({ on: "legacy", kind: "slow", ms: 60_000 })
          yield* Effect.forkScoped(harbor.update({}))
          yield* Effect.sleep(50)
          return Date.now()
        })
      )
      assert.isBelow(Date.now() - started, 2000)
    })
  )

  test.live("takes the durations of slow faults from the client's own limits", () =>
    Effect.gen(function* () {
      const { url } = yield* serve({ clientTimeoutHint: { timeoutMs: 100, lateCommitMs: 200 } })
      const harbor = new Portal(url, "harbor")
      yield* harbor.fault({ on: "legacy", kind: "slow" })
      const before = Date.now()
      yield* harbor.update({})
      assert.isAtLeast(Date.now() - before, 145)
    }).pipe(Effect.scoped)
  )

  test.live("fails with a typed error when the port is taken", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const failure = yield* Effect.flip(serve({ port: Number(new URL(url).port) }))
      assert.strictEqual(failure._tag, "ServeError")
    }).pipe(Effect.scoped)
  )

  test.live("survives hostile requests", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const big = new Uint8Array(30 * 1024 * 1024 + 1)
      assert.include([413, 0], (yield* request(`${url}/harbor/ApiCases/AddNote`, { method: "POST", body: big })).status)
      assert.strictEqual((yield* request(`${url}/harbor/%E0%A4%A`)).status, 400)
      assert.strictEqual((yield* request(`${url}/harbor/${"a/".repeat(5000)}`)).status, 404)
      assert.strictEqual((yield* request(`${url}/_sandbox/portals/__proto__/state`)).status, 404)
      const deep = "[".repeat(200_000) + "]".repeat(200_000)
      const headers = { "content-type": "application/json" }
      const webhooks = `${url}/_sandbox/portals/harbor/webhooks`
      assert.strictEqual((yield* request(webhooks, { method: "POST", headers, body: deep })).status, 422)
      const broken = { "content-type": "multipart/form-data; boundary=x" }
      assert.strictEqual(
        (yield* request(`${url}/harbor/api-legalcrmapp.aspx`, { method: "POST", headers: broken, body: "?" })).status,
        500
      )
      assert.strictEqual((yield* request(`${url}/_sandbox/portals`)).status, 200)
    }).pipe(Effect.scoped)
  )
})

layer(Sandbox.layer, { excludeTestServices: true })("web page", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("escapes what clients wrote and allows no script", function* (portal) {
    const Text = '<script>alert(1)</script> & "quotes"'
    yield* portal.advanced("ApiCases/AddNote", { LeadId: 248199, Category: "Client Communications", Text })
    const page = yield* request(`${portal.origin}/_sandbox/ui/${portal.root}/leads/248199?said=%3Cimg%3E`)
    assert.strictEqual(page.status, 200)
    assert.notInclude(page.text, "<script")
    assert.notInclude(page.text, "<img")
    assert.include(page.text, "<h3>Client Communications</h3>")
    const style = /<style>([^]*)<\/style>/.exec(page.text)?.[1] ?? ""
    const hash = createHash("sha256").update(style).digest("base64")
    assert.include(page.headers.get("content-security-policy"), `default-src 'none'; style-src 'sha256-${hash}'`)
  })

  onPortal("labels every field and gives every page one main landmark", function* (portal) {
    for (const path of ["/", `/_sandbox/ui/${portal.root}`, `/_sandbox/ui/${portal.root}/leads/248199`]) {
      const { text } = yield* request(portal.origin + path)
      assert.strictEqual(text.match(/<main /g)?.length, 1, path)
      assert.strictEqual(text.match(/<h1>/g)?.length, 1, path)
      const fields = text.match(/<(?:input|select) /g)?.length ?? 0
      assert.strictEqual(text.match(/<label\s*>[^]*?<(?:input|select) /g)?.length ?? 0, fields, path)
      assert.notMatch(text, /(?:src|href)="https?:/)
    }
  })

  onPortal("changes a status, sends and tests by plain forms", function* (portal) {
    const { received, url } = yield* receiver()
    const ui = `${portal.origin}/_sandbox/ui/${portal.root}`
    const form = (path: string, values: Record<string, string> = {}, headers: Record<string, string> = {}) =>
      request(ui + path, { method: "POST", headers, body: new URLSearchParams(values) })
    assert.strictEqual((yield* form("/webhooks", { url, caseTypes: "222", statuses: "all" })).status, 303)
    const changed = yield* form("/leads/248199/status", { status: "21" })
    assert.match(changed.headers.get("location") ?? "", /leads\/248199\?said=Status%20is%20now/)
    yield* form("/leads/248199/send")
    yield* form("/webhooks/1/test")
    assert.deepStrictEqual(
      received.map((one) => one.form["Status"]),
      ["Scheduled Appointment", "Scheduled Appointment", "{{default96}}-Status"]
    )
    assert.strictEqual((yield* form("/leads/248199/send", {}, { "sec-fetch-site": "cross-site" })).status, 403)
    assert.strictEqual(received.length, 3)
    const page = yield* request(ui)
    assert.include(page.text, "200 noted")
  })

  onPortal("finds a lead by its number", function* (portal) {
    const found = yield* request(`${portal.origin}/_sandbox/ui/${portal.root}/leads?lead=+248150`)
    assert.strictEqual(found.headers.get("location"), `/_sandbox/ui/${portal.root}/leads/248150`)
  })

  onPortal("tells a person what does not exist", function* (portal) {
    const page = yield* request(`${portal.origin}/_sandbox/ui/${portal.root}/leads/1`)
    assert.strictEqual(page.status, 404)
    assert.include(page.text, "Lead 1 does not exist")
  })
})

describe("Eastern time", () => {
  for (const [instant, wall] of [
    ["2026-09-16T03:30:00Z", "2026-09-15T23:30:00"],
    ["2026-03-08T06:59:59Z", "2026-03-08T01:59:59"],
    ["2026-03-08T07:00:00Z", "2026-03-08T03:00:00"],
    ["2026-11-01T05:30:00Z", "2026-11-01T01:30:00"],
    ["2026-11-01T06:30:00Z", "2026-11-01T01:30:00"],
    ["2026-01-01T05:00:00Z", "2026-01-01T00:00:00"]
  ] as const) {
    test(`shows ${instant} as ${wall} under a false offset`, () => {
      assert.strictEqual(toWall(Date.parse(instant)), wall)
      assert.strictEqual(toFalseOffset(Date.parse(instant)), `${wall}+00:00`)
    })
  }

  test("reads a repeated hour as its first pass and survives an hour that does not exist", () => {
    assert.strictEqual(fromWall("2026-11-01T01:30:00"), Date.parse("2026-11-01T05:30:00Z"))
    assert.isFalse(Number.isNaN(fromWall("2026-03-08T02:30:00")))
  })

  test("prints noon and midnight the American way", () => {
    assert.strictEqual(toUsDateTime(fromWall("2026-09-14T00:05:00")), "09/14/2026 12:05 AM")
    assert.strictEqual(toUsDateTime(fromWall("2026-09-14T12:00:00")), "09/14/2026 12:00 PM")
  })
})
