/**
 * The versions that this host keeps: taken from a source, checked, copied, and remembered; given out only after their
 * copies were checked again. It starts none of them. Old versions that serve nobody go, so that a folder which is saved
 * a thousand times does not fill the disk.
 */
import { type KeptVersion, type PluginDigest, PluginOrigin } from "@casewire/core/domain/PluginSwap"
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { Clock, Context, Effect, Layer, Option, Semaphore } from "effect"
import type { SignaturePolicy } from "./PackageSignature.ts"
import type { CheckedPackage } from "./PluginPackage.ts"
import { type PluginSource, readBytes, readSource } from "./PluginSource.ts"
import type { PluginVersion } from "./PluginVersion.ts"
import { copiesIn } from "./PrivateCopy.ts"

export interface ShelfOptions {
  /** The folder of the private copies, for this host alone. */
  readonly home: string
  readonly signatures: SignaturePolicy
  /** How many versions of a plugin are kept beside those that serve. Default 20. */
  readonly keep?: number
}

export interface Taken {
  readonly version: PluginVersion
  readonly kept: KeptVersion
}

export class PluginShelf extends Context.Service<
  PluginShelf,
  {
    /** Reads a source, whether it is known or not. `pluginId`: it must hold this plugin. */
    readonly take: (source: PluginSource, by: string, pluginId?: string) => Effect.Effect<Taken, PluginRejected>
    /** The same with a packed file that came as bytes; `name` is what it was called. */
    readonly takeBytes: (bytes: Uint8Array, name: string, by: string) => Effect.Effect<Taken, PluginRejected>
    /** A kept version, its copy checked again. */
    readonly open: (pluginId: string, digest: PluginDigest) => Effect.Effect<Taken, PluginRejected>
    readonly versions: (pluginId: string) => Effect.Effect<ReadonlyArray<KeptVersion>>
  }
>()("@casewire/plugin-host/PluginShelf") {
  static readonly layer = (options: ShelfOptions): Layer.Layer<PluginShelf, never, PluginStore> =>
    Layer.effect(PluginShelf, make(options))
}

const make = Effect.fnUntraced(function* ({ home, keep = 20, signatures }: ShelfOptions) {
  const store = yield* PluginStore
  const copies = copiesIn(home)
  yield* copies.sweep
  // Two that take the same version at once would write one folder.
  const alone = Semaphore.makeUnsafe(1)

  const shelve = Effect.fnUntraced(function* (checked: CheckedPackage, origin: PluginOrigin, by: string) {
    const { digest, manifest, signer } = checked
    const version = yield* copies.put(checked, origin)
    const kept: KeptVersion = {
      pluginId: manifest.id,
      version: manifest.version,
      digest,
      manifest,
      origin: { kind: origin.kind, location: origin.location },
      signedBy: signer?.trustedAs ?? null,
      keptAt: yield* Clock.currentTimeMillis,
      keptBy: by
    }
    yield* store.keep(kept)
    yield* prune(manifest.id, digest)
    return { version, kept }
  })

  const prune = Effect.fnUntraced(function* (pluginId: string, newest: PluginDigest) {
    const versions = (yield* store.versions(pluginId)).filter(({ digest }) => digest !== newest)
    for (const { digest } of versions.slice(keep))
      if (yield* store.forget(pluginId, digest)) yield* copies.remove(digest)
  })

  return PluginShelf.of({
    take: Effect.fn("PluginShelf.take")(function* (source, by, pluginId) {
      const checked = yield* readSource(source, signatures)
      if (pluginId !== undefined && checked.manifest.id !== pluginId)
        return yield* rejected("other-plugin", `The source of "${pluginId}" holds "${checked.manifest.id}".`)
      return yield* alone.withPermit(shelve(checked, source, by))
    }),

    takeBytes: Effect.fn("PluginShelf.takeBytes")(function* (bytes, name, by) {
      const checked = yield* readBytes(bytes, signatures)
      return yield* alone.withPermit(shelve(checked, { kind: "file", location: name }, by))
    }),

    open: Effect.fn("PluginShelf.open")(function* (pluginId, digest) {
      const kept = yield* store.version(pluginId, digest)
      if (Option.isNone(kept))
        return yield* rejected("version-unknown", `No version of "${pluginId}" with that digest is kept.`)
      const { origin } = kept.value
      const policy = origin.kind === "built-in" ? { ...signatures, isRequired: false } : signatures
      return { version: yield* copies.get(digest, origin, policy), kept: kept.value }
    }),

    versions: store.versions
  })
})
