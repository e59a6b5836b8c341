/** Texts that want to be more than text, through every door a stranger has: a webhook, a lead's name, a message, a list. */
import { hostileTexts } from "../HostileText.ts"
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"
import { until } from "../Visit.ts"

export const hostile: Journey = {
  title: "texts that want to be more than text",
  run: async (world) => {
    const { check, host, page, scan } = world
    const { body: known } = await host.api("GET", "/connections")
    const { id } = known.connections[0]
    const { body: portal } = await host.crm("GET", "/state")
    await host.crm("POST", `/leads/${portal.leads[0].leadId}/send-via-webhook`, {})
    const real = await until("a lead that the CRM knows", async () => {
      const path = `/cases?connectionId=${id}&externalId=${portal.leads[0].leadId}`
      return (await host.api("GET", path)).body.cases[0]
    })
    const { body: issued } = await host.api("POST", `/connections/${id}/webhook-token`, {})
    let lead = 500_000
    let taken = 0
    for (const text of hostileTexts) {
      lead += 1
      const record = {
        "Lead ID": String(lead),
        "Case Type ID": "222",
        "Case Type": text,
        "Status ID": "1",
        Status: text,
        "Full Name": text,
        "Created Date": "01/01/2026",
        "Primary Contact ID": String(lead),
        "First Name": text,
        "Last Name": text,
        [text.slice(0, 100)]: text
      }
      const answer = await fetch(issued.url, { method: "POST", body: new URLSearchParams(record) })
      // What is no text at all is refused; everything else is a lead.
      if (answer.status === 200) taken += 1
      else await check(`a webhook is refused as one: ${answer.status}`, answer.status < 500)
    }
    await check("nearly every text is taken as a lead's", taken > 110)
    const cases = await until(
      "a lead for every text",
      async () => {
        const { body } = await host.api("GET", "/cases?limit=200")
        return body.cases.length >= taken && body.cases
      },
      30_000
    )
    for (const [index, text] of hostileTexts.entries())
      await host.api("POST", "/events", {
        type: "message_sent",
        eventId: `hostile-${index}`,
        caseId: real.id,
        channel: "email",
        direction: "inbound",
        subject: text.slice(0, 500),
        text,
        sentAt: Date.now()
      })
    for (const text of hostileTexts.slice(0, 30)) await host.api("POST", "/lists", { name: text.slice(0, 150) })

    await signIn(world)
    const look = async (route: string, path: string, heading: string | RegExp) => {
      await page.goto(host.url + path)
      await page.getByRole("heading", { level: 1, name: heading }).waitFor()
      await until("everything on the page", async () => (await page.getByText("Loading").count()) === 0)
      // What wants to run when it is touched or looked at.
      for (let step = 0; step < 5; step++) await page.keyboard.press("Tab")
      for (const width of [1280, 320]) {
        await page.setViewportSize({ width, height: 900 })
        const wider = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        await check(`${route} stays within ${width} px`, Number(wider) <= 0)
      }
      await page.setViewportSize({ width: 1280, height: 900 })
      await scan(route, "hostile texts")
      await check(
        `nothing runs on ${route}`,
        (await page.evaluate("document.documentElement.dataset.ran")) === undefined
      )
      await check(`${route} is still the console`, page.url().startsWith(host.url))
    }
    await look("/leads", "/leads", "Leads")
    await look("/leads", `/leads?q=${encodeURIComponent("<img src=x onerror=alert(1)>")}`, "Leads")
    await look("/leads/:id", `/leads/${real.id}`, "José O'Hara")
    await look("/events", "/events", "Activity")
    await look("/events", "/events?view=webhooks", "Activity")
    await look("/lists", "/lists", "Lists")
    const { body: received } = await host.api("GET", "/receipts?limit=200")
    // One of each kind of element, in its own page.
    for (const { id: receiptId } of received.receipts.slice(1).filter((_: unknown, index: number) => index % 20 === 0))
      await look("/events/received/:id", `/events/received/${receiptId}`, "Webhook")
    for (const { id: caseId } of cases.filter((_: unknown, index: number) => index % 30 === 0))
      await look("/leads/:id", `/leads/${caseId}`, /./s)
  }
}
