/**
 * Who holds a job that waits as `held`, by its reason. A job is let go by what held it and by nothing else: a switch
 * that goes on frees nothing that a person, a review or the choice of case types holds.
 */

/** A move of the CRM away from a terminal status waits for a person, and pushes of the case with it. */
export const inReview = "the CRM left a terminal status: in review"

/** A status that waits until the firm said how status sync goes on. */
export const askedHowToResume = "the firm is asked how to resume"

export const statusNotEffective = "status sync is not effective"

/** Documents wait in the CRM until the firm has room for one of the largest. */
export const quotaFull = "the firm's room for documents is used up"

const notSelectedEnd = "is not selected for sending"

export const notSelected = (caseType: string): string => `the case type "${caseType}" ${notSelectedEnd}`

export type Holder = "switch" | "selector" | "review" | "quota" | "person"

const switches: ReadonlyArray<string> = [
  askedHowToResume,
  statusNotEffective,
  "integration-disabled",
  "receive-disabled"
]

export const holderOf = (reason: string | null): Holder => {
  if (reason === null) return "person"
  if (reason === inReview) return "review"
  if (reason === quotaFull) return "quota"
  if (reason.endsWith(notSelectedEnd)) return "selector"
  return switches.includes(reason) || /^"[A-Z][^"]*" is off$/.test(reason) ? "switch" : "person"
}
