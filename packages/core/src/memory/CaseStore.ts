/** Cases, clients and history in memory. An id never changes its firm: saving it under another one is a defect. */
import { Effect, Layer, Option } from "effect"
import { isConflict, settlementId, type Case, type CaseEvent } from "../domain/Case.ts"
import type { FirmId } from "../domain/Ids.ts"
import { CaseStore, type CaseFilter } from "../ports/CaseStore.ts"
import { Database, type Table, type Transaction } from "./Database.ts"

export const layer = Layer.effect(
  CaseStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { cases, clients, events } = database

    const eventsOf = (firmId: FirmId): ReadonlyArray<CaseEvent> =>
      events
        .values()
        .filter(({ event }) => event.firmId === firmId)
        .sort((a, b) => a.event.at - b.event.at || a.position - b.position)
        .map(({ event }) => event)

    return CaseStore.of({
      get: (firmId, id) => database.read(() => ownRow(cases, firmId, id)),

      findExternal: (firmId, connectionId, externalId) =>
        database.read(() =>
          Option.fromUndefinedOr(
            cases.values().find((row) => isExternal(row, connectionId, externalId) && row.firmId === firmId)
          )
        ),

      list: (firmId, filter) =>
        database.read(() =>
          cases
            .values()
            .filter((row) => row.firmId === firmId && matches(filter, row))
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, filter.limit)
        ),

      save: (value) => database.write((tx) => saveUnique(cases, tx, value)),

      client: (firmId, id) => database.read(() => ownRow(clients, firmId, id)),

      findExternalClient: (firmId, connectionId, externalId) =>
        database.read(() =>
          Option.fromUndefinedOr(
            clients.values().find((row) => isExternal(row, connectionId, externalId) && row.firmId === firmId)
          )
        ),

      saveClient: (value) => database.write((tx) => saveUnique(clients, tx, value)),

      record: (event) =>
        database.write((tx) => {
          if (events.get(event.id) !== undefined) return
          events.set(tx, event.id, { event, position: database.nextNumber() })
        }),

      history: (firmId, id) => database.read(() => eventsOf(firmId).filter((event) => event.caseId === id)),

      conflicts: (firmId, { id, limit }) =>
        database.read(() =>
          eventsOf(firmId)
            .filter((event) =>
              id === undefined
                ? isConflict(event) && events.get(settlementId(event.id))?.event.firmId !== firmId
                : isConflict(event) && event.id === id
            )
            .toReversed()
            .slice(0, limit)
        )
    })
  })
)

interface Row {
  readonly id: string
  readonly firmId: FirmId
  readonly connectionId: string
  readonly externalId: string
}

const ownRow = <A extends Row>(table: Table<A>, firmId: FirmId, id: string): Option.Option<A> =>
  Option.filter(Option.fromUndefinedOr(table.get(id)), (row) => row.firmId === firmId)

const isExternal = (row: Row, connectionId: string, externalId: string): boolean =>
  row.connectionId === connectionId && row.externalId === externalId

const saveUnique = <A extends Row>(table: Table<A>, tx: Transaction, value: A): void => {
  const before = table.get(value.id)
  if (before !== undefined && before.firmId !== value.firmId) throw new Error("the id belongs to another firm")
  const other = table
    .values()
    .find((row) => row.id !== value.id && isExternal(row, value.connectionId, value.externalId))
  if (other !== undefined) throw new Error("a second record with the same connection and external id")
  table.set(tx, value.id, value)
}

const matches = (filter: CaseFilter, row: Case): boolean =>
  (filter.connectionId === undefined || filter.connectionId === row.connectionId) &&
  (filter.dirty === undefined || filter.dirty === (row.dirtySince !== null)) &&
  (filter.before === undefined || row.id < filter.before)
