/** A moment as people say it, with the exact one beside it for whoever points at it. */
import { useEffect, useState } from "react"
import { uiCopy } from "../copy/UiCopy.ts"

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" })
const units = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY]
] as const

const relativeTime = (at: number, now: number): string => {
  let amount = (at - now) / 1000
  if (Math.abs(amount) < 5) return uiCopy.justNow
  for (const [unit, size] of units) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit)
    amount /= size
  }
  return absolute.format(at)
}
export const absoluteTime = (at: number): string => absolute.format(at)

/** What happened after this page last looked at its clock happened just now, and does not lie ahead. */
const isUpToDate = (at: number, now: number): boolean => at > now && at - now < 15_000

/** Moves on by itself every ten seconds, which is as exact as the words are. */
const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

export const When = ({ at, never = uiCopy.never }: { readonly at: number | null; readonly never?: string }) => {
  const now = useNow()
  return at === null ? (
    <span>{never}</span>
  ) : (
    <time dateTime={new Date(at).toISOString()} title={absolute.format(at)}>
      {relativeTime(at, isUpToDate(at, now) ? at : now)}
    </time>
  )
}
