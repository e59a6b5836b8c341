/** The parts of the memory adapters that no contract reaches: the digest, the heap, and what a claim costs. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { ExternalCaseId } from "../src/domain/Case.ts"
import { ConnectionId } from "../src/domain/Connection.ts"
import { FirmId } from "../src/domain/Ids.ts"
import { JobId, type NewJob } from "../src/domain/Job.ts"
import { Heap } from "../src/memory/Heap.ts"
import { layer } from "../src/memory/Memory.ts"
import { sha256 } from "../src/memory/Sha256.ts"
import { Queue } from "../src/ports/Queue.ts"
import { Storage } from "../src/ports/Storage.ts"

it("the digest is SHA-256, at every length around a block and however the bytes are cut", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 31) % 256)
    const expected = createHash("sha256").update(bytes).digest("hex")
    assert.strictEqual(sha256([bytes]), expected)
    assert.strictEqual(sha256([bytes.subarray(0, 3), bytes.subarray(3)]), expected)
  }
})

it("a heap gives back what it got, least first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      const heap = new Heap<number>((a, b) => a < b)
      for (const value of values) heap.push(value)
      assert.deepStrictEqual(
        values.map(() => heap.pop()),
        values.toSorted((a, b) => a - b)
      )
      assert.isUndefined(heap.pop())
    })
  )
})

it.effect("a claim does not look at the jobs that wait", () =>
  Effect.gen(function* () {
    const few = yield* claimMs(1000)
    const many = yield* claimMs(50_000)
    // Fifty times as many jobs: a scan would cost fifty times as much.
    assert.isBelow(many, Math.max(few, 0.01) * 10)
  })
)

/** Milliseconds for a claim, the median of many, with so many jobs waiting: half of them heads, half behind one. */
const claimMs = (waiting: number) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    const queue = yield* Queue
    const jobs = Array.from({ length: waiting }, (_, index) => makeJob(index, index % 2 === 0 ? `${index}` : "busy"))
    yield* storage.atomically(queue.enqueue(jobs))
    yield* queue.claim({ worker: "w", limit: 10, leaseMs: 1000 })
    const times: Array<number> = []
    for (let round = 0; round < 201; round++) {
      const began = performance.now()
      yield* queue.claim({ worker: "w", limit: 1, leaseMs: 1000, perConnection: 10_000 })
      times.push(performance.now() - began)
    }
    return times.sort((a, b) => a - b)[100]!
  }).pipe(Effect.provide(layer, { local: true }))

const makeJob = (index: number, key: string): NewJob => ({
  id: JobId.make(`job-${index}`),
  firmId: FirmId.make("firm"),
  connectionId: ConnectionId.make(`connection-${index % 8}`),
  key,
  lane: "state",
  priority: 20,
  work: { _tag: "ReadCase", externalCaseId: ExternalCaseId.make(key) }
})
