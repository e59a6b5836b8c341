/**
 * The tables that all memory adapters share, with the transactions over them.
 *
 * Every operation passes one gate, so transactions are serial and nobody sees what is not committed. A transaction
 * keeps how to undo each of its writes; the fiber's context says which one is open. A write outside of one commits by
 * itself. Waiting inside a transaction for a fiber outside of it is a deadlock, here as with one SQLite connection.
 */
import { Clock, Context, Effect, Exit, Layer, Redacted, Semaphore } from "effect"
import type { Case, CaseEvent, Client } from "../domain/Case.ts"
import type { Connection, Firm } from "../domain/Connection.ts"
import type { Instant } from "../domain/Ids.ts"
import type { JobId } from "../domain/Job.ts"
import type { Campaign, List, ListEvent, Membership } from "../domain/List.ts"
import type { CatalogSnapshot, MappingDraft, MappingVersion } from "../domain/MappingVersion.ts"
import type { Receipt } from "../domain/Receipt.ts"
import type { KeptVersion, Pin, Swap } from "../domain/PluginSwap.ts"
import type { Run, RunRow } from "../domain/Run.ts"
import type { StatusTable } from "../domain/StatusLinks.ts"
import type { HookDelivery, Subscription } from "../domain/Subscription.ts"
import type { SwitchChange } from "../domain/Toggles.ts"
import type { TimelineEntry } from "../domain/TimelineEntry.ts"
import type { TokenOwner } from "../ports/ConnectionStore.ts"
import type { StoredDocument } from "../ports/DocumentStore.ts"
import { Jobs } from "./Jobs.ts"

export class Transaction {
  readonly #undo: Array<() => void> = []
  readonly #after: Array<() => void> = []
  readonly database: Database["Service"]
  isOpen = true

  constructor(database: Database["Service"]) {
    this.database = database
  }
  onRollback(undo: () => void): void {
    this.#undo.push(undo)
  }
  onCommit(after: () => void): void {
    this.#after.push(after)
  }
  commit(): void {
    this.isOpen = false
    for (const after of this.#after) after()
  }
  rollback(): void {
    this.isOpen = false
    for (const undo of this.#undo.reverse()) undo()
  }
}

/** The transaction that the fiber is in. */
export const CurrentTransaction = Context.Reference<Transaction | null>("@casewire/core/memory/CurrentTransaction", {
  defaultValue: () => null
})

/** Rows by key; every change says how to undo it. Rows are plain values and never changed in place. */
export class Table<V> {
  readonly #rows = new Map<string, V>()

  get(key: string): V | undefined {
    return this.#rows.get(key)
  }
  values(): Array<V> {
    return [...this.#rows.values()]
  }
  entries(): Array<[string, V]> {
    return [...this.#rows]
  }
  set(tx: Transaction, key: string, value: V): void {
    const before = this.#rows.get(key)
    this.#rows.set(key, value)
    tx.onRollback(() => (before === undefined ? this.#rows.delete(key) : this.#rows.set(key, before)))
  }
  delete(tx: Transaction, key: string): void {
    const before = this.#rows.get(key)
    if (before === undefined) return
    this.#rows.delete(key)
    tx.onRollback(() => this.#rows.set(key, before))
  }
}

export interface Token {
  readonly owner: TokenOwner
  readonly validUntil: Instant | null
}

export class Database extends Context.Service<
  Database,
  {
    readonly firms: Table<Firm>
    readonly connections: Table<Connection>
    readonly credentials: Table<Readonly<Record<string, Redacted.Redacted<string>>>>
    readonly tokens: Table<Token>
    readonly switchLog: Table<{
      readonly firmId: string
      readonly connectionId: string
      readonly change: SwitchChange
      readonly position: number
    }>
    readonly cases: Table<Case>
    readonly clients: Table<Client>
    readonly events: Table<{ readonly event: CaseEvent; readonly position: number }>
    readonly lists: Table<List>
    readonly campaigns: Table<Campaign>
    readonly memberships: Table<Membership>
    readonly listEvents: Table<ListEvent>
    readonly receipts: Table<Receipt>
    readonly keys: Table<JobId>
    readonly catalogs: Table<CatalogSnapshot>
    readonly mappings: Table<MappingVersion>
    readonly mappingDrafts: Table<MappingDraft>
    readonly statusTables: Table<StatusTable>
    readonly documents: Table<{
      readonly meta: StoredDocument
      readonly chunks: ReadonlyArray<Uint8Array>
      readonly position: number
    }>
    readonly timeline: Table<{ readonly entry: TimelineEntry; readonly position: number }>
    readonly slots: Table<{
      readonly base: Instant
      readonly taken: number
      readonly calls: number
      readonly windowMs: number
    }>
    readonly ticks: Table<Instant>
    readonly subscriptions: Table<Subscription>
    /** Newest first. */
    readonly hookSecrets: Table<ReadonlyArray<{ readonly secret: string; readonly validUntil: Instant | null }>>
    readonly hookDeliveries: Table<HookDelivery>
    readonly pluginVersions: Table<{ readonly version: KeptVersion; readonly position: number }>
    readonly pluginPins: Table<Pin>
    readonly pluginSwaps: Table<Swap>
    readonly runs: Table<Run>
    readonly runRows: Table<{ readonly firmId: string; readonly runId: string; readonly row: RunRow }>
    readonly jobs: Jobs
    /** A number larger than all before it; never handed out again, also after a roll-back. */
    readonly nextNumber: () => number
    readonly atomically: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Joins the open transaction, or commits by itself. What throws is a defect and changes nothing. */
    readonly write: <A>(body: (tx: Transaction, now: Instant) => A) => Effect.Effect<A>
    /** As `write`, and dies outside a transaction. */
    readonly writeInside: <A>(body: (tx: Transaction, now: Instant) => A) => Effect.Effect<A>
    /** As `write`, and dies inside a transaction. */
    readonly writeOutside: <A>(body: (tx: Transaction, now: Instant) => A) => Effect.Effect<A>
    readonly read: <A>(body: (now: Instant) => A) => Effect.Effect<A>
    /** What the sudden death of the process does: the open transaction is undone, and nobody holds the gate. */
    readonly crash: () => void
  }
>()("@casewire/core/memory/Database") {
  static readonly make = (): Database["Service"] => {
    let gate = Semaphore.makeUnsafe(1)
    let open: Transaction | null = null
    let number = 0

    const now = (clock: Clock.Clock): Instant => Math.floor(clock.currentTimeMillisUnsafe())

    const alone = <A>(body: (tx: Transaction, now: Instant) => A): Effect.Effect<A> =>
      gate.withPermit(
        Clock.clockWith((clock) =>
          Effect.sync(() => {
            const tx = new Transaction(database)
            try {
              const result = body(tx, now(clock))
              tx.commit()
              return result
            } catch (defect) {
              tx.rollback()
              throw defect
            }
          })
        )
      )

    const joining = <A>(tx: Transaction, body: (tx: Transaction, now: Instant) => A): Effect.Effect<A> =>
      Clock.clockWith((clock) =>
        tx.isOpen ? Effect.sync(() => body(tx, now(clock))) : Effect.die(new Error("the transaction is over"))
      )

    const inTransaction = <A, E, R>(use: (tx: Transaction | null) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.flatMap(CurrentTransaction, (tx) => use(tx !== null && tx.database === database ? tx : null))

    const database: Database["Service"] = {
      firms: new Table(),
      connections: new Table(),
      credentials: new Table(),
      tokens: new Table(),
      switchLog: new Table(),
      cases: new Table(),
      clients: new Table(),
      events: new Table(),
      lists: new Table(),
      campaigns: new Table(),
      memberships: new Table(),
      listEvents: new Table(),
      receipts: new Table(),
      keys: new Table(),
      catalogs: new Table(),
      mappings: new Table(),
      mappingDrafts: new Table(),
      statusTables: new Table(),
      documents: new Table(),
      timeline: new Table(),
      slots: new Table(),
      ticks: new Table(),
      subscriptions: new Table(),
      hookSecrets: new Table(),
      hookDeliveries: new Table(),
      pluginVersions: new Table(),
      pluginPins: new Table(),
      pluginSwaps: new Table(),
      runs: new Table(),
      runRows: new Table(),
      jobs: new Jobs(),
      nextNumber: () => ++number,
      atomically: (effect) =>
        inTransaction((current) =>
          current !== null
            ? Effect.die(new Error("a transaction inside a transaction: atomically does not nest"))
            : gate.withPermit(
                Effect.suspend(() => {
                  const tx = new Transaction(database)
                  open = tx
                  return effect.pipe(
                    Effect.provideService(CurrentTransaction, tx),
                    Effect.onExit((exit) =>
                      Effect.sync(() => {
                        open = null
                        if (Exit.isSuccess(exit)) tx.commit()
                        else tx.rollback()
                      })
                    )
                  )
                })
              )
        ),
      write: (body) => inTransaction((tx) => (tx === null ? alone(body) : joining(tx, body))),
      writeInside: (body) =>
        inTransaction((tx) => (tx === null ? Effect.die(new Error("only inside a transaction")) : joining(tx, body))),
      writeOutside: (body) =>
        inTransaction((tx) => (tx === null ? alone(body) : Effect.die(new Error("not inside a transaction")))),
      read: (body) =>
        inTransaction((tx) => (tx === null ? alone((_, at) => body(at)) : joining(tx, (_, at) => body(at)))),
      crash: () => {
        open?.rollback()
        open = null
        gate = Semaphore.makeUnsafe(1)
      }
    }
    return database
  }

  static readonly layer = Layer.sync(Database, Database.make)
}
