/**
 * Setting a connection up and looking at it. Credentials go in and never come out: a secret reads as `{"set": true}`.
 */
import { Schema, Struct } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ConnectionId, ConnectionState } from "@casewire/core/domain/Connection"
import { Inventory } from "@casewire/core/domain/Inventory"
import { CaseType, CaseTypeLink } from "@casewire/core/domain/Mapping"
import { Toggles } from "@casewire/core/domain/Toggles"
import { CrmCatalog, CrmCheck } from "@casewire/core/ports/Crm"
import { Access, Decoding, scoped } from "./Access.ts"
import { Limit } from "./Cases.ts"
import { CrmFailed, Forbidden, Invalid, NotFound } from "./Problem.ts"
import { RunView } from "./Runs.ts"
import { Time } from "./Time.ts"
import { WebhookOptions } from "./WebhookOptions.ts"

const Values = Schema.Record(Schema.String, Schema.String)
const params = { id: ConnectionId }

export const Aliases = Schema.Record(Schema.String, Schema.Array(Schema.String))

export const HealthView = Schema.Struct({
  lastSync: Schema.NullOr(Time),
  lastStatusPull: Schema.NullOr(Time),
  lastStatusPush: Schema.NullOr(Time),
  lastWebhook: Schema.NullOr(Time)
})

export const ConnectionView = Schema.Struct({
  id: ConnectionId,
  plugin: Schema.String,
  name: Schema.String,
  state: ConnectionState,
  sandbox: Schema.Boolean,
  settings: Values,
  /** Which secret credentials are saved; never what they are. */
  secrets: Schema.Record(Schema.String, Schema.Struct({ set: Schema.Boolean })),
  callLimit: Schema.NullOr(Schema.Int),
  toggles: Toggles,
  caseTypeLinks: Schema.Array(CaseTypeLink),
  aliases: Aliases,
  health: HealthView,
  /** Where the CRM sends its webhooks; the token is shown once, when it is issued. */
  webhookUrl: Schema.String,
  createdAt: Time,
  updatedAt: Time
})
export interface ConnectionView extends Schema.Schema.Type<typeof ConnectionView> {}

export const CaseTypeView = Schema.Struct({
  caseType: CaseType,
  linked: Schema.Boolean,
  platformCaseType: Schema.NullOr(Schema.String),
  /** Why nothing mapped is sent for it. */
  reason: Schema.NullOr(Schema.String)
})

const SwitchName = Schema.Literals(Struct.keys(Toggles.fields))

export const SwitchChangeView = Schema.Struct({
  at: Time,
  /** Whose token it was, or `casewire` for the host itself. */
  by: Schema.String,
  turnedOn: Schema.Array(SwitchName),
  turnedOff: Schema.Array(SwitchName),
  /** All switches, as they were from then on. */
  toggles: Toggles
})

const Created = ConnectionView.pipe(HttpApiSchema.status(201))
const Links = Schema.Struct({ links: Schema.Array(CaseTypeLink) })
const AliasTable = Schema.Struct({ aliases: Aliases })

export class ConnectionsGroup extends HttpApiGroup.make("connections")
  .add(
    HttpApiEndpoint.post("create", "/connections", {
      payload: Schema.Struct({
        plugin: Schema.String,
        name: Schema.optionalKey(Schema.String),
        sandbox: Schema.optionalKey(Schema.Boolean),
        callLimit: Schema.optionalKey(Schema.NullOr(Schema.Int)),
        values: Values
      }),
      success: Created,
      error: Invalid
    })
      .annotate(OpenApi.Summary, "Connect a CRM; every switch is off at first and nothing is called")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("list", "/connections", {
      success: Schema.Struct({ connections: Schema.Array(ConnectionView) })
    })
      .annotate(OpenApi.Summary, "All connections of the firm")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("get", "/connections/:id", { params, success: ConnectionView, error: NotFound })
      .annotate(OpenApi.Summary, "One connection: settings, switches, state, sync health; no secrets")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("setCredentials", "/connections/:id/credentials", {
      params,
      payload: Schema.Struct({ values: Values }),
      success: ConnectionView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Replace the credentials; verify afterwards")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("whatErasingRemoves", "/connections/:id/disconnect", {
      params,
      success: Schema.Struct({
        /** What has to be typed to confirm. */
        name: Schema.String,
        state: ConnectionState,
        counts: Inventory
      }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "How much erasing a connection would remove; nothing is removed")
      .annotateMerge(scoped("read")),
    /**
     * `keep`: credentials and webhook URL end, the data stays, new credentials take it up again. `erase`: everything that
     * came from the connection goes, and it with it; `confirm` is its name. Asking again answers how it stands.
     */
    HttpApiEndpoint.post("disconnect", "/connections/:id/disconnect", {
      params,
      payload: Schema.Struct({
        data: Schema.Literals(["keep", "erase"]),
        confirm: Schema.optionalKey(Schema.String)
      }),
      success: Schema.Struct({
        state: Schema.Literals(["disconnected", "erasing", "erased"]),
        /** Shows how far the erasing is; null where the data is kept. */
        run: Schema.NullOr(RunView)
      }),
      error: [Forbidden, NotFound]
    })
      .annotate(OpenApi.Summary, "End a connection, and keep or erase what came from it")
      .annotateMerge(scoped("admin")),
    /** With `Accept: application/x-ndjson` each check is sent as it ends. */
    HttpApiEndpoint.post("verify", "/connections/:id/verify", {
      params,
      success: Schema.Struct({ ok: Schema.Boolean, state: ConnectionState, checks: Schema.Array(CrmCheck) }),
      error: [NotFound, CrmFailed]
    })
      .annotate(OpenApi.Summary, "Try the credentials step by step")
      .annotateMerge(scoped("admin")),
    /** The earlier token stays valid for `overlapDays` (0 to 30). */
    HttpApiEndpoint.post("issueWebhookToken", "/connections/:id/webhook-token", {
      params,
      payload: Schema.Struct({
        overlapDays: Schema.optionalKey(Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 30 }))),
        /** Earlier URLs stay valid, so that each of several webhooks of the CRM has one of its own. */
        beside: Schema.optionalKey(Schema.Boolean),
        /** Fixed in this URL: what a sender says of lists and campaigns counts for nothing then. */
        locked: Schema.optionalKey(WebhookOptions)
      }),
      success: Schema.Struct({ url: Schema.String, token: Schema.String, locked: WebhookOptions }).pipe(
        HttpApiSchema.status(201)
      ),
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Make a webhook URL with a fresh token, shown this once")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.put("setToggles", "/connections/:id/toggles", {
      params,
      payload: Toggles,
      success: ConnectionView,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Set all switches at once")
      .annotateMerge(scoped("admin")),
    /** By it every item that was held, dropped or ignored can be explained: which switch was off then, and since when. */
    HttpApiEndpoint.get("toggleHistory", "/connections/:id/toggles/history", {
      params,
      query: { limit: Limit },
      success: Schema.Struct({ changes: Schema.Array(SwitchChangeView) }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Who turned which switch on or off, and when, the newest first")
      .annotateMerge(scoped("read")),
    /** Where the firm had its limit raised by the CRM; null takes the plugin's own. In force at once. */
    HttpApiEndpoint.put("setCallLimit", "/connections/:id/call-limit", {
      params,
      payload: Schema.Struct({ callLimit: Schema.NullOr(Schema.Int) }),
      success: ConnectionView,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Set how many calls the CRM allows in the plugin's window")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("links", "/connections/:id/case-type-links", {
      params,
      success: Links,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "Which CRM case types are linked to which of the platform")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("setLinks", "/connections/:id/case-type-links", {
      params,
      payload: Links,
      success: Links,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Replace the case-type links")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("aliases", "/connections/:id/aliases", {
      params,
      success: AliasTable,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "The firm's own webhook keys")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.put("setAliases", "/connections/:id/aliases", {
      params,
      payload: AliasTable,
      success: AliasTable,
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Replace the firm's own webhook keys")
      .annotateMerge(scoped("admin")),
    HttpApiEndpoint.get("catalog", "/connections/:id/catalog", {
      params,
      success: CrmCatalog,
      error: [NotFound, CrmFailed]
    })
      .annotate(OpenApi.Summary, "The CRM's case types, statuses and fields, asked now")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("caseTypes", "/connections/:id/case-types", {
      params,
      success: Schema.Struct({ caseTypes: Schema.Array(CaseTypeView) }),
      error: [NotFound, CrmFailed]
    })
      .annotate(OpenApi.Summary, "The CRM's case types, each with its link or the reason why nothing is sent")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
