/** Step: a second connection is ended and erased, while the host is killed in the middle; the first one stays as it was. */
import { eventually, expectEqual, expectTrue } from "../harness/World.ts"
import { credentials, switches } from "./Connecting.ts"
import { caseOf, leadId, type Step } from "./Story.ts"

const record = {
  "Lead ID": String(leadId),
  "Case Type ID": "222",
  "Case Type": "Harbor MVA",
  "Status ID": "9",
  Status: "Signed e-Sign",
  "Full Name": "Somebody Else",
  "Created Date": "09/14/2026 10:22 AM",
  "Primary Contact ID": "70551",
  "First Name": "Somebody",
  "Last Name": "Else"
}

export const ending: ReadonlyArray<Step> = [
  {
    name: "a connection is ended and all that came from it erased, although the host was killed meanwhile",
    run: async (story) => {
      const { api, sandboxUrl } = story.world
      const name = "Thrown away"
      const values = await credentials(sandboxUrl)
      const made = await api("POST", "/connections", { plugin: "law-ruler", name, sandbox: true, values })
      const at = `/connections/${made.body.id}`
      await api("POST", `${at}/verify`, {})
      await api("PUT", `${at}/toggles`, { ...switches, send: false, syncStatuses: false })
      const issued = await api("POST", `${at}/webhook-token`, {})
      const hook = () => fetch(issued.body.url, { method: "POST", body: new URLSearchParams(record) })
      expectEqual("its webhook is taken", (await hook()).status, 200)
      const own = await eventually(async () => {
        const { body } = await api("GET", `/cases?connectionId=${made.body.id}`)
        expectEqual("its case is read", body.cases[0]?.standing, "verified")
        return body.cases[0].id as string
      })
      const before = await caseOf(story)
      const preview = await api("GET", `${at}/disconnect`)
      expectTrue("what would go is counted", preview.body.counts.cases === 1, preview.body)
      const refused = await api("POST", `${at}/disconnect`, { data: "erase", confirm: "Harbor Law" })
      expectEqual("another name confirms nothing", refused.status, 403)
      const begun = await api("POST", `${at}/disconnect`, { data: "erase", confirm: name })
      expectEqual("it is being erased", [begun.status, begun.body.state], [200, "erasing"])
      await story.killHost()
      await story.startHost()
      await eventually(async () => {
        const { body } = await api("GET", `/runs/${begun.body.run.id}`)
        expectEqual("the erasing is done", [body.state, body.done], ["done", begun.body.run.total])
      })
      expectEqual("the connection is gone", (await api("GET", at)).status, 404)
      expectEqual("its case is gone", (await api("GET", `/cases/${own}`)).status, 404)
      expectEqual("its webhook is refused", (await hook()).status, 401)
      expectEqual("the other connection's case is as it was", await caseOf(story), before)
    }
  }
]
