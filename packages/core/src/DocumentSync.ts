/**
 * Documents both ways, in the case's feed lane.
 *
 * In: every document of a matched case that is not known by the CRM's id, from every folder; what is not eligible is
 * entered with the reason and not looked at again; once the firm's room is used up, the rest waits as held. Out: one upload per event. After an unclear outcome the CRM's list
 * is asked for a document of that name and size; where that does not tell, the job waits for a person.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { CaseDocuments, type FileOrigin } from "./CaseDocuments.ts"
import { Delivery, DeliveryTimes } from "./Delivery.ts"
import type { Case } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { documentLimitBytes, type FileVerdict, judgeFile } from "./domain/Document.ts"
import { quotaFull } from "./domain/Held.ts"
import { newId } from "./domain/Ids.ts"
import { JobId, type Work } from "./domain/Job.ts"
import { TimelineEntryId } from "./domain/TimelineEntry.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { CrmAnswerInvalid, CrmError } from "./ports/Crm.ts"
import { type CrmDocument, CrmDocuments } from "./ports/CrmDocuments.ts"
import { transferFactor } from "./ports/CrmHttp.ts"
import { DocumentStore } from "./ports/DocumentStore.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Timeline } from "./ports/Timeline.ts"
import { matchedCase } from "./MatchedCase.ts"
import { Projection } from "./Projection.ts"

type PullDocuments = Extract<Work, { _tag: "PullDocuments" }>
type PushDocument = Extract<Work, { _tag: "PushDocument" }>

export class DocumentSync extends Context.Service<
  DocumentSync,
  {
    readonly pull: (
      connection: Connection,
      lease: Lease,
      work: PullDocuments
    ) => Effect.Effect<void, CrmError | LeaseLost, CrmDocuments>
    readonly push: (
      connection: Connection,
      lease: Lease,
      work: PushDocument
    ) => Effect.Effect<void, CrmError | LeaseLost, CrmDocuments>
  }
>()("@casewire/core/DocumentSync") {
  static readonly layer = Layer.effect(
    DocumentSync,
    Effect.gen(function* () {
      const caseDocuments = yield* CaseDocuments
      const cases = yield* CaseStore
      const delivery = yield* Delivery
      const documents = yield* DocumentStore
      const projection = yield* Projection
      const queue = yield* Queue
      const storage = yield* Storage
      const timeline = yield* Timeline
      const { clientTimeoutMs, lateCommitMs, leaseMs } = yield* DeliveryTimes
      const startedAt = yield* Clock.currentTimeMillis
      const stores = Context.make(CaseStore, cases).pipe(Context.add(Queue, queue))
      const fenceMs = clientTimeoutMs * transferFactor + lateCommitMs

      const pull: DocumentSync["Service"]["pull"] = Effect.fn("DocumentSync.pull")(function* (connection, lease, work) {
        const crm = yield* CrmDocuments
        const { firmId } = connection
        const of = yield* matchedCase(connection, lease, work.externalCaseId).pipe(Effect.provideContext(stores))
        if (of === undefined) return
        const known = yield* timeline.externalIds(firmId, of.id, "document")
        const listed = yield* crm.list({ id: of.externalId })
        let failed: CrmError | undefined
        for (const document of listed) {
          if (known.has(document.externalId)) continue
          const isFetched = judgeFile({ ...document })._tag === "Eligible"
          if (isFetched && !(yield* caseDocuments.hasRoom(firmId, document.size ?? documentLimitBytes)))
            return yield* queue.settle(lease, { _tag: "Held", reason: quotaFull })
          // One that cannot be had keeps no other from coming; what went wrong is raised when all have been tried.
          const failure = yield* take(connection, lease, of, document).pipe(
            Effect.as(undefined),
            Effect.catchIf(
              (error): error is CrmError => error._tag === "CrmError" && error.reason._tag === "CrmAnswerInvalid",
              Effect.succeed
            )
          )
          failed ??= failure
        }
        if (failed !== undefined) return yield* failed
        yield* queue.settle(lease, { _tag: "Done" })
      })

      const take = Effect.fnUntraced(function* (connection: Connection, lease: Lease, of: Case, document: CrmDocument) {
        const { firmId } = connection
        const now = yield* Clock.currentTimeMillis
        const file: FileOrigin = { ...document, at: document.createdAt ?? now, source: "crm", cause: lease.job.id }
        const enter = (documentId: string | null, verdict: FileVerdict) =>
          storage.withCase(
            { connectionId: connection.id, externalCaseId: of.externalId },
            caseDocuments.enter(of, documentId, file, verdict)
          )
        const early = judgeFile(file)
        if (early._tag === "Skip") return yield* enter(null, early)
        const key = `document ${connection.id} ${of.externalId} ${document.externalId}`
        const fresh = JobId.make(yield* newId)
        // Bound once, so that an attempt after a crash puts the bytes where the earlier one would have.
        const documentId = Option.getOrElse(yield* storage.claimKey(firmId, key, fresh), () => fresh)
        const opened = yield* Effect.result(fetched(of, document, documentId))
        if (opened._tag === "Failure") {
          const { reason } = opened.failure
          const isLast = lease.job.attempts >= patience
          // A refusal of one whose size nobody said is the host's own: it was larger than documents may be.
          if (reason._tag === "CrmRefused" && document.size === null)
            return yield* enter(null, { _tag: "Skip", why: "too-large" })
          if (
            reason._tag === "CrmNotFound" ||
            reason._tag === "CrmRefused" ||
            (reason._tag === "CrmAnswerInvalid" && isLast)
          )
            return yield* enter(null, { _tag: "Skip", why: "unavailable" })
          return yield* opened.failure
        }
        const verdict = yield* caseDocuments.judge(firmId, documentId, file)
        yield* enter(documentId, verdict)
        if (verdict._tag === "Skip") yield* documents.remove(firmId, documentId)
      })

      const fetched = Effect.fnUntraced(function* (of: Case, document: CrmDocument, documentId: string) {
        const crm = yield* CrmDocuments
        const { externalId, size: announced } = document
        const maxBytes = documentLimitBytes
        const { size } = yield* crm.open({ id: of.externalId, externalId, documentId, maxBytes })
        if (announced === null || announced === size) return
        yield* documents.remove(of.firmId, documentId)
        return yield* new CrmError({ reason: new CrmAnswerInvalid({ message: "the document came with another size" }) })
      })

      const push: DocumentSync["Service"]["push"] = Effect.fn("DocumentSync.push")(
        function* (connection, claimed, work) {
          const crm = yield* CrmDocuments
          const id = work.externalCaseId
          const { sentAt } = claimed.job
          if (sentAt !== null) {
            const until = Math.max(sentAt, startedAt) + fenceMs
            if ((yield* Clock.currentTimeMillis) < until)
              return yield* queue.settle(claimed, {
                _tag: "GiveBack",
                at: until,
                reason: "quiet-period",
                sending: true
              })
            const found = yield* arrived(connection, work, sentAt)
            if (found._tag === "Unclear")
              return yield* queue.settle(claimed, {
                _tag: "Uncertain",
                reason: "several documents of this name and size"
              })
            yield* delivery.isKnown(claimed.job)
            if (found._tag === "There") return yield* conclude(connection, claimed, work, found.externalId)
          }
          const { contentType, documentId, name } = work
          if (Option.isNone(yield* documents.get(connection.firmId, documentId)))
            return yield* queue.settle(claimed, { _tag: "Dead", reason: "document-gone" })
          const lease = yield* queue.mark(claimed, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
          const { externalId } = yield* delivery.sent(lease, crm.upload({ id, documentId, name, contentType }))
          yield* conclude(connection, lease, work, externalId)
        }
      )

      /** Whether an upload that nobody answered for is in the CRM: a document of that name and size that nobody knows. */
      const arrived = Effect.fnUntraced(function* (connection: Connection, work: PushDocument, sentAt: number) {
        const crm = yield* CrmDocuments
        const known = yield* timeline.externalIds(connection.firmId, work.caseId, "document")
        const alike = (yield* crm.list({ id: work.externalCaseId })).filter(
          ({ createdAt, externalId, name, size }) =>
            name === work.name &&
            size === work.size &&
            !known.has(externalId) &&
            // The CRM's clock may differ from ours, and it tells whole seconds.
            (createdAt === null || createdAt >= sentAt - clockDifferenceMs)
        )
        const [only, ...others] = alike
        if (only === undefined) return { _tag: "Absent" } as const
        return others.length === 0 && only.createdAt !== null
          ? ({ _tag: "There", externalId: only.externalId } as const)
          : ({ _tag: "Unclear" } as const)
      })

      const conclude = Effect.fnUntraced(function* (
        connection: Connection,
        lease: Lease,
        work: PushDocument,
        externalId: string
      ) {
        const marked = yield* queue.mark(lease, { leaseMs, progress: [externalId] })
        yield* storage.withCase(
          { connectionId: connection.id, externalCaseId: work.externalCaseId },
          Effect.gen(function* () {
            yield* timeline.bind(connection.firmId, TimelineEntryId.make(work.entryId), externalId)
            const found = yield* cases.get(connection.firmId, work.caseId)
            if (Option.isSome(found))
              yield* projection.record(found.value, {
                kind: "document-sent",
                cause: lease.job.id,
                before: null,
                after: externalId
              })
            yield* queue.settle(marked, { _tag: "Done" })
          })
        )
      })

      return DocumentSync.of({ pull, push })
    })
  ).pipe(Layer.provide(CaseDocuments.layer))
}

/** So many attempts a document gets whose answer cannot be used; then it is entered as unavailable. */
const patience = 2
const clockDifferenceMs = 300_000
