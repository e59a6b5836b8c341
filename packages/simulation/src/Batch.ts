/**
 * Runs seeds and adds up what they saw: here, or in a thread of its own, because runs have nothing in common and a
 * machine has several cores.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { run } from "./Run.ts"

export class Batch {
  runs = 0
  simulatedMs = 0
  violations: Array<{ readonly seed: number; readonly message: string }> = []
  faults = new Map<string, number>()
  rows = new Map<string, number>()

  add(other: Batch): void {
    this.runs += other.runs
    this.simulatedMs += other.simulatedMs
    this.violations.push(...other.violations)
    count(this.faults, other.faults)
    count(this.rows, other.rows)
  }
}

const count = (into: Map<string, number>, from: ReadonlyMap<string, number>): void => {
  for (const [name, number] of from) into.set(name, (into.get(name) ?? 0) + number)
}

/** Runs seeds one after the other; stops at the first violation. */
export const batchOf = (seeds: ReadonlyArray<number>): Batch => {
  const batch = new Batch()
  for (const seed of seeds) {
    const { faults, rows, simulatedMs, violation } = run(seed)
    batch.runs += 1
    batch.simulatedMs += simulatedMs
    count(batch.faults, faults)
    count(batch.rows, rows)
    if (violation === undefined) continue
    batch.violations.push({ seed, message: violation.message })
    break
  }
  return batch
}

/** The same in a thread of its own, which tells of every part as it is done. `stop` ends it early. */
export const runAside = (
  parts: ReadonlyArray<ReadonlyArray<number>>,
  done: (batch: Batch) => void
): { readonly ended: Promise<void>; readonly stop: () => void } => {
  const worker = new Worker(new URL(import.meta.url), { workerData: { parts } })
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("message", done)
    worker.on("error", reject)
    worker.on("exit", () => resolve())
  })
  return { ended, stop: () => void worker.terminate() }
}

if (!isMainThread && parentPort !== null) {
  const { parts } = workerData as { readonly parts: ReadonlyArray<ReadonlyArray<number>> }
  for (const seeds of parts) {
    const batch = batchOf(seeds)
    parentPort.postMessage(batch)
    if (batch.violations.length > 0) break
  }
}
