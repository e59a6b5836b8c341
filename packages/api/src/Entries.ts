/**
 * Cases and clients that the platform enters itself, their link to a record in a CRM, where each value of a case comes
 * from, and conflicts that a person settles.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CaseEntry, CaseEvent, CaseId, ClientId, ExternalCaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { JobId, JobState } from "@casewire/core/domain/Job"
import { Access, Decoding, scoped } from "./Access.ts"
import { CaseView, ClientView } from "./Cases.ts"
import { WorkWord } from "./Jobs.ts"
import { Conflict, Invalid, NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: CaseId }
const Short = Schema.String.check(Schema.isMaxLength(500))
const Name = Schema.NonEmptyString.check(Schema.isMaxLength(200))

const ClientInput = Schema.Struct({
  firstName: Name,
  lastName: Name,
  email: Schema.optionalKey(Short),
  phone: Schema.optionalKey(Short)
})

export const CauseView = Schema.Struct({
  /** What set the value: a webhook that came, a job, an event of the platform, or whoever is named. */
  kind: Schema.Literals(["receipt", "job", "event", "person"]),
  id: Schema.String,
  /** For a job: what it does, and its state now. */
  job: Schema.NullOr(Schema.Struct({ work: WorkWord, state: JobState, reason: Schema.NullOr(Schema.String) }))
})

export const ProvenanceView = Schema.Struct({
  values: Schema.Array(
    Schema.Struct({
      /** As the case shows it: `status`, `caseType`, `client.email`, `fields.<CRM key>`, `values.<field>`. */
      name: Schema.String,
      value: Schema.NullOr(Schema.String),
      setBy: CaseEvent.fields.kind,
      cause: CauseView,
      at: Time,
      before: Schema.NullOr(Schema.String)
    })
  ),
  /** What was sent, or waits to be, of messages and calls: where is my note? */
  notes: Schema.Array(
    Schema.Struct({
      jobId: JobId,
      eventId: Schema.String,
      source: Schema.Literals(["message", "call"]),
      state: JobState,
      reason: Schema.NullOr(Schema.String),
      /** The CRM's ids of the parts that are known to be there. */
      externalIds: Schema.Array(Schema.String),
      /** Where staff finds it in the CRM. */
      place: Schema.NullOr(Schema.String)
    })
  )
})

/** `restore` or `dismiss` a value that lost; `accept` or `keep` out a move away from a terminal status. */
const Decision = Schema.Literals(["restore", "dismiss", "accept", "keep"])

export class EntriesGroup extends HttpApiGroup.make("entries")
  .add(
    HttpApiEndpoint.post("createCase", "/cases", {
      payload: Schema.Struct({
        name: Schema.optionalKey(Short),
        caseType: Name,
        status: Schema.optionalKey(Name),
        /** A client that is there, or a new one. */
        client: Schema.Union([Schema.Struct({ id: ClientId }), ClientInput]),
        caseNumber: Schema.optionalKey(Name),
        description: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(10_000))),
        onBehalfOf: Schema.optionalKey(Schema.Boolean),
        externalSource: Schema.optionalKey(Name),
        externalSourceId: Schema.optionalKey(Name),
        externalSourceData: CaseEntry.fields.externalSourceData
      }),
      success: CaseView.pipe(HttpApiSchema.status(201)),
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Enter a case by hand; it stays plain until it is linked")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.post("link", "/cases/:id/link", {
      params,
      payload: Schema.Struct({ connectionId: ConnectionId, externalId: ExternalCaseId.check(Schema.isNonEmpty()) }),
      success: CaseView,
      error: [NotFound, Conflict]
    })
      .annotate(OpenApi.Summary, "Link a plain case to its record in a CRM, which is then read")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("provenance", "/cases/:id/provenance", {
      params,
      success: ProvenanceView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Where each value comes from, what it was before, and where the notes are")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("createClient", "/clients", {
      payload: ClientInput,
      success: ClientView.pipe(HttpApiSchema.status(201)),
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Enter a client by hand")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("client", "/clients/:id", {
      params: { id: ClientId },
      success: ClientView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "One client")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("settleConflict", "/conflicts/:id/settle", {
      params: { id: Schema.String },
      payload: Schema.Struct({ decision: Decision }),
      success: Schema.Struct({
        decision: Decision,
        /** What became of the restored value on its way to the CRM. */
        result: Schema.NullOr(Schema.Literals(["queued", "held", "dropped", "known"])),
        jobId: Schema.NullOr(JobId),
        reason: Schema.NullOr(Schema.String)
      }),
      error: [NotFound, Conflict, Invalid]
    })
      .annotate(OpenApi.Summary, "Settle a conflict: take the value that lost back, or let it go")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
