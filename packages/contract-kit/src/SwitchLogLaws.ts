/** Laws of `ConnectionStore` about the log of switches: only added to, each connection's own, and of one transaction. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Connection } from "@casewire/core/domain/Connection"
import { allOff, type SwitchChange } from "@casewire/core/domain/Toggles"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import type { Laws } from "./Law.ts"
import { connection, firm, otherFirm, secondConnection, start } from "./samples.ts"

const switchedBy = (by: string): SwitchChange => ({
  at: start,
  by,
  before: allOff,
  after: { ...allOff, enabled: true }
})

const whoSwitched = Effect.fnUntraced(function* ({ firmId, id }: Connection, limit = 10) {
  const store = yield* ConnectionStore
  return (yield* store.switchLog(firmId, id, { limit })).map(({ by }) => by)
})

export const switchLogLaws: Laws["laws"] = [
  {
    title: "the log of switches has its lines as they were added, the last one first, up to a limit",
    run: Effect.gen(function* () {
      const store = yield* ConnectionStore
      // All of one moment, so that no clock orders them.
      for (const by of ["Ana", "Bo", "Cem"]) yield* store.logSwitches(firm.id, connection.id, switchedBy(by))
      assert.deepStrictEqual(yield* store.switchLog(firm.id, connection.id, { limit: 1 }), [switchedBy("Cem")])
      assert.deepStrictEqual(yield* whoSwitched(connection, 2), ["Cem", "Bo"])
      assert.deepStrictEqual(yield* whoSwitched(connection), ["Cem", "Bo", "Ana"])
    })
  },
  {
    title: "the log of switches is each connection's own, and no other firm's",
    run: Effect.gen(function* () {
      const store = yield* ConnectionStore
      yield* store.logSwitches(firm.id, connection.id, switchedBy("Ana"))
      yield* store.logSwitches(firm.id, secondConnection.id, switchedBy("Bo"))
      assert.deepStrictEqual(yield* whoSwitched(connection), ["Ana"])
      assert.deepStrictEqual(yield* whoSwitched({ ...connection, firmId: otherFirm.id }), [])
    })
  },
  {
    title: "a line in the log of switches is there within its transaction, and goes when that is rolled back",
    run: Effect.gen(function* () {
      const [storage, store] = [yield* Storage, yield* ConnectionStore]
      let within: ReadonlyArray<string> = []
      const work = Effect.gen(function* () {
        yield* store.logSwitches(firm.id, connection.id, switchedBy("Ana"))
        within = yield* whoSwitched(connection)
        return yield* Effect.fail("no")
      })
      yield* Effect.exit(storage.atomically(work))
      assert.deepStrictEqual(within, ["Ana"])
      assert.deepStrictEqual(yield* whoSwitched(connection), [])
    })
  }
]

export const switchLogDurable: Laws["durable"] = [
  {
    title: "the log of switches outlives a restart",
    before: Effect.gen(function* () {
      const store = yield* ConnectionStore
      yield* store.logSwitches(firm.id, connection.id, switchedBy("Ana"))
    }),
    after: Effect.gen(function* () {
      assert.deepStrictEqual(yield* whoSwitched(connection), ["Ana"])
    })
  }
]
