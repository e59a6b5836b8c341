/** Steps: lists. A webhook row routes a lead by its URL, a rule routes by what was read, and a person has the last word. */
import { eventually, expectEqual, quiescent } from "../harness/World.ts"
import { caseOf, type Step, type Story } from "./Story.ts"

/** A lead of the seed with a case type of its own, so that rows and rules touch no other. */
const slipAndFall = { caseTypeId: 109, name: "Slip and Fall", leadId: 248190 }
const massTort = { caseTypeId: 131, name: "Mass Tort – Hernia Mesh", leadId: 248121 }

const makeList = async (story: Story, input: object) => {
  const made = await story.world.api("POST", "/lists", input)
  expectEqual("the list is made", made.status, 201)
  return made.body as { id: string; number: number }
}

/** The staff moves a lead; its case is there and verified with that status, and nothing is under way any more. */
const moved = async (story: Story, leadId: number, status: string) => {
  await story.world.portal("POST", `/leads/${leadId}/status`, { status })
  await eventually(async () => {
    const found = await caseOf(story, leadId)
    expectEqual("the case is verified with it", [found?.standing, found?.status.value], ["verified", status])
  })
  await quiescent(story.world, story.connectionId)
}

const isIn = async (story: Story, listId: string, leadId: number) => {
  const { body } = await story.world.api("GET", `/lists/${listId}/members?isMember=true`)
  return body.members.some((member: { case: { externalId: string } }) => member.case.externalId === String(leadId))
}

const audit = async (story: Story, listId: string) => {
  const { body } = await story.world.api("GET", `/lists/${listId}/audit`)
  return body.events.map(({ by, change }: { by: string; change: string }) => `${change} by ${by}`).toReversed()
}

const byHand = async (story: Story, listId: string, leadId: number, action: string) => {
  const { id } = await caseOf(story, leadId)
  const { body } = await story.world.api("POST", `/lists/${listId}/members`, { action, caseIds: [id] })
  return body.results[0].result
}

let intake = { id: "", number: 0 }
let rowId = ""
let byRule = { id: "", number: 0 }

export const lists: ReadonlyArray<Step> = [
  {
    name: "a webhook row with list_id routes the lead to a list, and Params with list_action take it out",
    run: async (story) => {
      const { api, portal } = story.world
      intake = await makeList(story, { name: "Slip and fall intake", caseType: slipAndFall.name })
      const { body: row } = await portal("GET", `/webhooks/${story.webhookId}`)
      const token = new URL(row.url).searchParams.get("token")
      const built = await api("POST", `/connections/${story.connectionId}/webhook-url`, {
        token,
        list_id: String(intake.number)
      })
      expectEqual("the URL is finished", [built.body.isComplete, built.body.warnings], [true, []])
      expectEqual("as the guide writes it", built.body.url, `${row.url}&list_id=${intake.number}`)
      const made = await portal("POST", "/webhooks", {
        name: "Casewire, slip and fall",
        url: built.body.url,
        caseTypes: [slipAndFall.caseTypeId],
        statuses: "all",
        body: row.body
      })
      rowId = String(made.body.id ?? made.body.webhookId)
      await moved(story, slipAndFall.leadId, "Contact Attempted")
      expectEqual("the lead is in the list", await isIn(story, intake.id, slipAndFall.leadId), true)
      await portal("PATCH", `/webhooks/${rowId}`, {
        params: [{ key: "list_action", value: "remove" }],
        paramsAs: "body"
      })
      await moved(story, slipAndFall.leadId, "Signed e-Sign")
      expectEqual("and out of it", await isIn(story, intake.id, slipAndFall.leadId), false)
      // Whether the add had to wait depends on which of the lead's two webhooks was read first.
      const changes = (await audit(story, intake.id)).filter((line: string) => line !== "waiting by receipt")
      expectEqual("with every change written down", changes, [
        "created by person",
        "added by receipt",
        "removed by receipt"
      ])
    }
  },
  {
    name: "auto-add by case type and status, after the verifying read",
    run: async (story) => {
      byRule = await makeList(story, {
        name: "Hernia mesh, contacted",
        autoAdd: {
          on: true,
          connectionId: story.connectionId,
          caseTypes: [{ externalId: String(massTort.caseTypeId), name: massTort.name }],
          statuses: ["Contact Attempted"]
        }
      })
      await moved(story, massTort.leadId, "Sent e-Sign")
      expectEqual("another status does not fit", await isIn(story, byRule.id, massTort.leadId), false)
      await moved(story, slipAndFall.leadId, "Contact Attempted")
      expectEqual("another case type does not fit", await isIn(story, byRule.id, slipAndFall.leadId), false)
      await moved(story, massTort.leadId, "Contact Attempted")
      expectEqual("both together do", await isIn(story, byRule.id, massTort.leadId), true)
      await moved(story, massTort.leadId, "Sent e-Sign")
      expectEqual("a rule never takes out", await isIn(story, byRule.id, massTort.leadId), true)
      expectEqual("one line each", await audit(story, byRule.id), ["created by person", "added by auto-add"])
    }
  },
  {
    name: "a removal by hand survives rules and webhooks until it is lifted",
    run: async (story) => {
      const { api, portal } = story.world
      expectEqual("taken out", await byHand(story, byRule.id, massTort.leadId, "remove"), "removed")
      await moved(story, massTort.leadId, "Contact Attempted")
      expectEqual("the rule adds it not", await isIn(story, byRule.id, massTort.leadId), false)
      expectEqual("taken out", await byHand(story, intake.id, slipAndFall.leadId, "remove"), "removed")
      await portal("PATCH", `/webhooks/${rowId}`, { params: [] })
      await moved(story, slipAndFall.leadId, "Signed e-Sign")
      expectEqual("the webhook adds it not", await isIn(story, intake.id, slipAndFall.leadId), false)
      const { body } = await api(
        "GET",
        `/receipts?connectionId=${story.connectionId}&externalCaseId=${slipAndFall.leadId}&limit=10`
      )
      const warnings = body.receipts.flatMap((receipt: { warnings: ReadonlyArray<object> }) => receipt.warnings)
      expectEqual("and its receipt says why", JSON.stringify(warnings).includes("removed-by-a-person"), true)
      expectEqual("lifted", await byHand(story, intake.id, slipAndFall.leadId, "lift"), "lifted")
      await moved(story, slipAndFall.leadId, "Sent e-Sign")
      expectEqual("the next webhook adds it", await isIn(story, intake.id, slipAndFall.leadId), true)
      await portal("DELETE", `/webhooks/${rowId}`)
    }
  }
]
