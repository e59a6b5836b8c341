/** Going back by hand, and what a restart makes of it. */
import type { PluginDigest } from "@casewire/core/domain/PluginSwap"
import { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Cause, Context, Stream } from "effect"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { eventually, sources, stage } from "./stage/Stage.ts"

const version = (number: string, more = "") => sources(`mark: "${number}", manifest: { version: "${number}"${more} }`)
const wide = version("1.2.0", `, origins: { api: "https://tiny.example/", more: "https://more.example/" }`)

type Stage = Effect.Success<ReturnType<typeof stage>>

const rollback = ({ host }: Stage, to: PluginDigest | null) =>
  Effect.map(
    Effect.exit(
      Stream.runDrain(host.rollback({ pluginId: "tiny", version: to, by: "test", reason: "back", share: [] }))
    ),
    (exit) => {
      if (Exit.isSuccess(exit)) return "done"
      const failure = Cause.squash(exit.cause)
      return failure instanceof PluginRejected ? failure.code : String(failure)
    }
  )
const kept = (made: Stage) => Effect.map(made.host.reread("tiny", "test"), ({ digest }) => digest)
const ended = (made: Stage) =>
  eventually(Effect.map(made.lastSwap, (swap) => swap !== undefined && swap.result !== "running"))

describe("going back", () => {
  it.live("to a version that never served is confirmed like any other, and its refusal stands in the history", () =>
    Effect.gen(function* () {
      const made = yield* stage()
      yield* made.write(wide)
      const digest = yield* kept(made)
      assert.strictEqual(yield* rollback(made, digest), "confirmation-missing")
      const swap = yield* made.lastSwap
      assert.deepStrictEqual(
        [swap?.kind, swap?.result, swap?.refusal?.code],
        ["roll-back", "refused", "confirmation-missing"]
      )
      assert.notStrictEqual(yield* made.serving, "1.2.0")
    })
  )

  it.live("to a version that served needs no confirmation, although it may do more than the present one", () =>
    Effect.gen(function* () {
      const made = yield* stage()
      yield* made.write(wide)
      const digest = yield* kept(made)
      const { exit } = yield* made.swapTo(digest, { confirmed: ["host-added more.example", "shadow-differs"] })
      assert.isTrue(Exit.isSuccess(exit))
      yield* ended(made)
      yield* made.write(version("1.3.0"))
      yield* made.reload()
      yield* ended(made)
      assert.strictEqual(yield* rollback(made, digest), "done")
      assert.strictEqual(yield* made.serving, "1.2.0")
    })
  )

  it.live("lasts over a restart, although the source still has the version that was left", () =>
    Effect.gen(function* () {
      const made = yield* stage()
      const store = Context.make(PluginStore, made.store)
      const before = yield* made.serving
      yield* made.write(version("1.3.0"))
      yield* made.reload()
      yield* ended(made)
      assert.strictEqual(yield* rollback(made, null), "done")
      yield* ended(made)
      const again = yield* stage({ home: made.home, store, sources: version("1.3.0") })
      assert.strictEqual(yield* again.serving, before)
      const swaps = yield* again.store.swaps({ pluginId: "tiny", limit: 9 })
      assert.deepStrictEqual(
        swaps.map(({ kind }) => kind),
        ["roll-back", "swap"]
      )
    })
  )
})
