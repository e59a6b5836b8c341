/**
 * Lets the event loop turn. Whoever calls `take` goes on at once if the loop turned a moment ago, else after it did.
 */
const longestMs = 2

export class Breath {
  #lastTurn = 0
  #waiting: Array<() => void> = []

  take(go: () => void): void {
    if (this.#waiting.length === 0 && performance.now() - this.#lastTurn < longestMs) return go()
    if (this.#waiting.push(go) === 1) setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#lastTurn = performance.now()
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }
}
