/** Steps: a firm's past imported through a killed host, and a file of cases whose records are matched later. */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { caseOf, type Step, type Story } from "./Story.ts"

const past = 250
const caseType = "Workers' Compensation"

const runOf = async ({ world }: Story, id: string) => (await world.api("GET", `/runs/${id}`)).body

/** Ids in the CRM of all cases of a case type, oldest first. */
const recordsOf = async ({ connectionId, world }: Story, name: string): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (let before: string | undefined; ;) {
    const at = `/cases?connectionId=${connectionId}&limit=100${before === undefined ? "" : `&before=${before}`}`
    const { cases } = (await world.api("GET", at)).body
    for (const of of cases) if (of.caseType.name === name) found.unshift(of.externalId)
    if (cases.length < 100) return found
    before = cases.at(-1).id
  }
}

export const imports: ReadonlyArray<Step> = [
  {
    name: "history import counted, first five shown, the host killed in its middle: gone on with, every lead once",
    run: async (story) => {
      const { api, portal, state } = story.world
      const made = await portal("POST", "/leads", {
        caseType,
        status: "New Lead",
        firstName: "Past",
        lastName: "Client",
        copies: past
      })
      const leadIds: ReadonlyArray<string> = made.body.leadIds.map(String)
      const calls = async () =>
        (await state()).calls.filter((call: { operation: string }) => call.operation === "SearchInboxItems").length
      const before = await calls()
      const planned = await api("POST", `/connections/${story.connectionId}/history-imports`, { caseTypes: [caseType] })
      expectEqual("it is counted", [planned.status, planned.body.state, planned.body.total], [201, "planned", past])
      expectEqual("by one call", (await calls()) - before, 1)
      expectEqual("and takes three more", planned.body.estimate.calls, 3)
      expectEqual("nothing is imported yet", await recordsOf(story, caseType), [])
      const { id } = planned.body
      await api("POST", `/runs/${id}/start`, { first: 5 })
      await eventually(async () => {
        const { done, reason, state } = await runOf(story, id)
        expectEqual("five are shown", [state, reason, done], ["paused", "first-shown", 5])
      })
      const { rows } = (await api("GET", `/runs/${id}/rows`)).body
      const [shown] = (await api("GET", `/cases/${rows[0].detail.caseId}`)).body.client.fullName.split(" ")
      expectEqual("with their clients", [rows.length, shown], [5, "Past"])
      await api("POST", `/runs/${id}/resume`)
      await eventually(async () => {
        const { done } = await runOf(story, id)
        expectTrue("it is in its middle", done > 20 && done < past, done)
      })
      await story.killHost()
      await story.startHost()
      await eventually(async () => {
        const { done, failed, skipped, state, total } = await runOf(story, id)
        expectEqual("it ends by itself", [state, total, done, failed, skipped], ["done", past, past, 0, 0])
      }, 30_000)
      expectEqual("every lead has one case", (await recordsOf(story, caseType)).toSorted(), leadIds.toSorted())
      const result = (await api("GET", `/runs/${id}/result.csv`)).body.trimEnd().split("\r\n")
      expectEqual("the result file names every lead", result.length, past + 1)
      expectEqual("in columns", result[0].replace("\uFEFF", ""), "Row,Lead ID,Outcome,Reason,Case")
      await quiescent(story.world, story.connectionId)
    }
  },
  {
    name: "a file of cases imported, and a webhook for one of its Lead IDs finds the same case",
    run: async (story) => {
      const { api, portal, upload } = story.world
      const lead = await portal("POST", "/leads", {
        caseType: "Slip and Fall",
        status: "New Lead",
        firstName: "Rosa",
        lastName: "Marsh",
        phone: "(205) 555-0171"
      })
      const leadId: number = lead.body.leadId
      const path = `/connections/${story.connectionId}/case-imports`
      const header = "Lead ID,First Name,Last Name,Phone,Case Type,Best hour"
      const bad = await upload(path, "cases.csv", `${header}\r\nL-7,Rosa,Marsh,,Slip and Fall,\r\n`)
      expectEqual(
        "a row at fault refuses the file",
        [bad.status, bad.body.errors],
        [422, [{ field: "row 2, column 1", code: "malformed" }]]
      )
      const file = [
        header,
        `${leadId},Rosa,Marsh,'+12055550171,Slip and Fall,morning`,
        ",Owen,Pike,,Slip and Fall,evening",
        `${leadId},Rosa,Marsh,,Slip and Fall,noon`,
        ""
      ].join("\r\n")
      const planned = await upload(path, "cases.csv", file)
      expectEqual("rows are counted", planned.body.counts, { new: 2, duplicate: 1, invalid: 0 })
      await api("POST", `/runs/${planned.body.id}/start`, {})
      await eventually(async () => {
        const { done, skipped, state } = await runOf(story, planned.body.id)
        expectEqual("two cases, the second row of the lead skipped", [state, done, skipped], ["done", 2, 1])
      })
      const imported = await eventually(async () => {
        const found = await caseOf(story, leadId)
        expectEqual("the case was read in the CRM", found?.standing, "verified")
        return found
      })
      expectEqual("and kept the file's own field", imported.values["Best hour"], ["morning"])
      await portal("POST", `/leads/${leadId}/status`, { status: "Signed e-Sign" })
      await eventually(async () => {
        const found = await caseOf(story, leadId)
        expectEqual("the webhook finds it", [found.id, found.status.value], [imported.id, "Signed e-Sign"])
      })
      const records = await recordsOf(story, "Slip and Fall")
      expectEqual("one case of the lead", records.filter((record) => record === String(leadId)).length, 1)
      const result = (await api("GET", `/runs/${planned.body.id}/result.csv`)).body
      expectTrue("the result says so", result.includes(`${leadId},created,,${imported.id}`), result)
      await quiescent(story.world, story.connectionId)
    }
  }
]
