/**
 * Jobs as rows, and the one statement that enqueues: shared by the queue and the intake, so that both keep the same
 * order and the same rule about heads.
 *
 * Work that holds nothing but ids is stored in the clear; everything else is sealed, and so is why a person stopped it.
 */
import { Job, Work, type NewJob } from "@casewire/core/domain/Job"
import type { DatabaseService } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import { StorageFailure } from "./StorageFailure.ts"
import { Phase, type JobRow } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

const idsOnly: ReadonlySet<Work["_tag"]> = new Set<Work["_tag"]>([
  "ApplyReceipt",
  "ReadCase",
  "Pull",
  "Notify",
  "PullNotes",
  "PullDocuments",
  "Sweep",
  "ImportHistory",
  "ImportCases",
  "EraseConnection"
])

/** `seq`: the place in the order of enqueue, where the job was given one before. */
export type JobInserter = (job: NewJob, now: number, seq?: number) => void

export type JobTables = Pick<DatabaseService, "connection" | "heads" | "vault">

export const insertJob = (database: JobTables): JobInserter => {
  const { heads } = database
  const insert = database.connection.prepare(
    `insert into jobs (seq, firm_id, id, connection_id, key, lane, priority, work_tag, work, state, attempts, not_before,
      created_at, updated_at, progress, reason, fence, phase)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, '[]', ?, 0, ?)
    on conflict (firm_id, id) do nothing`
  )
  return (job, now, seq = heads.nextSeq()) => {
    const notBefore = Math.ceil(job.notBefore ?? now)
    const isHeld = job.held !== undefined
    const isHead = !isHeld && heads.takes(job, seq)
    const { changes } = insert.run(
      seq,
      job.firmId,
      job.id,
      job.connectionId,
      job.key,
      job.lane,
      job.priority,
      job.work._tag,
      workToColumn(database.vault, job),
      isHeld ? "held" : "queued",
      notBefore,
      now,
      now,
      job.held ?? null,
      isHead ? (notBefore <= now ? Phase.ready : Phase.waiting) : null
    )
    if (isHead && changes === 1) heads.add(job)
  }
}

const workToColumn = (vault: Vault, job: NewJob): Buffer | string => {
  const text = JSON.stringify(job.work)
  return idsOnly.has(job.work._tag) ? text : vault.seal(job.firmId, job.id, "work", text)
}

const columnToWork = (vault: Vault, row: JobRow): unknown => {
  if (typeof row.work !== "string") return JSON.parse(vault.open(row.firm_id, row.id, "work", row.work))
  const work = decodeWork(JSON.parse(row.work), row.id)
  // Text in the clear is taken only for work that may be in the clear: nobody writes a note past the seal.
  if (!idsOnly.has(work._tag)) throw new StorageFailure("sealed-value", `the work of ${row.id} is not sealed`)
  return work
}

/** Marks what a person wrote; reasons of our own are codes and stay in the clear. */
const sealedMark = "sealed:"

/** A reason that was given with a verb: words about a client, as likely as not. */
export const reasonToColumn = (vault: Vault, firmId: string, id: string, reason: string): string =>
  sealedMark + vault.seal(firmId, id, "reason", reason).toString("base64")

const columnToReason = (vault: Vault, { firm_id, id, reason }: JobRow): string | null =>
  reason?.startsWith(sealedMark) === true
    ? vault.open(firm_id, id, "reason", Buffer.from(reason.slice(sealedMark.length), "base64"))
    : reason

const decodeWork = decoder(Work, "work of")
const decodeJob = decoder(Job, "job")

export const rowToJob = (vault: Vault, row: JobRow): Job =>
  decodeJob(
    {
      id: row.id,
      firmId: row.firm_id,
      connectionId: row.connection_id,
      key: row.key,
      lane: row.lane,
      priority: row.priority,
      work: columnToWork(vault, row),
      state: row.state,
      attempts: row.attempts,
      notBefore: row.not_before,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      sentAt: row.sent_at,
      progress: JSON.parse(row.progress),
      reason: columnToReason(vault, row)
    },
    row.id
  )
