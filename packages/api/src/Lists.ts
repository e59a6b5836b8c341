/**
 * Lists and campaigns, who stands in them, the audit of every change, and the webhook URL with their options. A list's
 * `number` is what a firm writes into `list_id`.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { AutoAdd, CampaignId, ListEvent, ListId, Membership, TargetKind } from "@casewire/core/domain/List"
import { CaseType } from "@casewire/core/domain/Mapping"
import { FieldProblem } from "@casewire/core/domain/Receipt"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { Invalid, NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"
import { WebhookOptions } from "./WebhookOptions.ts"

const Name = Schema.String.check(Schema.isMaxLength(200))
const Short = Schema.String.check(Schema.isMaxLength(500))

/** What is left out is off, or lets any through. */
export const AutoAddInput = Schema.Struct({
  on: Schema.Boolean,
  firstSyncOnly: Schema.optionalKey(Schema.Boolean),
  connectionId: Schema.optionalKey(Schema.NullOr(ConnectionId)),
  caseTypes: Schema.optionalKey(Schema.Array(CaseType).check(Schema.isMaxLength(500))),
  statuses: Schema.optionalKey(Schema.Array(Short).check(Schema.isMaxLength(500)))
})
export interface AutoAddInput extends Schema.Schema.Type<typeof AutoAddInput> {}

export const ListView = Schema.Struct({
  id: ListId,
  number: Schema.Int,
  name: Schema.String,
  description: Schema.String,
  caseType: Schema.NullOr(Schema.String),
  autoAdd: AutoAdd,
  /** Cases that stand in it now. */
  members: Schema.Int,
  createdAt: Time,
  updatedAt: Time
})
export interface ListView extends Schema.Schema.Type<typeof ListView> {}

export const CampaignView = Schema.Struct({
  id: CampaignId,
  number: Schema.Int,
  name: Schema.String,
  listId: Schema.NullOr(ListId),
  members: Schema.Int,
  createdAt: Time,
  updatedAt: Time
})
export interface CampaignView extends Schema.Schema.Type<typeof CampaignView> {}

export const MembershipView = Schema.Struct({
  kind: TargetKind,
  targetId: Schema.String,
  caseId: CaseId,
  /** Null where the case is not there any more. */
  case: Schema.NullOr(
    Schema.Struct({ name: Schema.String, externalId: ExternalCaseId, status: Schema.NullOr(Schema.String) })
  ),
  isMember: Schema.Boolean,
  heldOffBy: Membership.fields.heldOffBy,
  /** Adds of webhooks that wait for a verifying read. */
  waiting: Schema.Int,
  since: Time,
  cause: Schema.String
})
export interface MembershipView extends Schema.Schema.Type<typeof MembershipView> {}

export const ListEventView = Schema.Struct({
  id: Schema.String,
  at: Time,
  kind: TargetKind,
  targetId: Schema.String,
  caseId: Schema.NullOr(CaseId),
  change: ListEvent.fields.change,
  by: ListEvent.fields.by,
  cause: Schema.String,
  detail: Schema.NullOr(Schema.String)
})

const CheckView = Schema.Struct({
  code: Schema.NullOr(Schema.Literals(["case-type-missing", "case-type-differs"])),
  caseIds: Schema.Array(CaseId)
})

const MemberQuery = {
  isMember: Schema.optionalKey(Schema.Literals(["true", "false"])),
  after: Schema.optionalKey(CaseId),
  limit: Limit
}
const Members = Schema.Struct({ members: Schema.Array(MembershipView) })
const AuditQuery = { before: Schema.optionalKey(Schema.String), limit: Limit }
const Audit = Schema.Struct({ events: Schema.Array(ListEventView) })

/** By hand: what a person does stands against every automatic add until it is lifted. */
const ByHand = Schema.Struct({
  action: Schema.Literals(["add", "remove", "lift"]),
  caseIds: Schema.Array(CaseId).check(Schema.isMinLength(1), Schema.isMaxLength(500))
})
const ByHandDone = Schema.Struct({
  results: Schema.Array(
    Schema.Struct({
      caseId: CaseId,
      result: Schema.Literals(["added", "removed", "lifted", "unchanged", "not-found"])
    })
  )
})

const list = { params: { id: ListId } }
const campaign = { params: { id: CampaignId } }

export class ListsGroup extends HttpApiGroup.make("lists")
  .add(
    HttpApiEndpoint.get("list", "/lists", { success: Schema.Struct({ lists: Schema.Array(ListView) }) })
      .annotate(OpenApi.Summary, "The firm's lists")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("create", "/lists", {
      payload: Schema.Struct({
        name: Name,
        description: Schema.optionalKey(Short),
        caseType: Schema.optionalKey(Schema.NullOr(Name)),
        autoAdd: Schema.optionalKey(AutoAddInput)
      }),
      success: ListView.pipe(HttpApiSchema.status(201)),
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Make a list; it gets a short number for list_id")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("get", "/lists/:id", { ...list, success: ListView, error: NotFound })
      .annotate(OpenApi.Summary, "One list")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.patch("change", "/lists/:id", {
      ...list,
      payload: Schema.Struct({
        name: Schema.optionalKey(Name),
        description: Schema.optionalKey(Short),
        caseType: Schema.optionalKey(Schema.NullOr(Name))
      }),
      success: ListView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Change a list's name, description or case type")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.put("setAutoAdd", "/lists/:id/auto-add", {
      ...list,
      payload: AutoAddInput,
      success: ListView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Set the rule by which cases are added")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("members", "/lists/:id/members", {
      ...list,
      query: MemberQuery,
      success: Members,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Who stands in a list, and who was taken out")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("byHand", "/lists/:id/members", {
      ...list,
      payload: ByHand,
      success: ByHandDone,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Add a case, take it out, or lift a removal, by hand")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("audit", "/lists/:id/audit", {
      ...list,
      query: AuditQuery,
      success: Audit,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Every change of a list, and its cause")
      .annotateMerge(scoped("read")),
    /** Whether all its cases have the one case type that a campaign needs. Nothing is refused for it. */
    HttpApiEndpoint.get("check", "/lists/:id/check", { ...list, success: CheckView, error: NotFound })
      .annotate(OpenApi.Summary, "Whether all its cases have one case type")
      .annotateMerge(scoped("read")),
    /** Where a case stands, where it was taken out, and how that came. */
    HttpApiEndpoint.get("ofCase", "/cases/:id/lists", {
      params: { id: CaseId },
      success: Schema.Struct({ memberships: Schema.Array(MembershipView), events: Schema.Array(ListEventView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The lists a case stands in")
      .annotateMerge(scoped("read")),
    /**
     * The webhook's URL with options, and the same as rows of the CRM's Params tab. Without the token that was just
     * issued, stars stand in its place: a token cannot be shown again.
     */
    HttpApiEndpoint.post("webhookUrl", "/connections/:id/webhook-url", {
      params: { id: ConnectionId },
      payload: Schema.Struct({ token: Schema.optionalKey(Short), ...WebhookOptions.fields }),
      success: Schema.Struct({
        url: Schema.String,
        isComplete: Schema.Boolean,
        params: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.String })),
        warnings: Schema.Array(FieldProblem)
      }),
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "A webhook URL with list options, and the same for the Params tab")
      .annotateMerge(scoped("read")),
    /** It takes no cases any more, and its number is never given again. */
    HttpApiEndpoint.delete("archive", "/lists/:id", {
      ...list,
      success: HttpApiSchema.NoContent,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Archive a list")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}

export class CampaignsGroup extends HttpApiGroup.make("campaigns")
  .add(
    HttpApiEndpoint.get("list", "/campaigns", {
      success: Schema.Struct({ campaigns: Schema.Array(CampaignView) })
    })
      .annotate(OpenApi.Summary, "The firm's campaigns")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("create", "/campaigns", {
      payload: Schema.Struct({ name: Name, listId: Schema.optionalKey(Schema.NullOr(ListId)) }),
      /** With what the one-case-type check says about its list. */
      success: Schema.Struct({ ...CampaignView.fields, check: CheckView }).pipe(HttpApiSchema.status(201)),
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Make a campaign")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("get", "/campaigns/:id", { ...campaign, success: CampaignView, error: NotFound })
      .annotate(OpenApi.Summary, "One campaign")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.patch("change", "/campaigns/:id", {
      ...campaign,
      payload: Schema.Struct({
        name: Schema.optionalKey(Name),
        listId: Schema.optionalKey(Schema.NullOr(ListId))
      }),
      success: CampaignView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Change a campaign")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("members", "/campaigns/:id/members", {
      ...campaign,
      query: MemberQuery,
      success: Members,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The cases of a campaign")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("byHand", "/campaigns/:id/members", {
      ...campaign,
      payload: ByHand,
      success: ByHandDone,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Add a case to a campaign or take it out, by hand")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.get("audit", "/campaigns/:id/audit", {
      ...campaign,
      query: AuditQuery,
      success: Audit,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Every change of a campaign, and its cause")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.delete("archive", "/campaigns/:id", {
      ...campaign,
      success: HttpApiSchema.NoContent,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Archive a campaign")
      .annotateMerge(scoped("write"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
