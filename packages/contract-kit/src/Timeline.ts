/** The contract of `Timeline`: each entry once, each case's own, newest first. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { CaseId } from "@casewire/core/domain/Case"
import { newId } from "@casewire/core/domain/Ids"
import { type TimelineContent, type TimelineEntry, TimelineEntryId } from "@casewire/core/domain/TimelineEntry"
import { Storage } from "@casewire/core/ports/Storage"
import { Timeline, type TimelinePage } from "@casewire/core/ports/Timeline"
import { contract, type Laws } from "./Law.ts"
import { pause } from "./OpenTransaction.ts"
import { connection, firm, otherFirm, start } from "./samples.ts"

const caseId = CaseId.make("019b8d6a-0004-7000-8000-000000000001")
const otherCase = CaseId.make("019b8d6a-0004-7000-8000-000000000002")

const note: TimelineContent = { _tag: "Note", category: "Intake", text: "Zoë called – “yes”\n😀" }
const document: TimelineContent = {
  _tag: "Document",
  name: "Größe.pdf",
  folder: "Intake / Signed",
  contentType: "application/pdf",
  size: 12,
  documentId: null,
  state: "skipped:type"
}
const message: TimelineContent = { _tag: "Message", channel: "sms", direction: "outbound", subject: null, text: "Hi" }

export const makeEntry = (change: Partial<TimelineEntry> = {}): Effect.Effect<TimelineEntry> =>
  Effect.map(newId, (id) => ({
    id: TimelineEntryId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    caseId,
    kind: "note",
    at: start,
    recordedAt: start,
    source: "crm",
    cause: "job-1",
    externalId: id,
    content: note,
    ...change
  }))

/** As many entries as changes, in their order. */
const appendAll = <const C extends ReadonlyArray<Partial<TimelineEntry>>>(...changes: C) =>
  Effect.gen(function* () {
    const timeline = yield* Timeline
    const entries = yield* Effect.forEach(changes as ReadonlyArray<Partial<TimelineEntry>>, makeEntry)
    for (const entry of entries) assert.isTrue(yield* timeline.append(entry))
    return entries as { readonly [K in keyof C]: TimelineEntry }
  })

const ofCase = Effect.fnUntraced(function* (page: Partial<TimelinePage> = {}, id: CaseId = caseId) {
  const timeline = yield* Timeline
  return yield* timeline.ofCase(firm.id, id, { limit: 100, ...page })
})

export const timelineLaws: Laws = {
  port: "Timeline",
  laws: [
    {
      title: "an entry comes back as it was appended, whatever its kind",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const entries = yield* appendAll(
          {},
          { kind: "document", content: document, source: "webhook" },
          { kind: "message", content: message, source: "platform", externalId: null },
          {
            kind: "call",
            externalId: null,
            content: {
              _tag: "Call",
              sentiment: "Neutral",
              disconnectionReason: "user_hangup",
              successful: true,
              analysis: { injury: "left shoulder", severity: 7.5, "at fault": false, insurer: null },
              callId: "c-1",
              direction: "inbound",
              isAi: true,
              durationMs: 61_000,
              outcome: "Answered",
              summary: null,
              transcript: [{ speaker: "client", text: "¿Sí?" }]
            }
          }
        )
        for (const entry of entries) assert.deepStrictEqual(yield* timeline.get(firm.id, entry.id), Option.some(entry))
      })
    },
    {
      title: "an entry that was never appended is not there",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        assert.isTrue(Option.isNone(yield* timeline.get(firm.id, TimelineEntryId.make("nothing"))))
        assert.deepStrictEqual(yield* ofCase(), [])
        assert.deepStrictEqual(yield* timeline.ofCause(firm.id, "nothing"), [])
      })
    },
    {
      title: "an id that is known changes nothing, and the answer says so",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({})
        assert.isFalse(yield* timeline.append({ ...entry, externalId: "other", cause: "other", content: message }))
        assert.deepStrictEqual(yield* ofCase(), [entry])
      })
    },
    {
      title: "an external id that is known in its case and kind changes nothing, and the answer says so",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({ externalId: "910001" })
        assert.isFalse(yield* timeline.append(yield* makeEntry({ externalId: "910001" })))
        assert.deepStrictEqual(yield* ofCase(), [entry])
      })
    },
    {
      title: "the same external id may stand in another kind and in another case",
      run: Effect.gen(function* () {
        yield* appendAll(
          { externalId: "7" },
          { externalId: "7", kind: "document", content: document },
          { externalId: "7", caseId: otherCase }
        )
        assert.lengthOf(yield* ofCase(), 2)
        assert.lengthOf(yield* ofCase({}, otherCase), 1)
      })
    },
    {
      title: "entries without an external id never get in each other's way",
      run: Effect.gen(function* () {
        yield* appendAll({ externalId: null }, { externalId: null })
        assert.lengthOf(yield* ofCase(), 2)
      })
    },
    {
      title: "an entry can be given its external id later, and is known by it then",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({ kind: "document", content: document, externalId: null })
        assert.isTrue(yield* timeline.bind(firm.id, entry.id, "55001"))
        assert.deepStrictEqual(yield* timeline.get(firm.id, entry.id), Option.some({ ...entry, externalId: "55001" }))
        const again = yield* makeEntry({ kind: "document", content: document, externalId: "55001" })
        assert.isFalse(yield* timeline.append(again))
      })
    },
    {
      title: "the external id of another entry of that kind and case is not given, nor to nobody",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [taken, entry] = yield* appendAll({ externalId: "55001" }, { externalId: null })
        assert.isFalse(yield* timeline.bind(firm.id, entry.id, "55001"))
        assert.isFalse(yield* timeline.bind(firm.id, TimelineEntryId.make("nothing"), "55002"))
        assert.deepStrictEqual(yield* ofCase(), [entry, taken])
      })
    },
    {
      title: "giving the same external id again is no change",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({ externalId: "55001" })
        assert.isTrue(yield* timeline.bind(firm.id, entry.id, "55001"))
        assert.deepStrictEqual(yield* ofCase(), [entry])
      })
    },
    {
      title: "a case's entries come newest first by when they happened, not by when they were recorded",
      run: Effect.gen(function* () {
        const [middle, oldest, newest] = yield* appendAll({ at: start + 1 }, { at: start }, { at: start + 2 })
        assert.deepStrictEqual(yield* ofCase(), [newest, middle, oldest])
      })
    },
    {
      title: "of entries of one moment the last recorded comes first",
      run: Effect.gen(function* () {
        const entries = yield* appendAll(...Array.from({ length: 12 }, () => ({})))
        assert.deepStrictEqual(yield* ofCase(), [...entries].toReversed())
      })
    },
    {
      title: "a page has no more than its limit, and the next goes on behind an entry, also within one moment",
      run: Effect.gen(function* () {
        const entries = [...(yield* appendAll({ at: start - 5 }, {}, {}, { at: start + 5 }))].toReversed()
        const page = yield* ofCase({ limit: 2 })
        assert.deepStrictEqual(page, entries.slice(0, 2))
        assert.deepStrictEqual(yield* ofCase({ limit: 2, before: page[1]!.id }), entries.slice(2))
      })
    },
    {
      title: "a page can be narrowed to kinds",
      run: Effect.gen(function* () {
        const [first, second] = yield* appendAll(
          {},
          { kind: "document", content: document },
          { kind: "message", content: message }
        )
        assert.deepStrictEqual(yield* ofCase({ kinds: ["note", "document"] }), [second, first])
      })
    },
    {
      title: "what a cause led to comes in the order in which it was recorded, and nothing else",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [first, , third] = yield* appendAll({ cause: "a", at: start + 9 }, { cause: "b" }, { cause: "a" })
        assert.deepStrictEqual(yield* timeline.ofCause(firm.id, "a"), [first, third])
      })
    },
    {
      title: "the external ids are those of that case and kind",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        yield* appendAll(
          { externalId: "1" },
          { externalId: "2" },
          { externalId: null },
          { externalId: "3", kind: "document", content: document },
          { externalId: "4", caseId: otherCase }
        )
        assert.deepStrictEqual([...(yield* timeline.externalIds(firm.id, caseId, "note"))].sort(), ["1", "2"])
      })
    },
    {
      title: "no firm sees or changes an entry of another",
      run: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({ externalId: null })
        assert.isTrue(Option.isNone(yield* timeline.get(otherFirm.id, entry.id)))
        assert.deepStrictEqual(yield* timeline.ofCase(otherFirm.id, caseId, { limit: 9 }), [])
        assert.deepStrictEqual(yield* timeline.ofCause(otherFirm.id, "job-1"), [])
        assert.isFalse(yield* timeline.bind(otherFirm.id, entry.id, "9"))
        assert.strictEqual((yield* timeline.externalIds(otherFirm.id, caseId, "note")).size, 0)
        assert.deepStrictEqual(yield* ofCase(), [entry])
      })
    },
    {
      title: "an entry rolls back with its transaction",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const timeline = yield* Timeline
        const entry = yield* makeEntry()
        const exit = yield* Effect.exit(storage.atomically(Effect.andThen(timeline.append(entry), Effect.fail("no"))))
        assert.isTrue(Exit.isFailure(exit))
        yield* pause
        assert.deepStrictEqual(yield* ofCase(), [])
      })
    }
  ],
  durable: [
    {
      title: "entries outlive a restart, with the ids that the CRM knows them by",
      before: Effect.gen(function* () {
        const timeline = yield* Timeline
        const [entry] = yield* appendAll({ externalId: null, cause: "kept" })
        yield* timeline.bind(firm.id, entry.id, "55001")
      }),
      after: Effect.gen(function* () {
        const timeline = yield* Timeline
        const entries = yield* timeline.ofCause(firm.id, "kept")
        assert.deepStrictEqual(
          entries.map(({ content, externalId }) => [externalId, content]),
          [["55001", note]]
        )
      })
    }
  ]
}

export const timelineContract = contract(timelineLaws)
