/** Ending a connection over real HTTP: kept or erased, confirmed by its name, and the same answer when asked again. */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Disconnect } from "@casewire/core/Disconnect"
import { Queue } from "@casewire/core/ports/Queue"
import { form, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => void (world = await startWorld()))
afterAll(() => world.stop())

const values = { clientRoot: "harbor", password: "s3cret-pass" }
const connect = async (name: string) => {
  const { id } = (await world.call("POST", "/connections", { plugin: "acme", name, values })).body
  const { token } = (await world.call("POST", `/connections/${id}/webhook-token`, {})).body
  const hook = (body: string) =>
    world.post(body, { "content-type": "application/x-www-form-urlencoded" }, `?token=${token}`)
  const end = (payload: object) => world.call("POST", `/connections/${id}/disconnect`, payload)
  return { id, hook, end, at: `/connections/${id}` }
}

/** What the host's worker does. */
const workOff = () =>
  world.run(
    Effect.gen(function* () {
      const leases = yield* (yield* Queue).claim({ worker: "test", limit: 100, leaseMs: 1000 })
      for (const lease of leases)
        if (lease.job.work._tag === "EraseConnection") yield* (yield* Disconnect).step(lease, lease.job.work, 1000)
        else yield* (yield* Queue).settle(lease, { _tag: "Held", reason: "test" })
    })
  )

describe("ending a connection", () => {
  it("keeps the data: the secrets and the webhook URL end, and what came can be read", async () => {
    const { at, end, hook } = await connect("Kept")
    const { receiptId } = (await hook(form())).body
    expect((await end({ data: "keep" })).body).toEqual({ state: "disconnected", run: null })
    expect((await end({ data: "keep" })).body).toEqual({ state: "disconnected", run: null })
    expect((await hook(form())).status).toBe(401)
    const { body } = await world.call("GET", at)
    expect(body).toMatchObject({ state: "disconnected", secrets: { password: { set: false } } })
    expect((await world.call("GET", `/receipts/${receiptId}`)).status).toBe(200)
    expect((await world.call("PUT", `${at}/credentials`, { values })).body).toMatchObject({ state: "new" })
  })

  it("erases the data once its name is typed, shows how much it is, and answers the same run when asked again", async () => {
    const { at, end, hook, id } = await connect("Thrown away")
    const { receiptId } = (await hook(form({ "Lead ID": "98001", Status: "New", "Full Name": "Zoë Quack" }))).body
    const preview = await world.call("GET", `${at}/disconnect`)
    expect(preview.body).toMatchObject({ name: "Thrown away", counts: { receipts: 1, cases: 0 } })
    for (const confirm of [undefined, "", "thrown away", "Thrown"]) {
      const refused = await end({ data: "erase", ...(confirm === undefined ? {} : { confirm }) })
      expect([refused.status, refused.body.type]).toEqual([403, "/problems/confirmation-required"])
      expect(refused.body.errors).toEqual([{ field: "confirm", code: "not-the-name" }])
    }
    expect((await world.call("GET", `/receipts/${receiptId}`)).status).toBe(200)
    const begun = await end({ data: "erase", confirm: "Thrown away" })
    expect(begun.body).toMatchObject({
      state: "erasing",
      run: { kind: "erasure", startedBy: "test", state: "running" }
    })
    expect((await world.call("GET", at)).body.state).toBe("erasing")
    expect((await hook(form())).status).toBe(401)
    expect((await end({ data: "keep" })).status).toBe(404)
    await workOff()
    const run = await world.call("GET", `/runs/${begun.body.run.id}`)
    expect(run.body).toMatchObject({ state: "done", done: run.body.total, connectionId: id })
    expect((await world.call("GET", at)).status).toBe(404)
    expect((await world.call("GET", `/receipts/${receiptId}`)).status).toBe(404)
    const again = await end({ data: "erase", confirm: "Thrown away" })
    expect(again.body).toMatchObject({ state: "erased", run: { id: begun.body.run.id } })
  })

  it("takes no other word for what shall become of the data", async () => {
    const { end } = await connect("Third")
    expect((await end({ data: "burn" })).status).toBe(422)
    expect((await end({})).status).toBe(422)
  })

  it("pauses, resumes or cancels no erasing", async () => {
    const { end } = await connect("Fourth")
    const { run } = (await end({ data: "erase", confirm: "Fourth" })).body
    for (const verb of ["pause", "resume", "cancel"])
      expect((await world.call("POST", `/runs/${run.id}/${verb}`)).status).toBe(409)
  })
})
