/**
 * `PluginStore` on SQLite. Nothing of it is sealed: manifests are public, and a swap's reason is the operator's own word
 * about code. A pin's columns name whom it is for; one that names nobody is everyone's.
 */
import { Effect, Layer, Option } from "effect"
import { KeptVersion, Pin, type PinTarget, Swap } from "@casewire/core/domain/PluginSwap"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { Database } from "./Database.ts"
import { decoder } from "./Decoder.ts"
import type { Tables } from "./Tables.ts"

const decodeVersion = decoder(KeptVersion, "plugin version")
const decodePin = decoder(Pin, "plugin pin")
const decodeSwap = decoder(Swap, "plugin swap")

const toVersion = (row: { readonly digest: string; readonly body: string }): KeptVersion =>
  decodeVersion(JSON.parse(row.body), row.digest)
const toSwap = (row: Tables["plugin_swaps"]): Swap => decodeSwap(JSON.parse(row.body), row.id)
const toPin = ({ connection_id, digest, firm_id, plugin_id }: Tables["plugin_pins"]): Pin =>
  decodePin(
    {
      pluginId: plugin_id,
      digest,
      target:
        firm_id === ""
          ? { _tag: "Everyone" }
          : connection_id === ""
            ? { _tag: "Firm", firmId: firm_id }
            : { _tag: "Connection", firmId: firm_id, connectionId: connection_id }
    },
    digest
  )

/** Empty texts instead of nulls: they stand in the primary key. */
const columnsOf = (target: PinTarget) => ({
  firm_id: target._tag === "Everyone" ? "" : target.firmId,
  connection_id: target._tag === "Connection" ? target.connectionId : ""
})

export const layer: Layer.Layer<PluginStore, never, Database> = Layer.effect(
  PluginStore,
  Effect.gen(function* () {
    const database = yield* Database

    return PluginStore.of({
      keep: Effect.fn("PluginStore.keep")(function* (version) {
        yield* database.write((db) =>
          db
            .insertInto("plugin_versions")
            .values({ plugin_id: version.pluginId, digest: version.digest, body: JSON.stringify(version) })
            .onConflict((conflict) => conflict.columns(["plugin_id", "digest"]).doNothing())
            .execute()
        )
      }),

      versions: Effect.fn("PluginStore.versions")(function* (pluginId) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("plugin_versions")
            .selectAll()
            .where("plugin_id", "=", pluginId)
            .orderBy("seq", "desc")
            .execute()
        )
        return rows.map(toVersion)
      }),

      version: Effect.fn("PluginStore.version")(function* (pluginId, digest) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("plugin_versions")
            .selectAll()
            .where("plugin_id", "=", pluginId)
            .where("digest", "=", digest)
            .executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toVersion)
      }),

      forget: Effect.fn("PluginStore.forget")(function* (pluginId, digest) {
        return yield* database.write(async (db) => {
          const pin = await db
            .selectFrom("plugin_pins")
            .select("digest")
            .where("plugin_id", "=", pluginId)
            .where("digest", "=", digest)
            .executeTakeFirst()
          if (pin !== undefined) return false
          const { numDeletedRows } = await db
            .deleteFrom("plugin_versions")
            .where("plugin_id", "=", pluginId)
            .where("digest", "=", digest)
            .executeTakeFirst()
          return numDeletedRows > 0
        })
      }),

      pin: Effect.fn("PluginStore.pin")(function* ({ digest, pluginId, target }) {
        yield* database.write(async (db) => {
          const kept = await db
            .selectFrom("plugin_versions")
            .select("digest")
            .where("plugin_id", "=", pluginId)
            .where("digest", "=", digest)
            .executeTakeFirst()
          if (kept === undefined) throw new Error("the version is not kept")
          await db
            .insertInto("plugin_pins")
            .values({ plugin_id: pluginId, ...columnsOf(target), digest })
            .onConflict((conflict) =>
              conflict.columns(["plugin_id", "firm_id", "connection_id"]).doUpdateSet({ digest })
            )
            .execute()
        })
      }),

      unpin: Effect.fn("PluginStore.unpin")(function* (pluginId, target) {
        const { connection_id, firm_id } = columnsOf(target)
        yield* database.write((db) =>
          db
            .deleteFrom("plugin_pins")
            .where("plugin_id", "=", pluginId)
            .where("firm_id", "=", firm_id)
            .where("connection_id", "=", connection_id)
            .execute()
        )
      }),

      pins: Effect.fn("PluginStore.pins")(function* (pluginId) {
        const rows = yield* database.read((db) =>
          db.selectFrom("plugin_pins").selectAll().where("plugin_id", "=", pluginId).execute()
        )
        return rows.map(toPin)
      }),

      record: Effect.fn("PluginStore.record")(function* (swap) {
        yield* database.write(async (db) => {
          const columns = { plugin_id: swap.pluginId, result: swap.result, body: JSON.stringify(swap) }
          const { numInsertedOrUpdatedRows } = await db
            .insertInto("plugin_swaps")
            .values({ id: swap.id, ...columns })
            .onConflict((conflict) =>
              conflict.column("id").doUpdateSet(columns).where("plugin_swaps.result", "=", "running")
            )
            .executeTakeFirst()
          if (numInsertedOrUpdatedRows !== 1n) throw new Error("the swap has ended")
        })
      }),

      swaps: Effect.fn("PluginStore.swaps")(function* ({ limit, pluginId, results }) {
        const rows = yield* database.read((db) => {
          let query = db.selectFrom("plugin_swaps").selectAll()
          if (pluginId !== undefined) query = query.where("plugin_id", "=", pluginId)
          if (results !== undefined) query = query.where("result", "in", results)
          return query.orderBy("id", "desc").limit(limit).execute()
        })
        return rows.map(toSwap)
      }),

      swap: Effect.fn("PluginStore.swap")(function* (id) {
        const row = yield* database.read((db) =>
          db.selectFrom("plugin_swaps").selectAll().where("id", "=", id).executeTakeFirst()
        )
        return Option.map(Option.fromUndefinedOr(row), toSwap)
      })
    })
  })
)
