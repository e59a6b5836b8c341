/**
 * One version of a plugin that runs: its thread, started again after a pause when it ended by itself, and the calls to
 * it. Every call has a deadline and an answer, also when the thread dies while it is under way.
 *
 * While there is no thread, calls fail with `CrmPluginUnavailable` at once and their jobs wait. A call that was under
 * way ends as `CrmOutcomeUnknown` where something that changes the CRM may have left, else as `CrmPluginFault`.
 */
import { CrmError, CrmOutcomeUnknown, CrmPluginFault, CrmPluginUnavailable } from "@casewire/core/ports/Crm"
import type { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Cause, Clock, Deferred, Effect, Exit, Schema, Scope } from "effect"
import { pastDeadline } from "./CallClock.ts"
import { makeOpenCalls, type OpenCall } from "./OpenCalls.ts"
import { PluginLimits } from "./PluginLimits.ts"
import type { LogLevel, Seat } from "./PluginRpcs.ts"
import { type PluginClient, type PluginThread, startThread, ThreadEnd } from "./PluginThread.ts"
import type { PluginVersion } from "./PluginVersion.ts"

/** What a plugin did wrong by itself; an outage of the CRM is none of these. */
export type FaultKind = "crashed" | "hung" | "memory" | "flood" | "deadline" | "undecodable" | "defect"

export interface PluginFault {
  readonly kind: FaultKind
  readonly message: string
}

class DeadlinePassed extends Schema.TaggedError<DeadlinePassed>()("DeadlinePassed", { operation: Schema.String }) {}

/** One call: which thread to ask is decided when it begins. */
export interface Ask {
  readonly seat: Seat
  readonly http: CrmHttp["Service"]
  readonly operation: string
  /** The call that it belongs to, where it is a part of one. */
  readonly within?: LongCall
}

/** A call of many questions: all go to the thread in which it began. */
export interface LongCall {
  readonly call: OpenCall
  readonly thread: PluginThread
}

export interface RunningPlugin {
  readonly version: PluginVersion
  readonly state: () => "serving" | "waiting" | "stopped"
  readonly restarts: () => number
  readonly faults: () => number
  /** Calls that were made, whatever became of them. */
  readonly calls: () => number
  readonly inFlight: () => number
  readonly ask: <A>(
    of: Ask,
    invoke: (client: PluginClient, place: { readonly seat: Seat; readonly call: number }) => Effect.Effect<A, unknown>
  ) => Effect.Effect<A, CrmError>
  /** Begins a call of many questions, under way until the scope closes. */
  readonly begin: (of: Pick<Ask, "seat" | "http">) => Effect.Effect<LongCall, CrmError, Scope.Scope>
  /** Tells the thread something that needs no answer. */
  readonly tell: (what: (client: PluginClient) => Effect.Effect<void, unknown>) => Effect.Effect<void>
  /** Ends the thread for good. */
  readonly stop: Effect.Effect<void>
}

export interface RunningHost {
  readonly bootstrap: string
  readonly log: (level: LogLevel, text: string) => void
  readonly onFault: (fault: PluginFault) => Effect.Effect<void>
}

/**
 * Starts the version; fails when its first thread does not say hello. Patiently: it is waited for like after a crash. It
 * ends with the scope.
 */
export const startPlugin = Effect.fn("RunningPlugin.start")(function* (
  version: PluginVersion,
  host: RunningHost,
  isPatient = false
): Effect.fn.Return<RunningPlugin, ThreadEnd, Scope.Scope> {
  const limits = yield* PluginLimits
  const calls = makeOpenCalls(limits.requestsPerCall)
  const scope = yield* Effect.scope
  let current: PluginThread | undefined
  let isStopped = false
  let restarts = 0
  let faults = 0
  let inFlight = 0
  let made = 0

  const fault = (kind: FaultKind, message: string) =>
    Effect.suspend(() => {
      faults += 1
      host.log("error", `${kind}: ${message}`)
      return host.onFault({ kind, message })
    })

  /** A thread in a scope of its own, which ends with it. */
  const begin = Effect.gen(function* () {
    const own = yield* Scope.fork(scope, "sequential")
    const thread = yield* startThread(version, { ...host, send: calls.send }).pipe(
      Scope.provide(own),
      Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(own, exit) : Effect.void))
    )
    return { thread, own, since: yield* Clock.currentTimeMillis }
  }).pipe(
    // Seen under full load, one start in a hundred: a thread that was started and never ran. Another one does.
    Effect.tapError(({ message }) => Effect.sync(() => host.log("warning", `a thread did not start: ${message}`))),
    Effect.retry({ times: 2, while: (end) => end.cause === "hung" })
  )

  type Begun = Effect.Success<typeof begin>

  let inARow = 0
  /** Starts it again until it runs, with growing pauses. */
  const again = Effect.gen(function* () {
    for (;;) {
      yield* Effect.sleep(Math.min(limits.restartMs * 2 ** Math.min(inARow - 1, 20), limits.longestRestartMs))
      restarts += 1
      const exit = yield* Effect.exit(begin)
      if (Exit.isSuccess(exit)) return exit.value
      inARow += 1
      yield* fault("crashed", `it does not start: ${wordsOf(exit.cause)}`)
    }
  })

  const supervise = Effect.fnUntraced(function* (first: Begun | undefined) {
    let running = first ?? (yield* again)
    for (;;) {
      current = running.thread
      const end = yield* Effect.flip(Deferred.await(running.thread.ended))
      current = undefined
      yield* Effect.forkIn(Scope.close(running.own, Exit.void), scope)
      if (isStopped) return
      const lived = (yield* Clock.currentTimeMillis) - running.since
      inARow = lived >= limits.healthyMs ? 1 : inARow + 1
      yield* fault(end.cause === "stopped" ? "crashed" : end.cause, end.message)
      running = yield* again
      host.log("info", `started again (restart ${restarts})`)
    }
  })

  const first = yield* Effect.exit(begin)
  if (Exit.isFailure(first)) {
    if (!isPatient) return yield* Effect.failCause(first.cause)
    inARow = 1
    yield* fault("crashed", `it does not start: ${wordsOf(first.cause)}`)
  } else current = first.value.thread
  yield* Effect.forkIn(supervise(Exit.isSuccess(first) ? first.value : undefined), scope)

  const unavailable = new CrmError({
    reason: new CrmPluginUnavailable({ message: "the plugin is being started again" })
  })

  /** What a call that did not end by the contract means for whoever made it. */
  const verdict = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>, call: OpenCall, operation: string) {
    if (Cause.hasInterruptsOnly(cause)) return yield* Effect.failCause(cause as Cause.Cause<never>)
    const own = call.ownDefect()
    if (own !== undefined) return yield* Effect.failCause(own)
    const failure = Cause.squash(cause)
    if (failure instanceof CrmError && !isHosts(failure)) return yield* failure
    const [kind, message] = judged(failure, operation)
    // The end of the thread is one fault, however many calls it ends.
    if (kind !== "ended") yield* fault(kind, message)
    if (call.mayHaveChanged())
      return yield* new CrmError({ reason: new CrmOutcomeUnknown({ message: `the plugin failed: ${message}` }) })
    if (failure instanceof ThreadEnd && failure.cause === "stopped") return yield* unavailable
    return yield* new CrmError({ reason: new CrmPluginFault({ message }) })
  })

  const beginCall: RunningPlugin["begin"] = Effect.fnUntraced(function* ({ http, seat }) {
    const thread = current
    if (thread?.isAlive() !== true) return yield* unavailable
    return { call: yield* calls.open({ handle: seat.handle, http }), thread }
  })

  const ask: RunningPlugin["ask"] = ({ http, operation, seat, within }, invoke) =>
    Effect.gen(function* () {
      const { call, thread } = within ?? (yield* beginCall({ http, seat }))
      if (thread !== current || !thread.isAlive()) return yield* unavailable
      const limitMs = operation === "decode" ? limits.decodeMs : limits.callMs
      if (within !== undefined) call.clock.restart(yield* Clock.currentTimeMillis)
      inFlight += 1
      made += 1
      return yield* invoke(thread.client, { seat, call: call.id }).pipe(
        Effect.raceFirst(Deferred.await(thread.ended)),
        Effect.raceFirst(
          Effect.andThen(pastDeadline(call.clock, limitMs), Effect.fail(new DeadlinePassed({ operation })))
        ),
        Effect.catchCause((cause) => verdict(cause, call, operation)),
        Effect.ensuring(Effect.sync(() => (inFlight -= 1)))
      )
    }).pipe(Effect.scoped)

  const stop = Effect.suspend(() => {
    isStopped = true
    return current === undefined ? Effect.void : current.stop
  })
  yield* Effect.addFinalizer(() => stop)

  return {
    version,
    state: () => (isStopped ? "stopped" : current?.isAlive() === true ? "serving" : "waiting"),
    restarts: () => restarts,
    faults: () => faults,
    calls: () => made,
    inFlight: () => inFlight,
    begin: beginCall,
    ask,
    tell: (what) =>
      Effect.suspend(() => (current?.isAlive() === true ? what(current.client) : Effect.void)).pipe(
        Effect.timeout(1000),
        Effect.ignore,
        Effect.forkIn(scope),
        Effect.asVoid
      ),
    stop
  }
})

const wordsOf = (cause: Cause.Cause<ThreadEnd>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error ? failure.message : "unknown"
}

/** Reasons that only the host gives: from a plugin they would let its jobs wait for ever, uncounted. */
const isHosts = ({ reason }: CrmError): boolean =>
  reason._tag === "CrmPluginUnavailable" || reason._tag === "CrmPluginFault"

const judged = (failure: unknown, operation: string): readonly [FaultKind | "ended", string] => {
  if (failure instanceof ThreadEnd) return ["ended", `it ended during "${operation}" (${failure.cause})`]
  if (failure instanceof DeadlinePassed) return ["deadline", `"${operation}" took too long`]
  if (Schema.isSchemaError(failure)) return ["undecodable", `the answer to "${operation}" does not fit the contract`]
  if (failure instanceof CrmError)
    return ["undecodable", `"${operation}" answered with a reason that only the host gives`]
  return ["defect", `"${operation}" ended with a defect`]
}
