/**
 * Which versions of plugins are kept, which version serves whom, and the history of swaps. It holds no code: a
 * version's files lie where the host keeps them, named by the digest. None of it belongs to a firm but its own pins.
 */
import { Context, Effect, Option } from "effect"
import type { KeptVersion, Pin, PinTarget, PluginDigest, Swap, SwapId } from "../domain/PluginSwap.ts"

export class PluginStore extends Context.Service<
  PluginStore,
  {
    /** Keeps a version; one with the same plugin and digest stays as it was first kept. */
    readonly keep: (version: KeptVersion) => Effect.Effect<void>
    /** Newest first, by when it was kept. */
    readonly versions: (pluginId: string) => Effect.Effect<ReadonlyArray<KeptVersion>>
    readonly version: (pluginId: string, digest: PluginDigest) => Effect.Effect<Option.Option<KeptVersion>>
    /** Forgets a version, and answers whether it did: one that a pin names stays. */
    readonly forget: (pluginId: string, digest: PluginDigest) => Effect.Effect<boolean>
    /** Points a target to a kept version, in place of its pin before. Dies on a version that is not kept. */
    readonly pin: (pin: Pin) => Effect.Effect<void>
    /** Takes a target's pin away; what the wider pins say counts again. */
    readonly unpin: (pluginId: string, target: PinTarget) => Effect.Effect<void>
    /** In no order. */
    readonly pins: (pluginId: string) => Effect.Effect<ReadonlyArray<Pin>>
    /** Inserts a swap, or replaces it as long as its result is `running`: what has ended is history. */
    readonly record: (swap: Swap) => Effect.Effect<void>
    /** Newest first, of one plugin or of all. */
    readonly swaps: (filter: {
      readonly pluginId?: string
      readonly results?: ReadonlyArray<Swap["result"]>
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Swap>>
    readonly swap: (id: SwapId) => Effect.Effect<Option.Option<Swap>>
  }
>()("@casewire/core/ports/PluginStore") {}
