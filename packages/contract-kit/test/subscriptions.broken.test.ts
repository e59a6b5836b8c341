/** Every law of `SubscriptionStore` can fail: each is run against a store that breaks its promise, and has to notice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { subscriptionStoreLaws } from "../src/SubscriptionStore.ts"
import { broken } from "./Breaking.ts"
import { subscriptionMutants } from "./SubscriptionMutants.ts"

const noticed: Record<string, string> = {
  "a subscription comes back as it was saved": "saves no filters",
  "what was never saved is not there: no subscription, secret or delivery": "invents secrets",
  "saving a subscription again replaces it whole and leaves its secret": "makes a new secret at every save",
  "subscriptions are listed oldest first": "lists the newest subscription first",
  "a secret is 32 random bytes behind whsec_, another one each time": "makes short secrets",
  "a subscription signs with its own secret alone": "signs with anybody's secret",
  "a fresh secret ends the one before it at once": "keeps earlier secrets",
  "with an overlap both sign, the newest first, until the moment it ends": "knows no overlap",
  "a later rotation never lengthens what an earlier one allowed": "lengthens overlaps",
  "however often it is rotated, at most three sign": "keeps two secrets",
  "a secret of a subscription that is not there is a defect": "makes secrets for nobody",
  "a delivery comes back as it was recorded, and recording it again replaces it": "never replaces a delivery",
  "deliveries are listed newest first, up to the limit, and on from the last one seen":
    "lists the oldest deliveries first",
  "deliveries can be narrowed to a subscription and to states, by what they are now": "filters no deliveries",
  "a subscription that is removed takes its secrets and its log, and nothing of others": "leaves the log",
  "removing what is not there does nothing": "removes the first where it finds none",
  "no firm sees, changes or removes a subscription, a secret or a delivery of another": "shows subscriptions to all",
  "subscription, secret and delivery roll back together": "records outside the transaction",
  "clearing takes the oldest that ended before a moment, up to the limit, and none that waits": "clears what waits",
  "clearing the log of a firm leaves that of another alone": "clears the log of every firm",
  "a transaction sees the subscriptions it saved": "lists what is committed"
}

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken subscription store is noticed", () => {
  for (const law of subscriptionStoreLaws.laws) {
    const name = noticed[law.title] ?? ""
    it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(subscriptionMutants[name]!))))
  }
  for (const law of subscriptionStoreLaws.durable)
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
})

describe("the table is whole", () => {
  it("every law stands in it with a broken store, and every broken store is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      subscriptionStoreLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set(Object.values(noticed))], Object.keys(subscriptionMutants))
  })
})
