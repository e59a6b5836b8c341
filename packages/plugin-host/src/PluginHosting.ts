/**
 * `PluginHost` of this process: swaps one at a time for each plugin, each of them in the host's own scope, so that whoever
 * asked for it may go away; roll-back to what served before; and the start, which brings up what the pins say.
 */
import { newId } from "@casewire/core/domain/Ids"
import { type PluginDigest, type Swap, SwapId } from "@casewire/core/domain/PluginSwap"
import { rejected, type PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { PluginHost, type RunningVersion, type SwapEvent, type SwapRequest } from "@casewire/core/ports/PluginHost"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import type { RecentReceipts } from "@casewire/core/RecentReceipts"
import { Cause, Clock, Deferred, Effect, Exit, Layer, Option, Queue, Stream } from "effect"
import { PluginEngine } from "./PluginEngine.ts"
import { PluginShelf } from "./PluginShelf.ts"
import type { PluginSource } from "./PluginSource.ts"
import { defaultSwap, runSwap, type SwapOptions } from "./SwapRun.ts"

/** Where each plugin comes from, by its id where that is known, in the order of the operator's list. */
export interface HostedSource {
  readonly source: PluginSource
  readonly pluginId?: string
}

export interface HostingOptions {
  readonly sources: ReadonlyArray<HostedSource>
  readonly swap?: SwapOptions
}

export const layer = (
  options: HostingOptions
): Layer.Layer<PluginHost, never, PluginEngine | PluginShelf | PluginStore | RecentReceipts> =>
  Layer.effect(PluginHost, make(options))

interface Underway {
  readonly superseded: Deferred.Deferred<void>
  readonly ended: Deferred.Deferred<void>
  isWatching: boolean
}

const make = Effect.fnUntraced(function* ({ sources, swap: options = defaultSwap }: HostingOptions) {
  const engine = yield* PluginEngine
  const shelf = yield* PluginShelf
  const store = yield* PluginStore
  const services = yield* Effect.context<PluginEngine | PluginShelf | PluginStore | RecentReceipts>()
  const scope = yield* Effect.scope
  const underway = new Map<string, Underway>()
  const sourceOf = new Map<string, PluginSource>()

  const record = Effect.fnUntraced(function* (request: SwapRequest, kind: Swap["kind"]) {
    const { by, confirmed, pluginId, reason, share, version } = request
    const to = yield* store.version(pluginId, version)
    if (Option.isNone(to))
      return yield* rejected("version-unknown", `No version of "${pluginId}" with that digest is kept.`)
    const present = servingOf(pluginId, share)
    const from = present === null ? Option.none() : yield* store.version(pluginId, present)
    return {
      id: SwapId.make(yield* newId),
      pluginId,
      kind,
      from: present,
      to: version,
      fromVersion: Option.match(from, { onNone: () => null, onSome: (kept) => kept.version }),
      toVersion: to.value.version,
      share,
      by,
      reason,
      diff: [],
      confirmed,
      steps: [],
      result: "running",
      refusal: null,
      startedAt: yield* Clock.currentTimeMillis,
      endedAt: null
    } satisfies Swap
  })

  /** What serves those who shall be moved. */
  const servingOf = (pluginId: string, share: SwapRequest["share"]): PluginDigest | null => {
    const pins = engine.pins(pluginId)
    const firm = share[0]
    return (
      (firm === undefined
        ? undefined
        : pins.find(({ target }) => target._tag === "Firm" && target.firmId === firm)?.digest) ??
      pins.find(({ target }) => target._tag === "Everyone")?.digest ??
      null
    )
  }

  /** Waits out nothing but a watch: that one is ended by a swap that follows. */
  const claim = Effect.fnUntraced(function* (pluginId: string) {
    const present = underway.get(pluginId)
    if (present !== undefined) {
      if (!present.isWatching) return yield* rejected("swap-running", `"${pluginId}" is being replaced already.`)
      yield* Deferred.succeed(present.superseded, undefined)
      yield* Deferred.await(present.ended)
    }
    const mine: Underway = {
      superseded: yield* Deferred.make<void>(),
      ended: yield* Deferred.make<void>(),
      isWatching: false
    }
    if (underway.has(pluginId)) return yield* rejected("swap-running", `"${pluginId}" is being replaced already.`)
    underway.set(pluginId, mine)
    return mine
  })

  const perform = (
    request: SwapRequest,
    kind: Swap["kind"],
    queue: Queue.Queue<SwapEvent, PluginRejected | Cause.Done>
  ) =>
    Effect.gen(function* () {
      const mine = yield* claim(request.pluginId)
      yield* Effect.gen(function* () {
        const swap = yield* record(request, kind)
        yield* store.record(swap)
        yield* Queue.offer(queue, { _tag: "Begun", id: swap.id })
        const tell = (event: SwapEvent) =>
          Effect.suspend(() => {
            if (event._tag === "Done") mine.isWatching = true
            return Effect.andThen(Queue.offer(queue, event), event._tag === "Done" ? Queue.end(queue) : Effect.void)
          })
        const isRollback = kind !== "swap"
        const done = yield* runSwap({ swap, request, isRollback, options, tell, superseded: mine.superseded })
        if (done.refusal !== undefined) return yield* done.refusal
        if (done.end === "taken back") yield* recordTakenBack(done.swap)
      }).pipe(
        Effect.ensuring(
          Effect.suspend(() => {
            underway.delete(request.pluginId)
            return Deferred.succeed(mine.ended, undefined)
          })
        )
      )
    }).pipe(
      Effect.matchCauseEffect({
        onSuccess: () => Queue.end(queue),
        onFailure: (cause) => Queue.failCause(queue, cause)
      }),
      Effect.provideContext(services)
    )

  /** The host's own roll-back, so that the history has it beside those of people. */
  const recordTakenBack = Effect.fnUntraced(function* (swap: Swap) {
    if (swap.from === null || swap.fromVersion === null) return
    const now = yield* Clock.currentTimeMillis
    const last = swap.steps.at(-1)
    yield* store.record({
      ...swap,
      id: SwapId.make(yield* newId),
      kind: "automatic roll-back",
      from: swap.to,
      to: swap.from,
      fromVersion: swap.toVersion,
      toVersion: swap.fromVersion,
      by: "host",
      reason: last?.detail ?? "the new version proved faulty",
      diff: [],
      confirmed: [],
      steps: [],
      result: "done",
      refusal: null,
      startedAt: now,
      endedAt: now
    })
  })

  const streamed = (request: Effect.Effect<SwapRequest, PluginRejected>, kind: Swap["kind"]) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const asked = yield* request
        const queue = yield* Queue.unbounded<SwapEvent, PluginRejected | Cause.Done>()
        yield* Effect.forkIn(perform(asked, kind, queue), scope)
        return Stream.fromQueue(queue)
      })
    )

  /** Whether the history knows what became of a version; one that nobody saw the end of is not decided. */
  const wasDecided = (pluginId: string, digest: PluginDigest) =>
    Effect.map(store.swaps({ pluginId, limit: 1000 }), (swaps) =>
      swaps.some(({ from, result, to }) => from === digest || (to === digest && result !== "interrupted"))
    )

  /** Every plugin at its pinned version; one without a pin is taken from its source, and serves everyone. */
  const start = Effect.fnUntraced(function* ({ pluginId, source }: HostedSource) {
    const taken = yield* Effect.exit(shelf.take(source, "host", pluginId))
    const id = Exit.isSuccess(taken) ? taken.value.version.manifest.id : pluginId
    if (id === undefined) return yield* Effect.logError(`The plugin of ${source.location} cannot be read`, taken)
    sourceOf.set(id, source)
    const pins = yield* store.pins(id)
    if (pins.length > 0) {
      const held = yield* Effect.forEach([...new Set(pins.map(({ digest }) => digest))], (digest) =>
        shelf.open(id, digest).pipe(
          Effect.flatMap(({ version }) => engine.hold(version, { patiently: true })),
          Effect.as(digest),
          Effect.catchCause((cause) => Effect.as(Effect.logError(`A version of ${id} cannot be opened`, cause), null))
        )
      )
      const good = pins.filter(({ digest }) => held.includes(digest))
      if (good.some(({ target }) => target._tag === "Everyone")) {
        yield* engine.choose(id, good)
        if (Exit.isFailure(taken)) return yield* Effect.logError(`The source of ${id} cannot be read`, taken.cause)
        // The source has another version than the one that served last: it comes in by the same steps as any other.
        const { digest } = taken.value.kept
        if (good.some((pin) => pin.target._tag === "Everyone" && pin.digest === digest)) return
        // What was replaced, taken back or refused before stays so until a person wants it again.
        if (yield* wasDecided(id, digest)) return
        const request = {
          pluginId: id,
          version: digest,
          by: "host",
          reason: "its source has another version",
          share: [],
          confirmed: []
        }
        const queue = yield* Queue.unbounded<SwapEvent, PluginRejected | Cause.Done>()
        yield* Effect.forkIn(perform(request, "swap", queue), scope)
        return void (yield* Effect.forkIn(
          Effect.catchCause(Stream.runDrain(Stream.fromQueue(queue)), (cause) =>
            Effect.logWarning(`The source of ${id} has another version, which does not serve`, cause)
          ),
          scope
        ))
      }
    }
    if (Exit.isFailure(taken)) return yield* Effect.logError(`The plugin ${id} cannot be loaded`, taken.cause)
    const { version } = taken.value
    const pin = { pluginId: id, target: { _tag: "Everyone" }, digest: taken.value.kept.digest } as const
    yield* engine.hold(version, { patiently: true })
    yield* store.pin(pin)
    yield* engine.choose(id, [...engine.pins(id).filter(({ target }) => target._tag !== "Everyone"), pin])
  })

  // A host that ended in the middle of a swap: what was pinned serves, and the history says that nobody saw the end.
  const interrupted = yield* store.swaps({ results: ["running"], limit: 1000 })
  for (const swap of interrupted)
    yield* store.record({ ...swap, result: "interrupted", endedAt: yield* Clock.currentTimeMillis })
  yield* Effect.forEach(sources, (source) => Effect.orDie(start(source)), { concurrency: "unbounded" })

  /** What served those firms before the last swap that moved them. */
  const before = Effect.fnUntraced(function* (pluginId: string, share: SwapRequest["share"]) {
    const present = servingOf(pluginId, share)
    const past = yield* store.swaps({ pluginId, results: ["done", "running"], limit: 1000 })
    const last = past.find(({ from, to }) => to === present && from !== null && from !== present)
    if (last?.from === undefined || last.from === null)
      return yield* rejected("version-unknown", `No version of "${pluginId}" served before.`)
    return last.from
  })

  return PluginHost.of({
    running: (pluginId) =>
      Effect.sync(() =>
        engine.held(pluginId).map(({ running, seats }): RunningVersion => {
          const { digest, manifest } = running.version
          const isPinned = engine.pins(pluginId).some((pin) => pin.digest === digest)
          const state = running.state()
          return {
            digest: digest as PluginDigest,
            version: manifest.version,
            state: state === "waiting" ? "waiting" : isPinned ? "serving" : seats() > 0 ? "draining" : "starting",
            inFlight: running.inFlight(),
            restarts: running.restarts(),
            faults: running.faults()
          }
        })
      ),
    reread: Effect.fn("PluginHosting.reread")(function* (pluginId, by) {
      const source = sourceOf.get(pluginId)
      if (source === undefined)
        return yield* rejected("package-unknown", `The host has no source for the plugin "${pluginId}".`)
      return (yield* shelf.take(source, by, pluginId)).kept
    }),
    take: (bytes, name, by) => Effect.map(shelf.takeBytes(bytes, name, by), ({ kept }) => kept),
    swap: (request) => streamed(Effect.succeed(request), "swap"),
    rollback: ({ version, ...request }) =>
      streamed(
        Effect.map(version === null ? before(request.pluginId, request.share) : Effect.succeed(version), (digest) => ({
          ...request,
          version: digest,
          confirmed: []
        })),
        "roll-back"
      ),
    logs: (pluginId, given) => engine.log.read(pluginId, given)
  })
})
