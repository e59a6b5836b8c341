/** Every law of the timeline can fail: here it is run against one that breaks its promise, and has to notice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { timelineLaws } from "../src/Timeline.ts"
import { broken, reopenMemory } from "./Breaking.ts"
import { timelineMutants } from "./TimelineMutants.ts"

const noticed: Record<string, string | ReadonlyArray<string>> = {
  "an entry comes back as it was appended, whatever its kind": "cuts texts",
  "an entry that was never appended is not there": "invents entries",
  "an id that is known changes nothing, and the answer says so": ["appends what is known", "says that all is new"],
  "an external id that is known in its case and kind changes nothing, and the answer says so": [
    "appends what is known",
    "says that all is new"
  ],
  "the same external id may stand in another kind and in another case": "knows external ids across cases and kinds",
  "entries without an external id never get in each other's way": "takes no external id for one",
  "an entry can be given its external id later, and is known by it then": "binds nothing",
  "the external id of another entry of that kind and case is not given, nor to nobody": "binds whatever it is told",
  "giving the same external id again is no change": "binds nothing",
  "a case's entries come newest first by when they happened, not by when they were recorded":
    "lists by the time of recording",
  "of entries of one moment the last recorded comes first": "lists the oldest first",
  "a page has no more than its limit, and the next goes on behind an entry, also within one moment":
    "begins every page anew",
  "a page can be narrowed to kinds": "filters no kinds",
  "what a cause led to comes in the order in which it was recorded, and nothing else": "tells causes backwards",
  "the external ids are those of that case and kind": "mixes the ids of notes and documents",
  "no firm sees or changes an entry of another": "shows entries to all",
  "an entry rolls back with its transaction": "appends outside the transaction"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken timeline is noticed", () => {
  for (const law of timelineLaws.laws)
    for (const name of [noticed[law.title] ?? []].flat())
      it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(timelineMutants[name]!))))

  for (const law of timelineLaws.durable) {
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
    it.effect(`${law.title} (forgets what it bound)`, () =>
      expectFailure(
        runDurableLaw(
          law,
          Effect.sync(() => broken(timelineMutants["forgets what it bound"]!, reopenMemory()))
        )
      )
    )
  }

  it("every law stands in the table, and every broken timeline is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      timelineLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers(
      [...new Set(Object.values(noticed).flat()), "forgets what it bound"],
      Object.keys(timelineMutants)
    )
    assert.isAtLeast(timelineLaws.laws.length, 15)
  })
})
