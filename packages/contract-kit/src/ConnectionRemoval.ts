/** The contract of `ConnectionRemoval`: nothing of the connection is left, and nothing is missing of any other. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option, Redacted } from "effect"
import type { Inventory } from "@casewire/core/domain/Inventory"
import { Priority } from "@casewire/core/domain/Job"
import type { Run } from "@casewire/core/domain/Run"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { pause } from "./OpenTransaction.ts"
import { claimOne } from "./QueueSteps.ts"
import { eraseAll, plant, remains, telling } from "./RemovalStory.ts"
import {
  connection,
  firm,
  makeCase,
  makeJob,
  makeReceipt,
  otherConnection,
  otherFirm,
  secondConnection,
  start
} from "./samples.ts"

const own = { firmId: firm.id, connectionId: connection.id }

const tokenOf = Effect.fnUntraced(function* ({ firmId, id }: typeof connection) {
  const store = yield* ConnectionStore
  return Redacted.value(
    yield* store.issueToken({ _tag: "Webhook", firmId, connectionId: id }, { earlierUntil: start + 9 })
  )
})

const connectionBehind = Effect.fnUntraced(function* (token: string) {
  const found = yield* (yield* ConnectionStore).connectionOfToken(token)
  return Option.getOrUndefined(Option.map(found, ({ id }) => id))
})

const end = Effect.fnUntraced(function* () {
  return yield* (yield* ConnectionRemoval).end(firm.id, connection.id, { except: telling })
})

/** One of each kind, as `plant` leaves them. */
const planted: Inventory = {
  cases: 2,
  clients: 2,
  history: 1,
  timeline: 1,
  documents: 2,
  receipts: 1,
  jobs: 2,
  memberships: 1,
  mappings: 4,
  runs: 1,
  webhooks: 1
}
const none: Inventory = {
  cases: 0,
  clients: 0,
  history: 0,
  timeline: 0,
  documents: 0,
  receipts: 0,
  jobs: 0,
  memberships: 0,
  mappings: 0,
  runs: 0,
  webhooks: 0
}

export const connectionRemovalLaws: Laws = {
  port: "ConnectionRemoval",
  laws: [
    {
      title: "disarming takes the credentials and every webhook token of the connection, and nothing else of it",
      run: Effect.gen(function* () {
        const [store, removal] = [yield* ConnectionStore, yield* ConnectionRemoval]
        yield* store.save(connection, { password: Redacted.make("hunter2") })
        const [earlier, token] = [yield* tokenOf(connection), yield* tokenOf(connection)]
        // Known, so that whatever keeps tokens at hand has them.
        assert.deepStrictEqual(
          [yield* connectionBehind(earlier), yield* connectionBehind(token)],
          [connection.id, connection.id]
        )
        yield* removal.disarm(firm.id, connection.id)
        assert.deepStrictEqual(
          [yield* connectionBehind(earlier), yield* connectionBehind(token)],
          [undefined, undefined]
        )
        assert.deepStrictEqual(yield* store.credentials(firm.id, connection.id), {})
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
      })
    },
    {
      title: "disarming leaves the tokens and credentials of other connections, and the firm's own tokens",
      run: Effect.gen(function* () {
        const [store, removal] = [yield* ConnectionStore, yield* ConnectionRemoval]
        yield* store.save(secondConnection, { password: Redacted.make("swordfish") })
        const token = yield* tokenOf(secondConnection)
        const api = Redacted.value(yield* store.issueToken({ _tag: "Api", firmId: firm.id, name: "tools" }))
        yield* removal.disarm(firm.id, connection.id)
        assert.strictEqual(yield* connectionBehind(token), secondConnection.id)
        assert.isTrue(Option.isSome(yield* store.firmOfToken(api)))
        const secrets = yield* store.credentials(firm.id, secondConnection.id)
        assert.strictEqual(Redacted.value(secrets["password"] ?? Redacted.make("")), "swordfish")
      })
    },
    {
      title: "the inventory counts everything of the connection, and nothing of another",
      run: Effect.gen(function* () {
        const removal = yield* ConnectionRemoval
        yield* plant(connection)
        yield* plant(otherConnection)
        assert.deepStrictEqual(yield* removal.inventory(firm.id, secondConnection.id), none)
        assert.deepStrictEqual(yield* removal.inventory(firm.id, connection.id), planted)
      })
    },
    {
      title: "erasing leaves nothing of the connection that any port shows",
      run: Effect.gen(function* () {
        const of = yield* plant(connection)
        yield* eraseAll(connection)
        assert.deepStrictEqual(yield* remains(of), {})
      })
    },
    {
      title: "erasing leaves whatever belongs to another connection or another firm as it was",
      run: Effect.gen(function* () {
        const [second, other] = [yield* plant(secondConnection), yield* plant(otherConnection)]
        yield* plant(connection)
        const before = [yield* remains(second), yield* remains(other)]
        yield* eraseAll(connection)
        assert.deepStrictEqual([yield* remains(second), yield* remains(other)], before)
      })
    },
    {
      title: "a receipt that shared its commit with an erased one comes back whole",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const made = yield* Effect.forEach(Array.from({ length: 40 }), (_, index) =>
          makeReceipt({
            connectionId: index % 2 === 0 ? connection.id : secondConnection.id,
            body: `body ${index}`,
            externalCaseId: String(index)
          })
        )
        // Half of them as webhooks usually come: an adapter may write such down in a way of its own.
        const arrivals = yield* Effect.forEach(made, (receipt, index) =>
          Effect.map(
            makeJob({
              connectionId: receipt.connectionId,
              key: String(index),
              priority: Priority.apply,
              work: { _tag: "ApplyReceipt", receiptId: receipt.id }
            }),
            (job) => ({ receipt, jobs: index % 4 < 2 ? [job] : [] })
          )
        )
        yield* Effect.forEach(arrivals, ({ jobs, receipt }) => storage.receive(receipt, jobs), {
          concurrency: "unbounded"
        })
        yield* eraseAll(connection, 7)
        for (const receipt of made) {
          const found = Option.getOrUndefined(yield* storage.receipt(firm.id, receipt.id))
          const kept = receipt.connectionId === secondConnection.id ? receipt.body : undefined
          assert.strictEqual(found?.body, kept)
        }
      })
    },
    {
      title: "erasing goes in steps of about the size that is asked for",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        for (let count = 0; count < 25; count++) yield* storage.receive(yield* makeReceipt(), [])
        const steps = yield* eraseAll(connection, 10)
        assert.strictEqual(
          steps.reduce((sum, count) => sum + count, 0),
          25
        )
        assert.isAtMost(Math.max(...steps), 10)
      })
    },
    {
      title: "a job that is being done stays until its worker ends it, and so does the connection",
      run: Effect.gen(function* () {
        const [store, queue, storage] = [yield* ConnectionStore, yield* Queue, yield* Storage]
        const [first, behind] = [yield* makeJob(), yield* makeJob()]
        yield* storage.atomically(queue.enqueue([first, behind]))
        const lease = yield* claimOne
        yield* eraseAll(connection)
        assert.deepStrictEqual(
          (yield* queue.find(firm.id, { connectionId: connection.id })).map(({ id }) => id),
          [first.id]
        )
        assert.isFalse(yield* end())
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        yield* queue.settle(lease, { _tag: "GiveBack", at: start, reason: "erasing" })
        yield* eraseAll(connection)
        assert.isTrue(yield* end())
      })
    },
    {
      title: "a lane whose jobs were erased is free for what comes after",
      run: Effect.gen(function* () {
        const [queue, storage] = [yield* Queue, yield* Storage]
        yield* storage.atomically(queue.enqueue([yield* makeJob(), yield* makeJob()]))
        yield* eraseAll(connection)
        const next = yield* makeJob()
        yield* storage.atomically(queue.enqueue([next]))
        assert.strictEqual((yield* claimOne).job.id, next.id)
      })
    },
    {
      title: "the run that tells of the removal stays, and does not keep the connection",
      run: Effect.gen(function* () {
        const runs = yield* RunStore
        yield* runs.save(tellingRun)
        yield* eraseAll(connection)
        assert.isTrue(yield* end())
        assert.deepStrictEqual(yield* runs.get(firm.id, telling), Option.some(tellingRun))
      })
    },
    {
      title: "ending removes a connection that has nothing left, with its tokens; again it answers the same",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const token = yield* tokenOf(connection)
        assert.strictEqual(yield* connectionBehind(token), connection.id)
        assert.isTrue(yield* end())
        assert.isTrue(yield* end())
        assert.isTrue(Exit.isFailure(yield* Effect.exit(store.get(firm.id, connection.id))))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(store.credentials(firm.id, connection.id))))
        assert.deepStrictEqual(
          (yield* store.list(firm.id)).map(({ id }) => id),
          [secondConnection.id]
        )
        assert.strictEqual(yield* connectionBehind(token), undefined)
      })
    },
    {
      title: "ending changes nothing while anything is left",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const token = yield* tokenOf(connection)
        yield* (yield* Storage).receive(yield* makeReceipt(), [])
        assert.isFalse(yield* end())
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        assert.strictEqual(yield* connectionBehind(token), connection.id)
      })
    },
    {
      title: "disarming and ending roll back with their transaction",
      run: Effect.gen(function* () {
        const [store, removal, storage] = [yield* ConnectionStore, yield* ConnectionRemoval, yield* Storage]
        const token = yield* tokenOf(connection)
        const undone = Effect.gen(function* () {
          yield* removal.disarm(firm.id, connection.id)
          assert.isTrue(yield* end())
          return yield* Effect.fail("undone")
        })
        assert.isTrue(Exit.isFailure(yield* Effect.exit(storage.atomically(undone))))
        yield* pause
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        assert.strictEqual(yield* connectionBehind(token), connection.id)
      })
    },
    {
      title: "erasing inside a transaction is a defect",
      run: Effect.gen(function* () {
        const removal = yield* ConnectionRemoval
        const erased = removal.erase(firm.id, connection.id, { limit: 10, except: telling })
        assert.isTrue(Exit.isFailure(yield* Effect.exit((yield* Storage).atomically(erased))))
      })
    },
    {
      title: "a client that was entered by hand stays while a case of another connection has it",
      run: Effect.gen(function* () {
        const cases = yield* CaseStore
        const of = yield* plant(connection)
        const plain = yield* makeCase({
          connectionId: secondConnection.id,
          clientId: of.entered.id,
          standing: "unverified"
        })
        yield* cases.save(plain)
        yield* eraseAll(connection)
        assert.deepStrictEqual(yield* cases.client(firm.id, of.entered.id), Option.some(of.entered))
      })
    },
    {
      title: "another firm can neither count, disarm, erase nor end the connection",
      run: Effect.gen(function* () {
        const [store, removal] = [yield* ConnectionStore, yield* ConnectionRemoval]
        const of = yield* plant(connection)
        const token = yield* tokenOf(connection)
        const before = yield* remains(of)
        assert.deepStrictEqual(yield* removal.inventory(otherFirm.id, connection.id), none)
        yield* removal.disarm(otherFirm.id, connection.id)
        assert.strictEqual(yield* removal.erase(otherFirm.id, connection.id, { limit: 9, except: telling }), 0)
        yield* removal.end(otherFirm.id, connection.id, { except: telling })
        assert.deepStrictEqual(yield* remains(of), before)
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        assert.strictEqual(yield* connectionBehind(token), connection.id)
      })
    }
  ],
  durable: [
    {
      title: "a receive number that was erased is not given a second time",
      before: Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.receive(yield* makeReceipt({ connectionId: secondConnection.id }), [])
        yield* storage.receive(yield* makeReceipt(), [])
        // What a list operation by hand writes down: later than all receipts so far.
        const receiveNumber = yield* (yield* ListStore).newestReceipt(firm.id)
        yield* (yield* CaseStore).save(yield* makeCase({ connectionId: secondConnection.id, receiveNumber }))
        yield* eraseAll(connection)
      }),
      after: Effect.gen(function* () {
        const storage = yield* Storage
        const [of] = yield* (yield* CaseStore).list(firm.id, { limit: 1 })
        const receipt = yield* makeReceipt({ connectionId: secondConnection.id })
        yield* storage.receive(receipt, [])
        const stored = Option.getOrThrow(yield* storage.receipt(firm.id, receipt.id))
        assert.isAbove(stored.receiveNumber, of?.receiveNumber ?? Infinity)
      })
    },
    {
      title: "what was erased and ended is not there after a restart, and what was kept is",
      before: Effect.gen(function* () {
        yield* plant(connection)
        yield* plant(secondConnection)
        yield* eraseAll(connection)
        assert.isTrue(yield* end())
        assert.isTrue(yield* (yield* ConnectionRemoval).scrub)
      }),
      after: Effect.gen(function* () {
        const [store, removal] = [yield* ConnectionStore, yield* ConnectionRemoval]
        assert.deepStrictEqual(
          (yield* store.list(firm.id)).map(({ id }) => id),
          [secondConnection.id]
        )
        assert.deepStrictEqual(yield* removal.inventory(firm.id, connection.id), none)
        assert.deepStrictEqual(yield* removal.inventory(firm.id, secondConnection.id), planted)
      })
    }
  ]
}

const tellingRun: Run = {
  ...own,
  id: telling,
  kind: "erasure",
  state: "running",
  scope: {},
  total: 1,
  done: 0,
  failed: 0,
  skipped: 0,
  cursor: null,
  startedBy: "Ana",
  createdAt: start,
  updatedAt: start,
  expiresAt: null,
  reason: null
}

export const connectionRemovalContract = contract(connectionRemovalLaws)
