/** The set-up checklist over real HTTP: each item is ticked by what is so, not by a click. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allOn, form, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => {
  const rehearsal = { plugin: "acme", name: "Sandbox", url: "http://127.0.0.1:1/look", values: {}, callLimit: null }
  world = await startWorld({ rehearsal })
})
afterAll(() => world.stop())

describe("the set-up checklist", () => {
  it("leads to the CRM's webhook screen at the firm's own address, and for a rehearsal to the sandbox", async () => {
    const linkOf = async (input: object) => {
      const made = await world.call("POST", "/connections", { plugin: "acme", ...input })
      const { items } = (await world.call("GET", `/connections/${made.body.id}/checklist`)).body
      expect(items.slice(1).map((item: { link: unknown }) => item.link)).toEqual([null, null, null])
      return items[0].link
    }
    const values = { clientRoot: "fourth", password: "x" }
    expect(await linkOf({ values })).toEqual({
      href: "https://fourth.acme.example/setup/hooks",
      label: "Acme: Setup, Hooks"
    })
    expect(await linkOf({ values, sandbox: true })).toEqual({
      href: "http://127.0.0.1:1/look",
      label: "Acme: Setup, Hooks"
    })
  })

  it("is computed from what is so", async () => {
    const { id } = (
      await world.call("POST", "/connections", { plugin: "acme", values: { clientRoot: "third", password: "x" } })
    ).body
    const states = async () => {
      const { items } = (await world.call("GET", `/connections/${id}/checklist`)).body
      return Object.fromEntries(items.map((item: { id: string; state: string }) => [item.id, item.state]))
    }
    expect(await states()).toEqual({ webhook: "open", options: "optional", "case-types": "open", switches: "open" })
    const { token } = (await world.call("POST", `/connections/${id}/webhook-token`, {})).body
    await world.post(
      form({ "Lead ID": "{{default95}}-Lead ID", Status: "{{default96}}-Status", "Full Name": "x" }),
      { "content-type": "application/x-www-form-urlencoded" },
      `?token=${token}&list_id=3`
    )
    const links = [{ crmCaseType: { name: "Motor Vehicle" }, platformCaseType: "Auto" }]
    await world.call("PUT", `/connections/${id}/case-type-links`, { links })
    expect(await states()).toEqual({ webhook: "done", options: "done", "case-types": "done", switches: "open" })
    await world.call("PUT", `/connections/${id}/toggles`, { ...allOn, receive: false })
    expect((await states())["switches"]).toBe("attention")
  })
})
