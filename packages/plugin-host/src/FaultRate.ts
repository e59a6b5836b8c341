/**
 * When a version that was switched to is taken back by itself: pure, from what was counted. Only the plugin's own faults
 * count (crashes, missed deadlines, answers outside the contract); a CRM that is down is no reason to change a plugin.
 */

export interface Counted {
  readonly calls: number
  readonly faults: number
}

/** Fewer faults than this say nothing yet. */
export const fewestFaults = 3

/** Three faults, and a rate more than twice as high as the version before had. */
export const isWorse = (before: Counted, now: Counted): boolean =>
  now.faults >= fewestFaults && rate(now) > 2 * rate(before)

/** A crash between calls is a fault without a call. */
const rate = ({ calls, faults }: Counted): number => (faults === 0 ? 0 : faults / Math.max(calls, faults))
