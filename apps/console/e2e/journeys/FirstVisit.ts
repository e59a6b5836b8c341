/** Signing in by hand and by link, what a wrong token says, and that nothing of the session is in a script's reach. */
import type { Journey } from "../Journey.ts"
import { signIn } from "../Journey.ts"

export const firstVisit: Journey = {
  title: "signing in, and out again",
  run: async (world) => {
    const { check, checkSoon, expectRefusals, host, page, scan, scanAll } = world
    expectRefusals(401)
    await page.goto(`${host.url}/`)
    await page.getByRole("heading", { name: "Sign in" }).waitFor()
    await scanAll("/login")

    await page.getByRole("button", { name: "Sign in" }).click()
    await page.getByText("Enter the token.").waitFor()
    await checkSoon("the focus goes to the field at fault", () => page.locator("input:focus").isVisible())
    await scan("/login", "empty submit")

    await page.getByLabel("API token", { exact: true }).fill("wrong")
    await page.keyboard.press("Enter")
    await page.getByText("This token is not known").waitFor()
    await scan("/login", "wrong token")

    await page.goto(`${host.url}/login#token=outdated`)
    await page.getByText("That link does not work any more").waitFor()

    await signIn(world)
    await check("the token is gone from the address", !page.url().includes(host.token))
    const stored = await page.evaluate("JSON.stringify({...localStorage,...sessionStorage})+document.cookie")
    await check(
      "nothing of the session is in a script's reach",
      !String(stored).includes(host.token) && !String(stored).includes("casewire-session")
    )
    await page.getByText("Harbor Law (sandbox)").waitFor()

    await page.goto(`${host.url}/no/such/page`)
    await page.getByRole("heading", { name: "There is no such page" }).waitFor()
    await scan("/no/such/page", "not found")

    await page.getByRole("button", { name: /^Sign out/ }).click()
    await page.getByRole("heading", { name: "Sign in" }).waitFor()
    await page.goto(host.url)
    await page.getByRole("heading", { name: "Sign in" }).waitFor()
  }
}
