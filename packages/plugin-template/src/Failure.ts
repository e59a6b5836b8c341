/** Short names for the failures of a call. A message says which call and what came, never a record's data. */
import * as Reason from "@casewire/core/ports/Crm"

const failure = (reason: Reason.CrmError["reason"]) => new Reason.CrmError({ reason })

export const answerInvalid = (message: string) => failure(new Reason.CrmAnswerInvalid({ message }))
export const authFailed = (message: string) => failure(new Reason.CrmAuthFailed({ message }))
const notFound = (message: string) => failure(new Reason.CrmNotFound({ message }))
export const refused = (message: string) => failure(new Reason.CrmRefused({ message }))
export const outcomeUnknown = (message: string) => failure(new Reason.CrmOutcomeUnknown({ message }))
const unreachable = (message: string) => failure(new Reason.CrmUnreachable({ message }))
export const unsupported = (capability: string, message: string) =>
  failure(new Reason.CrmUnsupported({ capability, message }))

/** An answer that cannot be read. After a write it says nothing about what became of it. */
export const unreadable = (call: string, changes: boolean) =>
  (changes ? outcomeUnknown : answerInvalid)(`${call} answered unreadably`)

/** What an HTTP status means for every call; nothing where the body must be read. Rate limits never come here. */
export const ofStatus = (status: number, call: string, changes: boolean): Reason.CrmError | undefined => {
  if (status >= 500) return (changes ? outcomeUnknown : unreachable)(`${call} answered ${status}`)
  if (status === 401 || status === 403) return authFailed(`${call} answered ${status}`)
  if (status === 404) return notFound(`${call} answered 404`)
  if (status >= 300) return refused(`${call} answered ${status}`)
  return undefined
}
