/**
 * Which versions of which plugins run in this process, and which one serves whom.
 *
 * Starting, choosing and stopping are separate, so that a version can run beside another before anybody works on it.
 * What is chosen serves from the next job on; a job that is under way ends on the version on which it began.
 */
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type Pin, pinnedDigest, PluginDigest } from "@casewire/core/domain/PluginSwap"
import { Plugins, type ServedConnection } from "@casewire/core/ports/Plugins"
import { Context, Deferred, Effect, Exit, Layer, Option, PubSub, Scope, Stream } from "effect"
import { makePluginLog, type PluginLog } from "./PluginLog.ts"
import type { ThreadEnd } from "./PluginThread.ts"
import type { PluginVersion } from "./PluginVersion.ts"
import { remoteCrm } from "./RemoteCrm.ts"
import { type PluginFault, type RunningPlugin, startPlugin } from "./RunningPlugin.ts"

/** A version that runs, and how many connections were made with it and are not let go yet. */
export interface Held {
  readonly running: RunningPlugin
  readonly seats: () => number
  /** Returns when nobody holds it any more. */
  readonly unused: Effect.Effect<void>
}

export class PluginEngine extends Context.Service<
  PluginEngine,
  {
    /**
     * Starts a version beside whatever runs; nobody is served by it yet. Patiently: it counts as held even if its first
     * thread does not start, and is tried again, while its jobs wait.
     */
    readonly hold: (
      version: PluginVersion,
      options?: { readonly patiently?: boolean }
    ) => Effect.Effect<Held, ThreadEnd>
    readonly held: (pluginId: string) => ReadonlyArray<Held>
    readonly find: (pluginId: string, digest: string) => Held | undefined
    /** From now on these pins say who works on what. Dies where one names a version that does not run. */
    readonly choose: (pluginId: string, pins: ReadonlyArray<Pin>) => Effect.Effect<void>
    readonly pins: (pluginId: string) => ReadonlyArray<Pin>
    /** Ends a version that nobody is pinned to. What still runs on it is cut off. */
    readonly drop: (pluginId: string, digest: string) => Effect.Effect<void>
    /** Every fault of every version, as it happens. */
    readonly faults: PubSub.PubSub<{ readonly pluginId: string; readonly digest: string; readonly fault: PluginFault }>
    readonly log: PluginLog
  }
>()("@casewire/plugin-host/PluginEngine") {}

interface Slot {
  readonly versions: Map<string, Kept>
  pins: ReadonlyArray<Pin>
}

interface Kept extends Held {
  readonly scope: Scope.Closeable
  readonly enter: Effect.Effect<void>
  readonly leave: Effect.Effect<void>
}

/** `bootstrap` is the program of every plugin's thread, bundled. */
export const layer = (bootstrap: string): Layer.Layer<PluginEngine | Plugins> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const engineScope = yield* Effect.scope
      const slots = new Map<string, Slot>()
      const log = yield* makePluginLog
      const faults = yield* PubSub.sliding<{ pluginId: string; digest: string; fault: PluginFault }>(1000)
      const switches = yield* PubSub.unbounded<string>()

      const slotOf = (pluginId: string): Slot => {
        const known = slots.get(pluginId)
        if (known !== undefined) return known
        const slot: Slot = { versions: new Map(), pins: [] }
        slots.set(pluginId, slot)
        return slot
      }

      const hold: PluginEngine["Service"]["hold"] = Effect.fn("PluginEngine.hold")(function* (version, options) {
        const { digest, manifest } = version
        const { versions } = slotOf(manifest.id)
        const known = versions.get(digest)
        if (known !== undefined) return known
        const scope = yield* Scope.fork(engineScope, "sequential")
        const running = yield* startPlugin(
          version,
          {
            bootstrap,
            log: (level, text) => log.write(manifest.id, PluginDigest.make(digest), level, text),
            onFault: (fault) => Effect.asVoid(PubSub.publish(faults, { pluginId: manifest.id, digest, fault }))
          },
          options?.patiently === true
        ).pipe(
          Scope.provide(scope),
          Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
        )
        const kept = yield* counting(running, scope)
        versions.set(digest, kept)
        return kept
      })

      const choose: PluginEngine["Service"]["choose"] = (pluginId, pins) =>
        Effect.suspend(() => {
          const slot = slotOf(pluginId)
          const missing = pins.find(({ digest }) => !slot.versions.has(digest))
          if (missing !== undefined) return Effect.die(new Error(`the version ${missing.digest} does not run`))
          slot.pins = [...pins]
          return Effect.asVoid(PubSub.publish(switches, pluginId))
        })

      const drop: PluginEngine["Service"]["drop"] = (pluginId, digest) =>
        Effect.suspend(() => {
          const { pins, versions } = slotOf(pluginId)
          const kept = versions.get(digest)
          if (kept === undefined) return Effect.void
          if (pins.some((pin) => pin.digest === digest))
            return Effect.die(new Error(`the version ${digest} serves somebody`))
          versions.delete(digest)
          return Scope.close(kept.scope, Exit.void)
        })

      const serving = (pluginId: string, of?: ServedConnection): Kept | undefined => {
        const slot = slots.get(pluginId)
        if (slot === undefined) return undefined
        const digest =
          of === undefined
            ? slot.pins.find(({ target }) => target._tag === "Everyone")?.digest
            : pinnedDigest(slot.pins, { firmId: of.firmId, connectionId: of.id })
        return digest === undefined ? undefined : slot.versions.get(digest)
      }

      const manifestOf = (pluginId: string, of?: ServedConnection): PluginManifest | undefined =>
        serving(pluginId, of)?.running.version.manifest

      const plugins = Plugins.of({
        manifests: Effect.sync(() => [...slots.keys()].flatMap((id) => manifestOf(id) ?? [])),
        manifest: (id, of) => Option.fromUndefinedOr(manifestOf(id, of)),
        crm: (id, connection, of) => {
          const kept = serving(id, of)
          if (kept === undefined) throw new Error(`no plugin "${id}" is loaded`)
          return remoteCrm(kept.running, connection).pipe(
            Layer.provideMerge(Layer.effectDiscard(Effect.acquireRelease(kept.enter, () => kept.leave)))
          )
        },
        switched: Stream.fromPubSub(switches)
      })
      const engine = PluginEngine.of({
        hold,
        held: (pluginId) => [...(slots.get(pluginId)?.versions.values() ?? [])],
        find: (pluginId, digest) => slots.get(pluginId)?.versions.get(digest),
        choose,
        pins: (pluginId) => slots.get(pluginId)?.pins ?? [],
        drop,
        faults,
        log
      })
      return Context.make(Plugins, plugins).pipe(Context.add(PluginEngine, engine))
    })
  )

/** Counts who holds a version; `unused` wakes whoever waits for the last of them to go. */
const counting = Effect.fnUntraced(function* (running: RunningPlugin, scope: Scope.Closeable) {
  let seats = 0
  let gone = yield* Deferred.make<void>()
  return {
    running,
    scope,
    seats: () => seats,
    enter: Effect.sync(() => void (seats += 1)),
    leave: Effect.suspend(() => {
      seats -= 1
      if (seats > 0) return Effect.void
      const waited = gone
      gone = Deferred.makeUnsafe()
      return Effect.asVoid(Deferred.succeed(waited, undefined))
    }),
    unused: Effect.suspend(() => (seats === 0 ? Effect.void : Deferred.await(gone)))
  } satisfies Kept
})
