/**
 * `npm run bench -- <name>`: measurements as ratios, each against a bare floor in the same interleaved run, because
 * absolute figures say more about the machine than about the program.
 */
import { ingest } from "./Ingest.ts"
import { reload } from "./Reload.ts"

const benches: Readonly<Record<string, (args: ReadonlyArray<string>) => Promise<boolean>>> = { ingest, reload }

const [name = "", ...args] = process.argv.slice(2).filter((word) => word !== "--")
const bench = benches[name]
if (bench === undefined) {
  console.error(`bench: say which one: ${Object.keys(benches).join(", ")}`)
  process.exit(64)
}
process.exitCode = (await bench(args)) ? 0 : 1
