/**
 * Test vectors from end to end: what a real portal would post goes over HTTP to a running host, which reads, writes and
 * is called back by a running sandbox. One host and one portal serve all of them, in their order.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { freePort, type Running, startHost, startSandbox, stop, throwAway, casewire } from "../harness/Processes.ts"
import { eventually, makeWorld, quiescent, type World } from "../harness/World.ts"

const lead = 248199
/** TV-1, letter by letter. */
const complete =
  "LeadID=248199&CaseTypeID=222&CaseType=Harbor+MVA&StatusID=9&Status=Sent+e-Sign&FullName=Jos%C3%A9+O%27Hara" +
  "&CreatedDate=09%2F14%2F2026+10%3A22+AM&PrimaryContactID=70551&FirstName=Jos%C3%A9&LastName=O%27Hara" +
  "&Email=jose.ohara%40example.test&Phone=%28205%29+555-0142&Custom4124=09%2F03%2F2026&Custom4131=Chiropractor"

let host: Running | undefined
let sandbox: Running | undefined
let remove = () => {}
let world: World
let connection = { id: "", url: "" }

beforeAll(async () => {
  const place = throwAway()
  remove = place.remove
  sandbox = await startSandbox(await freePort())
  const options = {
    port: await freePort(),
    data: place.data,
    sandboxUrl: sandbox.url,
    clientTimeoutMs: 2000,
    lateCommitMs: 500
  }
  const token = await casewire(["token"], options)
  host = await startHost(options)
  world = makeWorld(host.url, sandbox.url, token)
  const { credentials } = await world.state()
  await world.portal("POST", "/settings", { rateLimit: null })
  const values = {
    username: credentials.username,
    password: credentials.password,
    clientRoot: "harbor",
    clientSecret: credentials.clientSecret,
    key: credentials.key
  }
  const made = await world.api("POST", "/connections", { plugin: "law-ruler", sandbox: true, callLimit: 6000, values })
  const path = `/connections/${made.body.id}`
  await world.api("POST", `${path}/verify`, {})
  const on = ["enabled", "receive", "send", "sendFields", "sendMessages", "sendCalls", "sendDocuments", "syncStatuses"]
  await world.api("PUT", `${path}/toggles`, Object.fromEntries(on.map((name) => [name, true])))
  const issued = await world.api("POST", `${path}/webhook-token`, {})
  connection = { id: made.body.id, url: issued.body.url }
}, 60_000)

afterAll(async () => {
  await stop(host)
  await stop(sandbox)
  remove()
})

const post = async (body: string | FormData, options = "", contentType = "application/x-www-form-urlencoded") => {
  const headers: Record<string, string> = typeof body === "string" ? { "content-type": contentType } : {}
  const response = await fetch(connection.url + options, { method: "POST", body, headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const settled = () => quiescent(world, connection.id)
const theCase = async (id = lead) =>
  (await world.api("GET", `/cases?connectionId=${connection.id}&externalId=${id}`)).body.cases[0]
const members = async (listId: string) =>
  (await world.api("GET", `/lists/${listId}/members?isMember=true`)).body.members.map(
    (member: any) => member.case.externalId
  )
/** How often something other than staff set the status of the lead. */
const writes = async () => {
  const { statusHistory } = await world.lead(lead)
  return statusHistory.filter((entry: { by: string }) => entry.by !== "staff").length
}

describe("a webhook becomes a case", () => {
  let byUrl = { id: "", number: 0 }

  it("TV-1 webhook, urlencoded, complete: case, client, lists and mapped field; a re-post changes nothing", async () => {
    const path = `/connections/${connection.id}`
    await world.api("POST", `${path}/field-catalog/refresh`)
    await world.api("PUT", `${path}/case-type-links`, {
      links: [{ crmCaseType: { externalId: "222", name: "Harbor MVA" }, platformCaseType: "Motor Vehicle" }]
    })
    const entry = { platformField: "dateOfAccident", crmKey: "Custom4124", direction: "both" }
    const entries = [{ ...entry, transform: { _tag: "Date", crm: "MM/DD/YYYY" } }]
    assert.strictEqual((await world.api("PUT", `${path}/mappings/222`, { entries })).status, 200)
    byUrl = (await world.api("POST", "/lists", { name: "Intake" })).body
    const byRule = (await world.api("POST", "/lists", { name: "Sent" })).body
    const rule = {
      on: true,
      firstSyncOnly: true,
      caseTypes: [{ externalId: "222", name: "Harbor MVA" }],
      statuses: ["Sent e-Sign"]
    }
    assert.strictEqual((await world.api("PUT", `/lists/${byRule.id}/auto-add`, rule)).status, 200)

    const answer = await post(complete, `&list_id=${byUrl.number}`)
    assert.strictEqual(answer.status, 200)
    await settled()
    const found = await theCase()
    assert.deepInclude(found, { externalId: "248199", standing: "verified", name: "José O'Hara – Harbor MVA" })
    assert.deepInclude(found.client, { externalId: "70551", email: "jose.ohara@example.test", phone: "(205) 555-0142" })
    assert.deepStrictEqual([found.caseType.name, found.status.value], ["Harbor MVA", "Sent e-Sign"])
    assert.deepStrictEqual(found.values, { dateOfAccident: ["2026-09-03"] })
    assert.deepStrictEqual([await members(byUrl.id), await members(byRule.id)], [["248199"], ["248199"]])

    const history = async () => (await world.api("GET", `/cases/${found.id}/history`)).body.events.length
    const audit = async () => (await world.api("GET", `/lists/${byUrl.id}/audit`)).body.events.length
    const before = [await history(), await audit(), await writes()]
    assert.strictEqual((await post(complete, `&list_id=${byUrl.number}`)).status, 200)
    await settled()
    assert.deepStrictEqual([await history(), await audit(), await writes()], before)
    assert.strictEqual((await world.api("GET", "/cases")).body.cases.length, 1)
  })

  it("TV-2 same record, other spellings: the same case, and no second one", async () => {
    const before = await theCase()
    const body = JSON.stringify({
      lead_id: 248199,
      "Case Type ID": "222",
      case_type: "Harbor MVA",
      "status id": 9,
      STATUS: "Sent e-Sign**",
      full_name: "José O'Hara",
      "created-date": "09/14/2026 10:22 AM",
      primaryContactId: 70551,
      first_name: "José",
      "LAST NAME": "O'Hara"
    })
    assert.strictEqual((await post(body, "", "application/json")).status, 200)
    await settled()
    const after = await theCase()
    assert.deepStrictEqual(
      [after.id, after.status.value, after.client.id],
      [before.id, "Sent e-Sign", before.client.id]
    )
    assert.strictEqual((await world.api("GET", "/cases")).body.cases.length, 1)
  })

  it("TV-3 missing field: 422 that names Status ID, the raw text kept, nothing written", async () => {
    const before = await theCase()
    const answer = await post(complete.replace("StatusID=9&", "").replace("Sent+e-Sign", "Signed+e-Sign"))
    assert.strictEqual(answer.status, 422)
    assert.deepStrictEqual(answer.body["errors"], [{ field: "Status ID", code: "missing" }])
    await settled()
    const { body } = await world.api("GET", `/receipts?connectionId=${connection.id}&disposition=refused`)
    const { body: receipt } = await world.api("GET", `/receipts/${body.receipts[0].id}`)
    assert.include(receipt.body, "Signed+e-Sign")
    assert.deepStrictEqual(await theCase(), before)
  })

  it("TV-4 Test button: answered as a test that saved nothing", async () => {
    const tokens =
      "LeadID={{default95}}-Lead ID&Status={{default96}}-Status&DOB={{default23}}-Date of Birth&campaign=motel"
    const answer = await post(new URLSearchParams(tokens).toString())
    assert.strictEqual(answer.status, 200)
    assert.deepInclude(answer.body, { test: true, saved: false })
    await settled()
    assert.strictEqual((await world.api("GET", "/cases")).body.cases.length, 1)
  })

  it("TV-5 blanks and fillers: no field of an existing case is erased", async () => {
    const before = await theCase()
    const blanks = complete
      .replace(/&Email=[^&]*/, "&Email=")
      .replace(/&Phone=[^&]*/, "&Phone=NA")
      .replace(/&LastName=[^&]*/, "&LastName=.")
      .replace(/&Custom4124=[^&]*/, "&Custom4124=")
    assert.strictEqual((await post(blanks)).status, 200)
    await settled()
    const after = await theCase()
    for (const name of ["email", "phone", "firstName", "lastName", "fullName"])
      assert.strictEqual(after.client[name], before.client[name], name)
    assert.deepStrictEqual([after.fields, after.values], [before.fields, before.values])
  })

  it("TV-7 status sequence: late payloads and other spellings move nothing back", async () => {
    await world.portal("POST", `/leads/${lead}/status`, { status: "Signed e-Sign" })
    const count = await writes()
    for (const status of ["Signed e-Sign (Default)", "Sent e-Sign", "signed  E-SIGN**"]) {
      assert.strictEqual((await post(complete.replace("Sent+e-Sign", encodeURIComponent(status)))).status, 200)
      await settled()
      assert.strictEqual((await theCase()).status.value, "Signed e-Sign", status)
    }
    const { body } = await world.api("GET", `/cases/${(await theCase()).id}/history`)
    const applied = body.events.filter(({ kind }: { kind: string }) => kind === "status-applied")
    assert.deepStrictEqual(
      applied.map(({ after }: { after: string }) => after),
      ["Sent e-Sign", "Signed e-Sign"]
    )
    assert.strictEqual(await writes(), count)
  })

  it("TV-8 multipart with file: it is a document of the case, one of another lead is refused and the record kept", async () => {
    const form = (name: string) => {
      const fields = new FormData()
      for (const [key, value] of new URLSearchParams(complete)) fields.append(key, value)
      fields.append("file", new Blob(["%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"], { type: "application/pdf" }), name)
      return fields
    }
    assert.strictEqual((await post(form("248199-IntakeForm.pdf"))).status, 200)
    assert.strictEqual((await post(form("999999-IntakeForm.pdf"))).status, 200)
    await settled()
    const { id } = await theCase()
    const { body } = await world.api("GET", `/cases/${id}/documents`)
    const states = Object.fromEntries(
      body.documents.map(({ name, state }: { name: string; state: string }) => [name, state])
    )
    assert.strictEqual(states["248199-IntakeForm.pdf"], "stored")
    assert.notStrictEqual(states["999999-IntakeForm.pdf"], "stored")
  })

  it("TV-9 repeated key: two values of a field, while a comma makes none", async () => {
    const path = (id: number) => complete.replace("248199", `${id}`).replace(/&Custom4131=[^&]*/, "")
    // Two leads that the portal does not know, so that what is kept is what was posted.
    assert.strictEqual((await post(`${path(900001)}&Custom4131=Chiropractor&Custom4131=Urgent+Care`)).status, 200)
    assert.strictEqual((await post(`${path(900002)}&Custom4131=Chiropractor%2C+Urgent+Care`)).status, 200)
    await settled()
    assert.deepStrictEqual((await theCase(900001)).fields.Custom4131, ["Chiropractor", "Urgent Care"])
    assert.deepStrictEqual((await theCase(900002)).fields.Custom4131, ["Chiropractor, Urgent Care"])
  })
})

describe("TV-21 echo, against a portal that fires its webhook for what the API writes", () => {
  const change = async (eventId: string, status: string) => {
    const { body } = await world.api("POST", "/events", {
      type: "status_changed",
      eventId,
      caseId: (await theCase()).id,
      status
    })
    assert.strictEqual(body.result, "queued")
  }
  const bothHold = (status: string) =>
    eventually(async () => {
      assert.deepStrictEqual([(await theCase()).status.value, (await world.lead(lead)).status], [status, status])
    })

  beforeAll(async () => {
    const row = { name: "Casewire", url: connection.url, caseTypes: "all", statuses: "all" }
    assert.isBelow((await world.portal("POST", "/webhooks", row)).status, 300)
  })

  it("TV-21 a pushed status comes back as a webhook and is not pushed a second time", async () => {
    const before = await writes()
    await change("tv-21-a", "Referral Accepted")
    await bothHold("Referral Accepted")
    await eventually(async () => {
      const { deliveries } = await world.state()
      assert.isTrue(
        deliveries.some(
          (one: { requestBody: string; status: number }) => one.status === 200 && one.requestBody.includes("Referral")
        )
      )
    })
    await settled()
    assert.strictEqual((await writes()) - before, 1)
    await bothHold("Referral Accepted")
  })

  it("TV-21 what staff sets inside the same second as the push arrives", async () => {
    await change("tv-21-b", "Contact Attempted")
    await eventually(async () => assert.strictEqual((await world.lead(lead)).status, "Contact Attempted"))
    await world.portal("POST", `/leads/${lead}/status`, { status: "Scheduled Appointment" })
    await settled()
    await bothHold("Scheduled Appointment")
  })

  it("TV-21 where platform and staff change at once the CRM wins, and the edit that lost is listed", async () => {
    await world.portal("POST", "/faults", { on: "webhook", kind: "lose", times: 1 })
    await world.portal("POST", `/leads/${lead}/status`, { status: "Disqualified" })
    await change("tv-21-c", "Sent e-Sign")
    await bothHold("Disqualified")
    await settled()
    const { body } = await world.api("GET", "/conflicts")
    assert.deepInclude(body.events[0], { kind: "status-superseded", before: "Sent e-Sign", after: "Disqualified" })
  })
})
