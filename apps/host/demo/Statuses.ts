/** Steps: statuses in both directions, without echo, and with the rule when both sides move at once. */
import { eventually, expectEqual, quiescent } from "../harness/World.ts"
import { bothHold, caseOf, leadId, type Step, type Story } from "./Story.ts"

const change = async (story: Story, eventId: string, status: string) => {
  const { body } = await story.world.api("POST", "/events", {
    type: "status_changed",
    eventId,
    caseId: story.caseId,
    status,
    changedBy: "demo"
  })
  expectEqual("the change is queued", body.result, "queued")
  return body.jobId as string
}

const writes = async (story: Story): Promise<number> => {
  const lead = await story.world.lead(leadId)
  return lead.statusHistory.filter((entry: { by: string }) => entry.by !== "staff").length
}

export const statuses: ReadonlyArray<Step> = [
  {
    name: "status set on the platform appears in the sandbox and its echo causes no second push",
    run: async (story) => {
      const before = await writes(story)
      await change(story, "demo-status-1", "Sent e-Sign")
      await bothHold(story, "Sent e-Sign")
      // The write fires the CRM's webhook; wait until that echo was received and everything it caused is over.
      await eventually(async () => {
        const { body } = await story.world.api("GET", `/receipts?connectionId=${story.connectionId}&limit=1`)
        const newest = body.receipts[0]
        const { body: receipt } = await story.world.api("GET", `/receipts/${newest.id}`)
        expectEqual("the echo arrived", receipt.body.includes("Sent"), true)
      })
      await quiescent(story.world, story.connectionId)
      expectEqual("one write", (await writes(story)) - before, 1)
      await bothHold(story, "Sent e-Sign")
    }
  },
  {
    name: "status set in the sandbox appears on the platform",
    run: async (story) => {
      const before = await writes(story)
      await story.world.portal("POST", `/leads/${leadId}/status`, { status: "Signed e-Sign" })
      await bothHold(story, "Signed e-Sign")
      await quiescent(story.world, story.connectionId)
      expectEqual("and nothing was written back", (await writes(story)) - before, 0)
    }
  },
  {
    name: "both sides change at once: the CRM wins and the loser is recorded",
    run: async (story) => {
      const { api, portal } = story.world
      const before = await writes(story)
      // The CRM's webhook is lost, so that the push itself must notice that the CRM moved.
      await portal("POST", "/faults", { on: "webhook", kind: "lose", times: 1 })
      await portal("POST", `/leads/${leadId}/status`, { status: "Referral Accepted" })
      await change(story, "demo-status-2", "Disqualified")
      await bothHold(story, "Referral Accepted")
      await quiescent(story.world, story.connectionId)
      expectEqual("nothing was written", (await writes(story)) - before, 0)
      const { body } = await api("GET", "/conflicts")
      expectEqual(
        "the local edit is listed as superseded",
        body.events.map((event: { kind: string; before: string; after: string }) => [
          event.kind,
          event.before,
          event.after
        ]),
        [["status-superseded", "Disqualified", "Referral Accepted"]]
      )
      expectEqual("the case holds the CRM's value", (await caseOf(story)).status.value, "Referral Accepted")
    }
  }
]
