/**
 * The laws of a CRM plugin, run side by side, each with a sandbox of its own. A law that does not end is cut off, and
 * after a few of those the rest is not tried: a plugin that hangs must not cost the author minutes.
 */
import { type CrmConnect, crmLaws, runCrmLaw, unsupportedLaw } from "@casewire/contract-kit/CrmLaws"
import type { CrmCapability, CrmLaw } from "@casewire/contract-kit/CrmLaw"
import { LawBroken } from "@casewire/contract-kit/CrmProperty"
import { shown, type Steps } from "@casewire/contract-kit/CrmTrace"
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import { Cause, Clock, Effect, Exit, Fiber, Option, Schema } from "effect"
import type { SkippedLaw } from "./PluginFolder.ts"

export const Verdict = Schema.Struct({
  law: Schema.String,
  why: Schema.String,
  status: Schema.Literals(["held", "broken", "hung"]),
  ms: Schema.Number,
  message: Schema.String,
  /** The smallest input that breaks the law, where it was generated; else what the last step was given. */
  input: Schema.String,
  /** What the law did, the last steps of it. */
  steps: Schema.Array(Schema.String)
})
export interface Verdict extends Schema.Schema.Type<typeof Verdict> {}

export interface Plan {
  readonly laws: ReadonlyArray<CrmLaw>
  readonly skipped: ReadonlyArray<SkippedLaw>
  /** Capabilities that the manifest declares missing, with how many laws speak of them. */
  readonly missing: ReadonlyArray<{ readonly capability: string; readonly reason: string; readonly laws: number }>
}

/** Which laws are asked of this plugin, and which are not and why. */
export const planOf = (
  manifest: CrmPlugin["manifest"],
  skip: ReadonlyArray<SkippedLaw>,
  matching: string | undefined
): Plan => {
  const missing = Object.entries(manifest.capabilities).flatMap(([name, reason]) =>
    reason === null ? [] : [{ capability: name as CrmCapability, reason }]
  )
  const isMissing = (law: CrmLaw) => missing.some(({ capability }) => capability === law.capability)
  const isSkipped = (law: CrmLaw) => skip.some((each) => each.law === law.title)
  const declared = missing.flatMap(({ capability }) => unsupportedLaw(capability) ?? [])
  const wanted = matching?.toLowerCase() ?? ""
  return {
    laws: [...crmLaws.filter((law) => !isMissing(law) && !isSkipped(law)), ...declared].filter(({ title }) =>
      title.toLowerCase().includes(wanted)
    ),
    skipped: skip,
    missing: missing.map(({ capability, reason }) => ({
      capability,
      reason,
      laws: crmLaws.filter((law) => law.capability === capability).length
    }))
  }
}

export interface SuiteOptions {
  readonly plugin: CrmPlugin
  readonly connect: CrmConnect
  readonly laws: ReadonlyArray<CrmLaw>
  readonly began: (law: string) => void
  readonly ended: (verdict: Verdict) => void
  /** For one law. */
  readonly limitMs: number
}

const sideBySide = 6
const hungAtMost = 3

export const runSuite = ({ began, connect, ended, laws, limitMs, plugin }: SuiteOptions): Effect.Effect<void> => {
  let hung = 0
  return Effect.forEach(
    laws,
    (law) =>
      Effect.suspend(() => {
        if (hung >= hungAtMost) return Effect.void
        began(law.title)
        return Effect.map(judge(law, plugin, connect, limitMs), (verdict) => {
          if (verdict.status === "hung") hung++
          ended(verdict)
        })
      }),
    { concurrency: sideBySide, discard: true }
  )
}

const judge = Effect.fnUntraced(function* (law: CrmLaw, plugin: CrmPlugin, connect: CrmConnect, limitMs: number) {
  const steps: Steps = []
  const beganAt = yield* Clock.currentTimeMillis
  // Not waited for when its time is over: a plugin may refuse to be interrupted.
  const fiber = yield* Effect.forkDetach(Effect.exit(runCrmLaw(law, plugin, connect, steps)))
  const exit = yield* Effect.timeoutOption(Fiber.join(fiber), limitMs)
  const ms = (yield* Clock.currentTimeMillis) - beganAt
  const verdict = { law: law.title, why: law.why, ms, message: "", input: "", steps: [] }
  if (Option.isNone(exit))
    return { ...verdict, status: "hung", message: `it did not end within ${limitMs / 1000} s`, ...last(steps) } as const
  if (Exit.isSuccess(exit.value)) return { ...verdict, status: "held" } as const
  const failed = Cause.squash(exit.value.cause)
  return { ...verdict, status: "broken", message: explain(failed), ...last(steps, failed) } as const
})

const shownSteps = 8

const last = (steps: Steps, failed?: unknown) => ({
  steps: steps.slice(-shownSteps),
  input:
    failed instanceof LawBroken ? shown(failed.input) : (steps.findLast((step) => !step.startsWith("sandbox: ")) ?? "")
})

/** The message, with both sides where two values were compared. */
const explain = (failed: unknown): string => {
  const root = failed instanceof LawBroken ? failed.cause : failed
  const message = root instanceof Error ? root.message : String(root)
  if (typeof root !== "object" || root === null || !("actual" in root) || !("expected" in root)) return message
  if (root.expected === undefined) return message
  return `${message.split("\n", 1)[0]}\nexpected ${shown(root.expected)}\nfound    ${shown(root.actual)}`
}
