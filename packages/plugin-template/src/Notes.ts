/** Notes of a case. What Casewire writes is plain text without markup, in the category where the firm looks for it. */
import type { ExternalCaseId } from "@casewire/core/domain/Case"
import { plainText } from "@casewire/core/domain/Note"
import type { CrmError, CrmNote } from "@casewire/core/ports/Crm"
import { Effect, Schema } from "effect"
import type { Api } from "./Api.ts"
import { instantOf } from "./Cases.ts"
import * as Failure from "./Failure.ts"

/** The longest text that the CRM takes whole. */
export const noteLimit = 4000
const category = "Client Communications"

const Note = Schema.Struct({
  id: Schema.NonEmptyString,
  category: Schema.String,
  text: Schema.String,
  at: Schema.String
})
const Page = Schema.Struct({ caseId: Schema.String, notes: Schema.Array(Note), next: Schema.NullOr(Schema.Int) })
const Added = Schema.Struct({ caseId: Schema.String, id: Schema.NonEmptyString })

/** Every page, each note once, newest last. */
export const readNotes = Effect.fnUntraced(function* (
  api: Api,
  id: ExternalCaseId,
  since: number | null
): Effect.fn.Return<ReadonlyArray<CrmNote>, CrmError> {
  const found = new Map<string, CrmNote>()
  for (let page: number | null = 1; page !== null;) {
    const read: typeof Page.Type = yield* api.get(`cases/${encodeURIComponent(id)}/notes`, Page, [["page", `${page}`]])
    if (read.caseId !== id) return yield* Failure.answerInvalid("notes answered about another case")
    for (const note of read.notes) {
      const { at, ...kept } = note
      found.set(note.id, {
        externalId: kept.id,
        category: kept.category,
        text: kept.text,
        createdAt: instantOf(at) ?? null
      })
    }
    // A page that leads back would be read for ever.
    page = read.next !== null && read.next > page ? read.next : null
  }
  return [...found.values()]
    .filter(({ createdAt }) => since === null || createdAt === null || createdAt >= since)
    .sort(
      (a, b) =>
        (a.createdAt ?? 0) - (b.createdAt ?? 0) || a.externalId.localeCompare(b.externalId, "en", { numeric: true })
    )
})

export const addNote = Effect.fnUntraced(function* (
  api: Api,
  id: ExternalCaseId,
  text: string
): Effect.fn.Return<{ readonly externalId: string }, CrmError> {
  // The CRM shows notes in its pages, so brackets lose their power.
  const safe = plainText(text).replaceAll("<", "‹").replaceAll(">", "›")
  if (safe.trim() === "") return yield* Failure.refused("a note must not be empty")
  if (safe.length > noteLimit) return yield* Failure.refused("the note is longer than the CRM takes")
  const added = yield* api.post(`cases/${encodeURIComponent(id)}/notes`, Added, { category, text: safe })
  if (added.caseId !== id) return yield* Failure.outcomeUnknown("the note was answered about another case")
  return { externalId: added.id }
})
