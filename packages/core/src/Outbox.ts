/**
 * The door for what happens on the platform: an event becomes a durable job, or the reason why it does not.
 *
 * The same event id again answers the same operation. Notes are laid out here, once, with their markers, so that a
 * repeat can be recognised in the CRM. Status edits of a firm whose outbound status sync is not effective are held.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { type Case, CaseId } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { type FieldMapping, goesToCrm } from "./domain/FieldMapping.ts"
import { beforeEdit, sameField, textOf, waitingFields } from "./domain/FieldSync.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { JobId, type NewJob, Priority, type Work } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { edit } from "./domain/Merge.ts"
import { callText, layoutNote, messageText } from "./domain/Note.ts"
import type { FieldsChanged, PlatformEvent, StatusChanged } from "./domain/PlatformEvent.ts"
import { isOutboundEffective, rebased } from "./domain/StatusResume.ts"
import { outbound, type OutboundKind, type OutboundVerdict } from "./domain/Toggles.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"

export class CaseNotFound extends Schema.TaggedError<CaseNotFound>()("CaseNotFound", { caseId: Schema.String }) {}

/** What became of an event. */
export type OutboxAnswer =
  | { readonly _tag: "Queued"; readonly jobId: JobId }
  | { readonly _tag: "Held"; readonly jobId: JobId; readonly reason: string }
  | { readonly _tag: "Dropped"; readonly reason: string }
  /** The event id is known: this is the operation it began. */
  | { readonly _tag: "Known"; readonly jobId: JobId }

const kindOf: Readonly<Record<PlatformEvent["_tag"], OutboundKind>> = {
  MessageSent: "message",
  CallEnded: "call",
  StatusChanged: "status",
  FieldsChanged: "field"
}

export class Outbox extends Context.Service<
  Outbox,
  {
    readonly accept: (firmId: FirmId, event: PlatformEvent) => Effect.Effect<OutboxAnswer, CaseNotFound>
  }
>()("@casewire/core/Outbox") {
  static readonly layer = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const mapping = yield* CaseMapping
      const connections = yield* ConnectionStore
      const plugins = yield* Plugins
      const queue = yield* Queue
      const storage = yield* Storage

      const accept = Effect.fn("Outbox.accept")(function* (firmId: FirmId, event: PlatformEvent) {
        const notFound = new CaseNotFound({ caseId: event.caseId })
        const found = yield* cases.get(firmId, CaseId.make(event.caseId))
        if (Option.isNone(found)) return yield* notFound
        const { connectionId, externalId: externalCaseId } = found.value
        const connection = yield* connections.get(firmId, connectionId).pipe(Effect.mapError(() => notFound))
        const verdict = verdictOf(connection, event)
        const jobId = JobId.make(yield* newId)
        return yield* storage.withCase(
          { connectionId, externalCaseId },
          Effect.gen(function* () {
            const known = yield* storage.claimKey(firmId, `event ${event.eventId}`, jobId)
            if (Option.isSome(known)) return { _tag: "Known", jobId: known.value } as const
            const present = yield* cases.get(firmId, found.value.id)
            if (Option.isNone(present)) return yield* notFound
            if (event._tag === "StatusChanged") yield* editStatus(rebased(connection, present.value), event)
            const unsendable = event._tag === "FieldsChanged" ? yield* editFields(connection, present.value, event) : undefined
            const dropped =
              (verdict._tag === "Drop" ? verdict.reason : undefined) ??
              outgoingRefusal(connection.outgoingCaseTypes, present.value.caseType) ??
              unsendable
            if (dropped !== undefined) return { _tag: "Dropped", reason: dropped } as const
            yield* queue.enqueue([jobOf(connection, present.value, jobId, event, verdict)])
            return verdict._tag === "Hold"
              ? ({ _tag: "Held", jobId, reason: verdict.reason } as const)
              : ({ _tag: "Queued", jobId } as const)
          })
        )
      })

      /** Takes the values into the case; answers why none of them can reach the CRM, if none can. */
      const editFields = Effect.fnUntraced(function* (connection: Connection, of: Case, event: FieldsChanged) {
        const now = yield* Clock.currentTimeMillis
        const mapped = yield* mapping.fieldsOf(connection, of.caseType, event.campaignId)
        const entries = mapped._tag === "Mapped" ? mapped.entries : []
        const values = { ...of.values }
        for (const [field, texts] of Object.entries(event.fields)) {
          const before = beforeEdit(of, field, entries.find(({ platformField }) => platformField === field))
          const after = textOf(texts.filter((text) => text.trim() !== ""))
          values[field] = edit(before, after)
          if (sameField(before.platform, after)) continue
          const cause = event.changedBy ?? event.eventId
          const common = { id: yield* newId, firmId: of.firmId, caseId: of.id, at: now, cause, field }
          yield* cases.record({ ...common, kind: "field-edited", before: before.platform, after })
        }
        yield* cases.save({ ...of, values, updatedAt: now })
        return mapped._tag === "NotMapped" ? mapped.reason : unsendable(values, entries, Object.keys(event.fields))
      })

      const editStatus = Effect.fnUntraced(function* (present: Case, event: StatusChanged) {
        const now = yield* Clock.currentTimeMillis
        yield* cases.save({ ...present, status: edit(present.status, event.status), updatedAt: now })
        yield* cases.record({
          id: yield* newId,
          firmId: present.firmId,
          caseId: present.id,
          at: now,
          kind: "status-edited",
          cause: event.changedBy ?? event.eventId,
          before: present.status.platform,
          after: event.status
        })
      })

      /** The table of the switches; and a status waits while the firm is asked how to resume. */
      const verdictOf = (connection: Connection, event: PlatformEvent): OutboundVerdict => {
        const verdict = outbound(kindOf[event._tag], connection.toggles)
        return event._tag === "StatusChanged" && verdict._tag === "Send" && !isOutboundEffective(connection)
          ? { _tag: "Hold", reason: "the firm is asked how status sync resumes" }
          : verdict
      }

      const jobOf = (
        connection: Connection,
        of: Case,
        id: JobId,
        event: PlatformEvent,
        verdict: OutboundVerdict
      ): NewJob => ({
        id,
        firmId: of.firmId,
        connectionId: of.connectionId,
        key: of.externalId,
        lane: event._tag === "StatusChanged" || event._tag === "FieldsChanged" ? "state" : "feed",
        priority: Priority.outbound,
        work: workOf(connection, of, id, event),
        ...(verdict._tag === "Hold" ? { held: verdict.reason } : {})
      })

      const workOf = (connection: Connection, of: Case, id: JobId, event: PlatformEvent): Work => {
        const common = { caseId: of.id, externalCaseId: of.externalId, eventId: event.eventId }
        if (event._tag === "StatusChanged") return { _tag: "PushStatus", ...common, target: event.status }
        if (event._tag === "FieldsChanged")
          return { _tag: "PushFields", ...common, ...(event.campaignId === undefined ? {} : { campaignId: event.campaignId }) }
        const { maxLength, timeZone } = Option.getOrThrow(plugins.manifest(connection.plugin)).notes
        const text = event._tag === "MessageSent" ? messageText(event, timeZone) : callText(event, timeZone)
        const source = event._tag === "MessageSent" ? "message" : "call"
        return { _tag: "AddNote", ...common, source, parts: layoutNote(id, text, maxLength) }
      }

      return Outbox.of({ accept })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

/** Why nothing of a change can be sent, by field; nothing where at least one value waits and can be. */
const unsendable = (
  values: Case["values"],
  entries: ReadonlyArray<FieldMapping>,
  changed: ReadonlyArray<string>
): string | undefined => {
  const outward = new Set(entries.filter(goesToCrm).map(({ platformField }) => platformField))
  if (!changed.some((field) => outward.has(field))) return "none of the changed fields is mapped to the CRM"
  const waiting = waitingFields(values, entries)
  if (waiting.length === 0) return "nothing differs from what was exchanged last"
  if (waiting.some(({ target }) => target._tag === "Value")) return undefined
  return waiting.flatMap(({ field, target }) => (target._tag === "Refused" ? [`${field}: ${target.reason}`] : [])).join("; ")
}
