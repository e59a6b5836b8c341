/**
 * What an operator asks of the plugins while work is running: which versions there are and which serve, replacing one,
 * going back, and their logs. No call of it touches a firm's data; work goes on through `Plugins` meanwhile.
 */
import { Context, Effect, Stream } from "effect"
import type { FirmId } from "../domain/Ids.ts"
import type { PluginRejected } from "../domain/PluginRefusal.ts"
import type { KeptVersion, PluginDigest, PluginLogLine, SwapId, SwapStep } from "../domain/PluginSwap.ts"

/** One version that is running. */
export interface RunningVersion {
  readonly digest: PluginDigest
  readonly version: string
  /** `waiting`: it crashed or hung, and is started again after a pause; its jobs wait. */
  readonly state: "starting" | "serving" | "draining" | "waiting"
  /** Calls that are under way. */
  readonly inFlight: number
  readonly restarts: number
  /** Faults of the plugin itself since it was started: crashes, missed deadlines, undecodable answers. */
  readonly faults: number
}

export interface SwapRequest {
  readonly pluginId: string
  readonly version: PluginDigest
  readonly by: string
  readonly reason: string
  /** The firms to move; none: everyone. */
  readonly share: ReadonlyArray<FirmId>
  /** The keys of the diff's lines that the person who asks has read. */
  readonly confirmed: ReadonlyArray<string>
}

/** What a swap tells while it goes on. The first says which record of the history it writes. */
export type SwapEvent =
  | { readonly _tag: "Begun"; readonly id: SwapId }
  | { readonly _tag: "Step"; readonly step: SwapStep }
  | { readonly _tag: "Done"; readonly digest: PluginDigest }

export class PluginHost extends Context.Service<
  PluginHost,
  {
    /** Every version that is running, by plugin. */
    readonly running: (pluginId: string) => Effect.Effect<ReadonlyArray<RunningVersion>>
    /** Reads a plugin's configured source again and keeps what it finds, whether it is new or not. Serves nothing yet. */
    readonly reread: (pluginId: string, by: string) => Effect.Effect<KeptVersion, PluginRejected>
    /** Verifies a packed file and keeps it; `name` is what it was called. Serves nothing yet. */
    readonly take: (bytes: Uint8Array, name: string, by: string) => Effect.Effect<KeptVersion, PluginRejected>
    /** Replaces what serves. Whoever stops listening stops nothing: once begun it goes on to its end. */
    readonly swap: (request: SwapRequest) => Stream.Stream<SwapEvent, PluginRejected>
    /** Back to a kept version, by default to the one before. A person asked for it, so a downgrade needs no more. */
    readonly rollback: (
      request: Omit<SwapRequest, "version" | "confirmed"> & { readonly version: PluginDigest | null }
    ) => Stream.Stream<SwapEvent, PluginRejected>
    /** The last lines, oldest first, and with `follow` those to come. */
    readonly logs: (
      pluginId: string,
      options: { readonly limit: number; readonly follow: boolean }
    ) => Stream.Stream<PluginLogLine>
  }
>()("@casewire/core/ports/PluginHost") {}
