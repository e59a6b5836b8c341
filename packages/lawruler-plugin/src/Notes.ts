/**
 * Notes of a lead. What Casewire writes goes to Client Communications, as plain text without markup, through the
 * Advanced API only: the legacy page would file it under another category.
 */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import { plainText } from "@casewire/core/domain/Note"
import type { CrmError, CrmNote } from "@casewire/core/ports/Crm"
import { Effect, Option, Predicate } from "effect"
import type { AdvancedApi } from "./AdvancedApi.ts"
import { easternInstant } from "./EasternTime.ts"
import * as Failure from "./Failure.ts"
import { leadNumber } from "./Reading.ts"
import { AddedNote, NewNote, Note, wire } from "./WireProfile.ts"

/** Every page, oldest first; since a moment, where Law Ruler says when a note was made. */
export const readNotes = Effect.fnUntraced(function* (
  advanced: AdvancedApi,
  id: ExternalCaseId,
  since: number | null
): Effect.fn.Return<ReadonlyArray<CrmNote>, CrmError> {
  yield* leadNumber(id)
  const items = yield* advanced.all(wire.getNotes, Note, { query: [[wire.leadQuery, id]] })
  if (items.some(({ LeadId }) => LeadId !== null && LeadId !== undefined && String(LeadId) !== id)) {
    return yield* Failure.answerInvalid("GetNotes answered for another lead")
  }
  const byId = new Map(items.map((item) => [String(item.NoteId), noteOf(item)]))
  return [...byId.values()]
    .filter(({ createdAt }) => since === null || createdAt === null || createdAt >= since)
    .sort(
      (a, b) =>
        (a.createdAt ?? 0) - (b.createdAt ?? 0) || a.externalId.localeCompare(b.externalId, "en", { numeric: true })
    )
})

const noteOf = (item: typeof Note.Type): CrmNote => ({
  externalId: String(item.NoteId),
  category: item.Category ?? "",
  text: item.Text ?? "",
  createdAt: Option.getOrNull(easternInstant(item.CreateDate ?? ""))
})

export const addNote = Effect.fnUntraced(function* (
  advanced: AdvancedApi,
  id: ExternalCaseId,
  text: string
): Effect.fn.Return<{ readonly externalId: string }, CrmError> {
  const leadId = yield* leadNumber(id)
  const safe = wire.markup.reduce((safe, [from, to]) => safe.replaceAll(from, to), plainText(text))
  if (safe.trim() === "") return yield* Failure.refused("a note must not be empty")
  if (safe.length > wire.noteLimit) return yield* Failure.refused("the note is longer than Law Ruler takes")
  const body = NewNote(leadId, wire.noteCategory, safe)
  const { data } = yield* advanced.call(wire.addNote, AddedNote, { body, changes: true })
  return { externalId: String(Predicate.isObject(data) ? data.NoteId : data) }
})
