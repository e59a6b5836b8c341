/** A firm connects its CRM alone: a mistyped value, the checks, the webhook that listens, the switches in their order. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"
import { until } from "../Visit.ts"

export const setUp: Journey = {
  title: "connecting the CRM and turning the switches on",
  options: ["--empty"],
  run: async (world) => {
    const { check, checkSoon, host, page, scan, scanAll } = world
    await signIn(world)
    await page.getByText("No CRM is connected yet").waitFor()
    await scanAll("/", "empty")
    await page.getByRole("link", { name: "Connections" }).first().click()
    await page.getByRole("heading", { level: 1, name: "Connections" }).waitFor()
    await scan("/connections", "empty")
    await page.getByRole("link", { name: "New connection" }).click()
    await page.getByRole("heading", { level: 1, name: "New connection" }).waitFor()
    await checkSoon("a page's heading gets the focus", () => page.locator("h1:focus").isVisible())
    await scanAll("/connections/new")

    await page.getByRole("button", { name: "Connect and test" }).click()
    await page.getByText("entries need your attention").waitFor()
    await checkSoon("the first field at fault has the focus", () =>
      page.locator('input[name="username"]:focus').isVisible()
    )
    await scan("/connections/new", "missing values")

    await page.getByRole("button", { name: "Fill in the sandbox's account" }).click()
    await page.getByLabel("Client Root", { exact: true }).fill("https://harbor.lawruler.com/")
    await page.getByRole("button", { name: "Use “harbor”" }).waitFor()
    await scan("/connections/new", "pasted address")
    await page.getByRole("button", { name: "Use “harbor”" }).click()
    await page.getByLabel("Password", { exact: true }).fill("not-this-one")
    await page.getByRole("button", { name: "Connect and test" }).click()
    await page.getByText("The test stopped at the check above").waitFor()
    await checkSoon("a refused password is shown at its field", () =>
      page.locator('input[name="password"]:focus').isVisible()
    )
    await scanAll("/connections/new", "refused sign-in")

    const password = await sandboxPassword(world.host)
    await page.getByLabel("Password", { exact: true }).fill(password)
    await page.getByRole("button", { name: "Save and test again" }).click()
    await page.getByRole("button", { name: "Go on with the set-up" }).waitFor()
    await scan("/connections/new", "connected")
    await page.getByRole("button", { name: "Go on with the set-up" }).click()
    await page.getByRole("heading", { level: 1, name: "Set-up" }).waitFor()
    await page.getByText("Waiting for the first delivery").waitFor()
    await scanAll("/connections/:id/setup")

    await page.getByRole("button", { name: "Make the webhook address" }).click()
    await page.getByText("Copy it now").waitFor()
    const address = await page.getByLabel("Webhook address", { exact: true }).inputValue()
    await page.getByRole("button", { name: /^Cop(y|ied) Webhook address/ }).click()
    await check("the address is on the clipboard", (await page.evaluate("navigator.clipboard.readText()")) === address)
    await scan("/connections/:id/setup", "address made")
    await host.crm("POST", "/webhooks", { name: "Casewire", url: address, caseTypes: "all", statuses: "all" })
    await sendByHand(host)
    await page.getByText("Not stored").first().waitFor()
    await scan("/connections/:id/setup", "first delivery")

    await page.getByRole("link", { name: "Configuration" }).click()
    await page.getByRole("heading", { level: 1, name: "Configuration" }).waitFor()
    await scanAll("/connections/:id/configuration")
    await page.getByRole("switch", { name: "Status sync" }).press("Space")
    await page.getByRole("dialog").waitFor()
    await page.getByText("“Integration on” is off.").waitFor()
    await scanAll("/connections/:id/configuration", "what is missing")
    await page.keyboard.press("Escape")
    await checkSoon("the focus comes back to the switch", () =>
      page.locator('[aria-labelledby="switch-syncStatuses"]:focus').isVisible()
    )
    for (const name of ["Integration on", /^Receive from/, /^Send to/, "Messages", "Status sync"])
      await page.getByRole("switch", { name }).click()
    await until("the switches on the host", async () => {
      const { body } = await host.api("GET", "/connections")
      const { enabled, receive, send, sendMessages, syncStatuses } = body.connections[0].toggles
      return enabled && receive && send && sendMessages && syncStatuses
    })
    await until("the lead whose delivery was not stored", async () => {
      const { body } = await host.api("GET", "/cases")
      return body.cases.length > 0
    })
    await page.getByRole("switch", { name: "Integration on" }).click()
    await page.getByRole("button", { name: "Turn it off" }).waitFor()
    await scan("/connections/:id/configuration", "turning all off")
    await page.getByRole("button", { name: "Turn it off" }).click()
    await page.getByRole("button", { name: "Undo" }).click()
    await until("the switch that was undone", async () => {
      const { body } = await host.api("GET", "/connections")
      return body.connections[0].toggles.enabled
    })
  }
}

const sandboxPassword = async ({ api }: Parameters<Journey["run"]>[0]["host"]): Promise<string> =>
  (await api("GET", "/session")).body.rehearsal.values.password

/** What staff does by "Send via Webhook". */
const sendByHand = async ({ crm }: Parameters<Journey["run"]>[0]["host"]) => {
  const { body } = await crm("GET", "/state")
  await crm("POST", `/leads/${body.leads[0].leadId}/send-via-webhook`, {})
}
