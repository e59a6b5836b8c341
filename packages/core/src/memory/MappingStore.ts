/** Mappings, catalogs, drafts and status tables in memory. */
import { Effect, Layer, Option } from "effect"
import type { MappingVersion } from "../domain/MappingVersion.ts"
import { MappingStore } from "../ports/MappingStore.ts"
import { Database } from "./Database.ts"

export const layer = Layer.effect(
  MappingStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { catalogs, mappingDrafts, mappings, statusTables } = database

    const ofConnection = <A extends { readonly firmId: string; readonly connectionId: string }>(
      values: ReadonlyArray<A>,
      firmId: string,
      connectionId: string
    ) => values.filter((value) => value.firmId === firmId && value.connectionId === connectionId)

    return MappingStore.of({
      catalog: (firmId, connectionId) =>
        database.read(() => Option.fromUndefinedOr(catalogs.get(keyOf(firmId, connectionId)))),

      saveCatalog: (snapshot) =>
        database.write((tx) => catalogs.set(tx, keyOf(snapshot.firmId, snapshot.connectionId), snapshot)),

      current: (firmId, connectionId) =>
        database.read(() => {
          const highest = new Map<string, MappingVersion>()
          for (const version of ofConnection(mappings.values(), firmId, connectionId)) {
            const key = keyOf(version.caseType, version.campaignId)
            if (version.number > (highest.get(key)?.number ?? 0)) highest.set(key, version)
          }
          return [...highest.values()].sort(
            (a, b) =>
              order(a.caseType, b.caseType) ||
              Number(a.campaignId !== null) - Number(b.campaignId !== null) ||
              order(a.campaignId ?? "", b.campaignId ?? "")
          )
        }),

      versions: (firmId, connectionId, { campaignId, caseType }, limit) =>
        database.read(() =>
          ofConnection(mappings.values(), firmId, connectionId)
            .filter((version) => version.caseType === caseType && version.campaignId === campaignId)
            .sort((a, b) => b.number - a.number)
            .slice(0, limit)
        ),

      saveVersion: (version) =>
        database.write((tx) => {
          const { campaignId, caseType, connectionId, firmId, number } = version
          const key = keyOf(firmId, connectionId, caseType, campaignId, String(number))
          if (mappings.get(key) !== undefined) throw new Error("a second version with the same number")
          mappings.set(tx, key, version)
        }),

      draft: (firmId, id) =>
        database.read(() =>
          Option.filter(Option.fromUndefinedOr(mappingDrafts.get(id)), (draft) => draft.firmId === firmId)
        ),

      drafts: (firmId, connectionId) =>
        database.read(() =>
          ofConnection(mappingDrafts.values(), firmId, connectionId).sort((a, b) => order(b.id, a.id))
        ),

      saveDraft: (draft) =>
        database.write((tx) => {
          const before = mappingDrafts.get(draft.id)
          if (before !== undefined && before.firmId !== draft.firmId) throw new Error("the id belongs to another firm")
          mappingDrafts.set(tx, draft.id, draft)
        }),

      statuses: (firmId, connectionId) =>
        database.read(() =>
          ofConnection(statusTables.values(), firmId, connectionId).sort((a, b) => order(a.caseType, b.caseType))
        ),

      saveStatuses: (table) =>
        database.write((tx) => statusTables.set(tx, keyOf(table.firmId, table.connectionId, table.caseType), table))
    })
  })
)

const keyOf = (...parts: ReadonlyArray<string | null>): string => JSON.stringify(parts)

/** By code unit, as SQLite's binary order has it for what stands in keys. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
