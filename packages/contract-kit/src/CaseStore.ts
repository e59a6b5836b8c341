/** The contract of `CaseStore`: cases, clients and their history, each firm's own. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { TestClock } from "effect/testing"
import {
  CaseId,
  ExternalCaseId,
  ExternalClientId,
  settlementId,
  type Case,
  type CaseEvent
} from "@casewire/core/domain/Case"
import { CaseStore, type CaseFilter } from "@casewire/core/ports/CaseStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { connection, firm, makeCase, makeClient, makeEvent, otherFirm, secondConnection, start } from "./samples.ts"

const saveAll = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<Case>>) {
  const cases = yield* CaseStore
  const made = yield* Effect.forEach(changes, (change, index) =>
    makeCase({ externalId: ExternalCaseId.make(`${2001 + index}`), ...change })
  )
  yield* Effect.forEach(made, cases.save)
  return made.map(({ id }) => id)
})

const list = Effect.fnUntraced(function* (filter: Partial<CaseFilter> = {}) {
  const cases = yield* CaseStore
  return (yield* cases.list(firm.id, { limit: 100, ...filter })).map(({ id }) => id)
})

const recordAll = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<CaseEvent>>) {
  const cases = yield* CaseStore
  const made = yield* Effect.forEach(changes, (change, index) => makeEvent({ at: start + index, ...change }))
  yield* Effect.forEach(made, cases.record)
  return made
})

const caseId = CaseId.make("019b8d6a-0004-7000-8000-000000000001")

export const caseStoreLaws: Laws = {
  port: "CaseStore",
  laws: [
    {
      title: "a case comes back as it was saved",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const full = yield* makeCase()
        const bare = yield* makeCase({
          externalId: ExternalCaseId.make("1002"),
          caseType: { name: "Größe" },
          reported: null,
          fields: {},
          dirtySince: start + 3,
          externalUpdatedAt: null,
          verifiedAt: null
        })
        yield* Effect.forEach([full, bare], cases.save)
        assert.deepStrictEqual(yield* cases.get(firm.id, full.id), Option.some(full))
        assert.deepStrictEqual(yield* cases.get(firm.id, bare.id), Option.some(bare))
      })
    },
    {
      title: "a case that was never saved is not there",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        assert.isTrue(Option.isNone(yield* cases.get(firm.id, caseId)))
        assert.isTrue(Option.isNone(yield* cases.findExternal(firm.id, connection.id, ExternalCaseId.make("1001"))))
      })
    },
    {
      title: "saving a case again replaces it whole",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const first = yield* makeCase()
        const second: Case = {
          ...first,
          name: "renamed",
          fields: { Only: ["this"] },
          reported: null,
          receiveNumber: 10
        }
        yield* cases.save(first)
        yield* cases.save(second)
        assert.deepStrictEqual(yield* cases.get(firm.id, first.id), Option.some(second))
        assert.deepStrictEqual(yield* list(), [first.id])
      })
    },
    {
      title: "a case is found by its connection and external id",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const value = yield* makeCase()
        yield* cases.save(value)
        assert.deepStrictEqual(yield* cases.findExternal(firm.id, connection.id, value.externalId), Option.some(value))
        assert.isTrue(Option.isNone(yield* cases.findExternal(firm.id, secondConnection.id, value.externalId)))
        assert.isTrue(Option.isNone(yield* cases.findExternal(firm.id, connection.id, ExternalCaseId.make("100"))))
      })
    },
    {
      title: "external ids are compared as they are: case and zeros count",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        for (const id of ["a7", "A7", "007", "7"])
          yield* cases.save(yield* makeCase({ externalId: ExternalCaseId.make(id) }))
        for (const id of ["a7", "A7", "007", "7"]) {
          const found = yield* cases.findExternal(firm.id, connection.id, ExternalCaseId.make(id))
          assert.strictEqual(Option.getOrThrow(found).externalId, id)
        }
      })
    },
    {
      title: "the same external id may stand in two connections",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const first = yield* makeCase()
        const second = yield* makeCase({ connectionId: secondConnection.id })
        yield* Effect.forEach([first, second], cases.save)
        const found = yield* cases.findExternal(firm.id, secondConnection.id, second.externalId)
        assert.deepStrictEqual(found, Option.some(second))
      })
    },
    {
      title: "a second case with the same connection and external id is a defect and changes nothing",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const first = yield* makeCase()
        yield* cases.save(first)
        const exit = yield* Effect.exit(cases.save(yield* makeCase()))
        assert.isTrue(Exit.hasDies(exit))
        assert.deepStrictEqual(yield* list(), [first.id])
        assert.deepStrictEqual(yield* cases.get(firm.id, first.id), Option.some(first))
      })
    },
    {
      title: "cases are listed newest first, up to the limit, and on from the last one seen",
      run: Effect.gen(function* () {
        const newest = (yield* saveAll({}, {}, {}, {})).toReversed()
        assert.deepStrictEqual(yield* list(), newest)
        const page = yield* list({ limit: 2 })
        assert.deepStrictEqual(page, newest.slice(0, 2))
        assert.deepStrictEqual(yield* list({ limit: 2, before: page[1]! }), newest.slice(2))
      })
    },
    {
      title: "saving an old case again does not move it in the list",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const [older, newer] = yield* saveAll({}, {})
        yield* TestClock.adjust(1000)
        const value = Option.getOrThrow(yield* cases.get(firm.id, older!))
        yield* cases.save({ ...value, updatedAt: start + 1000 })
        assert.deepStrictEqual(yield* list(), [newer, older])
      })
    },
    {
      title: "a list can be narrowed to a connection",
      run: Effect.gen(function* () {
        const made = yield* saveAll({}, { connectionId: secondConnection.id }, {})
        assert.deepStrictEqual(yield* list({ connectionId: secondConnection.id }), [made[1]])
        assert.deepStrictEqual(yield* list({ connectionId: connection.id }), [made[2], made[0]])
      })
    },
    {
      title: "a list can be narrowed to cases that wait for a read, or to those that do not",
      run: Effect.gen(function* () {
        const made = yield* saveAll({}, { dirtySince: start }, { dirtySince: 0 })
        assert.deepStrictEqual(yield* list({ dirty: true }), [made[2], made[1]])
        assert.deepStrictEqual(yield* list({ dirty: false }), [made[0]])
      })
    },
    {
      title: "no firm sees a case of another, by id, external id or list",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const value = yield* makeCase()
        yield* cases.save(value)
        assert.isTrue(Option.isNone(yield* cases.get(otherFirm.id, value.id)))
        assert.isTrue(Option.isNone(yield* cases.findExternal(otherFirm.id, connection.id, value.externalId)))
        assert.deepStrictEqual(yield* cases.list(otherFirm.id, { limit: 10, connectionId: connection.id }), [])
      })
    },
    {
      title: "saving under the id of another firm's case changes nothing of theirs",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const theirs = yield* makeCase()
        yield* cases.save(theirs)
        yield* Effect.exit(cases.save({ ...theirs, firmId: otherFirm.id, name: "stolen" }))
        assert.deepStrictEqual(yield* cases.get(firm.id, theirs.id), Option.some(theirs))
      })
    },
    {
      title: "a client comes back as it was saved, by id and by external id, and is replaced whole",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const client = yield* makeClient()
        yield* cases.saveClient(client)
        assert.deepStrictEqual(yield* cases.client(firm.id, client.id), Option.some(client))
        const changed = { ...client, email: "", phone: "+1 555 0101", standing: "unverified" as const }
        yield* cases.saveClient(changed)
        const found = yield* cases.findExternalClient(firm.id, connection.id, client.externalId)
        assert.deepStrictEqual(found, Option.some(changed))
      })
    },
    {
      title: "clients with the same phone and e-mail stay apart",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const first = yield* makeClient()
        const second = yield* makeClient({ externalId: ExternalClientId.make("502"), fullName: "Another" })
        yield* Effect.forEach([first, second], cases.saveClient)
        assert.deepStrictEqual(yield* cases.client(firm.id, first.id), Option.some(first))
        assert.deepStrictEqual(yield* cases.client(firm.id, second.id), Option.some(second))
      })
    },
    {
      title: "no firm sees or changes a client of another",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const theirs = yield* makeClient()
        yield* cases.saveClient(theirs)
        assert.isTrue(Option.isNone(yield* cases.client(otherFirm.id, theirs.id)))
        assert.isTrue(Option.isNone(yield* cases.findExternalClient(otherFirm.id, connection.id, theirs.externalId)))
        assert.isTrue(Option.isNone(yield* cases.findExternalClient(firm.id, secondConnection.id, theirs.externalId)))
        yield* Effect.exit(cases.saveClient({ ...theirs, firmId: otherFirm.id, fullName: "stolen" }))
        assert.deepStrictEqual(yield* cases.client(firm.id, theirs.id), Option.some(theirs))
      })
    },
    {
      title: "history comes oldest first and only of its case",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const events = yield* recordAll({}, { kind: "created", before: null, after: null }, {})
        yield* recordAll({ caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000002") })
        assert.deepStrictEqual(yield* cases.history(firm.id, caseId), events)
      })
    },
    {
      title: "events of one moment keep the order in which they were recorded",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const events = yield* recordAll(...Array.from({ length: 12 }, () => ({ at: start })))
        assert.deepStrictEqual(yield* cases.history(firm.id, caseId), events)
      })
    },
    {
      title: "an event that is there already is left alone",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const event = (yield* recordAll({}))[0]!
        yield* cases.record({ ...event, after: "Other", kind: "created" })
        assert.deepStrictEqual(yield* cases.history(firm.id, caseId), [event])
      })
    },
    {
      title: "conflicts are those events that ask a person to look, newest first, up to the limit",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const events = yield* recordAll(
          { kind: "status-superseded" },
          { kind: "status-applied" },
          { kind: "status-overwritten", caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000002") },
          { kind: "status-superseded" },
          { kind: "status-edited" }
        )
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10 }), [events[3]!, events[2]!, events[0]!])
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 2 }), [events[3]!, events[2]!])
      })
    },
    {
      title: "a conflict that was settled is listed no more, and is found by its id all the same",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const [first, second] = yield* recordAll({ kind: "field-superseded" }, { kind: "status-overwritten" })
        yield* recordAll({ id: settlementId(first!.id), kind: "conflict-settled", before: null, after: "dismiss" })
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10 }), [second!])
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10, id: first!.id }), [first!])
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10, id: second!.id }), [second!])
      })
    },
    {
      title: "only a conflict is found as one, and only by its own firm",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const [plain, conflict] = yield* recordAll({ kind: "status-applied" }, { kind: "status-superseded" })
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10, id: plain!.id }), [])
        assert.deepStrictEqual(yield* cases.conflicts(firm.id, { limit: 10, id: conflict!.id }), [conflict!])
        assert.deepStrictEqual(yield* cases.conflicts(otherFirm.id, { limit: 10, id: conflict!.id }), [])
      })
    },
    {
      title: "no firm sees the history or the conflicts of another",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        yield* recordAll({ kind: "status-superseded" })
        assert.deepStrictEqual(yield* cases.history(otherFirm.id, caseId), [])
        assert.deepStrictEqual(yield* cases.conflicts(otherFirm.id, { limit: 10 }), [])
      })
    },
    {
      title: "case, client and history roll back together",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const cases = yield* CaseStore
        const value = yield* makeCase()
        const client = yield* makeClient()
        const event = yield* makeEvent({ caseId: value.id })
        const work = Effect.all([cases.save(value), cases.saveClient(client), cases.record(event)], { discard: true })
        yield* Effect.exit(storage.atomically(Effect.andThen(work, Effect.fail("no"))))
        assert.deepStrictEqual(yield* list(), [])
        assert.isTrue(Option.isNone(yield* cases.client(firm.id, client.id)))
        assert.deepStrictEqual(yield* cases.history(firm.id, value.id), [])
        yield* storage.atomically(work)
        assert.deepStrictEqual(yield* cases.history(firm.id, value.id), [event])
      })
    }
  ],
  durable: [
    {
      title: "cases, clients and history outlive a restart",
      before: Effect.gen(function* () {
        const cases = yield* CaseStore
        const value = yield* makeCase()
        yield* cases.save(value)
        yield* cases.saveClient(yield* makeClient())
        yield* cases.record(yield* makeEvent({ caseId: value.id }))
      }),
      after: Effect.gen(function* () {
        const cases = yield* CaseStore
        const found = yield* cases.findExternal(firm.id, connection.id, ExternalCaseId.make("1001"))
        const { fields, id } = Option.getOrThrow(found)
        assert.deepStrictEqual(fields, { Injuries: ["neck", "back"], Empty: [] })
        assert.lengthOf(yield* cases.history(firm.id, id), 1)
        const client = yield* cases.findExternalClient(firm.id, connection.id, ExternalClientId.make("501"))
        assert.strictEqual(Option.getOrThrow(client).fullName, "Zoë O’Hara")
      })
    }
  ]
}

export const caseStoreContract = contract(caseStoreLaws)
