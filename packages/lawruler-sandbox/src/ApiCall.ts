/**
 * One call to either imitated API, ready to be decided: the portal, the request
 * with its body read, and the time. Handlers are plain functions from this to an
 * outcome; firing webhooks and wire faults happen around them.
 */
import type { Option } from "effect"
import type { Answer } from "./Answer.ts"
import type { Lead } from "./Lead.ts"
import type { Portal } from "./Portal.ts"
import type { Form, Request } from "./Request.ts"

export interface ApiCall {
  readonly portal: Portal
  readonly request: Request
  /** None: the body claims to be a form and is broken. */
  readonly form: Option.Option<Form>
  readonly now: number
}

export interface Outcome {
  readonly answer: Answer
  /** The lead whose status this call changed; its webhook rows fire. */
  readonly fires?: Lead
}

/** What a call is, for the call log, the rate limit and the faults. */
export interface Operation {
  readonly name: string
  /** Further names a fault may use. */
  readonly aliases: ReadonlyArray<string>
  readonly leadId: number | undefined
  /** Reads can answer another lead's record wholesale; writes only its number. */
  readonly reads: boolean
  readonly run: (call: ApiCall) => Outcome
  /** The failure of this API that hides inside a 200. */
  readonly failure: (reason: string) => Answer
  /** The same call about another lead. */
  readonly about: (call: ApiCall, leadId: number) => ApiCall
}

export const outcome = (answer: Answer, fires?: Lead): Outcome => (fires === undefined ? { answer } : { answer, fires })
