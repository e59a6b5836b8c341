/** "Where is my note?": a message becomes a note, one that is refused waits for a person, and what others wrote is only text. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"
import { until } from "../Visit.ts"

const hostile = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"

export const notes: Journey = {
  title: "finding a lead, its notes and what went wrong",
  run: async (world) => {
    const { check, checkSoon, expectRefusals, host, page, scan, scanAll } = world
    const { body: portal } = await host.crm("GET", "/state")
    const made = await host.crm("POST", "/leads", {
      caseType: portal.caseTypes[0].name,
      status: portal.leads[0].status,
      firstName: hostile,
      lastName: "Ugly ".repeat(30)
    })
    for (const { leadId } of [...portal.leads, made.body])
      await host.crm("POST", `/leads/${leadId}/send-via-webhook`, {})
    await until("every lead", async () => (await host.api("GET", "/cases")).body.cases.length > portal.leads.length)

    await signIn(world)
    await scanAll("/")
    await page.getByRole("searchbox", { name: "Find a lead by id or name" }).fill(String(portal.leads[0].leadId))
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: "Leads" }).waitFor()
    await checkSoon("one lead has that id", async () => (await page.getByRole("row").count()) === 2)
    await page.getByRole("link", { name: "Leads" }).click()
    await page.getByRole("heading", { level: 1, name: "Leads" }).waitFor()
    await page.getByRole("row").nth(6).waitFor()
    await scanAll("/leads")
    await check("a name is text and nothing else", (await page.title()) !== "ran")
    await page.getByLabel("Find a lead", { exact: true }).fill("nobody of that name")
    await page.keyboard.press("Enter")
    await page.getByText("No lead fits").waitFor()
    await scan("/leads", "nothing found")
    await page.getByLabel("Find a lead", { exact: true }).fill("ohara")
    await page.getByRole("button", { name: "Search" }).click()
    await page.getByRole("link", { name: "José O'Hara" }).click()
    await page.getByRole("heading", { level: 1, name: "José O'Hara" }).waitFor()
    await page.getByText("No message or call of this lead").waitFor()
    await scanAll("/leads/:id")

    await page.getByRole("button", { name: "Send as a note" }).click()
    await page.getByText("Write the message first").waitFor()
    await scan("/leads/:id", "empty message")
    await page.getByLabel("Message", { exact: true }).fill(`We look forward to your call. ${hostile}`)
    await page.getByRole("button", { name: "Send as a note" }).click()
    await page.getByText("Look for it under: Notes, category Client Communications").last().waitFor()
    const lead = portal.leads.find(({ displayName }: { displayName: string }) => displayName === "José O'Hara")
    await until("one note in the CRM", async () => {
      const { body } = await host.crm("GET", `/leads/${lead.leadId}`)
      const found = body.notes.filter(({ text }: { text: string }) => text.includes("We look forward"))
      return found.length === 1 && found[0].category === "Client Communications"
    })
    await page.getByText("Message, to the client").waitFor()
    await scan("/leads/:id", "with a note")
    await page.getByRole("link", { name: "Message" }).first().click()
    await page.getByRole("heading", { level: 1, name: "Note" }).waitFor()
    await page.getByText("It is done.").waitFor()
    await scanAll("/events/:id")
    await check("a note is text and nothing else", (await page.title()) !== "ran")

    await page.getByRole("link", { name: "Activity" }).first().click()
    await page.getByRole("heading", { level: 1, name: "Activity" }).waitFor()
    await page.getByRole("row").nth(10).waitFor()
    await scanAll("/events")
    await page.getByLabel("State").selectOption({ label: "Stopped" })
    await page.getByText("Nothing fits this filter.").waitFor()
    await check("a filter stands in the address", page.url().includes("state=dead"))
    await scan("/events", "nothing fits")
    await page.getByLabel("What is shown").selectOption({ label: "Webhooks" })
    await page.getByRole("link", { name: "Webhook" }).first().waitFor()
    await scan("/events", "webhooks")
    await page.getByRole("link", { name: "Webhook" }).first().click()
    await page.getByRole("heading", { level: 1, name: "Webhook" }).waitFor()
    await page.getByText("What it carried").waitFor()
    await scanAll("/events/received/:id")

    await page.getByRole("link", { name: "Needs attention" }).click()
    await page.getByText("Nothing needs attention").waitFor()
    await scanAll("/dead-letters", "empty")
    // Three leads are removed in the CRM, and somebody writes to their clients all the same.
    const removed: ReadonlyArray<number> = portal.leads.slice(1, 4).map(({ leadId }: { leadId: number }) => leadId)
    for (const leadId of removed) await host.crm("DELETE", `/leads/${leadId}`)
    const { body: all } = await host.api("GET", "/cases")
    for (const { externalId, id } of all.cases)
      if (removed.includes(Number(externalId)))
        await host.api("POST", "/events", {
          type: "message_sent",
          eventId: `too-late-${id}`,
          caseId: id,
          channel: "sms",
          direction: "outbound",
          text: "Nobody is there to read it",
          sentAt: Date.now()
        })
    await page.getByText("Note · 3 items").waitFor({ timeout: 30_000 })
    await scanAll("/dead-letters")
    await page.getByRole("button", { name: "Do not send these 3" }).click()
    await page.getByRole("dialog").waitFor()
    await page.getByRole("dialog").getByRole("button", { name: "Do not send these 3" }).click()
    await page.getByText("Say why.").waitFor()
    await scanAll("/dead-letters", "dismissing")
    await page.getByRole("dialog").getByLabel("Reason").fill("The leads were removed in the CRM")
    await page.getByRole("dialog").getByRole("button", { name: "Do not send these 3" }).click()
    await page.getByText("Nothing needs attention").waitFor()
    const { body: skipped } = await host.api("GET", "/jobs?states=skipped")
    await check(
      "the reason is kept with each of them",
      skipped.jobs.every(({ reason }: { reason: string }) => reason.includes("removed in the CRM"))
    )

    await host.kill()
    // A host that starts anew knows no sessions.
    expectRefusals(401)
    await page.getByText("Casewire does not answer at the moment").first().waitFor({ timeout: 20_000 })
    await scan("/dead-letters", "host is gone")
    await host.again()
    await page.getByRole("heading", { name: "Sign in" }).waitFor({ timeout: 20_000 })
    await check("signing in leads back to where one was", page.url().includes("dead-letters"))
  }
}
