/** A sentence that matters, with an icon and a word for its kind: never by colour alone. */
import { CircleCheck, CircleX, Info, TriangleAlert } from "lucide-react"
import type { ReactNode } from "react"
import { uiCopy } from "../copy/UiCopy.ts"

export type Tone = "info" | "ok" | "warn" | "error"

const icons = { info: Info, ok: CircleCheck, warn: TriangleAlert, error: CircleX } as const
const colours: Readonly<Record<Tone, string>> = {
  info: "border-primary bg-primary-soft",
  ok: "border-ok bg-ok-soft",
  warn: "border-warn bg-warn-soft",
  error: "border-error bg-error-soft"
}
const inks: Readonly<Record<Tone, string>> = {
  info: "text-primary",
  ok: "text-ok",
  warn: "text-warn",
  error: "text-error"
}

export const Notice = ({
  children,
  isAlert = false,
  title,
  tone
}: {
  readonly tone: Tone
  readonly title?: string
  /** For what went wrong just now: it is read at once. */
  readonly isAlert?: boolean
  readonly children?: ReactNode
}) => {
  const Icon = icons[tone]
  return (
    <div
      role={isAlert ? "alert" : undefined}
      className={`flex gap-3 rounded-md border-s-4 px-4 py-3 text-sm ${colours[tone]}`}
    >
      <Icon aria-hidden="true" size={18} className={`mt-0.5 shrink-0 ${inks[tone]}`} />
      <div className="min-w-0 grow space-y-1">
        <span className="sr-only">{uiCopy.tones[tone]}: </span>
        {title === undefined ? null : <p className="font-semibold">{title}</p>}
        {children}
      </div>
    </div>
  )
}

/** A state as a word with its icon. */
export const StateWord = ({ children, tone }: { readonly tone: Tone | "off"; readonly children: ReactNode }) => {
  const Icon = tone === "off" ? Info : icons[tone]
  return (
    <span
      className={`inline-flex items-center gap-1.5 text-sm font-medium ${tone === "off" ? "text-muted" : inks[tone]}`}
    >
      <Icon aria-hidden="true" size={16} className="shrink-0" />
      <span>{children}</span>
    </span>
  )
}
