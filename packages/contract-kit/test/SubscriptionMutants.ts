/** Subscription stores that break one promise each. */
import { Effect, Option, Redacted } from "effect"
import { CurrentTransaction } from "@casewire/core/memory/Database"
import type { HookDelivery, Subscription } from "@casewire/core/domain/Subscription"
import { firm, otherFirm, start } from "../src/samples.ts"
import { escaped, inSubscriptions, isInTransaction, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

export const subscriptionMutants: Record<string, Mutant> = {
  "saves no filters": inSubscriptions((own) => ({
    save: (value) => own.save({ ...value, caseTypes: [], campaigns: [] })
  })),
  "invents secrets": inSubscriptions((own) => ({
    secrets: (firmId, id) =>
      Effect.map(own.secrets(firmId, id), (found) => (found.length === 0 ? [Redacted.make("whsec_")] : found))
  })),
  "makes a new secret at every save": inSubscriptions((own) => ({
    save: (value) => Effect.andThen(own.save(value), Effect.asVoid(own.issueSecret(value.firmId, value.id)))
  })),
  "lists the newest subscription first": inSubscriptions((own) => ({ list: (firmId) => reversed(own.list(firmId)) })),
  "makes short secrets": inSubscriptions((own) => ({
    issueSecret: (firmId, id, options) =>
      Effect.as(own.issueSecret(firmId, id, options), Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
  })),
  "signs with anybody's secret": inSubscriptions((own) => ({
    secrets: (firmId) =>
      Effect.flatMap(own.list(firmId), (all) =>
        Effect.map(
          Effect.forEach(all, ({ id }) => own.secrets(firmId, id)),
          (found) => found.flat()
        )
      )
  })),
  "keeps earlier secrets": inSubscriptions((own) => ({
    issueSecret: (firmId, id, options) => own.issueSecret(firmId, id, { earlierUntil: start + 5000, ...options })
  })),
  "knows no overlap": inSubscriptions((own) => ({ issueSecret: (firmId, id) => own.issueSecret(firmId, id) })),
  "lengthens overlaps": inSubscriptions((own) => {
    const made: Array<Redacted.Redacted<string>> = []
    return {
      issueSecret: (firmId, id, options) =>
        Effect.tap(own.issueSecret(firmId, id, options), (secret) => Effect.sync(() => made.unshift(secret))),
      secrets: (firmId, id) => Effect.map(own.secrets(firmId, id), (found) => (found.length === 2 ? made : found))
    }
  }),
  "keeps two secrets": inSubscriptions((own) => ({
    secrets: (firmId, id) => Effect.map(own.secrets(firmId, id), (found) => found.slice(0, 2))
  })),
  "makes secrets for nobody": inSubscriptions((own) => ({
    issueSecret: (firmId, id, options) =>
      Effect.catchDefect(own.issueSecret(firmId, id, options), () => Effect.succeed(Redacted.make("whsec_x")))
  })),
  "clears what waits": inSubscriptions((own) => ({
    clear: (firmId, before, limit) =>
      Effect.gen(function* () {
        const all = yield* own.deliveries(firmId, { limit: 100 })
        for (const one of all) if (one.state === "waiting") yield* own.record({ ...one, state: "failed", updatedAt: 0 })
        return yield* own.clear(firmId, before, limit)
      })
  })),
  "clears the log of every firm": inSubscriptions((own) => ({
    clear: (firmId, before, limit) =>
      Effect.map(
        Effect.forEach([firmId, otherFirm.id], (id) => own.clear(id, before, limit)),
        ([count]) => count!
      )
  })),
  "never replaces a delivery": inSubscriptions((own) => ({
    record: (value) =>
      Effect.flatMap(own.delivery(value.firmId, value.id), (found) =>
        Option.isSome(found) ? Effect.void : own.record(value)
      )
  })),
  "lists the oldest deliveries first": inSubscriptions((own) => ({
    deliveries: (firmId, filter) => reversed(own.deliveries(firmId, filter))
  })),
  "filters no deliveries": inSubscriptions((own) => ({
    deliveries: (firmId, { limit }) => own.deliveries(firmId, { limit })
  })),
  "leaves the log": inSubscriptions((own) => ({
    remove: (firmId, id) =>
      Effect.gen(function* () {
        const log = yield* own.deliveries(firmId, { subscriptionId: id, limit: 100 })
        yield* own.remove(firmId, id)
        yield* Effect.forEach(log, own.record)
      })
  })),
  "removes the first where it finds none": inSubscriptions((own) => ({
    remove: (firmId, id) =>
      Effect.flatMap(own.list(firmId), (all) =>
        own.remove(firmId, all.some((each) => each.id === id) ? id : (all[0]?.id ?? id))
      )
  })),
  "shows subscriptions to all": inSubscriptions((own) => ({
    get: (_, id) => ofAny((firmId) => own.get(firmId, id)),
    list: () => ofAll((firmId) => own.list(firmId)),
    delivery: (_, id) => ofAny((firmId) => own.delivery(firmId, id)),
    deliveries: (_, filter) => ofAll((firmId) => own.deliveries(firmId, filter))
  })),
  "records outside the transaction": inSubscriptions((own) => ({
    record: (value: HookDelivery) => escaped(own.record(value))
  })),
  "lists what is committed": inSubscriptions((own) => {
    const written = new Set<Subscription["id"]>()
    return {
      save: (value) =>
        Effect.andThen(
          own.save(value),
          Effect.map(isInTransaction, (isInside) => void (isInside && written.add(value.id)))
        ),
      list: (firmId) =>
        Effect.map(Effect.all([own.list(firmId), CurrentTransaction]), ([all, transaction]) =>
          all.filter(({ id }) => transaction === null || firmId !== firm.id || !written.has(id))
        )
    }
  })
}
