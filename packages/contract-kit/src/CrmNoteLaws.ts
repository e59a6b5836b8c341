/** Notes: once, where the firm looks for them, and found again by their marker whatever happened to the answer. */
import { assert } from "chai"
import { plainText } from "@casewire/core/domain/Note"
import { Clock, Effect } from "effect"
import { failsWith, marker } from "./CrmExpectations.ts"
import type { CrmLaw, CrmTrial } from "./CrmLaw.ts"
import { anyText, forEvery } from "./CrmProperty.ts"

/** The notes that the CRM holds in the category of client communications. */
const clientNotes = ({ sandbox }: CrmTrial) =>
  Effect.map(sandbox.caseNow(sandbox.facts.cases[0]!), ({ notes }) =>
    notes.filter(({ category }) => category === sandbox.facts.clientCategory).map(({ text }) => text)
  )

const law = (title: string, why: string, run: CrmLaw["run"]): CrmLaw => ({ title, why, capability: "notes", run })

export const noteLaws: ReadonlyArray<CrmLaw> = [
  law(
    "a note appears exactly once among the client communications",
    "This is what the firm pays for: each message is one note, in the place where staff looks.",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      const { externalId } = yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called, left word." })
      assert.notStrictEqual(externalId, "")
      assert.deepStrictEqual(yield* clientNotes(trial), [...before, "Called, left word."])
    })
  ),
  law(
    "a note is read back under the id that was answered, in its category",
    "The id is kept for ever as the proof of delivery. Answer the CRM's own id of the note.",
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
    "Every note ends in a marker line. When an answer is lost, the host looks for it before it sends again.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* crm.addNote({ id, text: `SMS to client\n\nSee you at 10.\n${marker}` })
      const texts = (yield* crm.notes({ id, since: null })).map(({ text }) => text)
      assert.strictEqual(texts.filter((text) => text.includes(marker)).length, 1)
    })
  ),
  law(
    "any text is kept as it was sent",
    "Messages hold whatever people type. What the CRM cannot hold is replaced alike every time, never cut or dropped.",
    Effect.fnUntraced(function* (trial) {
      // What the CRM's pages would take for markup is the business of another law.
      const text = anyText({ minLength: 1, maxLength: 200 }).map((text) => text.replace(/[<>&]/g, "."))
      const sayable = text.filter((text) => plainText(text).trim() !== "")
      yield* forEvery(sayable, (text) =>
        Effect.gen(function* () {
          const { externalId } = yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
          const [kept] = (yield* trial.crm.notes({ id: trial.sandbox.facts.cases[0]!, since: null })).filter(
            (note) => note.externalId === externalId
          )
          assert.strictEqual(kept?.text.trim(), plainText(text).trim())
        })
      )
    })
  ),
  law(
    "letters of every script and pictures survive",
    "Clients write in their own language. Send UTF-8 and say so; check what the CRM holds, not what it answered.",
    Effect.fnUntraced(function* (trial) {
      const text = 'José & Søn — שלום, مرحبا, 你好 😀\n100 % "sure" + 1\ttab'
      yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
      assert.include(yield* clientNotes(trial), text)
    })
  ),
  law(
    "no markup and no control character reaches the CRM",
    "A note is shown in the CRM's web pages. `plainText` of core drops control characters; angle brackets are yours to disarm.",
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
    "The host cuts long texts into parts of `notes.maxLength`. If the CRM takes less, say the smaller number.",
    Effect.fnUntraced(function* (trial) {
      const { maxLength } = trial.plugin.manifest.notes
      const text = `${"é".repeat(maxLength - marker.length - 1)}\n${marker}`
      yield* trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text })
      assert.include(yield* clientNotes(trial), text)
    })
  ),
  law(
    "a longer note is refused, and nothing of it is written",
    "Half a transcript would look like a whole one. Refuse with `CrmRefused` before anything is sent.",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      const text = "x".repeat(trial.plugin.manifest.notes.maxLength + 1)
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text }), "CrmRefused")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "an empty note is refused",
    "It would be noise in the client's record, and some CRMs answer with an error that nobody can read.",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: " \n\t" }), "CrmRefused")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "a note for a case that the CRM does not know is CrmNotFound",
    "The host ends the job at once and tells the firm. With another reason it would try again for days.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { retryable } = yield* failsWith(crm.addNote({ id: sandbox.facts.unknownCase, text: "x" }), "CrmNotFound")
      assert.isFalse(retryable)
    })
  ),
  law(
    "a lost answer to a note is CrmOutcomeUnknown, and the marker finds it",
    "The request left and no answer came: the CRM may have written it. Say that it is unknown; the host looks for the marker.",
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
    'A busy CRM may write after it hung up. Never take silence for "not written".',
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
    "The note may be there, but its id is not known. Decode the answer wholly before it counts as a success.",
    Effect.fnUntraced(function* (trial) {
      yield* trial.sandbox.setFault({ kind: "truncated", on: "addNote" })
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called." }), "CrmOutcomeUnknown")
      assert.strictEqual((yield* clientNotes(trial)).filter((text) => text === "Called.").length, 1)
    })
  ),
  law(
    "a server error to a note is CrmOutcomeUnknown",
    "A 500 after the work was done is common. Only a plain refusal means that nothing was written.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "server-error", on: "addNote" })
      yield* failsWith(crm.addNote({ id: sandbox.facts.cases[0]!, text: "Called." }), "CrmOutcomeUnknown")
    })
  ),
  law(
    "a rate limit to a note is CrmRateLimited, and nothing is written",
    "The host sends again later. Let the door's failure pass.",
    Effect.fnUntraced(function* (trial) {
      const before = yield* clientNotes(trial)
      yield* trial.sandbox.setFault({ kind: "rate-limited", on: "addNote", retryAfterSeconds: 3 })
      yield* failsWith(trial.crm.addNote({ id: trial.sandbox.facts.cases[0]!, text: "Called." }), "CrmRateLimited")
      assert.deepStrictEqual(yield* clientNotes(trial), before)
    })
  ),
  law(
    "a note after the login ended is written once",
    "A 401 means that nothing was done, so signing in and sending once more is safe. Do it once.",
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
    "The firm's communication tool shows them. Sort them yourself.",
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
    "The host asks for what is new. Keep a note whose time the CRM does not tell.",
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
    "A marker on page two must be found, or the note is sent again. Read until the CRM says that it was the last page.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      const texts = Array.from({ length: 120 }, (_, number) => `Note ${number}`)
      yield* Effect.forEach(texts, (text) => sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text }))
      const read = new Set((yield* crm.notes({ id, since: null })).map(({ text }) => text))
      assert.isTrue(texts.every((text) => read.has(text)))
    })
  ),
  law(
    "notes that an answer repeats are read once",
    "Pages overlap while staff is writing. Put what came into a map by id.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text: "Once" })
      const sound = yield* crm.notes({ id, since: null })
      yield* sandbox.setFault({ kind: "duplicated", on: "notes" })
      assert.deepStrictEqual(yield* crm.notes({ id, since: null }), sound)
    })
  ),
  law(
    "notes in another order are read newest last",
    "The host shows and compares them in order of time. Sort them yourself.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const id = sandbox.facts.cases[0]!
      yield* sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text: "First" })
      yield* Effect.sleep(1100)
      yield* sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text: "Second" })
      const sound = yield* crm.notes({ id, since: null })
      yield* sandbox.setFault({ kind: "reordered", on: "notes" })
      assert.deepStrictEqual(yield* crm.notes({ id, since: null }), sound)
    })
  ),
  law(
    "truncated notes are CrmAnswerInvalid, never an empty list",
    '"No notes" would mean "not written yet", and the note would be sent twice.',
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "truncated", on: "notes" })
      yield* failsWith(crm.notes({ id: sandbox.facts.cases[0]!, since: null }), "CrmAnswerInvalid")
    })
  ),
  law(
    "notes of another record are CrmAnswerInvalid",
    "A marker looked for in another client's notes is never found. Compare the record's id in the answer.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      for (const id of sandbox.facts.cases)
        yield* sandbox.writeNote(id, { category: sandbox.facts.staffCategory, text: "x" })
      yield* sandbox.setFault({ kind: "wrong-record", on: "notes" })
      yield* failsWith(crm.notes({ id: sandbox.facts.cases[0]!, since: null }), "CrmAnswerInvalid")
    })
  )
]
