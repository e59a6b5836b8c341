/**
 * Receipts a second through the port, beside a bare group commit of the same bytes unsealed in the same process:
 * interleaved rounds, medians.
 */
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import SqliteConnection from "better-sqlite3"
import { Effect, Redacted } from "effect"
import { Storage } from "@casewire/core/ports/Storage"
import { layerSqlite } from "../src/Sqlite.ts"
import { job, receipt } from "../test/TempStore.ts"

const callers = 64
const each = 300
const rounds = 7
const body = new URLSearchParams(
  Array.from({ length: 10 }, (_, n): [string, string] => [`Field ${n}`, "x".repeat(85)])
).toString()
const folder = mkdtempSync(join(tmpdir(), "casewire-bench-"))

const bare = new SqliteConnection(join(folder, "bare"))
bare.pragma("journal_mode = wal")
bare.pragma("synchronous = full")
bare.exec("create table inbox (id integer primary key, ext text, received integer, body text)")
const insert = bare.prepare("insert into inbox (ext, received, body) values (?, ?, ?)")
const commit = bare.transaction((rows: ReadonlyArray<string>) => {
  for (const row of rows) insert.run("42", 1, row)
})
let waiting: Array<() => void> = []
let rows: Array<string> = []
const put = (row: string) =>
  new Promise<void>((resolve) => {
    rows.push(row)
    waiting.push(resolve)
    if (rows.length > 1) return
    setImmediate(() => {
      const [batch, done] = [rows, waiting]
      rows = []
      waiting = []
      commit(batch)
      for (const answer of done) answer()
    })
  })

let last = 0
const id = () =>
  `019b8d6a-${(++last)
    .toString(16)
    .padStart(8, "0")
    .replace(/(....)$/, "-7$1")
    .slice(0, 13)}-8000-${(last * 7919).toString(16).padStart(12, "0")}`

const perSecond = async (call: (id: string) => Promise<unknown>, round: number) => {
  const start = performance.now()
  const cpu = process.cpuUsage()
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let n = 0; n < each; n++) await call(`${round}-${caller}-${n}`)
    })
  )
  const { system, user } = process.cpuUsage(cpu)
  return { rate: ((callers * each) / (performance.now() - start)) * 1000, cpu: (system + user) / (callers * each) }
}

const median = (values: ReadonlyArray<number>) =>
  Math.round(values.toSorted((a, b) => a - b)[values.length >> 1]! * 10) / 10

const main = Effect.gen(function* () {
  const storage = yield* Storage
  const ours: Array<{ rate: number; cpu: number }> = []
  const floor: Array<{ rate: number; cpu: number }> = []
  for (let round = 0; round < rounds; round++) {
    floor.push(yield* Effect.promise(() => perSecond(() => put(body), round)))
    ours.push(
      yield* Effect.promise(() =>
        perSecond(
          () =>
            Effect.runPromise(
              Effect.suspend(() => {
                // Cases at random out of many; ids in order of time, as the core makes them.
                const key = String(Math.floor(Math.random() * 1_000_000))
                return storage.receive(receipt(id(), { body, externalCaseId: key }), [job(id(), { key })])
              })
            ),
          round
        )
      )
    )
  }
  const of = (all: typeof ours) => ({
    perSecond: median(all.map((one) => one.rate)),
    cpuMicros: median(all.map((one) => one.cpu))
  })
  console.log(
    JSON.stringify({
      ours: of(ours),
      bare: of(floor),
      ratio: median(ours.map((o) => o.rate)) / median(floor.map((f) => f.rate))
    })
  )
}).pipe(
  Effect.provide(
    layerSqlite({
      file: join(folder, "db"),
      documents: join(folder, "documents"),
      kek: Redacted.make<Uint8Array>(randomBytes(32))
    })
  )
)

await Effect.runPromise(main)
bare.close()
rmSync(folder, { recursive: true })
