/**
 * Who gets the next call slot of a CRM account: the most urgent of those that wait, and among equals the first.
 *
 * At most one slot is reserved ahead for an account, so a person's request that comes behind a hundred bulk calls waits
 * for the slot under way and the one after it. Slots are asked for a little slower than the CRM allows, so that a call
 * that is sent late does not fall into one window with those after it.
 */
import { type Cause, Clock, Deferred, Effect, type Scope } from "effect"
import type { CallUsage } from "@casewire/core/domain/CallBudget"
import type { Instant } from "@casewire/core/domain/Ids"
import { CrmError, CrmRateLimited } from "@casewire/core/ports/Crm"
import { CallPriority } from "@casewire/core/ports/CrmHttp"
import type { Budget, Queue } from "@casewire/core/ports/Queue"

export interface CallSlots {
  /**
   * Returns when a call may leave, or fails where that is further away than anybody waits. The budget is asked for again
   * when the slot is reserved: a limit that changes while a call waits counts for it.
   */
  readonly awaitSlot: (account: string, budget: Effect.Effect<Budget>) => Effect.Effect<void, CrmError>
  /** The CRM refused: no call of the account leaves before. */
  readonly refusedUntil: (account: string, budget: Budget, until: Instant) => Effect.Effect<void>
  /** What left in the window that ends now. */
  readonly usage: (account: string, windowMs: number) => Effect.Effect<CallUsage>
}

interface Waiting {
  readonly priority: number
  readonly budget: Effect.Effect<Budget>
  readonly granted: Deferred.Deferred<void, CrmError>
}

interface Account {
  readonly name: string
  /** Most urgent first. */
  readonly waiting: Array<Waiting>
  isServed: boolean
  /** The slot that is reserved and not given to anybody yet. */
  slot: Instant
  /** What a refusal said; a slot before it is of no use any more. */
  notBefore: Instant
  /** When calls left, oldest first, as far back as anybody looks. */
  readonly left: Array<Instant>
}

/** A window is taken for so much longer than it is: of 60 s, calls may be late by 0.6 s. */
const slack = 1.01
const paced = ({ calls, windowMs }: Budget): Budget => ({ calls, windowMs: Math.ceil(windowMs * slack) })

export const makeCallSlots = (queue: Queue["Service"], longestWaitMs: number, scope: Scope.Scope): CallSlots => {
  const accounts = new Map<string, Account>()
  const accountOf = (name: string): Account => {
    const known = accounts.get(name)
    if (known !== undefined) return known
    const account: Account = { name, waiting: [], isServed: false, slot: 0, notBefore: 0, left: [] }
    accounts.set(name, account)
    return account
  }

  const tooFar = (until: Instant) => new CrmError({ reason: new CrmRateLimited({ until }) })

  /** Serves an account until nobody waits. What goes wrong with our own store goes wrong for all who wait. */
  const serve = Effect.fnUntraced(function* (account: Account) {
    for (;;) {
      const next = account.waiting[0]
      // In one step with the look at who waits, so that nobody comes between and is forgotten.
      if (next === undefined) return void (account.isServed = false)
      const now = yield* Clock.currentTimeMillis
      const budget = paced(yield* next.budget)
      account.slot = yield* queue.reserve(account.name, budget, { notBefore: account.notBefore })
      if (account.slot - now > longestWaitMs)
        for (const { granted } of account.waiting.splice(0)) yield* Deferred.fail(granted, tooFar(account.slot))
      if (account.slot > now) yield* Effect.sleep(account.slot - now)
      if (account.slot < account.notBefore) continue
      const first = account.waiting.shift()
      if (first === undefined) continue
      remember(account, Math.max(now, account.slot), budget.windowMs)
      yield* Deferred.succeed(first.granted, undefined)
    }
  })

  const giveUp = (account: Account, cause: Cause.Cause<never>) =>
    Effect.suspend(() => {
      account.isServed = false
      return Effect.forEach(account.waiting.splice(0), ({ granted }) => Deferred.failCause(granted, cause), {
        discard: true
      })
    })

  const awaitSlot = Effect.fnUntraced(function* (name: string, given: Effect.Effect<Budget>) {
    const account = accountOf(name)
    const budget = paced(yield* given)
    const priority = yield* CallPriority
    const now = yield* Clock.currentTimeMillis
    const ahead = account.waiting.filter((other) => other.priority <= priority).length
    const likely = Math.max(now, account.slot, account.notBefore) + Math.ceil((ahead * budget.windowMs) / budget.calls)
    if (likely - now > longestWaitMs) return yield* tooFar(likely)
    const waiting: Waiting = { priority, budget: given, granted: Deferred.makeUnsafe() }
    account.waiting.splice(ahead, 0, waiting)
    if (!account.isServed) {
      account.isServed = true
      yield* Effect.forkIn(
        Effect.onError(serve(account), (cause) => giveUp(account, cause)),
        scope
      )
    }
    yield* Deferred.await(waiting.granted).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          const index = account.waiting.indexOf(waiting)
          if (index >= 0) account.waiting.splice(index, 1)
        })
      )
    )
  })

  const refusedUntil = Effect.fnUntraced(function* (name: string, budget: Budget, until: Instant) {
    const account = accountOf(name)
    account.notBefore = Math.max(account.notBefore, until)
    yield* queue.reserve(name, paced(budget), { notBefore: until, calls: 0 })
  })

  const usage = Effect.fnUntraced(function* (name: string, windowMs: number) {
    const account = accountOf(name)
    const now = yield* Clock.currentTimeMillis
    return {
      used: account.left.filter((at) => at > now - windowMs).length,
      waiting: account.waiting.length,
      refusedUntil: account.notBefore > now ? account.notBefore : null
    }
  })

  return { awaitSlot, refusedUntil, usage }
}

const remember = ({ left }: Account, at: Instant, windowMs: number): void => {
  left.push(at)
  // Many at a time, because taking the first of an array moves all others.
  const old = left.findIndex((earlier) => earlier > at - windowMs)
  if (old > 1000 || old * 2 > left.length) left.splice(0, old)
}
