/**
 * The versions of the plugins, for whoever operates the host: what is kept and what serves, what a version would change,
 * replacing one while work goes on, going back, and the logs. A firm's token may do it where the host is that firm's
 * alone; else the operator's settings name the firm that may.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DiffLine } from "@casewire/core/domain/DiffLine"
import { FirmId } from "@casewire/core/domain/Ids"
import { PluginPermissions } from "@casewire/core/domain/PluginPermissions"
import { PluginRefusalCode } from "@casewire/core/domain/PluginRefusal"
import {
  Pin,
  PluginDigest,
  PluginLogLine,
  PluginOrigin,
  Swap,
  SwapId,
  SwapStep
} from "@casewire/core/domain/PluginSwap"
import { Access, Decoding, scoped } from "./Access.ts"
import { Forbidden, Invalid, NotFound, TooLarge } from "./Problem.ts"
import { Time } from "./Time.ts"

/** Of a packed file that is sent. */
export const pluginUploadBytes = 16 * 1024 * 1024

export const VersionView = Schema.Struct({
  pluginId: Schema.String,
  name: Schema.String,
  version: Schema.String,
  digest: PluginDigest,
  contract: Schema.Int,
  permissions: PluginPermissions,
  origin: PluginOrigin,
  signedBy: Schema.NullOr(Schema.String),
  keptAt: Time,
  keptBy: Schema.String,
  serves: Schema.Literals(["everyone", "some", "nobody"]),
  /** What would change if it took the place of what serves everyone. */
  diff: Schema.Array(DiffLine)
})
export interface VersionView extends Schema.Schema.Type<typeof VersionView> {}

const RunningView = Schema.Struct({
  digest: PluginDigest,
  version: Schema.String,
  state: Schema.Literals(["starting", "serving", "draining", "waiting"]),
  inFlight: Schema.Int,
  restarts: Schema.Int,
  faults: Schema.Int
})

export const PluginView = Schema.Struct({
  id: Schema.String,
  running: Schema.Array(RunningView),
  pins: Schema.Array(Pin),
  /** Newest first. */
  versions: Schema.Array(VersionView)
})
export interface PluginView extends Schema.Schema.Type<typeof PluginView> {}

const StepView = Schema.Struct({ ...SwapStep.fields, at: Time })

export const SwapView = Schema.Struct({
  ...Swap.fields,
  steps: Schema.Array(StepView),
  startedAt: Time,
  endedAt: Schema.NullOr(Time)
})
export interface SwapView extends Schema.Schema.Type<typeof SwapView> {}

/** What a swap tells while it goes on; it ends with `done` or `failed`. */
export const SwapProgress = Schema.Union([
  Schema.Struct({ type: Schema.Literal("begun"), swap: SwapId }),
  Schema.Struct({ type: Schema.Literal("step"), ...StepView.fields }),
  Schema.Struct({ type: Schema.Literal("done"), digest: PluginDigest }),
  Schema.Struct({
    type: Schema.Literal("failed"),
    code: PluginRefusalCode,
    message: Schema.String,
    unconfirmed: Schema.Array(Schema.String)
  })
])
export type SwapProgress = typeof SwapProgress.Type

export const LogLineView = Schema.Struct({ ...PluginLogLine.fields, at: Time })
export interface LogLineView extends Schema.Schema.Type<typeof LogLineView> {}

const params = { pluginId: Schema.String.check(Schema.isMaxLength(100)) }
const reason = Schema.NonEmptyString.check(Schema.isMaxLength(500))
const share = Schema.optionalKey(Schema.Array(FirmId).check(Schema.isMaxLength(1000)))
const progress = HttpApiSchema.StreamSse({ data: SwapProgress })
const limit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 1000 }))
)

export class PluginVersionsGroup extends HttpApiGroup.make("pluginVersions")
  .add(
    HttpApiEndpoint.get("show", "/plugins/:pluginId", {
      params,
      success: PluginView,
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "A plugin's versions: which run, which serve, and what each would change")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("upload", "/plugins", {
      query: { name: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))) },
      payload: HttpApiSchema.StreamUint8Array({
        contentType: "application/octet-stream",
        maxBytes: pluginUploadBytes + 1
      }),
      success: VersionView.pipe(HttpApiSchema.status(201)),
      error: [Forbidden, TooLarge, Invalid]
    })
      .annotate(OpenApi.Summary, "Keep a packed plugin after checking it; it serves nobody yet")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("reread", "/plugins/:pluginId/reread", {
      params,
      success: VersionView,
      error: [Forbidden, NotFound, Invalid]
    })
      .annotate(
        OpenApi.Summary,
        "Read the plugin's configured source again and keep what is there; it serves nobody yet"
      )
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("swap", "/plugins/:pluginId/swaps", {
      params,
      payload: Schema.Struct({
        version: PluginDigest,
        reason,
        /** The firms to move; left out: everyone. */
        share,
        /** The keys of the lines that need confirmation and were read. */
        confirmed: Schema.optionalKey(Schema.Array(Schema.String).check(Schema.isMaxLength(1000)))
      }),
      success: progress,
      error: [Forbidden, NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Replace the version that serves, without stopping work; answers with live progress")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("rollback", "/plugins/:pluginId/rollback", {
      params,
      payload: Schema.Struct({
        /** Left out: the one before. */
        version: Schema.optionalKey(PluginDigest),
        reason,
        share
      }),
      success: progress,
      error: [Forbidden, NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Go back to a kept version; answers with live progress")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("swaps", "/plugins/:pluginId/swaps", {
      params,
      query: { limit },
      success: Schema.Struct({ swaps: Schema.Array(SwapView) }),
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "Who replaced what, why, and what became of it, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("swapped", "/plugins/:pluginId/swaps/:swapId", {
      params: { ...params, swapId: SwapId },
      success: SwapView,
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "One swap, also while it goes on")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("logs", "/plugins/:pluginId/logs", {
      params,
      query: { limit },
      success: Schema.Struct({ lines: Schema.Array(LogLineView) }),
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "The last lines of a plugin's log, oldest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("follow", "/plugins/:pluginId/logs/live", {
      params,
      query: { limit },
      success: HttpApiSchema.StreamSse({ data: LogLineView }),
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "The last lines of a plugin's log, and those to come")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
