/**
 * What a firm decided for the case type of a case: the field mapping that is in force, or why there is none, and the
 * table of statuses. Asked by whatever takes values in or sends them; it reads the store and decides nothing itself.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { Case } from "./domain/Case.ts"
import type { Connection, ConnectionId } from "./domain/Connection.ts"
import {
  type CampaignOverride,
  comesFromCrm,
  effectiveMapping,
  type FieldMapping,
  type InForce
} from "./domain/FieldMapping.ts"
import { rawOf } from "./domain/FieldSync.ts"
import type { FirmId } from "./domain/Ids.ts"
import { type CaseType, linkOf } from "./domain/Mapping.ts"
import { caseTypeKey } from "./domain/MappingVersion.ts"
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
    /**
     * The entries in force for a case, which are none until its case type is linked and mapped. A campaign's override
     * counts for the fields that it asked for; `campaignId` names one that is asking now.
     */
    readonly fieldsOf: (
      connection: Connection,
      of: Pick<Case, "caseType" | "values">,
      campaignId?: string
    ) => Effect.Effect<FieldsVerdict>
    /** Whether a read left fields out that come from the CRM by the mapping in force. */
    readonly lacksFields: (connection: Connection, of: Case, read: Case["fields"]) => Effect.Effect<boolean>
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
        { caseType, values }: Pick<Case, "caseType" | "values">,
        campaignId?: string
      ): Effect.fn.Return<FieldsVerdict> {
        const link = linkOf(connection.caseTypeLinks, caseType)
        if (link._tag === "NotLinked") return { _tag: "NotMapped", reason: link.reason }
        const keys = keysOf(connection, caseType)
        const company = (yield* latest(connection, keys, null))?.entries ?? []
        const asked = Object.values(values).flatMap((value) => value.campaignId ?? [])
        const overrides: Array<CampaignOverride> = []
        for (const campaign of new Set([...asked, ...(campaignId === undefined ? [] : [campaignId])])) {
          const version = yield* latest(connection, keys, campaign)
          if (version !== undefined) overrides.push({ campaign, entries: version.entries })
        }
        const asking = overrides.find(({ campaign }) => campaign === campaignId)?.entries ?? []
        const entries = inForce(company, overrides, (field) =>
          asking.some(({ platformField }) => platformField === field) ? campaignId : fieldCampaign(values, field)
        )
        return entries.length === 0
          ? { _tag: "NotMapped", reason: `no field of the case type "${caseType.name}" is mapped` }
          : { _tag: "Mapped", entries, effective: isFieldSyncEffective(connection.toggles) }
      })

      const lacksFields: CaseMapping["Service"]["lacksFields"] = (connection, of, read) =>
        Effect.map(
          fieldsOf(connection, of),
          (found) =>
            found._tag === "Mapped" &&
            found.effective &&
            found.entries.some((entry) => comesFromCrm(entry) && rawOf(read, entry.crmKey) === undefined)
        )

      const statusesOf = Effect.fnUntraced(function* (connection: Connection, caseType: CaseType) {
        if (linkOf(connection.caseTypeLinks, caseType)._tag === "NotLinked") return undefined
        const tables = yield* store.statuses(connection.firmId, connection.id)
        const keys = keysOf(connection, caseType)
        return tables.find((table) => keys.includes(table.caseType))
      })

      const learnStatus: CaseMapping["Service"]["learnStatus"] = Effect.fnUntraced(
        function* (connection, caseType, status) {
          if (linkOf(connection.caseTypeLinks, caseType)._tag === "NotLinked") return
          const now = yield* Clock.currentTimeMillis
          const [key] = keysOf(connection, caseType) as [string]
          const table =
            (yield* statusesOf(connection, caseType)) ?? emptyStatusTable(connection.firmId, connection.id, key, now)
          const next = withInboundStatus(table, status, now)
          if (next !== table) yield* store.saveStatuses(next)
        }
      )

      const isTerminal: CaseMapping["Service"]["isTerminal"] = (connection, caseType, status) =>
        Effect.map(statusesOf(connection, caseType), (table) => isTerminalStatus(table, status))

      return CaseMapping.of({ fieldsOf, lacksFields, statusesOf, learnStatus, isTerminal })
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

/** The company's entries, with those of the campaign that a field belongs to in their place. */
const inForce = (
  company: ReadonlyArray<FieldMapping>,
  overrides: ReadonlyArray<CampaignOverride>,
  campaignOf: (field: string) => string | undefined
): ReadonlyArray<InForce> => {
  const byCampaign = new Map(
    [null, ...overrides.map(({ campaign }) => campaign)].map((campaign) => [
      campaign,
      effectiveMapping(company, overrides, campaign)
    ])
  )
  const own = overrides.flatMap(({ campaign, entries }) =>
    entries.flatMap(({ platformField }) => (campaignOf(platformField) === campaign ? [platformField] : []))
  )
  const fields = new Set([...company.map(({ platformField }) => platformField), ...own])
  const chosen = [...fields].flatMap((field) => {
    const campaign = campaignOf(field) ?? null
    const mapping = byCampaign.get(campaign) ?? byCampaign.get(null) ?? []
    return mapping.find(({ platformField }) => platformField === field) ?? []
  })
  // Where an override took the CRM's field of another entry, that one stands back.
  const taken = new Set(chosen.flatMap(({ crmKey, origin }) => (origin === "campaign" ? [crmKey.toLowerCase()] : [])))
  return chosen.filter(({ crmKey, origin }) => origin === "campaign" || !taken.has(crmKey.toLowerCase()))
}

const fieldCampaign = (values: Case["values"], field: string): string | undefined =>
  Object.hasOwn(values, field) ? values[field]?.campaignId : undefined

/** The names a case type may go by: a payload may lack the id that its link knows. The first is the one to write under. */
const keysOf = ({ caseTypeLinks }: Connection, caseType: CaseType): ReadonlyArray<string> => {
  const linked = caseTypeLinks.find((link) => linkOf([link], caseType)._tag === "Linked")?.crmCaseType
  const ids = [linked?.externalId, caseType.externalId].filter((id) => id !== undefined)
  return [...new Set([...ids, ...(linked === undefined ? [] : [caseTypeKey(linked)]), statusKey(caseType.name)])]
}
