/**
 * What the two sides call the statuses of a case: the same in a plain firm, linked names in another. Said here once more
 * and in other words than the core's, so that the checks do not rest on what they check.
 */
import { sameStatus } from "@casewire/core/domain/StatusSync"
import type { StatusLink } from "@casewire/core/domain/StatusLinks"
import { statuses } from "./CrmMachine.ts"

export interface Words {
  readonly links: ReadonlyArray<StatusLink>
  /** What people on our side may choose. */
  readonly platform: ReadonlyArray<string>
  /** How a status of the CRM is shown here. */
  readonly shown: (crm: string) => string
  /** How a status of the platform is written there. */
  readonly written: (platform: string) => string
}

const same = (name: string): string => name

export const plainWords: Words = { links: [], platform: statuses, shown: same, written: same }

/**
 * One link of each kind: two names for one thing, a name that only comes in, and one that only goes out. "Lost" can be
 * chosen here and has no name there, "New" needs no link.
 */
export const linkedWords: Words = {
  links: [
    { platform: "In touch", crm: "Contacted", direction: "both" },
    { platform: "Retained", crm: "Signed", direction: "both" },
    { platform: "Lost", crm: "Declined", direction: "from-crm" },
    { platform: "Closed", crm: "Declined", direction: "to-crm" }
  ],
  platform: ["New", "New", "In touch", "In touch", "Retained", "Retained", "Closed", "Closed", "Lost"],
  shown: (crm) => ({ Contacted: "In touch", Signed: "Retained", Declined: "Lost" })[crm] ?? crm,
  written: (platform) => ({ "In touch": "Contacted", Retained: "Signed", Closed: "Declined" })[platform] ?? platform
}

/** Whether the sides agree: what is shown is the CRM's status, or the CRM's status is what was written for it. */
export const agrees = (words: Words, platform: string | null, crm: string): boolean =>
  platform !== null && (sameStatus(platform, words.shown(crm)) || sameStatus(words.written(platform), crm))
