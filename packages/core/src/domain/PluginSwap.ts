/**
 * The versions of a plugin that are kept, which firm works on which, and what became of every attempt to replace one.
 *
 * A version is named by its digest: the same number with other bytes is another version. What was tried is never
 * forgotten, whether it succeeded or not, so that an audit can say who moved whom to what, and why.
 */
import { Schema } from "effect"
import { PluginManifest } from "../CrmPlugin.ts"
import { ConnectionId } from "./Connection.ts"
import { DiffLine } from "./DiffLine.ts"
import { FirmId, Instant } from "./Ids.ts"
import { PluginRefusalCode } from "./PluginRefusal.ts"

/** SHA-256 in hexadecimal, over the digests of a version's files. */
export const PluginDigest = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)).pipe(Schema.brand("PluginDigest"))
export type PluginDigest = typeof PluginDigest.Type

export const PluginOrigin = Schema.Struct({
  kind: Schema.Literals(["folder", "file", "npm", "built-in"]),
  /** A path, or the name of a package. */
  location: Schema.String
})
export interface PluginOrigin extends Schema.Schema.Type<typeof PluginOrigin> {}

export const KeptVersion = Schema.Struct({
  pluginId: Schema.String,
  version: Schema.String,
  digest: PluginDigest,
  manifest: PluginManifest,
  origin: PluginOrigin,
  /** The name of the key that signed it, where it is signed by one that the operator trusts. */
  signedBy: Schema.NullOr(Schema.String),
  keptAt: Instant,
  keptBy: Schema.String
})
export interface KeptVersion extends Schema.Schema.Type<typeof KeptVersion> {}

/** Whom a pin is for. A connection's goes before its firm's, and a firm's before everyone's. */
export const PinTarget = Schema.TaggedUnion({
  Everyone: {},
  Firm: { firmId: FirmId },
  Connection: { firmId: FirmId, connectionId: ConnectionId }
})
export type PinTarget = typeof PinTarget.Type

export const Pin = Schema.Struct({ pluginId: Schema.String, target: PinTarget, digest: PluginDigest })
export interface Pin extends Schema.Schema.Type<typeof Pin> {}

/** Which version a connection works on, where any pin speaks of it. */
export const pinnedDigest = (
  pins: ReadonlyArray<Pin>,
  of: { readonly firmId: FirmId; readonly connectionId: ConnectionId }
): PluginDigest | undefined =>
  (
    pins.find(
      ({ target }) =>
        target._tag === "Connection" && target.connectionId === of.connectionId && target.firmId === of.firmId
    ) ??
    pins.find(({ target }) => target._tag === "Firm" && target.firmId === of.firmId) ??
    pins.find(({ target }) => target._tag === "Everyone")
  )?.digest

/** In this order; a swap ends with the first that fails. `watch` is the time in which it may still be taken back. */
export const SwapStepName = Schema.Literals([
  "verify",
  "start",
  "self-test",
  "shadow",
  "switch",
  "drain",
  "stop",
  "watch"
])
export type SwapStepName = typeof SwapStepName.Type

export const SwapStep = Schema.Struct({
  step: SwapStepName,
  state: Schema.Literals(["begun", "passed", "failed", "skipped"]),
  at: Instant,
  /** What was found, in a sentence without client data. */
  detail: Schema.NullOr(Schema.String)
})
export interface SwapStep extends Schema.Schema.Type<typeof SwapStep> {}

/** A UUIDv7: the history is in the order of its ids. */
export const SwapId = Schema.String.pipe(Schema.brand("SwapId"))
export type SwapId = typeof SwapId.Type

export const Swap = Schema.Struct({
  id: SwapId,
  pluginId: Schema.String,
  /** `automatic roll-back`: the host's own, because the new version failed after it was switched to. */
  kind: Schema.Literals(["swap", "roll-back", "automatic roll-back"]),
  from: Schema.NullOr(PluginDigest),
  to: PluginDigest,
  fromVersion: Schema.NullOr(Schema.String),
  toVersion: Schema.String,
  /** Whom it moves; none: everyone. */
  share: Schema.Array(FirmId),
  by: Schema.String,
  reason: Schema.String,
  diff: Schema.Array(DiffLine),
  /** The keys of the lines that whoever asked for it confirmed. */
  confirmed: Schema.Array(Schema.String),
  steps: Schema.Array(SwapStep),
  /** `interrupted`: the host ended in the middle of it. What served before serves on. */
  result: Schema.Literals(["running", "done", "refused", "failed", "taken back", "interrupted"]),
  refusal: Schema.NullOr(Schema.Struct({ code: PluginRefusalCode, message: Schema.String })),
  startedAt: Instant,
  endedAt: Schema.NullOr(Instant)
})
export interface Swap extends Schema.Schema.Type<typeof Swap> {}

/** One line that a plugin wrote, or the host about it. Texts are cut by the host and hold no secrets it knows. */
export const PluginLogLine = Schema.Struct({
  at: Instant,
  digest: PluginDigest,
  level: Schema.Literals(["debug", "info", "warning", "error"]),
  text: Schema.String
})
export interface PluginLogLine extends Schema.Schema.Type<typeof PluginLogLine> {}
