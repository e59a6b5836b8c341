/**
 * `ListStore` on SQLite. Names, rules and what waits are sealed; ids, numbers and who stands where are columns. Lists
 * and campaigns share one table, told apart by their kind.
 */
import { Effect, Layer } from "effect"
import type { Kysely } from "kysely"
import { Campaign, List, ListEvent, Membership, type TargetKind } from "@casewire/core/domain/List"
import { ListStore } from "@casewire/core/ports/ListStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeList = decoder(List, "list")
const decodeCampaign = decoder(Campaign, "campaign")
const decodeMembership = decoder(Membership, "membership")
const decodeEvent = decoder(ListEvent, "list event")

export const layer: Layer.Layer<ListStore, never, Database> = Layer.effect(
  ListStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const targets = <A>(kind: TargetKind, decode: (value: unknown, id: string) => A) =>
      Effect.fnUntraced(function* (firmId: string) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("list_targets")
            .select(["id", "body"])
            .where("firm_id", "=", firmId)
            .where("kind", "=", kind)
            .orderBy("number")
            .execute()
        )
        return rows.map(({ body, id }) => decode(JSON.parse(vault.open(firmId, id, kind, body)), id))
      })

    const saveTarget = (kind: TargetKind) =>
      Effect.fnUntraced(function* (value: List | Campaign, event: ListEvent) {
        const { firmId, id, number } = value
        yield* database.write(async (db) => {
          const row = { kind, number, body: vault.seal(firmId, id, kind, JSON.stringify(value)) }
          await db
            .insertInto("list_targets")
            .values({ firm_id: firmId, id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
          await append(db, event)
        })
      })

    const append = (db: Kysely<Tables>, event: ListEvent) => {
      const { at, by, caseId, cause, change, detail, firmId, id, kind, targetId } = event
      return db
        .insertInto("list_events")
        .values({
          firm_id: firmId,
          id,
          target_id: targetId,
          case_id: caseId,
          body: vault.seal(firmId, id, "list event", JSON.stringify({ at, by, cause, change, detail, kind }))
        })
        .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doNothing())
        .execute()
    }

    const toMembership = (row: Tables["memberships"]): Membership => {
      const owner = ownerOf(row.target_id, row.case_id)
      return decodeMembership(JSON.parse(vault.open(row.firm_id, owner, "membership", row.body)), owner)
    }

    const toEvent = (row: Tables["list_events"]): ListEvent =>
      decodeEvent(
        {
          id: row.id,
          firmId: row.firm_id,
          targetId: row.target_id,
          caseId: row.case_id,
          ...JSON.parse(vault.open(row.firm_id, row.id, "list event", row.body))
        },
        row.id
      )

    return ListStore.of({
      lists: Effect.fn("ListStore.lists")(targets("list", decodeList)),
      campaigns: Effect.fn("ListStore.campaigns")(targets("campaign", decodeCampaign)),
      saveList: Effect.fn("ListStore.saveList")(saveTarget("list")),
      saveCampaign: Effect.fn("ListStore.saveCampaign")(saveTarget("campaign")),

      membershipsOf: Effect.fn("ListStore.membershipsOf")(function* (firmId, caseId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("memberships")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("case_id", "=", caseId)
            .orderBy("target_id")
            .execute()
        )
        return rows.map(toMembership)
      }),

      saveMembership: Effect.fn("ListStore.saveMembership")(function* (membership, events) {
        const { caseId, firmId, isMember, targetId } = membership
        yield* database.write(async (db) => {
          const body = vault.seal(firmId, ownerOf(targetId, caseId), "membership", JSON.stringify(membership))
          const row = { is_member: isMember ? 1 : 0, body }
          await db
            .insertInto("memberships")
            .values({ firm_id: firmId, target_id: targetId, case_id: caseId, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "target_id", "case_id"]).doUpdateSet(row))
            .execute()
          for (const event of events) await append(db, event)
        })
      }),

      members: Effect.fn("ListStore.members")(function* (firmId, targetId, { after, isMember, limit }) {
        const rows = yield* database.read((db) => {
          let query = db
            .selectFrom("memberships")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("target_id", "=", targetId)
          if (isMember !== undefined) query = query.where("is_member", "=", isMember ? 1 : 0)
          if (after !== undefined) query = query.where("case_id", ">", after)
          return query.orderBy("case_id").limit(limit).execute()
        })
        return rows.map(toMembership)
      }),

      counts: Effect.fn("ListStore.counts")(function* (firmId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("memberships")
            .select(["target_id", (e) => e.fn.countAll<number>().as("members")])
            .where("firm_id", "=", firmId)
            .where("is_member", "=", 1)
            .groupBy("target_id")
            .execute()
        )
        return new Map(rows.map(({ members, target_id }) => [target_id, Number(members)]))
      }),

      events: Effect.fn("ListStore.events")(function* (firmId, { before, caseId, limit, targetId }) {
        const rows = yield* database.read((db) => {
          let query = db.selectFrom("list_events").selectAll().where("firm_id", "=", firmId)
          if (targetId !== undefined) query = query.where("target_id", "=", targetId)
          if (caseId !== undefined) query = query.where("case_id", "=", caseId)
          if (before !== undefined) query = query.where("id", "<", before)
          return query.orderBy("id", "desc").limit(limit).execute()
        })
        return rows.map(toEvent)
      }),

      newestReceipt: Effect.fn("ListStore.newestReceipt")(function* () {
        const row = yield* database.read((db) =>
          db
            .selectFrom("receipts")
            .select((e) => e.fn.max<number | null>("receive_number").as("newest"))
            .executeTakeFirst()
        )
        return Math.max(row?.newest ?? 0, database.arrivals.newestNumber)
      })
    })
  })
)

const ownerOf = (targetId: string, caseId: string): string => `${targetId} ${caseId}`
