/** What many runs add up to: how often everything happened, and whether that is good enough. */
import type { Batch } from "./Batch.ts"
import { faultNames } from "./Faults.ts"
import { rowNames } from "./Rows.ts"

/** So many runs must have seen everything at least once. */
export const enoughRuns = 300

/** A violation fails, and so does a fault or a row that never came up in many runs: nothing is proven about it. */
export const reportOf = (
  total: Batch,
  replayOf: (seed: number) => string
): { readonly isGood: boolean; readonly lines: ReadonlyArray<string>; readonly verdict: string } => {
  const missing: Array<string> = []
  const lines: Array<string> = []
  for (const [title, names, counts] of [
    ["faults", faultNames, total.faults],
    ["rows of the merge table", rowNames, total.rows]
  ] as const) {
    lines.push("", title)
    for (const name of names) {
      const count = counts.get(name) ?? 0
      if (count === 0) missing.push(name)
      lines.push(`  ${name.padEnd(50)} ${String(count).padStart(9)}`)
    }
  }
  const [first] = total.violations.toSorted((a, b) => a.seed - b.seed)
  if (first !== undefined)
    return {
      isGood: false,
      lines,
      verdict: `VIOLATION in seed ${first.seed}: ${first.message}\nto replay: ${replayOf(first.seed)}`
    }
  if (total.runs >= enoughRuns && missing.length > 0)
    return { isGood: false, lines, verdict: `never happened, so nothing is proven about it: ${missing.join("; ")}` }
  return { isGood: true, lines, verdict: "no violation" }
}
