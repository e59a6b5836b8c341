/** Pulling what changed: nothing is skipped, nothing comes twice in one pull, and a cursor goes on where it stood. */
import { statusKey } from "@casewire/core/domain/StatusSync"
import type { CrmScope } from "@casewire/core/ports/Crm"
import { assert } from "chai"
import { Effect, Stream } from "effect"
import { failsWith, pull } from "./CrmExpectations.ts"
import type { CrmLaw } from "./CrmLaw.ts"

const law = (title: string, why: string, run: CrmLaw["run"]): CrmLaw => ({ title, why, capability: "changes", run })

export const pullLaws: ReadonlyArray<CrmLaw> = [
  law(
    "a first pull finds what changed lately, each case once",
    "The first pull after connecting looks back a little, so that nothing falls between set-up and the first webhook.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[0])
      const ids = (yield* pull(crm, null)).cases.map(({ externalId }) => externalId)
      assert.include(ids, cases[0])
      assert.strictEqual(new Set(ids).size, ids.length)
    })
  ),
  law(
    "a pull brings the state that the case has now",
    "What is pulled is applied. It must be the same mapping as a read's.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[0])
      const pulled = (yield* pull(crm, null)).cases.find(({ externalId }) => externalId === cases[0])
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.strictEqual(statusKey(pulled?.status?.name ?? ""), statusKey(read?.status?.name ?? "?"))
      assert.strictEqual(pulled?.updatedAt, read?.updatedAt)
    })
  ),
  law(
    "the next pull goes on from the cursor",
    "A cursor is the CRM's own time or position of the newest change that was seen. Overlap a little; never skip.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const first = yield* pull(crm, null)
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[0])
      const second = yield* pull(crm, first.cursor)
      assert.include(
        second.cases.map(({ externalId }) => externalId),
        cases[0]
      )
      const untouched = cases.filter(
        (id) => id !== cases[0] && !first.cases.some(({ externalId }) => externalId === id)
      )
      for (const { externalId } of second.cases) assert.notInclude(untouched, externalId)
    })
  ),
  law(
    "a cursor outlives the plugin that made it",
    "Cursors are stored. Keep everything in the text, nothing in memory, and give its format a version.",
    Effect.fnUntraced(function* ({ crm, open, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const { cursor } = yield* pull(crm, null)
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[1])
      const later = yield* open({})
      assert.include(
        (yield* pull(later, cursor)).cases.map(({ externalId }) => externalId),
        cases[0]
      )
    })
  ),
  law(
    "a pull with nothing new ends, with a cursor",
    "Without a cursor the next pull would begin from the start.",
    Effect.fnUntraced(function* ({ crm }) {
      const { cursor } = yield* pull(crm, null)
      assert.notStrictEqual((yield* pull(crm, cursor)).cursor, "")
    })
  ),
  law(
    "a change made during a pull is in this pull or the next",
    "Lists shift while they are read. Move the cursor with the last page only, and overlap.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const seen = new Set<string>()
      let cursor = ""
      yield* Stream.runForEach(crm.changes(null), (page) =>
        Effect.gen(function* () {
          for (const { externalId } of page.cases) seen.add(externalId)
          cursor = page.cursor
          yield* sandbox.changeStatus(cases[1]!, otherStatuses[0])
        })
      )
      seen.delete(cases[1]!)
      for (const { externalId } of (yield* pull(crm, cursor)).cases) seen.add(externalId)
      assert.isTrue(seen.has(cases[1]!))
    })
  ),
  law(
    "a pull that breaks off fails, and its cursor loses nothing",
    "A cursor that moved before its page was read loses what stood on it.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const { cursor } = yield* pull(crm, null)
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[0])
      yield* sandbox.setFault({ kind: "truncated", on: "changes" })
      yield* failsWith(pull(crm, cursor), "CrmAnswerInvalid")
      assert.include(
        (yield* pull(crm, cursor)).cases.map(({ externalId }) => externalId),
        cases[0]
      )
    })
  ),
  law(
    "a cursor that is not the plugin's is refused",
    'A cursor of an older format must not be taken for "the beginning of time". Decode it by a schema.',
    Effect.fnUntraced(function* ({ crm }) {
      for (const cursor of ["", "soon", "{}", "[]", "-1"]) yield* failsWith(pull(crm, cursor), "CrmRefused")
    })
  ),
  law(
    "a pull with a scope holds every case of it, ends with a page that says so, and says how many there are or nothing",
    "History imports use it and show progress. `isLast` ends them; a wrong `total` shows 140 percent.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const pages = yield* Stream.runCollect(crm.changes(null, everything))
      const ids = new Set(pages.flatMap(({ cases }) => cases.map(({ externalId }) => externalId)))
      for (const id of sandbox.facts.cases) assert.isTrue(ids.has(id))
      assert.deepStrictEqual(
        pages.map(({ isLast }) => isLast === true),
        [...pages.slice(1).map(() => false), true]
      )
      for (const { total } of pages) assert.include([undefined, ids.size], total)
    })
  ),
  law(
    "a scope's dates leave out what changed before and after them, and the ends count",
    "A firm imports by month. A record on the border must be in one of the two.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const [id] = sandbox.facts.cases
      const [read] = yield* crm.read({ ids: [id!] })
      const at = read!.updatedAt!
      const idsOf = (scope: Partial<CrmScope>) =>
        Effect.map(Stream.runCollect(crm.changes(null, { ...everything, ...scope })), (pages) =>
          pages.flatMap(({ cases }) => cases.map(({ externalId }) => externalId))
        )
      assert.include(yield* idsOf({ from: at, to: at }), id)
      assert.notInclude(yield* idsOf({ from: at + 1000 }), id)
      assert.notInclude(yield* idsOf({ to: at - 1000 }), id)
    })
  ),
  law(
    "a scope of one case type, by name or id, holds its cases and no others; an unknown one is refused",
    "Filter yourself where the CRM ignores a filter that it does not know.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const [id] = sandbox.facts.cases
      const [read] = yield* crm.read({ ids: [id!] })
      const { externalId, name } = read!.caseType!
      for (const caseType of [name, ...(externalId === undefined ? [] : [externalId])]) {
        const pages = yield* Stream.runCollect(crm.changes(null, { ...everything, caseTypes: [caseType] }))
        const found = pages.flatMap(({ cases }) => [...cases])
        assert.include(
          found.map(({ externalId }) => externalId),
          id
        )
        for (const { caseType } of found) assert.strictEqual(caseType?.name, name)
      }
      const unknown = { ...everything, caseTypes: ["no case type of this name"] }
      yield* failsWith(Stream.runDrain(crm.changes(null, unknown)), "CrmRefused")
    })
  ),
  law(
    "a pull with a scope goes on behind its first page with another plugin, and takes no other cursor",
    "An import may stop for days and go on after an update of the plugin.",
    Effect.fnUntraced(function* ({ crm, open, sandbox }) {
      const [first] = yield* Stream.runCollect(Stream.take(crm.changes(null, everything), 1))
      const later = yield* open({})
      const rest = first!.isLast === true ? [] : yield* Stream.runCollect(later.changes(first!.cursor, everything))
      const ids = new Set([first!, ...rest].flatMap(({ cases }) => cases.map(({ externalId }) => externalId)))
      for (const id of sandbox.facts.cases) assert.isTrue(ids.has(id))
      const { cursor } = yield* pull(crm, null)
      for (const foreign of [cursor, "", "soon", "{}"])
        yield* failsWith(Stream.runDrain(crm.changes(foreign, everything)), "CrmRefused")
    })
  )
]

const everything: CrmScope = { from: null, to: null, caseTypes: [] }
