/**
 * How long a plugin itself has been at work on one call. It stands still while a request of the call is with the host:
 * waiting for a call slot or for a slow CRM is no fault of the plugin.
 */
import { Clock, Effect } from "effect"

export class CallClock {
  #spent = 0
  #since: number
  #requests = 0

  constructor(now: number) {
    this.#since = now
  }

  requestBegins(now: number): void {
    if (this.#requests === 0) this.#spent += now - this.#since
    this.#requests += 1
  }

  requestEnds(now: number): void {
    this.#requests -= 1
    if (this.#requests === 0) this.#since = now
  }

  /** A new element of a stream is a new piece of work. */
  restart(now: number): void {
    this.#spent = 0
    this.#since = now
  }

  spent(now: number): number {
    return this.#spent + (this.#requests === 0 ? Math.max(0, now - this.#since) : 0)
  }
}

/** Returns when the plugin has taken so long; an answer that is on its way at that moment may still arrive. */
export const pastDeadline = Effect.fnUntraced(function* (clock: CallClock, limitMs: number) {
  for (;;) {
    const left = limitMs - clock.spent(yield* Clock.currentTimeMillis)
    if (left <= 0) break
    yield* Effect.sleep(left)
  }
  yield* Effect.sleep(Math.min(100, limitMs))
})
