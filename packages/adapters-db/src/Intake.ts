/**
 * Group commit of webhooks: what arrived in one turn of the event loop is committed once, and every caller is answered
 * after that commit is on disk.
 *
 * This is the hot path: prepared statements, no kysely, one callback a call. A row that the database refuses does not
 * take its neighbours with it: the batch is rolled back and done again call by call. A batch never runs inside a
 * transaction of somebody else, or what was acknowledged would vanish with its roll-back.
 */
import type { Statement } from "better-sqlite3"
import type { NewJob } from "@casewire/core/domain/Job"
import type { Receipt } from "@casewire/core/domain/Receipt"
import type { DatabaseService } from "./Database.ts"
import { insertJob, type JobInserter } from "./JobRows.ts"
import { receiptVerdict, SegmentWriter } from "./ReceiptRows.ts"
import type { ReceiptsOfCase } from "./ReceiptsOfCase.ts"
import { StorageFailure } from "./StorageFailure.ts"

const batchLimit = 1_000
const queueLimit = 20_000

interface Call {
  readonly receipt: Receipt
  readonly jobs: ReadonlyArray<NewJob>
  readonly now: number
  readonly done: (failure: unknown) => void
}

export class Intake {
  readonly #database: DatabaseService
  readonly #committed: (receipts: number) => void
  readonly #insert: Statement<Array<unknown>>
  readonly #insertBody: Statement<[number, string, Buffer]>
  readonly #insertJob: JobInserter
  readonly #ofCase: ReceiptsOfCase
  #receiveNumber: number
  #calls: Array<Call> = []
  #isScheduled = false

  constructor(database: DatabaseService, ofCase: ReceiptsOfCase, committed: (receipts: number) => void) {
    this.#database = database
    this.#ofCase = ofCase
    this.#committed = committed
    this.#insert = database.connection.prepare(
      `insert into receipts (receive_number, firm_id, id, connection_id, external_case_id, disposition, received_at,
        verdict, segment) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`
    )
    this.#insertBody = database.connection.prepare(
      "insert into receipt_bodies (segment, firm_id, body) values (?, ?, ?)"
    )
    this.#insertJob = insertJob(database)
    this.#receiveNumber = database.connection
      // Numbers that were given and removed again are not given a second time.
      .prepare(
        `select max(coalesce((select max(receive_number) from receipts), 0),
          coalesce((select cast(value as integer) from store where key = 'receive-number'), 0))`
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
    this.#committed(batch.length)
  }

  #write(firmId: string, segment: SegmentWriter): void {
    this.#insertBody.run(segment.number, firmId, segment.seal(this.#database.vault, firmId))
  }

  #commit(batch: ReadonlyArray<Call>): unknown {
    const { connection } = this.#database
    // Not to be rolled back here: it is somebody else's.
    if (connection.inTransaction) return new StorageFailure("misuse", "an intake batch met an open transaction")
    let number = this.#receiveNumber
    try {
      connection.exec("begin immediate")
      const bodies = new Map<string, SegmentWriter>()
      for (const { jobs, now, receipt } of batch) {
        number++
        let segment = bodies.get(receipt.firmId)
        if (segment === undefined || segment.isFull) {
          if (segment !== undefined) this.#write(receipt.firmId, segment)
          segment = new SegmentWriter(number)
          bodies.set(receipt.firmId, segment)
        }
        segment.add(receipt)
        this.#insert.run(
          number,
          receipt.firmId,
          receipt.id,
          receipt.connectionId,
          receipt.externalCaseId,
          receipt.disposition._tag,
          receipt.receivedAt,
          receiptVerdict(this.#database.vault, receipt.firmId, receipt.id, receipt),
          segment.number
        )
        for (const job of jobs) this.#insertJob(job, now)
      }
      for (const [firmId, segment] of bodies) this.#write(firmId, segment)
      connection.exec("commit")
      this.#database.committed()
      for (const { receipt } of batch) this.#ofCase.add(receipt.firmId, receipt.externalCaseId, ++this.#receiveNumber)
      return undefined
    } catch (thrown) {
      this.#database.rolledBack()
      if (connection.inTransaction) connection.exec("rollback")
      return StorageFailure.from(thrown)
    }
  }
}

/** A refusal that the other rows of the batch have no part in: a constraint, or a value that cannot be bound. */
const isOfOneRow = (failure: unknown): boolean =>
  failure instanceof StorageFailure &&
  (failure.code.startsWith("SQLITE_CONSTRAINT") || !failure.code.startsWith("SQLITE_"))
