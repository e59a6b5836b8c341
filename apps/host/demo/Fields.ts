/**
 * Steps: case types linked, a mapping sheet imported and applied, mapped fields in both directions, the rule when both
 * sides move at once, and nothing sent for a case type that is not linked.
 */
import { workbook } from "../harness/Workbook.ts"
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { caseOf, leadId, type Step, type Story } from "./Story.ts"

const accident = { key: "Custom4124", field: "dateOfAccident" }
const pharmacy = { key: "Custom4132", field: "pharmacy" }

/** As firms fill it in, in a workbook: API values on top, brackets around a key, a status that must not be there. */
const sheet = workbook("Harbor MVA", [
  ["Law Ruler API values"],
  ["API Key", "8f14e45fceea167a5a36dedd4bea2543"],
  ["Case type: Harbor MVA"],
  ["Custom# / field ID", "Friendly field name", "Field type", "Valid options"],
  ["<<Custom4124>>", "Date of accident", "date"],
  ["custom4132", "Pharmacy", "text"],
  [
    "4131",
    "Where were you treated? Check all that apply",
    "multi select",
    'Chiropractor; Urgent Care; Emergency Room; "Primary Care, or family doctor"; None'
  ],
  ["Status", "Lead status", "text"],
  ["Custom9999", "Not on the form", "text"]
])

const change = (story: Story, eventId: string, caseId: string, fields: Readonly<Record<string, string>>) =>
  story.world.api("POST", "/events", { type: "fields_changed", eventId, caseId, fields, changedBy: "demo" })

const fieldOf = async (story: Story, caseId: string, name: string) => {
  const { body } = await story.world.api("GET", `/cases/${caseId}/fields`)
  const found = body.fields.find(({ field }: { field: string }) => field === name)
  return [found?.values, found?.state]
}

const inSandbox = async (story: Story, key: string) => (await story.world.lead(leadId)).custom[key]

/** A verifying read of the lead, asked for by its webhook. */
const readAgain = async (story: Story, lead: number = leadId) => {
  await story.world.portal("POST", `/leads/${lead}/send-via-webhook`, {})
  await quiescent(story.world, story.connectionId)
}

export const fields: ReadonlyArray<Step> = [
  {
    name: "catalog refreshed and case type linked",
    run: async (story) => {
      const { api } = story.world
      const path = `/connections/${story.connectionId}`
      const refreshed = await api("POST", `${path}/field-catalog/refresh`)
      expectEqual("the catalog is read", [refreshed.status, refreshed.body.isFirst], [200, true])
      const preview = await api("GET", `${path}/available-fields?caseType=222`)
      const shown = preview.body.fields.find(({ key }: { key: string }) => key === accident.key)
      expectEqual(
        "key, input type and form section are shown",
        [shown?.inputType, shown?.section],
        ["date", "Accident"]
      )
      const both = await api("GET", `${path}/available-fields?caseType=222&caseType=109`)
      expectEqual("but not for two case types at once", both.body.fields, [])
      const link = { crmCaseType: { externalId: "222", name: "Harbor MVA" }, platformCaseType: "Motor Vehicle" }
      const linked = await api("PUT", `${path}/case-type-links`, { links: [link] })
      expectEqual("the link is saved", linked.body.links, [link])
    }
  },
  {
    name: "mapping sheet imported and applied",
    run: async (story) => {
      const { api } = story.world
      const path = `/connections/${story.connectionId}`
      const uploaded = await story.world.upload(`${path}/mapping-drafts`, "mapping.xlsx", sheet)
      expectEqual("the sheet is read", uploaded.status, 201)
      const draft = uploaded.body
      expectEqual(
        "every row has its outcome",
        draft.rows.map(({ codes, level, row }: { codes: string[]; level: string; row: number }) => [
          row,
          level,
          ...codes
        ]),
        [
          [5, "ok"],
          [6, "ok"],
          [7, "ok"],
          [8, "error", "status"],
          [9, "warning", "unknown-field"]
        ]
      )
      expectEqual(
        "rows above the header were dropped, and looked like secrets",
        [draft.sheets[0].dropped, draft.sheets[0].credentialsSeen],
        [3, true]
      )
      expectTrue("and none was kept", !JSON.stringify(draft).includes("8f14e45f"), draft)
      expectEqual("a draft changes nothing", (await api("GET", `${path}/mappings`)).body.mappings, [])
      const applied = await api("POST", `${path}/mapping-drafts/${draft.id}/apply`, {
        choices: [{ crmKey: "Custom9999", platformField: null }]
      })
      expectEqual(
        "applied it is version 1 of the case type",
        applied.body.versions?.map(
          ({
            caseType,
            entries,
            number
          }: {
            caseType: string
            number: number
            entries: Array<{ crmKey: string; platformField: string }>
          }) => [caseType, number, entries.map(({ crmKey, platformField }) => `${platformField} ${crmKey}`)]
        ),
        [
          [
            "222",
            1,
            [
              `${accident.field} ${accident.key}`,
              `${pharmacy.field} ${pharmacy.key}`,
              "whereWereYouTreatedCheckAllThatApply Custom4131"
            ]
          ]
        ]
      )
      const refused = await api("PUT", `${path}/mappings/222`, {
        entries: [{ platformField: "x", crmKey: "Operation", direction: "to", transform: { _tag: "Text" } }]
      })
      expectEqual(
        "a reserved key is refused",
        [refused.status, refused.body.errors],
        [422, [{ field: "crmKey", code: "reserved" }]]
      )
    }
  },
  {
    name: "a field edited on the platform appears in the sandbox",
    run: async (story) => {
      await readAgain(story)
      const before = (await story.world.lead(leadId)).custom
      const answer = await change(story, "demo-field-1", story.caseId, { [accident.field]: "2026-10-05" })
      expectEqual("the change is queued", answer.body.result, "queued")
      await eventually(async () =>
        expectEqual("only that field changed, as the CRM writes dates", (await story.world.lead(leadId)).custom, {
          ...before,
          [accident.key]: "10/05/2026"
        })
      )
      await quiescent(story.world, story.connectionId)
      expectEqual("and it is settled", await fieldOf(story, story.caseId, accident.field), [["2026-10-05"], "settled"])
    }
  },
  {
    name: "a field edited in the sandbox appears on the platform after a read",
    run: async (story) => {
      await story.world.portal("PATCH", `/leads/${leadId}`, { custom: { [pharmacy.key]: "Harbor Street Pharmacy" } })
      await readAgain(story)
      await eventually(async () =>
        expectEqual("the platform has it", await fieldOf(story, story.caseId, pharmacy.field), [
          ["Harbor Street Pharmacy"],
          "settled"
        ])
      )
      const { body } = await story.world.api(
        "GET",
        `/jobs?connectionId=${story.connectionId}&work=push-fields&work=pull&limit=200`
      )
      expectEqual(
        "and it made no push",
        body.jobs.filter(({ work }: { work: string }) => work === "push-fields").length,
        1
      )
    }
  },
  {
    name: "both sides edit a field at once: the CRM wins and the loser is listed",
    run: async (story) => {
      await story.world.portal("PATCH", `/leads/${leadId}`, { custom: { [accident.key]: "12/24/2026" } })
      await change(story, "demo-field-2", story.caseId, { [accident.field]: "2026-11-11" })
      await eventually(async () =>
        expectEqual("the platform holds the CRM's value", await fieldOf(story, story.caseId, accident.field), [
          ["2026-12-24"],
          "settled"
        ])
      )
      await quiescent(story.world, story.connectionId)
      expectEqual("and so does the CRM", await inSandbox(story, accident.key), "12/24/2026")
      const { body } = await story.world.api("GET", "/conflicts")
      const [newest] = body.events
      expectEqual(
        "the local edit is listed",
        [newest?.kind, newest?.field, newest?.before, newest?.after],
        ["field-superseded", accident.field, "2026-11-11", "2026-12-24"]
      )
    }
  },
  {
    name: "nothing mapped is sent for a case type that is not linked, and the reason is shown",
    run: async (story) => {
      const { api, portal, state } = story.world
      const made = await portal("POST", "/leads", {
        firstName: "Uma",
        lastName: "Unlinked",
        phone: "(205) 555-0177",
        email: "uma@example.test",
        caseType: "Slip and Fall",
        status: "New Lead",
        custom: { Custom598: "Pier 4" },
        fire: true
      })
      expectEqual("a lead of another case type", made.status, 201)
      const lead = made.body.leadId as number
      const found = await eventually(async () => {
        const found = await caseOf(story, lead)
        expectEqual("its case is imported", found?.standing, "verified")
        return found
      })
      const reason = 'the case type "Slip and Fall" is not linked'
      const answer = await change(story, "demo-field-3", found.id, { whereDidYouFall: "Dock 9" })
      expectEqual("the answer says why nothing is sent", [answer.body.result, answer.body.reason], ["dropped", reason])
      const shown = await api("GET", `/cases/${found.id}/fields`)
      expectEqual("and so does the case", shown.body.reason, reason)
      await quiescent(story.world, story.connectionId)
      const { leads } = await state()
      const now = leads.find((each: { leadId: number }) => each.leadId === lead)
      expectEqual("the lead is as it was", (now ?? (await story.world.lead(lead))).custom.Custom598, "Pier 4")
    }
  }
]
