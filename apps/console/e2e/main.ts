/**
 * The console in a real browser against the real host and its sandbox. Each journey begins with a fresh window; one that
 * fails is named, and the others still run. Ends with 0, with 1 when something is not as it should be, and with 3 when
 * there is no Chromium, in one sentence.
 *
 * `--full` looks at every state in both themes and both widths; without it only the default state of each page.
 */
import { findChromium, launch } from "./Chromium.ts"
import { startHost } from "./HostProcess.ts"
import type { Journey } from "./Journey.ts"
import { fields } from "./journeys/Fields.ts"
import { firstVisit } from "./journeys/FirstVisit.ts"
import { notes } from "./journeys/Notes.ts"
import { hostile } from "./journeys/Hostile.ts"
import { lists } from "./journeys/Lists.ts"
import { setUp } from "./journeys/SetUp.ts"
import { statuses } from "./journeys/Statuses.ts"
import { pictures, type Scan, visit } from "./Visit.ts"

const journeys: ReadonlyArray<Journey> = [firstVisit, setUp, fields, notes, statuses, lists, hostile]

const chromium = findChromium()
if (chromium === undefined) {
  console.log(
    "e2e: there is no Chromium on this machine; install one (apt-get install chromium) or set CASEWIRE_CHROMIUM"
  )
  process.exit(3)
}

const only = process.argv.slice(2).filter((word) => !word.startsWith("--"))
const isFull = process.argv.includes("--full")
const browser = await launch(chromium)
const scans: Array<Scan> = []
let failed = 0
for (const { options, run, title } of journeys) {
  if (only.length > 0 && !only.some((word) => title.includes(word))) continue
  const begun = performance.now()
  const host = await startHost(options)
  const seen = await visit(browser, host.url, isFull)
  let broken: string | undefined
  try {
    await run({ ...seen, host })
  } catch (error) {
    broken = error instanceof Error ? error.message : String(error)
    await seen.page.screenshot({ path: `${pictures}/failed.png`, fullPage: true }).catch(() => undefined)
  }
  await seen.close()
  await host.stop()
  scans.push(...seen.scans)
  const ok = broken === undefined && seen.faults.length === 0
  if (!ok) failed += 1
  console.log(
    JSON.stringify({ journey: title, ok, scans: seen.scans.length, ms: Math.round(performance.now() - begun) })
  )
  for (const fault of broken === undefined ? seen.faults : [...seen.faults, broken]) console.log(`  ${fault}`)
}
await browser.close()

const distinct = (of: (scan: Scan) => string) => new Set(scans.map(of)).size
console.log(
  JSON.stringify({
    e2e: failed === 0 ? "passed" : "failed",
    routes: distinct(({ route }) => route),
    states: distinct(({ route, state }) => `${route} ${state}`),
    scans: scans.length,
    screenshots: "test-results/console"
  })
)
process.exit(failed === 0 ? 0 : 1)
