/** Letting a connection go, in memory. Each call is one transaction; there is no file in which anything could remain. */
import { Effect, Layer } from "effect"
import { type Case, noConnection } from "../domain/Case.ts"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId, Instant } from "../domain/Ids.ts"
import { type Inventory, sizeOf } from "../domain/Inventory.ts"
import type { RunId } from "../domain/Run.ts"
import { ConnectionRemoval } from "../ports/ConnectionRemoval.ts"
import { Database, type Table, type Transaction } from "./Database.ts"
import { isLeased } from "./Jobs.ts"

export const layer = Layer.effect(
  ConnectionRemoval,
  Effect.gen(function* () {
    const database = yield* Database

    const isOwn = (firmId: FirmId, id: ConnectionId) => database.connections.get(id)?.firmId === firmId

    return ConnectionRemoval.of({
      disarm: (firmId, id) =>
        database.write((tx) => {
          if (!isOwn(firmId, id)) return
          database.credentials.delete(tx, id)
          for (const [token, { owner }] of database.tokens.entries())
            if (owner._tag === "Webhook" && owner.connectionId === id) database.tokens.delete(tx, token)
        }),

      inventory: (firmId, id) => database.read((now) => countOf(rowsOf(database, firmId, id, { now, except: null }))),

      erase: (firmId, id, { except, limit }) =>
        database.writeOutside((tx, now) => {
          let count = 0
          for (const row of rowsOf(database, firmId, id, { now, except }).filter(({ isBusy }) => !isBusy)) {
            if (count >= limit) break
            row.remove(tx)
            count++
          }
          return count
        }),

      end: (firmId, id, { except }) =>
        database.write((tx, now) => {
          if (!isOwn(firmId, id)) return true
          if (sizeOf(countOf(rowsOf(database, firmId, id, { now, except }))) > 0) return false
          for (const name of [`pull ${id}`, `sweep ${id}`]) database.ticks.delete(tx, name)
          for (const [token, { owner }] of database.tokens.entries())
            if (owner._tag === "Webhook" && owner.connectionId === id) database.tokens.delete(tx, token)
          database.credentials.delete(tx, id)
          database.connections.delete(tx, id)
          return true
        }),

      scrub: Effect.succeed(true)
    })
  })
)

interface Row {
  readonly kind: keyof Inventory | "hidden"
  /** A job that is being done is left to whoever does it. */
  readonly isBusy: boolean
  readonly remove: (tx: Transaction) => void
}

const countOf = (rows: ReadonlyArray<Row>): Inventory => {
  const counts = {
    cases: 0,
    clients: 0,
    history: 0,
    timeline: 0,
    documents: 0,
    receipts: 0,
    jobs: 0,
    memberships: 0,
    mappings: 0,
    runs: 0,
    webhooks: 0
  }
  for (const { kind } of rows) if (kind !== "hidden") counts[kind]++
  return counts
}

/** Everything of the connection, what hangs on a case or a receipt before the case or the receipt. */
const rowsOf = (
  database: Database["Service"],
  firmId: FirmId,
  id: ConnectionId,
  { except, now }: { readonly now: Instant; readonly except: RunId | null }
): ReadonlyArray<Row> => {
  const take = <V>(kind: Row["kind"], table: Table<V>, isOf: (value: V, key: string) => boolean): ReadonlyArray<Row> =>
    table
      .entries()
      .filter(([key, value]) => isOf(value, key))
      .map(([key]) => ({ kind, isBusy: false, remove: (tx) => table.delete(tx, key) }))
  const isHere = (value: { readonly firmId: string; readonly connectionId: string }) =>
    value.firmId === firmId && value.connectionId === id
  const jobs = database.jobs.values().filter(({ job }) => isHere(job))
  const cases = new Map(
    database.cases
      .values()
      .filter(isHere)
      .map((of) => [of.id as string, of])
  )
  const receipts = new Set<string>(
    database.receipts
      .values()
      .filter(isHere)
      .map((receipt) => receipt.id)
  )
  const ofCase = (value: { readonly firmId: string; readonly caseId?: string | null | undefined }) =>
    value.firmId === firmId && cases.has(value.caseId ?? "")
  const isFile = ({ firmId: of, owner }: { readonly firmId: string; readonly owner: string }) =>
    of === firmId && (cases.has(owner) || receipts.has(owner))
  const operations = new Set<string>([
    ...jobs.map(({ job }) => job.id),
    ...database.documents.values().flatMap(({ meta }) => (isFile(meta) ? [meta.id] : []))
  ])
  const causes = new Set(
    database.timeline.values().flatMap(({ entry }) => (ofCase(entry) ? [keyName(firmId, `event ${entry.cause}`)] : []))
  )
  // What was on its way from the CRM when its job was cut is bound to its id by a key.
  const isIncoming = (key: string) => key.startsWith(keyName(firmId, `document ${id} `).slice(0, -2))
  const incoming = new Set<string>(
    database.keys.entries().flatMap(([key, operation]) => (isIncoming(key) ? [operation] : []))
  )
  const runs = new Set<string>(
    database.runs.values().flatMap((run) => (isHere(run) && run.id !== except ? [run.id] : []))
  )
  return [
    ...take(
      "hidden",
      database.keys,
      (operation, key) => (operations.has(operation) && isKeyOf(firmId, key)) || causes.has(key)
    ),
    ...take(
      "hidden",
      database.documents,
      ({ meta }) => meta.firmId === firmId && incoming.has(meta.id) && !isFile(meta)
    ),
    ...take("hidden", database.keys, (_, key) => isIncoming(key)),
    ...jobs.map((entry): Row => ({
      kind: "jobs",
      isBusy: isLeased(entry, now),
      remove: (tx) => database.jobs.remove(tx, entry.job.id)
    })),
    ...take("history", database.events, ({ event }) => ofCase(event)),
    ...take("timeline", database.timeline, ({ entry }) => ofCase(entry)),
    ...take("memberships", database.memberships, ofCase),
    ...take("hidden", database.listEvents, ofCase),
    ...take("webhooks", database.hookDeliveries, ofCase),
    ...take("documents", database.documents, ({ meta }) => isFile(meta)),
    ...take(
      "clients",
      database.clients,
      (client) => isHere(client) || isEntered(database, [...cases.values()], client)
    ),
    ...take("cases", database.cases, isHere),
    ...take("receipts", database.receipts, isHere),
    ...take("mappings", database.catalogs, isHere),
    ...take("mappings", database.mappings, isHere),
    ...take("mappings", database.mappingDrafts, isHere),
    ...take("mappings", database.statusTables, isHere),
    ...take("hidden", database.switchLog, isHere),
    ...take("hidden", database.runRows, (row) => row.firmId === firmId && runs.has(row.runId)),
    ...take("runs", database.runs, (run) => runs.has(run.id))
  ]
}

/** A client that was entered by hand or from a file, and that no other case has. */
const isEntered = (
  database: Database["Service"],
  cases: ReadonlyArray<Case>,
  client: { readonly id: string; readonly firmId: string; readonly connectionId: string }
): boolean =>
  client.connectionId === noConnection &&
  cases.some((of) => of.firmId === client.firmId && of.clientId === client.id) &&
  database.cases.values().every((of) => of.clientId !== client.id || cases.includes(of))

const keyName = (firmId: FirmId, key: string): string => JSON.stringify([firmId, key])
const isKeyOf = (firmId: FirmId, name: string): boolean => name.startsWith(`${JSON.stringify([firmId]).slice(0, -1)},`)
