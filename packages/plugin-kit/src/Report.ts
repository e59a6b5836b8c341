/** What the laws said, for people: failures with their explanation, the smallest input and what led there; then counts. */
import { anchorOf } from "@casewire/contract-kit/LawPage"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import type { Verdict } from "./Suite.ts"
import type { SuiteReport } from "./SuiteProcess.ts"

export const isSound = ({ notRun, verdicts }: SuiteReport): boolean =>
  verdicts.length > 0 && notRun.length === 0 && verdicts.every(({ status }) => status === "held")

/** Where a law is explained: the page that comes with the contract kit, seen from the present folder. */
export const linkOf = (law: string): string => {
  const page = fileURLToPath(import.meta.resolve("@casewire/contract-kit/LAWS.md"))
  const near = relative(process.cwd(), page)
  return `${near.startsWith("..") ? page : near}#${anchorOf(law)}`
}

export const asText = (report: SuiteReport): string => {
  const { missing, ms, notRun, plugin, skipped, stopped, verdicts } = report
  const bad = verdicts.filter(({ status }) => status !== "held")
  return [
    `${plugin.name} ${plugin.version} (${plugin.id})`,
    "",
    ...bad.flatMap(asFailure),
    ...skipped.map(({ law, reason }) => `skipped  ${law}\n         because: ${reason}`),
    ...missing.map(({ capability, laws, reason }) => `not asked  ${laws} laws of ${capability}: ${reason}`),
    ...(missing.length + skipped.length === 0 ? [] : [""]),
    ...(stopped === null ? [] : [`The run ended early: ${stopped}.`]),
    ...(notRun.length === 0 ? [] : [`${notRun.length} laws were not tried.`]),
    verdicts.length === 0
      ? "No law was tried."
      : `${verdicts.length - bad.length} of ${verdicts.length} laws hold, in ${(ms / 1000).toFixed(1)} s.`
  ].join("\n")
}

const asFailure = ({ input, law, message, status, steps, why }: Verdict): ReadonlyArray<string> => [
  `${status}  ${law}`,
  ...[
    ...(why === "" ? [] : [why]),
    ...message.split("\n"),
    ...(input === "" ? [] : [`smallest input: ${input}`]),
    ...(steps.length === 0 ? [] : ["what happened:", ...steps.map((step) => `  ${step}`)]),
    `explained in: ${linkOf(law)}`
  ].map((line) => `        ${line}`),
  ""
]

export const asJson = (report: SuiteReport): string =>
  JSON.stringify(
    {
      ok: isSound(report),
      data: {
        ...report,
        verdicts: report.verdicts.map((verdict) => ({ ...verdict, link: linkOf(verdict.law) }))
      }
    },
    undefined,
    2
  )
