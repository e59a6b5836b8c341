/**
 * Law Ruler's clock. It stores US Eastern wall-clock times and, in the Advanced
 * API, prints them with an offset that is simply false (`+00:00`). Instants are
 * milliseconds inside the sandbox; only this module knows the wall clock.
 */

const wallClock = new Intl.DateTimeFormat("en-CA", {
  timeZone: "America/New_York",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23"
})

/** `2026-09-14T10:22:00`: the wall clock in New York at that instant. */
export const toWall = (instant: number): string => {
  const part = Object.fromEntries(wallClock.formatToParts(instant).map(({ type, value }) => [type, value]))
  return `${part["year"]}-${part["month"]}-${part["day"]}T${part["hour"]}:${part["minute"]}:${part["second"]}`
}

/** The Advanced API's datetime: Eastern digits under a UTC-looking offset. */
export const toFalseOffset = (instant: number): string => `${toWall(instant)}+00:00`

/** `09/14/2026 10:22 AM`, as webhooks print Created Date. */
export const toUsDateTime = (instant: number): string => {
  const wall = toWall(instant)
  const hour = Number(wall.slice(11, 13))
  const twelve = String(hour % 12 === 0 ? 12 : hour % 12).padStart(2, "0")
  return `${toUsDate(instant)} ${twelve}:${wall.slice(14, 16)} ${hour < 12 ? "AM" : "PM"}`
}

/** `09/14/2026`. */
const toUsDate = (instant: number): string => {
  const wall = toWall(instant)
  return `${wall.slice(5, 7)}/${wall.slice(8, 10)}/${wall.slice(0, 4)}`
}

/** The instant of an Eastern wall clock; the earlier one where the clock repeats. */
export const fromWall = (wall: string): number => {
  const asUtc = Date.parse(`${wall}Z`)
  for (const offsetHours of [4, 5]) {
    const instant = asUtc + offsetHours * 3_600_000
    if (toWall(instant) === wall) return instant
  }
  return asUtc + 5 * 3_600_000
}
