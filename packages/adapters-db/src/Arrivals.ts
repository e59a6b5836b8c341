/**
 * Webhooks that are on disk and have no rows yet. An accepted webhook and its job are made durable as a part of a sealed
 * segment, one insert for many; their rows are written from it later ("unfolded"), in the order of arrival.
 *
 * The mark in `store` says up to which segment that is done, and moves in the transaction that writes the rows: after a
 * crash nothing is missing and nothing is there twice. Jobs got their place in the order of enqueue when they arrived.
 * A segment that does not open is set aside with its reason, so that it holds nobody else up.
 */
import type { Statement } from "better-sqlite3"
import type { Receipt } from "@casewire/core/domain/Receipt"
import { insertJob, type JobInserter, type JobTables } from "./JobRows.ts"
import { receiptVerdict } from "./ReceiptRows.ts"
import { openSegment, type Segment, type WaitingSegment } from "./Segment.ts"
import { StorageFailure } from "./StorageFailure.ts"

/** Every how many receipts a long unfolding lets others at the database. */
export const unfoldChunk = 1_000

export class Arrivals {
  readonly #database: JobTables
  readonly #body: Statement<[number]>
  readonly #insertReceipt: Statement<Array<unknown>>
  readonly #insertOfCase: Statement<[string, string, number]>
  readonly #mark: Statement<[]>
  readonly #after: Statement<[number]>
  readonly #setAside: Statement<[number, string, string]>
  readonly #setMark: Statement<[string]>
  readonly #insertJob: JobInserter
  readonly #damaged: (segment: number, firmId: string) => void
  #segments: Array<WaitingSegment> = []
  /** How many of them the open transaction unfolded. */
  #done = 0
  #receipts = 0
  #isRecovering = false

  constructor(database: JobTables, damaged: (segment: number, firmId: string) => void) {
    this.#database = database
    this.#damaged = damaged
    const { connection } = database
    this.#body = connection.prepare("select body from receipt_bodies where segment = ?").pluck()
    this.#insertReceipt = connection.prepare(
      `insert or ignore into receipts (receive_number, firm_id, id, connection_id, external_case_id, disposition, received_at,
        verdict, segment) values (?, ?, ?, ?, ?, 'Accepted', ?, ?, ?)`
    )
    this.#insertOfCase = connection.prepare(
      "insert or ignore into receipts_of_case (firm_id, external_case_id, receive_number) values (?, ?, ?)"
    )
    this.#setAside = connection.prepare("insert into segments_set_aside (segment, firm_id, reason) values (?, ?, ?)")
    this.#setMark = connection.prepare(
      "insert into store (key, value) values ('unfolded', ?) on conflict (key) do update set value = excluded.value"
    )
    this.#mark = connection.prepare("select value from store where key = 'unfolded'").pluck()
    this.#after = connection.prepare(
      "select segment as number, firm_id as firmId from receipt_bodies where segment > ? order by segment limit 32"
    )
    this.#insertJob = insertJob(database)
  }

  /** How many receipts wait. */
  get waiting(): number {
    return this.#receipts
  }

  /** How many of a firm's jobs have no row yet: every receipt here has one job. */
  waitingOf(firmId: string): number {
    let count = 0
    for (const segment of this.#segments.slice(this.#done)) if (segment.firmId === firmId) count += segment.lanes.length
    return count
  }

  /** The segments without rows that others can see: the oldest and the newest. */
  get oldest(): number | undefined {
    return this.#segments[0]?.number
  }

  get newest(): number | undefined {
    return this.#segments.at(-1)?.number
  }

  /** The highest receive number among them; 0 when there are none. */
  get newestNumber(): number {
    return this.#segments.at(-1)?.newestNumber ?? 0
  }

  /** Whether a receipt of this case may wait; yes as long as somebody's transaction is writing rows. */
  mayName(externalCaseId: string): boolean {
    return this.#done > 0 || this.#database.heads.arriving.hasCase(externalCaseId)
  }

  /** After the commit of a segment. */
  add(segment: WaitingSegment): void {
    this.#segments.push(segment)
    this.#receipts += segment.lanes.length
    const { arriving } = this.#database.heads
    for (const [connectionId, externalCaseId] of segment.lanes) arriving.add(connectionId, externalCaseId)
    if (this.#segments.length === 1) arriving.oldestSeq = segment.firstSeq
  }

  /** Writes the rows of the oldest segments, at least one, until `most` receipts are written. In a transaction only. */
  unfold(most: number): void {
    const { arriving } = this.#database.heads
    let written = 0
    let last: WaitingSegment | undefined
    while (written < most && this.#done < this.#segments.length) {
      last = this.#segments[this.#done]!
      this.#done++
      this.#receipts -= last.lanes.length
      for (const [connectionId, externalCaseId] of last.lanes) arriving.remove(connectionId, externalCaseId)
      arriving.oldestSeq = this.#segments[this.#done]?.firstSeq ?? Number.POSITIVE_INFINITY
      this.#write(last.number, last.firmId)
      written += last.lanes.length
    }
    if (last === undefined) return
    this.#setMark.run(String(last.number))
    this.#database.heads.fillHeadless()
  }

  committed(): void {
    if (this.#done === 0) return
    this.#segments = this.#segments.slice(this.#done)
    this.#done = 0
  }

  rolledBack(): void {
    const { arriving } = this.#database.heads
    for (; this.#done > 0; this.#done--) {
      const segment = this.#segments[this.#done - 1]!
      this.#receipts += segment.lanes.length
      for (const [connectionId, externalCaseId] of segment.lanes) arriving.add(connectionId, externalCaseId)
    }
    arriving.oldestSeq = this.#segments[0]?.firstSeq ?? Number.POSITIVE_INFINITY
  }

  /** The receipt of an id that waits here, or has its row in the open transaction only. */
  find(firmId: string, id: string): Receipt | undefined {
    for (const segment of this.#segments) {
      if (segment.firmId !== firmId || id < segment.oldestId || id > segment.newestId) continue
      const found = this.#open(segment.number, firmId).arrivals.find(({ receipt }) => receipt.id === id)
      if (found !== undefined) return found.receipt
    }
    return undefined
  }

  /** At the start: what an earlier process left. In a transaction of the caller's; answers whether more is left. */
  recover(): boolean {
    const { heads } = this.#database
    const segments = this.#after.all(Number(this.#mark.get() ?? 0)) as ReadonlyArray<
      Pick<WaitingSegment, "number" | "firmId">
    >
    const last = segments.at(-1)
    if (last === undefined) return false
    if (!this.#isRecovering) heads.findHeadless()
    this.#isRecovering = true
    for (const { firmId, number } of segments) this.#write(number, firmId)
    this.#setMark.run(String(last.number))
    heads.fillHeadless()
    return true
  }

  #open(number: number, firmId: string): Segment {
    const body = this.#body.get(number) as Buffer | undefined
    if (body === undefined) throw new StorageFailure("sealed-value", `segment ${number} is gone`)
    return openSegment(this.#database.vault, firmId, number, body)
  }

  #write(number: number, firmId: string): void {
    let segment: Segment
    try {
      segment = this.#open(number, firmId)
    } catch (thrown) {
      if (!(thrown instanceof StorageFailure)) throw thrown
      this.#setAside.run(number, firmId, thrown.code)
      this.#damaged(number, firmId)
      return
    }
    for (const { job, now, receipt, seq } of segment.arrivals) {
      const { connectionId, externalCaseId, id, receivedAt, receiveNumber } = receipt
      const verdict = receiptVerdict(this.#database.vault, firmId, id, receipt)
      // One that has its row has its job, too.
      const { changes } = this.#insertReceipt.run(
        receiveNumber,
        firmId,
        id,
        connectionId,
        externalCaseId,
        receivedAt,
        verdict,
        number
      )
      if (changes === 0) continue
      if (externalCaseId !== null) this.#insertOfCase.run(firmId, externalCaseId, receiveNumber)
      this.#insertJob(job, now, seq)
    }
  }
}
