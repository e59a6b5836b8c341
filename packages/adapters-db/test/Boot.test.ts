import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { once } from "node:events"
import SqliteConnection from "better-sqlite3"
import { Effect, Layer, Redacted } from "effect"
import { Database } from "../src/Database.ts"
import { checkFitness, isOlder } from "../src/OpenFile.ts"
import { layerDatabase, layerSqlite, migrate } from "../src/Sqlite.ts"
import { StoreOwned, StoreUnfit } from "../src/StorageFailure.ts"
import { startChild } from "./StoreProcess.ts"
import { tempOptions } from "./TempStore.ts"

describe("Boot", () => {
  it.effect("sets what the promises need and reads it back", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Effect.gen(function* () {
          const { connection } = yield* Database
          const settings = ["journal_mode", "synchronous", "mmap_size", "foreign_keys"]
          deepStrictEqual(
            settings.map((name) => connection.pragma(name, { simple: true }) ?? 0),
            ["wal", 2, 0, 1]
          )
          checkFitness(connection)
          for (const [wrong, setting] of [
            ["synchronous = normal", "synchronous"],
            ["foreign_keys = off", "foreign_keys"]
          ] as const) {
            connection.pragma(wrong)
            try {
              checkFitness(connection)
              throw new Error(`${wrong} passed`)
            } catch (thrown) {
              strictEqual(thrown instanceof StoreUnfit && thrown.setting, setting)
            }
            connection.pragma("synchronous = full")
            connection.pragma("foreign_keys = on")
          }
        }).pipe(Effect.provide(layerDatabase(options)))
        const memory = new SqliteConnection(":memory:")
        try {
          checkFitness(memory)
          throw new Error("it passed")
        } catch (thrown) {
          strictEqual(thrown instanceof StoreUnfit && thrown.message.includes("journal_mode must be wal"), true)
        }
        memory.close()
      })
    )
  )

  it("compares versions by number", () => {
    deepStrictEqual(
      ["3.51.2", "3.51.3", "3.51.10", "3.52.0", "4.0", "3.9.9"].map((version) => isOlder(version, "3.51.3")),
      [true, false, false, false, false, true]
    )
  })

  it.effect("refuses a key of the wrong size", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const refused = yield* Effect.flip(
          Layer.build(layerSqlite({ ...options, kek: Redacted.make(new Uint8Array(16)) }))
        )
        strictEqual(refused instanceof StoreUnfit && refused.setting, "key")
      })
    )
  )

  it.effect("migrates once; again changes nothing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        strictEqual((yield* migrate(options))[0], "0001-start")
        deepStrictEqual(yield* migrate(options), [])
        yield* Layer.build(layerSqlite(options))
      })
    )
  )

  it.live(
    "a second process is refused within two seconds and told whose the store is; a dead owner holds nothing",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const options = yield* tempOptions
          const child = yield* startChild(options, "hold")
          const started = performance.now()
          const refused = yield* Effect.flip(Effect.scoped(Layer.build(layerSqlite(options))))
          strictEqual(performance.now() - started < 2000, true)
          deepStrictEqual(refused instanceof StoreOwned && refused.pid, child.pid)
          child.kill("SIGKILL")
          yield* Effect.promise(() => once(child, "exit"))
          yield* Layer.build(layerSqlite(options))
        })
      )
  )

  it.effect("a second opener in the same process is refused too", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Layer.build(layerSqlite(options))
        const refused = yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(layerSqlite(options)))))
        deepStrictEqual(refused instanceof StoreOwned && refused.pid, process.pid)
      })
    )
  )
})
