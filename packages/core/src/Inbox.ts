/**
 * The door for what a CRM pushes: a webhook is checked, refused or made durable without calling any plugin.
 *
 * The token is looked up before the body is read. What intake needs to know of the CRM is data in the plugin's
 * manifest. Every request with a valid token leaves a receipt, also a refused one; a receipt that was accepted is on
 * disk together with its job before the answer goes out.
 */
import { Clock, Context, Effect, Exit, Layer, Option, Result, Schema } from "effect"
import { Backlog, backlogFull } from "./Backlog.ts"
import { ExternalCaseId } from "./domain/Case.ts"
import { type Connection, isEnded } from "./domain/Connection.ts"
import { type FlatRecord, parseBody } from "./domain/FlatRecord.ts"
import { type FirmId, makeId, newId } from "./domain/Ids.ts"
import { keepNames, namesOnly } from "./domain/KeptNames.ts"
import { lockedQuery, withLocks } from "./domain/LockedOptions.ts"
import { JobId, type NewJob, Priority } from "./domain/Job.ts"
import { readListIntent } from "./domain/ListRouting.ts"
import { type Disposition, type FieldProblem, type Receipt, ReceiptId } from "./domain/Receipt.ts"
import { intake } from "./domain/Toggles.ts"
import { type FieldTable, fieldTables, findFields, normaliseKey } from "./domain/WebhookFields.ts"
import { ConnectionStore, type WebhookConnection } from "./ports/ConnectionStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"

export class ReceiptNotFound extends Schema.TaggedError<ReceiptNotFound>()("ReceiptNotFound", {
  receiptId: Schema.String
}) {}

/** What arrived, once the body was read as text (multipart: the list of its text parts as JSON). */
export interface WebhookDelivery {
  /** Where the edge needed the id before: files that came with the body belong to it already. */
  readonly receiptId?: ReceiptId
  readonly mediaType: string
  readonly body: string
  /** Without the token. */
  readonly query: FlatRecord
  readonly headerNames: ReadonlyArray<string>
  /** Files that were skipped and the like, found while reading the body. */
  readonly warnings?: ReadonlyArray<FieldProblem>
}

/** A problem of the request itself, found before or while its body was read; the receipt is kept all the same. */
export interface WebhookRefusal {
  readonly status: number
  readonly problem: string
  readonly errors: ReadonlyArray<FieldProblem>
}

export interface WebhookAnswer {
  readonly receiptId: ReceiptId
  readonly disposition: Disposition
  readonly errors: ReadonlyArray<FieldProblem>
  readonly warnings: ReadonlyArray<FieldProblem>
}

export class Inbox extends Context.Service<
  Inbox,
  {
    /** The connection a webhook token opens at this plugin's route; a token of another plugin is as unknown as any. */
    readonly authenticate: (plugin: string, token: string) => Effect.Effect<Option.Option<WebhookConnection>>
    /** Judges a delivery and stores its receipt; answers when that is on disk. */
    readonly accept: (connection: WebhookConnection, delivery: WebhookDelivery) => Effect.Effect<WebhookAnswer>
    /** Stores the receipt of a delivery that the edge had to refuse (size, media type, broken body). */
    readonly refuse: (
      connection: WebhookConnection,
      delivery: WebhookDelivery,
      refusal: WebhookRefusal
    ) => Effect.Effect<WebhookAnswer>
    /**
     * Judges a stored receipt again by the connection's present alias table and applies it. Where its fields are still
     * incomplete but it names the record, the record is read from the CRM instead.
     */
    readonly replay: (firmId: FirmId, id: ReceiptId) => Effect.Effect<WebhookAnswer, ReceiptNotFound>
  }
>()("@casewire/core/Inbox") {
  static readonly layer = Layer.effect(
    Inbox,
    Effect.gen(function* () {
      const backlog = yield* Backlog
      const connections = yield* ConnectionStore
      const plugins = yield* Plugins
      const queue = yield* Queue
      const storage = yield* Storage
      const tableOf = fieldTables((plugin) => Option.getOrThrow(plugins.manifest(plugin)).webhook)

      const authenticate: Inbox["Service"]["authenticate"] = (plugin, token) => {
        const found = connections.connectionOfToken(token)
        const isOpen = (connection: Connection) => connection.plugin === plugin && !isEnded(connection)
        // A value stays one: the edge asks this for every webhook, and nothing is to be run then.
        if (!Exit.isExit(found)) return Effect.map(found, Option.filter(isOpen))
        return Exit.map(found as Exit.Exit<Option.Option<WebhookConnection>>, Option.filter(isOpen))
      }

      // The busiest path of the host: one step up to the store's own, and one after it.
      const accept: Inbox["Service"]["accept"] = (connection, came) =>
        Effect.withFiber(({ context }) => {
          const delivery = withOwnQuery(connection, came)
          const verdict = judge(tableOf(connection), connection, delivery, backlog.isFull(connection.firmId))
          const receipt = receiptOf(context, connection, delivery, verdict)
          const { disposition, externalCaseId } = verdict
          const jobs =
            disposition._tag === "Accepted" && externalCaseId !== null
              ? [applyJob(connection, JobId.make(makeId(context)), receipt.id, ExternalCaseId.make(externalCaseId))]
              : []
          return Effect.as(storage.receive(receipt, jobs), answerOf(receipt))
        })

      const refuse: Inbox["Service"]["refuse"] = (connection, came, refusal) =>
        Effect.withFiber(({ context }) => {
          const delivery = withOwnQuery(connection, came)
          const receipt = receiptOf(context, connection, delivery, {
            disposition: { _tag: "Refused", status: refusal.status, problem: refusal.problem },
            errors: refusal.errors,
            warnings: delivery.warnings ?? [],
            externalCaseId: null,
            kept: delivery.body
          })
          return Effect.as(storage.receive(receipt, []), answerOf(receipt))
        })

      const replay = Effect.fn("Inbox.replay")(function* (firmId: FirmId, id: ReceiptId) {
        const found = yield* storage.receipt(firmId, id)
        if (Option.isNone(found)) return yield* new ReceiptNotFound({ receiptId: id })
        const receipt = found.value
        const connection = yield* connections
          .get(firmId, receipt.connectionId)
          .pipe(Effect.mapError(() => new ReceiptNotFound({ receiptId: id })))
        const judged = judge(tableOf(connection), connection, receipt)
        // Kept without its values, it still names the record that it was about, and what it wanted of lists.
        const isNames = receipt.mediaType === namesOnly
        const again = isNames ? { ...judged, errors: [], externalCaseId: receipt.externalCaseId } : judged
        const readsInstead = again.disposition._tag === "Refused" && again.externalCaseId !== null
        const verdict: Verdict = readsInstead ? { ...again, disposition: { _tag: "Accepted" } } : again
        const now = yield* Clock.currentTimeMillis
        const { disposition, errors, warnings, externalCaseId } = verdict
        const jobId = JobId.make(yield* newId)
        yield* storage.atomically(
          Effect.gen(function* () {
            yield* storage.judge(firmId, id, { disposition, errors, warnings, externalCaseId, replayedAt: now })
            if (disposition._tag !== "Accepted") return
            yield* queue.enqueue([
              readsInstead
                ? readJob(connection, jobId, id, ExternalCaseId.make(externalCaseId!))
                : applyJob(connection, jobId, id, ExternalCaseId.make(externalCaseId!))
            ])
          })
        )
        return answerOf({ ...receipt, ...verdict })
      })

      return Inbox.of({ authenticate, accept, refuse, replay })
    })
  ).pipe(Layer.provide(Backlog.layer))
}

const noRoom = { _tag: "Ignore", reason: backlogFull } as const

interface Verdict extends Pick<Receipt, "disposition" | "errors" | "warnings" | "externalCaseId"> {
  /** The body as it is kept. */
  readonly kept: string
  readonly mediaType?: string
  /** The query as it is kept, where that is less than what came. */
  readonly query?: FlatRecord
}

/** What a sender says of options that the URL fixes counts for nothing; see `LockedOptions`. */
const withOwnQuery = (connection: WebhookConnection, came: WebhookDelivery): WebhookDelivery => {
  const query = lockedQuery(came.query, connection.locked)
  return query === came.query ? came : { ...came, query }
}

/** Pure: what becomes of a body under this connection's switches and alias table. */
const judge = (
  table: FieldTable,
  connection: Connection,
  delivery: Pick<WebhookDelivery, "mediaType" | "body" | "query" | "warnings">,
  isFull = false
): Verdict => {
  const warnings = delivery.warnings ?? []
  const parsed = parseBody(delivery.mediaType, delivery.body)
  if (Result.isFailure(parsed)) {
    return {
      disposition: { _tag: "Refused", status: 400, problem: "body-structure" },
      errors: [{ field: "body", code: parsed.failure }],
      warnings,
      externalCaseId: null,
      kept: delivery.body
    }
  }
  const found = findFields(table, parsed.success, delivery.query, false)
  if (found._tag === "Test")
    return { disposition: { _tag: "Test" }, errors: [], warnings, externalCaseId: null, kept: delivery.body }
  const externalCaseId = found.values.get(table.declaration.record) ?? null
  const asked = withLocks(found.options, delivery.query)
  const all =
    asked.options.size === 0
      ? found.warnings
      : [...found.warnings, ...asked.warnings, ...readListIntent(asked.options).warnings]
  const common = { errors: found.errors, warnings: warnings.length === 0 ? all : [...warnings, ...all], externalCaseId }
  const toggled = intake(connection.toggles)
  const verdict = isFull && toggled._tag === "Accept" ? noRoom : toggled
  // A switched-off firm's client data is not collected: the names of the keys stay, the record's id and the options.
  const isOption = (key: string) => table.optionKeys.has(normaliseKey(key))
  if (verdict._tag === "Ignore")
    return {
      ...common,
      disposition: { _tag: "Ignored", reason: verdict.reason },
      kept: keepNames(delivery, parsed.success, isOption),
      mediaType: namesOnly,
      query: delivery.query.filter(([key]) => isOption(key))
    }
  return found.errors.length > 0
    ? {
        ...common,
        disposition: { _tag: "Refused", status: 422, problem: "webhook-fields-invalid" },
        kept: delivery.body
      }
    : { ...common, disposition: { _tag: "Accepted" }, kept: delivery.body }
}

const receiptOf = (
  context: Context.Context<never>,
  connection: Connection,
  delivery: WebhookDelivery,
  verdict: Verdict
): Receipt => {
  const { disposition, errors, externalCaseId, kept, warnings } = verdict
  return {
    id: delivery.receiptId ?? ReceiptId.make(makeId(context)),
    firmId: connection.firmId,
    connectionId: connection.id,
    receivedAt: Context.get(context, Clock.Clock).currentTimeMillisUnsafe(),
    receiveNumber: 0,
    mediaType: verdict.mediaType ?? delivery.mediaType,
    body: kept,
    query: verdict.query ?? delivery.query,
    headerNames: delivery.headerNames,
    disposition,
    errors,
    warnings,
    externalCaseId,
    replayedAt: null
  }
}

const answerOf = (receipt: Receipt): WebhookAnswer => ({
  receiptId: receipt.id,
  disposition: receipt.disposition,
  errors: receipt.errors,
  warnings: receipt.warnings
})

const applyJob = (connection: Connection, id: JobId, receiptId: ReceiptId, externalCaseId: ExternalCaseId): NewJob => ({
  id,
  firmId: connection.firmId,
  connectionId: connection.id,
  key: externalCaseId,
  lane: "state",
  priority: Priority.apply,
  work: { _tag: "ApplyReceipt", receiptId }
})

const readJob = (connection: Connection, id: JobId, receiptId: ReceiptId, externalCaseId: ExternalCaseId): NewJob => ({
  id,
  firmId: connection.firmId,
  connectionId: connection.id,
  key: externalCaseId,
  lane: "state",
  priority: Priority.person,
  work: { _tag: "ReadCase", externalCaseId, receipts: [receiptId] }
})
