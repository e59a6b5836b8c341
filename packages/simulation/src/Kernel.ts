/**
 * One seeded loop that is scheduler, clock and randomness of everything that runs in a simulation.
 *
 * Among the tasks that may run it takes a random one; when none may, the earliest timer fires and the clock jumps to
 * it. Tasks and timers have an owner, so that a crash can drop all that a process had in hand and nothing else.
 */
import { LastId } from "@casewire/core/domain/Ids"
import { Heap } from "@casewire/core/memory/Heap"
import { Clock, Context, Duration, Effect, Logger, Random, References, Scheduler } from "effect"
import type { Dice } from "./Dice.ts"
import { Violation } from "./Violation.ts"

/** Who owns a task or a timer: the world, or a host's process by its number. */
export type Owner = number
export const world: Owner = 0

interface Timer {
  readonly at: number
  readonly number: number
  readonly owner: Owner
  run: (() => void) | null
}

/** Monday, 6 January 2025, noon UTC. */
const start = 1_736_164_800_000

export class Kernel {
  now = start
  steps = 0
  readonly lines: Array<string> = []
  /** How far the host's clock on the wall is ahead of the world's time; what it measures by itself is always right. */
  #skewMs = 0
  /** The latest time that the wall has shown. */
  latestWall = start
  /** Told when the clock on the wall was set. */
  onJump: () => void = () => {}
  /** Told of every log line of error level: what it says and its cause. */
  onLog: (text: string) => void = () => {}
  readonly #dice: Dice
  readonly #budget: number
  readonly #timers = new Heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.number < b.number))
  readonly #dead = new Set<Owner>()
  #tasks: Array<{ readonly owner: Owner; readonly run: () => void }> = []
  #numbers = 0

  constructor(dice: Dice) {
    this.#dice = dice
    // How many operations a fiber may do before another may go on: few in some runs, so that it is cut anywhere.
    this.#budget = dice.pick([8, 64, 256, 1024])
  }

  /** The first invariant that was broken; the run ends with the step in which it was. */
  violation: Violation | undefined
  /** Notes a broken invariant. To be thrown where it was found: what runs there must not go on. */
  violated(invariant: string, text: string): Violation {
    this.violation ??= new Violation(invariant, text)
    this.note(`BROKEN ${invariant}: ${text}`)
    return this.violation
  }

  get wall(): number {
    return this.now + this.#skewMs
  }
  /** Sets the host's clock: from now on it is so much ahead of the world, or behind it. */
  setClock(skewMs: number): void {
    if (skewMs === this.#skewMs) return
    this.latestWall = Math.max(this.latestWall, this.wall, this.now + skewMs)
    this.note(
      `host   the clock goes ${skewMs > this.#skewMs ? "forward" : "back"} by ${Math.abs(skewMs - this.#skewMs)} ms`
    )
    this.#skewMs = skewMs
    this.onJump()
  }

  note(text: string): void {
    this.lines.push(`${((this.now - start) / 1000).toFixed(3).padStart(10)}  ${text}`)
  }

  at(delayMs: number, run: () => void, owner: Owner = world): () => void {
    const timer: Timer = { at: this.now + Math.max(0, Math.ceil(delayMs)), number: this.#numbers++, owner, run }
    this.#timers.push(timer)
    return () => (timer.run = null)
  }

  post(run: () => void, owner: Owner): void {
    if (!this.#dead.has(owner)) this.#tasks.push({ owner, run })
  }

  /** Runs one task, or moves the clock; false when nothing is left to do. */
  step(): boolean {
    this.steps += 1
    if (this.#tasks.length > 0) {
      const index = this.#tasks.length === 1 ? 0 : this.#dice.below(this.#tasks.length)
      const task = this.#tasks[index]!
      this.#tasks[index] = this.#tasks.at(-1)!
      this.#tasks.pop()
      task.run()
      return true
    }
    for (let timer = this.#timers.pop(); timer !== undefined; timer = this.#timers.pop()) {
      if (timer.run === null || this.#dead.has(timer.owner)) continue
      this.now = Math.max(this.now, timer.at)
      timer.run()
      return true
    }
    return false
  }

  /** Drops all that an owner was about to do, for good. */
  crash(owner: Owner): void {
    this.#dead.add(owner)
    this.#tasks = this.#tasks.filter((task) => task.owner !== owner)
  }

  /** What a process runs with: this loop as its scheduler, clock, randomness and log. */
  contextOf(owner: Owner, measuresByWall = false): Context.Context<never> {
    const dice = this.#dice
    const elapsed = () => BigInt((measuresByWall ? this.wall : this.now) - start) * 1_000_000n
    let budget = this.#budget
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => {
        if (fiber.currentOpCount < budget) return false
        budget = this.#budget + dice.below(this.#budget * 2)
        return true
      },
      makeDispatcher: () => ({ scheduleTask: (run) => this.post(run, owner), flush: () => {} })
    }
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => this.wall,
      currentTimeMillis: Effect.sync(() => this.wall),
      currentTimeNanosUnsafe: () => BigInt(this.wall) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(this.wall) * 1_000_000n),
      monotonicTimeNanosUnsafe: elapsed,
      monotonicTimeNanos: Effect.sync(elapsed),
      sleep: (duration) =>
        Effect.callback<void>((resume) => {
          const cut = this.at(Duration.toMillis(duration), () => this.post(() => resume(Effect.void), owner), owner)
          return Effect.sync(cut)
        })
    }
    const random = {
      nextDoubleUnsafe: () => dice.next(),
      nextIntUnsafe: () => Math.floor((dice.next() - 0.5) * Number.MAX_SAFE_INTEGER)
    }
    const logger = Logger.make(({ cause, logLevel, message }) => {
      if (logLevel === "Error") this.onLog(`${String(message)} ${String(cause)}`)
    })
    return Context.empty().pipe(
      Context.add(Scheduler.Scheduler, scheduler),
      Context.add(Clock.Clock, clock),
      Context.add(Random.Random, random),
      Context.add(Logger.CurrentLoggers, new Set([logger])),
      Context.add(References.TracerEnabled, false),
      Context.add(LastId, { ms: 0, counter: 0 })
    ) as Context.Context<never>
  }

  /** Of every line: two runs of one seed that differ anywhere differ here. */
  hash(): string {
    let high = 0x811c9dc5
    let low = 0x01000193
    for (const line of this.lines)
      for (let i = 0; i < line.length; i++) {
        const code = line.charCodeAt(i)
        high = Math.imul(high ^ code, 0x01000193)
        low = Math.imul(low + code, 0x85ebca6b) ^ (low >>> 13)
      }
    return [high, low, this.steps].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("")
  }
}
