/**
 * A row of Setup → Webhooks and the log of what was sent for it. The firm chooses
 * every key; values come from the field picker or are fixed text.
 */
import { Schema } from "effect"
import { customKey } from "./Lead.ts"
import * as Profile from "./Profile.ts"

const Field = Schema.String.check(
  Schema.makeFilter((field: string) =>
    field in Profile.webhookFields || customKey(field) !== undefined
      ? undefined
      : `no such field in the picker; known: ${Object.keys(Profile.webhookFields).join(", ")}, CustomNNNN`
  )
)

const Pair = Schema.Union([
  Schema.Struct({ key: Schema.NonEmptyString, field: Field }),
  Schema.Struct({ key: Schema.NonEmptyString, value: Schema.String })
])

export type Pair = typeof Pair.Type

const Selection = Schema.Union([Schema.Literal("all"), Schema.Array(Schema.Int)])

export const isHttpUrl = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

const HttpUrl = Schema.String.check(
  Schema.makeFilter((url: string) => (isHttpUrl(url) ? undefined : "must be an http or https URL"))
)

const HeaderName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/))
const HeaderValue = Schema.String.check(Schema.isPattern(/^[\t\x20-\x7e]*$/))

const columns = {
  name: Schema.String,
  url: HttpUrl,
  method: Schema.Literals(["POST", "PUT", "GET"]),
  caseTypes: Selection,
  statuses: Selection,
  params: Schema.Array(Pair),
  paramsAs: Schema.Literals(["query", "body"]),
  headers: Schema.Array(Schema.Struct({ key: HeaderName, value: HeaderValue })),
  body: Schema.Array(Pair),
  encoding: Schema.Literals(["urlencoded", "json", "multipart"]),
  attach: Schema.Struct({ enabled: Schema.Boolean, categories: Schema.optionalKey(Schema.Array(Schema.String)) }),
  enabled: Schema.Boolean
}

export const WebhookPatch = Schema.Struct({
  name: Schema.optionalKey(columns.name),
  url: Schema.optionalKey(columns.url),
  method: Schema.optionalKey(columns.method),
  caseTypes: Schema.optionalKey(columns.caseTypes),
  statuses: Schema.optionalKey(columns.statuses),
  params: Schema.optionalKey(columns.params),
  paramsAs: Schema.optionalKey(columns.paramsAs),
  headers: Schema.optionalKey(columns.headers),
  body: Schema.optionalKey(columns.body),
  encoding: Schema.optionalKey(columns.encoding),
  attach: Schema.optionalKey(columns.attach),
  enabled: Schema.optionalKey(columns.enabled)
})

export type WebhookPatch = typeof WebhookPatch.Type

export const NewWebhook = Schema.Struct({ ...WebhookPatch.fields, url: columns.url })

export type WebhookRow = { readonly webhookId: number } & Required<WebhookPatch>

export const makeRow = (webhookId: number, row: typeof NewWebhook.Type): WebhookRow => ({
  webhookId,
  name: `Webhook ${webhookId}`,
  method: "POST",
  caseTypes: "all",
  statuses: "all",
  params: [],
  paramsAs: "query",
  headers: [],
  body: Profile.defaultBody,
  encoding: "urlencoded",
  attach: { enabled: false },
  enabled: true,
  ...row
})

export const rowMatches = (row: WebhookRow, lead: { caseTypeId: number; statusId: number }): boolean =>
  row.enabled &&
  (row.caseTypes === "all" || row.caseTypes.includes(lead.caseTypeId)) &&
  (row.statuses === "all" || row.statuses.includes(lead.statusId))

/** One attempt to deliver; a retry or a copy is another one. */
export interface Delivery {
  readonly deliveryId: number
  readonly webhookId: number
  readonly leadId: number | null
  readonly test: boolean
  readonly startedAt: number
  readonly url: string
  readonly contentType: string
  readonly requestBody: string
  status: number | null
  answer: string | null
  error: string | null
  readonly attempt: number
  readonly fault?: string
}
