/**
 * The queue as slowly and plainly as it can be said: one list, scanned at every claim. What an adapter does must be
 * what this does, whatever the sequence of operations.
 */
import type { JobId, JobState, NewJob } from "@casewire/core/domain/Job"
import type { Outcome, Verb } from "@casewire/core/ports/Queue"

export interface Row {
  readonly id: JobId
  readonly connectionId: string
  readonly lane: string
  readonly priority: number
  place: number
  state: JobState
  attempts: number
  notBefore: number
  sentAt: number | null
  progress: ReadonlyArray<string>
  fence: number
  /** When the lease ends; null while nobody has one. */
  leasedUntil: number | null
}

export interface ModelLease {
  readonly id: JobId
  readonly fence: number
}

const verbs: Readonly<Record<Verb, { readonly from: ReadonlyArray<JobState>; readonly to: JobState }>> = {
  hold: { from: ["queued", "retry"], to: "held" },
  release: { from: ["held"], to: "queued" },
  replay: { from: ["dead", "uncertain", "skipped"], to: "queued" },
  skip: { from: ["queued", "retry", "held", "dead", "uncertain"], to: "skipped" },
  confirm: { from: ["uncertain"], to: "done" }
}

export class QueueReference {
  readonly rows: Array<Row> = []
  #place = 0

  enqueue(job: NewJob, now: number): void {
    if (this.rows.some(({ id }) => id === job.id)) return
    this.rows.push({
      id: job.id,
      connectionId: job.connectionId,
      lane: `${job.connectionId} ${job.key} ${job.lane}`,
      priority: job.priority,
      place: ++this.#place,
      state: job.held === undefined ? "queued" : "held",
      attempts: 0,
      notBefore: job.notBefore ?? now,
      sentAt: null,
      progress: [],
      fence: 0,
      leasedUntil: null
    })
  }

  claim(now: number, leaseMs: number, limit: number, perConnection: number): ReadonlyArray<ModelLease> {
    const leases: Array<ModelLease> = []
    while (leases.length < limit) {
      const [row] = this.#inOrder()
        .filter((row, _, all) => row === all.find(({ lane }) => lane === row.lane))
        .filter((row) => !isRunning(row, now) && row.notBefore <= now)
        .filter(({ connectionId }) => this.#running(connectionId, now) < perConnection)
        .sort((a, b) => a.priority - b.priority || a.place - b.place)
      if (row === undefined) break
      if (row.leasedUntil !== null) row.attempts += 1
      row.fence += 1
      row.leasedUntil = now + leaseMs
      leases.push({ id: row.id, fence: row.fence })
    }
    return leases
  }

  /** False where the adapter has to answer that the lease is lost. */
  mark(lease: ModelLease, now: number, leaseMs: number, change: { sentAt?: number; progress?: ReadonlyArray<string> }) {
    const row = this.#holder(lease)
    if (row === undefined) return false
    row.leasedUntil = now + leaseMs
    if (change.sentAt !== undefined) {
      row.state = "sending"
      row.sentAt = change.sentAt
    }
    if (change.progress !== undefined) row.progress = change.progress
    return true
  }

  holds(lease: ModelLease): boolean {
    return this.#holder(lease) !== undefined
  }

  settle(lease: ModelLease, outcome: Outcome): boolean {
    const row = this.#holder(lease)
    if (row === undefined) return false
    row.leasedUntil = null
    if (outcome._tag === "Retry" || outcome._tag === "GiveBack") {
      const staysSending = outcome.sending === true
      if (outcome._tag === "Retry") row.attempts += 1
      if (!staysSending) row.sentAt = null
      row.state = staysSending ? "sending" : outcome._tag === "Retry" ? "retry" : "queued"
      row.notBefore = outcome.at
    } else row.state = outcome._tag.toLowerCase() as JobState
    return true
  }

  resolve(ids: ReadonlyArray<JobId>, verb: Verb, now: number): ReadonlyArray<JobId> {
    const { from, to } = verbs[verb]
    const rows = this.rows
      .toSorted((a, b) => a.place - b.place)
      .filter((row) => ids.includes(row.id) && from.includes(row.state) && !isRunning(row, now))
    for (const row of rows) {
      row.state = to
      row.leasedUntil = null
      if (to === "queued") {
        row.place = ++this.#place
        row.attempts = 0
        row.notBefore = now
      }
    }
    return rows.map(({ id }) => id)
  }

  #inOrder(): Array<Row> {
    return this.rows
      .filter(({ state }) => state === "queued" || state === "sending" || state === "retry")
      .sort((a, b) => a.place - b.place)
  }
  #running(connectionId: string, now: number): number {
    return this.rows.filter((row) => row.connectionId === connectionId && isRunning(row, now)).length
  }
  #holder({ fence, id }: ModelLease): Row | undefined {
    return this.rows.find((row) => row.id === id && row.fence === fence && row.leasedUntil !== null)
  }
}

const isRunning = (row: Row, now: number): boolean => row.leasedUntil !== null && row.leasedUntil > now
