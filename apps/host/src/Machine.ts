/**
 * What this process can say of its machine: Node, the store's settings, the disk, and whether the clock was moved.
 * A clock that steps shows as a difference between the wall clock and the one that only counts.
 */
import { StoreFitness } from "@casewire/adapters-db/StoreFitness"
import { Machine } from "@casewire/core/ports/Machine"
import { Clock, Effect, Layer, Option } from "effect"
import { statfsSync } from "node:fs"
import { dataFolder, type Settings } from "./Settings.ts"

export const layerMachine = (settings: Settings): Layer.Layer<Machine, never, StoreFitness> =>
  Layer.effect(
    Machine,
    Effect.gen(function* () {
      const fitness = yield* StoreFitness
      const startedAt = yield* Clock.currentTimeMillis
      const countedFrom = performance.now()
      const { folder } = dataFolder(settings.data)
      const facts = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        return {
          nodeVersion: process.version,
          // Workers under the permission model open no sockets from Node 26 on.
          deniesPluginSockets: Number(process.versions.node.split(".")[0]) >= 26,
          store: yield* fitness.read,
          clockStepMs: Math.round(now - startedAt - (performance.now() - countedFrom)),
          disk: diskOf(folder)
        }
      })
      return { facts, supportContact: Option.getOrNull(settings.supportContact) }
    })
  )

const diskOf = (folder: string) => {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch {
    return null
  }
}
