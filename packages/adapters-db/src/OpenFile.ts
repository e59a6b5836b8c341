/**
 * Opens the database file and refuses to go on unless it keeps the promises the ports make: flushed commits, no mapped
 * memory, a SQLite without the known faults, and the operator's key fitting.
 *
 * better-sqlite3 is compiled with a weaker `synchronous` under WAL, so settings are set *and read back*.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs"
import { dirname } from "node:path"
import SqliteConnection, { type Database as Connection, type Statement } from "better-sqlite3"
import { Kysely, SqliteDialect } from "kysely"
import { StoreLocked, StoreUnfit } from "./StorageFailure.ts"
import type { Tables } from "./Tables.ts"
import { unwrap, wrap, type Kek } from "./Vault.ts"

const oldestSqlite = "3.51.3"

/** How long a statement waits for a lock that only a foreign tool can hold; it holds up the process meanwhile. */
const busyMs = 1_000

export const openWriter = (file: string): Connection => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite makes files 0644 and gives -wal and -shm the same mode, so the mode is set before they are made.
  const connection = new SqliteConnection(file, { timeout: busyMs })
  try {
    chmodSync(file, 0o600)
    connection.pragma("journal_mode = wal")
    connection.pragma("synchronous = full")
    connection.pragma("wal_autocheckpoint = 8000")
    connection.pragma("mmap_size = 0")
    connection.pragma("foreign_keys = on")
    // What is deleted is overwritten. The build's default leaves it in the file until the page is used again.
    connection.pragma("secure_delete = on")
    checkFitness(connection)
    for (const suffix of ["-wal", "-shm"]) if (existsSync(file + suffix)) chmodSync(file + suffix, 0o600)
    return connection
  } catch (thrown) {
    connection.close()
    throw thrown
  }
}

export const openReader = (file: string): Connection => {
  const connection = new SqliteConnection(file, { timeout: busyMs })
  connection.pragma("query_only = on")
  connection.pragma("mmap_size = 0")
  return connection
}

export interface Fitness {
  readonly setting: string
  readonly expected: string
  readonly found: string
  readonly ok: boolean
}

/** Throws `StoreUnfit` naming the first setting that is wrong. */
export const checkFitness = (connection: Connection): void => {
  const wrong = fitnessOf(connection).find(({ ok }) => !ok)
  if (wrong !== undefined)
    throw new StoreUnfit({ setting: wrong.setting, expected: wrong.expected, found: wrong.found })
}

/** The settings that a durable answer depends on, as they are at this moment. */
export const fitnessOf = (connection: Connection): ReadonlyArray<Fitness> => {
  const version = connection.prepare("select sqlite_version()").pluck().get() as string
  const wanted: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ["journal_mode", ["wal"]],
    ["synchronous", [2, 3]],
    ["foreign_keys", [1]],
    ["secure_delete", [1]],
    // A build without mapped memory answers nothing at all.
    ["mmap_size", [0, undefined]]
  ]
  return [
    { setting: "sqlite_version", expected: `>= ${oldestSqlite}`, found: version, ok: !isOlder(version, oldestSqlite) },
    ...wanted.map(([setting, expected]) => {
      const found = connection.pragma(setting, { simple: true })
      const shown = expected.filter((value) => value !== undefined).join(" or ")
      return { setting, expected: shown, found: String(found ?? "none"), ok: expected.includes(found) }
    })
  ]
}

export const isOlder = (version: string, floor: string): boolean => {
  const numbers = version.split(".").map(Number)
  for (const [index, least] of floor.split(".").map(Number).entries()) {
    const part = numbers[index] ?? 0
    if (part !== least) return part < least
  }
  return false
}

/** Kysely over a connection, with its statements prepared once. The texts are few: one per shape of query. */
export const kyselyOver = (connection: Connection): Kysely<Tables> => {
  const statements = new Map<string, Statement>()
  const prepare = (text: string): Statement => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const statement = connection.prepare(text)
    // Lists of ids make a text per length; beyond this many the rare ones are not worth keeping.
    if (statements.size < 500) statements.set(text, statement)
    return statement
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: { prepare, close: () => {} } }) })
}

/** Notes that the file holds traces of what was removed. Inside a transaction. */
export const scrubDue = (db: Kysely<Tables>) =>
  db
    .insertInto("store")
    .values({ key: "scrub-due", value: "1" })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const isScrubDue = (connection: Connection): boolean =>
  connection.prepare("select 1 from store where key = 'scrub-due'").get() !== undefined

/** Writes the whole file anew, so that no page holds what was deleted or moved. Nobody else may be writing. */
export const rewrite = (connection: Connection): void => {
  connection.exec("vacuum")
  connection.exec("delete from store where key = 'scrub-due'")
  connection.pragma("wal_checkpoint(truncate)")
}

/** Proves that the KEK is the store's: a new store remembers a value wrapped with it, an old one must open. */
export const checkKek = (connection: Connection, kek: Kek): void => {
  const stored = connection.prepare("select value from store where key = 'kek-check'").pluck().get() as
    | string
    | undefined
  if (stored === undefined) {
    connection.prepare("insert into store (key, value) values ('kek-check', ?)").run(checkValue(kek))
    return
  }
  try {
    unwrap(kek, "", 0, Buffer.from(stored, "base64"))
  } catch {
    throw new StoreLocked({ kekId: kek.id })
  }
}

/**
 * Wraps every firm's key anew, in one transaction: interrupted, the old KEK still opens everything. The store must not
 * be open elsewhere.
 */
export const rewrapKeys = (connection: Connection, from: Kek, to: Kek): number => {
  checkKek(connection, from)
  const update = connection.prepare("update firm_keys set wrapped = ?, kek_id = ? where firm_id = ? and version = ?")
  return connection
    .transaction(() => {
      const rows = connection.prepare("select firm_id, version, wrapped from firm_keys").all() as ReadonlyArray<
        Pick<Tables["firm_keys"], "firm_id" | "version" | "wrapped">
      >
      for (const { firm_id, version, wrapped } of rows)
        update.run(wrap(to, firm_id, version, unwrap(from, firm_id, version, wrapped)), to.id, firm_id, version)
      connection.prepare("update store set value = ? where key = 'kek-check'").run(checkValue(to))
      return rows.length
    })
    .immediate()
}

const checkValue = (kek: Kek): string => wrap(kek, "", 0, Buffer.alloc(32)).toString("base64")
