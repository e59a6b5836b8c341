/** Mappings, drafts, statuses and a case's fields over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { CaseId, ClientId, ExternalCaseId } from "@casewire/core/domain/Case"
import { unknownValue } from "@casewire/core/domain/Merge"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { firm, startWorld, type World } from "./Harness.ts"

let world: World
let at: string
const caseId = CaseId.make("mapped-case")
beforeAll(async () => {
  world = await startWorld()
  at = `/connections/${world.connection.id}`
  await world.run(
    Effect.flatMap(CaseStore, (cases) =>
      cases.save({
        id: caseId,
        firmId: firm,
        connectionId: world.connection.id,
        externalId: ExternalCaseId.make("4711"),
        clientId: ClientId.make("client-1"),
        standing: "verified",
        name: "Ana Gómez",
        caseType: { externalId: "1", name: "Motor Vehicle" },
        status: unknownValue,
        reported: null,
        fields: { Custom101: ["09/03/2026"] },
        values: {},
        dirtySince: null,
        receiveNumber: 0,
        createdAt: 1,
        updatedAt: 1,
        externalCreatedAt: null,
        externalUpdatedAt: null,
        verifiedAt: 1
      })
    )
  )
})
afterAll(() => world.stop())

interface Refusal {
  readonly errors: ReadonlyArray<{ readonly field: string; readonly code: string }>
}

const date = {
  platformField: "accidentDate",
  crmKey: "Custom101",
  direction: "both",
  transform: { _tag: "Date", crm: "MM/DD/YYYY" }
}

const upload = (name: string, text: string, query = "") =>
  world.uploadForm(`${at}/mapping-drafts${query}`, { name, text }, world.api)

describe("the field catalog", () => {
  it("is empty until the CRM was asked, and then says since when it is known", async () => {
    expect((await world.call("GET", `${at}/field-catalog`)).body).toEqual({
      fetchedAt: null,
      catalog: { caseTypes: [], statuses: [], fields: [] }
    })
    const refreshed = await world.call("POST", `${at}/field-catalog/refresh`)
    expect(refreshed.body).toMatchObject({
      isFirst: true,
      fetchedAt: expect.stringMatching(/Z$/),
      caseTypes: { added: [], renamed: [], gone: [] }
    })
    const known = await world.call("GET", `${at}/field-catalog`)
    expect(known.body.fetchedAt).toBe(refreshed.body.fetchedAt)
    expect(known.body.catalog.caseTypes).toHaveLength(2)
  })

  it("is previewed for one case type only", async () => {
    const preview = async (query: string) => (await world.call("GET", `${at}/available-fields${query}`)).body
    expect((await preview("")).reason).toBe("Select a case type to see its fields.")
    expect((await preview("?caseType=1&caseType=2")).reason).toMatch(/^More than one/)
    expect(await preview("?caseType=Motor%20Vehicle")).toMatchObject({ fields: [] })
  })
})

describe("a mapping", () => {
  it("is saved, listed, versioned and restored, by its case type's id", async () => {
    const path = `${at}/mappings/1`
    expect((await world.call("GET", path)).body).toEqual({ mapping: null })
    const saved = await world.call("PUT", path, { entries: [date], basedOn: 0 })
    expect([saved.status, saved.body]).toMatchObject([
      200,
      { caseType: "1", campaignId: null, number: 1, entries: [date], savedBy: "test", origin: null, warnings: [] }
    ])
    expect((await world.call("PUT", path, { entries: [] })).body.number).toBe(2)
    const versions = await world.call("GET", `${path}/versions`)
    expect(versions.body.versions.map(({ number }: { number: number }) => number)).toEqual([2, 1])
    expect((await world.call("POST", `${path}/restore`, { number: 1 })).body).toMatchObject({
      number: 3,
      entries: [date],
      origin: "version 1"
    })
    expect((await world.call("POST", `${path}/restore`, { number: 99 })).status).toBe(404)
    const stale = await world.call("PUT", path, { entries: [], basedOn: 1 })
    expect([stale.status, stale.body.errors]).toEqual([422, [{ field: "basedOn", code: "changed-since" }]])
    expect((await world.call("GET", `${at}/mappings`)).body.mappings).toHaveLength(1)
  })

  it("of a campaign stands beside the company's", async () => {
    const path = `${at}/mappings/1`
    await world.call("PUT", path, { campaignId: "c1", entries: [{ ...date, crmKey: "Custom102" }] })
    expect((await world.call("GET", `${path}?campaignId=c1`)).body.mapping).toMatchObject({
      campaignId: "c1",
      number: 1
    })
    const all = await world.call("GET", `${at}/mappings`)
    expect(all.body.mappings.map((each: { campaignId: string | null }) => each.campaignId)).toEqual([null, "c1"])
  })

  it.each([
    ["Key", "reserved"],
    ["leadID", "reserved"],
    ["a&b", "malformed"],
    ["a b", "malformed"],
    ["[]", "malformed"]
  ])("R-18: with the key %j is refused: 422 mapping-invalid, crmKey %s", async (crmKey, code) => {
    const answer = await world.call("PUT", `${at}/mappings/1`, { entries: [{ ...date, crmKey }] })
    expect([answer.status, answer.body.type, answer.body.errors]).toEqual([
      422,
      "/problems/mapping-invalid",
      [{ field: "crmKey", code }]
    ])
  })

  it("that does not fit its schema names the field", async () => {
    const answer = await world.call("PUT", `${at}/mappings/1`, { entries: [{ ...date, direction: "sideways" }] })
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, "entries.0.direction"])
  })

  it("gets suggestions for fields that were sent", async () => {
    const answer = await world.call("POST", `${at}/mappings/1/suggestions`, {
      fields: [{ key: "accidentDate", label: "Accident date", type: "date", options: [] }]
    })
    expect([answer.status, answer.body]).toEqual([200, { suggestions: [] }])
  })
})

describe("a mapping sheet", () => {
  const sheet = [
    "API Key,s3cret-api-value-123456",
    "",
    "Custom#,Name,Type,Options",
    "<<Custom101>>,Date of accident,date,",
    "Status,Status,text,"
  ]

  it("is uploaded into a draft with an outcome per row, applied, and used once", async () => {
    const { body, status } = await upload("Slip and Fall.csv", sheet.join("\n"))
    expect(status).toBe(201)
    expect(body).toMatchObject({ state: "open", createdBy: "test", sheets: [{ credentialsSeen: true, dropped: 1 }] })
    expect(body.rows.map(({ codes, level }: { codes: string[]; level: string }) => [level, ...codes])).toEqual([
      ["ok"],
      ["error", "status"]
    ])
    expect(JSON.stringify(body)).not.toContain("s3cret")
    const path = `${at}/mapping-drafts/${body.id}`
    expect((await world.call("GET", path)).body.id).toBe(body.id)
    expect((await world.call("GET", `${at}/mapping-drafts`)).body.drafts).toHaveLength(1)
    const applied = await world.call("POST", `${path}/apply`, {})
    expect([applied.status, applied.body.versions[0]]).toMatchObject([
      200,
      {
        caseType: "slip and fall",
        number: 1,
        origin: `draft ${body.id}`,
        entries: [{ platformField: "dateOfAccident" }]
      }
    ])
    const again = await world.call("POST", `${path}/apply`, {})
    expect([again.status, again.body.type]).toEqual([409, "/problems/draft-closed"])
    expect((await world.call("POST", `${path}/discard`)).status).toBe(409)
  })

  it("has its outcome as a file that goes through the guarded writer, also once it is closed", async () => {
    const { body } = await upload("Slip and Fall.csv", sheet.join("\n"))
    const file = await world.call("GET", `${at}/mapping-drafts/${body.id}/outcome.csv`)
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"])
    expect(file.headers.get("content-disposition")).toBe(`attachment; filename="outcome-${body.id}.csv"`)
    const lines = file.text.trimEnd().split("\n")
    expect(lines.slice(0, 3)).toEqual([
      "mark",
      "Sheet;Row;Field;Outcome;Message",
      "1;4;Custom101;ok;Taken into the draft."
    ])
    expect(lines[3]).toMatch(/^1;5;[^;]*;error;/)
    expect(file.text).not.toContain("s3cret")
    await world.call("POST", `${at}/mapping-drafts/${body.id}/discard`)
    expect((await world.call("GET", `${at}/mapping-drafts/${body.id}/outcome.csv`)).text).toBe(file.text)
    expect((await world.call("GET", `${at}/mapping-drafts/nothing/outcome.csv`)).status).toBe(404)
  })

  it("may be as large as five megabytes", async () => {
    const rows = Array.from({ length: 4000 }, (_, row) => `${10_000 + row},${"q".repeat(1150)},text,`)
    const { body, status } = await upload("Motor Vehicle.csv", ["Custom#,Name,Type,Options", ...rows].join("\n"))
    expect([status, body.fields?.length]).toEqual([201, 4000])
  })

  it("takes the case type that a person names for it", async () => {
    const { body } = await upload("unnamed.csv", sheet.slice(2).join("\n"), "?caseType=Motor%20Vehicle")
    expect(body.fields.map(({ caseType }: { caseType: string }) => caseType)).toEqual(["Motor Vehicle"])
  })

  it("that is no sheet, is missing or is too large is refused by name", async () => {
    const picture = await upload("photo.png", "x")
    expect([picture.status, picture.body.type, picture.body.errors]).toEqual([
      422,
      "/problems/sheet-unreadable",
      [{ field: "file", code: "unsupported-type" }]
    ])
    const large = await upload("large.csv", "x".repeat(5 * 1024 * 1024 + 1))
    expect([large.status, large.body.errors]).toEqual([422, [{ field: "file", code: "file-size" }]])
    const larger = await upload("larger.csv", "x".repeat(6 * 1024 * 1024))
    expect([larger.status, larger.body.type]).toEqual([413, "/problems/body-too-large"])
    const form = new FormData()
    form.set("note", "no file")
    const missing = await fetch(`${world.url}/api/v1${at}/mapping-drafts`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}` },
      body: form
    })
    expect([missing.status, ((await missing.json()) as Refusal).errors]).toEqual([
      422,
      [{ field: "file", code: "missing" }]
    ])
  })

  it("of another connection's draft is not found", async () => {
    expect((await world.call("GET", `${at}/mapping-drafts/nothing`)).status).toBe(404)
  })
})

describe("statuses of a case type", () => {
  it("are linked in both directions, with terminal marks, and shown beside the CRM's", async () => {
    const path = `${at}/statuses/1`
    const links = [{ platform: "Retained", crm: "Signed Up", direction: "both" }]
    const saved = await world.call("PUT", path, { links, terminal: ["Retained"] })
    expect([saved.status, saved.body]).toMatchObject([200, { links, terminal: ["Retained"], updatedBy: "test" }])
    expect((await world.call("GET", path)).body).toMatchObject({
      crm: [{ name: "Signed Up", platform: "Retained", isKnown: true }],
      platform: [{ name: "Retained", origin: "person", crm: "Signed Up", isListed: true }]
    })
    const refused = await world.call("PUT", path, { links: [...links, ...links], terminal: [] })
    expect([refused.status, refused.body.errors[0]]).toEqual([422, { field: "links[1].crm", code: "repeated" }])
  })
})

describe("outgoing case types", () => {
  it("are all until they are selected, and limit what is sent", async () => {
    const path = `${at}/outgoing-case-types`
    expect((await world.call("GET", path)).body).toEqual({ caseTypes: null })
    await world.call("PUT", path, { caseTypes: ["Slip and Fall"] })
    const event = { type: "fields_changed", eventId: "out-1", caseId, fields: { accidentDate: "2026-10-01" } }
    expect((await world.call("POST", "/events", event)).body).toEqual({
      result: "dropped",
      jobId: null,
      reason: 'the case type "Motor Vehicle" is not selected for sending'
    })
    expect((await world.call("PUT", path, { caseTypes: null })).body).toEqual({ caseTypes: null })
  })
})

describe("fields changed on the platform", () => {
  it("TV-24: are kept and not sent while the case type is not linked, with the reason in the answer and on the case", async () => {
    const reason = 'the case type "Motor Vehicle" is not linked'
    const event = { type: "fields_changed", eventId: "tv-24", caseId, fields: { accidentDate: "2026-11-01" } }
    expect((await world.call("POST", "/events", event)).body).toEqual({ result: "dropped", jobId: null, reason })
    expect((await world.call("GET", `/cases/${caseId}/fields`)).body).toEqual({
      reason,
      fields: [
        {
          field: "accidentDate",
          values: ["2026-11-01"],
          crmKey: null,
          direction: null,
          inCrm: [],
          state: "not-sent",
          reason
        }
      ]
    })
  })

  it("are queued as a push when the case type is linked and mapped", async () => {
    const link = { crmCaseType: { externalId: "1", name: "Motor Vehicle" }, platformCaseType: "Auto" }
    await world.call("PUT", `${at}/case-type-links`, { links: [link] })
    const event = {
      type: "fields_changed",
      eventId: "f-1",
      caseId,
      fields: { accidentDate: ["2026-12-01"], note: null }
    }
    const answer = await world.call("POST", "/events", event)
    expect(answer.body).toMatchObject({ result: "queued", reason: null })
    const job = await world.call("GET", `/jobs/${answer.body.jobId}`)
    expect(job.body).toMatchObject({ work: "push-fields", lane: "state", about: { caseId, eventId: "f-1" } })
    expect((await world.call("POST", "/events", event)).body).toMatchObject({
      result: "known",
      jobId: answer.body.jobId
    })
    const { body } = await world.call("GET", `/cases/${caseId}/fields`)
    expect(body.fields[0]).toMatchObject({
      field: "accidentDate",
      values: ["2026-12-01"],
      crmKey: "Custom101",
      state: "waiting"
    })
  })

  it.each([
    [{}, "fields"],
    [{ __proto__: "x" }, "fields"],
    [{ "a b": "x" }, "fields"],
    [{ constructor: "x" }, "fields"],
    [{ ok: 5 }, "fields.ok"]
  ])("are refused for %j", async (fields, field) => {
    const text = JSON.stringify({ type: "fields_changed", eventId: "bad", caseId }).replace(
      "}",
      `,"fields":${rawJson(fields)}}`
    )
    const response = await fetch(`${world.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, "content-type": "application/json" },
      body: text
    })
    expect(response.status).toBe(422)
    expect(((await response.json()) as Refusal).errors[0]!.field).toContain(field)
  })
})

/** `__proto__` in a literal sets the prototype, so that key is written by hand. */
const rawJson = (fields: object): string =>
  Object.keys(fields).length === 0 && Object.getPrototypeOf(fields) !== Object.prototype
    ? '{"__proto__":"x"}'
    : JSON.stringify(fields)
