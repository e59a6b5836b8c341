/**
 * The plugin's console: lines are cut, their rate is bounded where they are written, and what was left out is counted.
 * Ten million lines cost the plugin its own time and the host a few lines.
 */
import type { LogLevel } from "../PluginRpcs.ts"

export const longestLine = 2000

export interface LogRate {
  readonly burst: number
  readonly perSecond: number
}

export const logRate: LogRate = { burst: 200, perSecond: 50 }

/** Passes lines on within the rate; the line after a pause says how many were left out. */
export const bounded = (
  write: (level: LogLevel, text: string) => void,
  now: () => number = () => performance.now(),
  { burst, perSecond }: LogRate = logRate
): ((level: LogLevel, text: () => string) => void) => {
  let tokens = burst
  let at = now()
  let left = 0
  return (level, text) => {
    const time = now()
    tokens = Math.min(burst, tokens + ((time - at) / 1000) * perSecond)
    at = time
    if (tokens < 1) {
      left += 1
      return
    }
    tokens -= 1
    if (left > 0) {
      write("warning", `${left} lines were left out`)
      left = 0
    }
    write(level, text().slice(0, longestLine))
  }
}

/** Puts a console in place that writes nowhere else. */
export const replaceConsole = (log: (level: LogLevel, text: () => string) => void): void => {
  const at =
    (level: LogLevel) =>
    (...args: ReadonlyArray<unknown>) =>
      log(level, () => args.map(shown).join(" "))
  const nothing = () => undefined
  const own = {
    debug: at("debug"),
    trace: at("debug"),
    log: at("info"),
    info: at("info"),
    dir: at("info"),
    table: at("info"),
    warn: at("warning"),
    error: at("error"),
    assert: nothing,
    clear: nothing,
    count: nothing,
    countReset: nothing,
    group: nothing,
    groupCollapsed: nothing,
    groupEnd: nothing,
    time: nothing,
    timeEnd: nothing,
    timeLog: nothing
  }
  Object.defineProperty(globalThis, "console", { value: Object.freeze(own), writable: false, configurable: false })
}

/** Never throws, whatever a plugin hands over. */
const shown = (value: unknown): string => {
  try {
    if (typeof value === "string") return value
    if (value instanceof Error) return `${value.name}: ${value.message}`
    const text: unknown = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)
    return typeof text === "string" ? text : "(unprintable)"
  } catch {
    return "(unprintable)"
  }
}
