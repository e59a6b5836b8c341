/** `Timeline` on SQLite: what it holds is sealed entry by entry; ids, kinds and times stand beside it in columns. */
import { Effect, Layer, Option } from "effect"
import { TimelineEntry } from "@casewire/core/domain/TimelineEntry"
import { Timeline } from "@casewire/core/ports/Timeline"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeEntry = decoder(TimelineEntry, "timeline entry")

export const layer: Layer.Layer<Timeline, never, Database> = Layer.effect(
  Timeline,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database

    const toEntry = (row: Pick<Tables["timeline"], "firm_id" | "id" | "external_id" | "body">): TimelineEntry =>
      decodeEntry(
        {
          ...JSON.parse(vault.open(row.firm_id, row.id, "timeline entry", row.body)),
          externalId: row.external_id
        },
        row.id
      )

    return Timeline.of({
      append: Effect.fn("Timeline.append")(function* (entry) {
        const rows = yield* database.write((db) =>
          db
            .insertInto("timeline")
            .values({
              firm_id: entry.firmId,
              id: entry.id,
              case_id: entry.caseId,
              kind: entry.kind,
              at: entry.at,
              cause: entry.cause,
              external_id: entry.externalId,
              body: vault.seal(entry.firmId, entry.id, "timeline entry", JSON.stringify(entry))
            })
            // Whichever of the two unique indexes it meets.
            .onConflict((conflict) => conflict.doNothing())
            .returning("seq")
            .execute()
        )
        return rows.length === 1
      }),
      bind: Effect.fn("Timeline.bind")(function* (firmId, id, externalId) {
        const rows = yield* database.write((db) =>
          db
            .updateTable("timeline")
            .set({ external_id: externalId })
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .where((e) =>
              e.not(
                e.exists(
                  e
                    .selectFrom("timeline as other")
                    .select("other.seq")
                    .where("other.firm_id", "=", firmId)
                    .whereRef("other.case_id", "=", "timeline.case_id")
                    .whereRef("other.kind", "=", "timeline.kind")
                    .where("other.external_id", "=", externalId)
                    .where("other.id", "<>", id)
                )
              )
            )
            .returning("seq")
            .execute()
        )
        return rows.length === 1
      }),
      get: Effect.fn("Timeline.get")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db.selectFrom("timeline").selectAll().where("firm_id", "=", firmId).where("id", "=", id).executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toEntry)
      }),
      ofCase: Effect.fn("Timeline.ofCase")(function* (firmId, caseId, { before, kinds, limit }) {
        const rows = yield* database.read(async (db) => {
          let query = db.selectFrom("timeline").selectAll().where("firm_id", "=", firmId).where("case_id", "=", caseId)
          if (kinds !== undefined) query = query.where("kind", "in", kinds)
          if (before !== undefined) {
            const last = await db
              .selectFrom("timeline")
              .select(["at", "seq"])
              .where("firm_id", "=", firmId)
              .where("id", "=", before)
              .executeTakeFirst()
            if (last !== undefined)
              query = query.where((e) =>
                e.or([e("at", "<", last.at), e.and([e("at", "=", last.at), e("seq", "<", last.seq)])])
              )
          }
          return query.orderBy("at", "desc").orderBy("seq", "desc").limit(limit).execute()
        })
        return rows.map(toEntry)
      }),
      ofCause: Effect.fn("Timeline.ofCause")(function* (firmId, cause) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("timeline")
            .selectAll()
            .where("firm_id", "=", firmId)
            .where("cause", "=", cause)
            .orderBy("seq")
            .execute()
        )
        return rows.map(toEntry)
      }),
      externalIds: Effect.fn("Timeline.externalIds")(function* (firmId, caseId, kind) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("timeline")
            .select("external_id")
            .where("firm_id", "=", firmId)
            .where("case_id", "=", caseId)
            .where("kind", "=", kind)
            .where("external_id", "is not", null)
            .execute()
        )
        return new Set(rows.flatMap((row) => row.external_id ?? []))
      })
    })
  })
)
