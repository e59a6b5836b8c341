import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { createHash, randomBytes } from "node:crypto"
import { readdirSync, readFileSync, truncateSync, writeFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { Cause, Effect, Exit, Stream } from "effect"
import { FirmId } from "@casewire/core/domain/Ids"
import { DocumentNotFound, DocumentStore, DocumentTooLarge } from "@casewire/core/ports/DocumentStore"
import { layerSqlite, type SqliteOptions } from "../src/Sqlite.ts"
import { StorageFailure } from "../src/StorageFailure.ts"
import { firmId, tempOptions } from "./TempStore.ts"

const meta = { id: "d1", firmId, name: "a.pdf", contentType: "application/pdf", owner: "r1" }

const filesOf = (options: SqliteOptions): ReadonlyArray<string> =>
  readdirSync(options.documents, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const withStore = <A, E>(test: (options: SqliteOptions) => Effect.Effect<A, E, DocumentStore>) =>
  Effect.scoped(Effect.flatMap(tempOptions, (options) => Effect.provide(test(options), layerSqlite(options))))

const readAll = (id: string) =>
  Effect.gen(function* () {
    return Buffer.concat(yield* Stream.runCollect((yield* DocumentStore).open(firmId, id)))
  })

const isBroken = (exit: Exit.Exit<unknown, unknown>) => {
  const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return defect instanceof StorageFailure && defect.code === "sealed-value"
}

describe("DocumentStore on disk", () => {
  it.effect("gives back the bytes, whatever their number", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* DocumentStore
        for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
          const bytes = randomBytes(size)
          const pieces = [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)]
          const stored = yield* store.put({ ...meta, id: `d${size}` }, Stream.fromIterable(pieces), size)
          deepStrictEqual([stored.size, stored.sha256], [size, createHash("sha256").update(bytes).digest("hex")])
          strictEqual((yield* readAll(`d${size}`)).equals(bytes), true, String(size))
        }
      })
    )
  )

  it.effect("notices a document that was cut, also between chunks, changed, reordered or swapped", () =>
    withStore((options) =>
      Effect.gen(function* () {
        const store = yield* DocumentStore
        yield* store.put(meta, Stream.make(randomBytes(200_000)), 1_000_000)
        const [file = ""] = filesOf(options)
        const whole = readFileSync(file)
        const chunk = 65_536 + 16
        const changed = Buffer.from(whole)
        changed[100_000]! ^= 1
        const reordered = Buffer.concat([
          whole.subarray(0, 35),
          whole.subarray(35 + chunk, 35 + 2 * chunk),
          whole.subarray(35, 35 + chunk),
          whole.subarray(35 + 2 * chunk)
        ])
        for (const bad of [
          whole.subarray(0, 35 + 2 * chunk),
          whole.subarray(0, -1),
          whole.subarray(0, 35),
          whole.subarray(0, 10),
          changed,
          reordered
        ]) {
          writeFileSync(file, bad)
          strictEqual(isBroken(yield* Effect.exit(readAll("d1"))), true, String(bad.length))
        }
        writeFileSync(file, whole)
        yield* readAll("d1")
        yield* store.put({ ...meta, id: "d2" }, Stream.make(randomBytes(200_000)), 1_000_000)
        const other = filesOf(options).find((name) => name !== file)!
        writeFileSync(other, whole)
        strictEqual(isBroken(yield* Effect.exit(readAll("d2"))), true)
        truncateSync(file, 0)
        strictEqual(isBroken(yield* Effect.exit(readAll("d1"))), true)
      })
    )
  )

  it.effect("an upload that is too large, fails or dies leaves no file", () =>
    withStore((options) =>
      Effect.gen(function* () {
        const store = yield* DocumentStore
        const tooLarge = yield* Effect.flip(store.put(meta, Stream.make(randomBytes(50), randomBytes(51)), 100))
        strictEqual(tooLarge instanceof DocumentTooLarge, true)
        const cut = Stream.concat(Stream.make(randomBytes(100_000)), Stream.fail("cut"))
        strictEqual(yield* Effect.flip(store.put(meta, cut, 1_000_000)), "cut")
        deepStrictEqual(filesOf(options), [])
        strictEqual((yield* Effect.flip(readAll("d1"))) instanceof DocumentNotFound, true)
      })
    )
  )

  it.effect("replaces a known id, removes, and keeps no file too many", () =>
    withStore((options) =>
      Effect.gen(function* () {
        const store = yield* DocumentStore
        yield* store.put(meta, Stream.make(Buffer.from("one")), 10)
        yield* store.put({ ...meta, name: "b.pdf" }, Stream.make(Buffer.from("three")), 10)
        strictEqual((yield* readAll("d1")).toString(), "three")
        strictEqual(filesOf(options).length, 1)
        deepStrictEqual(yield* store.usage(firmId), { documents: 1, bytes: 5 })
        yield* store.remove(firmId, "d1")
        deepStrictEqual(filesOf(options), [])
        deepStrictEqual(yield* store.usage(firmId), { documents: 0, bytes: 0 })
      })
    )
  )

  it.effect("a firm's id never becomes a path", () =>
    withStore((options) =>
      Effect.gen(function* () {
        const store = yield* DocumentStore
        const evil = FirmId.make("../../evil")
        yield* store.put({ ...meta, firmId: evil }, Stream.make(Buffer.from("x")), 10)
        strictEqual(filesOf(options).length, 1)
      })
    )
  )

  it.effect("removes at boot what a crash left, and nothing that is not its own", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Effect.gen(function* () {
          yield* (yield* DocumentStore).put(meta, Stream.make(Buffer.from("kept")), 10)
        }).pipe(Effect.provide(layerSqlite(options)))
        const folder = join(options.documents, firmId)
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, `${crypto.randomUUID()}.part`), "left")
        writeFileSync(join(folder, crypto.randomUUID()), "left")
        writeFileSync(join(folder, "notes.txt"), "not ours")
        yield* Effect.gen(function* () {
          strictEqual((yield* readAll("d1")).toString(), "kept")
          strictEqual(filesOf(options).length, 2)
        }).pipe(Effect.provide(layerSqlite(options)))
      })
    )
  )
})
