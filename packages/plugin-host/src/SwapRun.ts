/**
 * One swap from its first step to its end: does what each step means, goes on by the table, and keeps the history's
 * record true at every step, so that also a host that dies in the middle leaves behind how far it came.
 */
import type { DiffLine } from "@casewire/core/domain/DiffLine"
import { PluginRejected, type PluginRefusalCode, rejected } from "@casewire/core/domain/PluginRefusal"
import type { KeptVersion, Pin, Swap, SwapStep, SwapStepName } from "@casewire/core/domain/PluginSwap"
import { admit } from "@casewire/core/PluginAdmission"
import { pluginDiff } from "@casewire/core/PluginDiff"
import type { SwapEvent, SwapRequest } from "@casewire/core/ports/PluginHost"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { RecentReceipts } from "@casewire/core/RecentReceipts"
import { Cause, Clock, Deferred, Effect, Exit, PubSub, Result, type Scope } from "effect"
import { type Counted, isWorse } from "./FaultRate.ts"
import { movedPins } from "./MovedPins.ts"
import { type Held, PluginEngine } from "./PluginEngine.ts"
import { PluginLimits } from "./PluginLimits.ts"
import { PluginShelf } from "./PluginShelf.ts"
import type { PluginVersion } from "./PluginVersion.ts"
import { selfTest } from "./SelfTest.ts"
import { shadowDecode } from "./ShadowDecode.ts"
import { type Happening, next, type SwapEnd, type Undo } from "./SwapTable.ts"

export interface SwapOptions {
  /** How long a version that was switched to may be taken back by itself. */
  readonly graceMs: number
  /** How many receipts are decoded by both versions. */
  readonly shadowReceipts: number
}

export const defaultSwap: SwapOptions = { graceMs: 60_000, shadowReceipts: 100 }

/** What confirms that receipts are read in another way than before. */
export const shadowKey = "shadow-differs"

export interface SwapTask {
  readonly swap: Swap
  readonly request: SwapRequest
  readonly isRollback: boolean
  readonly options: SwapOptions
  readonly tell: (event: SwapEvent) => Effect.Effect<void>
  /** Completed when another swap of the plugin wants to begin. */
  readonly superseded: Deferred.Deferred<void>
}

interface Outcome {
  readonly happening: Happening
  readonly detail: string | null
  readonly refusal?: PluginRejected
}

export interface SwapResult {
  readonly swap: Swap
  readonly end: SwapEnd
  readonly refusal: PluginRejected | undefined
}

export const runSwap = Effect.fn("SwapRun.run")(function* (task: SwapTask) {
  const engine = yield* PluginEngine
  const limits = yield* PluginLimits
  const recent = yield* RecentReceipts
  const shelf = yield* PluginShelf
  const store = yield* PluginStore
  const { isRollback, options, request } = task
  const { pluginId } = request
  let swap = task.swap
  const pinsBefore = engine.pins(pluginId)
  const oldDigest = swap.from
  const old = oldDigest === null ? undefined : engine.find(pluginId, oldDigest)
  const wasRunning = engine.find(pluginId, request.version) !== undefined
  /** What served somebody before and serves nobody any more: `old`, and whatever single firms had been moved to. */
  const replaced = () =>
    [...new Set(pinsBefore.map(({ digest }) => digest))]
      .filter((digest) => digest !== request.version && !isPinned(engine.pins(pluginId), digest))
      .flatMap((digest) => engine.find(pluginId, digest) ?? [])
  const worse = yield* Deferred.make<string>()
  let verified: PluginVersion | undefined
  let fresh: Held | undefined
  let freshBefore: Counted = { calls: 0, faults: 0 }

  const save = (change: Partial<Swap>) => Effect.suspend(() => store.record((swap = { ...swap, ...change })))

  const note = Effect.fnUntraced(function* (step: SwapStepName, state: SwapStep["state"], detail: string | null) {
    const told: SwapStep = { step, state, at: yield* Clock.currentTimeMillis, detail }
    yield* save({ steps: [...swap.steps, told] })
    yield* task.tell({ _tag: "Step", step: told })
  })

  const pinTo = Effect.fnUntraced(function* (pins: ReadonlyArray<Pin>) {
    const present = yield* store.pins(pluginId)
    for (const pin of pins) yield* store.pin(pin)
    for (const { target } of present)
      if (!pins.some((pin) => sameTarget(pin.target, target))) yield* store.unpin(pluginId, target)
    yield* engine.choose(pluginId, pins)
  })

  /** From the switch on: the new version's own faults, counted against what the old one had. */
  const countFaults = Effect.gen(function* () {
    // Without a version before there is none to go back to.
    if (old === undefined) return
    const before: Counted = { calls: old.running.calls(), faults: old.running.faults() }
    const faults = yield* PubSub.subscribe(engine.faults)
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        for (;;) {
          const { digest, fault } = yield* PubSub.take(faults)
          if (digest !== request.version || fresh === undefined) continue
          const now = {
            calls: fresh.running.calls() - freshBefore.calls,
            faults: fresh.running.faults() - freshBefore.faults
          }
          if (isWorse(before, now))
            yield* Deferred.succeed(worse, `${now.faults} faults in ${now.calls} calls, the last: ${fault.message}`)
        }
      })
    )
  })

  const steps: Record<SwapStepName, Effect.Effect<Outcome, unknown, Scope.Scope>> = {
    verify: Effect.gen(function* () {
      const offered = yield* shelf.open(pluginId, request.version)
      verified = offered.version
      const serving = oldDigest === null ? null : yield* keptOf(oldDigest)
      // Whatever widens by going back to what served before was confirmed when that version came.
      const confirmed =
        isRollback && (yield* servedBefore)
          ? pluginDiff(serving?.manifest ?? null, offered.kept.manifest).map(({ key }) => key)
          : request.confirmed
      const admitted = admit({ serving, offered: offered.kept, confirmed, isRollback })
      if (Result.isFailure(admitted)) return refusedBy(admitted.failure)
      yield* save({ diff: admitted.success })
      return passed(summary(admitted.success))
    }),
    start: Effect.gen(function* () {
      if (verified === undefined) return failedWith("start-failed", "It was not verified.")
      const began = yield* Clock.currentTimeMillis
      const held = yield* Effect.exit(engine.hold(verified))
      if (Exit.isFailure(held)) return failedWith("start-failed", `It does not start: ${wordsOf(held.cause)}.`)
      fresh = held.value
      return passed(`up in ${(yield* Clock.currentTimeMillis) - began} ms`)
    }),
    "self-test": Effect.suspend(() =>
      fresh === undefined
        ? Effect.succeed(failedWith("self-test-failed", "It does not run."))
        : Effect.match(selfTest(fresh.running), {
            onSuccess: () => passed(null),
            onFailure: ({ message }) => failedWith("self-test-failed", `The self-test failed: ${message}.`)
          })
    ),
    shadow: Effect.gen(function* () {
      if (old === undefined || fresh === undefined || old === fresh) return skipped("no other version to compare with")
      if (old.running.state() !== "serving") return skipped("the version before does not run")
      const receipts = yield* recent.of(pluginId, options.shadowReceipts)
      const { compared, differences } = yield* shadowDecode(old.running, fresh.running, receipts)
      if (compared === 0) return skipped("no receipts to compare")
      if (differences.length === 0) return passed(`${compared} receipts, read alike`)
      const found = `Of ${compared} receipts ${differences.length} are read in another way: ${differences.slice(0, 20).join("; ")}.`
      return isRollback || request.confirmed.includes(shadowKey)
        ? passed(found)
        : refusedBy(rejected("shadow-differs", found, [shadowKey]))
    }),
    switch: Effect.gen(function* () {
      if (fresh === undefined) return failedWith("switch-failed", "It does not run.")
      freshBefore = { calls: fresh.running.calls(), faults: fresh.running.faults() }
      yield* countFaults
      const moved = yield* Effect.exit(pinTo(movedPins(pluginId, pinsBefore, request.share, request.version)))
      return Exit.isSuccess(moved)
        ? passed(request.share.length === 0 ? "serves everyone" : `serves ${request.share.length} firms`)
        : failedWith("switch-failed", `It could not be switched to: ${wordsOf(moved.cause)}.`)
    }),
    drain: Effect.suspend(() => {
      const ending = replaced()
      if (ending.length === 0) return Effect.succeed(nothingReplaced())
      return Effect.forEach(ending, ({ unused }) => unused, { concurrency: "unbounded", discard: true }).pipe(
        Effect.as(passed(null)),
        Effect.timeoutOrElse({
          duration: limits.drainMs,
          orElse: () =>
            Effect.succeed(
              failedWith(
                "drain-failed",
                `${ending.reduce((sum, { seats }) => sum + seats(), 0)} connections were still at work after ${limits.drainMs} ms.`
              )
            )
        })
      )
    }),
    stop: Effect.suspend(() => {
      const ending = replaced()
      return ending.length === 0
        ? Effect.succeed(nothingReplaced())
        : Effect.as(
            Effect.forEach(ending, ({ running }) => engine.drop(pluginId, running.version.digest)),
            passed(null)
          )
    }),
    watch: Deferred.await(task.superseded).pipe(
      Effect.as(skipped("another swap began")),
      Effect.timeoutOrElse({ duration: options.graceMs, orElse: () => Effect.succeed(passed(null)) })
    )
  }

  const servedBefore = Effect.map(store.swaps({ pluginId, limit: 1000 }), (swaps) =>
    swaps.some(({ from, id, result, to }) =>
      id === swap.id ? false : from === request.version || (to === request.version && result === "done")
    )
  )

  const nothingReplaced = () =>
    skipped(old === undefined || old === fresh ? "no version before" : "the version before serves others")

  const keptOf = Effect.fnUntraced(function* (digest: KeptVersion["digest"]) {
    const found = yield* store.version(pluginId, digest)
    return found._tag === "Some" ? found.value : null
  })

  const undo: Record<Undo, Effect.Effect<unknown, unknown>> = {
    "switch-back": Effect.suspend(() => pinTo(pinsBefore)),
    "start-old": Effect.suspend(() =>
      // All that the pins before name, not only the version that was compared with.
      Effect.forEach(
        pinsBefore.filter(({ digest }) => engine.find(pluginId, digest) === undefined),
        ({ digest }) =>
          engine.find(pluginId, digest) === undefined
            ? Effect.flatMap(shelf.open(pluginId, digest), ({ version }) => engine.hold(version, { patiently: true }))
            : Effect.void
      )
    ),
    "stop-new": Effect.suspend(() =>
      // It ran before this swap, for others: it is not this swap's to end.
      wasRunning || isPinned(engine.pins(pluginId), request.version)
        ? Effect.void
        : Effect.andThen(
            fresh === undefined ? Effect.void : Effect.timeoutOption(fresh.unused, 5000),
            engine.drop(pluginId, request.version)
          )
    )
  }

  const isAfterSwitch = (step: SwapStepName) => step === "drain" || step === "stop" || step === "watch"

  let step: SwapStepName = "verify"
  let refusal: PluginRejected | undefined
  for (;;) {
    yield* note(step, "begun", null)
    const work: Effect.Effect<Outcome, never, Scope.Scope> = steps[step].pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause as Cause.Cause<never>)
          : Effect.succeed(outcomeOf(step, cause))
      )
    )
    const outcome: Outcome = yield* isAfterSwitch(step)
      ? Effect.raceFirst(
          work,
          Effect.map(Deferred.await(worse), (detail): Outcome => ({ happening: "faulty", detail }))
        )
      : work
    yield* note(step, outcome.happening === "faulty" ? "failed" : outcome.happening, outcome.detail)
    const turn = next(step, outcome.happening)
    for (const what of turn.undo)
      yield* Effect.catchCause(undo[what], (cause) => Effect.logError(`A swap could not ${what}`, cause))
    refusal = outcome.refusal
    if (turn.to === "watch") yield* task.tell({ _tag: "Done", digest: request.version })
    if (turn.to === "done" || turn.to === "failed" || turn.to === "taken back") {
      const endedAt = yield* Clock.currentTimeMillis
      const result = turn.to === "failed" && step === "verify" ? "refused" : turn.to
      yield* save({
        result,
        endedAt,
        refusal: refusal === undefined ? null : { code: refusal.code, message: refusal.message }
      })
      return { swap, end: turn.to, refusal } satisfies SwapResult
    }
    step = turn.to
  }
}, Effect.scoped)

const passed = (detail: string | null): Outcome => ({ happening: "passed", detail })
const skipped = (detail: string): Outcome => ({ happening: "skipped", detail })
const refusedBy = (refusal: PluginRejected): Outcome => ({ happening: "failed", detail: refusal.message, refusal })
const failedWith = (code: PluginRefusalCode, found: string): Outcome => refusedBy(rejected(code, found))

/** The name under which a step fails that ended in no other way. */
const codes: Readonly<Record<SwapStepName, PluginRefusalCode>> = {
  verify: "version-unknown",
  start: "start-failed",
  "self-test": "self-test-failed",
  shadow: "shadow-differs",
  switch: "switch-failed",
  drain: "drain-failed",
  stop: "drain-failed",
  watch: "drain-failed"
}

const outcomeOf = (step: SwapStepName, cause: Cause.Cause<unknown>): Outcome => {
  const failure = Cause.squash(cause)
  return failure instanceof PluginRejected
    ? refusedBy(failure)
    : failedWith(codes[step], `The step "${step}" failed: ${wordsOf(cause)}.`)
}

const wordsOf = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error ? failure.message.slice(0, 300) : "unknown"
}

const summary = (diff: ReadonlyArray<DiffLine>): string =>
  diff.length === 0 ? "nothing changes in the manifest" : `${diff.length} lines differ`

const isPinned = (pins: ReadonlyArray<Pin>, digest: string | null): boolean => pins.some((pin) => pin.digest === digest)

const sameTarget = (one: Pin["target"], other: Pin["target"]): boolean => JSON.stringify(one) === JSON.stringify(other)
