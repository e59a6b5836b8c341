import { describe, expect, it } from "vitest"
import { crmLaws } from "../src/CrmLaws.ts"
import { anchorOf, lawPage } from "../src/LawPage.ts"

const page = lawPage()
const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, title]) => title ?? "")

describe("the page of laws", () => {
  it("is what the laws say: with -u it is written anew", async () => {
    await expect(page).toMatchFileSnapshot("../LAWS.md")
  })

  it("explains each law once, under a heading of its own", () => {
    expect(headings).toEqual(crmLaws.map(({ title }) => title))
    expect(new Set(headings.map(anchorOf)).size).toBe(crmLaws.length)
  })

  it("says of each law more than its title", () => {
    for (const { title, why } of crmLaws) {
      expect(why.length, title).toBeGreaterThan(30)
      expect(why, title).not.toBe(title)
    }
  })

  it("has at least forty laws for every plugin, whatever its CRM can do", () => {
    expect(crmLaws.filter(({ capability }) => capability === undefined).length).toBeGreaterThanOrEqual(40)
  })
})
