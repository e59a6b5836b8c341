/** Status edits that waited while status sync was off: asked about, compared, and replayed with what would be lost confirmed. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"
import { until } from "../Visit.ts"

export const statuses: Journey = {
  title: "turning status sync on again",
  run: async (world) => {
    const { check, host, page, scan, scanAll } = world
    const { body: portal } = await host.crm("GET", "/state")
    for (const { leadId } of portal.leads) await host.crm("POST", `/leads/${leadId}/send-via-webhook`, {})
    const cases = await until("every lead, read", async () => {
      const { body } = await host.api("GET", "/cases?dirty=false")
      return body.cases.length === portal.leads.length && body.cases
    })
    const of = (leadId: number) => cases.find(({ externalId }: { externalId: string }) => externalId === String(leadId))
    const [first, second] = portal.leads.filter(({ caseTypeId }: { caseTypeId: number }) => caseTypeId === 222)
    const names = portal.statuses.map(({ name }: { name: string }) => name)
    const [target, moved] = names.filter((name: string) => ![first.status, second.status].includes(name))

    await signIn(world)
    await page.getByRole("link", { name: "Harbor Law (sandbox)" }).click()
    await page.getByRole("link", { name: "Configuration" }).click()
    await page.getByRole("switch", { name: "Status sync" }).press("Space")
    await until("status sync off", async () => {
      const { body } = await host.api("GET", "/connections")
      return !body.connections[0].toggles.syncStatuses
    })
    for (const { leadId } of [first, second])
      await host.api("POST", "/events", {
        type: "status_changed",
        eventId: `edit-${leadId}`,
        caseId: of(leadId).id,
        status: target
      })
    await host.crm("POST", `/leads/${second.leadId}/status`, { status: moved })

    await page.getByRole("switch", { name: "Status sync" }).press("Space")
    await page.getByText("2 status updates waited").waitFor()
    await check("the safe answer is chosen", page.getByRole("radio", { name: /^From now on/ }).isChecked())
    await scanAll("/connections/:id/configuration", "asked how to resume")
    await page.getByRole("radio", { name: /^Replay what waited/ }).check()
    await page.getByRole("button", { name: "Look at the list" }).click()
    await page.getByRole("heading", { level: 1, name: "Replay status updates" }).waitFor()
    await scan("/connections/:id/resume", "before comparing")
    await page.getByRole("button", { name: "Compare with the CRM now" }).click()
    await page.getByText("1 × Would overwrite a newer status").waitFor()
    await scanAll("/connections/:id/resume")
    const start = page.getByRole("button", { name: "Replay 2, overwriting 1 newer status" })
    await start.click()
    await page.getByText("The number does not match").waitFor()
    await scan("/connections/:id/resume", "not confirmed")
    const statusOf = async (leadId: number) => (await host.crm("GET", `/leads/${leadId}`)).body.status
    await check("nothing was sent before it was confirmed", (await statusOf(first.leadId)) === first.status)
    await page.getByLabel(/^Type 1 to confirm/).fill("1")
    await start.click()
    await page.getByText("updates are on their way").waitFor()
    await scan("/connections/:id/resume", "on its way")
    await until("both statuses in the CRM", async () => {
      const held = [await statusOf(first.leadId), await statusOf(second.leadId)]
      return held.every((status) => status === target)
    })
  }
}
