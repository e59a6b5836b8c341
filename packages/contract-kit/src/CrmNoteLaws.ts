/** Notes: once, where the firm looks for them, and found again by their marker whatever happened to the answer. */
import { assert } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { failsWith, marker } from "./CrmExpectations.ts"
import type { CrmLaw, CrmTrial } from "./CrmLaw.ts"

/** The notes that the CRM holds in the category of client communications. */
const clientNotes = ({ sandbox }: CrmTrial) =>
  Effect.map(sandbox.caseNow(sandbox.facts.cases[0]!), ({ notes }) =>
    notes.filter(({ category }) => category === sandbox.facts.clientCategory).map(({ text }) => text)
  )

const law = (title: string, run: CrmLaw["run"]): CrmLaw => ({ title, capability: "notes", run })

export const noteLaws: ReadonlyArray<CrmLaw> = [
  law(
    "a note appears exactly once among the client communications",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      const { externalId } = yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called, left word." })
      assert.notStrictEqual(externalId, "")
      assert.deepStrictEqual(yield* clientNotes(trial), [...before, "Called, left word."])
    })
  ),
  law(
    "a note is read back under the id that was answered, in its category",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      const { externalId } = yield* crm.addNote({ id, text: "Called." })
      const found = (yield* crm.notes({ id, since: null })).filter((note) => note.externalId === externalId)
      assert.deepStrictEqual(
        found.map(({ category, text }) => ({ category, text })),
        [{ category: sandbox.facts.clientCategory, text: "Called." }]
      )
    })
  ),
  law(
    "a marker survives reading back",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* crm.addNote({ id, text: `SMS to client\n\nSee you at 10.\n${marker}` })
      const texts = (yield* crm.notes({ id, since: null })).map(({ text }) => text)
      assert.strictEqual(texts.filter((text) => text.includes(marker)).length, 1)
    })
  ),
  law(
    "letters of every script and pictures survive",
    Effect.fnUntraced(function* (trial) {
      const text = 'José & Søn — שלום, مرحبا, 你好 😀\n100 % "sure" + 1\ttab'
      yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
      assert.include(yield* clientNotes(trial), text)
    })
  ),
  law(
    "no markup and no control character reaches the CRM",
    Effect.fnUntraced(function* (trial) {
      const text = "Hi <b>José</b><script>alert(1)</script> a\u0000b\u0007c\r\nnext"
      yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
      const [note = ""] = (yield* clientNotes(trial)).slice(-1)
      // oxlint-disable-next-line no-control-regex -- naming the control characters is the point
      assert.notMatch(note, /[<>\u0000-\u0008\u000B-\u001F]/)
      for (const word of ["José", "alert(1)", "abc\nnext"]) assert.include(note, word)
    })
  ),
  law(
    "a note as long as the manifest allows is taken whole",
    Effect.fnUntraced(function* (trial) {
      const { maxLength } = trial.plugin.manifest.notes
      const text = `${"é".repeat(maxLength - marker.length - 1)}\n${marker}`
      yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
      assert.include(yield* clientNotes(trial), text)
    })
  ),
  law(
    "a longer note is refused, and nothing of it is written",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      const text = "x".repeat(trial.plugin.manifest.notes.maxLength + 1)
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text }), "CrmRefused")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "an empty note is refused",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: " \n\t" }), "CrmRefused")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "a note for a case that the CRM does not know is CrmNotFound",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { retryable } = yield* failsWith(crm.addNote({ id: sandbox.facts.unknownCase, text: "x" }), "CrmNotFound")
      assert.isFalse(retryable)
    })
  ),
  law(
    "a lost answer to a note is CrmOutcomeUnknown, and the marker finds it",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* sandbox.setFault({ kind: "answer-lost", on: "addNote" })
      yield* failsWith(crm.addNote({ id, text: `Called.\n${marker}` }), "CrmOutcomeUnknown")
      const found = (yield* crm.notes({ id, since: null })).filter(({ text }) => text.includes(marker))
      assert.strictEqual(found.length, 1)
    })
  ),
  law(
    "a note that is written late is CrmOutcomeUnknown, and found once it is there",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* sandbox.setFault({ kind: "late-commit", on: "addNote" })
      yield* failsWith(crm.addNote({ id, text: `Called.\n${marker}` }), "CrmOutcomeUnknown")
      yield* sandbox.settle
      const found = (yield* crm.notes({ id, since: null })).filter(({ text }) => text.includes(marker))
      assert.strictEqual(found.length, 1)
    })
  ),
  law(
    "a truncated answer to a note is no success: CrmOutcomeUnknown",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "truncated", on: "addNote" })
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called." }), "CrmOutcomeUnknown")
      assert.strictEqual((yield* clientNotes(trial)).filter((text) => text === "Called.").length, 1)
    })
  ),
  law(
    "a server error to a note is CrmOutcomeUnknown",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "server-error", on: "addNote" })
      yield* failsWith(crm.addNote({ id: sandbox.facts.cases[0]!, text: "Called." }), "CrmOutcomeUnknown")
    })
  ),
  law(
    "a rate limit to a note is CrmRateLimited, and nothing is written",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      yield* trial.sandbox.setFault({ kind: "rate-limited", on: "addNote", retryAfterSeconds: 3 })
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called." }), "CrmRateLimited")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "a note after the login ended is written once",
    Effect.fnUntraced(function* (trial) {
      const id = trial.sandbox.facts.cases[0]!
      yield* trial.crm.read({ ids: [id] })
      yield* trial.sandbox.setFault({ kind: "expired-login", on: "addNote" })
      yield* trial.crm.addNote({ id, text: "Called." })
      assert.strictEqual((yield* clientNotes(trial)).filter((text) => text === "Called.").length, 1)
    })
  ),
  law(
    "staff's notes are read with their categories, newest last",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, staffCategory } = sandbox.facts
      const id = cases[0]!
      yield* sandbox.writeNote(id, { category: staffCategory, text: "First" })
      yield* Effect.sleep(1100)
      yield* sandbox.writeNote(id, { category: staffCategory, text: "Second" })
      const notes = yield* crm.notes({ id, since: null })
      assert.deepStrictEqual(
        notes.slice(-2).map(({ category, text }) => [category, text]),
        [
          [staffCategory, "First"],
          [staffCategory, "Second"]
        ]
      )
      assert.deepStrictEqual(
        notes.map(({ createdAt }) => createdAt),
        notes.map(({ createdAt }) => createdAt).toSorted((a, b) => a! - b!)
      )
    })
  ),
  law(
    "notes since a moment leave older ones out and no newer one",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      const since = (yield* Clock.currentTimeMillis) - 60_000
      yield* crm.addNote({ id, text: "Now" })
      const all = yield* crm.notes({ id, since: null })
      const newer = yield* crm.notes({ id, since })
      assert.deepStrictEqual(
        newer,
        all.filter(({ createdAt }) => createdAt === null || createdAt >= since)
      )
      assert.include(
        newer.map(({ text }) => text),
        "Now"
      )
    })
  ),
  law(
    "every page of a long history is read",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      const texts = Array.from({ length: 120 }, (_, number) => `Note ${number}`)
      yield* Effect.forEach(texts, (text) => sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text }))
      const read = new Set((yield* crm.notes({ id, since: null })).map(({ text }) => text))
      assert.isTrue(texts.every((text) => read.has(text)))
    })
  ),
  law(
    "truncated notes are CrmAnswerInvalid, never an empty list",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "truncated", on: "notes" })
      yield* failsWith(crm.notes({ id: sandbox.facts.cases[0]!, since: null }), "CrmAnswerInvalid")
    })
  ),
  law(
    "notes of another record are CrmAnswerInvalid",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      for (const id of sandbox.facts.cases)
        yield* sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text: "x" })
      yield* sandbox.setFault({ kind: "wrong-record", on: "notes" })
      yield* failsWith(crm.notes({ id: sandbox.facts.cases[0]!, since: null }), "CrmAnswerInvalid")
    })
  )
]
