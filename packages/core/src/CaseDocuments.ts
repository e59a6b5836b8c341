/**
 * A case's own documents: files that the platform uploads, and files that came with a webhook.
 *
 * Bytes are stored first, owned by nobody; then the content is judged by its first bytes, and one transaction gives the
 * document to the case and enters it into the timeline. What is refused is entered too, under `skipped:<why>`, and its
 * bytes are removed.
 */
import { Clock, Context, Effect, Layer, Option, Schema, Stream } from "effect"
import type { Case, CaseId } from "./domain/Case.ts"
import {
  documentLimitBytes,
  isOfOtherRecord,
  judgeContent,
  judgeFile,
  safeName,
  type FileVerdict,
  type SkipReason
} from "./domain/Document.ts"
import { headBytes } from "./domain/FileType.ts"
import { type FirmId, type Instant, newId } from "./domain/Ids.ts"
import type { FieldProblem } from "./domain/Receipt.ts"
import { type TimelineEntry, TimelineEntryId } from "./domain/TimelineEntry.ts"
import { CaseNotFound } from "./Outbox.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { DocumentStore, type DocumentTooLarge, incomingOwner, type StoredDocument } from "./ports/DocumentStore.ts"
import { Storage } from "./ports/Storage.ts"
import { Timeline } from "./ports/Timeline.ts"

/** How much a firm may keep. */
export const DocumentQuota = Context.Reference<{ readonly firmBytes: number }>(
  "@casewire/core/CaseDocuments/DocumentQuota",
  {
    defaultValue: () => ({ firmBytes: 50 * 1024 ** 3 })
  }
)

export class DocumentRefused extends Schema.TaggedError<DocumentRefused>()("DocumentRefused", {
  why: Schema.Literals(["type", "empty", "too-large", "content-mismatch", "quota"])
}) {}

/** What is known of a file besides its bytes. */
export interface FileOrigin {
  readonly name: string
  readonly folder: string
  readonly contentType: string
  readonly size: number | null
  readonly at: Instant
  readonly source: TimelineEntry["source"]
  readonly cause: string
  readonly externalId: string | null
}

/** A file of a receipt, judged before the transaction that may give it to a case. */
export interface JudgedFile {
  readonly stored: StoredDocument
  readonly verdict: FileVerdict
}

export class CaseDocuments extends Context.Service<
  CaseDocuments,
  {
    /** Takes a file of the platform; answers its entry once it is kept. */
    readonly upload: <E, R>(
      firmId: FirmId,
      caseId: CaseId,
      file: { readonly name: string; readonly contentType: string },
      bytes: Stream.Stream<Uint8Array, E, R>
    ) => Effect.Effect<TimelineEntry, CaseNotFound | DocumentRefused | E, R>
    /** Looks at the first bytes of what lies in the store. */
    readonly judge: (firmId: FirmId, documentId: string, file: FileOrigin) => Effect.Effect<FileVerdict>
    /** Enters a file into the case's timeline, inside its transaction; one that is eligible becomes the case's. */
    readonly enter: (
      of: Case,
      documentId: string | null,
      file: FileOrigin,
      verdict: FileVerdict
    ) => Effect.Effect<TimelineEntry>
    /** Judges the files that came with a receipt of this record. Changes nothing. */
    readonly ofReceipt: (
      firmId: FirmId,
      receiptId: string,
      record: string,
      namePattern: string | undefined
    ) => Effect.Effect<ReadonlyArray<JudgedFile>>
    /** Enters judged files, inside the case's transaction; answers what to warn of. */
    readonly attach: (
      of: Case,
      receiptId: string,
      at: Instant,
      files: ReadonlyArray<JudgedFile>
    ) => Effect.Effect<ReadonlyArray<FieldProblem>>
    /** Removes the bytes of files that were refused, and of uploads that a crash left to nobody a day ago. */
    readonly discard: (firmId: FirmId, files: ReadonlyArray<JudgedFile>) => Effect.Effect<void>
    readonly removeLeftovers: (firmId: FirmId) => Effect.Effect<void>
    /** Whether so many bytes more are within the firm's quota. */
    readonly hasRoom: (firmId: FirmId, bytes: number) => Effect.Effect<boolean>
  }
>()("@casewire/core/CaseDocuments") {
  static readonly layer = Layer.effect(
    CaseDocuments,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const documents = yield* DocumentStore
      const hooks = yield* PlatformHooks
      const storage = yield* Storage
      const timeline = yield* Timeline
      const { firmBytes } = yield* DocumentQuota

      const hasRoom = (firmId: FirmId, bytes: number) =>
        Effect.map(documents.usage(firmId), (usage) => usage.bytes + bytes <= firmBytes)

      const headOf = Effect.fnUntraced(function* (firmId: FirmId, documentId: string) {
        const parts: Array<Uint8Array> = []
        let size = 0
        yield* documents.open(firmId, documentId).pipe(
          Stream.takeUntil((chunk) => (size += chunk.length) >= headBytes),
          Stream.runForEach((chunk) => Effect.sync(() => parts.push(chunk))),
          Effect.orDie
        )
        const head = new Uint8Array(size)
        let at = 0
        for (const part of parts) {
          head.set(part, at)
          at += part.length
        }
        return head.subarray(0, headBytes)
      })

      const judge = Effect.fnUntraced(function* (firmId: FirmId, documentId: string, file: FileOrigin) {
        return judgeContent(file, yield* headOf(firmId, documentId))
      })

      const enter = Effect.fnUntraced(function* (
        of: Case,
        documentId: string | null,
        file: FileOrigin,
        verdict: FileVerdict
      ) {
        const isKept = verdict._tag === "Eligible" && documentId !== null
        const name = safeName(file.name)
        if (isKept)
          yield* documents.describe(of.firmId, documentId, { name, contentType: verdict.contentType, owner: of.id })
        const entry: TimelineEntry = {
          id: TimelineEntryId.make(yield* newId),
          firmId: of.firmId,
          connectionId: of.connectionId,
          caseId: of.id,
          kind: "document",
          at: file.at,
          recordedAt: yield* Clock.currentTimeMillis,
          source: file.source,
          cause: file.cause,
          externalId: file.externalId,
          content: {
            _tag: "Document",
            name,
            folder: file.folder,
            contentType: isKept ? verdict.contentType : file.contentType,
            size: file.size,
            documentId: isKept ? documentId : null,
            state: verdict._tag === "Eligible" ? "stored" : `skipped:${verdict.why}`
          }
        }
        const isNew = yield* timeline.append(entry)
        // The name stays here: it may tell what the document says.
        if (isNew && isKept)
          yield* hooks.happened(of, "document_added", {
            entryId: entry.id,
            documentId,
            source: file.source,
            cause: file.cause
          })
        return entry
      })

      const upload: CaseDocuments["Service"]["upload"] = Effect.fn("CaseDocuments.upload")(
        function* (firmId, caseId, given, bytes) {
          const found = yield* cases.get(firmId, caseId)
          if (Option.isNone(found)) return yield* new CaseNotFound({ caseId })
          const of = found.value
          const name = safeName(given.name)
          const early = judgeFile({ name, contentType: given.contentType, size: null })
          if (early._tag === "Skip") return yield* refusal(early.why)
          const { bytes: used } = yield* documents.usage(firmId)
          if (used >= firmBytes) return yield* new DocumentRefused({ why: "quota" })
          const room = Math.min(documentLimitBytes, firmBytes - used)
          const documentId = yield* newId
          const meta = { id: documentId, firmId, name, contentType: given.contentType, owner: incomingOwner }
          const { size } = yield* documents
            .put(meta, bytes, room)
            .pipe(
              Effect.catchIf(
                isTooLarge,
                () => new DocumentRefused({ why: room < documentLimitBytes ? "quota" : "too-large" })
              )
            )
          const at = yield* Clock.currentTimeMillis
          const file: FileOrigin = {
            name,
            folder: "",
            contentType: given.contentType,
            size,
            at,
            source: "platform",
            // What an event will name.
            cause: documentId,
            externalId: null
          }
          const verdict = yield* judge(firmId, documentId, file)
          if (verdict._tag === "Skip") {
            yield* documents.remove(firmId, documentId)
            return yield* refusal(verdict.why)
          }
          return yield* storage.withCase(
            { connectionId: of.connectionId, externalCaseId: of.externalId },
            enter(of, documentId, file, verdict)
          )
        }
      )

      const ofReceipt = Effect.fnUntraced(function* (
        firmId: FirmId,
        receiptId: string,
        record: string,
        namePattern: string | undefined
      ) {
        const files = yield* documents.ofOwner(firmId, receiptId)
        // They lie in the store already, so what they need is used.
        const isOver = files.length > 0 && !(yield* hasRoom(firmId, 0))
        return yield* Effect.forEach(files, (stored) =>
          Effect.gen(function* () {
            const isOther = isOfOtherRecord(stored.name, namePattern, record)
            const verdict: FileVerdict = isOther
              ? { _tag: "Skip", why: "wrong-record" }
              : isOver
                ? { _tag: "Skip", why: "quota" }
                : judgeContent(stored, yield* headOf(firmId, stored.id))
            return { stored, verdict }
          })
        )
      })

      const attach = Effect.fnUntraced(function* (
        of: Case,
        receiptId: string,
        at: Instant,
        files: ReadonlyArray<JudgedFile>
      ) {
        const warnings: Array<FieldProblem> = []
        for (const { stored, verdict } of files) {
          const { contentType, id, name, size } = stored
          const origin = {
            name,
            folder: "",
            contentType,
            size,
            at,
            source: "webhook" as const,
            cause: receiptId,
            externalId: null
          }
          yield* enter(of, id, origin, verdict)
          if (verdict._tag === "Skip") warnings.push({ field: "file", code: verdict.why })
        }
        return warnings
      })

      const discard = (firmId: FirmId, files: ReadonlyArray<JudgedFile>) =>
        Effect.forEach(
          files,
          ({ stored, verdict }) => (verdict._tag === "Skip" ? documents.remove(firmId, stored.id) : Effect.void),
          { discard: true }
        )

      const removeLeftovers = Effect.fnUntraced(function* (firmId: FirmId) {
        const now = yield* Clock.currentTimeMillis
        for (const { createdAt, id } of yield* documents.ofOwner(firmId, incomingOwner))
          if (now - createdAt > 86_400_000) yield* documents.remove(firmId, id)
      })

      return CaseDocuments.of({ upload, judge, enter, ofReceipt, attach, discard, removeLeftovers, hasRoom })
    })
  )
}

const isTooLarge = (error: unknown): error is DocumentTooLarge =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "DocumentTooLarge"

const refusal = (why: SkipReason): DocumentRefused =>
  new DocumentRefused({ why: why === "wrong-record" || why === "unavailable" ? "type" : why })
