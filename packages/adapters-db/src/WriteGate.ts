/**
 * The one gate before the one write connection. Whoever holds it may open a transaction; first come, first served.
 *
 * A waiter is woken in a microtask of its own, so that a long queue of waiters does not become a deep stack. The intake
 * does not wait in line: its batch runs while the gate changes hands, before the next waiter gets it.
 */
export class WriteGate {
  #isHeld = false
  readonly #waiting: Array<() => void> = []
  #between: (() => void) | undefined

  /** True if the gate was free and is now the caller's. */
  tryTake(): boolean {
    if (this.#isHeld) return false
    this.#isHeld = true
    return true
  }

  /** Calls `taken` once the gate is the caller's. */
  take(taken: () => void): void {
    if (this.tryTake()) taken()
    else this.#waiting.push(taken)
  }

  /** Runs `work` once, under the gate, when its present holder leaves. */
  runBetween(work: () => void): void {
    this.#between = work
  }

  release(): void {
    const between = this.#between
    this.#between = undefined
    between?.()
    const next = this.#waiting.shift()
    if (next === undefined) this.#isHeld = false
    else queueMicrotask(next)
  }
}
