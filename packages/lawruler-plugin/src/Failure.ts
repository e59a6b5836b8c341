/** Short names for the failures of a call. A message says which call and what came, never a record's data. */
import * as Reason from "@casewire/core/ports/Crm"
import { wire } from "./WireProfile.ts"

const unreachable = (message: string) => new Reason.CrmError({ reason: new Reason.CrmUnreachable({ message }) })
export const outcomeUnknown = (message: string) =>
  new Reason.CrmError({ reason: new Reason.CrmOutcomeUnknown({ message }) })
const rateLimited = () => new Reason.CrmError({ reason: new Reason.CrmRateLimited({ until: null }) })
export const authFailed = (message: string) => new Reason.CrmError({ reason: new Reason.CrmAuthFailed({ message }) })
export const notFound = (message: string) => new Reason.CrmError({ reason: new Reason.CrmNotFound({ message }) })
export const refused = (message: string) => new Reason.CrmError({ reason: new Reason.CrmRefused({ message }) })
export const answerInvalid = (message: string) =>
  new Reason.CrmError({ reason: new Reason.CrmAnswerInvalid({ message }) })

/**
 * A failure inside an answer with status 200, by its words. One that nobody knows says nothing about the record: a read
 * may be asked again, and after a write it must be looked what became of it.
 */
export const ofWords = (text: string, call: string, changes: boolean): Reason.CrmError => {
  const words = text.slice(0, 500)
  if (wire.keyRefused.test(words)) return authFailed(`${call} says that the key or login is not accepted`)
  if (wire.leadNotFound.test(words)) return notFound(`${call} does not know the lead`)
  if (!changes) return answerInvalid(`${call} answered that it failed`)
  return (wire.plainRefusal.test(words) ? refused : outcomeUnknown)(`${call} answered that it failed`)
}

/** The HTTP statuses that mean the same for every call; `undefined` where the body must be read. */
export const ofStatus = (status: number, call: string, changes: boolean): Reason.CrmError | undefined => {
  if (status === 429) return rateLimited()
  if (status >= 500) return (changes ? outcomeUnknown : unreachable)(`${call} answered ${status}`)
  if (status === 401 || status === 403) return authFailed(`${call} answered ${status}`)
  if (status === 404) return unreachable(`${call} answered 404`)
  if (status >= 300) return refused(`${call} answered ${status}`)
  return undefined
}
