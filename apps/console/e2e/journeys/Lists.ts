/** Lists with their numbers and rules, the settings, the help, and the way between pages on a narrow screen by keyboard. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"
import { until } from "../Visit.ts"

export const lists: Journey = {
  title: "lists, settings and help",
  run: async (world) => {
    const { check, checkSoon, host, page, scan, scanAll } = world
    await signIn(world)
    await page.getByRole("link", { name: "Lists" }).click()
    await page.getByText("There is no list yet").waitFor()
    await scan("/lists", "empty")
    await page.getByRole("button", { name: "Make the list" }).click()
    await page.getByText("Enter a name.").waitFor()
    await page.getByLabel("Name", { exact: true }).fill("Spring intake")
    await page.keyboard.press("Enter")
    await page.getByText("Spring intake is made. Its list_id is 1.").first().waitFor()
    await page.getByRole("link", { name: "Spring intake" }).waitFor()
    await scanAll("/lists")
    await page.getByRole("link", { name: "Spring intake" }).click()
    await page.getByRole("heading", { level: 1, name: "Spring intake" }).waitFor()
    await page.getByRole("switch", { name: "Add cases by this rule" }).press("Space")
    await page.getByRole("button", { name: "Save the rule" }).click()
    await page.getByText("The rule is saved.").first().waitFor()

    const { body: portal } = await host.crm("GET", "/state")
    await host.crm("POST", `/leads/${portal.leads[0].leadId}/send-via-webhook`, {})
    await page.getByRole("button", { name: /^Take out/ }).waitFor()
    await scanAll("/lists/:id")
    await page.getByRole("button", { name: /^Take out/ }).click()
    await page.getByRole("button", { name: /^Lift/ }).waitFor()
    await scan("/lists/:id", "one taken out")
    const { body } = await host.api("GET", "/lists")
    const members = await host.api("GET", `/lists/${body.lists[0].id}/members?isMember=false`)
    await check("a person's removal is kept", members.body.members[0].heldOffBy === "person")

    await page.getByRole("link", { name: "Settings" }).click()
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor()
    await page.getByLabel(/^Calls allowed for/).waitFor()
    await scanAll("/settings")
    await page.getByLabel("Theme", { exact: true }).selectOption({ label: "Dark" })
    await page.reload()
    await page.getByLabel("Theme", { exact: true }).waitFor()
    await check(
      "a chosen theme outlives the page",
      (await page.evaluate("document.documentElement.dataset.theme")) === "dark"
    )
    await page.getByLabel("Theme", { exact: true }).selectOption({ label: "As the system" })
    await page.getByLabel(/^Calls allowed for/).fill("many")
    await page.getByRole("button", { name: "Save" }).click()
    await page.getByText("Enter a whole number").waitFor()
    await scan("/settings", "refused limit")
    await page.getByLabel(/^Calls allowed for/).fill("300")
    await page.getByRole("button", { name: "Save" }).click()
    await until("the limit on the host", async () => {
      const { body: after } = await host.api("GET", "/connections")
      return after.connections[0].callLimit === 300
    })

    await page.getByRole("link", { name: "Help" }).click()
    await page.getByRole("heading", { level: 1, name: "Help" }).waitFor()
    await page.getByRole("heading", { name: /^Connection/ }).waitFor()
    await until("every finding", async () => (await page.getByText("Loading").count()) === 0)
    await scanAll("/help")

    await page.setViewportSize({ width: 320, height: 640 })
    await page.getByRole("button", { name: "Open navigation" }).press("Enter")
    await page.getByRole("dialog").waitFor()
    await checkSoon("the dialog has the focus", () => page.getByRole("dialog").locator(":focus").isVisible())
    await scan("navigation", "open on a narrow screen")
    await page.getByRole("dialog").getByRole("link", { name: "Overview" }).press("Enter")
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
    await page.getByRole("dialog").waitFor({ state: "detached" })
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Tab")
    await scan("/", "after the navigation")
    await page.setViewportSize({ width: 1280, height: 900 })
  }
}
