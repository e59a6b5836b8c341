/**
 * What is removed of a connection, kind by kind, each as one step of at most so many things. A step that finds nothing
 * answers zero, and the next kind has its turn: so the order below is the order of removal.
 *
 * What hangs on a case or on a receipt goes in the same transaction as the case or the receipt, because afterwards
 * nothing would say whose it was.
 */
import { sql, type Kysely } from "kysely"
import { noConnection } from "@casewire/core/domain/Case"
import type { LaneHeads } from "./LaneHeads.ts"
import { laneOf } from "./Lanes.ts"
import { sealWithout } from "./Segment.ts"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

export interface Step {
  readonly db: Kysely<Tables>
  readonly heads: LaneHeads
  readonly vault: Vault
  readonly firmId: string
  readonly connectionId: string
  readonly limit: number
  readonly now: number
  /** The run that tells of the removal. */
  readonly except: string
  /** Receipts up to this number are known not to be the connection's. */
  readonly receiptsFrom: number
}

export interface Removed {
  readonly count: number
  /** Files that no row points at any more, once this is committed. */
  readonly files: ReadonlyArray<string>
  readonly receiptsFrom?: number
}

const nothing: Removed = { count: 0, files: [] }

/** All states, so that the index by state serves. */
const anyState = sql<boolean>`state in ('queued', 'held', 'sending', 'done', 'retry', 'uncertain', 'dead', 'skipped')`

const removeJobs = async ({ connectionId, db, firmId, heads, limit, now }: Step): Promise<Removed> => {
  const rows = await db
    .deleteFrom("jobs")
    .where("seq", "in", (query) =>
      query
        .selectFrom("jobs")
        .select("seq")
        .where("firm_id", "=", firmId)
        .where(anyState)
        .where("connection_id", "=", connectionId)
        // Whoever is doing it ends it first.
        .where(sql<boolean>`not (leased_by is not null and lease_until > ${now})`)
        .limit(limit)
    )
    .returningAll()
    .execute()
  const left = rows.filter(({ phase }) => phase !== null).map(laneOf)
  for (const lane of left) heads.remove(lane)
  for (const lane of left) heads.fill(lane, now)
  await removeKeys(
    db,
    firmId,
    rows.map(({ id }) => id)
  )
  return { count: rows.length, files: [] }
}

const removeKeys = async (db: Kysely<Tables>, firmId: string, operations: ReadonlyArray<string>): Promise<void> => {
  await db.deleteFrom("keys").where("firm_id", "=", firmId).where("operation", "in", listOf(operations)).execute()
}

/** One text for lists of any length. */
const listOf = <A extends string | number>(values: ReadonlyArray<A>) =>
  sql<A>`(select value from json_each(${JSON.stringify(values)}))`

const removeFiles = async (db: Kysely<Tables>, firmId: string, owners: ReadonlyArray<string>) => {
  const rows = await db
    .deleteFrom("documents")
    .where("firm_id", "=", firmId)
    .where("owner", "in", listOf(owners))
    .returning(["id", "file"])
    .execute()
  await removeKeys(
    db,
    firmId,
    rows.map(({ id }) => id)
  )
  return rows.map(({ file }) => file)
}

/** How many cases go with all that hangs on them while one webhook may wait. */
const casesTogether = 20

const removeCases = async (step: Step): Promise<Removed> => {
  const { connectionId, db, firmId, limit } = step
  const cases = await db
    .selectFrom("cases")
    .select(["id", "entered_client"])
    .where("firm_id", "=", firmId)
    .where("connection_id", "=", connectionId)
    .limit(Math.min(limit, casesTogether))
    .execute()
  if (cases.length === 0) return nothing
  const ids = cases.map(({ id }) => id)
  const causes = await db
    .selectFrom("timeline")
    .select("cause")
    .distinct()
    .where("firm_id", "=", firmId)
    .where("case_id", "in", listOf(ids))
    .execute()
  // Events whose switch was off have a key and no job.
  await db
    .deleteFrom("keys")
    .where("firm_id", "=", firmId)
    .where("key", "in", listOf(causes.map(({ cause }) => `event ${cause}`)))
    .execute()
  const files = await removeFiles(db, firmId, ids)
  let count = files.length + cases.length
  for (const table of ["case_events", "timeline", "memberships", "list_events", "hook_deliveries"] as const) {
    const { numDeletedRows } = await db
      .deleteFrom(table)
      .where("firm_id", "=", firmId)
      .where("case_id", "in", listOf(ids))
      .executeTakeFirstOrThrow()
    // The audit of lists is not counted.
    if (table !== "list_events") count += Number(numDeletedRows)
  }
  await db.deleteFrom("cases").where("firm_id", "=", firmId).where("id", "in", listOf(ids)).execute()
  const entered = cases.flatMap(({ entered_client }) => entered_client ?? [])
  const { numDeletedRows } = await db
    .deleteFrom("clients")
    .where("firm_id", "=", firmId)
    .where("id", "in", listOf(entered))
    .where("connection_id", "=", noConnection)
    .where(({ exists, not, selectFrom }) =>
      not(
        exists(
          selectFrom("cases")
            .select("cases.id")
            .whereRef("cases.firm_id", "=", "clients.firm_id")
            .whereRef("cases.entered_client", "=", "clients.id")
        )
      )
    )
    .executeTakeFirstOrThrow()
  return { count: count + Number(numDeletedRows), files }
}

const removeClients = async ({ connectionId, db, firmId, limit }: Step): Promise<Removed> => {
  const { numDeletedRows } = await db
    .deleteFrom("clients")
    .where("id", "in", (query) =>
      query
        .selectFrom("clients")
        .select("id")
        .where("firm_id", "=", firmId)
        .where("connection_id", "=", connectionId)
        .limit(limit)
    )
    .where("firm_id", "=", firmId)
    .executeTakeFirstOrThrow()
  return { count: Number(numDeletedRows), files: [] }
}

/** The most receipts of one commit: a segment holds none that was received so much later than its first. */
const batchSpan = 1_000

const removeReceipts = async (step: Step): Promise<Removed> => {
  const { connectionId, db, firmId, limit, receiptsFrom, vault } = step
  const receipts = await db
    .selectFrom("receipts")
    .select(["id", "receive_number", "segment", "external_case_id"])
    .where("receive_number", ">", receiptsFrom)
    .where(sql<string>`+firm_id`, "=", firmId)
    .where("connection_id", "=", connectionId)
    .orderBy("receive_number")
    .limit(limit)
    .execute()
  if (receipts.length === 0) return nothing
  // Before the newest may go: whoever compares receive numbers must never meet one a second time.
  await sql`insert into store (key, value) values ('receive-number', (select max(receive_number) from receipts))
    on conflict (key) do update set value = max(cast(value as integer), cast(excluded.value as integer))`.execute(db)
  const ids = receipts.map(({ id }) => id)
  const files = await removeFiles(db, firmId, ids)
  for (const { external_case_id, receive_number } of receipts)
    if (external_case_id !== null)
      await db
        .deleteFrom("receipts_of_case")
        .where("firm_id", "=", firmId)
        .where("external_case_id", "=", external_case_id)
        .where("receive_number", "=", receive_number)
        .execute()
  const numbers = receipts.map(({ receive_number }) => receive_number)
  await db.deleteFrom("receipts").where("receive_number", "in", listOf(numbers)).execute()
  const gone = new Set(ids)
  for (const segment of new Set(receipts.map((receipt) => receipt.segment))) {
    const body = await db.selectFrom("receipt_bodies").selectAll().where("segment", "=", segment).executeTakeFirst()
    if (body === undefined) continue
    const isShared =
      (await db
        .selectFrom("receipts")
        .select("id")
        .where("receive_number", ">=", segment)
        .where("receive_number", "<", segment + batchSpan)
        .where(sql<number>`+segment`, "=", segment)
        .executeTakeFirst()) !== undefined
    const sealed = isShared ? sealWithout(vault, body, gone) : undefined
    if (sealed === undefined) await db.deleteFrom("receipt_bodies").where("segment", "=", segment).execute()
    else await db.updateTable("receipt_bodies").set({ body: sealed }).where("segment", "=", segment).execute()
  }
  return { count: receipts.length + files.length, files, receiptsFrom: numbers.at(-1)! }
}

/** What was on its way from the CRM for a case, when its job was cut: nobody's yet, and bound to its id by a key. */
const removeIncoming = async ({ connectionId, db, firmId, limit }: Step): Promise<Removed> => {
  const keys = await db
    .selectFrom("keys")
    .select(["key", "operation"])
    .where("firm_id", "=", firmId)
    .where("key", ">", `document ${connectionId} `)
    .where("key", "<", `document ${connectionId}!`)
    .limit(limit)
    .execute()
  if (keys.length === 0) return nothing
  const rows = await db
    .deleteFrom("documents")
    .where("firm_id", "=", firmId)
    .where("id", "in", listOf(keys.map(({ operation }) => operation)))
    .returning("file")
    .execute()
  await db
    .deleteFrom("keys")
    .where("firm_id", "=", firmId)
    .where("key", "in", listOf(keys.map(({ key }) => key)))
    .execute()
  return { count: keys.length, files: rows.map(({ file }) => file) }
}

const removeSettings = async ({ connectionId, db, firmId }: Step): Promise<Removed> => {
  let count = 0
  for (const table of ["catalogs", "mappings", "mapping_drafts", "status_tables", "switch_log"] as const) {
    const { numDeletedRows } = await db
      .deleteFrom(table)
      .where("firm_id", "=", firmId)
      .where("connection_id", "=", connectionId)
      .executeTakeFirstOrThrow()
    count += Number(numDeletedRows)
  }
  return { count, files: [] }
}

const removeRuns = async ({ connectionId, db, except, firmId, limit }: Step): Promise<Removed> => {
  const run = await db
    .selectFrom("runs")
    .select("id")
    .where("firm_id", "=", firmId)
    .where("connection_id", "=", connectionId)
    .where("id", "<>", except)
    .executeTakeFirst()
  if (run === undefined) return nothing
  const { numDeletedRows } = await db
    .deleteFrom("run_rows")
    .where("firm_id", "=", firmId)
    .where("run_id", "=", run.id)
    .where("number", "in", (query) =>
      query
        .selectFrom("run_rows")
        .select("number")
        .where("firm_id", "=", firmId)
        .where("run_id", "=", run.id)
        .limit(limit)
    )
    .executeTakeFirstOrThrow()
  if (numDeletedRows > 0n) return { count: 1, files: [] }
  await db.deleteFrom("runs").where("firm_id", "=", firmId).where("id", "=", run.id).execute()
  return { count: 1, files: [] }
}

/** Jobs first and again each time, so that none is made of what is left and stays. */
export const removalSteps: ReadonlyArray<(step: Step) => Promise<Removed>> = [
  removeJobs,
  removeCases,
  removeClients,
  removeReceipts,
  removeIncoming,
  removeSettings,
  removeRuns
]
