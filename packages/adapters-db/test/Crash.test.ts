import { describe, it } from "@effect/vitest"
import { strictEqual } from "node:assert"
import { once } from "node:events"
import { Effect } from "effect"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Database } from "../src/Database.ts"
import { layerDatabase, layerSqlite } from "../src/Sqlite.ts"
import { startChild } from "./StoreProcess.ts"
import { firmId, tempOptions } from "./TempStore.ts"

describe("Crash", () => {
  it.live("every acknowledged receipt is there after kill -9, with its job, and the file is whole", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const acknowledged: Array<string> = []
        for (let round = 0; round < 3; round++) {
          const child = yield* startChild(options, "receive")
          let text = ""
          child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
          yield* Effect.sleep(40 + round * 30)
          child.kill("SIGKILL")
          yield* Effect.promise(() => once(child.stdout, "close"))
          acknowledged.push(...text.split("\n").slice(0, -1))
        }
        strictEqual(acknowledged.length > 100, true, String(acknowledged.length))
        yield* Effect.gen(function* () {
          const { connection } = yield* Database
          strictEqual(connection.pragma("integrity_check", { simple: true }), "ok")
        }).pipe(Effect.provide(layerDatabase(options)))
        yield* Effect.gen(function* () {
          const storage = yield* Storage
          const jobs = new Set((yield* (yield* Queue).find(firmId, {})).map(({ id }) => String(id)))
          for (const id of acknowledged) {
            strictEqual((yield* storage.receipt(firmId, ReceiptId.make(id)))._tag, "Some", id)
            strictEqual(jobs.has(`j-${id}`), true, id)
          }
        }).pipe(Effect.provide(layerSqlite(options)))
      })
    )
  )
})
