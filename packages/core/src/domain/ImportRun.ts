/**
 * The life of an import as pure decisions: what a person may ask of it in which state, when it stops to be looked at,
 * and how its progress counts. An import that was counted must be started within a day.
 */
import type { Run, RunRow } from "./Run.ts"

export type RunVerb = "start" | "pause" | "resume" | "cancel"

export const planLifeMs = 86_400_000

export type VerbVerdict =
  /** `works`: a job is needed that goes on with it. */
  | { readonly _tag: "Next"; readonly run: Run; readonly works: boolean }
  | { readonly _tag: "Refused"; readonly reason: "wrong-state" | "expired" | "no-import" }

const from = {
  start: ["planned"],
  pause: ["running"],
  resume: ["paused"],
  cancel: ["planned", "running", "paused"]
} as const satisfies Record<RunVerb, ReadonlyArray<Run["state"]>>

/** `first`: so many records are imported and shown before the rest is confirmed by `resume`. */
export const afterVerb = (run: Run, verb: RunVerb, now: number, first?: number): VerbVerdict => {
  if (run.kind !== "history-import" && run.kind !== "case-import") return { _tag: "Refused", reason: "no-import" }
  if (!(from[verb] as ReadonlyArray<Run["state"]>).includes(run.state))
    return { _tag: "Refused", reason: "wrong-state" }
  const common = { ...run, updatedAt: now, expiresAt: null, reason: null }
  switch (verb) {
    case "start":
      if (run.expiresAt !== null && run.expiresAt <= now) return { _tag: "Refused", reason: "expired" }
      return {
        _tag: "Next",
        works: true,
        run: {
          ...common,
          state: "running",
          scope: { ...run.scope, ...(first === undefined ? {} : { first: String(first) }) }
        }
      }
    case "pause":
      return { _tag: "Next", works: false, run: { ...common, state: "paused", reason: "by-hand" } }
    case "resume": {
      const { first: _shown, ...scope } = run.scope
      return { _tag: "Next", works: true, run: { ...common, state: "running", scope } }
    }
    case "cancel":
      return { _tag: "Next", works: false, run: { ...common, state: "cancelled" } }
  }
}

/** How many rows have their outcome. */
export const handled = ({ done, failed, skipped }: Run): number => done + failed + skipped

export const counted = (run: Run, state: Exclude<RunRow["state"], "waiting">, now: number): Run => ({
  ...run,
  [state]: run[state] + 1,
  updatedAt: now
})

/** How many more records may be imported before it ends or stops to be looked at. */
export const room = (run: Run): number => {
  const limit = (name: string) => (run.scope[name] === undefined ? Infinity : Number(run.scope[name]))
  return Math.min(limit("first"), limit("maximum")) - handled(run)
}

/** The run after a step: at its end, stopped so that a person looks at the first records, or as it was. */
export const afterStep = (run: Run, isLast: boolean, now: number): Run => {
  if (run.state !== "running") return run
  const atMaximum = run.scope["maximum"] !== undefined && handled(run) >= Number(run.scope["maximum"])
  if (isLast || atMaximum) return { ...run, state: "done", total: handled(run), reason: null, updatedAt: now }
  return room(run) <= 0 ? { ...run, state: "paused", reason: "first-shown", updatedAt: now } : run
}
