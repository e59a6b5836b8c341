/**
 * What a claim costs with 1,000 and with `--backlog` (200,000) jobs waiting: claim one and settle it, through the port.
 * The jobs stand in many lanes (as after an import) and in few (as behind a firm whose CRM is down).
 */
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Redacted } from "effect"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { JobId } from "@casewire/core/domain/Job"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { layerSqlite } from "../src/Sqlite.ts"

const large = Number(process.argv[process.argv.indexOf("--backlog") + 1] || 200_000) || 200_000
const rounds = 2_000

const measure = (backlog: number, lanes: number, connections: number) => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-bench-"))
  return Effect.gen(function* () {
    const storage = yield* Storage
    const queue = yield* Queue
    for (let from = 0; from < backlog; from += 5_000) {
      const jobs = Array.from({ length: Math.min(5_000, backlog - from) }, (_, index) => {
        const n = from + index
        return {
          id: JobId.make(`job-${n}`),
          firmId: FirmId.make("firm"),
          connectionId: ConnectionId.make(`connection-${n % connections}`),
          key: `case-${n % lanes}`,
          lane: "state" as const,
          priority: n % 7,
          work: { _tag: "Pull" as const }
        }
      })
      yield* storage.atomically(queue.enqueue(jobs))
    }
    const claims: Array<number> = []
    for (let round = 0; round < rounds && round < backlog / 2; round++) {
      const start = performance.now()
      const leases = yield* queue.claim({ worker: "bench", limit: 1, leaseMs: 60_000, perConnection: 8 })
      claims.push(performance.now() - start)
      yield* queue.settle(leases[0]!, { _tag: "Done" })
    }
    claims.sort((a, b) => a - b)
    return claims[claims.length >> 1]!
  }).pipe(
    Effect.provide(
      layerSqlite({
        file: join(folder, "db"),
        documents: join(folder, "documents"),
        kek: Redacted.make<Uint8Array>(randomBytes(32))
      })
    ),
    Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true })))
  )
}

const main = Effect.gen(function* () {
  for (const [lanes, connections] of [
    [1_000_000, 1],
    [1_000_000, 50],
    [50, 5]
  ] as const) {
    const small = yield* measure(1_000, lanes, connections)
    const big = yield* measure(large, lanes, connections)
    console.log(
      JSON.stringify({ lanes, connections, at1k: ms(small), [`at${large}`]: ms(big), ratio: ms(big / small) })
    )
  }
})

const ms = (value: number) => Math.round(value * 1000) / 1000

await Effect.runPromise(main)
