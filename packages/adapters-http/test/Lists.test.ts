/** Lists and campaigns over real HTTP: made, changed, filled by hand, audited; and the webhook URL with options. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { CaseId, ClientId, ExternalCaseId } from "@casewire/core/domain/Case"
import { unknownValue } from "@casewire/core/domain/Merge"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { firm, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.run(
    Effect.gen(function* () {
      const cases = yield* CaseStore
      for (const number of [1, 2, 3])
        yield* cases.save({
          id: CaseId.make(`case-${number}`),
          firmId: firm,
          connectionId: world.connection.id,
          externalId: ExternalCaseId.make(`470${number}`),
          clientId: ClientId.make("client-1"),
          standing: "verified",
          name: `Case ${number}`,
          caseType: { name: number === 3 ? "Slip and Fall" : "Motor Vehicle" },
          status: { ...unknownValue, platform: "Signed Up" },
          reported: null,
          fields: {},
          values: {},
          dirtySince: null,
          receiveNumber: 0,
          createdAt: 1_767_603_600_000,
          updatedAt: 1_767_603_600_000,
          externalCreatedAt: null,
          externalUpdatedAt: null,
          verifiedAt: 1_767_603_600_000
        })
    })
  )
})
afterAll(() => world.stop())

const make = async (input: object = { name: "Intake" }, path = "/lists") => (await world.call("POST", path, input)).body

describe("lists", () => {
  it("are made with a short number of their own, shown, changed and archived", async () => {
    const first = await world.call("POST", "/lists", { name: " Intake ", description: "who to call", caseType: " " })
    expect(first.status).toBe(201)
    expect(first.body).toMatchObject({ name: "Intake", description: "who to call", caseType: null, members: 0 })
    expect(first.body.autoAdd).toEqual({
      on: false,
      firstSyncOnly: false,
      connectionId: null,
      caseTypes: [],
      statuses: []
    })
    expect(first.body.createdAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    const second = await make({ name: "Second", autoAdd: { on: true, statuses: ["Signed Up"] } })
    expect(second.number).toBe(first.body.number + 1)
    expect(second.autoAdd).toMatchObject({ on: true, firstSyncOnly: false, statuses: ["Signed Up"] })

    const path = `/lists/${second.id}`
    expect((await world.call("PATCH", path, { caseType: "Motor Vehicle" })).body).toMatchObject({
      name: "Second",
      caseType: "Motor Vehicle"
    })
    expect((await world.call("PUT", `${path}/auto-add`, { on: true, firstSyncOnly: true })).body.autoAdd).toMatchObject(
      {
        on: true,
        firstSyncOnly: true,
        statuses: []
      }
    )
    expect((await world.call("DELETE", path)).status).toBe(204)
    expect((await world.call("GET", path)).status).toBe(404)
    expect((await world.call("DELETE", path)).status).toBe(404)
    const numbers = (await world.call("GET", "/lists")).body.lists.map(({ number }: { number: number }) => number)
    expect(numbers).not.toContain(second.number)
    expect((await make()).number).toBe(second.number + 1)
  })

  it("are refused with the fields named", async () => {
    const blank = await world.call("POST", "/lists", { name: "  " })
    expect([blank.status, blank.body.type, blank.body.errors]).toEqual([
      422,
      "/problems/list-invalid",
      [{ field: "name", code: "empty" }]
    ])
    const { id } = await make()
    const rule = await world.call("PUT", `/lists/${id}/auto-add`, { on: true, connectionId: world.foreign.id })
    expect([rule.status, rule.body.errors]).toEqual([422, [{ field: "autoAdd.connectionId", code: "unknown" }]])
    const form = await world.call("POST", `/lists/${id}/members`, { action: "add", caseIds: [] })
    expect([form.status, form.body.errors]).toEqual([422, [{ field: "caseIds", code: "invalid" }]])
  })

  it("take cases by hand, say what became of each, and write down who did it", async () => {
    const { id } = await make()
    const path = `/lists/${id}/members`
    const move = async (action: string, ...caseIds: ReadonlyArray<string>) =>
      (await world.call("POST", path, { action, caseIds })).body.results.map(({ result }: { result: string }) => result)
    expect(await move("add", "case-1", "case-2", "elsewhere")).toEqual(["added", "added", "not-found"])
    expect(await move("add", "case-1")).toEqual(["unchanged"])
    expect(await move("remove", "case-2")).toEqual(["removed"])
    expect((await world.call("GET", path)).body.members).toMatchObject([
      {
        caseId: "case-1",
        case: { name: "Case 1", externalId: "4701", status: "Signed Up" },
        isMember: true,
        cause: "test"
      },
      { caseId: "case-2", isMember: false, heldOffBy: "person" }
    ])
    expect((await world.call("GET", `${path}?isMember=true`)).body.members).toHaveLength(1)
    expect((await world.call("GET", `${path}?after=case-1&limit=1`)).body.members).toMatchObject([{ caseId: "case-2" }])
    expect((await world.call("GET", `/lists/${id}`)).body.members).toBe(1)
    expect(await move("lift", "case-2")).toEqual(["lifted"])

    const { events } = (await world.call("GET", `/lists/${id}/audit`)).body
    expect(events.map(({ by, caseId, cause, change }: Record<string, string>) => [change, caseId, by, cause])).toEqual([
      ["lifted", "case-2", "person", "test"],
      ["removed", "case-2", "person", "test"],
      ["added", "case-2", "person", "test"],
      ["added", "case-1", "person", "test"],
      ["created", null, "person", "test"]
    ])
    const older = (await world.call("GET", `/lists/${id}/audit?before=${events[1].id}&limit=2`)).body.events
    expect(older).toEqual(events.slice(2, 4))
    const ofCase = (await world.call("GET", "/cases/case-2/lists")).body
    expect(ofCase.memberships).toMatchObject([{ targetId: id, isMember: false, heldOffBy: null }])
    expect(ofCase.events).toHaveLength(3)
  })

  it("say which cases have another case type than a campaign needs, and refuse nothing for it", async () => {
    const { id } = await make({ name: "One type" })
    await world.call("POST", `/lists/${id}/members`, { action: "add", caseIds: ["case-1", "case-3"] })
    const check = async () => (await world.call("GET", `/lists/${id}/check`)).body
    expect(await check()).toEqual({ code: "case-type-missing", caseIds: [] })
    await world.call("PATCH", `/lists/${id}`, { caseType: "motor vehicle" })
    expect(await check()).toEqual({ code: "case-type-differs", caseIds: ["case-3"] })
    const campaign = await make({ name: "Spring", listId: id }, "/campaigns")
    expect(campaign.check).toEqual({ code: "case-type-differs", caseIds: ["case-3"] })
    await world.call("POST", `/lists/${id}/members`, { action: "remove", caseIds: ["case-3"] })
    expect(await check()).toEqual({ code: null, caseIds: [] })
  })
})

describe("campaigns", () => {
  it("are made with a number, changed, filled and archived", async () => {
    const list = await make()
    const made = await make({ name: "Spring", listId: list.id }, "/campaigns")
    expect(made).toMatchObject({ name: "Spring", listId: list.id, members: 0 })
    const path = `/campaigns/${made.id}`
    expect((await world.call("PATCH", path, { name: "Summer", listId: null })).body).toMatchObject({
      name: "Summer",
      listId: null
    })
    const moved = await world.call("POST", `${path}/members`, { action: "add", caseIds: ["case-1"] })
    expect(moved.body.results).toEqual([{ caseId: "case-1", result: "added" }])
    expect((await world.call("GET", path)).body.members).toBe(1)
    expect((await world.call("GET", `${path}/members`)).body.members).toMatchObject([
      { kind: "campaign", caseId: "case-1" }
    ])
    expect((await world.call("GET", `${path}/audit`)).body.events).toHaveLength(3)
    expect((await world.call("GET", "/campaigns")).body.campaigns.map(({ id }: { id: string }) => id)).toContain(
      made.id
    )
    expect((await world.call("DELETE", path)).status).toBe(204)
    expect((await world.call("GET", path)).status).toBe(404)
  })

  it("are refused for a list that is not the firm's", async () => {
    const theirs = await world.call("POST", "/lists", { name: "Theirs" }, world.otherApi)
    const refused = await world.call("POST", "/campaigns", { name: "Spring", listId: theirs.body.id })
    const unknown = await world.call("POST", "/campaigns", { name: "Spring", listId: "nowhere" })
    expect([refused.status, refused.text]).toEqual([422, unknown.text])
    expect(refused.body.errors).toEqual([{ field: "listId", code: "list_not_found" }])
  })
})

describe("the webhook's URL", () => {
  const build = (input: object) => world.call("POST", `/connections/${world.connection.id}/webhook-url`, input)

  it("is finished with options, and the same stands as rows for the Params tab", async () => {
    const { number } = await make({ name: "For the URL" })
    const built = await build({ list_id: ` ${number} `, token: "abc-123" })
    expect(built.body).toEqual({
      url: `${world.url}/webhooks/acme?token=abc-123&list_id=${number}`,
      isComplete: true,
      params: [{ key: "list_id", value: String(number) }],
      warnings: []
    })
    expect((await build({ list_name: "for the url & more" })).body).toMatchObject({
      url: `${world.url}/webhooks/acme?token=********&list_name=for%20the%20url%20%26%20more`,
      isComplete: false,
      warnings: [{ field: "list_name", code: "list_not_found" }]
    })
  })

  it("works when the CRM calls it", async () => {
    const { number } = await make({ name: "Called" })
    const { url } = (await build({ list_id: String(number), token: world.token })).body
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ "Lead ID": "4711", Status: "Signed Up", "Full Name": "Ana Gómez" }).toString()
    })
    expect(answer.status).toBe(200)
    expect((await world.receipts())[0]?.query).toEqual([["list_id", String(number)]])
  })

  it("may fix its options: neither its query nor its body gets around them, and earlier URLs stay as they were", async () => {
    const { number } = await make({ name: "Fixed" })
    const issue = (input: object) => world.call("POST", `/connections/${world.connection.id}/webhook-token`, input)
    const locked = { list_id: String(number) }
    const { body, status } = await issue({ locked, beside: true })
    expect([status, body.locked]).toEqual([201, locked])
    const post = (url: string, extra: object = {}) =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ "Lead ID": "4712", Status: "Signed Up", "Full Name": "Ana", ...extra }).toString()
      })
    const answer = await post(`${body.url}&list_name=Other&%3Dlist_id=9`, { list_id: "8" })
    const { warnings } = (await answer.json()) as { warnings: ReadonlyArray<{ code: string; field: string }> }
    expect(warnings.map(({ code, field }) => `${field}:${code}`).toSorted()).toEqual([
      "list_id:locked",
      "list_name:locked"
    ])
    expect((await world.receipts())[0]?.query).toEqual([
      ["list_name", "Other"],
      ["=list_id", String(number)]
    ])
    expect((await post(`${world.url}/webhooks/acme?token=${world.token}`)).status).toBe(200)
    const unsupported = await issue({ locked: { campaign_id: "7" } })
    expect([unsupported.status, unsupported.body.errors]).toEqual([
      422,
      [{ field: "locked.campaign_id", code: "unsupported" }]
    ])
  })

  it("gives one answer for an unknown list and another firm's, and refuses options the CRM does not know", async () => {
    const theirs = await world.call("POST", "/lists", { name: "Secret" }, world.otherApi)
    const warnings = async (list_id: string) => (await build({ list_id })).body.warnings
    expect(await warnings(theirs.body.id)).toEqual(await warnings("999999"))
    const unsupported = await build({ campaign_id: "42" })
    expect([unsupported.status, unsupported.body.errors]).toEqual([
      422,
      [{ field: "campaign_id", code: "unsupported" }]
    ])
    expect((await build({ remove_from_list: "perhaps" })).status).toBe(422)
  })
})
