/**
 * The URL that a firm pastes into its CRM, with options, and the same options as rows of the CRM's Params tab. Pure, so
 * that the console can show it while it is typed. The token stands in it only where the caller has just been given it.
 */
import type { FieldProblem } from "./Receipt.ts"
import { readListIntent } from "./ListRouting.ts"
import { normaliseKey } from "./WebhookFields.ts"

/** What stands for a token that cannot be shown again. */
export const maskedToken = "********"

/** The options in the order in which they stand in the URL. */
export interface WebhookOptions {
  readonly list_id?: string
  readonly list_name?: string
  readonly list_action?: string
  readonly remove_from_list?: string
  readonly campaign_id?: string
}

export interface BuiltUrl {
  readonly url: string
  /** False while the token is masked: the CRM could not use this URL. */
  readonly isComplete: boolean
  /** Key and Hardcoded Value of each row that does the same from the CRM's side; the URL then needs no options. */
  readonly params: ReadonlyArray<{ readonly key: string; readonly value: string }>
  /** What a receipt with these options would be warned of, as far as one can see without the lists. */
  readonly warnings: ReadonlyArray<FieldProblem>
}

const order = ["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"] as const

/** `base` is the webhook's address without a query. */
export const buildWebhookUrl = (base: string, token: string | null, options: WebhookOptions): BuiltUrl => {
  const params = order.flatMap((key) => {
    const value = options[key]?.trim() ?? ""
    return value === "" ? [] : [{ key, value }]
  })
  const query = [["token", token ?? maskedToken] as const, ...params.map(({ key, value }) => [key, value] as const)]
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join("&")
  const intent = readListIntent(new Map(params.map(({ key, value }) => [normaliseKey(key), [value]])))
  return { url: `${base}?${query}`, isComplete: token !== null, params, warnings: intent.warnings }
}
