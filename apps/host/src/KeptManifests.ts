/**
 * The plugins of a store whose host does not run, by what the store keeps of them: the manifests of the versions that
 * served last. None of their code is loaded, so none of it can be called.
 */
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { pinnedDigest } from "@casewire/core/domain/PluginSwap"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Plugins, type ServedConnection } from "@casewire/core/ports/Plugins"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { Effect, Layer, Option, Stream } from "effect"

/** Of every plugin that a connection names. */
export const layerKeptManifests: Layer.Layer<Plugins, never, ConnectionStore | PluginStore> = Layer.effect(
  Plugins,
  Effect.gen(function* () {
    const connections = yield* ConnectionStore
    const store = yield* PluginStore
    const all = (yield* Effect.forEach(yield* connections.firms, ({ id }) => connections.list(id))).flat()
    const plugins = new Map(
      yield* Effect.forEach([...new Set(all.map(({ plugin }) => plugin))], (id) =>
        Effect.map(Effect.all({ pins: store.pins(id), versions: store.versions(id) }), (kept) => [id, kept] as const)
      )
    )
    const manifest = (id: string, of?: ServedConnection): Option.Option<PluginManifest> => {
      const { pins = [], versions = [] } = plugins.get(id) ?? {}
      const digest =
        of === undefined
          ? pins.find(({ target }) => target._tag === "Everyone")?.digest
          : pinnedDigest(pins, { firmId: of.firmId, connectionId: of.id })
      return Option.fromUndefinedOr(versions.find((kept) => kept.digest === digest)?.manifest)
    }
    return Plugins.of({
      manifests: Effect.sync(() => [...plugins.keys()].flatMap((id) => Option.toArray(manifest(id)))),
      manifest,
      crm: (id) => {
        throw new Error(`the plugin "${id}" does not run`)
      },
      switched: Stream.empty
    })
  })
)
