import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { eventually, type PortalTest, receiver, runOnPortal, Sandbox } from "./Harness.ts"

layer(Sandbox.layer, { excludeTestServices: true })("webhooks", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("post the observed form, token and parameters kept, when staff changes a status", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(`${url}?token=a-b_c&list_id=123`, {
      params: [{ key: "list_action", value: "attach now" }],
      headers: [{ key: "X-Webhook-Token", value: "s3cret" }],
      body: [
        { key: "LeadID", field: "Lead ID" },
        { key: "Created Date", field: "Created Date" },
        { key: "Phone", field: "Phone" },
        { key: "address", field: "Mailing Address" },
        { key: "Custom4124", field: "Custom4124" },
        { key: "Full", field: "Full Name" },
        { key: "campaign", value: "motel" }
      ]
    })
    yield* portal.setStatus("Signed e-Sign")
    assert.strictEqual(received.length, 1)
    const [hook] = received
    assert.strictEqual(hook?.url, "/hook?token=a-b_c&list_id=123&list_action=attach+now")
    assert.strictEqual(hook?.headers["content-type"], "application/x-www-form-urlencoded")
    assert.strictEqual(hook?.headers["x-webhook-token"], "s3cret")
    assert.notProperty(hook?.headers, "traceparent")
    assert.deepStrictEqual(hook?.form, {
      LeadID: "248199",
      "Created Date": "09/14/2026 10:22 AM",
      Phone: "(205) 555-0142",
      address: "14 Quay St Mobile, AL 36602",
      Custom4124: "09/03/2026",
      Full: "José O'Hara",
      campaign: "motel"
    })
  })

  onPortal("carry the ten required fields when the body was left out", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url)
    yield* portal.setStatus("Scheduled Appointment")
    assert.deepStrictEqual(received[0]?.form, {
      LeadID: "248199",
      CaseTypeID: "222",
      CaseType: "Harbor MVA",
      StatusID: "21",
      Status: "Scheduled Appointment",
      FullName: "José O'Hara",
      CreatedDate: "09/14/2026 10:22 AM",
      PrimaryContactID: "70551",
      FirstName: "José",
      LastName: "O'Hara",
      Email: "jose.ohara@example.test",
      Phone: "(205) 555-0142"
    })
  })

  onPortal("post blanks for a lead without contact", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url)
    yield* portal.setStatus("Contact Attempted", 248177)
    const { Email, FullName, PrimaryContactID } = received[0]?.form ?? {}
    assert.deepStrictEqual([FullName, PrimaryContactID, Email], ["Ana Lee", "", ""])
  })

  onPortal("fire only for the row's case types and statuses, and not when the status stays", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url, { name: "other case type", caseTypes: [131] })
    yield* portal.webhook(url, { name: "other status", statuses: [21] })
    yield* portal.webhook(url, { name: "off", enabled: false })
    yield* portal.setStatus("Signed e-Sign")
    assert.strictEqual(received.length, 0)
    yield* portal.setStatus("Scheduled Appointment")
    yield* portal.setStatus("Scheduled Appointment")
    assert.strictEqual(received.length, 1)
  })

  onPortal("do not fire for staff edits and creations, but can be sent by hand", function* (portal) {
    const { received, url } = yield* receiver()
    const webhookId = yield* portal.webhook(url, { statuses: [21] })
    yield* portal.admin("PATCH", "/leads/248199", { custom: { Custom4124: "10/10/2026" } })
    yield* portal.admin("POST", "/leads", { caseType: "Harbor MVA", status: "Scheduled Appointment", firstName: "A" })
    assert.strictEqual(received.length, 0)
    const sent = yield* portal.admin("POST", "/leads/248199/send-via-webhook", { webhookId })
    assert.deepStrictEqual(
      sent.json.map((one: any) => [one.leadId, one.status, one.answer]),
      [[248199, 200, "noted"]]
    )
    assert.strictEqual(received[0]?.form["Status"], "Sent e-Sign")
    yield* portal.admin("POST", "/leads/248199/send-via-webhook")
    assert.strictEqual(received.length, 2)
  })

  onPortal("fire for a status written by the legacy API unless switched off", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url)
    yield* portal.update({ Status: "Signed e-Sign" })
    yield* eventually(
      Effect.sync(() => received.length),
      (count) => count === 1
    )
    assert.strictEqual(received[0]?.form["Status"], "Signed e-Sign")
    yield* portal.settings({ fireOnApiWrite: false })
    yield* portal.update({ Status: "Sent e-Sign" })
    yield* Effect.sleep(100)
    assert.strictEqual(received.length, 1)
  })

  onPortal("post raw tokens from the Test button, fixed texts as typed", function* (portal) {
    const { received, url } = yield* receiver([422])
    const webhookId = yield* portal.webhook(url, {
      body: [
        { key: "LeadID", field: "Lead ID" },
        { key: "DOB", field: "Date of Birth" },
        { key: "accident", field: "Custom4124" },
        { key: "campaign", value: "motel" }
      ]
    })
    const { json } = yield* portal.admin("POST", `/webhooks/${webhookId}/test`)
    assert.deepStrictEqual([json.status, json.answer, json.test, json.leadId], [422, "noted", true, null])
    assert.deepStrictEqual(received[0]?.form, {
      LeadID: "{{default95}}-Lead ID",
      DOB: "{{default23}}-Date of Birth",
      accident: "{{custom4124}}-Date of accident",
      campaign: "motel"
    })
  })

  onPortal("repeat the key of a checkbox group, options with commas kept whole", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url, { body: [{ key: "hurt", field: "Custom4129" }] })
    yield* portal.setStatus("New Lead", 248150)
    assert.strictEqual(received[0]?.body, "hurt=Head%2C+or+concussion&hurt=Knee")
  })

  onPortal("send JSON, multipart, and multipart by themselves when documents are attached", function* (portal) {
    const { received, url } = yield* receiver()
    const body = [
      { key: "LeadID", field: "Lead ID" },
      { key: "Status", field: "Status" }
    ]
    const webhookId = yield* portal.webhook(url, { body, encoding: "json" })
    yield* portal.admin("POST", "/leads/248199/send-via-webhook")
    assert.strictEqual(received[0]?.body, '{"LeadID":"248199","Status":"Sent e-Sign"}')
    yield* portal.admin("PATCH", `/webhooks/${webhookId}`, { encoding: "multipart" })
    yield* portal.admin("POST", "/leads/248199/send-via-webhook")
    assert.match(String(received[1]?.headers["content-type"]), /^multipart\/form-data; boundary=/)
    const attach = { enabled: true, categories: ["Intake"] }
    yield* portal.admin("PATCH", `/webhooks/${webhookId}`, { encoding: "urlencoded", attach })
    const sent = yield* portal.admin("POST", "/leads/248199/send-via-webhook")
    assert.include(
      received[2]?.body,
      'name="file"; filename="248199-IntakeForm.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF'
    )
    assert.include(received[2]?.body, 'filename="248199-Client-Retainer.pdf"')
    assert.notInclude(received[2]?.body, "another file of the same name")
    assert.include(sent.json[0].requestBody, "[83 bytes]")
  })

  onPortal("name statuses with the (Default) suffix when switched so", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url)
    yield* portal.settings({ statusSuffixInWebhooks: true })
    yield* portal.setStatus("Signed e-Sign")
    yield* portal.setStatus("WANTED - CHASING")
    assert.deepStrictEqual(
      received.map(({ form }) => form["Status"]),
      ["Signed e-Sign (Default)", "WANTED - CHASING"]
    )
  })

  onPortal("try once and log the error of a receiver that is not there", function* (portal) {
    yield* portal.webhook("http://127.0.0.1:9/hook")
    yield* portal.setStatus("Signed e-Sign")
    const { deliveries } = yield* portal.state
    assert.strictEqual(deliveries.length, 1)
    assert.isNull(deliveries[0].status)
    assert.match(deliveries[0].error, /^connect ECONNREFUSED/)
  })

  onPortal("give up on a receiver that does not answer in time", function* (portal) {
    const { url } = yield* receiver([], 500)
    yield* portal.settings({ webhookTimeoutMs: 50 })
    yield* portal.webhook(url)
    const sent = yield* portal.admin("POST", "/leads/248199/send-via-webhook")
    assert.deepStrictEqual([sent.json[0].status, sent.json[0].error], [null, "no answer in time"])
  })

  onPortal("retry a refused delivery as often as the setting says", function* (portal) {
    const { received, url } = yield* receiver([500, 503])
    yield* portal.settings({ webhookRetries: 3, webhookRetryDelayMs: 5 })
    yield* portal.webhook(url)
    yield* portal.setStatus("Signed e-Sign")
    assert.strictEqual(received.length, 3)
    const { deliveries } = yield* portal.state
    assert.deepStrictEqual(
      deliveries.map((one: any) => [one.attempt, one.status]),
      [
        [1, 500],
        [2, 503],
        [3, 200]
      ]
    )
  })

  onPortal("arrive twice, three times, late or never on demand", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.settings({ webhookRetryDelayMs: 5 })
    yield* portal.webhook(url, { body: [{ key: "Status", field: "Status" }] })
    yield* portal.fault(
      { on: "webhook", kind: "duplicate" },
      { on: "webhook", kind: "retry" },
      { on: "webhook", kind: "lose" },
      { on: "webhook", kind: "delay", ms: 150 }
    )
    yield* portal.setStatus("Signed e-Sign")
    assert.deepStrictEqual(
      received.splice(0).map(({ body }) => body),
      ["Status=Signed+e-Sign", "Status=Signed+e-Sign"]
    )
    yield* portal.setStatus("New Lead")
    assert.strictEqual(received.splice(0).length, 3)
    yield* portal.setStatus("Contact Attempted")
    assert.strictEqual(received.length, 0)
    const before = Date.now()
    yield* portal.setStatus("Duplicate")
    assert.isAtLeast(Date.now() - before, 145)
    const { deliveries, faults } = yield* portal.state
    assert.strictEqual(deliveries.find((one: any) => one.fault === "lose").error, "lost on the way")
    assert.deepStrictEqual(faults, [])
  })

  onPortal("overtake each other on demand, each with the state of its own firing", function* (portal) {
    const { received, url } = yield* receiver()
    yield* portal.webhook(url, { body: [{ key: "Status", field: "Status" }] })
    yield* portal.fault({ on: "webhook", kind: "reorder" })
    const first = yield* Effect.forkScoped(portal.setStatus("Signed e-Sign"))
    yield* eventually(portal.state, ({ faults }) => faults.length === 0)
    yield* portal.setStatus("Scheduled Appointment")
    yield* Fiber.join(first)
    assert.deepStrictEqual(
      received.map(({ body }) => body),
      ["Status=Scheduled+Appointment", "Status=Signed+e-Sign"]
    )
  })
})
