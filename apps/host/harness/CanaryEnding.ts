/** The end of two connections with the canaries in them: one is kept with a job that a person held, one is erased. */
import { facts } from "./Canaries.ts"
import { eventually, expectEqual, expectTrue, type World } from "./World.ts"

/** `record`: a webhook full of canaries. `refuse`: asks something that is refused, and keeps the refusal. */
export const canaryEnding = async (options: {
  readonly world: World
  readonly connection: object
  readonly toggles: object
  readonly record: Readonly<Record<string, string>>
  readonly refuse: (method: string, path: string, body: unknown) => Promise<unknown>
}): Promise<void> => {
  const { connection, record, refuse, toggles, world } = options
  const { api, hostUrl } = world
  const connect = async (name: string) => {
    const { id } = (await api("POST", "/connections", { ...connection, name })).body
    await api("PUT", `/connections/${id}/toggles`, toggles)
    const { token } = (await api("POST", `/connections/${id}/webhook-token`, {})).body
    const hook = `${hostUrl}/webhooks/law-ruler?token=${token}`
    expectEqual("a webhook", (await fetch(hook, { method: "POST", body: new URLSearchParams(record) })).status, 200)
    // The sign-in was never checked, so the read of its case waits.
    const job = await eventually(async () => {
      const { body } = await api("GET", `/jobs?connectionId=${id}&work=read-case&states=queued`)
      expectTrue("the read waits", body.jobs.length === 1 && body.jobs[0].reason !== null, body)
      return body.jobs[0].id as string
    })
    return { id, job }
  }
  const kept = await connect("Kept")
  const { body } = await api("POST", "/jobs/resolve", { ids: [kept.job], verb: "hold", reason: facts.note })
  expectEqual("the job is held, with a reason in a person's words", body.changed, [kept.job])
  expectEqual(
    "the data is kept",
    (await api("POST", `/connections/${kept.id}/disconnect`, { data: "keep" })).status,
    200
  )
  const erased = await connect("Erased")
  await refuse("POST", `/connections/${erased.id}/disconnect`, { data: "erase", confirm: facts.fullName })
  await refuse("POST", `/connections/${erased.id}/disconnect`, { data: facts.message })
  const begun = await api("POST", `/connections/${erased.id}/disconnect`, { data: "erase", confirm: "Erased" })
  await eventually(async () => {
    const run = await api("GET", `/runs/${begun.body.run.id}`)
    expectEqual("all of it is erased", run.body.state, "done")
  })
  await refuse("POST", "/tokens", { name: facts.fullName, scopes: [facts.email] })
}
