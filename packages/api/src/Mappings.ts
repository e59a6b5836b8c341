/**
 * What of the platform is what in the CRM: the catalog to choose from, mappings in versions, sheets as drafts, statuses
 * per case type, and the case types anything is sent for. A case type is named by its id in the CRM, or by its name.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { Direction, FieldMapping } from "@casewire/core/domain/FieldMapping"
import { CaseType } from "@casewire/core/domain/Mapping"
import { DraftField, DraftId, DraftRow, DraftSheet, MappingDraft } from "@casewire/core/domain/MappingVersion"
import { KnownStatus, StatusLink } from "@casewire/core/domain/StatusLinks"
import { CrmCatalog, CrmField } from "@casewire/core/ports/Crm"
import { Access, Decoding, scoped } from "./Access.ts"
import { Conflict, CrmFailed, Invalid, NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

const Name = Schema.NonEmptyString.check(Schema.isMaxLength(200))
const params = { id: ConnectionId }
const ofCaseType = { id: ConnectionId, caseType: Name }
const ofDraft = { id: ConnectionId, draftId: DraftId }
const campaign = { campaignId: Schema.optionalKey(Name) }

/** The largest mapping sheet that is read. */
export const sheetBytes = 5 * 1024 * 1024
/** With what a form puts around it. */
export const sheetUploadBytes = sheetBytes + 65_536

export const CatalogView = Schema.Struct({
  /** `null`: the CRM was not asked yet. */
  fetchedAt: Schema.NullOr(Time),
  catalog: CrmCatalog
})

export const CatalogChangeView = Schema.Struct({
  fetchedAt: Time,
  /** Nothing was known before, so nothing is called new. */
  isFirst: Schema.Boolean,
  caseTypes: Schema.Struct({
    added: Schema.Array(CaseType),
    renamed: Schema.Array(Schema.Struct({ key: Schema.String, before: Schema.String, after: Schema.String })),
    gone: Schema.Array(CaseType)
  }),
  fields: Schema.Array(
    Schema.Struct({
      caseType: CaseType,
      added: Schema.Array(CrmField),
      renamed: Schema.Array(Schema.Struct({ key: Schema.String, before: Schema.String, after: Schema.String })),
      altered: Schema.Array(CrmField),
      gone: Schema.Array(CrmField),
      /** Saved entries whose field is gone. They stay as they are. */
      broken: Schema.Array(FieldMapping)
    })
  )
})

export const MappingView = Schema.Struct({
  caseType: Schema.String,
  campaignId: Schema.NullOr(Schema.String),
  number: Schema.Int,
  entries: Schema.Array(FieldMapping),
  savedAt: Time,
  savedBy: Schema.String,
  origin: Schema.NullOr(Schema.String)
})

const Warning = Schema.Struct({ index: Schema.Int, field: Schema.String, code: Schema.String, message: Schema.String })
const Saved = Schema.Struct({ ...MappingView.fields, warnings: Schema.Array(Warning) })
const Versions = Schema.Struct({ versions: Schema.Array(MappingView) })

export const DraftView = Schema.Struct({
  id: DraftId,
  state: MappingDraft.fields.state,
  sheets: Schema.Array(DraftSheet),
  rows: Schema.Array(DraftRow),
  fields: Schema.Array(DraftField),
  createdAt: Time,
  createdBy: Schema.String,
  updatedAt: Time
})

export const StatusMapView = Schema.Struct({
  caseType: Schema.String,
  links: Schema.Array(StatusLink),
  terminal: Schema.Array(Schema.String),
  /** The CRM's statuses and what the platform calls each. */
  crm: Schema.Array(Schema.Struct({ name: Schema.String, platform: Schema.String, isKnown: Schema.Boolean })),
  /** The platform's, and what is written for each. */
  platform: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      origin: KnownStatus.fields.origin,
      addedAt: Time,
      crm: Schema.String,
      isListed: Schema.Boolean
    })
  ),
  updatedAt: Time,
  updatedBy: Schema.String
})

export const CaseFieldsView = Schema.Struct({
  /** Why nothing mapped is sent for this case at all. */
  reason: Schema.NullOr(Schema.String),
  fields: Schema.Array(
    Schema.Struct({
      field: Schema.String,
      values: Schema.Array(Schema.String),
      crmKey: Schema.NullOr(Schema.String),
      direction: Schema.NullOr(Direction),
      inCrm: Schema.Array(Schema.String),
      state: Schema.Literals(["settled", "waiting", "not-sent"]),
      reason: Schema.NullOr(Schema.String)
    })
  )
})

const Outgoing = Schema.Struct({
  /** `null`: all. */
  caseTypes: Schema.NullOr(Schema.Array(Name).check(Schema.isMaxLength(1000)))
})

/** At most what a mapping sheet may hold; a firm's widest form has some hundreds. */
const Entries = Schema.Array(FieldMapping).check(Schema.isMaxLength(5000))

const MatchField = Schema.Struct({
  key: Name,
  label: Schema.String,
  type: Schema.String,
  options: Schema.Array(Schema.String)
})

export class MappingsGroup extends HttpApiGroup.make("mappings")
  .add(
    HttpApiEndpoint.get("catalog", "/connections/:id/field-catalog", {
      params,
      success: CatalogView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Case types, statuses and fields, as the CRM gave them last")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("refresh", "/connections/:id/field-catalog/refresh", {
      params,
      success: CatalogChangeView,
      error: [NotFound, CrmFailed]
    })
      .annotate(OpenApi.Summary, "Ask the CRM again: what is new, renamed or gone; saved mappings stay")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("list", "/connections/:id/mappings", {
      params,
      success: Schema.Struct({ mappings: Schema.Array(MappingView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The mappings in force, campaign overrides included")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/connections/:id/mappings/:caseType", {
      params: ofCaseType,
      query: campaign,
      success: Schema.Struct({ mapping: Schema.NullOr(MappingView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The mapping of a case type, or a campaign's override of it")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("save", "/connections/:id/mappings/:caseType", {
      params: ofCaseType,
      payload: Schema.Struct({
        ...campaign,
        entries: Entries,
        /** The version that was edited; refused if somebody saved another meanwhile. */
        basedOn: Schema.optionalKey(Schema.Int)
      }),
      success: Saved,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Save the mapping of a case type as its next version")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("versions", "/connections/:id/mappings/:caseType/versions", {
      params: ofCaseType,
      query: {
        ...campaign,
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })))
      },
      success: Versions,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Who saved what and when, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("restore", "/connections/:id/mappings/:caseType/restore", {
      params: ofCaseType,
      payload: Schema.Struct({ ...campaign, number: Schema.Int }),
      success: Saved,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Save an earlier version's entries as a new one")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("suggestions", "/connections/:id/mappings/:caseType/suggestions", {
      params: ofCaseType,
      payload: Schema.Struct({ fields: Schema.Array(MatchField).check(Schema.isMaxLength(5000)) }),
      success: Schema.Struct({
        suggestions: Schema.Array(
          Schema.Struct({
            question: Schema.String,
            field: Schema.String,
            tier: Schema.Literals(["exact", "likely", "possible"]),
            score: Schema.Number,
            reason: Schema.String,
            contested: Schema.Boolean
          })
        )
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Proposals for the CRM's fields that are not mapped yet; nothing is saved")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("preview", "/connections/:id/available-fields", {
      params,
      query: { caseType: Schema.optionalKey(Schema.Array(Name)) },
      success: Schema.Struct({
        caseType: Schema.NullOr(Schema.String),
        fields: Schema.Array(CrmField),
        /** Why there is no preview: none or several case types are selected, or the CRM was not asked yet. */
        reason: Schema.NullOr(Schema.String)
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Key, input type and form section of the fields, for exactly one case type")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("readSheet", "/connections/:id/mapping-drafts", {
      params,
      query: {
        /** The case type of a sheet that does not name it. */
        caseType: Schema.optionalKey(Name)
      },
      /** One file part: `.xlsx`, `.csv` or `.tsv`. */
      payload: Schema.Struct({ file: Schema.Unknown }).pipe(
        HttpApiSchema.asMultipartStream({ maxParts: 5, maxTotalSize: sheetUploadBytes })
      ),
      success: DraftView.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Read a mapping sheet into a draft, with an outcome for every row")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("drafts", "/connections/:id/mapping-drafts", {
      params,
      success: Schema.Struct({ drafts: Schema.Array(DraftView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Drafts from sheets, newest first")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("draft", "/connections/:id/mapping-drafts/:draftId", {
      params: ofDraft,
      success: DraftView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "One draft with the outcome of every row")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("outcome", "/connections/:id/mapping-drafts/:draftId/outcome.csv", {
      params: ofDraft,
      success: HttpApiSchema.StreamUint8Array({ contentType: "text/csv" }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The outcome of every row as a file; safe to open in a spreadsheet program")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.post("applyDraft", "/connections/:id/mapping-drafts/:draftId/apply", {
      params: ofDraft,
      payload: Schema.Struct({
        /** Which field of the platform a row is for; without a choice it is named after the question. */
        choices: Schema.optionalKey(
          Schema.Array(
            Schema.Struct({
              crmKey: Name,
              platformField: Schema.NullOr(Name),
              direction: Schema.optionalKey(Direction)
            })
          )
        )
      }),
      success: Versions,
      error: [NotFound, Conflict, Invalid]
    })
      .annotate(OpenApi.Summary, "Save what a draft asks for as new versions")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.post("discardDraft", "/connections/:id/mapping-drafts/:draftId/discard", {
      params: ofDraft,
      success: DraftView,
      error: [NotFound, Conflict]
    })
      .annotate(OpenApi.Summary, "Close a draft without saving anything")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("statuses", "/connections/:id/statuses/:caseType", {
      params: ofCaseType,
      success: StatusMapView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Which status is which on both sides, for one case type")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("saveStatuses", "/connections/:id/statuses/:caseType", {
      params: ofCaseType,
      payload: Schema.Struct({
        links: Schema.Array(StatusLink).check(Schema.isMaxLength(1000)),
        /** The platform's statuses that end a case. */
        terminal: Schema.Array(Name).check(Schema.isMaxLength(1000)),
        statuses: Schema.optionalKey(Schema.Array(Name).check(Schema.isMaxLength(1000)))
      }),
      success: StatusMapView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Link statuses and mark those that end a case")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("outgoing", "/connections/:id/outgoing-case-types", {
      params,
      success: Outgoing,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The case types anything is sent for")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("selectOutgoing", "/connections/:id/outgoing-case-types", {
      params,
      payload: Outgoing,
      success: Outgoing,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Limit what is sent to these case types; what comes in is not limited")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("caseFields", "/cases/:id/fields", {
      params: { id: CaseId },
      success: CaseFieldsView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "A case's fields: value, place in the CRM, and why one is not sent")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
