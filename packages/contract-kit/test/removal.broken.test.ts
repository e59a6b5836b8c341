/** Every law of `ConnectionRemoval` can fail: each is run against an adapter that breaks its promise. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { connectionRemovalLaws } from "../src/ConnectionRemoval.ts"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { broken } from "./Breaking.ts"
import { removalMutants } from "./RemovalMutants.ts"

const noticed: Record<string, string> = {
  "disarming takes the credentials and every webhook token of the connection, and nothing else of it":
    "disarms nothing",
  "disarming leaves the tokens and credentials of other connections, and the firm's own tokens":
    "disarms the whole firm",
  "the inventory counts everything of the connection, and nothing of another": "counts no jobs",
  "erasing leaves nothing of the connection that any port shows": "erases nothing",
  "erasing leaves whatever belongs to another connection or another firm as it was":
    "erases the firm's other connection as well",
  "a receipt that shared its commit with an erased one comes back whole": "drops a body with its neighbour",
  "erasing goes in steps of about the size that is asked for": "erases in one step",
  "a job that is being done stays until its worker ends it, and so does the connection": "ends with jobs under way",
  "a lane whose jobs were erased is free for what comes after": "leaves a lane blocked",
  "the run that tells of the removal stays, and does not keep the connection": "erases the run that tells of it",
  "ending removes a connection that has nothing left, with its tokens; again it answers the same": "ends only once",
  "ending changes nothing while anything is left": "ends at once",
  "disarming and ending roll back with their transaction": "disarms outside of the transaction",
  "erasing inside a transaction is a defect": "erases in somebody's transaction",
  "a client that was entered by hand stays while a case of another connection has it":
    "takes every client entered by hand",
  "another firm can neither count, disarm, erase nor end the connection": "asks not whose it is"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken removal is noticed", () => {
  for (const law of connectionRemovalLaws.laws) {
    const name = noticed[law.title] ?? ""
    it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(removalMutants[name]!))))
  }
  for (const law of connectionRemovalLaws.durable)
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
})

describe("the table is whole", () => {
  it("every law stands in it with a broken removal, and every broken removal is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      connectionRemovalLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set(Object.values(noticed))], Object.keys(removalMutants))
  })
})
