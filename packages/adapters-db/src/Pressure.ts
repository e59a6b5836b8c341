/**
 * Tells whether webhooks come faster than jobs should be started beside them.
 *
 * Intake and jobs share one thread. A flood is made durable first and worked off after: while it lasts, jobs are
 * started one at a time and with a pause, so that answering a webhook never waits behind a backlog of work.
 */
const windowMs = 50
/** 2,000 webhooks a second; below it the two get along. */
const manyInWindow = 100
/** Long enough that a moment in which the machine had no time for us is not taken for the end. */
const calmAfterMs = 500
const pauseMs = 100

export class Pressure {
  #windowStart = 0
  #count = 0
  #highUntil = 0

  received(count: number): void {
    const now = performance.now()
    if (now - this.#windowStart > windowMs) {
      this.#windowStart = now
      this.#count = 0
    }
    this.#count += count
    if (this.#count >= manyInWindow) this.#highUntil = now + calmAfterMs
  }

  get isHigh(): boolean {
    return performance.now() < this.#highUntil
  }

  /** One pause between two jobs; real time, because it is the machine that is short of it. */
  pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
