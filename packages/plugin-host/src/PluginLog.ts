/**
 * The last lines of each plugin: a bounded number, each of bounded length, for those who look and those who listen. The
 * host's own log gets a bounded share of them, so that a plugin cannot drown it.
 */
import type { PluginDigest, PluginLogLine } from "@casewire/core/domain/PluginSwap"
import { Clock, Effect, PubSub, Stream } from "effect"
import type { LogLevel } from "./PluginRpcs.ts"
import { bounded, longestLine } from "./worker/BoundedLog.ts"

export const keptLines = 1000

export interface PluginLog {
  readonly write: (pluginId: string, digest: PluginDigest, level: LogLevel, text: string) => void
  readonly read: (
    pluginId: string,
    options: { readonly limit: number; readonly follow: boolean }
  ) => Stream.Stream<PluginLogLine>
}

export const makePluginLog = Effect.gen(function* () {
  const lines = new Map<string, Array<PluginLogLine>>()
  const news = yield* PubSub.sliding<readonly [string, PluginLogLine]>(1000)
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const tell = (level: LogLevel, text: string) => void run(inHostLog(level, text))
  const rates = new Map<string, ReturnType<typeof bounded>>()

  const write: PluginLog["write"] = (pluginId, digest, level, text) => {
    const line = { at: clock.currentTimeMillisUnsafe(), digest, level, text: text.slice(0, longestLine) }
    const kept = lines.get(pluginId) ?? []
    kept.push(line)
    if (kept.length > keptLines) kept.splice(0, kept.length - keptLines)
    lines.set(pluginId, kept)
    PubSub.publishUnsafe(news, [pluginId, line])
    const rate =
      rates.get(pluginId) ?? bounded(tell, () => clock.currentTimeMillisUnsafe(), { burst: 20, perSecond: 2 })
    rates.set(pluginId, rate)
    if (level !== "debug") rate(level, () => `${pluginId}: ${line.text}`)
  }

  const read: PluginLog["read"] = (pluginId, { follow, limit }) =>
    Stream.suspend(() => {
      const known = Stream.fromIterable((lines.get(pluginId) ?? []).slice(limit > 0 ? -limit : keptLines))
      const more = Stream.fromPubSub(news).pipe(
        Stream.filter(([of]) => of === pluginId),
        Stream.map(([, line]) => line)
      )
      return follow ? Stream.concat(known, more) : known
    })

  return { write, read } satisfies PluginLog
})

const inHostLog = (level: LogLevel, text: string) =>
  level === "error" ? Effect.logError(text) : level === "warning" ? Effect.logWarning(text) : Effect.logInfo(text)
