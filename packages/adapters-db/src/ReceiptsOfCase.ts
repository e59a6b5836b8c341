/**
 * Which receipts name a case. An index that every webhook writes would cost it a page at a random place, a third of
 * its whole price; so new receipts are remembered in memory and written down when the intake has a quiet moment.
 *
 * Nothing is lost by a crash: `receipts` itself says what was not written down yet, and is read again at start.
 * Entries may be stale or double; whoever asks compares with the receipt.
 */
import type { Statement } from "better-sqlite3"
import type { DatabaseService } from "./Database.ts"

const tickMs = 100
const chunk = 500
/** More receipts than this in a tick is a busy intake. */
const busy = 100
/** More than this is not kept waiting, however busy the intake is. */
const mostWaiting = 200_000

export class ReceiptsOfCase {
  readonly #database: DatabaseService
  readonly #copy: Statement<[number, number]>
  readonly #setMark: Statement<[string]>
  readonly #waiting = new Map<string, Array<number>>()
  /** Receipts up to this number are written down. */
  #mark: number
  #newest: number
  #newestAtTick: number
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(database: DatabaseService) {
    this.#database = database
    const { connection } = database
    this.#copy = connection.prepare(
      `insert or ignore into receipts_of_case (firm_id, external_case_id, receive_number)
      select firm_id, external_case_id, receive_number from receipts
      where receive_number > ? and receive_number <= ? and external_case_id is not null
      order by firm_id, external_case_id`
    )
    this.#setMark = connection.prepare(
      "insert into store (key, value) values ('receipts-of-case', ?) on conflict (key) do update set value = excluded.value"
    )
    const mark = connection.prepare("select value from store where key = 'receipts-of-case'").pluck().get()
    this.#mark = Number(mark ?? 0)
    this.#newest = this.#mark
    const rest = connection.prepare(
      "select firm_id as firmId, external_case_id as caseId, receive_number as number from receipts where receive_number > ?"
    )
    for (const row of rest.iterate(this.#mark) as IterableIterator<{
      firmId: string
      caseId: string | null
      number: number
    }>)
      this.add(row.firmId, row.caseId, row.number)
    this.#newestAtTick = this.#newest
  }

  /** After the receipt's commit. */
  add(firmId: string, externalCaseId: string | null, number: number): void {
    this.#newest = Math.max(this.#newest, number)
    if (externalCaseId !== null) {
      const name = nameOf(firmId, externalCaseId)
      const known = this.#waiting.get(name)
      if (known === undefined) this.#waiting.set(name, [number])
      else known.push(number)
    }
    this.#schedule()
  }

  /** The receive numbers that are not written down, as JSON. */
  waiting(firmId: string, externalCaseId: string): string {
    return JSON.stringify(this.#waiting.get(nameOf(firmId, externalCaseId)) ?? [])
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    this.#timer ??= setTimeout(this.#tick, tickMs).unref()
  }

  readonly #tick = (): void => {
    this.#timer = undefined
    if (this.#isStopped || this.#mark === this.#newest) return
    const isBusy = this.#newest - this.#newestAtTick > busy
    this.#newestAtTick = this.#newest
    if (isBusy && this.#newest - this.#mark < mostWaiting) return this.#schedule()
    this.#database.gate.take(() => {
      if (!this.#isStopped) this.#writeDown()
      this.#database.gate.release()
    })
  }

  #writeDown(): void {
    const { connection } = this.#database
    const to = Math.min(this.#mark + chunk, this.#newest)
    try {
      connection.exec("begin immediate")
      this.#copy.run(this.#mark, to)
      this.#setMark.run(String(to))
      connection.exec("commit")
      this.#mark = to
      if (to === this.#newest) this.#waiting.clear()
      else this.#timer ??= setTimeout(this.#tick, 1).unref()
    } catch {
      // A full disk, say. Memory still knows, and the next receipt tries again.
      if (connection.inTransaction) connection.exec("rollback")
    }
  }
}

const nameOf = (firmId: string, externalCaseId: string): string => `${firmId}\u0000${externalCaseId}`
