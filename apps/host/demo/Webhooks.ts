/** Steps: the webhook from its registration in the CRM to a case, its repeats, its refusal and its repair. */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { bothHold, caseOf, leadId, type Step } from "./Story.ts"

const tenFields = [
  ["LeadID", "Lead ID"],
  ["CaseTypeID", "Case Type ID"],
  ["CaseType", "Case Type"],
  ["StatusID", "Status ID"],
  ["Status", "Status"],
  ["FullName", "Full Name"],
  ["CreatedDate", "Created Date"],
  ["PrimaryContactID", "Primary Contact ID"],
  ["FirstName", "First Name"],
  ["LastName", "Last Name"],
  ["Email", "Email"],
  ["Phone", "Phone"]
] as const
const rowBody = (rename: Record<string, string> = {}) =>
  tenFields.map(([key, field]) => ({ key: rename[field] ?? key, field }))

export const webhooks: ReadonlyArray<Step> = [
  {
    name: "webhook registered in the sandbox",
    run: async (story) => {
      const { api, portal } = story.world
      const issued = await api("POST", `/connections/${story.connectionId}/webhook-token`, {})
      expectEqual("a token is issued", issued.status, 201)
      const row = await portal("POST", "/webhooks", {
        name: "Casewire",
        url: issued.body.url,
        caseTypes: "all",
        statuses: "all",
        body: rowBody()
      })
      expectTrue("the row is saved", row.status < 300, row)
      story.webhookId = String(row.body.id ?? row.body.webhookId)
    }
  },
  {
    name: "Test button answered and nothing saved",
    run: async (story) => {
      const { api, portal } = story.world
      const { body: delivery } = await portal("POST", `/webhooks/${story.webhookId}/test`, {})
      expectEqual("the button is answered", delivery.status, 200)
      const answer = JSON.parse(delivery.answer)
      expectEqual("as a test that saved nothing", [answer.test, answer.saved], [true, false])
      expectEqual("no case is there", (await api("GET", "/cases")).body.cases, [])
    }
  },
  {
    name: "status change in the sandbox fires the webhook and the case is there",
    run: async (story) => {
      const { portal } = story.world
      await portal("POST", `/leads/${leadId}/status`, { status: "Signed e-Sign" })
      const found = await eventually(async () => {
        const present = await caseOf(story)
        expectEqual("the case is verified", present?.standing, "verified")
        return present
      })
      story.caseId = found.id
      expectEqual(
        "with client, case type and status",
        [found.client.fullName, found.client.externalId, found.caseType.name, found.status.value],
        ["José O'Hara", "70551", "Harbor MVA", "Signed e-Sign"]
      )
    }
  },
  {
    name: "same webhook five times and out of order changes nothing",
    run: async (story) => {
      const { api, portal, state } = story.world
      await portal("POST", `/leads/${leadId}/status`, { status: "Scheduled Appointment" })
      await bothHold(story, "Scheduled Appointment")
      await quiescent(story.world, story.connectionId)
      const before = (await api("GET", `/cases/${story.caseId}/history`)).body.events.length
      const deliveries = (await state()).deliveries.filter(
        (delivery: { leadId: number; test: boolean }) => delivery.leadId === leadId && !delivery.test
      )
      // The newest five times, then the older ones after it: a payload must never pull a status back.
      for (const { contentType, requestBody, url } of [...Array(5).fill(deliveries.at(-1)), ...deliveries]) {
        const answer = await fetch(url, { method: "POST", headers: { "content-type": contentType }, body: requestBody })
        expectEqual("a repeat is accepted", answer.status, 200)
      }
      await quiescent(story.world, story.connectionId)
      await bothHold(story, "Scheduled Appointment")
      const events = (await api("GET", `/cases/${story.caseId}/history`)).body.events.slice(before)
      expectEqual(
        "nothing was applied",
        events.filter((event: { kind: string }) => event.kind !== "status-reported"),
        []
      )
      expectEqual("there is still one case", (await api("GET", "/cases")).body.cases.length, 1)
    }
  },
  {
    name: "webhook lacking Status ID refused, receipt kept",
    run: async (story) => {
      const { portal, api } = story.world
      await portal("PATCH", `/webhooks/${story.webhookId}`, { body: rowBody({ "Status ID": "StageNo" }) })
      await portal("POST", `/leads/${leadId}/status`, { status: "Contact Attempted" })
      const receipt = await eventually(async () => {
        const { body } = await api("GET", `/receipts?connectionId=${story.connectionId}&disposition=refused`)
        expectEqual("one refused receipt", body.receipts.length, 1)
        return body.receipts[0]
      })
      expectEqual("the missing field is named", receipt.errors, [{ field: "Status ID", code: "missing" }])
      const delivery = (await story.world.state()).deliveries.at(-1)
      expectEqual("the CRM was told", delivery.status, 422)
      expectTrue("in words that name it", JSON.stringify(delivery.answer).includes("Status ID"), delivery.answer)
      expectEqual("nothing was applied", (await caseOf(story)).status.value, "Scheduled Appointment")
    }
  },
  {
    name: "an alias added and the receipt replayed: applied",
    run: async (story) => {
      const { api } = story.world
      const path = `/connections/${story.connectionId}/aliases`
      const saved = await api("PUT", path, { aliases: { "Status ID": ["StageNo"] } })
      expectEqual("the alias is saved", saved.status, 200)
      const { body } = await api("GET", `/receipts?connectionId=${story.connectionId}&disposition=refused`)
      const replayed = await api("POST", `/receipts/${body.receipts[0].id}/replay`, {})
      expectEqual("the replay is accepted", replayed.body.disposition, "accepted")
      await bothHold(story, "Contact Attempted")
      await api("PUT", path, { aliases: {} })
    }
  },
  {
    name: "the row fixed and Send via Webhook: accepted",
    run: async (story) => {
      const { portal } = story.world
      await portal("PATCH", `/webhooks/${story.webhookId}`, { body: rowBody() })
      const sent = await portal("POST", `/leads/${leadId}/send-via-webhook`, {})
      const deliveries = Array.isArray(sent.body) ? sent.body : sent.body.deliveries
      expectEqual(
        "one delivery, accepted",
        deliveries.map((delivery: { status: number }) => delivery.status),
        [200]
      )
      await quiescent(story.world, story.connectionId)
    }
  }
]
