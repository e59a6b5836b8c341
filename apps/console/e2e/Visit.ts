/**
 * One browser window, watched: what the page says on its console, what it asks of other hosts, and what it is refused
 * are faults unless a journey said beforehand that it expects them. `scan` looks at a state with axe, takes its picture
 * and counts it.
 */
import { mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { Browser, BrowserContext, Page } from "playwright-core"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
export const pictures = join(import.meta.dirname, "../../../test-results/console")
mkdirSync(pictures, { recursive: true })

export interface Scan {
  readonly route: string
  readonly state: string
  readonly theme: string
  readonly width: number
}
type Theme = "light" | "dark"

export interface Visit {
  readonly page: Page
  readonly faults: Array<string>
  readonly scans: Array<Scan>
  /** From here on, answers of these statuses are part of the story. */
  readonly expectRefusals: (...statuses: ReadonlyArray<number>) => void
  /** `route`: the address with its parameters named. */
  readonly scan: (route: string, state?: string) => Promise<void>
  /** The state in both themes and both widths. */
  readonly scanAll: (route: string, state?: string) => Promise<void>
  readonly check: (what: string, holds: boolean | Promise<boolean>) => Promise<void>
  /** For what becomes so in a moment, such as where the focus goes. */
  readonly checkSoon: (what: string, ask: () => Promise<boolean>) => Promise<void>
  readonly close: () => Promise<void>
}

interface AxeResult {
  readonly violations: ReadonlyArray<{
    readonly id: string
    readonly help: string
    readonly nodes: ReadonlyArray<{ readonly target: ReadonlyArray<string>; readonly failureSummary: string }>
  }>
}

export const visit = async (browser: Browser, origin: string, isFull: boolean): Promise<Visit> => {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    colorScheme: "light",
    permissions: ["clipboard-read", "clipboard-write"]
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const faults: Array<string> = []
  const scans: Array<Scan> = []
  const expected = new Set<number>()
  let [theme, width]: [Theme, number] = ["light", 1280]

  page.on("console", (message) => {
    // What the network refused is judged below, with its status.
    if (message.type() !== "error" || message.text().startsWith("Failed to load resource")) return
    faults.push(`console: ${message.text()}`)
  })
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`))
  page.on("request", (request) => {
    const { origin: asked, protocol } = new URL(request.url())
    if (asked !== origin && protocol !== "data:" && protocol !== "blob:") faults.push(`request to ${asked}`)
  })
  page.on("response", (response) => {
    if (response.status() >= 400 && !expected.has(response.status()))
      faults.push(`${response.status()} for ${new URL(response.url()).pathname}`)
  })

  const appear = async (nextTheme: Theme, nextWidth: number) => {
    if (nextTheme !== theme) await page.emulateMedia({ colorScheme: nextTheme })
    if (nextWidth !== width) await page.setViewportSize({ width: nextWidth, height: 900 })
    if (nextTheme !== theme || nextWidth !== width) await page.waitForTimeout(120)
    theme = nextTheme
    width = nextWidth
  }

  const scan = async (route: string, state = "default") => {
    const found = (await page.evaluate(
      `${axe};axe.run(document,{runOnly:${JSON.stringify(tags)},resultTypes:["violations"]})`
    )) as AxeResult
    for (const { help, id, nodes } of found.violations)
      faults.push(`axe on ${route} (${state}, ${theme}, ${width}): ${id}: ${help}: ${nodes[0]?.target.join(" ")}`)
    const overflow = (await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) as number
    if (overflow > 0) faults.push(`${route} (${state}) is ${overflow} px wider than a window of ${width} px`)
    const name = `${route.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "overview"}.${state.replaceAll(" ", "-")}`
    await page.evaluate("window.scrollTo(0, 0)")
    await page.screenshot({ path: join(pictures, `${name}.${theme}.${width}.png`), fullPage: true })
    scans.push({ route, state, theme, width })
  }
  const scanAll = async (route: string, state = "default") => {
    for (const nextWidth of [1280, 320])
      for (const nextTheme of ["light", "dark"] as const) {
        await appear(nextTheme, nextWidth)
        await scan(route, state)
      }
    await appear("light", 1280)
  }

  return {
    page,
    faults,
    scans,
    expectRefusals: (...statuses) => {
      for (const status of statuses) expected.add(status)
    },
    scan: isFull ? scanAll : scan,
    scanAll,
    check: async (what, holds) => {
      if (!(await holds)) faults.push(`not so: ${what}`)
    },
    checkSoon: async (what, ask) => {
      await until(what, ask, 5000).catch(() => faults.push(`not so: ${what}`))
    },
    close: () => context.close()
  }
}

/** Asks again until it is so, for what the host does by itself; gives up loudly. */
export const until = async <T>(what: string, ask: () => Promise<T | undefined | false>, ms = 15_000): Promise<T> => {
  const deadline = Date.now() + ms
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
