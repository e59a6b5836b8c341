/** The set-up checklist over real HTTP: each item is ticked by what is so, not by a click. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allOn, form, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

describe("the set-up checklist", () => {
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
