/**
 * The tables, as kysely sees them. Bodies are JSON, sealed where client data or secrets are in them; what queries need
 * stands beside the body in columns of its own: ids, states, times and numbers, never a name, a phone or a text.
 */
import type { Generated } from "kysely"

export interface Tables {
  runs: { firm_id: string; id: string; connection_id: string; kind: string; state: string; body: Buffer }
  run_rows: { firm_id: string; run_id: string; number: number; key: string; state: string; body: Buffer }
  plugin_versions: { seq: Generated<number>; plugin_id: string; digest: string; body: string }
  plugin_pins: { plugin_id: string; firm_id: string; connection_id: string; digest: string }
  plugin_swaps: { id: string; plugin_id: string; result: string; body: string }
  subscriptions: { firm_id: string; id: string; body: Buffer; secrets: Buffer | null }
  hook_deliveries: {
    firm_id: string
    id: string
    subscription_id: string
    state: string
    /** The case it is about; none for a test, and for what was recorded before the column was there. */
    case_id: string | null
    body: Buffer
  }
  store: { key: string; value: string }
  firms: { firm_id: string; name: string; created_at: number }
  firm_keys: { firm_id: string; version: number; kek_id: string; wrapped: Buffer }
  connections: { firm_id: string; id: string; body: string; credentials: Buffer | null }
  switch_log: { seq: Generated<number>; firm_id: string; connection_id: string; body: string }
  tokens: {
    hash: Buffer
    firm_id: string
    kind: "webhook" | "api"
    connection_id: string | null
    name: string | null
    /** Of an API token, as JSON; null: everything. */
    scopes: string | null
    /** Options that the URL of a webhook token fixes, as JSON. */
    locked: string | null
    expires_at: number | null
  }
  receipts: {
    firm_id: string
    id: string
    receive_number: number
    connection_id: string
    external_case_id: string | null
    disposition: string
    received_at: number
    /** JSON; sealed, in Base64, where it holds warnings or errors: those name keys, and keys are the sender's own words. */
    verdict: string
    /** Which of `receipt_bodies` holds what arrived: the receive number of the first receipt in it. */
    segment: number
  }
  receipt_bodies: { segment: number; firm_id: string; body: Buffer }
  /** Segments whose receipts could not get rows, because they do not open. */
  segments_set_aside: { segment: number; firm_id: string; reason: string }
  receipts_of_case: { firm_id: string; external_case_id: string; receive_number: number }
  keys: { firm_id: string; key: string; operation: string }
  clients: { firm_id: string; id: string; connection_id: string; external_id: string; body: Buffer }
  cases: {
    firm_id: string
    id: string
    connection_id: string
    external_id: string
    dirty_since: number | null
    /** Its client, until a read confirms the case: it may be one that was entered by hand. */
    entered_client: string | null
    body: Buffer
  }
  case_events: {
    seq: Generated<number>
    firm_id: string
    id: string
    case_id: string
    at: number
    kind: string
    cause: string
    change: Buffer
  }
  timeline: {
    seq: Generated<number>
    firm_id: string
    id: string
    case_id: string
    kind: string
    at: number
    cause: string
    external_id: string | null
    body: Buffer
  }
  catalogs: { firm_id: string; connection_id: string; body: string }
  mappings: {
    firm_id: string
    connection_id: string
    case_type: string
    /** Empty: the company's default. */
    campaign_id: string
    number: number
    body: string
  }
  mapping_drafts: { firm_id: string; id: string; connection_id: string; body: Buffer }
  status_tables: { firm_id: string; connection_id: string; case_type: string; body: string }
  list_targets: { firm_id: string; id: string; kind: "list" | "campaign"; number: number; body: Buffer }
  memberships: { firm_id: string; target_id: string; case_id: string; is_member: number; body: Buffer }
  list_events: { firm_id: string; id: string; target_id: string; case_id: string | null; body: Buffer }
  jobs: JobRow
  budgets: { account: string; base: number }
  ticks: { name: string; fired_at: number }
  documents: {
    firm_id: string
    id: string
    owner: string
    file: string
    size: number
    created_at: number
    meta: Buffer
  }
}

/** Where the head of a lane stands; `null` for a job that is no head or occupies no lane. */
export const Phase = { waiting: 0, ready: 1, leased: 2 } as const

export interface JobRow {
  /** Order of enqueue over the whole store; a replayed job gets a new one. */
  seq: number
  firm_id: string
  id: string
  connection_id: string
  key: string
  lane: string
  priority: number
  work_tag: string
  /** Sealed, except the kinds of work that hold ids only. */
  work: Buffer | string
  state: string
  attempts: number
  not_before: number
  created_at: number
  updated_at: number
  sent_at: number | null
  progress: string
  /** A code in the clear, or sealed, in Base64 behind a mark, where a person gave it. */
  reason: string | null
  phase: number | null
  /** Who was given the job last and has not settled it, even after the lease lapsed. */
  lease_until: number | null
  leased_by: string | null
  fence: number
}
