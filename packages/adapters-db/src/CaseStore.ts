/**
 * `CaseStore` on SQLite: bodies sealed as one value each, ids and the dirty mark in columns of their own. Lists run by
 * id, newest first: ids are made in the order of time.
 */
import { Effect, Layer, Option } from "effect"
import { sql } from "kysely"
import { Case, CaseEvent, Client } from "@casewire/core/domain/Case"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeCase = decoder(Case, "case")
const decodeClient = decoder(Client, "client")
const decodeEvent = decoder(CaseEvent, "case event")

export const layer: Layer.Layer<CaseStore, never, Database> = Layer.effect(
  CaseStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const toCase = (row: Pick<Tables["cases"], "firm_id" | "id" | "body">): Case =>
      decodeCase(JSON.parse(vault.open(row.firm_id, row.id, "case", row.body)), row.id)
    const toClient = (row: Pick<Tables["clients"], "firm_id" | "id" | "body">): Client =>
      decodeClient(JSON.parse(vault.open(row.firm_id, row.id, "client", row.body)), row.id)
    const toEvent = (row: Omit<Tables["case_events"], "seq">): CaseEvent =>
      decodeEvent(
        {
          id: row.id,
          firmId: row.firm_id,
          caseId: row.case_id,
          at: row.at,
          kind: row.kind,
          cause: row.cause,
          ...JSON.parse(vault.open(row.firm_id, row.id, "case event", row.change))
        },
        row.id
      )

    return CaseStore.of({
      get: Effect.fn("CaseStore.get")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db.selectFrom("cases").selectAll().where("firm_id", "=", firmId).where("id", "=", id).executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toCase)
      }),
      findExternal: Effect.fn("CaseStore.findExternal")(function* (firmId, connectionId, externalId) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("cases")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .where("external_id", "=", externalId)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toCase)
      }),
      list: Effect.fn("CaseStore.list")(function* (firmId, { before, connectionId, dirty, limit }) {
        const rows = yield* database.read((db) => {
          let query = db.selectFrom("cases").selectAll().where("firm_id", "=", firmId)
          if (connectionId !== undefined) query = query.where("connection_id", "=", connectionId)
          if (dirty !== undefined) query = query.where("dirty_since", dirty ? "is not" : "is", null)
          if (before !== undefined) query = query.where("id", "<", before)
          return query.orderBy("id", "desc").limit(limit).execute()
        })
        return rows.map(toCase)
      }),
      save: Effect.fn("CaseStore.save")(function* (value) {
        yield* database.write((db) => {
          const row = {
            connection_id: value.connectionId,
            external_id: value.externalId,
            dirty_since: value.dirtySince,
            entered_client: value.standing === "verified" ? null : value.clientId,
            body: vault.seal(value.firmId, value.id, "case", JSON.stringify(value))
          }
          return db
            .insertInto("cases")
            .values({ firm_id: value.firmId, id: value.id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
        })
      }),
      client: Effect.fn("CaseStore.client")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db.selectFrom("clients").selectAll().where("firm_id", "=", firmId).where("id", "=", id).executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toClient)
      }),
      findExternalClient: Effect.fn("CaseStore.findExternalClient")(function* (firmId, connectionId, externalId) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("clients")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", connectionId)
            .where("external_id", "=", externalId)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toClient)
      }),
      saveClient: Effect.fn("CaseStore.saveClient")(function* (value) {
        yield* database.write((db) => {
          const row = {
            connection_id: value.connectionId,
            external_id: value.externalId,
            body: vault.seal(value.firmId, value.id, "client", JSON.stringify(value))
          }
          return db
            .insertInto("clients")
            .values({ firm_id: value.firmId, id: value.id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
        })
      }),
      record: Effect.fn("CaseStore.record")(function* (event) {
        yield* database.write((db) =>
          db
            .insertInto("case_events")
            .values({
              firm_id: event.firmId,
              id: event.id,
              case_id: event.caseId,
              at: event.at,
              kind: event.kind,
              cause: event.cause,
              change: vault.seal(
                event.firmId,
                event.id,
                "case event",
                JSON.stringify({ before: event.before, after: event.after, field: event.field })
              )
            })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doNothing())
            .execute()
        )
      }),
      history: Effect.fn("CaseStore.history")(function* (firmId, id) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("case_events")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("case_id", "=", id)
            .orderBy("at")
            .orderBy("seq")
            .execute()
        )
        return rows.map(toEvent)
      }),
      conflicts: Effect.fn("CaseStore.conflicts")(function* (firmId, { id, limit }) {
        const rows = yield* database.read((db) => {
          let query = db
            .selectFrom("case_events as conflict")
            .selectAll()
            .where("firm_id", "=", firmId)
            // As the partial index has it, literally.
            .where(
              sql<boolean>`kind in ('status-superseded', 'status-overwritten', 'field-superseded', 'field-overwritten', 'status-review')`
            )
          if (id !== undefined) query = query.where("id", "=", id)
          else
            query = query.where(({ exists, not, selectFrom }) =>
              not(
                exists(
                  selectFrom("case_events as settlement")
                    .select("settlement.seq")
                    .whereRef("settlement.firm_id", "=", "conflict.firm_id")
                    .where("settlement.id", "=", sql<string>`conflict.id || ':settled'`)
                )
              )
            )
          return query.orderBy("at", "desc").orderBy("seq", "desc").limit(limit).execute()
        })
        return rows.map(toEvent)
      })
    })
  })
)
