/**
 * What an imitation of a CRM must let a test do: look at what the CRM now holds, act as its staff, and make its next
 * answers go wrong. Faults have neutral names; which calls of the vendor they strike is the sandbox adapter's business.
 * Laws assert on this state, never on the calls that led to it.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import type { Effect } from "effect"

export type SandboxFault =
  /** Refused, with the number of seconds to wait where `retryAfterSeconds` is given, else without saying when. */
  | "rate-limited"
  /** Done, and the connection closed without an answer. */
  | "answer-lost"
  /** The connection is closed without an answer, and the work done some time later. */
  | "late-commit"
  /** The vendor's own error page with a 5xx status. */
  | "server-error"
  /** Done, and the answer ends in its middle although its status says that all is well. */
  | "truncated"
  /** The login ended without notice. */
  | "expired-login"
  /** The answer is about another record. */
  | "wrong-record"
  /** The answer's list holds every record twice. */
  | "duplicated"
  /** The answer's list comes in another order. */
  | "reordered"
  /** The answer comes after the client gave up. */
  | "slow"

/** What a fault strikes: the vendor's call behind an operation of the port. */
export type SandboxCall =
  | "read"
  | "notes"
  | "addNote"
  | "setStatus"
  | "updateFields"
  | "changes"
  | "catalog"
  | "listDocuments"
  | "upload"

export interface SandboxNote {
  readonly category: string
  readonly text: string
}

export interface SandboxDocument {
  /** May be empty. */
  readonly name: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** A case as the CRM holds it now. */
export interface SandboxCase {
  /** Exactly as in the CRM's own list, without decorations added by an answer. */
  readonly status: string
  readonly notes: ReadonlyArray<SandboxNote>
  readonly fields: Readonly<Record<string, string>>
}

/** A webhook as it reaches intake: media type without parameters, and the text that intake stores for it. */
export interface SandboxWebhook {
  readonly mediaType: string
  readonly text: string
}

/** What the seed holds; the laws are written in these terms. */
export interface SandboxFacts {
  /** At least four cases; the first has a client with name, phone and e-mail, and a case type. */
  readonly cases: ReadonlyArray<ExternalCaseId>
  readonly unknownCase: ExternalCaseId
  /** The first case: its status, and two others that the CRM offers for it, as the CRM spells them. */
  readonly status: string
  readonly otherStatuses: readonly [string, string]
  /** The first of the other statuses as people may write it: other capitals, other spaces, decorations left out. */
  readonly otherStatusFolded: string
  readonly unknownStatus: string
  /** A field of the first case that may be written. */
  readonly field: string
  /** Field names that would take over the call. */
  readonly forbiddenFields: ReadonlyArray<string>
  /** Where the firm looks for client communications. */
  readonly clientCategory: string
  readonly staffCategory: string
  /** Wrong values, each alone, and the credential that `verify` must name: another one where the CRM tells no difference. */
  readonly wrongCredentials: ReadonlyArray<{ readonly field: string; readonly value: string; readonly named: string }>
  /** A wrong credential that stops signing in. */
  readonly lockedOut: Readonly<Record<string, string>>
  /** Secret values of the connection, as they are. */
  readonly secrets: ReadonlyArray<string>
  /** Words of the first case's client that must not occur in a failure's message. */
  readonly clientWords: ReadonlyArray<string>
}

export interface SandboxDocuments {
  /** A folder inside another one, as `CrmDocument.folder` says it. */
  readonly subfolder: string
  /** An id under which there is no document. */
  readonly unknown: string
  /** Files a document as staff does; without a folder, in any of the CRM's. */
  readonly add: (id: ExternalCaseId, document: SandboxDocument & { readonly folder?: string }) => Effect.Effect<void>
  readonly now: (id: ExternalCaseId) => Effect.Effect<ReadonlyArray<SandboxDocument>>
}

export interface CrmSandbox {
  readonly facts: SandboxFacts
  /** Back to the seed: no faults, no rate limit, no request lines. */
  readonly reset: Effect.Effect<void>
  readonly caseNow: (id: ExternalCaseId) => Effect.Effect<SandboxCase>
  /** As staff does it in the CRM's own screens. */
  readonly changeStatus: (id: ExternalCaseId, status: string) => Effect.Effect<void>
  readonly writeNote: (id: ExternalCaseId, note: SandboxNote) => Effect.Effect<void>
  /** Only where the plugin says that it carries documents. */
  readonly documents?: SandboxDocuments
  /** Strikes the next `times` (default 1) calls of that kind. */
  readonly setFault: (fault: {
    readonly kind: SandboxFault
    readonly on: SandboxCall
    readonly times?: number
    readonly retryAfterSeconds?: number
  }) => Effect.Effect<void>
  /** Waits until work that was put off by `late-commit` or `slow` is done. */
  readonly settle: Effect.Effect<void>
  /** Method, path and query of every request since the reset, as they left. */
  readonly requestLines: Effect.Effect<ReadonlyArray<string>>
  /** What the CRM's Test button posts. */
  readonly pressTest: Effect.Effect<SandboxWebhook>
  /** What the CRM posts for a case, in each format it knows. */
  readonly sendWebhook: (id: ExternalCaseId) => Effect.Effect<ReadonlyArray<SandboxWebhook>>
}
