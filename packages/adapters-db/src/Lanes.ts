/** What happens to lanes apart from claims: what a person says about jobs, what is listed and counted. */
import { sql, type Kysely } from "kysely"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import type { JobState } from "@casewire/core/domain/Job"
import type { JobFilter, QueueStats, Verb } from "@casewire/core/ports/Queue"
import type { LaneHeads, LaneKey } from "./LaneHeads.ts"
import { reasonToColumn } from "./JobRows.ts"
import type { JobRow, Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

/** The ids come first and the rows after them, so that sorting a long list never drags its bodies along. */
export const selectJobs = (db: Kysely<Tables>, firmId: string, filter: JobFilter, order?: "newest") =>
  db
    .selectFrom("jobs")
    .selectAll()
    .where("seq", "in", selectPlaces(db, firmId, filter, order))
    .orderBy("seq", directionOf(order))

const directionOf = (order: "newest" | undefined) => (order === "newest" ? "desc" : "asc")

const selectPlaces = (db: Kysely<Tables>, firmId: string, filter: JobFilter, order: "newest" | undefined) => {
  const { before, connectionId, ids, key, lane, limit, states, work } = filter
  const isOutbound = key !== undefined && work !== undefined && work.every((tag) => outbound.has(tag))
  const isWhole = ids === undefined && key === undefined && states === undefined && limit !== undefined
  let query = db.selectFrom("jobs").select("seq")
  // A plus sign keeps the planner from an index that does not narrow: the whole list runs along the table itself, and
  // what is outbound of one case is found by the case.
  query = query.where(isWhole ? sql`+firm_id` : sql.ref("firm_id"), "=", firmId)
  if (ids !== undefined) query = query.where("id", "in", ids)
  if (connectionId !== undefined) query = query.where("connection_id", "=", connectionId)
  if (key !== undefined) query = query.where("key", "=", key)
  if (lane !== undefined) query = query.where("lane", "=", lane)
  if (states !== undefined) query = query.where(isOutbound ? sql`+state` : sql.ref("state"), "in", states)
  if (work !== undefined) query = query.where("work_tag", "in", work)
  if (before !== undefined)
    query = query.where("seq", "<", (inner) =>
      inner.selectFrom("jobs").select("seq").where("id", "=", before).where("firm_id", "=", firmId)
    )
  // Literally as the partial index has it.
  if (isOutbound) query = query.where(sql<boolean>`work_tag in ('AddNote', 'PushStatus')`)
  return limit === undefined ? query : query.orderBy("seq", directionOf(order)).limit(limit)
}

const outbound: ReadonlySet<string> = new Set(["AddNote", "PushStatus"])

const statesFor: Readonly<Record<Verb, ReadonlyArray<JobState>>> = {
  hold: ["queued", "retry"],
  release: ["held"],
  replay: ["dead", "uncertain", "skipped"],
  skip: ["queued", "retry", "held", "dead", "uncertain"],
  confirm: ["uncertain"]
}

const stateAfter: Readonly<Record<Verb, JobState>> = {
  hold: "held",
  release: "queued",
  replay: "queued",
  skip: "skipped",
  confirm: "done"
}

/** A job under lease does not wait: it is being done. Whoever does a job again must know what was sent before. */
export const resolveJobs = async (
  db: Kysely<Tables>,
  heads: LaneHeads,
  options: {
    readonly vault: Vault
    readonly firmId: string
    readonly filter: JobFilter
    readonly verb: Verb
    readonly reason: string
    readonly now: number
  }
): Promise<ReadonlyArray<string>> => {
  const { filter, firmId, now, reason, vault, verb } = options
  const { limit, ...unlimited } = filter
  const states = statesFor[verb].filter((state) => filter.states === undefined || filter.states.includes(state))
  const fitting = await selectJobs(db, firmId, { ...unlimited, states })
    .where(sql<boolean>`not (leased_by is not null and lease_until > ${now})`)
    .execute()
  const rows = fitting.slice(0, limit)
  const isBack = verb === "release" || verb === "replay"
  for (const row of rows) {
    await db
      .updateTable("jobs")
      .set({
        state: stateAfter[verb],
        reason: reasonToColumn(vault, firmId, row.id, reason),
        updated_at: now,
        phase: null,
        lease_until: null,
        leased_by: null,
        ...(isBack ? { attempts: 0, not_before: now, seq: heads.nextSeq() } : {})
      })
      .where("seq", "=", row.seq)
      .execute()
    if (row.phase !== null) heads.remove(laneOf(row))
  }
  // Only now, or a job of the list would become head after it was looked at.
  for (const row of rows) heads.fill(laneOf(row), now)
  return rows.map((row) => row.id)
}

export const laneOf = (row: JobRow): LaneKey => ({
  firmId: row.firm_id,
  connectionId: row.connection_id,
  key: row.key,
  lane: row.lane
})

const none: Readonly<Record<JobState, number>> = {
  queued: 0,
  held: 0,
  sending: 0,
  done: 0,
  retry: 0,
  uncertain: 0,
  dead: 0,
  skipped: 0
}

export const statsOfFirm = async (
  db: Kysely<Tables>,
  firmId: string,
  now: number
): Promise<ReadonlyArray<QueueStats>> => {
  const counts = await db
    .selectFrom("jobs")
    .select((e) => ["connection_id", "state", e.fn.countAll<number>().as("n")])
    .where("firm_id", "=", firmId)
    .groupBy(["state", "connection_id"])
    .execute()
  const { rows: occupants } = await sql<{ connection_id: string; oldest: number | null; running: number }>`
    select connection_id,
      min(case when not_before <= ${now} and not (leased_by is not null and lease_until > ${now})
        then not_before end) as oldest,
      sum(leased_by is not null and lease_until > ${now}) as running
    from jobs where firm_id = ${firmId} and state in ('queued', 'retry', 'sending') group by connection_id`.execute(db)
  const { rows: blocked } = await sql<{ connection_id: string; n: number }>`
    select connection_id, count(*) as n from jobs head
    where phase in (0, 1) and firm_id = ${firmId} and state = 'retry'
      and not (leased_by is not null and lease_until > ${now})
      and exists (select 1 from jobs behind where behind.firm_id = head.firm_id
        and behind.connection_id = head.connection_id and behind.key = head.key and behind.lane = head.lane
        and behind.phase is null and behind.state in ('queued', 'retry', 'sending'))
    group by connection_id`.execute(db)
  const stats = new Map<string, { -readonly [K in keyof QueueStats]: QueueStats[K] }>()
  for (const { connection_id, n, state } of counts) {
    const found = stats.get(connection_id) ?? {
      connectionId: connection_id as ConnectionId,
      byState: none,
      running: 0,
      oldestDue: null,
      blockedLanes: 0
    }
    stats.set(connection_id, { ...found, byState: { ...found.byState, [state]: n } })
  }
  for (const { connection_id, oldest, running } of occupants)
    Object.assign(stats.get(connection_id) ?? {}, { oldestDue: oldest, running })
  for (const { connection_id, n } of blocked) Object.assign(stats.get(connection_id) ?? {}, { blockedLanes: n })
  return [...stats.values()]
}
