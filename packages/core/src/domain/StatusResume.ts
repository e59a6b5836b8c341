/**
 * Turning status sync back on: what may be sent, what is asked, and what the answers mean.
 *
 * While the outbound half is off, local edits are held. When it could run again and something waits, the firm is asked.
 * "From now on" lets the sides stay apart until one of them changes: it moves an epoch on the connection, in one step
 * for any number of cases, and each case moves its baselines when it is next looked at. "Replay" sends what waits,
 * each row compared with the CRM's value that was frozen in the plan.
 */
import type { Case } from "./Case.ts"
import type { Connection } from "./Connection.ts"
import { type TwoWay } from "./Merge.ts"
import { sameStatus, statusKey } from "./StatusSync.ts"
import { isFieldSyncEffective, isStatusOutboundEffective } from "./Toggles.ts"

/** Whether status pushes may leave: the switches are on, and nothing waits for an answer. */
export const isOutboundEffective = (connection: Connection): boolean =>
  isStatusOutboundEffective(connection.toggles) && connection.statusOffSince === undefined

/** Whether the firm has to say how to resume. */
export const isAsked = (connection: Connection): boolean =>
  isStatusOutboundEffective(connection.toggles) && connection.statusOffSince !== undefined

/**
 * The connection after its switches changed. `waiting` says whether status pushes are held: with none, there is nothing
 * to ask and the sides just go on by the merge table. Mapped fields ask nothing: they catch up once they are synced again.
 */
export const afterToggles = (before: Connection, changed: Connection, waiting: boolean, now: number): Connection => {
  const isBack = !isFieldSyncEffective(before.toggles) && isFieldSyncEffective(changed.toggles)
  const after = isBack ? { ...changed, fieldCatchUpDue: now } : changed
  const was = isStatusOutboundEffective(before.toggles)
  const is = isStatusOutboundEffective(after.toggles)
  if (!is) return was && after.statusOffSince === undefined ? { ...after, statusOffSince: now } : after
  if (waiting) return { ...after, statusOffSince: after.statusOffSince ?? after.createdAt }
  const { statusOffSince: _, ...settled } = after
  return settled
}

/** The firm chose "from now on". */
export const fromNowOn = (connection: Connection, now: number): Connection => {
  const { statusOffSince, ...resumed } = connection
  const number = (connection.statusEpoch?.number ?? 0) + 1
  return { ...resumed, statusEpoch: { number, apartSince: statusOffSince ?? now } }
}

/** The firm confirmed a plan. */
export const withReplay = (connection: Connection, planId: string): Connection => {
  const { statusOffSince: _, ...resumed } = connection
  return { ...resumed, replayPlan: planId }
}

/** The case with its baselines moved to the connection's epoch; the same value if it is there already. */
export const rebased = (connection: Connection, of: Case): Case => {
  const epoch = connection.statusEpoch
  if (epoch === undefined || (of.statusEpoch ?? 0) >= epoch.number) return of
  const wasSeen = of.verifiedAt !== null && of.verifiedAt >= epoch.apartSince
  const baseCrm = wasSeen ? of.status.seenCrm : of.status.baseCrm
  return {
    ...of,
    statusEpoch: epoch.number,
    baselinePending: !wasSeen && of.status.platform !== null,
    status: { ...of.status, basePlatform: of.status.platform, baseCrm }
  }
}

export type PlanVerdict = "safe" | "would-overwrite-newer" | "same" | "not-mapped" | "missing" | "cannot-tell"

/** What sending a held edit would do, by the CRM's present value. Clocks only inform; values decide. */
export const planVerdict = (options: {
  readonly status: TwoWay
  /** In the CRM's words. */
  readonly target: string
  /** `undefined`: the CRM does not know the case; `null`: it did not say its status. */
  readonly read: string | null | undefined
  /** Names the CRM takes; empty where it cannot list them. */
  readonly known: ReadonlyArray<string>
}): PlanVerdict => {
  const { known, read, status, target } = options
  if (read === undefined) return "missing"
  if (read === null) return "cannot-tell"
  if (sameStatus(read, target)) return "same"
  if (known.length > 0 && !known.some((name) => statusKey(name) === statusKey(target))) return "not-mapped"
  return sameStatus(read, status.baseCrm) ? "safe" : "would-overwrite-newer"
}

/** Whether a row of this verdict is sent when the plan is applied. */
export const isSent = (verdict: PlanVerdict): boolean =>
  verdict === "safe" || verdict === "would-overwrite-newer" || verdict === "same"

/**
 * A replayed row when its turn comes: the CRM must still hold what the plan saw, what the row before it wrote, or the
 * present baseline, which a push that was under way when the plan was made moves when it is done.
 */
export const replayRow = (options: {
  readonly read: string
  readonly expected: string
  readonly baseline: string | null
  readonly target: string
}): "Send" | "Settled" | "Changed" => {
  const { baseline, expected, read, target } = options
  if (sameStatus(read, target)) return "Settled"
  return sameStatus(read, expected) || sameStatus(read, baseline) ? "Send" : "Changed"
}
