/**
 * `MappingStore` on SQLite. What a firm maps to what is configuration and stands in the clear; drafts are sealed, because
 * a sheet may hold more than its columns should.
 */
import { Effect, Layer, Option } from "effect"
import { CatalogSnapshot, MappingDraft, MappingVersion } from "@casewire/core/domain/MappingVersion"
import { StatusTable } from "@casewire/core/domain/StatusLinks"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeCatalog = decoder(CatalogSnapshot, "catalog of connection")
const decodeVersion = decoder(MappingVersion, "mapping of connection")
const decodeDraft = decoder(MappingDraft, "mapping draft")
const decodeStatuses = decoder(StatusTable, "status table of connection")

/** The company's default, in a column that is part of a key. */
const company = ""

export const layer: Layer.Layer<MappingStore, never, Database> = Layer.effect(
  MappingStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const toVersion = (row: Pick<Tables["mappings"], "body" | "connection_id">): MappingVersion =>
      decodeVersion(JSON.parse(row.body), row.connection_id)
    const toDraft = (row: Tables["mapping_drafts"]): MappingDraft =>
      decodeDraft(JSON.parse(vault.open(row.firm_id, row.id, "mapping draft", row.body)), row.id)

    return MappingStore.of({
      catalog: Effect.fn("MappingStore.catalog")(function* (firmId, connectionId) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("catalogs")
            .select("body")
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), ({ body }) => decodeCatalog(JSON.parse(body), connectionId))
      }),

      saveCatalog: Effect.fn("MappingStore.saveCatalog")(function* (snapshot) {
        const body = JSON.stringify(snapshot)
        yield* database.write((db) =>
          db
            .insertInto("catalogs")
            .values({ firm_id: snapshot.firmId, connection_id: snapshot.connectionId, body })
            .onConflict((conflict) => conflict.columns(["firm_id", "connection_id"]).doUpdateSet({ body }))
            .execute()
        )
      }),

      current: Effect.fn("MappingStore.current")(function* (firmId, connectionId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("mappings as version")
            .select(["version.body", "version.connection_id"])
            .where("version.firm_id", "=", firmId)
            .where("version.connection_id", "=", connectionId)
            .where("version.number", "=", (query) =>
              query
                .selectFrom("mappings as other")
                .select((expression) => expression.fn.max("other.number").as("highest"))
                .whereRef("other.firm_id", "=", "version.firm_id")
                .whereRef("other.connection_id", "=", "version.connection_id")
                .whereRef("other.case_type", "=", "version.case_type")
                .whereRef("other.campaign_id", "=", "version.campaign_id")
            )
            .orderBy("version.case_type")
            .orderBy("version.campaign_id")
            .execute()
        )
        return rows.map(toVersion)
      }),

      versions: Effect.fn("MappingStore.versions")(function* (firmId, connectionId, { campaignId, caseType }, limit) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("mappings")
            .select(["body", "connection_id"])
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .where("case_type", "=", caseType)
            .where("campaign_id", "=", campaignId ?? company)
            .orderBy("number", "desc")
            .limit(limit)
            .execute()
        )
        return rows.map(toVersion)
      }),

      saveVersion: Effect.fn("MappingStore.saveVersion")(function* (version) {
        yield* database.write((db) =>
          db
            .insertInto("mappings")
            .values({
              firm_id: version.firmId,
              connection_id: version.connectionId,
              case_type: version.caseType,
              campaign_id: version.campaignId ?? company,
              number: version.number,
              body: JSON.stringify(version)
            })
            .execute()
        )
      }),

      draft: Effect.fn("MappingStore.draft")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("mapping_drafts")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toDraft)
      }),

      drafts: Effect.fn("MappingStore.drafts")(function* (firmId, connectionId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("mapping_drafts")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .orderBy("id", "desc")
            .execute()
        )
        return rows.map(toDraft)
      }),

      saveDraft: Effect.fn("MappingStore.saveDraft")(function* (draft) {
        yield* database.write((db) => {
          const row = {
            connection_id: draft.connectionId,
            body: vault.seal(draft.firmId, draft.id, "mapping draft", JSON.stringify(draft))
          }
          return db
            .insertInto("mapping_drafts")
            .values({ firm_id: draft.firmId, id: draft.id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
        })
      }),

      statuses: Effect.fn("MappingStore.statuses")(function* (firmId, connectionId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("status_tables")
            .select("body")
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .orderBy("case_type")
            .execute()
        )
        return rows.map(({ body }) => decodeStatuses(JSON.parse(body), connectionId))
      }),

      saveStatuses: Effect.fn("MappingStore.saveStatuses")(function* (table) {
        const body = JSON.stringify(table)
        yield* database.write((db) =>
          db
            .insertInto("status_tables")
            .values({ firm_id: table.firmId, connection_id: table.connectionId, case_type: table.caseType, body })
            .onConflict((conflict) => conflict.columns(["firm_id", "connection_id", "case_type"]).doUpdateSet({ body }))
            .execute()
        )
      })
    })
  })
)
