/**
 * Group commit of webhooks: what arrived in one turn of the event loop is committed once, and every caller is answered
 * after that commit is on disk.
 *
 * This is the hot path. An accepted webhook with its job costs one entry in a sealed segment; the rows come later, when
 * webhooks come slower (`Arrivals`). Anything else gets its rows here. A receipt that is refused by the database does
 * not take its neighbours with it: the batch is rolled back and done again call by call. A batch never runs inside a
 * transaction of somebody else, or what was acknowledged would vanish with its roll-back.
 */
import type { Statement } from "better-sqlite3"
import type { NewJob } from "@casewire/core/domain/Job"
import type { Receipt } from "@casewire/core/domain/Receipt"
import { unfoldChunk } from "./Arrivals.ts"
import type { DatabaseService } from "./Database.ts"
import { insertJob, type JobInserter } from "./JobRows.ts"
import { receiptVerdict } from "./ReceiptRows.ts"
import { isUsual, SegmentWriter } from "./Segment.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { WorkSignal } from "./WorkSignal.ts"

const batchLimit = 1_000
const queueLimit = 20_000
/** More receipts than this do not wait for their rows, however many webhooks come. */
const mostWaiting = 250_000
const tickMs = 100

interface Call {
  readonly receipt: Receipt
  readonly jobs: ReadonlyArray<NewJob>
  readonly now: number
  readonly done: (failure: unknown) => void
}

export class Intake {
  readonly #database: DatabaseService
  readonly #signal: WorkSignal["Service"]
  readonly #insert: Statement<Array<unknown>>
  readonly #insertOfCase: Statement<[string, string, number]>
  readonly #insertBody: Statement<[number, string, Buffer]>
  readonly #newestOf: Statement<[string]>
  readonly #insertJob: JobInserter
  /** The greatest id of each firm's receipts: a greater one cannot be there yet. */
  readonly #newestIds = new Map<string, string>()
  #receiveNumber: number
  #calls: Array<Call> = []
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(database: DatabaseService, signal: WorkSignal["Service"]) {
    this.#database = database
    this.#signal = signal
    const { connection } = database
    this.#insert = connection.prepare(
      `insert into receipts (receive_number, firm_id, id, connection_id, external_case_id, disposition, received_at,
        verdict, segment) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`
    )
    this.#insertOfCase = connection.prepare(
      "insert or ignore into receipts_of_case (firm_id, external_case_id, receive_number) values (?, ?, ?)"
    )
    this.#insertBody = connection.prepare("insert into receipt_bodies (segment, firm_id, body) values (?, ?, ?)")
    this.#newestOf = connection.prepare<[string]>("select max(id) from receipts where firm_id = ?").pluck()
    this.#insertJob = insertJob(database)
    this.#receiveNumber = connection
      // Numbers that were given and removed again are not given a second time, nor is one before the mark.
      .prepare(
        `select max(coalesce((select max(receive_number) from receipts), 0),
          coalesce((select max(cast(value as integer)) from store where key in ('receive-number', 'unfolded')), 0))`
      )
      .pluck()
      .get() as number
  }

  /** `done` gets `undefined` once the receipt and its jobs are on disk. */
  receive(receipt: Receipt, jobs: ReadonlyArray<NewJob>, now: number, done: (failure: unknown) => void): void {
    if (this.#calls.length >= queueLimit) {
      done(new StorageFailure("overloaded", `${queueLimit} receipts are waiting to be stored`))
      return
    }
    this.#calls.push({ receipt, jobs, now, done })
    this.#schedule()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#start)
  }

  readonly #start = (): void => {
    const { gate } = this.#database
    if (!gate.tryTake()) return gate.runBetween(this.#flush)
    this.#flush()
    gate.release()
  }

  readonly #flush = (): void => {
    const batch = this.#calls.length <= batchLimit ? this.#calls : this.#calls.slice(0, batchLimit)
    this.#calls = batch === this.#calls ? [] : this.#calls.slice(batchLimit)
    this.#isScheduled = false
    if (this.#calls.length > 0) this.#schedule()
    const failure = this.#commit(batch)
    if (failure === undefined || !isOfOneRow(failure)) for (const call of batch) call.done(failure)
    else if (batch.length === 1) batch[0]!.done(failure)
    else for (const call of batch) call.done(this.#commit([call]))
    this.#signal.pressure.received(batch.length)
    this.#signal.raise()
    if (this.#database.arrivals.waiting > mostWaiting) this.#unfold(batch.length)
    else if (this.#database.arrivals.waiting > 0) this.#timer ??= setTimeout(this.#tick, tickMs).unref()
  }

  #commit(batch: ReadonlyArray<Call>): unknown {
    const { arrivals, connection, heads, vault } = this.#database
    // Not to be rolled back here: it is somebody else's.
    if (connection.inTransaction) return new StorageFailure("misuse", "an intake batch met an open transaction")
    let number = this.#receiveNumber
    const newest = new Map<string, string>()
    const open = new Map<string, SegmentWriter>()
    const segments: Array<SegmentWriter> = []
    try {
      this.#database.begin()
      for (const { jobs, now, receipt } of batch) {
        const { firmId } = receipt
        number++
        let segment = open.get(firmId)
        if (segment === undefined || segment.isFull) {
          segment = new SegmentWriter(number, firmId)
          segments.push(segment)
          open.set(firmId, segment)
        }
        const isNew = receipt.id > (newest.get(firmId) ?? this.#newestIdOf(firmId))
        if (isNew) newest.set(firmId, receipt.id)
        if (isNew && isUsual(receipt, jobs)) segment.addArrival(receipt, jobs[0]!, number, now, heads.nextSeq())
        else {
          if (!isNew) this.#refuseKnown(receipt, segments)
          this.#writeRows(receipt, jobs, now, number, segment)
        }
      }
      for (const segment of segments) this.#insertBody.run(segment.number, segment.firmId, segment.seal(vault))
      this.#database.commit()
    } catch (thrown) {
      this.#database.rolledBack()
      if (connection.inTransaction) connection.exec("rollback")
      return StorageFailure.from(thrown)
    }
    this.#database.committed()
    this.#receiveNumber = number
    for (const [firmId, id] of newest) this.#newestIds.set(firmId, id)
    for (const { waiting } of segments) if (waiting !== undefined) arrivals.add(waiting)
    return undefined
  }

  #writeRows(receipt: Receipt, jobs: ReadonlyArray<NewJob>, now: number, number: number, segment: SegmentWriter): void {
    const { connectionId, disposition, externalCaseId, firmId, id, receivedAt } = receipt
    segment.add(receipt)
    this.#insert.run(
      number,
      firmId,
      id,
      connectionId,
      externalCaseId,
      disposition._tag,
      receivedAt,
      receiptVerdict(this.#database.vault, firmId, id, receipt),
      segment.number
    )
    if (externalCaseId !== null) this.#insertOfCase.run(firmId, externalCaseId, number)
    for (const job of jobs) this.#insertJob(job, now)
  }

  #newestIdOf(firmId: string): string {
    const known = this.#newestIds.get(firmId)
    if (known !== undefined) return known
    const newest = (this.#newestOf.get(firmId) as string | null) ?? ""
    this.#newestIds.set(firmId, newest)
    return newest
  }

  /** The table refuses a second receipt of an id by itself; those without a row are looked through here. */
  #refuseKnown({ firmId, id }: Receipt, batch: ReadonlyArray<SegmentWriter>): void {
    const isThere = batch.some((segment) => segment.firmId === firmId && segment.hasArrival(id))
    if (isThere || this.#database.arrivals.find(firmId, id) !== undefined)
      throw new StorageFailure("SQLITE_CONSTRAINT_UNIQUE", `there is a receipt ${id} already`)
  }

  /** Where nobody claims jobs or asks for rows, they are written in a quiet moment. */
  readonly #tick = (): void => {
    this.#timer = undefined
    if (this.#isStopped || this.#database.arrivals.waiting === 0) return
    if (this.#signal.pressure.isHigh) {
      this.#timer = setTimeout(this.#tick, tickMs).unref()
      return
    }
    this.#database.gate.take(() => {
      if (!this.#isStopped) {
        this.#unfold(unfoldChunk)
        if (this.#database.arrivals.waiting > 0) this.#timer ??= setTimeout(this.#tick, 1).unref()
      }
      this.#database.gate.release()
    })
  }

  /** Under the gate. */
  #unfold(most: number): void {
    const { arrivals, connection } = this.#database
    if (connection.inTransaction) return
    try {
      this.#database.begin()
      arrivals.unfold(most)
      this.#database.commit()
      this.#database.committed()
    } catch {
      // A full disk, say. Nothing is lost: it is tried again with the next claim, and with the next webhook.
      this.#database.rolledBack()
      if (connection.inTransaction) connection.exec("rollback")
    }
  }
}

/** A refusal that the other rows of the batch have no part in: a constraint, or a value that cannot be bound. */
const isOfOneRow = (failure: unknown): boolean =>
  failure instanceof StorageFailure &&
  (failure.code.startsWith("SQLITE_CONSTRAINT") || !failure.code.startsWith("SQLITE_"))
