/** A firm with too much waiting, over real HTTP: 429 with Retry-After for that firm's webhooks, and for nobody else's. */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Backlog } from "@casewire/core/Backlog"
import { fields, form, overStorage, startWorld, type World } from "./Harness.ts"

/** What the store counts for the first firm; the other one has nothing waiting. */
let waiting = 0
let world: World
beforeAll(async () => {
  const counted = overStorage(() => ({ backlog: (firmId) => Effect.succeed(firmId === "firm-a" ? waiting : 0) }))
  world = await startWorld({}, counted)
})
afterAll(() => world.stop())

const look = () => world.run(Effect.flatMap(Backlog, (backlog) => backlog.look))
const post = (body: string, query?: string) =>
  world.post(body, { "content-type": "application/x-www-form-urlencoded" }, query)

describe("a firm with too much waiting", () => {
  it("has its webhooks put off by 429 with Retry-After, keeps their records' ids, and is taken from again later", async () => {
    expect((await post(form())).status).toBe(200)
    waiting = 100_000
    await look()
    const refused = await post(form({ ...fields, "Lead ID": "4712" }))
    expect([refused.status, refused.body.type, refused.headers.get("retry-after")]).toEqual([
      429,
      "/problems/tenant-backlog-full",
      "60"
    ])
    const [receipt] = await world.receipts()
    expect(receipt).toMatchObject({ externalCaseId: "4712", disposition: { _tag: "Ignored", reason: "backlog-full" } })
    expect(refused.body.instance).toBe(`/receipts/${receipt?.id}`)
    expect(receipt?.body).not.toContain("Gómez")
    const other = await fetch(`${world.url}/webhooks/other?token=${world.foreignToken}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form()
    })
    expect(other.status).not.toBe(429)
    waiting = 99_999
    await new Promise((resolve) => setTimeout(resolve, 300))
    await look()
    expect((await post(form())).status).toBe(200)
  })

  it("keeps no file of what it puts off", async () => {
    waiting = 100_000
    await new Promise((resolve) => setTimeout(resolve, 300))
    await look()
    const body = new FormData()
    for (const [name, value] of Object.entries({ ...fields, "Lead ID": "4713" })) body.set(name, value)
    body.set("file", new Blob(["words"]), "4713-a.txt")
    expect((await world.post(body)).status).toBe(429)
    const [receipt] = await world.receipts()
    expect((await world.call("GET", `/receipts/${receipt?.id}`)).text).not.toContain("a.txt")
  })
})
