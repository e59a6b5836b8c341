/**
 * Every refusal of the host by name, and which typed error of the core becomes which. The core speaks no HTTP, so
 * statuses and titles stand here and nowhere else. Details name codes and counts, never a value that was sent.
 */
import type { FieldProblem } from "@casewire/core/domain/Receipt"
import type { CaseNotFound } from "@casewire/core/Outbox"
import type { ConflictNotFound } from "@casewire/core/Conflicts"
import type { SubscriptionNotFound } from "@casewire/core/Subscriptions"
import type { ReceiptNotFound } from "@casewire/core/Inbox"
import type { SetupInvalid } from "@casewire/core/Setup"
import type { DocumentNotFound } from "@casewire/core/ports/DocumentStore"
import type { ConnectionNotFound } from "@casewire/core/ports/ConnectionStore"
import type { CrmError } from "@casewire/core/ports/Crm"
import type { Problem } from "@casewire/api/Problem"

/** The names are stable: programs compare `type`, people read `title`. */
const known = {
  "parameter-repeated": [400, "A parameter is given more than once"],
  "request-malformed": [400, "The request is malformed"],
  "body-structure": [400, "The body has not the structure of a flat record"],
  "idempotency-key-mismatch": [400, "The idempotency key and the event's id differ"],
  unauthenticated: [401, "A valid bearer token is needed"],
  "webhook-token-invalid": [401, "The webhook token is not valid"],
  "scope-missing": [403, "The token has not the scope that this needs"],
  "confirmation-required": [403, "What would be lost must be confirmed"],
  "operator-required": [403, "Only the host's operator may do this"],
  "not-found": [404, "There is no such thing"],
  "method-not-allowed": [405, "The method is not allowed here"],
  "already-linked": [409, "The record has its case already"],
  "already-queued": [409, "It is on its way already"],
  "conflict-settled": [409, "The conflict was settled before"],
  "plan-expired": [409, "The plan cannot be used any more"],
  "status-sync-already-on": [409, "Status sync is on, and nothing waits for an answer"],
  "request-timeout": [408, "The request took too long"],
  "body-too-large": [413, "The body is too large"],
  "url-too-long": [414, "The URL is too long"],
  "media-type-unsupported": [415, "The media type is not supported"],
  "file-type-unsupported": [415, "Documents of this type are not taken"],
  "content-encoding-unsupported": [415, "The content encoding is not supported"],
  "expectation-failed": [417, "The expectation cannot be met"],
  "file-content-mismatch": [422, "The content is not what the name says"],
  "request-invalid": [422, "The request does not fit"],
  "webhook-fields-invalid": [422, "Required webhook fields are missing or invalid"],
  "connection-invalid": [422, "The connection cannot be saved like this"],
  "list-invalid": [422, "The list or campaign cannot be saved like this"],
  "mapping-invalid": [422, "The mapping cannot be saved like this"],
  "sheet-unreadable": [422, "The file cannot be read as a mapping sheet"],
  "case-file-unreadable": [422, "The file cannot be read as a list of cases"],
  "case-file-invalid": [422, "The file cannot be imported as it is"],
  "run-state": [409, "The import is in another state"],
  "draft-closed": [409, "The draft was applied or discarded before"],
  "subscription-invalid": [422, "The subscription cannot be saved like this"],
  "links-invalid": [422, "The case-type links cannot be saved like this"],
  "aliases-invalid": [422, "The webhook keys cannot be saved like this"],
  "plugin-rejected": [422, "The plugin is not taken"],
  "tenant-backlog-full": [429, "Too much is waiting for this firm"],
  "rate-limited": [429, "Too many requests"],
  "headers-too-large": [431, "The request's headers are too large"],
  "internal-error": [500, "Something went wrong inside"],
  "crm-failed": [502, "The CRM did not answer as needed"],
  "storage-unavailable": [503, "The storage is not available"],
  draining: [503, "The host is shutting down"],
  "not-ready": [503, "The host is not ready"]
} as const satisfies Record<string, readonly [number, string]>

export type ProblemName = keyof typeof known
type StatusOf<N extends ProblemName> = (typeof known)[N][0]

export interface ProblemMembers {
  readonly detail?: string
  readonly instance?: string
  readonly errors?: ReadonlyArray<FieldProblem>
}

export const problem = <N extends ProblemName>(name: N, members: ProblemMembers = {}): Problem<StatusOf<N>> => ({
  type: `/problems/${name}`,
  title: known[name][1],
  status: known[name][0] as StatusOf<N>,
  ...members
})

export const isProblemName = (name: string): name is ProblemName => Object.hasOwn(known, name)

/** The problem for an answer that carries nothing but a status. */
export const problemOfStatus = (status: number): Problem => {
  const name = (Object.keys(known) as ReadonlyArray<ProblemName>).find(
    (candidate) => known[candidate][0] === status && byStatus.has(candidate)
  )
  return name === undefined ? { ...problem("internal-error"), status } : problem(name)
}

/** Where several names share a status, the general one. */
const byStatus: ReadonlySet<ProblemName> = new Set([
  "request-malformed",
  "unauthenticated",
  "not-found",
  "method-not-allowed",
  "request-timeout",
  "body-too-large",
  "url-too-long",
  "media-type-unsupported",
  "request-invalid",
  "rate-limited",
  "headers-too-large",
  "internal-error",
  "crm-failed",
  "storage-unavailable"
])

/** The same answer for an id of another firm and for one that never was. */
export const notFound = (
  _error:
    | DocumentNotFound
    | ConflictNotFound
    | SubscriptionNotFound
    | ConnectionNotFound
    | CaseNotFound
    | ReceiptNotFound
) => problem("not-found")

export const scopeMissing = (...scopes: ReadonlyArray<string>) =>
  problem("scope-missing", {
    detail: `It needs a token with the scope ${scopes.join(" and ")}.`,
    errors: scopes.map((code) => ({ field: "scope", code }))
  })

const subjects = { connection: "connection-invalid", links: "links-invalid", aliases: "aliases-invalid" } as const

export const setupInvalid = ({ errors, subject }: SetupInvalid) => problem(subjects[subject], { errors })

export const crmFailed = ({ reason }: CrmError) =>
  problem("crm-failed", {
    detail: reason._tag === "CrmRateLimited" ? "The CRM's rate limit is exceeded." : reason.message,
    errors: [{ field: "crm", code: crmCode[reason._tag] }]
  })

const crmCode: Readonly<Record<CrmError["reason"]["_tag"], string>> = {
  CrmUnreachable: "unreachable",
  CrmOutcomeUnknown: "outcome-unknown",
  CrmRateLimited: "rate-limited",
  CrmAuthFailed: "auth-failed",
  CrmNotFound: "not-found",
  CrmRefused: "refused",
  CrmAnswerInvalid: "answer-invalid",
  CrmUnsupported: "unsupported",
  CrmOriginRefused: "origin-refused",
  CrmPluginUnavailable: "plugin-unavailable",
  CrmPluginFault: "plugin-fault"
}
