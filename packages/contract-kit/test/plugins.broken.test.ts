/** Each law of the plugin store is seen to fail on a store that breaks it. */
import { assert, describe, it } from "@effect/vitest"
import { layer as memory } from "@casewire/core/memory/Memory"
import { Effect, Exit } from "effect"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { pluginStoreLaws } from "../src/PluginStore.ts"
import { broken } from "./Breaking.ts"
import { pluginMutants } from "./PluginMutants.ts"

const noticed: Record<string, string> = {
  "a version comes back as it was kept": "keeps no origin",
  "a version that was never kept is not there": "shows versions of any plugin",
  "a version that is kept again stays as it was first kept": "keeps a version anew",
  "versions are listed newest first, each plugin's own": "lists the oldest versions first",
  "a version that is forgotten is gone, and is said to have been there": "forgets nothing",
  "a version that a pin names cannot be forgotten": "forgets what is pinned",
  "pins of everyone, of firms and of connections stand beside each other": "has one pin a plugin",
  "a target's new pin takes the place of its old one": "never replaces a pin",
  "a pin to a version that is not kept is a defect and changes nothing": "pins to nothing",
  "a pin that is taken away leaves the others, and taking it away twice is nothing": "takes all pins away",
  "pins say which version each connection works on": "takes a connection's pin for its firm's",
  "a swap comes back as it was recorded": "records no diff",
  "a swap that is under way is replaced whole": "never replaces a swap",
  "a swap that has ended is history, and changing it is a defect": "rewrites history",
  "swaps are listed newest first, up to the limit": "lists the oldest swaps first",
  "swaps can be narrowed to a plugin and to results, by what they are now": "filters no swaps",
  "version, pin and swap roll back together": "records outside the transaction",
  "a transaction sees what it kept and pinned": "keeps outside the transaction"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken plugin store is noticed", () => {
  for (const law of pluginStoreLaws.laws) {
    const name = noticed[law.title] ?? ""
    it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(pluginMutants[name]!))))
  }
  for (const law of pluginStoreLaws.durable)
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
})

describe("the table is whole", () => {
  it("every law stands in it with a broken store, and every broken store is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      pluginStoreLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set(Object.values(noticed))], Object.keys(pluginMutants))
  })
})
