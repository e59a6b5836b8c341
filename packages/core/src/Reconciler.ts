/**
 * Takes in what the CRM says: receipts as hints, reads as the authority.
 *
 * A hint may create a case and add facts nobody has; for anything more it only marks the case dirty and has it read.
 * Reads and our own writes of a case run in its state lane, one at a time, so a read never overwrites a newer one and
 * never undoes a write that it could not have seen. Nothing taken in here makes outbound work.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { type Case, ExternalCaseId } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import type { CaseReported, CrmCase } from "./domain/CrmChange.ts"
import { type FlatRecord, parseBody } from "./domain/FlatRecord.ts"
import { namesOnly } from "./domain/KeptNames.ts"
import { type Instant, newId } from "./domain/Ids.ts"
import { type Job, Priority, type Work } from "./domain/Job.ts"
import { changeOf, detailsOf } from "./domain/Provenance.ts"
import { type Receipt, ReceiptId } from "./domain/Receipt.ts"
import { statusToPlatform } from "./domain/StatusLinks.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { wholeRead } from "./domain/WholeRead.ts"
import { ListRouter } from "./ListRouter.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { CaseDocuments, type JudgedFile } from "./CaseDocuments.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

/** After this long without a verifying read a reported value counts, marked unverified. */
export const unverifiedAfterMs = 600_000
/** No read takes longer from its start until it is stored. */
const readTakesMs = 60_000

export class Reconciler extends Context.Service<
  Reconciler,
  {
    /** Applies a stored receipt as a hint and settles the job. */
    readonly applyReceipt: (
      connection: Connection,
      lease: Lease,
      work: Extract<Work, { _tag: "ApplyReceipt" }>
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    /** Reads the cases of several jobs in one go, applies the answers and settles the jobs. */
    readonly readCases: (
      connection: Connection,
      leases: ReadonlyArray<Lease>
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
    /** Where no read can come for now: a report that waited long enough counts, marked unverified. */
    readonly countReported: (connection: Connection, job: Job, atOnce: boolean) => Effect.Effect<void>
  }
>()("@casewire/core/Reconciler") {
  static readonly layer = Layer.effect(
    Reconciler,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const mapping = yield* CaseMapping
      const connections = yield* ConnectionStore
      const lists = yield* ListRouter
      const projection = yield* Projection
      const queue = yield* Queue
      const storage = yield* Storage
      const documents = yield* CaseDocuments
      const plugins = yield* Plugins

      const findCase = (connection: Connection, externalId: ExternalCaseId) =>
        Effect.map(cases.findExternal(connection.firmId, connection.id, externalId), Option.getOrUndefined)

      const applyReceipt: Reconciler["Service"]["applyReceipt"] = Effect.fn("Reconciler.applyReceipt")(
        function* (connection, lease, work) {
          const crm = yield* Crm
          const receipt = yield* storage.receipt(connection.firmId, ReceiptId.make(work.receiptId))
          if (Option.isNone(receipt)) return yield* queue.settle(lease, { _tag: "Dead", reason: "receipt-gone" })
          const entries = parseBody(receipt.value.mediaType, receipt.value.body)
          if (Result.isFailure(entries)) return yield* queue.settle(lease, { _tag: "Dead", reason: entries.failure })
          const [change] = yield* crm.decode({
            receipts: [
              {
                receiptId: work.receiptId,
                receivedAt: receipt.value.receivedAt,
                entries: entries.success,
                aliases: connection.aliases
              }
            ]
          })
          // Judged before the transaction: nothing but the store's own rows is awaited inside it.
          const files =
            change?._tag === "CaseReported" && receipt.value.mediaType === "multipart/form-data"
              ? yield* documents.ofReceipt(
                  connection.firmId,
                  work.receiptId,
                  change.case.externalId,
                  Option.getOrThrow(plugins.manifest(connection.plugin)).webhook.fileRecord
                )
              : []
          yield* storage.withCase(
            { connectionId: connection.id, externalCaseId: lease.job.key },
            Effect.gen(function* () {
              if (change?._tag === "CaseReported") {
                yield* report(connection, receipt.value, change)
                if (files.length > 0) yield* attach(connection, receipt.value, change.case.externalId, files)
                const reported = yield* findCase(connection, change.case.externalId)
                const status = change.case.status?.name ?? null
                if (reported !== undefined)
                  yield* lists.afterReceipt(connection, reported, receipt.value, entries.success, status)
                yield* queue.settle(lease, { _tag: "Done" })
              } else {
                const reason = change?._tag === "TestPressed" ? "test-button" : "receipt-unreadable"
                yield* queue.settle(lease, { _tag: "Dead", reason })
              }
            })
          )
          yield* documents.discard(connection.firmId, files)
          yield* noteSuccess(connection, ["lastWebhook"], receipt.value.receivedAt)
        }
      )

      /** A refused file never refuses the record: the receipt says what became of it. */
      const attach = Effect.fnUntraced(function* (
        connection: Connection,
        receipt: Receipt,
        externalId: ExternalCaseId,
        files: ReadonlyArray<JudgedFile>
      ) {
        const of = yield* findCase(connection, externalId)
        if (of === undefined) return
        const warnings = yield* documents.attach(of, receipt.id, receipt.receivedAt, files)
        if (warnings.length > 0)
          yield* storage.judge(connection.firmId, receipt.id, {
            ...receipt,
            warnings: [...receipt.warnings, ...warnings]
          })
      })

      const report = Effect.fnUntraced(function* (connection: Connection, receipt: Receipt, change: CaseReported) {
        const now = yield* Clock.currentTimeMillis
        const hint = change.case
        const reported =
          hint.status === undefined ? null : { status: hint.status, receiptId: receipt.id, at: receipt.receivedAt }
        const known = yield* findCase(connection, hint.externalId)
        if (known === undefined) {
          const created = yield* projection.insertReported(connection, hint, receipt.id)
          yield* cases.save({ ...created, reported, receiveNumber: receipt.receiveNumber })
          return yield* projection.markDirty(
            connection,
            hint.externalId,
            { ...created, reported, receiveNumber: receipt.receiveNumber },
            Priority.read
          )
        }
        const table = yield* mapping.statusesOf(connection, hint.caseType ?? known.caseType)
        const isNewer = receipt.receiveNumber > known.receiveNumber
        const isNews =
          isNewer &&
          reported !== null &&
          !sameStatus(statusToPlatform(table, reported.status.name), known.status.platform)
        const next: Case = {
          ...known,
          fields: { ...hint.fields, ...known.fields },
          reported: isNews ? reported : known.reported,
          receiveNumber: Math.max(known.receiveNumber, receipt.receiveNumber),
          updatedAt: now
        }
        yield* cases.save(next)
        const details = changeOf(detailsOf(known), detailsOf(next))
        if (details !== undefined)
          yield* projection.record(next, { kind: "details-reported", cause: receipt.id, ...details })
        if (isNews)
          yield* projection.record(next, {
            kind: "status-reported",
            cause: receipt.id,
            before: known.status.platform,
            after: reported.status.name
          })
        yield* projection.markDirty(connection, hint.externalId, next, Priority.read)
      })

      const readCases: Reconciler["Service"]["readCases"] = Effect.fn("Reconciler.readCases")(
        function* (connection, leases) {
          const crm = yield* Crm
          const ids = leases.map(({ job }) => ExternalCaseId.make(job.key))
          const isWhole = leases.some(({ job }) => job.work._tag === "ReadCase" && job.work.whole === true)
          // The mark is cleared before the read begins: a receipt that comes meanwhile asks for another one.
          for (const id of ids) {
            yield* storage.withCase(
              { connectionId: connection.id, externalCaseId: id },
              Effect.gen(function* () {
                const known = yield* findCase(connection, id)
                if (known === undefined || (known.dirtySince === null && known.wholeRead === undefined)) return
                const { wholeRead: _job, ...rest } = known
                // A read with others leaves the read by itself waiting.
                yield* cases.save({ ...(isWhole ? rest : known), dirtySince: null })
              })
            )
          }
          const intents = yield* intentsOf(connection, leases)
          const answers = new Map((yield* crm.read({ ids })).map((read) => [read.externalId, read]))
          for (const lease of leases) {
            const id = ExternalCaseId.make(lease.job.key)
            yield* storage.withCase(
              { connectionId: connection.id, externalCaseId: id },
              Effect.gen(function* () {
                const known = yield* findCase(connection, id)
                const read = answers.get(id)
                if (read !== undefined) {
                  const taken = yield* projection.applyRead(connection, known, read, lease.job.id)
                  for (const { entries, receipt, status } of intents.get(lease.job.id) ?? [])
                    yield* lists.afterReceipt(connection, taken, receipt, entries, status)
                  if (!isWhole) yield* askForFields(connection, taken, read)
                } else {
                  if (known !== undefined) yield* markGone(known, lease.job.id)
                  for (const { entries, receipt, status } of intents.get(lease.job.id) ?? [])
                    if (known === undefined) yield* notFound(receipt)
                    else yield* lists.afterReceipt(connection, known, receipt, entries, status, true)
                }
                yield* queue.settle(lease, { _tag: "Done" })
              })
            )
          }
          yield* noteSuccess(connection, ["lastSync", "lastStatusPull"], yield* Clock.currentTimeMillis)
        }
      )

      const statusIn = Effect.fnUntraced(function* (connection: Connection, receipt: Receipt, entries: FlatRecord) {
        if (receipt.mediaType === namesOnly) return null
        const crm = yield* Crm
        const { id: receiptId, receivedAt } = receipt
        const { aliases } = connection
        const [change] = yield* crm.decode({ receipts: [{ receiptId, receivedAt, entries, aliases }] })
        return change?._tag === "CaseReported" ? (change.case.status?.name ?? null) : null
      })

      /** What receipts that are read instead of applied want of lists, oldest first, with the status they carry. */
      const intentsOf = Effect.fnUntraced(function* (connection: Connection, leases: ReadonlyArray<Lease>) {
        const intents = new Map<string, ReadonlyArray<Intent>>()
        for (const { job } of leases) {
          if (job.work._tag !== "ReadCase" || job.work.receipts === undefined) continue
          const found: Array<Intent> = []
          for (const id of job.work.receipts) {
            const receipt = Option.getOrUndefined(yield* storage.receipt(connection.firmId, ReceiptId.make(id)))
            if (receipt === undefined) continue
            const entries = Result.getOrElse(parseBody(receipt.mediaType, receipt.body), () => [])
            found.push({ receipt, entries, status: yield* statusIn(connection, receipt, entries) })
          }
          intents.set(
            job.id,
            found.toSorted((a, b) => a.receipt.receiveNumber - b.receipt.receiveNumber)
          )
        }
        return intents
      })

      const notFound = (receipt: Receipt) =>
        storage.judge(receipt.firmId, receipt.id, {
          ...receipt,
          warnings: [...receipt.warnings, { field: "options", code: "record-not-found" }]
        })

      /** Where a read with others left mapped fields out, the case is read by itself, after everything more urgent. */
      const askForFields = Effect.fnUntraced(function* (connection: Connection, of: Case, read: CrmCase) {
        if (of.wholeRead !== undefined || !(yield* mapping.lacksFields(connection, of, read.fields))) return
        const job = wholeRead(of, yield* newId)
        yield* cases.save({ ...of, wholeRead: job.id })
        yield* queue.enqueue([job])
      })

      /** Never deleted: a case only ever seen in payloads is quarantined, one that was read before is missing. */
      const markGone = Effect.fnUntraced(function* (known: Case, cause: string) {
        yield* lists.afterGone(known)
        const standing = known.verifiedAt === null ? "quarantined" : "missing"
        if (known.standing === standing) return
        yield* cases.save({ ...known, standing, reported: null })
        yield* projection.record(known, { kind: "standing-changed", cause, before: known.standing, after: standing })
      })

      const noteSuccess = Effect.fnUntraced(function* (
        connection: Connection,
        times: ReadonlyArray<"lastSync" | "lastStatusPull" | "lastWebhook">,
        at: Instant
      ) {
        if (times.every((time) => at - (connection.health[time] ?? 0) < healthGrainMs)) return
        yield* connections
          .update(connection.firmId, connection.id, (value) => ({
            ...value,
            health: {
              ...value.health,
              ...Object.fromEntries(times.map((time) => [time, forward(value.health[time], at)]))
            }
          }))
          .pipe(Effect.ignore)
      })

      const countReported: Reconciler["Service"]["countReported"] = Effect.fn("Reconciler.countReported")(
        function* (connection, job, atOnce) {
          const now = yield* Clock.currentTimeMillis
          yield* storage.withCase(
            { connectionId: connection.id, externalCaseId: job.key },
            Effect.gen(function* () {
              const known = yield* findCase(connection, ExternalCaseId.make(job.key))
              if (known === undefined) return
              const { reported } = known
              // A record that came without a status and can never be read counts as well.
              if (reported === null && !(atOnce && known.standing === "provisional")) return
              if (reported !== null && !atOnce && now - reported.at < unverifiedAfterMs) return
              // A read that surely began after the report came knows better, however late the report was taken up.
              if (reported !== null && (known.verifiedAt ?? 0) > reported.at + readTakesMs) return
              const cause = reported?.receiptId ?? job.id
              const read: CrmCase = { externalId: known.externalId, client: {}, fields: {} }
              const { review, status } =
                reported === null
                  ? { status: known.status, review: known.review ?? null }
                  : yield* projection.mergeStatus(connection, known, { ...read, status: reported.status }, cause)
              // What the CRM was last read to hold stays the baseline: a report shows a status, it does not settle one.
              const { baseCrm, seenCrm } = known.status
              const isFirst = known.status.platform === null
              const standing = "unverified"
              const shown = isFirst ? status : { ...status, baseCrm, seenCrm }
              const counted: Case = {
                ...known,
                status: shown,
                statusReported: reported !== null,
                review,
                reported: null,
                standing,
                updatedAt: now,
                awaitsFirstSync: false
              }
              yield* cases.save(counted)
              yield* projection.record(known, {
                kind: "standing-changed",
                cause,
                before: known.standing,
                after: standing
              })
              yield* lists.afterRead({ ...counted, status }, known.awaitsFirstSync === true, cause)
            })
          )
        }
      )

      return Reconciler.of({ applyReceipt, readCases, countReported })
    })
  ).pipe(Layer.provide([ListRouter.layer, CaseDocuments.layer, CaseMapping.layer]))
}

/** A second is fine enough for a health time; a commit for every job would only tell the time. */
/** What a receipt asks of lists, where the record is read and the receipt is not applied. */
interface Intent {
  readonly receipt: Receipt
  readonly entries: FlatRecord
  readonly status: string | null
}

const healthGrainMs = 1000

/** Health times move forward only. */
export const forward = (before: Instant | null, now: Instant): Instant => Math.max(before ?? 0, now)
