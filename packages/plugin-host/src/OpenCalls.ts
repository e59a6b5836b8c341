/**
 * The calls that are under way in one thread. A request of the plugin goes out in the name of one of them: through that
 * connection's own door, with its priority and its last check before a change, and no longer than the call lives.
 *
 * So the host knows of every call whether anything that changes something left for the CRM in its name, and can tell
 * "nothing happened" from "it may have happened" when the plugin dies.
 */
import { BeforeChange, type CrmHttp, type CrmRequest, type CrmResponse } from "@casewire/core/ports/CrmHttp"
import { CrmError, CrmOriginRefused, CrmRefused } from "@casewire/core/ports/Crm"
import { Cause, Clock, Context, Deferred, Effect, Exit, Scope } from "effect"
import { CallClock } from "./CallClock.ts"

export interface OpenCall {
  readonly id: number
  readonly clock: CallClock
  /** Whether something that changes the CRM may have left. */
  readonly mayHaveChanged: () => boolean
  /** A defect of the host's own that the plugin only passed on. */
  readonly ownDefect: () => Cause.Cause<never> | undefined
}

interface Entry extends OpenCall {
  readonly handle: string
  readonly http: CrmHttp["Service"]
  readonly context: Context.Context<never>
  readonly ended: Deferred.Deferred<never, CrmError>
  requests: number
  changed: boolean
  defect: Cause.Cause<never> | undefined
}

export interface OpenCalls {
  readonly send: (of: {
    readonly call: number
    readonly handle: string
    readonly request: CrmRequest
  }) => Effect.Effect<CrmResponse, CrmError>
  /** A call of that seat, under way until the scope closes. */
  readonly open: (of: {
    readonly handle: string
    readonly http: CrmHttp["Service"]
  }) => Effect.Effect<OpenCall, never, Scope.Scope>
}

export const makeOpenCalls = (requestsPerCall: number): OpenCalls => {
  const open = new Map<number, Entry>()
  let last = 0

  const begin: OpenCalls["open"] = Effect.fnUntraced(function* ({ handle, http }) {
    last += 1
    const entry: Entry = {
      id: last,
      handle,
      http,
      context: yield* Effect.context<never>(),
      ended: yield* Deferred.make<never, CrmError>(),
      clock: new CallClock(yield* Clock.currentTimeMillis),
      requests: 0,
      changed: false,
      defect: undefined,
      mayHaveChanged: () => entry.changed,
      ownDefect: () => entry.defect
    }
    open.set(entry.id, entry)
    yield* Effect.addFinalizer(() => {
      open.delete(entry.id)
      return Deferred.interrupt(entry.ended)
    })
    return entry
  })

  const send: OpenCalls["send"] = Effect.fnUntraced(function* ({ call, handle, request }) {
    const entry = open.get(call)
    if (entry === undefined || entry.handle !== handle) return yield* refused("a request belongs to a call under way")
    entry.requests += 1
    if (entry.requests > requestsPerCall)
      return yield* new CrmError({
        reason: new CrmRefused({ message: "the plugin made too many requests in one call" })
      })
    entry.clock.requestBegins(yield* Clock.currentTimeMillis)
    return yield* entry.http.send(request).pipe(
      // Set right before it leaves, so that a call that waits for its slot when the plugin dies did nothing.
      Effect.updateService(BeforeChange, (before) =>
        Effect.tap(before, () => Effect.sync(() => void (entry.changed = true)))
      ),
      Effect.provideContext(entry.context),
      Effect.raceFirst(Deferred.await(entry.ended)),
      Effect.onExit((exit) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          entry.clock.requestEnds(now)
          if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) entry.defect = exit.cause as Cause.Cause<never>
        })
      )
    )
  })

  return { open: begin, send }
}

const refused = (message: string) =>
  Effect.fail(new CrmError({ reason: new CrmOriginRefused({ field: "call", message }) }))
