/** Kept versions, pins and the history of swaps in memory. */
import { Effect, Layer, Option } from "effect"
import type { PinTarget, PluginDigest } from "../domain/PluginSwap.ts"
import { PluginStore } from "../ports/PluginStore.ts"
import { Database } from "./Database.ts"

export const layer = Layer.effect(
  PluginStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { pluginPins, pluginSwaps, pluginVersions } = database

    return PluginStore.of({
      keep: (version) =>
        database.write((tx) => {
          const key = versionKey(version.pluginId, version.digest)
          if (pluginVersions.get(key) === undefined)
            pluginVersions.set(tx, key, { version, position: database.nextNumber() })
        }),

      versions: (pluginId) =>
        database.read(() =>
          pluginVersions
            .values()
            .filter(({ version }) => version.pluginId === pluginId)
            .sort((a, b) => b.position - a.position)
            .map(({ version }) => version)
        ),

      version: (pluginId, digest) =>
        database.read(() =>
          Option.map(Option.fromUndefinedOr(pluginVersions.get(versionKey(pluginId, digest))), ({ version }) => version)
        ),

      forget: (pluginId, digest) =>
        database.write((tx) => {
          const key = versionKey(pluginId, digest)
          const isPinned = pluginPins.values().some((pin) => pin.pluginId === pluginId && pin.digest === digest)
          if (isPinned || pluginVersions.get(key) === undefined) return false
          pluginVersions.delete(tx, key)
          return true
        }),

      pin: (pin) =>
        database.write((tx) => {
          if (pluginVersions.get(versionKey(pin.pluginId, pin.digest)) === undefined)
            throw new Error("the version is not kept")
          pluginPins.set(tx, pinKey(pin.pluginId, pin.target), pin)
        }),

      unpin: (pluginId, target) => database.write((tx) => pluginPins.delete(tx, pinKey(pluginId, target))),

      pins: (pluginId) => database.read(() => pluginPins.values().filter((pin) => pin.pluginId === pluginId)),

      record: (swap) =>
        database.write((tx) => {
          const before = pluginSwaps.get(swap.id)
          if (before !== undefined && before.result !== "running") throw new Error("the swap has ended")
          pluginSwaps.set(tx, swap.id, swap)
        }),

      swaps: ({ limit, pluginId, results }) =>
        database.read(() =>
          pluginSwaps
            .values()
            .filter(
              (swap) =>
                (pluginId === undefined || swap.pluginId === pluginId) &&
                (results === undefined || results.includes(swap.result))
            )
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, limit)
        ),

      swap: (id) => database.read(() => Option.fromUndefinedOr(pluginSwaps.get(id)))
    })
  })
)

const versionKey = (pluginId: string, digest: PluginDigest): string => `${pluginId} ${digest}`

const pinKey = (pluginId: string, target: PinTarget): string =>
  target._tag === "Everyone"
    ? `${pluginId} everyone`
    : target._tag === "Firm"
      ? `${pluginId} firm ${target.firmId}`
      : `${pluginId} connection ${target.firmId} ${target.connectionId}`
