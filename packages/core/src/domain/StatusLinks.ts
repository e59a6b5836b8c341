/**
 * Which status of the platform is which status of the CRM, for one case type, in both directions, and which statuses of
 * the platform are the end of a case.
 *
 * Several of the CRM's statuses may mean one of the platform's; the other way round only one can be written. Without a
 * link a status is called the same on both sides.
 */
import { Schema } from "effect"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"
import type { FieldProblem } from "./Receipt.ts"
import { sameStatus, statusKey } from "./StatusSync.ts"

export const StatusLink = Schema.Struct({
  platform: Schema.String,
  crm: Schema.String,
  /** `both`: the CRM's status is shown as the platform's, and the platform's is written as the CRM's. */
  direction: Schema.Literals(["both", "from-crm", "to-crm"])
})
export interface StatusLink extends Schema.Schema.Type<typeof StatusLink> {}

export const KnownStatus = Schema.Struct({
  name: Schema.String,
  /** `crm`: came with a case and nobody had named it before. */
  origin: Schema.Literals(["person", "crm"]),
  addedAt: Instant
})
export interface KnownStatus extends Schema.Schema.Type<typeof KnownStatus> {}

/** What a firm decided about the statuses of one case type. */
export const StatusTable = Schema.Struct({
  firmId: FirmId,
  connectionId: ConnectionId,
  /** The case type's key; see `caseTypeKey`. */
  caseType: Schema.String,
  /** The platform's statuses of the linked case type. */
  statuses: Schema.Array(KnownStatus),
  links: Schema.Array(StatusLink),
  /** Statuses of the platform that no case leaves without a person. */
  terminal: Schema.Array(Schema.String),
  updatedAt: Instant,
  updatedBy: Schema.String
})
export interface StatusTable extends Schema.Schema.Type<typeof StatusTable> {}

type Links = Pick<StatusTable, "links" | "statuses"> | undefined

/** What the platform calls a status of the CRM: by link, else by the platform's spelling of the same name. */
export const statusToPlatform = (table: Links, crm: string): string =>
  table?.links.find((link) => link.direction !== "to-crm" && sameStatus(link.crm, crm))?.platform ??
  table?.statuses.find(({ name }) => sameStatus(name, crm))?.name ??
  crm

/** What the CRM calls a status of the platform: by link, else the same. */
export const statusToCrm = (table: Links, platform: string): string =>
  table?.links.find((link) => link.direction !== "from-crm" && sameStatus(link.platform, platform))?.crm ?? platform

export const isTerminalStatus = (table: Pick<StatusTable, "terminal"> | undefined, platform: string): boolean =>
  table?.terminal.some((name) => sameStatus(name, platform)) === true

/** The table with a status that came from the CRM, or the same table where nothing is new about it. */
export const withInboundStatus = (table: StatusTable, crm: string, at: Instant): StatusTable => {
  const name = statusToPlatform(table, crm)
  return table.statuses.some((known) => sameStatus(known.name, name))
    ? table
    : { ...table, statuses: [...table.statuses, { name, origin: "crm", addedAt: at }] }
}

/** What is wrong before a table is saved: blanks, and a status that would be two things at once. */
export const checkStatusTable = (
  links: ReadonlyArray<StatusLink>,
  terminal: ReadonlyArray<string>
): ReadonlyArray<FieldProblem> => {
  const shown = new Set<string>()
  const written = new Set<string>()
  const taken = (seen: Set<string>, name: string, counts: boolean): boolean => {
    const key = statusKey(name)
    if (!counts || !seen.has(key)) {
      if (counts) seen.add(key)
      return false
    }
    return true
  }
  return [
    ...links.flatMap(({ crm, direction, platform }, index): ReadonlyArray<FieldProblem> => {
      if (crm.trim() === "") return [{ field: `links[${index}].crm`, code: "empty" }]
      if (platform.trim() === "") return [{ field: `links[${index}].platform`, code: "empty" }]
      return [
        ...(taken(shown, crm, direction !== "to-crm") ? [{ field: `links[${index}].crm`, code: "repeated" }] : []),
        ...(taken(written, platform, direction !== "from-crm")
          ? [{ field: `links[${index}].platform`, code: "repeated" }]
          : [])
      ]
    }),
    ...terminal.flatMap((name, index) => (name.trim() === "" ? [{ field: `terminal[${index}]`, code: "empty" }] : []))
  ]
}
