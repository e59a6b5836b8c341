/**
 * Takes in what the CRM says: receipts as hints, reads as the authority.
 *
 * A hint may create a case and add facts nobody has; for anything more it only marks the case dirty and has it read.
 * Reads and our own writes of a case run in its state lane, one at a time, so a read never overwrites a newer one and
 * never undoes a write that it could not have seen. Nothing taken in here makes outbound work.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { type Case, CaseId, type CaseEvent, type Client, ClientId, ExternalCaseId, ExternalClientId } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import type { CaseReported, CrmCase } from "./domain/CrmChange.ts"
import { parseBody } from "./domain/FlatRecord.ts"
import { type Instant, newId } from "./domain/Ids.ts"
import { type Job, JobId, Priority, type Work } from "./domain/Job.ts"
import { decide, unknownValue } from "./domain/Merge.ts"
import { type Receipt, ReceiptId } from "./domain/Receipt.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { isStatusInboundEffective, isStatusOutboundEffective } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"

/** After this long without a verifying read a reported value counts, marked unverified. */
export const unverifiedAfterMs = 600_000

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
    /** Marks a case for reading and makes the job, unless one is waiting already. Inside the case's transaction. */
    readonly markDirty: (
      connection: Connection,
      externalId: ExternalCaseId,
      present: Case | undefined,
      priority: number
    ) => Effect.Effect<void>
    /** Takes a verified read into a case; inside the case's transaction. Answers the case as saved. */
    readonly applyRead: (
      connection: Connection,
      present: Case | undefined,
      read: CrmCase,
      cause: string
    ) => Effect.Effect<Case>
  }
>()("@casewire/core/Reconciler") {
  static readonly layer = Layer.effect(
    Reconciler,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const queue = yield* Queue
      const storage = yield* Storage

      const findCase = (connection: Connection, externalId: ExternalCaseId) =>
        Effect.map(cases.findExternal(connection.firmId, connection.id, externalId), Option.getOrUndefined)

      const record = Effect.fnUntraced(function* (of: Case, event: Omit<CaseEvent, "id" | "firmId" | "caseId" | "at">) {
        const [id, at] = [yield* newId, yield* Clock.currentTimeMillis]
        yield* cases.record({ ...event, id, at, firmId: of.firmId, caseId: of.id })
      })

      const markDirty = Effect.fnUntraced(function* (
        connection: Connection,
        externalId: ExternalCaseId,
        present: Case | undefined,
        priority: number
      ) {
        // A case that is dirty already has its read waiting in the lane: the mark is cleared before a read begins.
        if (present !== undefined && present.dirtySince !== null) return
        if (present !== undefined) yield* cases.save({ ...present, dirtySince: yield* Clock.currentTimeMillis })
        yield* queue.enqueue([
          {
            id: JobId.make(yield* newId),
            firmId: connection.firmId,
            connectionId: connection.id,
            key: externalId,
            lane: "state",
            priority,
            work: { _tag: "ReadCase", externalCaseId: externalId }
          }
        ])
      })

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
          yield* storage.withCase(
            { connectionId: connection.id, externalCaseId: lease.job.key },
            Effect.gen(function* () {
              if (change?._tag === "CaseReported") {
                yield* report(connection, receipt.value, change)
                yield* queue.settle(lease, { _tag: "Done" })
              } else {
                const reason = change?._tag === "TestPressed" ? "test-button" : "receipt-unreadable"
                yield* queue.settle(lease, { _tag: "Dead", reason })
              }
            })
          )
          yield* noteSuccess(connection, ["lastWebhook"], receipt.value.receivedAt)
        }
      )

      const report = Effect.fnUntraced(function* (connection: Connection, receipt: Receipt, change: CaseReported) {
        const now = yield* Clock.currentTimeMillis
        const hint = change.case
        const reported =
          hint.status === undefined ? null : { status: hint.status, receiptId: receipt.id, at: receipt.receivedAt }
        const known = yield* findCase(connection, hint.externalId)
        if (known === undefined) {
          const client = yield* clientOf(connection, hint, undefined, "provisional")
          const created = yield* insert(connection, hint, client, "provisional", receipt.id)
          yield* cases.save({ ...created, reported, receiveNumber: receipt.receiveNumber })
          return yield* markDirty(
            connection,
            hint.externalId,
            { ...created, reported, receiveNumber: receipt.receiveNumber },
            Priority.read
          )
        }
        const isNewer = receipt.receiveNumber > known.receiveNumber
        const isNews = isNewer && reported !== null && !sameStatus(reported.status.name, known.status.platform)
        const next: Case = {
          ...known,
          fields: { ...hint.fields, ...known.fields },
          reported: isNews ? reported : known.reported,
          receiveNumber: Math.max(known.receiveNumber, receipt.receiveNumber),
          updatedAt: now
        }
        yield* cases.save(next)
        if (isNews)
          yield* record(next, {
            kind: "status-reported",
            cause: receipt.id,
            before: known.status.platform,
            after: reported.status.name
          })
        yield* markDirty(connection, hint.externalId, next, Priority.read)
      })

      /** Finds or makes the client. A hint never changes a client that a read confirmed. */
      const clientOf = Effect.fnUntraced(function* (
        connection: Connection,
        of: CrmCase,
        current: Client | undefined,
        standing: "provisional" | "verified"
      ) {
        const externalId = of.client.externalId ?? current?.externalId ?? ExternalClientId.make(`lead:${of.externalId}`)
        const known =
          current?.externalId === externalId
            ? current
            : Option.getOrUndefined(yield* cases.findExternalClient(connection.firmId, connection.id, externalId))
        if (known !== undefined && standing === "provisional") return known
        const { email, firstName, fullName, lastName, phone } = of.client
        const client: Client = {
          id: known?.id ?? ClientId.make(yield* newId),
          firmId: connection.firmId,
          connectionId: connection.id,
          externalId,
          standing,
          firstName: firstName ?? known?.firstName ?? "",
          lastName: lastName ?? known?.lastName ?? "",
          fullName: fullName ?? known?.fullName ?? [firstName, lastName].filter(Boolean).join(" "),
          email: email ?? known?.email ?? "",
          phone: phone ?? known?.phone ?? "",
          updatedAt: yield* Clock.currentTimeMillis
        }
        yield* cases.saveClient(client)
        return client
      })

      const insert = Effect.fnUntraced(function* (
        connection: Connection,
        of: CrmCase,
        client: Client,
        standing: "provisional" | "verified",
        cause: string
      ) {
        const now = yield* Clock.currentTimeMillis
        const created: Case = {
          id: CaseId.make(yield* newId),
          firmId: connection.firmId,
          connectionId: connection.id,
          externalId: of.externalId,
          clientId: client.id,
          standing,
          name: nameOf(client, of),
          caseType: of.caseType ?? { name: "" },
          status: unknownValue,
          reported: null,
          fields: of.fields,
          dirtySince: null,
          receiveNumber: 0,
          createdAt: now,
          updatedAt: now,
          externalCreatedAt: of.createdAt ?? null,
          externalUpdatedAt: of.updatedAt ?? null,
          verifiedAt: null
        }
        yield* cases.save(created)
        yield* record(created, { kind: "created", cause, before: null, after: null })
        return created
      })

      const pushesOf = (of: Case) =>
        queue.find(of.firmId, {
          connectionId: of.connectionId,
          key: of.externalId,
          lane: "state",
          work: ["PushStatus"],
          states: ["queued", "retry", "sending", "held"]
        })

      const applyRead: Reconciler["Service"]["applyRead"] = Effect.fn("Reconciler.applyRead")(
        function* (connection, known, read, cause) {
          const now = yield* Clock.currentTimeMillis
          const current =
            known === undefined
              ? undefined
              : Option.getOrUndefined(yield* cases.client(connection.firmId, known.clientId))
          const client = yield* clientOf(connection, read, current, "verified")
          const present = known ?? (yield* insert(connection, read, client, "verified", cause))
          const status = yield* mergeStatus(connection, present, read, cause)
          const next: Case = {
            ...present,
            clientId: client.id,
            standing: "verified",
            name: nameOf(client, read),
            caseType: read.caseType ?? present.caseType,
            status,
            reported: null,
            fields: { ...present.fields, ...read.fields },
            updatedAt: now,
            externalCreatedAt: read.createdAt ?? present.externalCreatedAt,
            externalUpdatedAt: read.updatedAt ?? present.externalUpdatedAt,
            verifiedAt: now
          }
          yield* cases.save(next)
          if (known !== undefined && known.standing !== "verified")
            yield* record(next, { kind: "standing-changed", cause, before: known.standing, after: "verified" })
          return next
        }
      )

      const mergeStatus = Effect.fnUntraced(function* (
        connection: Connection,
        present: Case,
        read: CrmCase,
        cause: string
      ) {
        const value = present.status
        if (read.status === undefined) return value
        const name = read.status.name
        // The first status of a case is a fact nobody has yet, whatever the switches say about syncing changes.
        if (value.platform === null) {
          yield* record(present, { kind: "status-applied", cause, before: null, after: name })
          return { platform: name, basePlatform: name, baseCrm: name, seenCrm: name }
        }
        const pushes = yield* pushesOf(present)
        const last = pushes.at(-1)?.work
        const held = !isStatusOutboundEffective(connection.toggles) && pushes.length > 0
        const verdict = decide({
          value,
          read: name,
          target: last?._tag === "PushStatus" ? last.target : null,
          // While edits wait for the firm's answer, baselines stand still.
          effective: isStatusInboundEffective(connection.toggles) && !held,
          same: sameStatus
        })
        if (verdict._tag !== "Apply") return verdict.value
        yield* supersede(present, pushes, name)
        yield* record(present, { kind: "status-applied", cause, before: value.platform, after: name })
        return verdict.value
      })

      /** The CRM moved first: the local edits that wait lose, and each is listed. */
      const supersede = Effect.fnUntraced(function* (present: Case, pushes: ReadonlyArray<Job>, winner: string) {
        for (const { id, work } of pushes) {
          if (work._tag !== "PushStatus") continue
          yield* record(present, { kind: "status-superseded", cause: id, before: work.target, after: winner })
        }
        yield* queue.resolve(present.firmId, { ids: pushes.map(({ id }) => id) }, "skip", "superseded-by-crm")
      })

      const readCases: Reconciler["Service"]["readCases"] = Effect.fn("Reconciler.readCases")(
        function* (connection, leases) {
          const crm = yield* Crm
          const ids = leases.map(({ job }) => ExternalCaseId.make(job.key))
          // The mark is cleared before the read begins: a receipt that comes meanwhile asks for another one.
          for (const id of ids) {
            yield* storage.withCase(
              { connectionId: connection.id, externalCaseId: id },
              Effect.gen(function* () {
                const known = yield* findCase(connection, id)
                if (known !== undefined && known.dirtySince !== null) yield* cases.save({ ...known, dirtySince: null })
              })
            )
          }
          const answers = new Map((yield* crm.read({ ids })).map((read) => [read.externalId, read]))
          for (const lease of leases) {
            const id = ExternalCaseId.make(lease.job.key)
            yield* storage.withCase(
              { connectionId: connection.id, externalCaseId: id },
              Effect.gen(function* () {
                const known = yield* findCase(connection, id)
                const read = answers.get(id)
                if (read !== undefined) yield* applyRead(connection, known, read, lease.job.id)
                else if (known !== undefined) yield* markGone(known, lease.job.id)
                yield* queue.settle(lease, { _tag: "Done" })
              })
            )
          }
          yield* noteSuccess(connection, ["lastSync", "lastStatusPull"], yield* Clock.currentTimeMillis)
        }
      )

      /** Never deleted: a case only ever seen in payloads is quarantined, one that was read before is missing. */
      const markGone = Effect.fnUntraced(function* (known: Case, cause: string) {
        const standing = known.verifiedAt === null ? "quarantined" : "missing"
        if (known.standing === standing) return
        yield* cases.save({ ...known, standing, reported: null })
        yield* record(known, { kind: "standing-changed", cause, before: known.standing, after: standing })
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
            health: { ...value.health, ...Object.fromEntries(times.map((time) => [time, forward(value.health[time], at)])) }
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
              const reported = known?.reported
              if (known === undefined || reported === null || reported === undefined) return
              if (!atOnce && now - reported.at < unverifiedAfterMs) return
              const read: CrmCase = { externalId: known.externalId, status: reported.status, client: {}, fields: {} }
              const status = yield* mergeStatus(connection, known, read, reported.receiptId)
              yield* cases.save({ ...known, status, reported: null, standing: "unverified", updatedAt: now })
              yield* record(known, {
                kind: "standing-changed",
                cause: reported.receiptId,
                before: known.standing,
                after: "unverified"
              })
            })
          )
        }
      )

      return Reconciler.of({ applyReceipt, readCases, countReported, markDirty, applyRead })
    })
  )
}

const nameOf = (client: Client, of: CrmCase): string =>
  [client.fullName, of.caseType?.name].filter((part) => part !== undefined && part !== "").join(" – ") ||
  `Case ${of.externalId}`

/** A second is fine enough for a health time; a commit for every job would only tell the time. */
const healthGrainMs = 1000

/** Health times move forward only. */
export const forward = (before: Instant | null, now: Instant): Instant => Math.max(before ?? 0, now)
