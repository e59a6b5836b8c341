import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import SqliteConnection from "better-sqlite3"
import { Effect, Option, Redacted, Stream } from "effect"
import { eraseAll, plant, remains, telling } from "@casewire/contract-kit/RemovalStory"
import {
  connection,
  firm,
  makeCase,
  makeReceipt,
  otherConnection,
  otherFirm,
  secondConnection
} from "@casewire/contract-kit/samples"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { newId } from "@casewire/core/domain/Ids"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Storage } from "@casewire/core/ports/Storage"
import { layerSqlite } from "../src/Sqlite.ts"
import { tempOptions } from "./TempStore.ts"

const everybody = [connection, secondConnection, otherConnection]

const settle = Effect.gen(function* () {
  const store = yield* ConnectionStore
  for (const value of [firm, otherFirm]) yield* store.saveFirm(value)
  for (const value of everybody) yield* store.save(value, { password: Redacted.make("hunter2") })
})

/** Many of one connection among as many of another, with bodies of every size, written again and again. */
const fill = Effect.gen(function* () {
  const [cases, storage] = [yield* CaseStore, yield* Storage]
  const made = yield* Effect.forEach(Array.from({ length: 300 }), (_, index) =>
    makeCase({
      connectionId: index % 3 === 0 ? connection.id : secondConnection.id,
      externalId: ExternalCaseId.make(`98${String(index).padStart(5, "0")}`)
    })
  )
  for (const length of [30, 900, 6000, 60])
    yield* storage.atomically(
      Effect.forEach(made, (of) => cases.save({ ...of, fields: { note: ["limps ".repeat(length / 6)] } }), {
        discard: true
      })
    )
  yield* Effect.forEach(
    made,
    ({ connectionId, externalId }) =>
      Effect.flatMap(makeReceipt({ connectionId, externalCaseId: externalId }), (receipt) =>
        storage.receive(receipt, [])
      ),
    { concurrency: 40 }
  )
  return made
})

/** The sealed values of a connection as they lie in the file, and its record ids, which are in the clear. */
const tracesOf = (file: string, connectionId: string): ReadonlyArray<Buffer> => {
  const store = new SqliteConnection(file, { readonly: true })
  try {
    const blobs = [
      "select body from cases where connection_id = ?",
      "select body from clients where connection_id = ?",
      "select change from case_events where case_id in (select id from cases where connection_id = ?)",
      "select body from timeline where case_id in (select id from cases where connection_id = ?)",
      "select body from receipt_bodies where segment in (select segment from receipts where connection_id = ?)",
      "select meta from documents where owner in (select id from cases where connection_id = ?)",
      "select body from memberships where case_id in (select id from cases where connection_id = ?)",
      "select body from runs where connection_id = ?",
      "select credentials from connections where id = ?"
    ].flatMap((query) => store.prepare(query).pluck().all(connectionId) as ReadonlyArray<Buffer>)
    const ids = store.prepare("select external_id from cases where connection_id = ?").pluck().all(connectionId)
    return [...blobs.map((blob) => blob.subarray(0, 24)), ...ids.map((id) => Buffer.from(String(id)))]
  } finally {
    store.close()
  }
}

/** Every row of every table, also of those that are added one day, in which one of the ids stands. */
const rowsNaming = (file: string, ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  const store = new SqliteConnection(file, { readonly: true })
  try {
    const tables = store.prepare("select name from sqlite_schema where type = 'table'").pluck().all()
    return tables.flatMap((table) => {
      const rows = store.prepare(`select * from "${String(table)}"`).all() as ReadonlyArray<Record<string, unknown>>
      const texts = rows.map((row) =>
        Object.values(row)
          .filter((value) => typeof value === "string")
          .join(" ")
      )
      return texts.some((text) => ids.some((id) => text.includes(id))) ? [String(table)] : []
    })
  } finally {
    store.close()
  }
}

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const found = (folder: string, traces: ReadonlyArray<Buffer>): number => {
  const disk = Buffer.concat(filesBelow(folder).map((file) => readFileSync(file)))
  return traces.filter((trace) => disk.includes(trace)).length
}

const end = Effect.gen(function* () {
  const removal = yield* ConnectionRemoval
  yield* eraseAll(connection, 50)
  strictEqual(yield* removal.end(firm.id, connection.id, { except: telling }), true)
})

describe("Removal", () => {
  it.effect(
    "leaves nothing of an erased connection in the raw file, neither sealed nor clear, and all of the others",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const options = yield* tempOptions
          const folder = dirname(options.file)
          yield* Effect.gen(function* () {
            yield* settle
            const made = yield* fill
            const planted = yield* plant(connection)
            const others = [yield* plant(secondConnection), yield* plant(otherConnection)]
            const before = yield* Effect.forEach(others, remains)
            const traces = tracesOf(options.file, connection.id).filter(
              // The sample's own record ids are those of the others, too.
              (trace) => !["1001", "1002"].includes(trace.toString())
            )
            strictEqual(traces.length > 200, true)
            strictEqual(found(folder, traces), traces.length)
            const documents = filesBelow(options.documents).length
            yield* end
            strictEqual(yield* (yield* ConnectionRemoval).scrub, true)
            strictEqual(found(folder, traces), 0)
            const { files, held, imported, job, of, receipt, runId } = planted
            const ids = [
              connection.id,
              of.id,
              imported.id,
              receipt.id,
              job.id,
              held.id,
              runId,
              ...files.map(({ id }) => id)
            ]
            deepStrictEqual(rowsNaming(options.file, ids), [])
            deepStrictEqual(yield* remains(planted), {})
            deepStrictEqual(yield* Effect.forEach(others, remains), before)
            strictEqual(filesBelow(options.documents).length, documents - planted.files.length)
            const cases = yield* CaseStore
            for (const of of made)
              strictEqual(Option.isSome(yield* cases.get(firm.id, of.id)), of.connectionId === secondConnection.id)
          }).pipe(Effect.provide(layerSqlite(options)))
        })
      )
  )

  it.effect("rewrites the file at the next start, when the host was killed before it did", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const folder = dirname(options.file)
        yield* Effect.gen(function* () {
          yield* settle
          yield* plant(connection)
          yield* end
        }).pipe(Effect.provide(layerSqlite(options)))
        // A page that was never overwritten, as rows leave one that moved to another page.
        const store = new SqliteConnection(options.file)
        store.pragma("secure_delete = off")
        store.exec("create table moved (body text); insert into moved values ('limps on Tuesdays'); drop table moved")
        store.close()
        const trace = [Buffer.from("limps on Tuesdays")]
        strictEqual(found(folder, trace), 1)
        yield* Effect.sync(() => strictEqual(found(folder, trace), 0)).pipe(Effect.provide(layerSqlite(options)))
      })
    )
  )

  it.effect("removes the bytes of documents whose rows went when the host was killed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Effect.gen(function* () {
          yield* settle
          const planted = yield* plant(connection)
          const big = { id: yield* newId, firmId: firm.id, name: "big.pdf", contentType: "application/pdf" }
          yield* (yield* DocumentStore).put(
            { ...big, owner: planted.of.id },
            Stream.make(new Uint8Array(200_000)),
            300_000
          )
        }).pipe(Effect.provide(layerSqlite(options)))
        strictEqual(filesBelow(options.documents).length, 4)
        // What a kill between the commit and the removal of the files leaves.
        const store = new SqliteConnection(options.file)
        store.exec("delete from documents")
        store.close()
        yield* Effect.void.pipe(Effect.provide(layerSqlite(options)))
        strictEqual(filesBelow(options.documents).length, 0)
      })
    )
  )
})
