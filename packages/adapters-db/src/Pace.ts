/**
 * Call slots of CRM accounts, and ticks. Slots are counted from a base, so that a rounded interval never puts one call
 * too many into a window.
 */
import type { Kysely } from "kysely"
import type { Budget } from "@casewire/core/ports/Queue"
import type { Tables } from "./Tables.ts"

export const reserveSlot = async (
  db: Kysely<Tables>,
  options: {
    readonly account: string
    readonly budget: Budget
    readonly now: number
    readonly notBefore?: number
    readonly calls?: 0 | 1
  }
): Promise<number> => {
  const { account, budget, calls: take = 1, notBefore = 0, now } = options
  const known = await db.selectFrom("budgets").selectAll().where("account", "=", account).executeTakeFirst()
  const next = known === undefined ? now : known.base + Math.ceil((known.taken * known.window_ms) / known.calls)
  const slot = Math.max(now, next, Math.ceil(notBefore))
  const isOn =
    known !== undefined && slot === next && known.calls === budget.calls && known.window_ms === budget.windowMs
  const row = isOn
    ? { ...known, taken: known.taken + take }
    : { account, base: slot, taken: take, calls: budget.calls, window_ms: budget.windowMs }
  await db
    .insertInto("budgets")
    .values(row)
    .onConflict((conflict) => conflict.column("account").doUpdateSet(row))
    .execute()
  return slot
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
