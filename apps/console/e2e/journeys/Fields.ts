/** Linking a case type and mapping its fields: proposals are not links, faults are named, and no save overwrites another. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"

export const fields: Journey = {
  title: "linking a case type and mapping its fields",
  run: async (world) => {
    const { check, expectRefusals, host, page, scan, scanAll } = world
    await signIn(world)
    await page.getByRole("link", { name: "Connections" }).click()
    await page.getByRole("heading", { level: 1, name: "Connections" }).waitFor()
    await page.getByRole("row").nth(1).waitFor()
    await scanAll("/connections")
    await page.getByRole("link", { name: "Harbor Law (sandbox)" }).click()
    await page.getByRole("link", { name: "Case types and fields" }).click()
    await page.getByText("Not linked").first().waitFor()
    await scanAll("/connections/:id/mappings")
    const links = async () => (await host.api("GET", "/connections")).body.connections[0].caseTypeLinks
    await check("a proposal links nothing by itself", (await links()).length === 0)
    await page.getByLabel("Case type in Casewire for Harbor MVA").fill("Auto accident")
    await page.getByRole("button", { name: "Link Harbor MVA" }).click()
    await page.getByText("Linked to Auto accident").waitFor()
    await check("the host holds the link", (await links())[0].platformCaseType === "Auto accident")
    await page.getByRole("button", { name: "Unlink Harbor MVA" }).click()
    await page.getByRole("dialog").waitFor()
    await scan("/connections/:id/mappings", "unlinking")
    await page.keyboard.press("Escape")

    await page.getByRole("link", { name: /Map fields.*Harbor MVA/ }).click()
    await page.getByText("No field is mapped yet").waitFor()
    await scan("/connections/:id/mappings/:caseType", "empty")
    const add = async (ours: string, theirs: string, kind: string) => {
      await page.getByRole("button", { name: "Add a field" }).click()
      await page.getByLabel("Field in Casewire").last().fill(ours)
      await page.getByLabel("Key in Law Ruler").last().fill(theirs)
      await page.getByLabel("Kind of value").last().selectOption({ label: kind })
    }
    await add("injury_date", "Custom4124", "Date, month first")
    await add("provider", "Custom4124", "Text")
    expectRefusals(422)
    await page.getByRole("button", { name: "Save as the next version" }).click()
    await page.getByText("Row 2:").first().waitFor()
    await scanAll("/connections/:id/mappings/:caseType", "refused")
    await page.getByLabel("Key in Law Ruler").last().fill("Custom4131")
    await page.getByRole("button", { name: "Save as the next version" }).click()
    await page.getByText("Version 1", { exact: true }).waitFor()
    await scanAll("/connections/:id/mappings/:caseType")
    const mapping = async () => (await host.api("GET", "/connections")).body.connections[0].id
    const id = await mapping()
    const { body } = await host.api("GET", `/connections/${id}/mappings/222`)
    await check("the host holds both fields", body.mapping.entries.length === 2)
    await check("a date keeps the CRM's way of writing", body.mapping.entries[0].transform.crm === "MM/DD/YYYY")

    await host.api("PUT", `/connections/${id}/mappings/222`, { entries: [], basedOn: 1 })
    await page.getByLabel("Field in Casewire").last().fill("treating_provider")
    await page.getByRole("button", { name: "Save as the next version" }).click()
    await page.getByText("Somebody else saved this mapping meanwhile").waitFor()
    await scan("/connections/:id/mappings/:caseType", "saved by somebody else")
  }
}
