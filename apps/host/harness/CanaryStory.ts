/**
 * A life of one firm with the canaries in it: good, refused and hostile webhooks, messages, calls, fields, documents and
 * a mapping sheet, a CRM that answers with what it was asked, and requests to the API that are wrong in many ways.
 * Gives every refusal it got, whole; where canaries may stand (the API's answers about data) is not looked.
 */
import { facts, secrets } from "./Canaries.ts"
import { canaryEnding } from "./CanaryEnding.ts"
import { echoes, type EchoingCrm } from "./EchoingCrm.ts"
import { eventually, expectEqual, expectTrue, makeWorld } from "./World.ts"

export interface CanaryOutcome {
  /** Status, headers and body of each answer that was a refusal. */
  readonly refusals: ReadonlyArray<string>
  readonly webhookToken: string
  readonly subscriptionSecret: string
  /** How many jobs the failing CRM left with a reason. */
  readonly reasons: number
}

const leadId = 248199
const pdf = `%PDF-1.4\n% ${facts.documentText}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`

export const canaryStory = async (
  hostUrl: string,
  sandboxUrl: string,
  crm: EchoingCrm,
  token: string
): Promise<CanaryOutcome> => {
  const world = makeWorld(hostUrl, sandboxUrl, token)
  const { api, portal } = world
  const refusals: Array<string> = []
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(hostUrl + path, { ...init, redirect: "manual" })
    const text = await response.clone().text()
    if (response.status >= 400)
      refusals.push(`${response.status} ${JSON.stringify(Object.fromEntries(response.headers))} ${text}`)
    return response
  }
  const asFirm = { authorization: `Bearer ${token}` }
  const asJson = { ...asFirm, "content-type": "application/json" }
  const json = (method: string, path: string, body: unknown) =>
    ask(`/api/v1${path}`, { method, headers: asJson, body: typeof body === "string" ? body : JSON.stringify(body) })

  // Connecting, with values in the wrong places first.
  await portal("POST", "/settings", { rateLimit: { limit: 6000, windowSeconds: 60, retryAfterHeader: true } })
  const values = {
    username: "casewire.service",
    password: secrets.password,
    clientRoot: "harbor",
    clientSecret: secrets.clientSecret,
    key: secrets.key
  }
  const connection = { plugin: "law-ruler", name: "Harbor", sandbox: true, callLimit: 6000, values }
  await json("POST", "/connections", {
    ...connection,
    values: { ...values, clientRoot: secrets.password, [secrets.key]: secrets.key }
  })
  const made = await api("POST", "/connections", connection)
  expectEqual("the connection is made", made.status, 201)
  const id: string = made.body.id
  await json("PUT", `/connections/${id}/credentials`, { values: { ...values, password: secrets.wrongPassword } })
  await api("POST", `/connections/${id}/verify`, {})
  await json("PUT", `/connections/${id}/credentials`, { values })
  for (const echo of echoes) {
    crm.next(echo, 3)
    await ask(`/api/v1/connections/${id}/verify`, { method: "POST", headers: asFirm })
    await ask(`/api/v1/connections/${id}/catalog`, { headers: asFirm })
  }
  await eventually(async () => {
    const verified = await api("POST", `/connections/${id}/verify`, {})
    expectEqual("the sign-in is checked", verified.body.state, "connected")
  })
  const on = {
    enabled: true,
    receive: true,
    send: true,
    sendFields: true,
    sendMessages: true,
    sendCalls: true,
    sendDocuments: true,
    syncStatuses: true
  }
  await api("PUT", `/connections/${id}/toggles`, on)
  const issued = await api("POST", `/connections/${id}/webhook-token`, {})
  const webhookToken: string = issued.body.token
  const hook = `/webhooks/law-ruler?token=${webhookToken}`
  const subscription = await api("POST", "/subscriptions", {
    name: "Tools",
    url: "http://127.0.0.1:9/hooks",
    events: []
  })
  await json("POST", "/subscriptions", {
    name: facts.fullName,
    url: `ftp://${secrets.key}@canary/${secrets.sheetKey}`,
    events: [facts.message]
  })

  // Webhooks: good, refused, hostile.
  const record = {
    LeadID: String(leadId),
    CaseTypeID: "222",
    CaseType: "Harbor MVA",
    StatusID: "9",
    Status: "Sent e-Sign",
    FullName: facts.fullName,
    CreatedDate: "09/14/2026 10:22 AM",
    PrimaryContactID: "70551",
    FirstName: "Zephyrine",
    LastName: facts.lastName,
    Email: facts.email,
    Phone: facts.phone,
    SSN: facts.socialSecurity,
    Custom4132: facts.fieldValue
  }
  const form = (body: Record<string, string>) => ({
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(body).toString()
  })
  const files = new FormData()
  for (const [key, value] of Object.entries(record)) files.set(key, value)
  files.set("file", new Blob([pdf], { type: "application/pdf" }), `${leadId}-${facts.documentName}`)
  files.append("file", new Blob([pdf]), `999999-${facts.documentName}`)
  expectEqual("the webhook is taken", (await ask(hook, { method: "POST", body: files })).status, 200)
  expectEqual("and again as a form", (await ask(hook, form(record))).status, 200)
  const { LeadID: _lead, Status: _status, ...incomplete } = record
  expectEqual("one without its fields is refused", (await ask(hook, form(incomplete))).status, 422)
  await ask(hook, form({ ...record, LeadID: facts.phone, [`${facts.socialSecurity}`]: facts.email }))
  // Keys are the sender's words as well, and a warning names its key.
  expectEqual(
    "odd keys are taken",
    (await ask(hook, form({ ...record, [facts.note]: "a\u0001b", [facts.socialSecurity]: "\u0002" }))).status,
    200
  )
  const hostile: ReadonlyArray<readonly [string, string | Buffer]> = [
    ["application/json", `{"Lead ID":"${facts.fullName}","__proto__":{"a":"${facts.email}"}}`],
    ["application/json", `{"Lead ID":"${facts.fullName}", ${facts.message}`],
    ["application/json", `${"[".repeat(100)}"${facts.note}"`],
    ["text/plain", facts.message],
    ["application/json; charset=latin1", `{"a":"${facts.note}"}`],
    [
      "application/x-www-form-urlencoded",
      Buffer.concat([Buffer.from(`FullName=${facts.fullName}`), Buffer.from([0xff, 0xfe])])
    ],
    ["application/x-www-form-urlencoded", `Note=${facts.note.repeat(8000)}`],
    [
      `multipart/form-data; boundary=x`,
      `--x\r\ncontent-disposition: form-data; name="${facts.email}"\r\n\r\n${facts.message}`
    ]
  ]
  for (const [type, body] of hostile)
    await ask(hook, { method: "POST", headers: { "content-type": type }, body: body as string })
  await ask(`/webhooks/law-ruler?token=${secrets.strangersToken}`, form(record))
  await ask(`/webhooks/law-ruler?token=${webhookToken}&token=${webhookToken}`, form(record))
  await ask(`/webhooks/law-ruler/${webhookToken}`, form(record))
  await ask(`/webhooks/${webhookToken}?token=${webhookToken}`, form(record))
  await ask(
    `${hook}&list_name=${encodeURIComponent(facts.fullName)}&campaign_id=${encodeURIComponent(facts.phone)}`,
    form(record)
  )

  const caseId: string = await eventually(async () => {
    const { body } = await api("GET", `/cases?connectionId=${id}&externalId=${leadId}`)
    expectEqual("the case is verified", body.cases[0]?.standing, "verified")
    return body.cases[0].id
  })

  // Case types, fields and a sheet whose first rows hold the API's values.
  await api("POST", `/connections/${id}/field-catalog/refresh`)
  await api("PUT", `/connections/${id}/case-type-links`, {
    links: [{ crmCaseType: { externalId: "222", name: "Harbor MVA" }, platformCaseType: "Motor Vehicle" }]
  })
  const sheet = [
    "Law Ruler API values,,,",
    `API Key,${secrets.sheetKey},,`,
    "Case type: Harbor MVA,,,",
    "Custom# / field ID,Friendly field name,Field type,Valid options",
    "custom4132,Pharmacy,text,"
  ].join("\r\n")
  const draft = await world.upload(`/connections/${id}/mapping-drafts`, "mapping.csv", sheet)
  expectEqual("the sheet is read", draft.status, 201)
  await api("POST", `/connections/${id}/mapping-drafts/${draft.body.id}/apply`, { choices: [] })
  const broken = new FormData()
  broken.set("file", new Blob([`PK\u0003\u0004${secrets.sheetKey}${facts.note}`]), `${facts.documentName}.xlsx`)
  await ask(`/api/v1/connections/${id}/mapping-drafts`, { method: "POST", headers: asFirm, body: broken })
  // Files of cases: one that is imported, one that is not wanted after all, and one whose rows are at fault.
  const ofCases = (record: string) =>
    [
      "Lead ID,First Name,Last Name,Email,Phone,Case Type,Pharmacy",
      `${record},Zephyrine,${facts.lastName},${facts.email},${facts.phone},Harbor MVA,${facts.fieldValue}`
    ].join("\r\n")
  const planned = () => world.upload(`/connections/${id}/case-imports`, `${facts.fullName}.csv`, ofCases(""))
  const [wanted, unwanted] = [await planned(), await planned()]
  expectEqual("both files are read", [wanted.status, unwanted.status], [201, 201])
  await api("POST", `/runs/${wanted.body.id}/start`, {})
  await api("POST", `/runs/${unwanted.body.id}/cancel`)
  await eventually(async () =>
    expectEqual("the file is imported", (await api("GET", `/runs/${wanted.body.id}`)).body.state, "done")
  )
  const faulty = new FormData()
  faulty.set("file", new Blob([ofCases(facts.note)]), `${facts.documentName}.csv`)
  await ask(`/api/v1/connections/${id}/case-imports`, { method: "POST", headers: asFirm, body: faulty })
  await ask(`/api/v1/connections/${id}/case-imports?caseType=${"x".repeat(300)}`, {
    method: "POST",
    headers: asFirm,
    body: broken
  })
  await api("GET", `/runs/${wanted.body.id}/result.csv`)
  await json("PUT", `/connections/${id}/mappings/${encodeURIComponent(facts.fullName)}`, {
    entries: [{ crmKey: facts.fieldValue, platformField: facts.email }]
  })

  /** The echo met a request; where it was a refused sign-in, the connection is checked again. */
  const met = async () => {
    await eventually(async () => expectEqual("the echo was heard", crm.left(), 0), 8000)
    await eventually(async () => {
      const state = (await api("GET", `/connections/${id}`)).body.state
      if (state !== "connected") await api("POST", `/connections/${id}/verify`, {})
      expectEqual("the connection works", (await api("GET", `/connections/${id}`)).body.state, "connected")
    }, 8000)
  }

  // What the platform sends, while the CRM answers with what it was asked.
  const sentAt = new Date().toISOString()
  const event = (eventId: string, more: object) => api("POST", "/events", { eventId, caseId, ...more })
  const message = { type: "message_sent", channel: "sms", direction: "outbound", text: facts.message, sentAt }
  for (const [index, echo] of echoes.entries()) {
    crm.next(echo, 1)
    await event(`message-${index}`, { ...message, text: `${facts.message} ${index}` })
    await met()
  }
  await event("call", {
    type: "call_ended",
    callId: "call-1",
    direction: "outbound",
    isAi: true,
    from: "+12055550100",
    to: facts.phone,
    startedAt: sentAt,
    durationMs: 1000,
    summary: facts.note,
    transcript: [{ speaker: "client", text: facts.transcript }]
  })
  for (const fault of [
    { on: "legacy", kind: "500", times: 1 },
    { on: "legacy", kind: "wrong-lead", times: 1 },
    { on: "GetLead", kind: "truncated", times: 1 },
    { on: "legacy", kind: "doctype", times: 1 }
  ])
    await portal("POST", "/faults", fault)
  await event("fields", { type: "fields_changed", fields: { pharmacy: facts.fieldValue } })
  await event("status", { type: "status_changed", status: "Signed e-Sign" })
  await event("status-of-a-name", { type: "status_changed", status: facts.fullName })
  const stored = await ask(`/api/v1/cases/${caseId}/documents?name=${encodeURIComponent(facts.documentName)}`, {
    method: "POST",
    headers: { ...asFirm, "content-type": "application/octet-stream" },
    body: pdf
  })
  const { documentId } = (await stored.json()) as { documentId: string }
  crm.next("500", 1)
  await event("document", { type: "document_added", documentId })
  await ask(`/api/v1/cases/${caseId}/documents?name=${encodeURIComponent(`${facts.documentName}.exe`)}`, {
    method: "POST",
    headers: { ...asFirm, "content-type": "application/octet-stream" },
    body: facts.documentText
  })
  await portal("POST", `/leads/${leadId}/notes`, { category: "Intake", text: facts.note })
  await api("POST", `/connections/${id}/pull`, {})
  await api("POST", `/connections/${id}/sweep`, {})

  // The API, asked wrongly.
  const wrong: ReadonlyArray<readonly [string, string, unknown]> = [
    ["POST", "/events", `{"type":"${facts.fullName}", ${facts.message}`],
    [
      "POST",
      "/events",
      { ...message, caseId, eventId: "x", sentAt: facts.message, channel: facts.email, [facts.phone]: 1 }
    ],
    ["POST", "/events", { ...message, caseId: facts.fullName, eventId: facts.email }],
    [
      "POST",
      "/cases",
      { caseType: facts.fullName, client: { firstName: { [facts.phone]: facts.email }, lastName: 7 } }
    ],
    ["PUT", `/connections/${id}/toggles`, { enabled: facts.message }],
    [
      "PUT",
      `/connections/${id}/case-type-links`,
      { links: [{ crmCaseType: { name: "" }, platformCaseType: facts.fullName }, facts.email] }
    ],
    [
      "PUT",
      `/connections/${id}/aliases`,
      { aliases: { [facts.fullName]: [facts.email], "Lead ID": [facts.phone, "Status"] } }
    ],
    ["POST", `/connections/${id}/webhook-token`, { overlapDays: facts.fieldValue }],
    ["POST", "/lists", { name: [facts.fullName] }],
    ["POST", "/jobs/resolve", { ids: [facts.fullName], verb: facts.message, reason: 1 }],
    ["PATCH", `/cases/${caseId}`, { status: facts.message }]
  ]
  for (const [method, path, body] of wrong) await json(method, path, body)
  const at = encodeURIComponent
  for (const path of [
    `/cases/${at(facts.fullName)}`,
    `/cases?limit=${at(facts.phone)}`,
    `/jobs?states=${at(facts.message)}`,
    `/receipts/${at(facts.email)}`,
    `/documents/${at(facts.documentName)}`,
    `/connections/${at(secrets.key)}/doctor`,
    `/${at(facts.note)}`,
    `/events/${at(facts.message)}`,
    `/cases?${"x".repeat(9000)}=${at(facts.fullName)}`
  ])
    await ask(`/api/v1${path}`, { headers: asFirm })
  await ask("/api/v1/cases", { headers: { authorization: `Bearer ${secrets.strangersBearer}` } })
  await ask("/api/v1/cases", {
    headers: { authorization: `Basic ${Buffer.from(`${facts.email}:${secrets.password}`).toString("base64")}` }
  })
  await ask(`/problems/${at(facts.fullName)}`)
  await ask(`/api/v1/connections/${id}/doctor`, { headers: asFirm })

  let reasons = 0
  await eventually(async () => {
    const { body } = await api("GET", `/jobs?connectionId=${id}&limit=1000`)
    reasons = body.jobs.filter(({ reason }: { reason: string | null }) => reason !== null).length
    expectTrue("the failing CRM left reasons", reasons >= 3, reasons)
    const works = new Set(
      body.jobs
        .filter(({ attempts, state }: { attempts: number; state: string }) => state === "done" || attempts > 0)
        .map(({ work }: { work: string }) => work)
    )
    for (const work of ["apply-receipt", "read-case", "add-note"])
      expectTrue(`${work} was tried`, works.has(work), [...works])
  })
  // The call follows the messages in its case's lane: once it is in the CRM, every message is settled.
  await eventually(async () => {
    const held = JSON.stringify(await world.state())
    for (const name of ["message", "transcript", "note"] as const)
      expectTrue(`the CRM holds the ${name}`, held.includes(facts[name]), "not there yet")
  }, 40_000)
  await canaryEnding({ world, connection, toggles: on, record, refuse: json })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const shown = JSON.stringify([
    (await api("GET", `/jobs?connectionId=${id}&limit=1000`)).body.jobs.map(({ reason }: { reason: unknown }) => reason)
  ])
  return {
    refusals: [...refusals, `reasons of jobs: ${shown}`],
    webhookToken,
    subscriptionSecret: subscription.body.secret ?? "",
    reasons
  }
}
