/** Steps: connect, and be told what is wrong with a wrong client root. */
import { expectEqual, expectTrue } from "../harness/World.ts"
import type { Step } from "./Story.ts"

export const credentials = async (sandboxUrl: string): Promise<Record<string, string>> => {
  const response = await fetch(`${sandboxUrl}/_sandbox/portals/harbor/state`)
  const { credentials: found } = (await response.json()) as { credentials: Record<string, string> }
  const { clientSecret = "", key = "", password = "", username = "" } = found
  return { username, password, clientRoot: "harbor", clientSecret, key }
}

export const switches = {
  enabled: true,
  receive: true,
  send: true,
  sendFields: true,
  sendMessages: true,
  sendCalls: true,
  sendDocuments: false,
  syncStatuses: true
}

export const connecting: ReadonlyArray<Step> = [
  {
    name: "connect verified",
    run: async (story) => {
      const { api, portal, sandboxUrl } = story.world
      await portal("POST", "/settings", { rateLimit: { limit: 6000, windowSeconds: 60, retryAfterHeader: true } })
      const made = await api("POST", "/connections", {
        plugin: "law-ruler",
        name: "Harbor Law",
        sandbox: true,
        callLimit: 6000,
        values: await credentials(sandboxUrl)
      })
      expectEqual("the connection is made", made.status, 201)
      story.connectionId = made.body.id
      const verified = await api("POST", `/connections/${made.body.id}/verify`, {})
      expectEqual(
        "every required check passes",
        verified.body.checks.filter((check: { ok: boolean; required: boolean }) => check.required && !check.ok),
        []
      )
      expectEqual("the connection works", verified.body.state, "connected")
      const on = await api("PUT", `/connections/${made.body.id}/toggles`, switches)
      expectEqual("the switches are on", on.body.toggles, switches)
      const read = await api("GET", `/connections/${made.body.id}`)
      const text = JSON.stringify(read.body)
      const { clientSecret = "", key = "", password = "" } = await credentials(sandboxUrl)
      expectTrue("no secret comes back", ![clientSecret, key, password].some((secret) => text.includes(secret)), text)
    }
  },
  {
    name: "wrong client root refused with the field named",
    run: async ({ world: { api, sandboxUrl } }) => {
      const connect = async (clientRoot: string) =>
        api("POST", "/connections", {
          plugin: "law-ruler",
          name: "Wrong",
          sandbox: true,
          values: { ...(await credentials(sandboxUrl)), clientRoot }
        })
      const hostile = await connect("acme.evil.com/")
      expectEqual("a root that is no label is refused", hostile.status, 422)
      expectEqual("the field is named", hostile.body.errors, [{ field: "clientRoot", code: "not-a-subdomain-label" }])
      const unknown = await connect("nosuchfirm")
      expectEqual("a root that is a label is saved", unknown.status, 201)
      const verified = await api("POST", `/connections/${unknown.body.id}/verify`, {})
      expectEqual("but does not verify", verified.body.ok, false)
      expectTrue(
        "and the failing check names the field",
        verified.body.checks.some(
          (check: { field?: string; ok: boolean }) => !check.ok && check.field === "clientRoot"
        ),
        verified.body
      )
    }
  }
]
