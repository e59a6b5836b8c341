/** Short names for the failures of a call. A message says which call and what came, never a record's data. */
import * as Reason from "@casewire/core/ports/Crm"

export const unreachable = (message: string) => new Reason.CrmError({ reason: new Reason.CrmUnreachable({ message }) })
export const outcomeUnknown = (message: string) =>
  new Reason.CrmError({ reason: new Reason.CrmOutcomeUnknown({ message }) })
export const rateLimited = () => new Reason.CrmError({ reason: new Reason.CrmRateLimited({ until: null }) })
export const authFailed = (message: string) => new Reason.CrmError({ reason: new Reason.CrmAuthFailed({ message }) })
export const notFound = (message: string) => new Reason.CrmError({ reason: new Reason.CrmNotFound({ message }) })
export const refused = (message: string) => new Reason.CrmError({ reason: new Reason.CrmRefused({ message }) })
export const answerInvalid = (message: string) =>
  new Reason.CrmError({ reason: new Reason.CrmAnswerInvalid({ message }) })

/** The HTTP statuses that mean the same for every call; `undefined` where the body must be read. */
export const ofStatus = (status: number, call: string, changes: boolean): Reason.CrmError | undefined => {
  if (status === 429) return rateLimited()
  if (status >= 500) return (changes ? outcomeUnknown : unreachable)(`${call} answered ${status}`)
  if (status === 401 || status === 403) return authFailed(`${call} answered ${status}`)
  if (status === 404) return unreachable(`${call} answered 404`)
  if (status >= 300) return refused(`${call} answered ${status}`)
  return undefined
}
