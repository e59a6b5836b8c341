/** Every law of `RunStore` can fail: each is run against a store that breaks its promise, and has to notice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { runStoreLaws } from "../src/RunStore.ts"
import { broken } from "./Breaking.ts"
import { runMutants } from "./RunMutants.ts"

const noticed: Record<string, string> = {
  "a run comes back as it was saved": "saves no scope",
  "a run that was never saved is not there, and has no rows": "invents rows",
  "saving a run again replaces it whole": "never replaces a run",
  "runs are listed newest first, up to the limit": "lists the oldest runs first",
  "saving an old run again does not move it in the list": "lists by the last change",
  "a list can be narrowed to a connection": "filters no runs",
  "a list can be narrowed to kinds and states, by what they are now": "filters no runs",
  "an update changes what is there and answers what it became": "updates nothing",
  "updates of one moment all count": "updates outside of a transaction",
  "an update of an unknown run does nothing": "makes a run to update",
  "an update whose change throws is a defect and changes nothing": "swallows what a change throws",
  "rows come back as they were saved, in the order of their numbers": "reads rows backwards",
  "rows are read page by page behind a number": "reads from the first row",
  "rows can be narrowed to states, by what they are now": "filters no rows",
  "a row with a known number replaces the one that was there": "never replaces a row",
  "a row is found by its key, in its own run": "finds a row of any run",
  "cleared rows are gone, those in other states, of other runs and of other firms stay": "clears rows of every state",
  "saving no rows changes nothing": "clears a run without rows",
  "no firm sees or changes a run of another, nor its rows": "shows runs to all",
  "a run and its rows roll back together": "saves rows outside the transaction",
  "a transaction sees the rows it saved and counts on what it updated": "saves rows outside the transaction"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken run store is noticed", () => {
  for (const law of runStoreLaws.laws) {
    const name = noticed[law.title] ?? ""
    it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(runMutants[name]!))))
  }
  for (const law of runStoreLaws.durable)
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
})

describe("the table is whole", () => {
  it("every law stands in it with a broken store, and every broken store is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      runStoreLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set(Object.values(noticed))], Object.keys(runMutants))
  })
})
