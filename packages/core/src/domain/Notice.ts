/**
 * Which line of a case's history the firm's own tools are told about, and what they are told. Provisional data triggers
 * nothing: a case is told of when a read has confirmed it, or when what was reported counts without one.
 */
import { type Case, type CaseEvent, isConflict, isLinked } from "./Case.ts"
import type { HookType, PlatformEventName } from "./Subscription.ts"

export interface Notice {
  readonly type: PlatformEventName
  readonly data: Readonly<Record<string, unknown>>
}

/** What a line of the history tells, or nothing. `of` is the case as the line's writer held it. */
export const noticeOf = (of: Case, event: CaseEvent): Notice | undefined => {
  const { after, before, cause, field, kind } = event
  if (isConflict(event))
    return {
      type: "conflict_recorded",
      data: { conflictId: event.id, kind, cause, ...(field === undefined ? {} : { field }) }
    }
  const isHint = of.standing === "provisional" || of.standing === "quarantined"
  if (kind === "standing-changed") return standingNotice(event)
  if (kind === "note-sent")
    return { type: "note_sent", data: { jobId: cause, notes: after === null || after === "" ? [] : after.split(" ") } }
  if (isHint) return undefined
  switch (kind) {
    case "created":
      return { type: "case_created", data: { cause } }
    case "status-applied":
      // A case that is being made holds its first status when it is told of.
      return before === null && of.standing === "verified" ? undefined : statusNotice(event)
    case "status-edited":
      return statusNotice(event)
    case "client-changed":
      return { type: "client_updated", data: { cause } }
    case "field-edited":
    case "field-applied":
      return { type: "case_updated", data: { changed: [`values.${field ?? ""}`], cause } }
    case "details-changed":
    case "linked":
      return { type: "case_updated", data: { changed: namesIn(before, after, kind), cause } }
    default:
      return undefined
  }
}

const statusNotice = ({ after, before, cause, kind }: CaseEvent): Notice => ({
  type: "case_status_changed",
  data: { before, after, origin: kind === "status-edited" ? "platform" : "crm", cause }
})

const standingNotice = ({ after, before, cause }: CaseEvent): Notice | undefined => {
  const wasHint = before === "provisional" || before === "quarantined"
  if (after === "provisional" || after === "quarantined") return undefined
  return wasHint
    ? { type: "case_created", data: { cause } }
    : { type: "case_updated", data: { changed: ["standing"], after, cause } }
}

/** Names alone: what a field holds is a client's own and is fetched by the API. */
const namesIn = (before: string | null, after: string | null, kind: string): ReadonlyArray<string> =>
  kind === "linked"
    ? ["link"]
    : [...new Set([before, after].flatMap((text) => (text === null ? [] : Object.keys(JSON.parse(text)))))]

/** What every webhook says about the case it is about. */
export const caseFacts = (of: Case): Readonly<Record<string, unknown>> => ({
  caseId: of.id,
  clientId: of.clientId,
  connectionId: isLinked(of) ? of.connectionId : null,
  externalCaseId: isLinked(of) ? of.externalId : null,
  caseType: of.caseType.name
})

/** The body that is signed and sent, byte for byte the same at every attempt. */
export const hookBody = (type: HookType, at: string, data: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ type, timestamp: at, data })
