/**
 * A second process for the tests: `hold` opens the store and stays; `receive` stores receipts as fast as it can and
 * prints the id of each one that was acknowledged.
 */
import { writeSync } from "node:fs"
import { Effect, Redacted } from "effect"
import { Storage } from "@casewire/core/ports/Storage"
import { layerSqlite } from "../src/Sqlite.ts"
import { job, receipt } from "./TempStore.ts"

const [, , file = "", documents = "", key = "", mode] = process.argv

const receiveForEver = (worker: number) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    for (let n = 0; ; n++) {
      const id = `${process.pid}-${worker}-${n}`
      // Every other job is one that gets its rows later.
      const key = `case-${worker}`
      const work = { _tag: "ApplyReceipt", receiptId: n % 2 === 0 ? id : "another" } as const
      yield* storage.receive(receipt(id, { externalCaseId: key }), [job(`j-${id}`, { key, work })])
      writeSync(1, `${id}\n`)
    }
  })

const main = Effect.gen(function* () {
  yield* Storage
  if (mode === "receive")
    yield* Effect.all(
      Array.from({ length: 32 }, (_, worker) => receiveForEver(worker)),
      { concurrency: "unbounded" }
    )
  writeSync(1, "ready\n")
  yield* Effect.never
}).pipe(Effect.provide(layerSqlite({ file, documents, kek: Redacted.make<Uint8Array>(Buffer.from(key, "hex")) })))

// Keeps the process while the fiber only waits.
setInterval(() => {}, 1000)
Effect.runPromise(main).catch((thrown: unknown) => {
  console.error(thrown)
  process.exit(1)
})
