import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually, type PortalTest, runOnPortal, Sandbox } from "./Harness.ts"

const note = (Text: string) => ({ LeadId: 248199, Category: "Client Communications", Text })

const clientNotes = (lead: any): ReadonlyArray<string> =>
  lead.notes.filter(({ category }: any) => category === "Client Communications").map(({ text }: any) => text)

layer(Sandbox.layer, { excludeTestServices: true })("faults", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  for (const [kind, status, type] of [
    ["401", 401, /json/],
    ["403", 403, /html/],
    ["404", 404, /html/],
    ["500", 500, /html/],
    ["429", 429, /json/]
  ] as const) {
    onPortal(`answer ${kind} once and then let the call through`, function* (portal) {
      yield* portal.fault({ on: "AddNote", kind })
      const struck = yield* portal.advanced("ApiCases/AddNote", note("one"))
      assert.strictEqual(struck.status, status)
      assert.match(struck.headers.get("content-type") ?? "", type)
      assert.deepStrictEqual(clientNotes(yield* portal.lead()), [])
      assert.strictEqual((yield* portal.advanced("ApiCases/AddNote", note("two"))).json.IsSuccess, true)
    })
  }

  for (const [retryAfter, expected] of [
    [7, /^7$/],
    ["none", null],
    ["http-date", /GMT$/],
    [undefined, /^1$/]
  ] as const) {
    onPortal(`throttle with Retry-After ${retryAfter ?? "left out of the fault"}`, function* (portal) {
      yield* portal.fault({ on: "legacy", kind: "429", ...(retryAfter === undefined ? {} : { retryAfter }) })
      const header = (yield* portal.update({})).headers.get("retry-after")
      if (expected === null) assert.isNull(header)
      else assert.match(header ?? "", expected)
    })
  }

  onPortal("hide an error inside a 200 in each API's own form", function* (portal) {
    yield* portal.fault({ on: "any", kind: "200-error", times: 4 })
    assert.strictEqual((yield* portal.authenticate()).json.error, "temporarily_unavailable")
    const text = yield* portal.legacy({ Operation: "GetStatus", LeadID: "248199" })
    assert.deepStrictEqual([text.status, text.text.startsWith("Error: ")], [200, true])
    assert.strictEqual((yield* portal.update({})).json.Success, false)
    portal.forgetToken()
    yield* portal.admin("DELETE", "/faults")
    yield* portal.authenticate()
    yield* portal.fault({ on: "GetLead", kind: "200-error" })
    const envelope = yield* portal.advanced("ApiCases/GetLead?leadId=248199")
    assert.deepStrictEqual([envelope.status, envelope.json.IsSuccess, envelope.json.Data], [200, false, null])
  })

  onPortal("expire the token for good", function* (portal) {
    yield* portal.fault({ on: "any", kind: "expired-token", skip: 1 })
    const call = portal.advanced("ApiCases/GetLead?leadId=248199")
    assert.deepStrictEqual([(yield* call).status, (yield* call).status], [401, 401])
    portal.forgetToken()
    assert.strictEqual((yield* call).status, 200)
  })

  onPortal("lose an answer after the note was written", function* (portal) {
    yield* portal.fault({ on: "AddNote", kind: "answer-lost" })
    assert.strictEqual((yield* portal.advanced("ApiCases/AddNote", note("kept"))).status, 0)
    assert.deepStrictEqual(clientNotes(yield* portal.lead()), ["kept"])
    const { calls } = yield* portal.state
    assert.deepInclude(calls.at(-1), { operation: "AddNote", status: 0, fault: "answer-lost" })
  })

  onPortal("commit late, after the client has given up", function* (portal) {
    yield* portal.fault({ on: "legacy.status", kind: "late-commit", ms: 500 })
    assert.strictEqual((yield* portal.update({ Status: "Signed e-Sign" })).status, 0)
    assert.strictEqual((yield* portal.lead()).status, "Sent e-Sign")
    const later = yield* eventually(portal.lead(), ({ status }) => status === "Signed e-Sign")
    assert.strictEqual(later.status, "Signed e-Sign")
  })

  onPortal("be slow and finish the work although the client hung up", function* (portal) {
    yield* portal.advanced("ApiLookup/GetCaseTypes")
    yield* portal.fault({ on: "AddNote", kind: "slow", ms: 700 })
    const hasty = yield* Effect.timeoutOption(portal.advanced("ApiCases/AddNote", note("late")), 100)
    assert.strictEqual(hasty._tag, "None")
    assert.deepStrictEqual(clientNotes(yield* portal.lead()), [])
    const later = yield* eventually(portal.lead(), (lead) => clientNotes(lead).length > 0)
    assert.deepStrictEqual(clientNotes(later), ["late"])
  })

  onPortal("cut a body short, cleanly or by breaking the connection", function* (portal) {
    yield* portal.fault({ on: "GetLead", kind: "truncated" }, { on: "GetLead", kind: "truncated", abort: true })
    const short = yield* portal.advanced("ApiCases/GetLead?leadId=248199")
    assert.strictEqual(short.status, 200)
    assert.match(short.text, /^\{"Count":1,"IsSuccess":true/)
    assert.isUndefined(short.json)
    assert.strictEqual((yield* portal.advanced("ApiCases/GetLead?leadId=248199")).status, 0)
  })

  onPortal("answer nothing at all, a DOCTYPE, or a refused client", function* (portal) {
    yield* portal.fault(
      { on: "legacy", kind: "empty" },
      { on: "legacy", kind: "doctype" },
      { on: "token", kind: "wrong-client" }
    )
    const empty = yield* portal.update({ Status: "Signed e-Sign" })
    assert.deepStrictEqual([empty.status, empty.text], [200, ""])
    assert.strictEqual((yield* portal.lead()).status, "Signed e-Sign")
    const xml = yield* portal.legacy({ Operation: "GetStatus", LeadID: "248199", ReturnXML: "True" })
    assert.match(xml.text, /^<\?xml [^>]+\?><!DOCTYPE Lead \[<!ENTITY .*\]><Lead>/)
    const refused = yield* portal.authenticate()
    assert.deepStrictEqual([refused.status, refused.json], [400, { error: "invalid_client" }])
  })

  onPortal("drip a body out over the time asked for", function* (portal) {
    yield* portal.fault({ on: "GetLead", kind: "drip", ms: 300 })
    const before = Date.now()
    const reply = yield* portal.advanced("ApiCases/GetLead?leadId=248199")
    assert.isAtLeast(Date.now() - before, 250)
    assert.strictEqual(reply.json.Data.LeadId, 248199)
  })

  onPortal("answer about another lead without touching it", function* (portal) {
    yield* portal.fault({ on: "GetLead", kind: "wrong-lead" }, { on: "legacy.update", kind: "wrong-lead" })
    assert.strictEqual((yield* portal.advanced("ApiCases/GetLead?leadId=248199")).json.Data.LeadId, 248177)
    const written = yield* portal.update({ Status: "Signed e-Sign" })
    assert.strictEqual(written.json.LeadID, 248177)
    assert.strictEqual((yield* portal.lead(248199)).status, "Signed e-Sign")
    assert.strictEqual((yield* portal.lead(248177)).status, "New Lead")
  })

  onPortal("shift a page by one between two calls", function* (portal) {
    yield* portal.fault({ on: "GetInboxItems", kind: "page-drift" })
    const page = (number: number) =>
      Effect.map(portal.advanced(`ApiCases/GetInboxItems?inboxType=1&page=${number}&pageSize=3`), ({ json }) =>
        json.Data.map((one: any) => one.LeadId)
      )
    const seen = [...(yield* page(1)), ...(yield* page(2))]
    assert.strictEqual(seen.length - new Set(seen).size, 1)
  })

  onPortal("strike the named lead and operation only, in order, after the calls to skip", function* (portal) {
    yield* portal.fault(
      { on: "legacy.note", kind: "500", skip: 1, times: 2 },
      { on: "legacy.getStatus", kind: "403", leadId: 248150 }
    )
    const statuses = [
      yield* portal.update({ Status: "New Lead" }),
      yield* portal.update({ Conversation: "a" }),
      yield* portal.update({ Conversation: "b" }),
      yield* portal.update({ Conversation: "c", Status: "Sent e-Sign" }),
      yield* portal.update({ Conversation: "d" }),
      yield* portal.legacy({ Operation: "GetStatus", LeadID: "248199" }),
      yield* portal.legacy({ Operation: "GetStatus", LeadID: "248150" })
    ].map(({ status }) => status)
    assert.deepStrictEqual(statuses, [200, 200, 500, 500, 200, 200, 403])
  })

  for (const [what, fault, field] of [
    ["an unknown kind", { on: "legacy", kind: "x" }, "0.kind"],
    ["an unknown target", { on: "x", kind: "slow" }, "on"],
    ["a webhook kind on an API", { on: "legacy", kind: "lose" }, "kind"],
    ["an API kind on webhooks", { on: "webhook", kind: "500" }, "kind"],
    ["a negative time", { on: "legacy", kind: "slow", ms: -1 }, "0.ms"],
    ["a member nobody knows", { on: "legacy", kind: "slow", msec: 1 }, "0.msec"]
  ] as const) {
    onPortal(`are refused with the field named for ${what}`, function* (portal) {
      const reply = yield* portal.fault(fault)
      assert.strictEqual(reply.status, 422)
      assert.strictEqual(reply.headers.get("content-type"), "application/problem+json")
      assert.strictEqual(JSON.parse(reply.text).errors[0].field, field)
      assert.deepStrictEqual((yield* portal.state).faults, [])
    })
  }
})
