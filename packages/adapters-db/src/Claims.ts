/**
 * Which heads a worker gets: the most urgent of all connections, oldest first within a priority.
 *
 * The cost depends on the number of connections that have something to do and on how many jobs are asked for, never on
 * the backlog: ready heads are found connection by connection in an index of their own, and a connection that may not
 * run more is passed over as a whole.
 */
import { sql, type Kysely, type Selectable } from "kysely"
import { Phase, type JobRow, type Tables } from "./Tables.ts"

type Row = Selectable<JobRow>

export const claimHeads = async (
  db: Kysely<Tables>,
  now: number,
  options: {
    readonly worker: string
    readonly limit: number
    readonly leaseMs: number
    readonly perConnection?: number
    readonly batch?: { readonly work: string; readonly size: number }
  }
): Promise<ReadonlyArray<Row>> => {
  const { batch, leaseMs, limit, perConnection = Number.MAX_SAFE_INTEGER, worker } = options
  if (limit <= 0) return []
  await readyWhatIsDue(db, now)
  const candidates = await connectionsWithWork(db, batch?.work ?? "")
  const units: Array<Unit> = []
  // Whatever is among the first `limit` heads belongs to one of the first `limit` connections, ordered by their best.
  const open = candidates
    .filter(({ running }) => running < perConnection)
    .sort(byUrgency)
    .slice(0, limit)
  for (const { id, running } of open)
    units.push(...(await unitsOf(db, id, Math.min(limit, perConnection - running), batch)))
  if (units.length === 0) return []
  const chosen = units
    .sort(byUrgency)
    .slice(0, limit)
    .flatMap(({ seqs }) => seqs)
  const rows: Array<Row> = []
  for (const seq of chosen)
    rows.push(
      await db
        .updateTable("jobs")
        .set((e) => ({
          phase: Phase.leased,
          lease_until: now + leaseMs,
          leased_by: worker,
          fence: e("fence", "+", 1),
          // Whoever had it before did not settle it: that was an attempt.
          attempts: sql<number>`attempts + (leased_by is not null)`,
          updated_at: now
        }))
        .where("seq", "=", seq)
        .returningAll()
        .executeTakeFirstOrThrow()
    )
  return rows
}

/** Heads whose time has come, and leases that lapsed. */
const readyWhatIsDue = async (db: Kysely<Tables>, now: number): Promise<void> => {
  // The phases are written out: a partial index is used only where its condition stands literally.
  await sql`update jobs set phase = 1 where phase = 0 and not_before <= ${now}`.execute(db)
  await sql`update jobs set phase = 1 where phase = 2 and lease_until <= ${now}`.execute(db)
}

/** Walks the index from connection to connection instead of over all ready heads. */
const connectionsWithWork = async (db: Kysely<Tables>, together: string) => {
  const { rows } = await sql<{ id: string; running: number; priority: number; seq: number }>`
    with recursive connection (id) as (
      select min(connection_id) from jobs where phase = 1
      union all
      select (select min(connection_id) from jobs where phase = 1 and connection_id > connection.id)
      from connection where connection.id is not null
    ),
    running (id, n) as (
      select connection_id, sum(work_tag <> ${together}) + max(work_tag = ${together})
      from jobs where phase = 2 group by connection_id
    )
    select connection.id as id, coalesce(running.n, 0) as running, head.priority as priority, head.seq as seq
    from connection
    left join running on running.id = connection.id
    join jobs head on head.seq = (
      select seq from jobs where phase = 1 and connection_id = connection.id order by priority, seq limit 1
    )
    where connection.id is not null`.execute(db)
  return rows
}

/** One job, or the jobs that are done together: as urgent as its most urgent one. */
interface Unit {
  readonly seq: number
  readonly priority: number
  readonly seqs: ReadonlyArray<number>
}

const unitsOf = async (
  db: Kysely<Tables>,
  connectionId: string,
  limit: number,
  batch: { readonly work: string; readonly size: number } | undefined
): Promise<ReadonlyArray<Unit>> => {
  const { rows } = await sql<{ seq: number; priority: number; work_tag: string }>`
    select seq, priority, work_tag from jobs where phase = 1 and connection_id = ${connectionId}
    order by priority, seq limit ${limit + (batch?.size ?? 0)}`.execute(db)
  const together = rows.filter(({ work_tag }) => work_tag === batch?.work).slice(0, batch?.size)
  const [first] = together
  return rows
    .flatMap(({ priority, seq, work_tag }): ReadonlyArray<Unit> => {
      if (work_tag !== batch?.work) return [{ seq, priority, seqs: [seq] }]
      return seq === first?.seq ? [{ seq, priority, seqs: together.map((row) => row.seq) }] : []
    })
    .slice(0, limit)
}

const byUrgency = (
  a: { readonly priority: number; readonly seq: number },
  b: { readonly priority: number; readonly seq: number }
): number => a.priority - b.priority || a.seq - b.seq
