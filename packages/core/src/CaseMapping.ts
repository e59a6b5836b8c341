/**
 * What a firm decided for the case type of a case: the field mapping that is in force, or why there is none, and the
 * table of statuses. Asked by whatever takes values in or sends them; it reads the store and decides nothing itself.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { Connection, ConnectionId } from "./domain/Connection.ts"
import { effectiveMapping, type InForce } from "./domain/FieldMapping.ts"
import type { FirmId } from "./domain/Ids.ts"
import { type CaseType, linkOf } from "./domain/Mapping.ts"
import { caseTypeKey, type MappingVersion } from "./domain/MappingVersion.ts"
import { isTerminalStatus, type StatusTable, withInboundStatus } from "./domain/StatusLinks.ts"
import { statusKey } from "./domain/StatusSync.ts"
import { isFieldSyncEffective } from "./domain/Toggles.ts"
import { MappingStore } from "./ports/MappingStore.ts"

export type FieldsVerdict =
  | { readonly _tag: "Mapped"; readonly entries: ReadonlyArray<InForce>; readonly effective: boolean }
  | { readonly _tag: "NotMapped"; readonly reason: string }

export class CaseMapping extends Context.Service<
  CaseMapping,
  {
    /** The entries in force, which are none until the case type is linked and mapped. */
    readonly fieldsOf: (connection: Connection, caseType: CaseType, campaignId?: string) => Effect.Effect<FieldsVerdict>
    /** The table of a linked case type, once there is one. */
    readonly statusesOf: (connection: Connection, caseType: CaseType) => Effect.Effect<StatusTable | undefined>
    /** Adds a status nobody knew to the linked case type; nothing happens where the case type is not linked. */
    readonly learnStatus: (connection: Connection, caseType: CaseType, status: string) => Effect.Effect<void>
    /** Whether the firm marked this status of the platform as the end of a case. */
    readonly isTerminal: (connection: Connection, caseType: CaseType, status: string) => Effect.Effect<boolean>
  }
>()("@casewire/core/CaseMapping") {
  static readonly layer = Layer.effect(
    CaseMapping,
    Effect.gen(function* () {
      const store = yield* MappingStore

      const latest = Effect.fnUntraced(function* (
        { firmId, id }: Connection,
        keys: ReadonlyArray<string>,
        campaignId: string | null
      ) {
        for (const caseType of keys) {
          const [version] = yield* store.versions(firmId, id, { caseType, campaignId }, 1)
          if (version !== undefined) return version
        }
        return undefined
      })

      const fieldsOf = Effect.fnUntraced(function* (
        connection: Connection,
        caseType: CaseType,
        campaignId?: string
      ): Effect.fn.Return<FieldsVerdict> {
        const link = linkOf(connection.caseTypeLinks, caseType)
        if (link._tag === "NotLinked") return { _tag: "NotMapped", reason: link.reason }
        const keys = keysOf(connection, caseType)
        const company = yield* latest(connection, keys, null)
        const campaign = campaignId === undefined ? undefined : yield* latest(connection, keys, campaignId)
        const entries = inForce(company, campaign)
        return entries.length === 0
          ? { _tag: "NotMapped", reason: `no field of the case type "${caseType.name}" is mapped` }
          : { _tag: "Mapped", entries, effective: isFieldSyncEffective(connection.toggles) }
      })

      const statusesOf = Effect.fnUntraced(function* (connection: Connection, caseType: CaseType) {
        if (linkOf(connection.caseTypeLinks, caseType)._tag === "NotLinked") return undefined
        const tables = yield* store.statuses(connection.firmId, connection.id)
        const keys = keysOf(connection, caseType)
        return tables.find((table) => keys.includes(table.caseType))
      })

      const learnStatus: CaseMapping["Service"]["learnStatus"] = Effect.fnUntraced(function* (
        connection,
        caseType,
        status
      ) {
        if (linkOf(connection.caseTypeLinks, caseType)._tag === "NotLinked") return
        const now = yield* Clock.currentTimeMillis
        const [key] = keysOf(connection, caseType) as [string]
        const table =
          (yield* statusesOf(connection, caseType)) ?? emptyStatusTable(connection.firmId, connection.id, key, now)
        const next = withInboundStatus(table, status, now)
        if (next !== table) yield* store.saveStatuses(next)
      })

      const isTerminal: CaseMapping["Service"]["isTerminal"] = (connection, caseType, status) =>
        Effect.map(statusesOf(connection, caseType), (table) => isTerminalStatus(table, status))

      return CaseMapping.of({ fieldsOf, statusesOf, learnStatus, isTerminal })
    })
  )
}

export const emptyStatusTable = (
  firmId: FirmId,
  connectionId: ConnectionId,
  caseType: string,
  now: number
): StatusTable => ({
  firmId,
  connectionId,
  caseType,
  statuses: [],
  links: [],
  terminal: [],
  updatedAt: now,
  updatedBy: "crm"
})

const inForce = (company: MappingVersion | undefined, campaign: MappingVersion | undefined): ReadonlyArray<InForce> => {
  const overrides =
    campaign === undefined ? [] : [{ campaign: campaign.campaignId ?? "", entries: campaign.entries }]
  return effectiveMapping(company?.entries ?? [], overrides, campaign?.campaignId ?? null)
}

/** The names a case type may go by: a payload may lack the id that its link knows. The first is the one to write under. */
const keysOf = ({ caseTypeLinks }: Connection, caseType: CaseType): ReadonlyArray<string> => {
  const linked = caseTypeLinks.find((link) => linkOf([link], caseType)._tag === "Linked")?.crmCaseType
  const ids = [linked?.externalId, caseType.externalId].filter((id) => id !== undefined)
  return [...new Set([...ids, ...(linked === undefined ? [] : [caseTypeKey(linked)]), statusKey(caseType.name)])]
}
