/**
 * What a connection may call of its CRM, and what of it is used: the check that is shown with those of the plugin. The
 * plugin cannot make it, because the host counts the calls, over all connections of one account.
 */
import type { CrmCheck } from "../ports/Crm.ts"
import type { Budget } from "../ports/Queue.ts"
import type { Instant } from "./Ids.ts"

export interface CallUsage {
  /** Calls in the window that ends now, since the host started. */
  readonly used: number
  /** Calls that wait for their slot. */
  readonly waiting: number
  /** Until when the CRM asked for no more calls; null where it did not. */
  readonly refusedUntil: Instant | null
}

export const callLimitRange = { minimum: 1, maximum: 100_000 }

/** With less than this part left, whatever comes next waits. */
const nearlyUsedUp = 0.1

/** Never required: a connection whose budget is used up works, and waits. */
export const callBudgetCheck = (
  budget: Budget,
  isOwn: boolean,
  { refusedUntil, used, waiting }: CallUsage,
  now: Instant
): CrmCheck => {
  const left = Math.max(0, budget.calls - used)
  const isRefused = refusedUntil !== null && refusedUntil > now
  const isShort = left < budget.calls * nearlyUsedUp
  const limit = `${budget.calls} calls ${windowWords(budget.windowMs)}${isOwn ? ", as set for this connection" : ""}`
  const spent = `${used} used, ${left} left${waiting === 0 ? "" : `, ${waiting} waiting`}`
  const advice = isRefused
    ? `. The CRM asked for no more calls for ${Math.ceil((refusedUntil - now) / 1000)} s. Where this happens often, enter the limit that the firm was given, or ask for a higher one.`
    : isShort
      ? ". It is nearly used up, so what comes next waits. Ask the CRM's support for a higher limit and enter it here."
      : ""
  return {
    name: "call-budget",
    label: "Call budget",
    required: false,
    ok: !isRefused && !isShort,
    detail: `${limit}; ${spent}${advice}`
  }
}

const windowWords = (ms: number): string =>
  ms === 3_600_000 ? "an hour" : ms === 60_000 ? "a minute" : ms === 1000 ? "a second" : `in ${ms / 1000} s`
