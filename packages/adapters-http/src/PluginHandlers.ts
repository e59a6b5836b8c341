/** Versions of plugins over HTTP: the operator's requests translated to the plugin host, its steps told as they happen. */
import { Effect, Exit, Option, Pull, Scope, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { type PluginView, pluginUploadBytes, type SwapProgress, type VersionView } from "@casewire/api/PluginVersions"
import type { FirmId } from "@casewire/core/domain/Ids"
import { neededPermissions } from "@casewire/core/domain/PluginPermissions"
import type { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import type { KeptVersion, Pin } from "@casewire/core/domain/PluginSwap"
import { pluginDiff } from "@casewire/core/PluginDiff"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { PluginHost, type SwapEvent } from "@casewire/core/ports/PluginHost"
import { Plugins } from "@casewire/core/ports/Plugins"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { problem } from "./Problems.ts"

const refused = ({ code, message, unconfirmed }: PluginRejected) =>
  problem("plugin-rejected", {
    detail: message,
    errors: [{ field: "plugin", code }, ...unconfirmed.map((key) => ({ field: "confirmed", code: key }))]
  })

/** What is not even kept leaves no record but this line of the host's log. */
const refusing =
  (by: string) =>
  <A, R>(taking: Effect.Effect<A, PluginRejected, R>) =>
    taking.pipe(
      Effect.tapError(({ code }) => Effect.logWarning("A plugin was not taken", { code, by })),
      Effect.mapError(refused)
    )

const versionView = (kept: KeptVersion, serving: KeptVersion | undefined, pins: ReadonlyArray<Pin>): VersionView => {
  const targets = pins.filter(({ digest }) => digest === kept.digest).map(({ target }) => target._tag)
  const { manifest, ...shown } = kept
  return {
    ...shown,
    name: manifest.name,
    contract: manifest.contract,
    permissions: neededPermissions(manifest),
    serves: targets.includes("Everyone") ? "everyone" : targets.length > 0 ? "some" : "nobody",
    diff: pluginDiff(serving?.manifest ?? null, manifest)
  }
}

const progressOf = (event: SwapEvent): SwapProgress =>
  event._tag === "Begun"
    ? { type: "begun", swap: event.id }
    : event._tag === "Step"
      ? { type: "step", ...event.step }
      : { type: "done", digest: event.digest }

/**
 * What is refused while it is verified is an answer of its own status; from then on the answer has begun, and a failure
 * is its last event.
 */
const told = Effect.fnUntraced(function* (events: Stream.Stream<SwapEvent, PluginRejected>) {
  // The handler has ended when most of it is told.
  const scope = yield* Scope.make()
  const pull = yield* Stream.toPull(events).pipe(Scope.provide(scope))
  const verified = Effect.gen(function* () {
    const begun: Array<SwapEvent> = []
    for (;;) {
      const more: ReadonlyArray<SwapEvent> = yield* Pull.catchDone(pull, () => Effect.succeed([]))
      begun.push(...more)
      if (more.length === 0 || more.some(isPastVerifying)) return begun
    }
  })
  const begun = yield* verified.pipe(
    Effect.mapError(refused),
    Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
  )
  return Stream.concat(Stream.fromIterable(begun), Stream.fromPull(Effect.succeed(pull))).pipe(
    Stream.map(progressOf),
    Stream.catchTag("PluginRejected", ({ code, message, unconfirmed }) =>
      Stream.succeed<SwapProgress>({ type: "failed", code, message, unconfirmed })
    ),
    Stream.ensuring(Scope.close(scope, Exit.void))
  )
})

const isPastVerifying = (event: SwapEvent): boolean =>
  event._tag === "Done" || (event._tag === "Step" && (event.step.step !== "verify" || event.step.state === "passed"))

/**
 * `operator`: the firm whose tokens may operate the host's plugins. Code serves every firm, so on a host of several firms
 * nobody may unless the settings name who; the only firm of a host is its own operator.
 */
export const layerPluginHandlers = (operator: FirmId | null) =>
  HttpApiBuilder.group(
    Api,
    "pluginVersions",
    Effect.fn(function* (handlers) {
      const connections = yield* ConnectionStore
      const host = yield* PluginHost
      const plugins = yield* Plugins
      const store = yield* PluginStore

      /** Who asks, as the history names them; fails for whoever may not. */
      const asker = Effect.gen(function* () {
        const { firmId, name } = yield* CurrentFirm
        const isOperator = operator === null ? (yield* connections.firms).length === 1 : operator === firmId
        if (!isOperator)
          return yield* Effect.fail(
            problem("operator-required", {
              detail:
                operator === null
                  ? "The host serves several firms, and its settings name none as its operator (CASEWIRE_OPERATOR_FIRM)."
                  : "The settings name another firm as the host's operator."
            })
          )
        return `${name} (${firmId})`
      })

      const known = Effect.fnUntraced(function* (pluginId: string) {
        const by = yield* asker
        const versions = yield* store.versions(pluginId)
        if (versions.length === 0 && Option.isNone(plugins.manifest(pluginId)))
          return yield* Effect.fail(problem("not-found"))
        return { by, versions }
      })

      const view = Effect.fnUntraced(function* (kept: KeptVersion) {
        const pins = yield* store.pins(kept.pluginId)
        return versionView(kept, servingOf(yield* store.versions(kept.pluginId), pins), pins)
      })

      return handlers.handleAll({
        show: Effect.fn(function* ({ params: { pluginId } }) {
          const { versions } = yield* known(pluginId)
          const pins = yield* store.pins(pluginId)
          const serving = servingOf(versions, pins)
          return {
            id: pluginId,
            running: yield* host.running(pluginId),
            pins,
            versions: versions.map((kept) => versionView(kept, serving, pins))
          } satisfies PluginView
        }),
        upload: Effect.fn(function* ({ payload, query }) {
          const by = yield* asker
          const bytes = yield* collected(Stream.orDie(payload))
          if (bytes === undefined) return yield* Effect.fail(problem("body-too-large"))
          const kept = yield* host.take(bytes, query.name ?? "upload", by).pipe(refusing(by))
          return yield* view(kept)
        }),
        reread: Effect.fn(function* ({ params: { pluginId } }) {
          const { by } = yield* known(pluginId)
          return yield* view(yield* host.reread(pluginId, by).pipe(refusing(by)))
        }),
        swap: Effect.fn(function* ({ params: { pluginId }, payload }) {
          const { by } = yield* known(pluginId)
          const { confirmed = [], reason, share = [], version } = payload
          return yield* told(host.swap({ pluginId, version, by, reason, share, confirmed }))
        }),
        rollback: Effect.fn(function* ({ params: { pluginId }, payload }) {
          const { by } = yield* known(pluginId)
          const { reason, share = [], version = null } = payload
          return yield* told(host.rollback({ pluginId, version, by, reason, share }))
        }),
        swaps: Effect.fn(function* ({ params: { pluginId }, query: { limit = 50 } }) {
          yield* known(pluginId)
          return { swaps: yield* store.swaps({ pluginId, limit }) }
        }),
        swapped: Effect.fn(function* ({ params: { pluginId, swapId } }) {
          yield* known(pluginId)
          const swap = yield* store.swap(swapId)
          if (Option.isNone(swap) || swap.value.pluginId !== pluginId) return yield* Effect.fail(problem("not-found"))
          return swap.value
        }),
        logs: Effect.fn(function* ({ params: { pluginId }, query: { limit = 200 } }) {
          yield* known(pluginId)
          return { lines: yield* Stream.runCollect(host.logs(pluginId, { limit, follow: false })) }
        }),
        follow: Effect.fn(function* ({ params: { pluginId }, query: { limit = 20 } }) {
          yield* known(pluginId)
          return host.logs(pluginId, { limit, follow: true })
        })
      })
    })
  )

const servingOf = (versions: ReadonlyArray<KeptVersion>, pins: ReadonlyArray<Pin>): KeptVersion | undefined => {
  const digest = pins.find(({ target }) => target._tag === "Everyone")?.digest
  return versions.find((kept) => kept.digest === digest)
}

/** The bytes of an upload; nothing where there are more than a packed plugin may have. */
const collected = (payload: Stream.Stream<Uint8Array>): Effect.Effect<Uint8Array | undefined> =>
  Stream.runFoldEffect(
    payload,
    () => ({ chunks: [] as Array<Uint8Array>, size: 0 }),
    ({ chunks, size }, chunk) => {
      if (size + chunk.length > pluginUploadBytes) return Effect.fail("too large" as const)
      chunks.push(chunk.slice())
      return Effect.succeed({ chunks, size: size + chunk.length })
    }
  ).pipe(
    Effect.map(({ chunks }) => new Uint8Array(Buffer.concat(chunks))),
    Effect.orElseSucceed(() => undefined)
  )
