/** Every law of the list store can fail: here it is run against a store that breaks its promise, and has to notice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { listStoreLaws } from "../src/ListStore.ts"
import { broken } from "./Breaking.ts"
import { listMutants } from "./ListMutants.ts"

const noticed: Record<string, string | ReadonlyArray<string>> = {
  "a list comes back as it was saved": "saves no rule",
  "saving a list again replaces it whole": "never replaces a list",
  "lists run by number, whatever the order in which they were made": "lists by age",
  "a second list with the same number is a defect and changes nothing": "swallows a second number",
  "two firms count their lists each for itself": "shows lists to all",
  "saving under the id of another firm's list changes nothing of theirs": "lets firms write each other's lists",
  "a campaign comes back as it was saved, and is counted apart from lists": "takes campaigns for lists",
  "a membership comes back as it was saved, with what waits": "forgets what waits",
  "a case stands once in a target: saving again replaces": "never replaces a membership",
  "memberships of other cases and other targets are left alone": "knows one target",
  "members run by case, up to the limit, and on from the last one seen": [
    "lists the youngest member first",
    "filters no members"
  ],
  "members can be narrowed to those who are in, or to those who were taken out": "filters no members",
  "counts count who is in, in each target, and not who was taken out": "counts who was taken out",
  "no firm sees or counts a membership of another": ["shows lists to all", "changes members of all firms"],
  "every change leaves its line in the audit, as it was written, newest first": "tells the oldest line first",
  "one change may leave several lines, or none": "keeps the first line of a change",
  "a line that is there already is left alone": "writes a line twice",
  "the audit can be narrowed to a target, to a case, and to what is older than a line": "filters no lines",
  "no firm sees the audit of another": "shows lists to all",
  "a change and its line roll back together": "changes lists outside the transaction",
  "a transaction sees what it changed": "changes lists outside the transaction",
  "the newest receipt is the highest receive number that was given, zero before the first": "counts receipts of nobody"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken list store is noticed", () => {
  for (const law of listStoreLaws.laws)
    for (const name of [noticed[law.title] ?? []].flat())
      it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(listMutants[name]!))))
  for (const law of listStoreLaws.durable)
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))

  it("every law stands in the table, and every broken store is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      listStoreLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set(Object.values(noticed).flat())], Object.keys(listMutants))
  })
})
