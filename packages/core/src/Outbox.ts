/**
 * The door for what happens on the platform: an event becomes a durable job, or the reason why it does not.
 *
 * The same event id again answers the same operation. Notes are laid out here, once, with their markers, so that a
 * repeat can be recognised in the CRM. Status edits of a firm whose outbound status sync is not effective are held.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import { type Case, type CaseEvent, CaseId, isLinked } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import { type FieldMapping, goesToCrm } from "./domain/FieldMapping.ts"
import { beforeEdit, sameField, textOf, waitingFields } from "./domain/FieldSync.ts"
import { askedHowToResume } from "./domain/Held.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { JobId, type NewJob, Priority, type Work } from "./domain/Job.ts"
import { outgoingRefusal } from "./domain/Mapping.ts"
import { edit } from "./domain/Merge.ts"
import { recordingName, extensionOf } from "./domain/Document.ts"
import { callText, layoutNote, messageText } from "./domain/Note.ts"
import type {
  CallEnded,
  DocumentAdded,
  FieldsChanged,
  MessageSent,
  PlatformEvent,
  StatusChanged
} from "./domain/PlatformEvent.ts"
import { isOutboundEffective, rebased } from "./domain/StatusResume.ts"
import { kindOf as kindOfContent, type TimelineContent, TimelineEntryId } from "./domain/TimelineEntry.ts"
import { outbound, type OutboundKind, type OutboundVerdict } from "./domain/Toggles.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { wholeRead } from "./domain/WholeRead.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { DocumentNotFound, DocumentStore } from "./ports/DocumentStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"
import { Timeline } from "./ports/Timeline.ts"

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
  FieldsChanged: "field",
  DocumentAdded: "document"
}

export class Outbox extends Context.Service<
  Outbox,
  {
    readonly accept: (
      firmId: FirmId,
      event: PlatformEvent
    ) => Effect.Effect<OutboxAnswer, CaseNotFound | DocumentNotFound>
  }
>()("@casewire/core/Outbox") {
  static readonly layer = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const mapping = yield* CaseMapping
      const connections = yield* ConnectionStore
      const hooks = yield* PlatformHooks
      const plugins = yield* Plugins
      const queue = yield* Queue
      const storage = yield* Storage
      const documents = yield* DocumentStore
      const timeline = yield* Timeline

      const accept = Effect.fn("Outbox.accept")(function* (firmId: FirmId, event: PlatformEvent) {
        const notFound = new CaseNotFound({ caseId: event.caseId })
        const found = yield* cases.get(firmId, CaseId.make(event.caseId))
        if (Option.isNone(found)) return yield* notFound
        const { connectionId, externalId: externalCaseId } = found.value
        const connection = isLinked(found.value)
          ? yield* connections.get(firmId, connectionId).pipe(Effect.mapError(() => notFound))
          : undefined
        const jobId = JobId.make(yield* newId)
        return yield* storage.withCase(
          { connectionId, externalCaseId },
          Effect.gen(function* () {
            const known = yield* knownAs(firmId, event, jobId)
            if (Option.isSome(known)) return { _tag: "Known", jobId: known.value } as const
            const present = yield* cases.get(firmId, found.value.id)
            if (Option.isNone(present)) return yield* notFound
            yield* enter(present.value, event)
            if (connection === undefined) {
              if (event._tag === "StatusChanged") yield* editStatus(present.value, event)
              if (event._tag === "FieldsChanged") yield* editFields(undefined, present.value, event)
              return { _tag: "Dropped", reason: notLinked } as const
            }
            const verdict = verdictOf(connection, event)
            if (event._tag === "StatusChanged") yield* editStatus(rebased(connection, present.value), event)
            const file = event._tag === "DocumentAdded" ? yield* fileOf(connection, present.value, event) : undefined
            const unsendable =
              event._tag === "FieldsChanged" ? yield* editFields(connection, present.value, event) : undefined
            const dropped =
              (verdict._tag === "Drop" ? verdict.reason : undefined) ??
              outgoingRefusal(connection.outgoingCaseTypes, present.value.caseType) ??
              unsendable ??
              (typeof file === "string" ? file : undefined)
            if (dropped !== undefined) return { _tag: "Dropped", reason: dropped } as const
            const job = jobOf(connection, present.value, jobId, event, verdict, file)
            yield* queue.enqueue([job, ...(job.lane === "state" ? yield* movedRead(present.value) : [])])
            return verdict._tag === "Hold"
              ? ({ _tag: "Held", jobId, reason: verdict.reason } as const)
              : ({ _tag: "Queued", jobId } as const)
          })
        )
      })

      /** The operation that the event began earlier. A call is one event by its own id too: it becomes one note. */
      const knownAs = Effect.fnUntraced(function* (firmId: FirmId, event: PlatformEvent, jobId: JobId) {
        const key = `event ${event.eventId}`
        if (event._tag !== "CallEnded") return yield* storage.claimKey(firmId, key, jobId)
        const call = yield* storage.claimKey(firmId, `call ${event.caseId} ${event.callId}`, jobId)
        const known = yield* storage.claimKey(
          firmId,
          key,
          Option.getOrElse(call, () => jobId)
        )
        return Option.orElse(known, () => call)
      })

      /** A read of low urgency that waits must not hold an edit of its case up: it goes behind it. */
      const movedRead = Effect.fnUntraced(function* ({ firmId, id }: Case) {
        const of = Option.getOrUndefined(yield* cases.get(firmId, id))
        if (of?.wholeRead === undefined) return []
        const ids = [JobId.make(of.wholeRead)]
        const moved = yield* queue.resolve(firmId, { ids }, "skip", "moved behind an edit")
        if (moved.length === 0) return []
        const job = wholeRead(of, yield* newId)
        yield* cases.save({ ...of, wholeRead: job.id })
        return [job]
      })

      /** Takes the values into the case; answers why none of them can reach the CRM, if none can. */
      const editFields = Effect.fnUntraced(function* (
        connection: Connection | undefined,
        of: Case,
        event: FieldsChanged
      ) {
        const now = yield* Clock.currentTimeMillis
        const mapped =
          connection === undefined
            ? ({ _tag: "NotMapped", reason: notLinked } as const)
            : yield* mapping.fieldsOf(connection, of, event.campaignId)
        const entries = mapped._tag === "Mapped" ? mapped.entries : []
        const values = { ...of.values }
        for (const [field, texts] of Object.entries(event.fields)) {
          const entry = entries.find(({ platformField }) => platformField === field)
          const before = beforeEdit(of, field, entry)
          const after = textOf(texts.filter((text) => text.trim() !== ""))
          const isOverride = entry?.origin === "campaign" && event.campaignId !== undefined
          values[field] = { ...before, ...edit(before, after), ...(isOverride ? { campaignId: event.campaignId } : {}) }
          if (sameField(before.platform, after)) continue
          const cause = event.changedBy ?? event.eventId
          const common = { id: yield* newId, firmId: of.firmId, caseId: of.id, at: now, cause, field }
          yield* record(of, { ...common, kind: "field-edited", before: before.platform, after })
        }
        yield* cases.save({ ...of, values, updatedAt: now })
        return mapped._tag === "NotMapped" ? mapped.reason : unsendable(values, entries, Object.keys(event.fields))
      })

      const record = (of: Case, line: CaseEvent) => Effect.andThen(cases.record(line), hooks.recorded(of, line))

      const editStatus = Effect.fnUntraced(function* (present: Case, event: StatusChanged) {
        const now = yield* Clock.currentTimeMillis
        const status = edit(present.status, event.status)
        yield* cases.save({ ...present, status, statusReported: false, updatedAt: now })
        yield* record(present, {
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

      /** What is said to a client is the platform's own, whether or not it goes to the CRM. */
      const enter = Effect.fnUntraced(function* (of: Case, event: PlatformEvent) {
        if (event._tag !== "MessageSent" && event._tag !== "CallEnded") return
        const content = contentOf(event)
        yield* timeline.append({
          id: TimelineEntryId.make(yield* newId),
          firmId: of.firmId,
          connectionId: of.connectionId,
          caseId: of.id,
          kind: kindOfContent[content._tag],
          at: event._tag === "MessageSent" ? event.sentAt : event.startedAt,
          recordedAt: yield* Clock.currentTimeMillis,
          source: "platform",
          cause: event.eventId,
          externalId: null,
          content
        })
        const { eventId } = event
        if (event._tag === "MessageSent") {
          const { channel, direction } = event
          return yield* hooks.happened(of, "message_sent", { eventId, channel, direction })
        }
        const { analyzed, callId, campaignId } = event
        yield* hooks.happened(of, analyzed === true ? "call_analyzed" : "call_ended", { callId, eventId }, campaignId)
      })

      /** The document as it will be sent, or why it is not. */
      const fileOf = Effect.fnUntraced(function* (connection: Connection, of: Case, event: DocumentAdded) {
        const found = yield* documents.get(of.firmId, event.documentId)
        if (Option.isNone(found) || found.value.owner !== of.id)
          return yield* new DocumentNotFound({ documentId: event.documentId })
        // An upload's entry names the document as its cause; what a pull or a webhook brought names that.
        const [entry] = yield* timeline.ofCause(of.firmId, event.documentId)
        if (entry === undefined) return "the document came from the CRM"
        if (entry.externalId !== null) return "the CRM has the document already"
        const { contentType, id: documentId, name, size } = found.value
        const { timeZone } = Option.getOrThrow(plugins.manifest(connection.plugin)).notes
        const called =
          event.recording === undefined ? name : recordingName(event.recording, extensionOf(name) ?? "mp3", timeZone)
        return { entryId: entry.id as string, documentId, name: called, contentType, size }
      })

      /** The table of the switches; and a status waits while the firm is asked how to resume. */
      const verdictOf = (connection: Connection, event: PlatformEvent): OutboundVerdict => {
        const verdict = outbound(kindOf[event._tag], connection.toggles)
        return event._tag === "StatusChanged" && verdict._tag === "Send" && !isOutboundEffective(connection)
          ? { _tag: "Hold", reason: askedHowToResume }
          : verdict
      }

      const jobOf = (
        connection: Connection,
        of: Case,
        id: JobId,
        event: PlatformEvent,
        verdict: OutboundVerdict,
        file: OutgoingFile | string | undefined
      ): NewJob => ({
        id,
        firmId: of.firmId,
        connectionId: of.connectionId,
        key: of.externalId,
        lane: event._tag === "StatusChanged" || event._tag === "FieldsChanged" ? "state" : "feed",
        priority: Priority.outbound,
        work: workOf(connection, of, id, event, file),
        ...(verdict._tag === "Hold" ? { held: verdict.reason } : {})
      })

      const workOf = (
        connection: Connection,
        of: Case,
        id: JobId,
        event: PlatformEvent,
        file: OutgoingFile | string | undefined
      ): Work => {
        const common = { caseId: of.id, externalCaseId: of.externalId, eventId: event.eventId }
        if (event._tag === "StatusChanged") return { _tag: "PushStatus", ...common, target: event.status }
        if (event._tag === "FieldsChanged") return { _tag: "PushFields", ...common }
        if (event._tag === "DocumentAdded") return { _tag: "PushDocument", ...common, ...(file as OutgoingFile) }
        const { maxLength, timeZone } = Option.getOrThrow(plugins.manifest(connection.plugin)).notes
        const text = event._tag === "MessageSent" ? messageText(event, timeZone) : callText(event, timeZone)
        const source = event._tag === "MessageSent" ? "message" : "call"
        return { _tag: "AddNote", ...common, source, parts: layoutNote(id, text, maxLength) }
      }

      return Outbox.of({ accept })
    })
  ).pipe(Layer.provide(CaseMapping.layer))
}

type OutgoingFile = Pick<
  Extract<Work, { _tag: "PushDocument" }>,
  "entryId" | "documentId" | "name" | "contentType" | "size"
>

const contentOf = (event: MessageSent | CallEnded): TimelineContent =>
  event._tag === "MessageSent"
    ? {
        _tag: "Message",
        channel: event.channel,
        direction: event.direction,
        subject: event.subject ?? null,
        text: event.text
      }
    : {
        _tag: "Call",
        callId: event.callId,
        direction: event.direction,
        isAi: event.isAi,
        durationMs: event.durationMs,
        outcome: event.outcome ?? null,
        summary: event.summary ?? null,
        transcript: event.transcript,
        ...(event.sentiment === undefined ? {} : { sentiment: event.sentiment }),
        ...(event.disconnectionReason === undefined ? {} : { disconnectionReason: event.disconnectionReason }),
        ...(event.successful === undefined ? {} : { successful: event.successful }),
        ...(event.analysis === undefined ? {} : { analysis: event.analysis })
      }

const notLinked = "the case is not linked to a CRM"

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
  return waiting
    .flatMap(({ field, target }) => (target._tag === "Refused" ? [`${field}: ${target.reason}`] : []))
    .join("; ")
}
