/**
 * What has to be made good once switches are on again: receipts that were ignored are read, jobs that were held for a
 * switch or a case type go on, and cases whose status moved in the CRM unseen are read again.
 *
 * It may run at any time and as often as one likes. It runs after every change of the switches and with the Poller's
 * ticks, so a crash in between, or a receipt or job that was judged by switches of a moment ago, is made good as well.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { DocumentQuota } from "./CaseDocuments.ts"
import { Backlog } from "./Backlog.ts"
import { type Case, type CaseId, ExternalCaseId, type FieldValue } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { documentLimitBytes } from "./domain/Document.ts"
import { holderOf } from "./domain/Held.ts"
import { sameField } from "./domain/FieldSync.ts"
import { newId } from "./domain/Ids.ts"
import { type Job, JobId, Priority } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { afterToggles, isAsked, isOutboundEffective, rebased } from "./domain/StatusResume.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { heldBy, intake, isFieldSyncEffective, isStatusInboundEffective } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { DocumentStore } from "./ports/DocumentStore.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"

const pageSize = 200

/** Whether cases may be waiting to be read that only `run` knows of. */
export const isCatchUpDue = (connection: Connection): boolean =>
  isStatusCatchUpDue(connection) || isFieldCatchUpDue(connection)

const isStatusCatchUpDue = (connection: Connection): boolean =>
  connection.catchUpDue !== undefined && isStatusInboundEffective(connection.toggles) && !isAsked(connection)

const isFieldCatchUpDue = ({ fieldCatchUpDue, toggles }: Connection): boolean =>
  fieldCatchUpDue !== undefined && isFieldSyncEffective(toggles)

export class CatchUp extends Context.Service<
  CatchUp,
  {
    readonly run: (connection: Connection) => Effect.Effect<void>
  }
>()("@casewire/core/CatchUp") {
  static readonly layer = Layer.effect(
    CatchUp,
    Effect.gen(function* () {
      const backlog = yield* Backlog
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const documents = yield* DocumentStore
      const { firmBytes } = yield* DocumentQuota
      const queue = yield* Queue
      const storage = yield* Storage

      const readAll = Effect.fnUntraced(function* (
        { firmId, id: connectionId }: Connection,
        leads: ReadonlyArray<string>,
        receiptsOf: ReadonlyMap<string, ReadonlyArray<string>> = new Map()
      ) {
        const ids = yield* Effect.forEach(leads, () => newId)
        yield* queue.enqueue(
          leads.map((lead, index) => ({
            id: JobId.make(ids[index]!),
            firmId,
            connectionId,
            key: lead,
            lane: "state" as const,
            priority: Priority.read,
            work: {
              _tag: "ReadCase" as const,
              externalCaseId: ExternalCaseId.make(lead),
              ...(receiptsOf.has(lead) ? { receipts: receiptsOf.get(lead)! } : {})
            }
          }))
        )
      })

      const readIgnored = Effect.fnUntraced(function* (connection: Connection) {
        const { firmId, id: connectionId } = connection
        const now = yield* Clock.currentTimeMillis
        for (;;) {
          const page = yield* storage.receipts(firmId, { connectionId, disposition: "Ignored", limit: pageSize })
          if (page.length === 0) return
          yield* storage.atomically(
            Effect.gen(function* () {
              for (const receipt of page)
                yield* storage.judge(firmId, receipt.id, {
                  ...receipt,
                  disposition: { _tag: "Accepted" },
                  replayedAt: now
                })
              const named = page.filter(({ externalCaseId }) => externalCaseId !== null).toReversed()
              const wanting = named.filter(({ body, query }) => query.length > 0 || body.includes("="))
              const receiptsOf = Map.groupBy(wanting, ({ externalCaseId }) => externalCaseId!)
              yield* readAll(
                connection,
                [...new Set(named.map(({ externalCaseId }) => externalCaseId!))],
                new Map([...receiptsOf].map(([lead, receipts]) => [lead, receipts.map(({ id }) => id)]))
              )
            })
          )
        }
      })

      /** Jobs of a case whose type is selected for sending again; the Worker asks the switches for each, as ever. */
      const releaseSelected = Effect.fnUntraced(function* (connection: Connection, held: ReadonlyArray<Job>) {
        const ids: Array<JobId> = []
        for (const { id, reason, work } of held) {
          if (holderOf(reason) !== "selector" || !("caseId" in work)) continue
          const of = Option.getOrUndefined(yield* cases.get(connection.firmId, work.caseId))
          if (of === undefined || outgoingRefusal(connection.outgoingCaseTypes, of.caseType) === undefined) ids.push(id)
        }
        if (ids.length > 0) yield* queue.resolve(connection.firmId, { ids }, "release", "selected-again")
      })

      /** Documents that found no room are fetched once there is room for one of the largest. */
      const releaseDocuments = Effect.fnUntraced(function* ({ firmId }: Connection, held: ReadonlyArray<Job>) {
        const ids = held.flatMap(({ id, reason }) => (holderOf(reason) === "quota" ? [id] : []))
        if (ids.length === 0) return
        const { bytes } = yield* documents.usage(firmId)
        if (bytes + documentLimitBytes <= firmBytes) yield* queue.resolve(firmId, { ids }, "release", "room-again")
      })

      /** Jobs that waited for a switch go on; held status pushes wait for the firm's answer how to resume. */
      const releaseHeld = Effect.fnUntraced(function* (connection: Connection) {
        const { firmId, id: connectionId, toggles } = connection
        const held = yield* queue.find(firmId, { connectionId, states: ["held"] })
        const bySwitch = held.filter(({ reason }) => holderOf(reason) === "switch")
        const ids = bySwitch.flatMap((job) =>
          job.work._tag !== "PushStatus" && heldBy(job.work, toggles) === undefined ? [job.id] : []
        )
        if (ids.length > 0) yield* queue.resolve(firmId, { ids }, "release", "switched-on")
        yield* releaseSelected(connection, held)
        yield* releaseDocuments(connection, held)
        // Held at the very moment in which the switches went on: the question was not asked for it.
        const isForgotten = bySwitch.some(({ work }) => work._tag === "PushStatus") && isOutboundEffective(connection)
        const now = yield* Clock.currentTimeMillis
        if (isForgotten)
          yield* Effect.ignore(
            connections.update(firmId, connectionId, (value) => afterToggles(value, value, true, now))
          )
      })

      /** The CRM was seen to hold another value while sync was off; what that read could not apply is read again. */
      const readApart = Effect.fnUntraced(function* (connection: Connection) {
        const { firmId, id: connectionId } = connection
        const [ofStatus, ofFields] = [isStatusCatchUpDue(connection), isFieldCatchUpDue(connection)]
        const isApart = (of: Case) =>
          (ofStatus && isStatusApart(connection, of)) || (ofFields && Object.values(of.values).some(isFieldApart))
        for (let before: CaseId | undefined; ;) {
          const page = yield* cases.list(firmId, {
            connectionId,
            limit: pageSize,
            ...(before === undefined ? {} : { before })
          })
          const apart = page.filter(isApart)
          if (apart.length > 0)
            yield* storage.atomically(
              readAll(
                connection,
                apart.map(({ externalId }) => externalId)
              )
            )
          const last = page.at(-1)
          if (page.length < pageSize || last === undefined) return
          before = last.id
        }
      })

      const run = Effect.fn("CatchUp.run")(function* (connection: Connection) {
        // What a full backlog left aside is read once there is room again.
        if (intake(connection.toggles)._tag === "Accept" && !backlog.isFull(connection.firmId))
          yield* readIgnored(connection)
        yield* releaseHeld(connection)
        if (!isCatchUpDue(connection)) return
        yield* readApart(connection)
        yield* Effect.ignore(
          connections.update(connection.firmId, connection.id, (value) => {
            const { catchUpDue, fieldCatchUpDue, ...done } = value
            const isDone = isStatusCatchUpDue(connection) && catchUpDue === connection.catchUpDue
            const areDone = isFieldCatchUpDue(connection) && fieldCatchUpDue === connection.fieldCatchUpDue
            return {
              ...done,
              ...(isDone || catchUpDue === undefined ? {} : { catchUpDue }),
              ...(areDone || fieldCatchUpDue === undefined ? {} : { fieldCatchUpDue })
            }
          })
        )
      })

      return CatchUp.of({ run })
    })
  ).pipe(Layer.provide(Backlog.layer))
}

const isStatusApart = (connection: Connection, of: Case): boolean => {
  const { baselinePending, status } = rebased(connection, of)
  return baselinePending !== true && status.seenCrm !== null && !sameStatus(status.seenCrm, status.baseCrm)
}

const isFieldApart = ({ baseCrm, seenCrm }: FieldValue): boolean => !sameField(seenCrm, baseCrm)
