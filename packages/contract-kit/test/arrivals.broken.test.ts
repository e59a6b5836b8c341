/** Every law of arrivals can fail: each is run against an adapter that breaks its promise, and has to notice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { layer as memory } from "@casewire/core/memory/Memory"
import { JobId } from "@casewire/core/domain/Job"
import { arrivalLaws } from "../src/ArrivalLaws.ts"
import { runDurableLaw, runLaw } from "../src/Law.ts"
import { broken, inStorage, type Mutant, ofAll, reopenMemory } from "./Breaking.ts"

const mutants: Record<string, Mutant> = {
  "loses the jobs of receipts": inStorage((own) => ({ receive: (receipt) => own.receive(receipt, []) })),
  "makes a job of a receipt twice": inStorage((own) => ({
    receive: (receipt, jobs) =>
      own.receive(
        receipt,
        jobs.flatMap((job) => [job, { ...job, id: JobId.make(`${job.id} again`) }])
      )
  })),
  "takes webhooks out of turn": inStorage((own) => ({
    receive: (receipt, jobs) =>
      own.receive(
        receipt,
        jobs.map((job) => ({ ...job, lane: "feed" }))
      )
  })),
  "takes webhooks when it likes": inStorage((own) => ({
    receive: (receipt, jobs) =>
      own.receive(
        receipt,
        jobs.map((job) => ({ ...job, notBefore: receipt.receivedAt + 1 }))
      )
  })),
  "judges nothing": inStorage(() => ({ judge: () => Effect.void })),
  "acknowledges what it refused": inStorage((own) => ({
    receive: (receipt, jobs) => Effect.catchCause(own.receive(receipt, jobs), () => Effect.void)
  })),
  "shows receipts to all": inStorage((own) => ({
    receipts: (_, filter) => ofAll((firmId) => own.receipts(firmId, filter))
  }))
}

const noticed: Record<string, ReadonlyArray<string>> = {
  "a webhook and its job are there for everybody who asks as soon as it is acknowledged": [
    "loses the jobs of receipts",
    "makes a job of a receipt twice"
  ],
  "jobs of webhooks and other jobs of a lane start in the order in which they came": ["takes webhooks out of turn"],
  "a job that is replayed goes behind the webhooks that came meanwhile": ["takes webhooks when it likes"],
  "what was received before a transaction can be seen and held in it, and comes back with its roll-back": [
    "loses the jobs of receipts",
    "makes a job of a receipt twice"
  ],
  "a webhook's receipt can be judged as soon as it is acknowledged": ["judges nothing"],
  "a webhook under an id that is there already is a defect, and its neighbours are kept": [
    "acknowledges what it refused"
  ],
  "webhooks of several firms that share a moment stay their own firm's": ["shows receipts to all"]
}

const atRestart = ["loses the jobs of receipts", "makes a job of a receipt twice", "takes webhooks out of turn"]

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))

describe("a broken arrival is noticed", () => {
  for (const law of arrivalLaws.laws)
    for (const name of noticed[law.title] ?? [])
      it.effect(`${law.title} (${name})`, () => expectFailure(runLaw(law, broken(mutants[name]!))))
  for (const law of arrivalLaws.durable) {
    it.effect(`${law.title} (forgets all)`, () => expectFailure(runDurableLaw(law, Effect.succeed(memory))))
    for (const name of atRestart)
      it.effect(`${law.title} (${name})`, () =>
        expectFailure(
          runDurableLaw(
            law,
            Effect.sync(() => broken(mutants[name]!, reopenMemory()))
          )
        )
      )
  }
})

describe("the table is whole", () => {
  it("every law stands in it with a broken adapter, and every broken adapter is used", () => {
    assert.sameMembers(
      Object.keys(noticed),
      arrivalLaws.laws.map(({ title }) => title)
    )
    assert.sameMembers([...new Set([...Object.values(noticed).flat(), ...atRestart])], Object.keys(mutants))
  })
})
