/** Cases, their clients and their history, and the conflicts a person should look at. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { CaseEntry, CaseEvent, CaseId, Client, ExternalCaseId, Standing } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { CaseType } from "@casewire/core/domain/Mapping"
import { TwoWay } from "@casewire/core/domain/Merge"
import { Access, Decoding, scoped } from "./Access.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const params = { id: CaseId }
export const Limit = Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })))

export const ClientView = Schema.Struct({
  id: Client.fields.id,
  externalId: Client.fields.externalId,
  standing: Standing,
  firstName: Schema.String,
  lastName: Schema.String,
  fullName: Schema.String,
  email: Schema.String,
  phone: Schema.String,
  updatedAt: Time
})

export interface ClientView extends Schema.Schema.Type<typeof ClientView> {}

export const StatusView = Schema.Struct({
  /** What the platform holds. */
  value: Schema.NullOr(Schema.String),
  /** What a webhook said and no read has confirmed yet. */
  reported: Schema.NullOr(Schema.Struct({ status: Schema.String, receiptId: Schema.String, at: Time })),
  state: Schema.Literals(["verified", "reported, verifying", "unverified", "pending push", "unknown"]),
  /** The baselines of the merge table. */
  twoWay: TwoWay
})

export const CaseView = Schema.Struct({
  id: CaseId,
  /** Both null: a plain case, entered by hand and not linked to a record in a CRM. */
  connectionId: Schema.NullOr(ConnectionId),
  externalId: Schema.NullOr(ExternalCaseId),
  /** What was entered with it, and for a linked case the CRM it comes from. */
  entry: CaseEntry,
  standing: Standing,
  name: Schema.String,
  caseType: CaseType,
  status: StatusView,
  client: Schema.NullOr(ClientView),
  /** The CRM's own values by its keys, as they came. */
  fields: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  /** The platform's fields; see `/cases/:id/fields` for where each is in the CRM and what waits. */
  values: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  dirtySince: Schema.NullOr(Time),
  createdAt: Time,
  updatedAt: Time,
  externalCreatedAt: Schema.NullOr(Time),
  externalUpdatedAt: Schema.NullOr(Time),
  verifiedAt: Schema.NullOr(Time)
})
export interface CaseView extends Schema.Schema.Type<typeof CaseView> {}

export const CaseEventView = Schema.Struct({
  id: Schema.String,
  caseId: CaseId,
  at: Time,
  kind: CaseEvent.fields.kind,
  cause: Schema.String,
  before: Schema.NullOr(Schema.String),
  after: Schema.NullOr(Schema.String),
  /** Which field of the platform, where the event is about one. */
  field: Schema.optionalKey(Schema.String)
})

const History = Schema.Struct({ events: Schema.Array(CaseEventView) })

export class CasesGroup extends HttpApiGroup.make("cases")
  .add(
    HttpApiEndpoint.get("list", "/cases", {
      query: {
        connectionId: Schema.optionalKey(ConnectionId),
        /** With it and `connectionId`: the one case of that id in the CRM. */
        externalId: Schema.optionalKey(ExternalCaseId),
        /** A record's id, or part of a name, an e-mail address or a phone number; looks through the newest cases. */
        text: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
        dirty: Schema.optionalKey(Schema.Literals(["true", "false"])),
        before: Schema.optionalKey(CaseId),
        limit: Limit
      },
      success: Schema.Struct({ cases: Schema.Array(CaseView) })
    })
      .annotate(OpenApi.Summary, "Cases, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/cases/:id", { params, success: CaseView, error: NotFound })
      .annotate(OpenApi.Summary, "One case with its client and the state of its status")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("history", "/cases/:id/history", { params, success: History, error: NotFound })
      .annotate(OpenApi.Summary, "What happened to a case, oldest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("conflicts", "/conflicts", { query: { limit: Limit }, success: History })
      .annotate(OpenApi.Summary, "Local edits that lost and CRM values that were probably overwritten, newest first")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
