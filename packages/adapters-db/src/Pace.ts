/**
 * Call slots of CRM accounts, and ticks. Slots are counted from a base, so that a rounded interval never puts one call
 * too many into a window.
 */
import type { Kysely } from "kysely"
import type { Budget } from "@casewire/core/ports/Queue"
import type { Tables } from "./Tables.ts"

interface Account {
  /** Slots are `base + n * interval`. */
  readonly base: number
  readonly taken: number
  readonly budget: Budget
  /** Up to here the slots are written down as taken, whether they are or not. */
  readonly horizon: number
}

/** A restart costs an account at most this long a wait; in return a call costs no commit. */
const horizonMs = 2_000

/**
 * The accounts' paces, in memory. Only a horizon some way ahead is kept on disk: whatever was taken before a crash lies
 * before it, so no window holds too many calls across a restart either.
 */
export class Pace {
  readonly #accounts = new Map<string, Account>()

  /** The slot, and what must be written down before it is used. */
  take(
    account: string,
    budget: Budget,
    now: number,
    kept: number | undefined,
    options: { readonly notBefore?: number; readonly calls?: 0 | 1 } = {}
  ): { readonly slot: number; readonly horizon: number | undefined } {
    const { calls: take = 1, notBefore = 0 } = options
    const known = this.#accounts.get(account)
    const isSame =
      known !== undefined && known.budget.calls === budget.calls && known.budget.windowMs === budget.windowMs
    const next = known === undefined ? (kept ?? now) : isSame ? nextSlot(known) : slotBehindLast(known, budget)
    const slot = Math.max(now, next, Math.ceil(notBefore))
    const isOn = isSame && slot === next
    const after = isOn
      ? { ...known, taken: known.taken + take }
      : { base: slot, taken: take, budget, horizon: known?.horizon ?? kept ?? 0 }
    const mustKeep = nextSlot(after) > after.horizon
    const horizon = mustKeep ? nextSlot(after) + horizonMs : after.horizon
    this.#accounts.set(account, { ...after, horizon })
    return { slot, horizon: mustKeep ? horizon : undefined }
  }

  has(account: string): boolean {
    return this.#accounts.has(account)
  }
}

const nextSlot = ({ base, budget, taken }: Account): number =>
  base + Math.ceil((taken * budget.windowMs) / budget.calls)

/** A new limit counts from the call before: that one's successor does not wait by the limit of yesterday. */
const slotBehindLast = (known: Account, budget: Budget): number =>
  known.taken === 0
    ? known.base
    : nextSlot({ ...known, taken: known.taken - 1 }) + Math.ceil(budget.windowMs / budget.calls)

export const keptHorizon = async (db: Kysely<Tables>, account: string): Promise<number | undefined> =>
  (await db.selectFrom("budgets").select("base").where("account", "=", account).executeTakeFirst())?.base

export const keepHorizon = async (db: Kysely<Tables>, account: string, horizon: number): Promise<void> => {
  await db
    .insertInto("budgets")
    .values({ account, base: horizon })
    .onConflict((conflict) => conflict.column("account").doUpdateSet({ base: horizon }))
    .execute()
}

export const takeTick = async (db: Kysely<Tables>, name: string, everyMs: number, now: number): Promise<boolean> => {
  const start = Math.floor(now / everyMs) * everyMs
  const last = await db.selectFrom("ticks").select("fired_at").where("name", "=", name).executeTakeFirst()
  if (last !== undefined && last.fired_at >= start) return false
  await db
    .insertInto("ticks")
    .values({ name, fired_at: start })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ fired_at: start }))
    .execute()
  return true
}
