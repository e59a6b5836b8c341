/** Firms on different versions of one plugin, and what becomes of each version when they are moved together. */
import { FirmId } from "@casewire/core/domain/Ids"
import { Crm } from "@casewire/core/ports/Crm"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { eventually, firmId, sources, stage } from "./stage/Stage.ts"
import { caseId } from "./stage/TinyPlugin.ts"

const mark = Effect.flatMap(Crm, (crm) => Effect.map(crm.notes({ id: caseId, since: null }), ([first]) => first?.text))
const two = sources(`mark: "two", manifest: { version: "1.1.0" }`)
const three = sources(`mark: "three", manifest: { version: "1.2.0" }`)
const faulty = sources(
  `mark: "three", manifest: { version: "1.2.0" }, crm: () => ({ read: () => Effect.succeed(7) })`,
  `import { Effect } from ${JSON.stringify(fileURLToPath(import.meta.resolve("effect")))}`
)

const versions = ({ host }: Effect.Success<ReturnType<typeof stage>>) =>
  Effect.map(host.running("tiny"), (all) => all.map(({ version }) => version).sort())

describe("a plugin of which firms have different versions", () => {
  it.live("ends every version that serves nobody once all are moved, a single firm's among them", () =>
    Effect.gen(function* () {
      const made = yield* stage()
      yield* made.write(two)
      yield* made.reload({ share: [firmId] })
      assert.strictEqual(yield* made.using(mark), "two")
      yield* made.write(three)
      yield* made.reload()
      assert.strictEqual(yield* made.using(mark), "three")
      yield* eventually(Effect.map(made.lastSwap, (swap) => swap?.result === "done"))
      assert.deepStrictEqual(yield* versions(made), ["1.2.0"])
    })
  )

  it.live("ends what one of the firms leaves, where several are moved at once from different versions", () =>
    Effect.gen(function* () {
      const made = yield* stage()
      yield* made.write(two)
      yield* made.reload({ share: [firmId] })
      yield* made.write(three)
      yield* made.reload({ share: [FirmId.make("mesa"), firmId] })
      assert.strictEqual(yield* made.using(mark), "three")
      yield* eventually(Effect.map(made.lastSwap, (swap) => swap?.result === "done"))
      assert.deepStrictEqual(yield* versions(made), ["1.0.0", "1.2.0"])
    })
  )

  it.live("gives each firm its own version back where the one for all proves faulty", () =>
    Effect.gen(function* () {
      const made = yield* stage({ swap: { graceMs: 20_000 } })
      yield* made.write(two)
      yield* made.reload({ share: [firmId] })
      yield* made.write(faulty)
      yield* made.reload()
      const read = Effect.flatMap(Crm, (crm) => crm.read({ ids: [caseId] }))
      for (let time = 0; time < 3; time++) yield* Effect.exit(made.using(read))
      yield* eventually(Effect.map(made.lastSwap, (swap) => swap?.kind === "automatic roll-back"))
      assert.deepStrictEqual(yield* versions(made), ["1.0.0", "1.1.0"])
      assert.strictEqual(yield* made.using(mark), "two")
      assert.strictEqual(yield* made.serving, "1.0.0")
    })
  )
})
