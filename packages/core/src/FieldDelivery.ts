/**
 * Carries edits of mapped fields to the CRM.
 *
 * Which fields are sent is looked up when the job runs: several edits that wait become one call, and a job that finds
 * nothing waiting makes none. The CRM is read first, and where it moved it wins; only what differs is written. A field
 * that the mapping cannot put into the CRM's words stays unsent with the reason, and holds nothing else up.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { Delivery, DeliveryTimes } from "./Delivery.ts"
import type { Case } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { fieldKeyProblem } from "./domain/FieldKey.ts"
import { isUnclear, rawOf, sameField, sendingFields, settleFields, textOf, waitingFields } from "./domain/FieldSync.ts"
import type { Instant } from "./domain/Ids.ts"
import type { Work } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { Crm, type CrmError } from "./ports/Crm.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

type PushFields = Extract<Work, { _tag: "PushFields" }>

interface Sent {
  readonly field: string
  readonly crmKey: string
  readonly platform: string | null
  readonly value: string
}

export class FieldDelivery extends Context.Service<
  FieldDelivery,
  {
    readonly pushFields: (
      connection: Connection,
      lease: Lease,
      work: PushFields
    ) => Effect.Effect<void, CrmError | LeaseLost, Crm>
  }
>()("@casewire/core/FieldDelivery") {
  static readonly layerNoDeps = Layer.effect(
    FieldDelivery,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const delivery = yield* Delivery
      const mapping = yield* CaseMapping
      const plugins = yield* Plugins
      const projection = yield* Projection
      const queue = yield* Queue
      const storage = yield* Storage
      const { leaseMs } = yield* DeliveryTimes

      /** What waits of a case now, split into what can be written and what cannot, or why nothing may be. */
      const planOf = Effect.fnUntraced(function* (connection: Connection, of: Case) {
        const refusal = outgoingRefusal(connection.outgoingCaseTypes, of.caseType)
        if (refusal !== undefined) return { _tag: "Nothing", reason: refusal } as const
        const found = yield* mapping.fieldsOf(connection, of)
        if (found._tag === "NotMapped") return { _tag: "Nothing", reason: found.reason } as const
        const waiting = waitingFields(of.values, found.entries)
        const send: Array<Sent> = []
        const unsent: Array<string> = []
        for (const { crmKey, field, platform, target } of waiting) {
          const problem = keyProblem(connection, crmKey)
          if (problem !== undefined) unsent.push(`${field}: its key in the CRM is ${problem}`)
          else if (target._tag === "Value") send.push({ field, crmKey, platform, value: target.value })
          else if (target._tag === "Refused") unsent.push(`${field}: ${target.reason}`)
        }
        return { _tag: "Plan", send, unsent, entries: found.entries } as const
      })

      const keyProblem = (connection: Connection, crmKey: string) =>
        fieldKeyProblem(crmKey, Option.getOrUndefined(plugins.manifest(connection.plugin))?.fields?.reserved ?? [])

      const pushFields: FieldDelivery["Service"]["pushFields"] = Effect.fn("FieldDelivery.pushFields")(
        function* (connection, claimed, work) {
          const crm = yield* Crm
          const now = yield* Clock.currentTimeMillis
          const { job } = claimed
          if (!(yield* delivery.isQuiet(claimed))) return
          const key = { connectionId: connection.id, externalCaseId: work.externalCaseId }
          const known = Option.getOrUndefined(yield* cases.get(connection.firmId, work.caseId))
          if (known === undefined) return yield* queue.settle(claimed, { _tag: "Dead", reason: "case-gone" })
          const first = yield* planOf(connection, known)
          if (first._tag === "Nothing") return yield* queue.settle(claimed, { _tag: "Skipped", reason: first.reason })
          // A request whose outcome is not known is looked after, also where the edit was taken back since.
          if (first.send.length === 0 && !isUnclear(known.values))
            return yield* queue.settle(claimed, endOf(first.unsent))

          const read = (yield* crm.read({ ids: [work.externalCaseId] })).find(
            ({ externalId }) => externalId === work.externalCaseId
          )
          yield* delivery.isKnown(job)
          if (read === undefined) return yield* queue.settle(claimed, { _tag: "Dead", reason: "case-not-in-crm" })
          const plan = yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrThrow(yield* cases.get(connection.firmId, work.caseId))
              // A verified read like any other: what the CRM changed meanwhile wins here, and each loser is listed.
              const next = yield* projection.applyRead(connection, present, read, job.id)
              const plan = yield* planOf(connection, next)
              if (plan._tag === "Nothing") yield* queue.settle(claimed, { _tag: "Skipped", reason: plan.reason })
              else if (plan.send.length === 0) yield* queue.settle(claimed, endOf(plan.unsent))
              else {
                // With the read, or a job that was taken over meanwhile would leave an old read behind.
                const lease = yield* queue.mark(claimed, { leaseMs, sentAt: yield* Clock.currentTimeMillis })
                yield* cases.save({ ...next, values: sendingFields(next.values, plan.send) })
                return { ...plan, lease }
              }
              return undefined
            })
          )
          if (plan === undefined) return
          const { lease } = plan
          const fields = Object.fromEntries(plan.send.map(({ crmKey, value }) => [crmKey, value]))
          yield* delivery.sent(lease, crm.updateFields({ id: work.externalCaseId, fields }))
          const between = yield* reportedBetween(connection, work, now)
          yield* storage.withCase(
            key,
            Effect.gen(function* () {
              const present = Option.getOrThrow(yield* cases.get(connection.firmId, work.caseId))
              yield* cases.save({ ...present, values: settleFields(present.values, plan.send) })
              for (const sent of plan.send) {
                const before = textOf(rawOf(read.fields, sent.crmKey) ?? [])
                const { field } = sent
                yield* projection.record(present, {
                  kind: "field-pushed",
                  cause: job.id,
                  field,
                  before,
                  after: sent.value
                })
                for (const value of between(sent.crmKey))
                  if (!sameField(value, sent.value) && !sameField(value, before))
                    yield* projection.record(present, {
                      kind: "field-overwritten",
                      cause: job.id,
                      field,
                      before: value,
                      after: sent.value
                    })
              }
              yield* queue.settle(lease, { _tag: "Done" })
            })
          )
        },
        (effect, _connection, { job }) => Effect.tap(effect, () => Effect.sync(() => delivery.endsUnclear(job)))
      )

      /** Values that receipts reported since the read before a push: the push may have overwritten them. */
      const reportedBetween = Effect.fnUntraced(function* (connection: Connection, work: PushFields, since: Instant) {
        const reported = yield* delivery.reportedSince(connection, work.externalCaseId, since)
        return (crmKey: string): ReadonlyArray<string> =>
          reported.flatMap(({ fields }) => {
            const raw = rawOf(fields, crmKey)
            // A blank in a payload says nothing.
            const text = raw === undefined ? null : textOf(raw)
            return text === null || text.trim() === "" ? [] : [text]
          })
      })

      return FieldDelivery.of({ pushFields })
    })
  )

  static readonly layer = FieldDelivery.layerNoDeps.pipe(Layer.provide(CaseMapping.layer))
}

/** A job that has nothing to write is done; where something could not be written it says which field and why. */
const endOf = (unsent: ReadonlyArray<string>) =>
  unsent.length > 0
    ? ({ _tag: "Skipped", reason: unsent.join("; ").slice(0, 500) } as const)
    : ({ _tag: "Done" } as const)
