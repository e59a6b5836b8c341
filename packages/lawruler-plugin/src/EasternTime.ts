/**
 * Law Ruler's clock: US Eastern wall-clock time, printed with an offset that is simply false. Every datetime that comes
 * from Law Ruler passes `easternInstant`, which drops the offset. A time that the clock shows twice is the earlier one;
 * a time that it skips reads as if the clock had not been put forward yet.
 */
import { DateTime, Option } from "effect"
import { wire } from "./WireProfile.ts"

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?$/i
const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AP])\.?M\.?)?)?$/i

/** Milliseconds since 1970 of a datetime as Law Ruler writes it, or none where it is no datetime. */
export const easternInstant = (text: string): Option.Option<number> => {
  const trimmed = text.trim()
  const plain = iso.exec(trimmed)
  if (plain !== null) return instantOf(plain.slice(1, 7).map((part: string | undefined) => Number(part ?? 0)))
  const usual = american.exec(trimmed)
  if (usual === null) return Option.none()
  const [month, day, year, hour, minute, second] = usual
    .slice(1, 7)
    .map((part: string | undefined) => Number(part ?? 0))
  const half = usual[7]?.toUpperCase()
  if (half !== undefined && (hour! < 1 || hour! > 12)) return Option.none()
  return instantOf([
    year!,
    month!,
    day!,
    half === undefined ? hour! : (hour! % 12) + (half === "P" ? 12 : 0),
    minute!,
    second!
  ])
}

const instantOf = ([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: ReadonlyArray<number>) => {
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const same = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day && utc.getUTCHours() === hour
  if (!same || minute > 59 || second > 59) return Option.none<number>()
  return Option.map(
    DateTime.makeZoned(utc.getTime(), {
      timeZone: wire.timeZone,
      adjustForTimeZone: true,
      disambiguation: "compatible"
    }),
    DateTime.toEpochMillis
  )
}

/** `2026-09-14T10:22:00`: what Law Ruler's clock shows at an instant, as its filters take it. */
export const easternWall = (instant: number): string =>
  DateTime.formatIsoZoned(DateTime.makeZonedUnsafe(instant, { timeZone: wire.timeZone })).slice(0, 19)

/** The lowest time the clock shows from an instant on: an hour earlier where the clock is about to be put back. */
export const lowestWall = (instant: number): string => {
  const now = easternWall(instant)
  const nextHour = easternWall(Math.ceil((instant + 1) / 3_600_000) * 3_600_000)
  return nextHour < now ? nextHour : now
}

/** The highest time the clock showed up to an instant: the end of the hour where the clock was just put back. */
export const highestWall = (instant: number): string => {
  const now = easternWall(instant)
  return easternWall(instant - 3_600_000) === now ? `${now.slice(0, 14)}59:59` : now
}
