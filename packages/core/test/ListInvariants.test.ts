/**
 * Random lives of one case in one list: webhooks new, repeated and late, reads, and a person. After every step the
 * sentences of I-6 must hold, whatever came before. Each sequence is told by the words of its steps when it fails.
 */
import { ListRouter } from "@casewire/core/ListRouter"
import { type ListId, noAutoAdd } from "@casewire/core/domain/List"
import { type Receipt, ReceiptId } from "@casewire/core/domain/Receipt"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import { Lists } from "@casewire/core/Lists"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Storage } from "@casewire/core/ports/Storage"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import fc from "fast-check"
import { firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, layer, theCase, work } from "./Rehearsal.ts"

const statuses = ["New", "Signed"] as const

type Step =
  /** A webhook with bytes of its own. */
  | { readonly _tag: "Fire"; readonly action: "add" | "remove"; readonly status: (typeof statuses)[number] }
  /** The same bytes as an earlier one arrive again. */
  | { readonly _tag: "Copy"; readonly of: number }
  /** An earlier receipt itself is applied once more. */
  | { readonly _tag: "Replay"; readonly of: number }
  | { readonly _tag: "Read"; readonly status: (typeof statuses)[number] }
  | { readonly _tag: "Hand"; readonly action: "add" | "remove" | "lift" }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    _tag: fc.constant("Fire" as const),
    action: fc.constantFrom("add" as const, "remove" as const),
    status: fc.constantFrom(...statuses)
  }),
  fc.record({ _tag: fc.constant("Copy" as const), of: fc.nat(30) }),
  fc.record({ _tag: fc.constant("Replay" as const), of: fc.nat(30) }),
  fc.record({ _tag: fc.constant("Read" as const), status: fc.constantFrom(...statuses) }),
  fc.record({
    _tag: fc.constant("Hand" as const),
    action: fc.constantFrom("add" as const, "remove" as const, "lift" as const)
  })
)

const live = (steps: ReadonlyArray<Step>, rule: "none" | "Signed") =>
  Effect.gen(function* () {
    yield* connected()
    yield* deliver({})
    yield* work()
    const cases = yield* CaseStore
    const connections = yield* ConnectionStore
    const lists = yield* Lists
    const router = yield* ListRouter
    const storage = yield* Storage
    const store = yield* ListStore
    const connection = yield* connections.get(firmId, connectionId)
    const input = { name: "Intake", description: "", caseType: null }
    const autoAdd = rule === "none" ? noAutoAdd : { ...noAutoAdd, on: true, statuses: [rule] }
    const { id, number } = yield* lists.create(firmId, input, "Olga", autoAdd)
    const { id: caseId } = yield* theCase
    const membership = Effect.map(store.membershipsOf(firmId, caseId), ([found]) => found)

    const receipts: Array<{ readonly receipt: Receipt; readonly action: "add" | "remove"; readonly status: string }> =
      []
    const receive = Effect.fnUntraced(function* (body: string, query: Receipt["query"]) {
      const receipt: Receipt = {
        id: ReceiptId.make(`receipt-${receipts.length}`),
        firmId,
        connectionId,
        receivedAt: 0,
        receiveNumber: 0,
        mediaType: "application/x-www-form-urlencoded",
        body,
        query,
        headerNames: [],
        disposition: { _tag: "Accepted" },
        errors: [],
        warnings: [],
        externalCaseId: "42",
        replayedAt: null
      }
      yield* storage.receive(receipt, [])
      return Option.getOrThrow(yield* storage.receipt(firmId, receipt.id))
    })
    const apply = Effect.fnUntraced(function* (receipt: Receipt, status: string) {
      yield* storage.atomically(
        Effect.gen(function* () {
          const entries = [...new URLSearchParams(receipt.body)]
          yield* router.afterReceipt(connection, yield* theCase, receipt, entries, status)
        })
      )
    })

    /** The receive number of the last operation that took effect or that a person's word outdated. */
    let lastOrder = 0
    let isTakenOut = false
    let isRemoveLatest = false
    for (const [index, one] of steps.entries()) {
      const before = (yield* membership)?.isMember ?? false
      const at = `step ${index + 1} of ${JSON.stringify(steps)}`
      const said =
        one._tag === "Copy" || one._tag === "Replay" ? receipts[one.of % Math.max(1, receipts.length)] : undefined
      if (one._tag === "Fire") {
        const query: Receipt["query"] = [
          ["list_id", String(number)],
          ["list_action", one.action]
        ]
        const receipt = yield* receive(`Stage=${one.status}&n=${receipts.length}`, query)
        receipts.push({ receipt, action: one.action, status: one.status })
        yield* apply(receipt, one.status)
        const after = (yield* membership)?.isMember ?? false
        if (one.action === "remove") assert.isFalse(after, `a remove always applies: ${at}`)
        else if (isTakenOut) assert.isFalse(after, `no add goes against a person: ${at}`)
        else if (sameStatus(one.status, (yield* theCase).status.seenCrm))
          assert.isTrue(after, `a confirmed add applies: ${at}`)
        else assert.strictEqual(after, before, `an unconfirmed add waits: ${at}`)
        lastOrder = receipt.receiveNumber
        isRemoveLatest = one.action === "remove"
      } else if (said !== undefined) {
        const { action, receipt, status } = said
        const again = one._tag === "Copy" ? yield* receive(receipt.body, receipt.query) : receipt
        if (one._tag === "Copy") receipts.push({ receipt: again, action, status })
        yield* apply(again, status)
        if (receipt.receiveNumber < lastOrder)
          assert.strictEqual((yield* membership)?.isMember ?? false, before, `an older copy changes nothing: ${at}`)
      } else if (one._tag === "Read") {
        yield* storage.atomically(
          Effect.gen(function* () {
            const of = yield* theCase
            const read = { ...of, status: { ...of.status, seenCrm: one.status }, verifiedAt: 1 }
            yield* cases.save(read)
            yield* router.afterRead(read, false, `read-${index}`)
          })
        )
        const found = yield* membership
        assert.deepStrictEqual(found?.waiting ?? [], [], `a read leaves nothing waiting: ${at}`)
        if (isTakenOut) assert.isFalse(found?.isMember ?? false, `no rule goes against a person: ${at}`)
        if (isRemoveLatest && rule === "none")
          assert.isFalse(found?.isMember ?? false, `no add outlives a later removal: ${at}`)
        if (before) assert.isTrue(found?.isMember, `a read takes nobody out: ${at}`)
      } else if (one._tag === "Hand") {
        yield* lists.byHand(firmId, { kind: "list", id: id as ListId }, one.action, [caseId], "Olga")
        const after = (yield* membership)?.isMember ?? false
        assert.strictEqual(after, one.action === "lift" ? before : one.action === "add", `a person is obeyed: ${at}`)
        isTakenOut = one.action === "remove" || (isTakenOut && one.action !== "add" && one.action !== "lift")
        if (one.action !== "lift") isRemoveLatest = one.action === "remove"
        lastOrder = Math.max(lastOrder, yield* store.newestReceipt(firmId))
      }
      let isTold = false
      for (const { by, change } of (yield* store.events(firmId, { targetId: id, caseId, limit: 1000 })).toReversed()) {
        if (change === "added") assert.isFalse(isTold, `nobody is added twice: ${at}`)
        // A person may bar a case that never was in.
        if (change === "removed" && by !== "person") assert.isTrue(isTold, `nobody is removed twice: ${at}`)
        if (change === "added" || change === "removed") isTold = change === "added"
      }
      assert.strictEqual(isTold, (yield* membership)?.isMember ?? false, `the audit tells where it led: ${at}`)
    }
    return true
  }).pipe(Effect.provide(Layer.provideMerge(ListRouter.layer, layer), { local: true }))

describe("any life of a case in a list", () => {
  for (const rule of ["none", "Signed"] as const)
    it.effect(
      `keeps I-6, with ${rule === "none" ? "no rule" : "an auto-add rule by status"}`,
      () =>
        Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) =>
              Effect.runPromise(live(steps, rule))
            ),
            { numRuns: 300, seed: 7 }
          )
        ),
      60_000
    )
})
