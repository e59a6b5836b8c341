/**
 * A firm's statuses per case type: which is which on both sides, which are the end of a case, and which case types
 * anything is sent for.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { CatchUp } from "./CatchUp.ts"
import { emptyStatusTable } from "./CaseMapping.ts"
import { caseTypeOf, MappingInvalid } from "./Mappings.ts"
import type { Connection, ConnectionId } from "./domain/Connection.ts"
import type { FirmId } from "./domain/Ids.ts"
import {
  checkStatusTable,
  type KnownStatus,
  type StatusLink,
  type StatusTable,
  statusToCrm,
  statusToPlatform
} from "./domain/StatusLinks.ts"
import { sameStatus, statusKey } from "./domain/StatusSync.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { MappingStore } from "./ports/MappingStore.ts"
import { Storage } from "./ports/Storage.ts"

export interface StatusDecisions {
  readonly links: ReadonlyArray<StatusLink>
  readonly terminal: ReadonlyArray<string>
  /** The platform's statuses, where the firm wants to name them; absent leaves the known ones. */
  readonly statuses?: ReadonlyArray<string>
}

export interface StatusMap {
  readonly table: StatusTable
  /** The CRM's statuses as the catalog has them, and what the platform calls each. */
  readonly crm: ReadonlyArray<{ readonly name: string; readonly platform: string; readonly isKnown: boolean }>
  /** The platform's, and what is written for each. */
  readonly platform: ReadonlyArray<KnownStatus & { readonly crm: string; readonly isListed: boolean }>
}

export class StatusMapping extends Context.Service<
  StatusMapping,
  {
    readonly get: (firmId: FirmId, id: ConnectionId, caseType: string) => Effect.Effect<StatusMap, ConnectionNotFound>
    readonly save: (
      firmId: FirmId,
      id: ConnectionId,
      caseType: string,
      decisions: StatusDecisions,
      by: string
    ) => Effect.Effect<StatusMap, MappingInvalid | ConnectionNotFound>
    /** Limits what is sent to these case types; `null` lifts the limit. What comes in is never limited by it. */
    readonly selectOutgoing: (
      firmId: FirmId,
      id: ConnectionId,
      caseTypes: ReadonlyArray<string> | null
    ) => Effect.Effect<Connection, MappingInvalid | ConnectionNotFound>
  }
>()("@casewire/core/StatusMapping") {
  static readonly layer = Layer.effect(
    StatusMapping,
    Effect.gen(function* () {
      const catchUp = yield* CatchUp
      const connections = yield* ConnectionStore
      const storage = yield* Storage
      const store = yield* MappingStore

      const tableOf = Effect.fnUntraced(function* (firmId: FirmId, id: ConnectionId, caseType: string) {
        const tables = yield* store.statuses(firmId, id)
        const found = tables.find((table) => table.caseType === caseType)
        return found ?? emptyStatusTable(firmId, id, caseType, yield* Clock.currentTimeMillis)
      })

      const mapOf = Effect.fnUntraced(function* (table: StatusTable): Effect.fn.Return<StatusMap> {
        const snapshot = Option.getOrUndefined(yield* store.catalog(table.firmId, table.connectionId))
        const listed = snapshot?.catalog.statuses.map(({ name }) => name) ?? []
        const isListed = (name: string) => listed.some((each) => sameStatus(each, name))
        return {
          table,
          crm: listed.map((name) => {
            const platform = statusToPlatform(table, name)
            return { name, platform, isKnown: table.statuses.some((known) => sameStatus(known.name, platform)) }
          }),
          platform: table.statuses.map((status) => {
            const crm = statusToCrm(table, status.name)
            return { ...status, crm, isListed: isListed(crm) }
          })
        }
      })

      const get: StatusMapping["Service"]["get"] = Effect.fn("StatusMapping.get")(function* (firmId, id, caseType) {
        yield* connections.get(firmId, id)
        return yield* mapOf(yield* tableOf(firmId, id, caseType))
      })

      const save: StatusMapping["Service"]["save"] = Effect.fn("StatusMapping.save")(function* (
        firmId,
        id,
        caseType,
        { links, statuses, terminal },
        by
      ) {
        yield* connections.get(firmId, id)
        const errors = checkStatusTable(links, terminal)
        if (errors.length > 0) return yield* new MappingInvalid({ errors, message: "a status would be two things" })
        const now = yield* Clock.currentTimeMillis
        const table = yield* storage.atomically(
          Effect.gen(function* () {
            const before = yield* tableOf(firmId, id, caseType)
            const names = [
              ...(statuses ?? before.statuses.map(({ name }) => name)),
              ...links.map(({ platform }) => platform),
              ...terminal
            ]
            const unique = new Map(names.map((name) => [statusKey(name), name.trim()]))
            const table: StatusTable = {
              ...before,
              links,
              terminal,
              statuses: [...unique.values()]
                .filter((name) => name !== "")
                .map(
                  (name) =>
                    before.statuses.find((known) => sameStatus(known.name, name)) ?? {
                      name,
                      origin: "person",
                      addedAt: now
                    }
                ),
              updatedAt: now,
              updatedBy: by
            }
            yield* store.saveStatuses(table)
            return table
          })
        )
        return yield* mapOf(table)
      })

      const selectOutgoing: StatusMapping["Service"]["selectOutgoing"] = Effect.fn("StatusMapping.selectOutgoing")(
        function* (firmId, id, caseTypes) {
          const catalog = Option.getOrUndefined(yield* store.catalog(firmId, id))?.catalog
          const given = caseTypes ?? []
          const names = given.map(
            (each) => (catalog === undefined ? undefined : caseTypeOf(catalog, each)?.name) ?? each.trim()
          )
          const blank = names.findIndex((name) => name === "")
          if (blank >= 0)
            return yield* new MappingInvalid({
              errors: [{ field: `caseTypes[${blank}]`, code: "empty" }],
              message: "a case type has no name"
            })
          const now = yield* Clock.currentTimeMillis
          const selected = yield* connections.update(firmId, id, (connection) => {
            const { outgoingCaseTypes: _before, ...others } = { ...connection, updatedAt: now }
            return caseTypes === null ? others : { ...others, outgoingCaseTypes: names }
          })
          // What waited for this choice goes on.
          yield* catchUp.run(selected)
          return selected
        }
      )

      return StatusMapping.of({ get, save, selectOutgoing })
    })
  ).pipe(Layer.provide(CatchUp.layer))
}
