/**
 * The embedded store in one layer: takes ownership of the file, checks its settings and the key, migrates, and serves
 * the five ports. Nothing to install and nothing to start.
 */
import { Effect, Layer, Redacted } from "effect"
import type { CaseStore } from "@casewire/core/ports/CaseStore"
import type { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import type { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { DocumentStore } from "@casewire/core/ports/DocumentStore"
import type { MappingStore } from "@casewire/core/ports/MappingStore"
import type { ListStore } from "@casewire/core/ports/ListStore"
import type { PluginStore } from "@casewire/core/ports/PluginStore"
import type { Queue } from "@casewire/core/ports/Queue"
import type { RunStore } from "@casewire/core/ports/RunStore"
import type { Storage } from "@casewire/core/ports/Storage"
import type { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import type { Timeline } from "@casewire/core/ports/Timeline"
import * as CaseStoreSqlite from "./CaseStore.ts"
import * as ConnectionRemovalSqlite from "./ConnectionRemoval.ts"
import * as ConnectionStoreSqlite from "./ConnectionStore.ts"
import { Database, makeDatabase } from "./Database.ts"
import * as DocumentStoreSqlite from "./DocumentStore.ts"
import { LaneHeads } from "./LaneHeads.ts"
import * as MappingStoreSqlite from "./MappingStore.ts"
import * as ListStoreSqlite from "./ListStore.ts"
import { migrateToLatest } from "./Migrations.ts"
import { checkKek, isScrubDue, kyselyOver, openReader, openWriter, rewrapKeys, rewrite } from "./OpenFile.ts"
import * as PluginStoreSqlite from "./PluginStore.ts"
import * as QueueSqlite from "./Queue.ts"
import * as RunStoreSqlite from "./RunStore.ts"
import { takeOwnership } from "./SingleOwner.ts"
import { StorageFailure, StoreLocked, StoreOwned, StoreUnfit } from "./StorageFailure.ts"
import * as StorageSqlite from "./Storage.ts"
import { StoreFitness } from "./StoreFitness.ts"
import * as SubscriptionStoreSqlite from "./SubscriptionStore.ts"
import * as TimelineSqlite from "./Timeline.ts"
import { kekIdOf, Vault, type Kek } from "./Vault.ts"
import { WorkSignal } from "./WorkSignal.ts"
import { WriteGate } from "./WriteGate.ts"

export interface SqliteOptions {
  /** The database file; `-wal`, `-shm`, `.lock` and `.owner` stand beside it. */
  readonly file: string
  /** The folder of the sealed documents. */
  readonly documents: string
  /** The operator's key: 32 bytes. */
  readonly kek: Redacted.Redacted<Uint8Array>
  /** A name of the key; told from the key itself when absent. */
  readonly kekId?: string
}

export type BootFailure = StoreUnfit | StoreOwned | StoreLocked

export const layerSqlite = (
  options: SqliteOptions
): Layer.Layer<
  | Storage
  | Queue
  | Timeline
  | CaseStore
  | ConnectionStore
  | ConnectionRemoval
  | ListStore
  | DocumentStore
  | MappingStore
  | PluginStore
  | RunStore
  | SubscriptionStore
  | StoreFitness,
  BootFailure
> =>
  Layer.mergeAll(
    StorageSqlite.layer,
    QueueSqlite.layer,
    CaseStoreSqlite.layer,
    TimelineSqlite.layer,
    ConnectionStoreSqlite.layer,
    ConnectionRemovalSqlite.layer(options.documents),
    ListStoreSqlite.layer,
    DocumentStoreSqlite.layer(options.documents),
    MappingStoreSqlite.layer,
    PluginStoreSqlite.layer,
    RunStoreSqlite.layer,
    SubscriptionStoreSqlite.layer,
    StoreFitness.layer
  ).pipe(Layer.provide(WorkSignal.layer), Layer.provide(layerDatabase(options)))

/** The open database alone; for tests and tools of this package. */
export const layerDatabase = (options: SqliteOptions): Layer.Layer<Database, BootFailure> =>
  Layer.effect(Database, openDatabase(options))

/** Brings the file to the newest schema and lets go of it; answers the names of the migrations that were run. */
export const migrate = (options: SqliteOptions): Effect.Effect<ReadonlyArray<string>, BootFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* takeFile(options.file)
      const names = yield* migrated(connection)
      yield* boot(() => checkKek(connection, kekOf(options.kek, options.kekId)))
      return names
    })
  )

/** Wraps the firms' keys with another KEK, in one transaction; the store must not be running. Answers how many. */
export const rotateKek = (
  options: Pick<SqliteOptions, "file"> & {
    readonly from: Redacted.Redacted<Uint8Array>
    readonly fromId?: string
    readonly to: Redacted.Redacted<Uint8Array>
    readonly toId?: string
  }
): Effect.Effect<number, BootFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const from = kekOf(options.from, options.fromId)
      const to = kekOf(options.to, options.toId)
      yield* checkKekSize(from)
      yield* checkKekSize(to)
      const connection = yield* takeFile(options.file)
      yield* migrated(connection)
      return yield* boot(() => rewrapKeys(connection, from, to))
    })
  )

const openDatabase = Effect.fnUntraced(function* (options: SqliteOptions) {
  const kek = kekOf(options.kek, options.kekId)
  yield* checkKekSize(kek)
  const connection = yield* takeFile(options.file)
  yield* migrated(connection)
  yield* boot(() => checkKek(connection, kek))
  // Before anybody waits for it.
  yield* boot(() => (isScrubDue(connection) ? rewrite(connection) : undefined))
  const reading = yield* Effect.acquireRelease(
    boot(() => openReader(options.file)),
    (opened) => Effect.sync(() => opened.close())
  )
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const database = makeDatabase({
    connection,
    writer: kyselyOver(connection),
    reader: kyselyOver(reading),
    gate: new WriteGate(),
    vault: new Vault(connection, kek),
    heads: new LaneHeads(connection),
    damaged: (segment, firmId) => fork(Effect.logError("Receipts do not open and are set aside", { segment, firmId }))
  })
  // What the process before acknowledged and had no time to write rows for.
  while (yield* database.write(async () => database.arrivals.recover()));
  return database
})

const takeFile = (file: string) =>
  Effect.gen(function* () {
    yield* Effect.acquireRelease(
      boot(() => takeOwnership(file)),
      (release) => Effect.sync(release)
    )
    return yield* Effect.acquireRelease(
      boot(() => openWriter(file)),
      (opened) => Effect.sync(() => opened.close())
    )
  })

const migrated = (connection: ReturnType<typeof openWriter>) =>
  Effect.tryPromise({
    try: () => migrateToLatest(kyselyOver(connection)),
    catch: (thrown) => StorageFailure.from(thrown)
  }).pipe(Effect.orDie)

const kekOf = (key: Redacted.Redacted<Uint8Array>, id?: string): Kek => {
  const bytes = Redacted.value(key)
  return { id: id ?? kekIdOf(bytes), key: bytes }
}

const checkKekSize = ({ key }: Kek): Effect.Effect<void, StoreUnfit> =>
  key.length === 32
    ? Effect.void
    : Effect.fail(new StoreUnfit({ setting: "key", expected: "32 bytes", found: `${key.length} bytes` }))

/** Runs a step of the start: refusals are typed, anything else is a failure of the store. */
const boot = <A>(step: () => A): Effect.Effect<A, BootFailure> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(step())
    } catch (thrown) {
      return thrown instanceof StoreUnfit || thrown instanceof StoreOwned || thrown instanceof StoreLocked
        ? Effect.fail(thrown)
        : Effect.die(StorageFailure.from(thrown))
    }
  })
