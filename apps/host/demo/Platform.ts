/**
 * Steps: the platform's side. Its own tools are told by signed webhooks, a case entered by hand is linked later, and
 * status sync is switched off, left to both sides, and resumed in both ways.
 */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { bothHold, caseOf, leadId, type Step, type Story } from "./Story.ts"

/** Three leads of three case types; the story's own is the first. */
const leads = [leadId, 248190, 248121] as const

const edit = async (story: Story, lead: number, eventId: string, status: string) => {
  const { id } = await caseOf(story, lead)
  const { body } = await story.world.api("POST", "/events", {
    type: "status_changed",
    eventId,
    caseId: id,
    status,
    changedBy: "demo"
  })
  return body.result as string
}

const syncStatuses = async ({ connectionId, world: { api } }: Story, isOn: boolean) => {
  const { body } = await api("GET", `/connections/${connectionId}`)
  await api("PUT", `/connections/${connectionId}/toggles`, { ...body.toggles, syncStatuses: isOn })
}

const staff = (story: Story, lead: number, status: string) =>
  story.world.portal("POST", `/leads/${lead}/status`, { status })

const inCrm = async (story: Story) =>
  Promise.all(leads.map(async (lead) => (await story.world.lead(lead)).status as string))

const onPlatform = async (story: Story) =>
  Promise.all(leads.map(async (lead) => (await caseOf(story, lead)).status.value as string))

/** Goes off, the platform edits three cases, staff moves two of the leads, and goes on again. */
const apart = async (story: Story, round: string, status: string, moved: string) => {
  const { api } = story.world
  await syncStatuses(story, false)
  for (const lead of leads)
    expectEqual("the edit is held", await edit(story, lead, `demo-resume-${round}-${lead}`, status), "held")
  await staff(story, leads[1], moved)
  await staff(story, leads[2], status)
  await quiescent(story.world, story.connectionId)
  await syncStatuses(story, true)
  const { body } = await api("GET", `/connections/${story.connectionId}/status-sync`)
  expectEqual("the firm is asked", [body.asked, body.waiting], [true, 3])
}

const resume = (story: Story, body: object) =>
  story.world.api("POST", `/connections/${story.connectionId}/status-sync/resume`, body)

export const platform: ReadonlyArray<Step> = [
  {
    name: "a subscription is told of a status from either side, by webhooks that a public library verifies",
    run: async (story) => {
      const { api } = story.world
      const made = await api("POST", "/subscriptions", {
        name: "Demo tools",
        url: `${story.tools.url}/hooks`,
        events: ["case_status_changed"]
      })
      expectEqual("the subscription is made", made.status, 201)
      await edit(story, leadId, "demo-hook", "Contact Attempted")
      await bothHold(story, "Contact Attempted")
      await staff(story, leadId, "Scheduled Appointment")
      await bothHold(story, "Scheduled Appointment")
      await eventually(async () => {
        const { hooks, refused } = story.tools.verified(made.body.secret)
        expectEqual("signed by the secret", refused, 0)
        expectEqual(
          "told of both",
          hooks.map(({ data }) => [data.origin, data.after, data.externalCaseId]),
          [
            ["platform", "Contact Attempted", String(leadId)],
            ["crm", "Scheduled Appointment", String(leadId)]
          ]
        )
      })
      const { hooks } = story.tools.verified(made.body.secret)
      const again = await api("POST", `/deliveries/${hooks[0]!.id}/replay`)
      expectEqual("a replay is accepted", again.status, 202)
      await eventually(async () => {
        const all = story.tools.verified(made.body.secret).hooks
        expectEqual(
          "and keeps its id",
          all.map(({ id }) => id),
          [hooks[0]!.id, hooks[1]!.id, hooks[0]!.id]
        )
      })
      expectTrue(
        "another secret verifies none of them",
        story.tools.verified("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").hooks.length === 0,
        "some"
      )
    }
  },
  {
    name: "a case entered by hand is plain until it is linked, and then says where each value comes from",
    run: async (story) => {
      const { api } = story.world
      const { body: made } = await api("POST", "/cases", {
        caseType: "Harbor MVA",
        client: { firstName: "Walk", lastName: "In" },
        externalSource: "walk_in"
      })
      expectEqual("it is plain", [made.connectionId, made.entry.externalSource], [null, "walk_in"])
      const inCrm = {
        caseType: "Harbor MVA",
        status: "New Lead",
        firstName: "Walk",
        lastName: "In",
        phone: "2055550188"
      }
      const entered = await story.world.portal("POST", "/leads", inCrm)
      expectEqual("staff enters the lead", entered.status, 201)
      const lead = entered.body.leadId as number
      const to = { connectionId: story.connectionId, externalId: String(lead) }
      expectEqual("it is linked", (await api("POST", `/cases/${made.id}/link`, to)).status, 200)
      await eventually(async () => {
        const { body } = await api("GET", `/cases/${made.id}`)
        expectEqual("and read", [body.id, body.standing, body.externalId], [made.id, "verified", String(lead)])
      })
      const { body } = await api("GET", `/cases/${made.id}/provenance`)
      const status = body.values.find((value: { name: string }) => value.name === "status")
      expectEqual(
        "the status came by a read",
        [status.setBy, status.cause.kind, status.cause.job.work],
        ["status-applied", "job", "read-case"]
      )
    }
  },
  {
    name: "status sync off, three edits, on again from now on: nothing is sent and the sides stay apart",
    run: async (story) => {
      const before = await inCrm(story)
      await apart(story, "now", "Disqualified", "Referral Declined")
      const answer = await resume(story, { mode: "from_now_on" })
      expectEqual("what waited is skipped", [answer.status, answer.body.skipped], [200, 3])
      await quiescent(story.world, story.connectionId)
      expectEqual("the CRM holds its own", await inCrm(story), [before[0], "Referral Declined", "Disqualified"])
      expectEqual("the platform holds its own", await onPlatform(story), Array(3).fill("Disqualified"))
      expectEqual(
        "a second answer is refused",
        (await resume(story, { mode: "from_now_on" })).body.type,
        "/problems/status-sync-already-on"
      )
    }
  },
  {
    name: "status sync off, three edits, on again by replay: a dry run per lead, then what was confirmed is sent",
    run: async (story) => {
      const { api } = story.world
      await apart(story, "replay", "Signed e-Sign", "Referral Accepted")
      const { body: plan } = await api("POST", `/connections/${story.connectionId}/status-sync/plan`)
      const { body } = await api("GET", `/runs/${plan.id}/rows`)
      expectEqual(
        "a verdict per lead",
        body.rows.map((row: { detail: { externalCaseId: string }; verdict: string }) => [
          row.detail.externalCaseId,
          row.verdict
        ]),
        leads.map((lead, index) => [String(lead), ["safe", "would-overwrite-newer", "same"][index]])
      )
      const unconfirmed = await resume(story, { mode: "replay", planId: plan.id })
      expectEqual("overwrites must be confirmed", unconfirmed.body.type, "/problems/confirmation-required")
      const answer = await resume(story, { mode: "replay", planId: plan.id, overwrites: 1 })
      expectEqual("the plan runs", answer.status, 200)
      await eventually(async () => {
        expectEqual("the CRM took all three", await inCrm(story), Array(3).fill("Signed e-Sign"))
        const { body: run } = await api("GET", `/runs/${plan.id}`)
        expectEqual("and the run is done", [run.state, run.done, run.skipped], ["done", 3, 0])
      })
      await quiescent(story.world, story.connectionId)
      expectEqual("both sides are the same", await onPlatform(story), Array(3).fill("Signed e-Sign"))
    }
  }
]
