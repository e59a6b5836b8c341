/**
 * Who is pinned to what after a swap. Some firms: each gets a pin of its own, and everybody else stays. Everyone: one
 * pin, and no other is left.
 */
import type { FirmId } from "@casewire/core/domain/Ids"
import type { Pin, PluginDigest } from "@casewire/core/domain/PluginSwap"

export const movedPins = (
  pluginId: string,
  pins: ReadonlyArray<Pin>,
  share: ReadonlyArray<FirmId>,
  digest: PluginDigest
): ReadonlyArray<Pin> =>
  share.length === 0 || !pins.some(({ target }) => target._tag === "Everyone")
    ? [{ pluginId, target: { _tag: "Everyone" }, digest }]
    : [
        // A connection's own pin was of the version before, too: the firm moves as a whole.
        ...pins.filter(({ target }) => target._tag === "Everyone" || !share.includes(target.firmId)),
        ...share.map((firmId) => ({ pluginId, target: { _tag: "Firm" as const, firmId }, digest }))
      ]
