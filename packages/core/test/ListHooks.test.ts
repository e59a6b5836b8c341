/** The firm's own tools hear of a list whoever changed it, with the cause that the audit has. */
import type { ListId } from "@casewire/core/domain/List"
import { Lists } from "@casewire/core/Lists"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { addsTo, audit, begun, byHand, fire, removesFrom, sync } from "./ListStory.ts"
import { firmId } from "./FakeCrm.ts"
import { layer, theCase, work } from "./Rehearsal.ts"
import { FakeTools } from "./RehearsalTools.ts"

const subscribe = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions
  yield* subscriptions.create(firmId, {
    name: "Tools",
    url: "https://tools.example/hooks",
    events: ["list_member_added", "list_member_removed"],
    caseTypes: [],
    campaigns: [],
    active: true
  })
})

const told = Effect.gen(function* () {
  yield* work()
  const { posts } = yield* FakeTools
  return posts.map(({ body }) => {
    const { data, type } = JSON.parse(body)
    return { type, caseId: data.caseId, listId: data.listId, by: data.by, cause: data.cause }
  })
})

/** What the audit says of members that came and went, in the words of a webhook. */
const audited = Effect.fnUntraced(function* (id: ListId) {
  const store = yield* ListStore
  const lines = yield* store.events(firmId, { targetId: id, limit: 100 })
  return lines
    .toReversed()
    .filter(({ change, detail }) => (change === "added" || change === "removed") && detail !== "was-not-in")
    .map(({ by, caseId, cause, change }) => ({ type: `list_member_${change}`, caseId, listId: id, by, cause }))
})

describe("lists and the firm's own tools", () => {
  it.effect("a change by hand is told like one of a webhook or of a rule, with who or what did it", () =>
    Effect.gen(function* () {
      const { id, number } = yield* begun({})
      yield* subscribe
      yield* fire("New")
      yield* byHand(id, "remove")
      yield* byHand(id, "add")
      yield* fire("Signed", removesFrom(number))
      yield* fire("Lost", addsTo(number))
      const lines = yield* told
      assert.deepStrictEqual(
        lines.map(({ by, type }) => `${type} by ${by}`),
        [
          "list_member_added by auto-add",
          "list_member_removed by person",
          "list_member_added by person",
          "list_member_removed by receipt",
          "list_member_added by receipt"
        ]
      )
      assert.strictEqual(lines[1]!.cause, "Olga")
      assert.deepStrictEqual(lines, yield* audited(id))
    }).pipe(Effect.provide(layer))
  )

  it.effect("what changes nobody's membership is told to nobody: a repeat, a lift, a case that is not there", () =>
    Effect.gen(function* () {
      const { id } = yield* begun()
      yield* fire("New")
      yield* subscribe
      yield* byHand(id, "add")
      yield* byHand(id, "add")
      yield* byHand(id, "remove")
      yield* byHand(id, "lift")
      yield* sync
      const lists = yield* Lists
      const { id: caseId } = yield* theCase
      const results = yield* lists.byHand(firmId, { kind: "list", id }, "remove", [caseId, "nobody" as never], "Olga")
      assert.deepStrictEqual(
        results.map(({ result }) => result),
        ["removed", "not-found"]
      )
      const lines = yield* told
      assert.deepStrictEqual(
        lines.map(({ type }) => type),
        ["list_member_added", "list_member_removed"]
      )
      assert.deepStrictEqual(lines, yield* audited(id))
      assert.lengthOf(yield* audit, 4, "the audit has what keeps a case out as well")
    }).pipe(Effect.provide(layer))
  )
})
