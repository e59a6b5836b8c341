/** Lists, campaigns, memberships and their audit in memory. An id never changes its firm. */
import { Effect, Layer } from "effect"
import type { FirmId } from "../domain/Ids.ts"
import type { ListEvent } from "../domain/List.ts"
import { ListStore } from "../ports/ListStore.ts"
import { Database, type Table, type Transaction } from "./Database.ts"

export const layer = Layer.effect(
  ListStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { campaigns, listEvents, lists, memberships, receipts } = database

    const append = (tx: Transaction, event: ListEvent): void => {
      if (listEvents.get(event.id) === undefined) listEvents.set(tx, event.id, event)
    }

    return ListStore.of({
      lists: (firmId) => database.read(() => ownByNumber(lists, firmId)),

      campaigns: (firmId) => database.read(() => ownByNumber(campaigns, firmId)),

      saveList: (list, event) =>
        database.write((tx) => {
          saveNumbered(lists, tx, list)
          append(tx, event)
        }),

      saveCampaign: (campaign, event) =>
        database.write((tx) => {
          saveNumbered(campaigns, tx, campaign)
          append(tx, event)
        }),

      membershipsOf: (firmId, caseId) =>
        database.read(() =>
          memberships
            .values()
            .filter((row) => row.firmId === firmId && row.caseId === caseId)
            .sort((a, b) => (a.targetId < b.targetId ? -1 : 1))
        ),

      saveMembership: (membership, events) =>
        database.write((tx) => {
          const { caseId, firmId, targetId } = membership
          memberships.set(tx, JSON.stringify([firmId, targetId, caseId]), membership)
          for (const event of events) append(tx, event)
        }),

      members: (firmId, targetId, { after, isMember, limit }) =>
        database.read(() =>
          memberships
            .values()
            .filter(
              (row) =>
                row.firmId === firmId &&
                row.targetId === targetId &&
                (isMember === undefined || row.isMember === isMember) &&
                (after === undefined || row.caseId > after)
            )
            .sort((a, b) => (a.caseId < b.caseId ? -1 : 1))
            .slice(0, limit)
        ),

      counts: (firmId) =>
        database.read(() => {
          const counts = new Map<string, number>()
          for (const row of memberships.values())
            if (row.firmId === firmId && row.isMember) counts.set(row.targetId, (counts.get(row.targetId) ?? 0) + 1)
          return counts
        }),

      events: (firmId, { before, caseId, limit, targetId }) =>
        database.read(() =>
          listEvents
            .values()
            .filter(
              (event) =>
                event.firmId === firmId &&
                (targetId === undefined || event.targetId === targetId) &&
                (caseId === undefined || event.caseId === caseId) &&
                (before === undefined || event.id < before)
            )
            .sort((a, b) => (a.id < b.id ? 1 : -1))
            .slice(0, limit)
        ),

      newestReceipt: () =>
        database.read(() => receipts.values().reduce((newest, { receiveNumber }) => Math.max(newest, receiveNumber), 0))
    })
  })
)

interface Numbered {
  readonly id: string
  readonly firmId: FirmId
  readonly number: number
}

const ownByNumber = <A extends Numbered>(table: Table<A>, firmId: FirmId): ReadonlyArray<A> =>
  table
    .values()
    .filter((row) => row.firmId === firmId)
    .sort((a, b) => a.number - b.number)

const saveNumbered = <A extends Numbered>(table: Table<A>, tx: Transaction, value: A): void => {
  const before = table.get(value.id)
  if (before !== undefined && before.firmId !== value.firmId) throw new Error("the id belongs to another firm")
  const twin = ownByNumber(table, value.firmId).find((row) => row.number === value.number && row.id !== value.id)
  if (twin !== undefined) throw new Error("a second one with the same number")
  table.set(tx, value.id, value)
}
