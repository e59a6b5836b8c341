/** The firm as it is before a run: connected, every switch on, one list, and what its story says is linked. */
import { noAutoAdd } from "@casewire/core/domain/List"
import { type Database, Transaction } from "@casewire/core/memory/Database"
import { Redacted } from "effect"
import { fieldMap } from "./FieldMap.ts"
import { allOn, connectionId, firmId, listId } from "./Office.ts"
import { caseType, manifest } from "./SimulatedCrm.ts"
import type { Story } from "./Story.ts"

export const connect = (database: Database["Service"], now: number, { mapped, words }: Story): void => {
  const tx = new Transaction(database)
  const isLinked = words.links.length > 0 || mapped
  database.firms.set(tx, firmId, { id: firmId, name: "Firm", createdAt: now })
  database.connections.set(tx, connectionId, {
    id: connectionId,
    firmId,
    plugin: manifest.id,
    name: "Simulated",
    state: "connected",
    sandbox: true,
    settings: { root: "acme" },
    callLimit: null,
    toggles: allOn,
    caseTypeLinks: isLinked ? [{ crmCaseType: caseType, platformCaseType: "Personal injury" }] : [],
    aliases: {},
    cursor: null,
    health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
    createdAt: now,
    updatedAt: now
  })
  if (mapped)
    database.mappings.set(tx, JSON.stringify([firmId, connectionId, caseType.externalId, null, "1"]), {
      firmId,
      connectionId,
      caseType: caseType.externalId,
      campaignId: null,
      number: 1,
      entries: fieldMap,
      savedAt: now,
      savedBy: "a person",
      origin: null
    })
  if (isLinked)
    database.statusTables.set(tx, JSON.stringify([firmId, connectionId, caseType.externalId]), {
      firmId,
      connectionId,
      caseType: caseType.externalId,
      statuses: [...new Set(words.platform)].map((name) => ({ name, origin: "person", addedAt: now })),
      links: words.links,
      terminal: [],
      updatedAt: now,
      updatedBy: "a person"
    })
  database.lists.set(tx, listId, {
    id: listId,
    firmId,
    number: 1,
    name: "Newsletter",
    description: "",
    caseType: null,
    autoAdd: noAutoAdd,
    createdAt: now,
    updatedAt: now,
    archivedAt: null
  })
  database.credentials.set(tx, connectionId, { password: Redacted.make("secret") })
  tx.commit()
}
