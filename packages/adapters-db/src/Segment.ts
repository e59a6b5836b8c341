/**
 * A firm's receipts of one commit, sealed together: starting a cipher costs ten times what a webhook's bytes cost.
 *
 * Where a receipt gets its row later (`Arrivals`), the segment holds what the row and its job need, too. Segments are
 * named by the receive number of their first receipt. Whoever deletes receipts seals their segments anew without them, see
 * `sealWithout`.
 */
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { JobId, type NewJob } from "@casewire/core/domain/Job"
import { type Receipt, ReceiptId } from "@casewire/core/domain/Receipt"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"

/** Small enough that reading one receipt stays cheap. */
const maxReceipts = 64
const maxText = 65_536

/** What came from outside, of a receipt that has its row. */
export type Content = readonly [
  id: string,
  mediaType: string,
  body: string,
  query: Receipt["query"],
  headerNames: Receipt["headerNames"]
]

/** What the webhooks of one sender have in common; written once in a segment. */
type Shape = readonly [
  mediaType: string,
  query: Receipt["query"],
  headerNames: Receipt["headerNames"],
  connectionId: string,
  warnings: Receipt["warnings"],
  priority: number
]

/** An accepted receipt and its job without rows, as written. */
type WrittenArrival = readonly [
  id: string,
  /** Its own, or the place in the segment of the one that has it. */
  shape: Shape | number,
  body: string,
  externalCaseId: string,
  receiveNumber: number,
  receivedAt: number,
  jobId: string,
  now: number,
  seq: number
]

export interface Arrival {
  readonly receipt: Receipt
  readonly job: NewJob
  /** When it was received, and its place in the order of enqueue. */
  readonly now: number
  readonly seq: number
}

/** One segment with arrivals, and what must be known of it without opening it. */
export interface WaitingSegment {
  readonly number: number
  readonly firmId: string
  readonly firstSeq: number
  readonly oldestId: string
  readonly newestId: string
  readonly newestNumber: number
  /** The lane of each arrival in it. */
  readonly lanes: ReadonlyArray<readonly [connectionId: string, externalCaseId: string]>
}

/** Whether receipt and job are the usual ones, which can wait for their rows: accepted, and to be applied in turn. */
export const isUsual = (receipt: Receipt, jobs: ReadonlyArray<NewJob>): boolean => {
  const [job] = jobs
  return (
    jobs.length === 1 &&
    job !== undefined &&
    job.work._tag === "ApplyReceipt" &&
    job.work.receiptId === receipt.id &&
    job.key === receipt.externalCaseId &&
    job.lane === "state" &&
    job.firmId === receipt.firmId &&
    job.connectionId === receipt.connectionId &&
    job.notBefore === undefined &&
    job.held === undefined &&
    receipt.disposition._tag === "Accepted" &&
    receipt.errors.length === 0 &&
    receipt.replayedAt === null &&
    // What a row would refuse is not to be found out later.
    Number.isSafeInteger(receipt.receivedAt) &&
    Number.isSafeInteger(job.priority)
  )
}

export class SegmentWriter {
  readonly number: number
  readonly firmId: string
  #texts: Array<string> = []
  #size = 0
  /** Those that have no rows; their ids rise. */
  readonly #arrivals: Array<Receipt> = []
  #firstSeq = 0
  #newestNumber = 0
  #shape: { readonly receipt: Receipt; readonly priority: number; readonly place: number } | undefined

  constructor(number: number, firmId: string) {
    this.number = number
    this.firmId = firmId
  }

  get isFull(): boolean {
    return this.#texts.length >= maxReceipts || this.#size >= maxText
  }

  add({ body, headerNames, id, mediaType, query }: Receipt): void {
    this.#push(JSON.stringify([id, mediaType, body, query, headerNames] satisfies Content))
  }

  addArrival(receipt: Receipt, job: NewJob, receiveNumber: number, now: number, seq: number): void {
    if (this.#arrivals.push(receipt) === 1) this.#firstSeq = seq
    this.#newestNumber = receiveNumber
    const { body, externalCaseId, id, receivedAt } = receipt
    const known = this.#shape
    const isKnown = known !== undefined && known.priority === job.priority && isAlike(known.receipt, receipt)
    if (!isKnown) this.#shape = { receipt, priority: job.priority, place: this.#texts.length }
    const shape = isKnown ? String(known.place) : JSON.stringify(shapeOf(receipt, job))
    this.#push(
      `[${JSON.stringify(id)},${shape},${JSON.stringify(body)},${JSON.stringify(externalCaseId)},${receiveNumber},` +
        `${receivedAt},${JSON.stringify(job.id)},${now},${seq}]`
    )
  }

  hasArrival(id: string): boolean {
    return this.#arrivals.some((receipt) => receipt.id === id)
  }

  /** What is to be known of those that have no rows, where there are any. */
  get waiting(): WaitingSegment | undefined {
    const [first] = this.#arrivals
    return first === undefined
      ? undefined
      : {
          number: this.number,
          firmId: this.firmId,
          firstSeq: this.#firstSeq,
          oldestId: first.id,
          newestId: this.#arrivals.at(-1)?.id ?? first.id,
          newestNumber: this.#newestNumber,
          lanes: this.#arrivals.map(({ connectionId, externalCaseId }) => [connectionId, externalCaseId ?? ""] as const)
        }
  }

  seal(vault: Vault): Buffer {
    return vault.seal(this.firmId, String(this.number), "receipts", `[${this.#texts.join(",")}]`)
  }

  #push(text: string): void {
    this.#texts.push(text)
    this.#size += text.length
  }
}

const shapeOf = ({ connectionId, headerNames, mediaType, query, warnings }: Receipt, { priority }: NewJob): Shape => [
  mediaType,
  query,
  headerNames,
  connectionId,
  warnings,
  priority
]

const isAlike = (one: Receipt, other: Receipt): boolean =>
  one.connectionId === other.connectionId &&
  one.mediaType === other.mediaType &&
  one.query.length + other.query.length === 0 &&
  one.warnings.length + other.warnings.length === 0 &&
  one.headerNames.length === other.headerNames.length &&
  one.headerNames.every((name, place) => name === other.headerNames[place])

export interface Segment {
  readonly contents: ReadonlyArray<Content>
  readonly arrivals: ReadonlyArray<Arrival>
}

export const openSegment = (vault: Vault, firmId: string, number: number, sealed: Buffer): Segment => {
  const written = JSON.parse(vault.open(firmId, String(number), "receipts", sealed)) as ReadonlyArray<
    Content | WrittenArrival
  >
  const contents: Array<Content> = []
  const arrivals: Array<Arrival> = []
  for (const each of written)
    if (isContent(each)) contents.push(each)
    else {
      const shared = typeof each[1] === "number" ? written[each[1]]?.[1] : each[1]
      const arrival = readArrival(FirmId.make(firmId), each, shared as Shape)
      const { body, headerNames, id, mediaType, query } = arrival.receipt
      contents.push([id, mediaType, body, query, headerNames])
      arrivals.push(arrival)
    }
  return { contents, arrivals }
}

/** What a segment holds once these receipts are gone, sealed again; nothing where none is left. All have their rows. */
export const sealWithout = (
  vault: Vault,
  { body, firm_id, segment }: Tables["receipt_bodies"],
  gone: ReadonlySet<string>
): Buffer | undefined => {
  const kept = openSegment(vault, firm_id, segment, body).contents.filter(([id]) => !gone.has(id))
  return kept.length === 0 ? undefined : vault.seal(firm_id, String(segment), "receipts", JSON.stringify(kept))
}

const isContent = (written: Content | WrittenArrival): written is Content => written.length === 5

const readArrival = (firmId: FirmId, written: WrittenArrival, shape: Shape): Arrival => {
  const [id, , body, externalCaseId, receiveNumber, receivedAt, jobId, now, seq] = written
  const [mediaType, query, headerNames, connection, warnings, priority] = shape
  const connectionId = ConnectionId.make(connection)
  return {
    receipt: {
      id: ReceiptId.make(id),
      firmId,
      connectionId,
      receivedAt,
      receiveNumber,
      mediaType,
      body,
      query,
      headerNames,
      disposition: { _tag: "Accepted" },
      errors: [],
      warnings,
      externalCaseId,
      replayedAt: null
    },
    job: {
      id: JobId.make(jobId),
      firmId,
      connectionId,
      key: externalCaseId,
      lane: "state",
      priority,
      work: { _tag: "ApplyReceipt", receiptId: id }
    },
    now,
    seq
  }
}
