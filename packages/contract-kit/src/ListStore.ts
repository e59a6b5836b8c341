/** The contract of `ListStore`: lists, campaigns, who stands in them and the audit, each firm's own. */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { CaseId } from "@casewire/core/domain/Case"
import type { ListEvent, Membership } from "@casewire/core/domain/List"
import { ListStore, type ListEventFilter, type MemberFilter } from "@casewire/core/ports/ListStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import {
  firm,
  makeCampaign,
  makeList,
  makeListEvent,
  makeMembership,
  makeReceipt,
  otherFirm,
  start
} from "./samples.ts"

const caseId = (number: number) => CaseId.make(`019b8d6a-0004-7000-8000-00000000000${number}`)
const target = (number: number) => `019b8d6a-0005-7000-8000-00000000000${number}`

const saveList = Effect.fnUntraced(function* (change: Parameters<typeof makeList>[0] = {}) {
  const store = yield* ListStore
  const list = yield* makeList(change)
  yield* store.saveList(list, yield* makeListEvent({ targetId: list.id, caseId: null, change: "created" }))
  return list
})

/** Memberships of cases 1, 2, 3 … in one target. */
const saveMembers = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<Membership>>) {
  const store = yield* ListStore
  const made = changes.map((change, index) => makeMembership({ caseId: caseId(index + 1), ...change }))
  yield* Effect.forEach(made, (membership) => store.saveMembership(membership, []))
  return made
})

const members = Effect.fnUntraced(function* (filter: Partial<MemberFilter> = {}) {
  const store = yield* ListStore
  return (yield* store.members(firm.id, target(1), { limit: 100, ...filter })).map((found) => found.caseId)
})

/** Lines of the audit, in the order in which they were written. */
const writeDown = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<ListEvent>>) {
  const store = yield* ListStore
  const made = yield* Effect.forEach(changes, makeListEvent)
  for (const event of made) yield* store.saveMembership(makeMembership(), [event])
  return made
})

const audit = Effect.fnUntraced(function* (filter: Partial<ListEventFilter> = {}) {
  const store = yield* ListStore
  return yield* store.events(firm.id, { limit: 100, ...filter })
})

export const listStoreLaws: Laws = {
  port: "ListStore",
  laws: [
    {
      title: "a list comes back as it was saved",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const full = yield* saveList()
        const bare = yield* saveList({ number: 2, caseType: null, archivedAt: start + 1 })
        assert.deepStrictEqual(yield* store.lists(firm.id), [full, bare])
      })
    },
    {
      title: "saving a list again replaces it whole",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const list = yield* saveList()
        const changed = { ...list, name: "Other", autoAdd: { ...list.autoAdd, statuses: [] }, updatedAt: start + 5 }
        yield* store.saveList(changed, yield* makeListEvent({ targetId: list.id }))
        assert.deepStrictEqual(yield* store.lists(firm.id), [changed])
      })
    },
    {
      title: "lists run by number, whatever the order in which they were made",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        for (const number of [3, 1, 12, 2]) yield* saveList({ number })
        assert.deepStrictEqual(
          (yield* store.lists(firm.id)).map(({ number }) => number),
          [1, 2, 3, 12]
        )
      })
    },
    {
      title: "a second list with the same number is a defect and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const list = yield* saveList()
        assert.isTrue(Exit.hasDies(yield* Effect.exit(saveList({ name: "Second" }))))
        assert.deepStrictEqual(yield* store.lists(firm.id), [list])
        assert.lengthOf(yield* audit(), 1)
      })
    },
    {
      title: "two firms count their lists each for itself",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const own = yield* saveList()
        const theirs = yield* saveList({ firmId: otherFirm.id })
        assert.deepStrictEqual(yield* store.lists(firm.id), [own])
        assert.deepStrictEqual(yield* store.lists(otherFirm.id), [theirs])
      })
    },
    {
      title: "saving under the id of another firm's list changes nothing of theirs",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const theirs = yield* saveList()
        const event = yield* makeListEvent({ firmId: otherFirm.id })
        yield* Effect.exit(store.saveList({ ...theirs, firmId: otherFirm.id, name: "stolen" }, event))
        assert.deepStrictEqual(yield* store.lists(firm.id), [theirs])
      })
    },
    {
      title: "a campaign comes back as it was saved, and is counted apart from lists",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const list = yield* saveList()
        const campaign = yield* makeCampaign({ listId: list.id })
        yield* store.saveCampaign(campaign, yield* makeListEvent({ kind: "campaign", targetId: campaign.id }))
        assert.deepStrictEqual(yield* store.campaigns(firm.id), [campaign])
        assert.deepStrictEqual(yield* store.lists(firm.id), [list])
        assert.deepStrictEqual(yield* store.campaigns(otherFirm.id), [])
      })
    },
    {
      title: "a membership comes back as it was saved, with what waits",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const full = makeMembership()
        const bare = makeMembership({ targetId: target(2), isMember: false, heldOffBy: "person", waiting: [] })
        yield* store.saveMembership(bare, [])
        yield* store.saveMembership(full, [])
        assert.deepStrictEqual(yield* store.membershipsOf(firm.id, full.caseId), [full, bare])
      })
    },
    {
      title: "a case stands once in a target: saving again replaces",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const first = makeMembership()
        const out = {
          ...first,
          isMember: false,
          heldOffBy: "person" as const,
          waiting: [],
          since: start + 7,
          cause: "Olga"
        }
        yield* store.saveMembership(first, [])
        yield* store.saveMembership(out, [])
        assert.deepStrictEqual(yield* store.membershipsOf(firm.id, first.caseId), [out])
        assert.deepStrictEqual(yield* members(), [first.caseId])
      })
    },
    {
      title: "memberships of other cases and other targets are left alone",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        yield* saveMembers({}, {}, { targetId: target(2) })
        assert.deepStrictEqual(yield* members(), [caseId(1), caseId(2)])
        assert.deepStrictEqual(
          (yield* store.membershipsOf(firm.id, caseId(2))).map(({ targetId }) => targetId),
          [target(1)]
        )
      })
    },
    {
      title: "members run by case, up to the limit, and on from the last one seen",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        for (const number of [4, 2, 1, 3]) yield* store.saveMembership(makeMembership({ caseId: caseId(number) }), [])
        assert.deepStrictEqual(yield* members({ limit: 3 }), [caseId(1), caseId(2), caseId(3)])
        assert.deepStrictEqual(yield* members({ limit: 3, after: caseId(3) }), [caseId(4)])
      })
    },
    {
      title: "members can be narrowed to those who are in, or to those who were taken out",
      run: Effect.gen(function* () {
        yield* saveMembers({}, { isMember: false, heldOffBy: "webhook" }, {})
        assert.deepStrictEqual(yield* members({ isMember: true }), [caseId(1), caseId(3)])
        assert.deepStrictEqual(yield* members({ isMember: false }), [caseId(2)])
      })
    },
    {
      title: "counts count who is in, in each target, and not who was taken out",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        yield* saveMembers({}, { isMember: false }, {}, { targetId: target(2), kind: "campaign" })
        const counts = yield* store.counts(firm.id)
        assert.deepStrictEqual([counts.get(target(1)), counts.get(target(2)), counts.get(target(3)) ?? 0], [2, 1, 0])
      })
    },
    {
      title: "no firm sees or counts a membership of another",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        yield* saveMembers({})
        assert.deepStrictEqual(yield* store.membershipsOf(otherFirm.id, caseId(1)), [])
        assert.deepStrictEqual(yield* store.members(otherFirm.id, target(1), { limit: 10 }), [])
        assert.strictEqual((yield* store.counts(otherFirm.id)).get(target(1)) ?? 0, 0)
        yield* store.saveMembership(makeMembership({ firmId: otherFirm.id, isMember: false }), [])
        assert.deepStrictEqual(yield* members({ isMember: true }), [caseId(1)])
      })
    },
    {
      title: "every change leaves its line in the audit, as it was written, newest first",
      run: Effect.gen(function* () {
        const list = yield* saveList()
        const written = yield* writeDown({}, { by: "person", cause: "Olga", detail: null }, { by: "auto-add" })
        const lines = yield* audit()
        assert.deepStrictEqual(lines.slice(0, 3), written.toReversed())
        assert.deepStrictEqual([lines[3]?.targetId, lines[3]?.caseId, lines[3]?.change], [list.id, null, "created"])
      })
    },
    {
      title: "one change may leave several lines, or none",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const lines = [yield* makeListEvent({ change: "dropped" }), yield* makeListEvent({ change: "added" })]
        yield* store.saveMembership(makeMembership(), lines)
        yield* store.saveMembership(makeMembership({ receiveNumber: 9 }), [])
        assert.deepStrictEqual(yield* audit(), lines.toReversed())
      })
    },
    {
      title: "a line that is there already is left alone",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        const event = (yield* writeDown({}))[0]!
        yield* store.saveMembership(makeMembership(), [{ ...event, change: "removed", cause: "someone else" }])
        assert.deepStrictEqual(yield* audit(), [event])
      })
    },
    {
      title: "the audit can be narrowed to a target, to a case, and to what is older than a line",
      run: Effect.gen(function* () {
        const [a, b, c, d] = yield* writeDown(
          {},
          { targetId: target(2) },
          { caseId: caseId(2) },
          { targetId: target(2), caseId: caseId(2) }
        )
        const ids = (filter: Partial<ListEventFilter>) =>
          Effect.map(audit(filter), (lines) => lines.map(({ id }) => id))
        assert.deepStrictEqual(yield* ids({ targetId: target(2) }), [d?.id, b?.id])
        assert.deepStrictEqual(yield* ids({ caseId: caseId(2) }), [d?.id, c?.id])
        assert.deepStrictEqual(yield* ids({ targetId: target(1), caseId: caseId(1) }), [a?.id])
        assert.deepStrictEqual(yield* ids({ before: c!.id }), [b?.id, a?.id])
        assert.deepStrictEqual(yield* ids({ limit: 2 }), [d?.id, c?.id])
      })
    },
    {
      title: "no firm sees the audit of another",
      run: Effect.gen(function* () {
        const store = yield* ListStore
        yield* writeDown({})
        assert.deepStrictEqual(yield* store.events(otherFirm.id, { limit: 10 }), [])
      })
    },
    {
      title: "a change and its line roll back together",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* ListStore
        const list = yield* makeList()
        const work = Effect.gen(function* () {
          yield* store.saveList(list, yield* makeListEvent())
          yield* store.saveMembership(makeMembership(), [yield* makeListEvent()])
        })
        yield* Effect.exit(storage.atomically(Effect.andThen(work, Effect.fail("no"))))
        assert.deepStrictEqual([yield* store.lists(firm.id), yield* members(), yield* audit()], [[], [], []])
        yield* storage.atomically(work)
        assert.deepStrictEqual([(yield* store.lists(firm.id)).length, (yield* audit()).length], [1, 2])
      })
    },
    {
      title: "a transaction sees what it changed",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* ListStore
        yield* storage.atomically(
          Effect.gen(function* () {
            const list = yield* saveList()
            yield* store.saveMembership(makeMembership(), [])
            assert.deepStrictEqual(yield* store.lists(firm.id), [list])
            assert.lengthOf(yield* store.membershipsOf(firm.id, caseId(1)), 1)
          })
        )
      })
    },
    {
      title: "the newest receipt is the highest receive number that was given, zero before the first",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* ListStore
        assert.strictEqual(yield* store.newestReceipt(firm.id), 0)
        const made = [yield* makeReceipt(), yield* makeReceipt({ externalCaseId: null })]
        for (const receipt of made.toReversed()) yield* storage.receive(receipt, [])
        const numbers = (yield* storage.receipts(firm.id, { limit: 10 })).map(({ receiveNumber }) => receiveNumber)
        assert.strictEqual(yield* store.newestReceipt(firm.id), Math.max(...numbers))
      })
    }
  ],
  durable: [
    {
      title: "lists, memberships and their audit outlive a restart",
      before: Effect.gen(function* () {
        const store = yield* ListStore
        yield* saveList()
        const campaign = yield* makeCampaign()
        yield* store.saveCampaign(campaign, yield* makeListEvent())
        yield* store.saveMembership(makeMembership(), [yield* makeListEvent()])
      }),
      after: Effect.gen(function* () {
        const store = yield* ListStore
        const [list] = yield* store.lists(firm.id)
        assert.deepStrictEqual([list?.name, list?.autoAdd.statuses], ["Intake – Größe", ["Signed"]])
        assert.lengthOf(yield* store.campaigns(firm.id), 1)
        assert.deepStrictEqual(yield* store.membershipsOf(firm.id, caseId(1)), [makeMembership()])
        assert.lengthOf(yield* audit(), 3)
      })
    }
  ]
}

export const listStoreContract = contract(listStoreLaws)
