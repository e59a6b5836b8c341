/** Transactions and receipts that break one promise each. */
import { Effect, Option } from "effect"
import { newId } from "@casewire/core/domain/Ids"
import { JobId } from "@casewire/core/domain/Job"
import type { Receipt } from "@casewire/core/domain/Receipt"
import { firm } from "../src/samples.ts"
import { escaped, inCases, inStorage, isInTransaction, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

const reading = (change: (receipt: Receipt) => Receipt): Mutant =>
  inStorage((own) => ({ receipt: (firmId, id) => Effect.map(own.receipt(firmId, id), Option.map(change)) }))

export const storageMutants: Record<string, Mutant> = {
  "commits what fails": inStorage((own) => ({
    atomically: (effect) => Effect.flatten(own.atomically(Effect.exit(effect))),
    withCase: (key, effect) => Effect.flatten(own.withCase(key, Effect.exit(effect)))
  })),
  "saves cases outside the transaction": inCases((own) => ({ save: (value) => escaped(own.save(value)) })),
  "loses the answer": inStorage((own) => ({
    atomically: (effect) => Effect.as(own.atomically(effect), undefined as never)
  })),
  "nests transactions": inStorage((own) => ({
    atomically: (effect) => Effect.flatMap(isInTransaction, (inside) => (inside ? effect : own.atomically(effect))),
    withCase: (key, effect) =>
      Effect.flatMap(isInTransaction, (inside) => (inside ? effect : own.withCase(key, effect)))
  })),
  "locks no case": inStorage(() => ({ withCase: (_, effect) => effect })),
  "loses the jobs of receipts": inStorage((own) => ({ receive: (receipt) => own.receive(receipt, []) })),
  "loses what arrives during a transaction": inStorage((own) => {
    let open = 0
    return {
      atomically: (effect) =>
        Effect.suspend(() => {
          open += 1
          return Effect.ensuring(
            own.atomically(effect),
            Effect.sync(() => (open -= 1))
          )
        }),
      receive: (receipt, jobs) => Effect.suspend(() => (open > 0 ? Effect.void : own.receive(receipt, jobs)))
    }
  }),
  "receives inside a transaction": inStorage((own) => ({
    receive: (receipt, jobs) =>
      Effect.flatMap(isInTransaction, (inside) =>
        inside ? escaped(own.receive(receipt, jobs)) : own.receive(receipt, jobs)
      )
  })),
  "counts receipts backwards": reading((receipt) => ({ ...receipt, receiveNumber: 1000 - receipt.receiveNumber })),
  "knows no disposition": reading((receipt) => ({ ...receipt, disposition: { _tag: "Accepted" } })),
  "trims bodies": reading((receipt) => ({ ...receipt, body: receipt.body.trim() })),
  "lists the oldest receipts first": inStorage((own) => ({
    receipts: (firmId, filter) => reversed(own.receipts(firmId, filter))
  })),
  "filters no receipts": inStorage((own) => ({ receipts: (firmId, { limit }) => own.receipts(firmId, { limit }) })),
  "judges nothing": inStorage(() => ({ judge: () => Effect.void })),
  "judges outside the transaction": inStorage((own) => ({
    judge: (firmId, id, verdict) => escaped(own.judge(firmId, id, verdict))
  })),
  "shows receipts to all": inStorage((own) => ({
    receipt: (_, id) => ofAny((firmId) => own.receipt(firmId, id)),
    receipts: (_, filter) => ofAll((firmId) => own.receipts(firmId, filter))
  })),
  "binds a key that is asked for": inStorage((own) => ({
    operation: (firmId, key) =>
      Effect.flatMap(newId, (id) =>
        Effect.map(
          own.claimKey(firmId, key, JobId.make(id)),
          Option.orElseSome(() => JobId.make(id))
        )
      )
  })),
  "binds no keys": inStorage(() => ({ claimKey: () => Effect.succeed(Option.none()) })),
  "binds keys for all firms": inStorage((own) => ({ claimKey: (_, key, job) => own.claimKey(firm.id, key, job) })),
  "binds keys outside the transaction": inStorage(() => {
    const bound = new Map<string, JobId>()
    return {
      claimKey: (firmId, key, job) =>
        Effect.sync(() => {
          const known = bound.get(`${firmId} ${key}`)
          if (known === undefined) bound.set(`${firmId} ${key}`, job)
          return Option.fromUndefinedOr(known)
        })
    }
  }),
  "counts every job as waiting": inStorage((_, { queue }) => ({
    backlog: (firmId) => Effect.map(queue.find(firmId, {}), (jobs) => jobs.length)
  })),
  "is never writable": inStorage(() => ({ isWritable: Effect.succeed(false) }))
}
