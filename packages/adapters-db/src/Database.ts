/**
 * The database file: one connection that writes behind one gate, one that reads what is committed.
 *
 * The open transaction is found through the fiber's context, so stores join it without being told. Reads outside of a
 * transaction go to the second connection and never see what has not been committed. Statements run on the caller's
 * thread; a promise of kysely's is never left half done by an interruption, or it would run after the roll-back.
 */
import { Cause, Context, Effect, Exit } from "effect"
import { Arrivals, unfoldChunk } from "./Arrivals.ts"
import { Breath } from "./Breath.ts"
import { ConnectionCache } from "./ConnectionCache.ts"
import type { Database as Connection } from "better-sqlite3"
import type { Kysely } from "kysely"
import type { LaneHeads } from "./LaneHeads.ts"
import { StorageFailure } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"
import type { Vault } from "./Vault.ts"
import type { WriteGate } from "./WriteGate.ts"

export interface Transaction {
  readonly database: DatabaseService
  isOpen: boolean
  /** Run right after COMMIT, before anyone else gets the gate. */
  readonly afterCommit: Array<() => void>
}

export const CurrentTransaction = Context.Reference<Transaction | undefined>(
  "@casewire/adapters-db/Database/CurrentTransaction",
  { defaultValue: () => undefined }
)

export interface DatabaseService {
  readonly connection: Connection
  readonly writer: Kysely<Tables>
  readonly reader: Kysely<Tables>
  readonly gate: WriteGate
  readonly vault: Vault
  readonly heads: LaneHeads
  readonly cache: ConnectionCache
  readonly arrivals: Arrivals
  /**
   * Gives every webhook that was acknowledged before its rows, for whoever asks the tables; in the transaction of the
   * fiber, else in transactions of its own.
   */
  readonly rowsFirst: Effect.Effect<void>
  /** Opens a transaction of the connection; whoever holds the gate may. */
  readonly begin: () => void
  readonly commit: () => void
  /** To be called after every COMMIT and every roll-back of the connection: memory follows the file. */
  readonly committed: () => void
  readonly rolledBack: () => void
  /** Runs in the transaction of the fiber, else against what is committed. */
  readonly read: <A>(query: (db: Kysely<Tables>) => Promise<A>) => Effect.Effect<A>
  /** Runs in the transaction of the fiber, else in one of its own. */
  readonly write: <A>(query: (db: Kysely<Tables>, transaction: Transaction) => Promise<A>) => Effect.Effect<A>
  readonly atomically: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export class Database extends Context.Service<Database, DatabaseService>()("@casewire/adapters-db/Database") {}

export const makeDatabase = (parts: {
  readonly connection: Connection
  readonly writer: Kysely<Tables>
  readonly reader: Kysely<Tables>
  readonly gate: WriteGate
  readonly vault: Vault
  readonly heads: LaneHeads
  /** Told of every segment of receipts that does not open. */
  readonly damaged: (segment: number, firmId: string) => void
}): DatabaseService => {
  const { connection, gate, heads, reader, vault, writer } = parts

  const run = <A>(query: () => Promise<A>): Effect.Effect<A> =>
    Effect.uninterruptible(
      Effect.callback<A>((resume) => {
        query().then(
          (value) => resume(Effect.succeed(value)),
          (thrown: unknown) => resume(Effect.die(asDefect(thrown)))
        )
      })
    )

  const breath = new Breath()
  const arrivals = new Arrivals(parts, parts.damaged)
  const beginning = connection.prepare("begin immediate")
  const committing = connection.prepare("commit")

  const current = Effect.withFiber<Transaction | undefined>((fiber) => {
    const transaction = Context.get(fiber.context, CurrentTransaction)
    if (transaction === undefined || transaction.database !== database) return Effect.undefined
    if (!transaction.isOpen) return Effect.die(new StorageFailure("misuse", "the transaction has ended"))
    return Effect.succeed(transaction)
  })

  const begin = Effect.callback<Transaction>((resume) => {
    const open = () => {
      try {
        database.begin()
        resume(Effect.succeed({ database, isOpen: true, afterCommit: [] }))
      } catch (thrown) {
        gate.release()
        resume(Effect.die(asDefect(thrown)))
      }
    }
    // Statements and their promises run without a turn of the event loop in between; a chain of transactions would
    // keep sockets waiting for as long as there is work.
    breath.take(() => gate.take(open))
  })

  /** Ends the transaction by the effect's outcome and lets the next one in. */
  const end = (transaction: Transaction, commit: boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      transaction.isOpen = false
      try {
        // A statement that met a full disk may have rolled the whole transaction back already.
        if (commit && !connection.inTransaction) throw new StorageFailure("SQLITE_ABORT", "rolled back by SQLite")
        if (commit) {
          database.commit()
          committed()
          for (const run of transaction.afterCommit) run()
        } else rollBack()
        return Effect.void
      } catch (thrown) {
        rollBack()
        return Effect.die(asDefect(thrown))
      } finally {
        gate.release()
      }
    })

  const committed = () => {
    vault.committed()
    arrivals.committed()
    heads.committed()
  }

  const rolledBack = () => {
    vault.rolledBack()
    arrivals.rolledBack()
    heads.rolledBack()
  }

  const rollBack = () => {
    rolledBack()
    if (connection.inTransaction) connection.exec("rollback")
  }

  const within = <A, E, R>(use: (transaction: Transaction) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    // Waiting for the gate cannot be interrupted: others hold it for a few statements only, and a gate that was handed
    // to a fiber which is gone would never open again.
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(begin, (transaction) =>
        Effect.flatMap(
          Effect.exit(restore(Effect.provideService(use(transaction), CurrentTransaction, transaction))),
          (exit): Effect.Effect<A, E, R> =>
            Effect.flatMap(end(transaction, Exit.isSuccess(exit)), () =>
              Exit.isSuccess(exit) ? Effect.succeed(exit.value) : Effect.failCause(exit.cause as Cause.Cause<E>)
            )
        )
      )
    )

  const unfoldUpTo = (newest: number): Effect.Effect<void> =>
    Effect.flatMap(current, (transaction) =>
      transaction === undefined
        ? Effect.flatMap(
            database.write(async () => arrivals.unfold(unfoldChunk)),
            () => ((arrivals.oldest ?? Number.POSITIVE_INFINITY) > newest ? Effect.void : unfoldUpTo(newest))
          )
        : database.write(async () => arrivals.unfold(Number.POSITIVE_INFINITY))
    )

  const database: DatabaseService = {
    connection,
    writer,
    reader,
    gate,
    vault,
    heads,
    cache: new ConnectionCache(),
    arrivals,
    rowsFirst: Effect.suspend(() => {
      const newest = arrivals.newest
      return newest === undefined ? Effect.void : unfoldUpTo(newest)
    }),
    begin: () => void beginning.run(),
    commit: () => void committing.run(),
    committed,
    rolledBack,
    read: (query) =>
      Effect.flatMap(current, (transaction) => run(() => query(transaction === undefined ? reader : writer))),
    write: (query) =>
      Effect.flatMap(current, (transaction) =>
        transaction === undefined
          ? within((own) => run(() => query(writer, own)))
          : run(() => query(writer, transaction))
      ),
    atomically: (effect) =>
      Effect.flatMap(current, (transaction) =>
        transaction === undefined
          ? within(() => effect)
          : Effect.die(new StorageFailure("misuse", "transactions do not nest"))
      )
  }
  return database
}

/** What the driver throws is a failure of the store; anything else is a bug and stays what it is. */
const asDefect = (thrown: unknown): unknown =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? StorageFailure.from(thrown) : thrown
