/** How a unit of work is shown everywhere: its kind, its way, its state. */
import { ArrowDownLeft, ArrowUpRight, RefreshCw } from "lucide-react"
import type { JobView } from "@casewire/api/Jobs"
import { workCopy as copy } from "../copy/WorkCopy.ts"
import { StateWord, type Tone } from "../ui/Notice.tsx"

const outbound = new Set<string>(["add-note", "push-status", "push-fields", "push-document"])
const inbound = new Set<string>([
  "apply-receipt",
  "read-case",
  "pull",
  "pull-notes",
  "pull-documents",
  "import-history"
])

type Way = keyof typeof copy.directions
const wayOf = (work: string): Way => (outbound.has(work) ? "out" : inbound.has(work) ? "in" : "inside")

const arrows = { in: ArrowDownLeft, out: ArrowUpRight, inside: RefreshCw } as const

export const WayWord = ({ work }: { readonly work: string }) => {
  const way = wayOf(work)
  const Arrow = arrows[way]
  return (
    <span className="inline-flex items-center gap-1.5 text-sm">
      <Arrow aria-hidden="true" size={16} className="shrink-0 text-muted" />
      {copy.directions[way]}
    </span>
  )
}

const tones: Readonly<Record<JobView["state"], Tone | "off">> = {
  queued: "info",
  held: "warn",
  sending: "info",
  done: "ok",
  retry: "warn",
  uncertain: "error",
  dead: "error",
  skipped: "off"
}
export const JobState = ({ state }: { readonly state: JobView["state"] }) => (
  <StateWord tone={tones[state]}>{copy.states[state]}</StateWord>
)

/** What may be done about a job in this state. */
export const verbsFor: Readonly<Record<JobView["state"], ReadonlyArray<keyof typeof copy.verbs>>> = {
  queued: ["hold", "skip"],
  held: ["release", "skip"],
  sending: [],
  done: [],
  retry: ["hold", "skip"],
  uncertain: ["confirm", "replay", "skip"],
  dead: ["replay", "skip"],
  skipped: ["replay"]
}
