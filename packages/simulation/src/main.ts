/**
 * `npm run simulate -- --seeds N` runs the regression seeds and then N seeds from `--from` (1) on; `--seed S` shows one
 * run's timeline and verdict; `--twice K` runs K seeds twice and compares the hashes of their traces.
 *
 * Exit codes: 0 nothing found, 1 a violation, a difference, or something that never happened, 64 wrong usage.
 */
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { Batch, batchOf, runAside } from "./Batch.ts"
import { reportOf } from "./Report.ts"
import { run } from "./Run.ts"

const linesShown = 200
/** Seeds that a thread does before it tells. */
const partSize = 25

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const replayOf = (seed: number): string => `npm run simulate -- --seed ${seed}`

const regressionSeeds = (): ReadonlyArray<number> =>
  JSON.parse(readFileSync(new URL("../regression-seeds.json", import.meta.url), "utf8")).map(
    (entry: { readonly seed: number }) => entry.seed
  )

const showSeed = (seed: number): number => {
  const verdict = run(seed)
  print(verdict.lines.slice(-linesShown).join("\n"))
  print("")
  print(`seed        ${seed}`)
  print(`faults on   ${verdict.faultsOn.join("; ") || "none"}`)
  print(
    `simulated   ${(verdict.simulatedMs / 3_600_000).toFixed(1)} h in ${verdict.steps} steps, trace ${verdict.hash()}`
  )
  print(`verdict     ${verdict.violation?.message ?? "no violation"}`)
  return verdict.violation === undefined ? 0 : 1
}

const runTwice = (count: number): number => {
  const differing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (seed) => run(seed).hash() !== run(seed).hash()
  )
  print(`${count - differing.length} of ${count} seeds left the same trace twice`)
  for (const seed of differing) print(`differs: ${replayOf(seed)}`)
  return differing.length === 0 ? 0 : 1
}

const runMany = async (from: number, count: number): Promise<number> => {
  const total = new Batch()
  const begun = performance.now()
  const regression = regressionSeeds()
  total.add(batchOf(regression))
  print(`${regression.length} regression seeds: ${total.violations.length === 0 ? "no violation" : "VIOLATIONS"}`)
  const threads = Math.max(1, Math.min(availableParallelism(), Math.floor(count / partSize)))
  const parts = Array.from({ length: Math.ceil(count / partSize) }, (_, part) =>
    Array.from({ length: Math.min(partSize, count - part * partSize) }, (__, index) => from + part * partSize + index)
  )
  let told = begun
  const running = Array.from({ length: threads }, (_, thread) =>
    runAside(
      parts.filter((__, part) => part % threads === thread),
      (batch) => {
        total.add(batch)
        if (total.violations.length > 0) for (const { stop } of running) stop()
        const now = performance.now()
        if (now - told < 5000) return
        told = now
        const done = total.runs - regression.length
        print(`${done} of ${count} seeds, ${((done * 1000) / (now - begun)).toFixed(1)} a second`)
      }
    )
  )
  if (total.violations.length === 0) await Promise.all(running.map(({ ended }) => ended))
  else for (const { stop } of running) stop()
  const { isGood, lines, verdict } = reportOf(total, replayOf)
  print(lines.join("\n"))
  const seconds = (performance.now() - begun) / 1000
  print(
    `\n${total.runs} runs, ${(total.simulatedMs / 86_400_000).toFixed(0)} simulated days, ${seconds.toFixed(1)} s, ${(total.runs / seconds).toFixed(1)} seeds a second`
  )
  print(verdict)
  return isGood ? 0 : 1
}

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      twice: { type: "string" }
    }
  })
  const numberOf = (text: string | undefined): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0) throw new Error(`"${text}" is not a number of seeds`)
    return value
  }
  if (values.seed !== undefined) return showSeed(numberOf(values.seed))
  if (values.twice !== undefined) return runTwice(numberOf(values.twice))
  return await runMany(numberOf(values.from), numberOf(values.seeds ?? "300"))
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 64
}
