/**
 * Migrations, forward only and in code: no files are read, so a bundled host carries them. Each runs in a transaction
 * of its own; running them again does nothing.
 */
import { sql, type Kysely } from "kysely"
import { Migrator, type Migration } from "kysely/migration"
import type { Tables } from "./Tables.ts"

/** Brings the database to the newest schema and answers the names of what was run. */
export const migrateToLatest = async (db: Kysely<Tables>): Promise<ReadonlyArray<string>> => {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return (results ?? []).map((result) => result.migrationName)
}

const steps = (...statements: ReadonlyArray<ReturnType<typeof sql>>): Migration => ({
  up: async (db) => {
    for (const statement of statements) await statement.execute(db)
  }
})

const migrations: Record<string, Migration> = {
  "0001-start": steps(
    sql`create table store (key text primary key, value text not null) strict, without rowid`,
    sql`create table firms (firm_id text primary key, name text not null, created_at integer not null) strict`,
    sql`create table firm_keys (
      firm_id text not null, version integer not null, kek_id text not null, wrapped blob not null,
      primary key (firm_id, version)) strict, without rowid`,
    sql`create table connections (
      firm_id text not null, id text not null, body text not null, credentials blob,
      primary key (firm_id, id)) strict, without rowid`,
    sql`create unique index connections_by_id on connections (id)`,
    sql`create table tokens (
      hash blob primary key, firm_id text not null, kind text not null, connection_id text, name text,
      expires_at integer) strict, without rowid`,
    sql`create index tokens_of_connection on tokens (firm_id, connection_id)`,
    // The receive number is the row's own number: new rows are appended, and no further index is needed to count on.
    sql`create table receipts (
      receive_number integer primary key, firm_id text not null, id text not null, connection_id text not null,
      external_case_id text, disposition text not null, received_at integer not null, verdict text not null,
      segment integer not null) strict`,
    // What a firm's receipts of one commit hold, sealed together: sealing one by one cost more than storing them.
    sql`create table receipt_bodies (segment integer primary key, firm_id text not null, body blob not null) strict`,
    sql`create unique index receipts_by_id on receipts (firm_id, id)`,
    sql`create table receipts_of_case (
      firm_id text not null, external_case_id text not null, receive_number integer not null,
      primary key (firm_id, external_case_id, receive_number)) strict, without rowid`,
    sql`create index receipts_set_aside on receipts (firm_id, disposition) where disposition <> 'Accepted'`,
    sql`create table keys (
      firm_id text not null, key text not null, operation text not null,
      primary key (firm_id, key)) strict, without rowid`,
    sql`create table clients (
      firm_id text not null, id text not null, connection_id text not null, external_id text not null,
      body blob not null, primary key (firm_id, id)) strict`,
    sql`create unique index clients_by_external_id on clients (firm_id, connection_id, external_id)`,
    sql`create table cases (
      firm_id text not null, id text not null, connection_id text not null, external_id text not null,
      dirty_since integer, body blob not null, primary key (firm_id, id)) strict`,
    sql`create unique index cases_by_external_id on cases (firm_id, connection_id, external_id)`,
    sql`create index cases_dirty on cases (firm_id, id) where dirty_since is not null`,
    sql`create table case_events (
      seq integer primary key, firm_id text not null, id text not null, case_id text not null, at integer not null,
      kind text not null, cause text not null, change blob not null) strict`,
    sql`create unique index case_events_by_id on case_events (firm_id, id)`,
    sql`create index case_events_of_case on case_events (firm_id, case_id, at)`,
    sql`create index case_events_conflicts on case_events (firm_id, at)
      where kind in ('status-superseded', 'status-overwritten')`,
    sql`create table jobs (
      seq integer primary key, firm_id text not null, id text not null, connection_id text not null,
      key text not null, lane text not null, priority integer not null, work_tag text not null,
      work any not null, state text not null, attempts integer not null, not_before integer not null,
      created_at integer not null, updated_at integer not null, sent_at integer, progress text not null,
      reason text, phase integer, lease_until integer, leased_by text, fence integer not null) strict`,
    sql`create unique index jobs_by_id on jobs (firm_id, id)`,
    // Who waits behind a head. Heads are not in here, so a job that finds its lane free costs nothing.
    sql`create index jobs_behind on jobs (firm_id, connection_id, key, lane)
      where phase is null and state in ('queued', 'retry', 'sending')`,
    // The three places where a head can stand; a claim touches these and never the backlog behind the heads.
    sql`create index jobs_waiting on jobs (not_before) where phase = 0`,
    sql`create index jobs_ready on jobs (connection_id, priority) where phase = 1`,
    sql`create index jobs_leased on jobs (lease_until, connection_id) where phase = 2`,
    // What is under way to the CRM for a case: asked by every job that applies something to it.
    sql`create index jobs_outbound on jobs (firm_id, connection_id, key) where work_tag in ('AddNote', 'PushStatus')`,
    sql`create index jobs_by_state on jobs (firm_id, state, connection_id)`,
    sql`create table budgets (account text primary key, base integer not null) strict, without rowid`,
    sql`create table ticks (name text primary key, fired_at integer not null) strict, without rowid`,
    sql`create table documents (
      firm_id text not null, id text not null, owner text not null, file text not null, size integer not null,
      created_at integer not null, meta blob not null, primary key (firm_id, id)) strict`,
    sql`create index documents_of_owner on documents (firm_id, owner, created_at)`
  ),
  "0002-lists": steps(
    sql`create table list_targets (
      firm_id text not null, id text not null, kind text not null, number integer not null, body blob not null,
      primary key (firm_id, id)) strict`,
    sql`create unique index list_targets_by_number on list_targets (firm_id, kind, number)`,
    sql`create table memberships (
      firm_id text not null, target_id text not null, case_id text not null, is_member integer not null,
      body blob not null, primary key (firm_id, target_id, case_id)) strict`,
    sql`create index memberships_of_case on memberships (firm_id, case_id, target_id)`,
    sql`create index memberships_counted on memberships (firm_id, target_id, case_id) where is_member = 1`,
    sql`create table list_events (
      firm_id text not null, id text not null, target_id text not null, case_id text, body blob not null,
      primary key (firm_id, id)) strict`,
    sql`create index list_events_of_target on list_events (firm_id, target_id, id)`,
    sql`create index list_events_of_case on list_events (firm_id, case_id, id) where case_id is not null`
  ),
  "0003-mapping": steps(
    sql`create table catalogs (
      firm_id text not null, connection_id text not null, body text not null,
      primary key (firm_id, connection_id)) strict, without rowid`,
    sql`create table mappings (
      firm_id text not null, connection_id text not null, case_type text not null, campaign_id text not null,
      number integer not null, body text not null,
      primary key (firm_id, connection_id, case_type, campaign_id, number)) strict, without rowid`,
    sql`create table mapping_drafts (
      firm_id text not null, id text not null, connection_id text not null, body blob not null,
      primary key (firm_id, id)) strict, without rowid`,
    sql`create index mapping_drafts_of_connection on mapping_drafts (firm_id, connection_id, id)`,
    sql`create table status_tables (
      firm_id text not null, connection_id text not null, case_type text not null, body text not null,
      primary key (firm_id, connection_id, case_type)) strict, without rowid`,
    // Conflicts are now about fields, too.
    sql`drop index case_events_conflicts`,
    sql`create index case_events_conflicts on case_events (firm_id, at)
      where kind in ('status-superseded', 'status-overwritten', 'field-superseded', 'field-overwritten')`
  ),
  "0004-timeline": steps(
    sql`create table timeline (
      seq integer primary key, firm_id text not null, id text not null, case_id text not null, kind text not null,
      at integer not null, cause text not null, external_id text, body blob not null) strict`,
    sql`create unique index timeline_by_id on timeline (firm_id, id)`,
    sql`create unique index timeline_by_external_id on timeline (firm_id, case_id, kind, external_id)
      where external_id is not null`,
    sql`create index timeline_of_case on timeline (firm_id, case_id, at)`,
    sql`create index timeline_of_cause on timeline (firm_id, cause)`
  ),
  "0005-runs": steps(
    sql`create table runs (
      firm_id text not null, id text not null, connection_id text not null, kind text not null, state text not null,
      body blob not null, primary key (firm_id, id)) strict`,
    sql`create table run_rows (
      firm_id text not null, run_id text not null, number integer not null, key text not null, state text not null,
      body blob not null, primary key (firm_id, run_id, number)) strict, without rowid`,
    sql`create index run_rows_by_key on run_rows (firm_id, run_id, key)`
  ),
  "0006-subscriptions": steps(
    sql`create table subscriptions (
      firm_id text not null, id text not null, body blob not null, secrets blob, primary key (firm_id, id)) strict`,
    sql`create table hook_deliveries (
      firm_id text not null, id text not null, subscription_id text not null, state text not null, body blob not null,
      primary key (firm_id, id)) strict`,
    sql`create index hook_deliveries_of_subscription on hook_deliveries (firm_id, subscription_id, id)`
  ),
  "0008-reviews": steps(
    // Moves away from a terminal status are listed among the conflicts.
    sql`drop index case_events_conflicts`,
    sql`create index case_events_conflicts on case_events (firm_id, at) where kind in
      ('status-superseded', 'status-overwritten', 'field-superseded', 'field-overwritten', 'status-review')`
  ),
  "0009-plugins": steps(
    sql`create table plugin_versions (
      seq integer primary key, plugin_id text not null, digest text not null, body text not null) strict`,
    sql`create unique index plugin_versions_by_digest on plugin_versions (plugin_id, digest)`,
    sql`create table plugin_pins (
      plugin_id text not null, firm_id text not null, connection_id text not null, digest text not null,
      primary key (plugin_id, firm_id, connection_id)) strict, without rowid`,
    sql`create table plugin_swaps (
      id text primary key, plugin_id text not null, result text not null, body text not null) strict, without rowid`,
    sql`create index plugin_swaps_of_plugin on plugin_swaps (plugin_id, id)`
  ),
  "0010-removal": steps(
    // How what belongs to a case, or was made with a job, is found when a connection goes.
    sql`alter table hook_deliveries add column case_id text`,
    sql`create index hook_deliveries_of_case on hook_deliveries (firm_id, case_id) where case_id is not null`,
    sql`alter table cases add column entered_client text`,
    sql`create index cases_of_entered_client on cases (firm_id, entered_client) where entered_client is not null`,
    sql`create index keys_of_operation on keys (firm_id, operation)`
  ),
  // Tokens that are there already may everything.
  "0011-token-scopes": steps(sql`alter table tokens add column scopes text`),
  "0012-arrivals": steps(
    // Rows of accepted webhooks are written after their segment. Up to here every segment has its rows already.
    sql`insert into store (key, value) select 'unfolded', coalesce(max(segment), 0) from receipt_bodies`,
    sql`create table segments_set_aside (
      segment integer primary key, firm_id text not null, reason text not null) strict`,
    // Which receipts name a case is written with the receipt's row now, no longer behind it.
    sql`insert or ignore into receipts_of_case (firm_id, external_case_id, receive_number)
      select firm_id, external_case_id, receive_number from receipts
      where external_case_id is not null and receive_number >
        coalesce((select cast(value as integer) from store where key = 'receipts-of-case'), 0)`,
    sql`delete from store where key = 'receipts-of-case'`
  ),
  "0013-locked-options": steps(sql`alter table tokens add column locked text`),
  "0014-switch-log": steps(
    sql`create table switch_log (
      seq integer primary key, firm_id text not null, connection_id text not null, body text not null) strict`,
    sql`create index switch_log_of_connection on switch_log (firm_id, connection_id, seq)`
  )
}
