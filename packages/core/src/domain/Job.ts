/**
 * A unit of durable work. Its id is the operation's identity for ever, replay included.
 *
 * Two lanes a case: `state` (apply, re-read, status and field pushes) and `feed` (notes, calls, documents). In a lane
 * one job at a time, in order of enqueue; only queued, sending and retry occupy a lane, so a poisoned document stops
 * nothing behind it.
 */
import { Schema } from "effect"
import { CaseId, ExternalCaseId } from "./Case.ts"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"
import { RunId } from "./Run.ts"
import { SubscriptionId, WebhookId } from "./Subscription.ts"

export const JobId = Schema.String.pipe(Schema.brand("JobId"))
export type JobId = typeof JobId.Type

export const Work = Schema.TaggedUnion({
  /** Decode a stored receipt and take it as a hint. */
  ApplyReceipt: { receiptId: Schema.String },
  /** Read the case from the CRM; the answer is the authority. */
  ReadCase: {
    externalCaseId: ExternalCaseId,
    /** Receipts that could not be applied: what they want of lists is done once the read has answered. */
    receipts: Schema.optionalKey(Schema.Array(Schema.String)),
    /** By itself, not by a page with others: a page may leave the further fields out. */
    whole: Schema.optionalKey(Schema.Boolean)
  },
  /** A note in parts, each with its marker; laid out once, when the event was accepted. */
  AddNote: {
    caseId: CaseId,
    externalCaseId: ExternalCaseId,
    source: Schema.Literals(["message", "call"]),
    eventId: Schema.String,
    parts: Schema.Array(Schema.Struct({ text: Schema.String, marker: Schema.String }))
  },
  /** Write the platform's status to the CRM, if the merge table still says so when the job runs. */
  PushStatus: { caseId: CaseId, externalCaseId: ExternalCaseId, eventId: Schema.String, target: Schema.String },
  /** Write those mapped fields to the CRM that wait when the job runs; which ones is looked up then. */
  PushFields: { caseId: CaseId, externalCaseId: ExternalCaseId, eventId: Schema.String },
  /** Send one webhook of the log to the firm's own tools. */
  Notify: { subscriptionId: SubscriptionId, webhookId: WebhookId },
  /** Pull what changed since the cursor. */
  Pull: {},
  /** Take the notes that the CRM holds for the case into its timeline. */
  PullNotes: { externalCaseId: ExternalCaseId },
  /** Take those documents of the case that are not known yet, from every folder. */
  PullDocuments: { externalCaseId: ExternalCaseId },
  /** Add a document of the platform to the case in the CRM. */
  PushDocument: {
    caseId: CaseId,
    externalCaseId: ExternalCaseId,
    eventId: Schema.String,
    /** The timeline's entry of the document, which gets the CRM's id. */
    entryId: Schema.String,
    documentId: Schema.String,
    name: Schema.String,
    contentType: Schema.String,
    size: Schema.Int
  },
  /** Compare what is known of recently active cases with the CRM's own list. */
  Sweep: {},
  /** Take one page of a history import in. */
  ImportHistory: { runId: RunId },
  /** Take some rows of an uploaded file in. */
  ImportCases: { runId: RunId },
  /** Remove everything of a connection that the firm ended, and it with it. */
  EraseConnection: { connectionId: ConnectionId, runId: RunId }
})
export type Work = typeof Work.Type

export const Lane = Schema.Literals(["state", "feed"])
export type Lane = typeof Lane.Type

/** `uncertain`: the CRM may or may not have it and cannot be asked; a person decides. */
export const JobState = Schema.Literals(["queued", "held", "sending", "done", "retry", "uncertain", "dead", "skipped"])
export type JobState = typeof JobState.Type

/** Smaller goes first. */
export const Priority = { person: 0, apply: 5, outbound: 10, read: 20, poll: 30, history: 40 } as const

export const Job = Schema.Struct({
  id: JobId,
  firmId: FirmId,
  connectionId: ConnectionId,
  /** What is kept in order: the CRM's case id, or a name such as `pull`. */
  key: Schema.String,
  lane: Lane,
  priority: Schema.Int,
  work: Work,
  state: JobState,
  attempts: Schema.Int,
  notBefore: Instant,
  createdAt: Instant,
  updatedAt: Instant,
  /** When the request that is under way was allowed to leave; durable before it does. */
  sentAt: Schema.NullOr(Instant),
  /** What is done of a job in parts: the CRM's id of each part that is known to be there. */
  progress: Schema.Array(Schema.String),
  /** A code and a sentence; never client data. */
  reason: Schema.NullOr(Schema.String)
})
export interface Job extends Schema.Schema.Type<typeof Job> {}

export interface NewJob extends Pick<Job, "id" | "firmId" | "connectionId" | "key" | "lane" | "priority" | "work"> {
  readonly notBefore?: Instant
  /** Wait as `held` instead of `queued`, with the reason. */
  readonly held?: string
}
