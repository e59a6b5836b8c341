/**
 * `ConnectionStore` on SQLite. Credentials are sealed; tokens are stored as SHA-256 only.
 *
 * A webhook's token is looked up for every request, so live tokens and connections are kept in memory: filled by
 * reads, replaced right after the commit that changed them. This process owns the file, so nobody else can change it.
 */
import { createHash, randomBytes } from "node:crypto"
import { Clock, Effect, Layer, Option, Redacted, Schema } from "effect"
import { Connection, Firm } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { reached } from "@casewire/core/domain/LockedOptions"
import { SwitchChange } from "@casewire/core/domain/Toggles"
import { TokenScope } from "@casewire/core/domain/TokenScope"
import {
  ConnectionNotFound,
  ConnectionStore,
  type Credentials,
  type WebhookConnection
} from "@casewire/core/ports/ConnectionStore"
import { keyOf } from "./ConnectionCache.ts"
import { CurrentTransaction, Database, type Transaction } from "./Database.ts"
import { decoder } from "./Decoder.ts"

const decodeConnection = decoder(Connection, "connection")
const decodeFirm = decoder(Firm, "firm")
const decodeSwitches = decoder(SwitchChange, "log of switches of")
const decodeScopes = decoder(Schema.Array(TokenScope), "scopes of the token")
const decodeLocked = decoder(Schema.Array(Schema.Tuple([Schema.String, Schema.String])), "locked options of the")
const decodeCredentials = decoder(Schema.Record(Schema.String, Schema.String), "credentials of")

export const layer: Layer.Layer<ConnectionStore, never, Database> = Layer.effect(
  ConnectionStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { vault } = database
    const { cache } = database
    const { connections, tokens } = cache

    const changed = (transaction: Transaction, change: () => void) =>
      transaction.afterCommit.push(() => cache.changed(change))

    const load = Effect.fnUntraced(function* (firmId: string, id: string) {
      const isInside = (yield* CurrentTransaction)?.database === database
      const key = keyOf(firmId, id)
      const known = isInside ? undefined : connections.get(key)
      if (known !== undefined) return known
      const before = cache.generation
      const row = yield* database.read((db) =>
        db
          .selectFrom("connections")
          .select("body")
          .where("firm_id", "=", firmId)
          .where("id", "=", id)
          .executeTakeFirst()
      )
      if (row === undefined) return yield* new ConnectionNotFound({ connectionId: id })
      const connection = decodeConnection(JSON.parse(row.body), id)
      if (!isInside && before === cache.generation) connections.set(key, connection)
      return connection
    })

    const findToken = (token: string, kind: "webhook" | "api") =>
      database.read((db) =>
        db
          .selectFrom("tokens")
          .selectAll()
          .where("hash", "=", createHash("sha256").update(token).digest())
          .where("kind", "=", kind)
          .executeTakeFirst()
      )

    const findConnection = Effect.fnUntraced(function* (token: string) {
      const before = cache.generation
      const row = yield* findToken(token, "webhook")
      if (row === undefined || row.connection_id === null) return Option.none<WebhookConnection>()
      const now = yield* Clock.currentTimeMillis
      if (row.expires_at !== null && row.expires_at <= now) return Option.none<WebhookConnection>()
      const connection = yield* Effect.option(load(row.firm_id, row.connection_id))
      const locked = row.locked === null ? undefined : decodeLocked(JSON.parse(row.locked), "webhook token")
      const isInside = (yield* CurrentTransaction)?.database === database
      if (!isInside && before === cache.generation && Option.isSome(connection))
        tokens.set(token, {
          connectionKey: keyOf(row.firm_id, row.connection_id),
          expiresAt: row.expires_at,
          ...(locked === undefined ? {} : { locked })
        })
      return reached(Option.getOrUndefined(connection), locked)
    })

    return ConnectionStore.of({
      saveFirm: Effect.fn("ConnectionStore.saveFirm")(function* (firm) {
        yield* database.write((db) =>
          db
            .insertInto("firms")
            .values({ firm_id: firm.id, name: firm.name, created_at: firm.createdAt })
            .onConflict((conflict) => conflict.column("firm_id").doNothing())
            .execute()
        )
      }),
      firms: Effect.map(
        database.read((db) => db.selectFrom("firms").selectAll().orderBy("firm_id").execute()),
        (rows) =>
          rows.map((row) => decodeFirm({ id: row.firm_id, name: row.name, createdAt: row.created_at }, row.firm_id))
      ),
      save: Effect.fn("ConnectionStore.save")(function* (connection, credentials) {
        yield* database.write(async (db, transaction) => {
          const { firmId, id } = connection
          const row = {
            body: JSON.stringify(connection),
            ...(credentials === undefined
              ? {}
              : { credentials: vault.seal(firmId, id, "credentials", credentialsToText(credentials)) })
          }
          await db
            .insertInto("connections")
            .values({ firm_id: firmId, id, ...row })
            .onConflict((conflict) => conflict.columns(["firm_id", "id"]).doUpdateSet(row))
            .execute()
          changed(transaction, () => connections.set(keyOf(firmId, id), connection))
        })
      }),
      get: Effect.fn("ConnectionStore.get")(load),
      list: Effect.fn("ConnectionStore.list")(function* (firmId) {
        const rows = yield* database.read((db) =>
          db.selectFrom("connections").select(["id", "body"]).where("firm_id", "=", firmId).orderBy("id").execute()
        )
        return rows.map((row) => decodeConnection(JSON.parse(row.body), row.id))
      }),
      credentials: Effect.fn("ConnectionStore.credentials")(function* (firmId, id) {
        const row = yield* database.read((db) =>
          db
            .selectFrom("connections")
            .select("credentials")
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
        )
        if (row === undefined) return yield* new ConnectionNotFound({ connectionId: id })
        if (row.credentials === null) return {}
        return textToCredentials(id, vault.open(firmId, id, "credentials", row.credentials))
      }),
      update: Effect.fn("ConnectionStore.update")(function* (firmId, id, change) {
        const after = yield* database.write(async (db, transaction) => {
          const row = await db
            .selectFrom("connections")
            .select("body")
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .executeTakeFirst()
          if (row === undefined) return undefined
          const value = change(decodeConnection(JSON.parse(row.body), id))
          await db
            .updateTable("connections")
            .set({ body: JSON.stringify(value) })
            .where("firm_id", "=", firmId)
            .where("id", "=", id)
            .execute()
          changed(transaction, () => connections.set(keyOf(firmId, id), value))
          return value
        })
        return after ?? (yield* new ConnectionNotFound({ connectionId: id }))
      }),
      logSwitches: Effect.fn("ConnectionStore.logSwitches")(function* (firmId, id, change) {
        yield* database.write((db) =>
          db
            .insertInto("switch_log")
            .values({ firm_id: firmId, connection_id: id, body: JSON.stringify(change) })
            .execute()
        )
      }),
      switchLog: Effect.fn("ConnectionStore.switchLog")(function* (firmId, id, { limit }) {
        const rows = yield* database.read((db) =>
          db
            .selectFrom("switch_log")
            .select("body")
            .where("firm_id", "=", firmId)
            .where("connection_id", "=", id)
            .orderBy("seq", "desc")
            .limit(limit)
            .execute()
        )
        return rows.map(({ body }) => decodeSwitches(JSON.parse(body), id))
      }),
      issueToken: Effect.fn("ConnectionStore.issueToken")(function* (owner, options) {
        const now = yield* Clock.currentTimeMillis
        const token = randomBytes(32).toString("base64url")
        const isWebhook = owner._tag === "Webhook"
        yield* database.write(async (db, transaction) => {
          if (isWebhook) {
            const until = options?.earlierUntil ?? now
            await db
              .updateTable("tokens")
              .set({ expires_at: until })
              .where("firm_id", "=", owner.firmId)
              .where("connection_id", "=", owner.connectionId)
              .where((e) => e.or([e("expires_at", "is", null), e("expires_at", ">", until)]))
              .execute()
          }
          await db
            .insertInto("tokens")
            .values({
              hash: createHash("sha256").update(token).digest(),
              firm_id: owner.firmId,
              kind: isWebhook ? "webhook" : "api",
              connection_id: isWebhook ? owner.connectionId : null,
              name: isWebhook ? null : owner.name,
              scopes:
                isWebhook || owner.scopes === undefined || owner.scopes === null ? null : JSON.stringify(owner.scopes),
              locked: isWebhook && owner.locked !== undefined ? JSON.stringify(owner.locked) : null,
              expires_at: null
            })
            .execute()
          changed(transaction, () => tokens.clear())
        })
        return Redacted.make(token)
      }),
      // What is known is answered by a value, which whoever asks for every webhook need not run.
      connectionOfToken: (token) => {
        const known = tokens.get(token)
        const connection = known === undefined ? undefined : connections.get(known.connectionKey)
        if (known === undefined || connection === undefined) return findConnection(token)
        const { expiresAt } = known
        if (expiresAt === null) return Effect.succeed(reached(connection, known.locked))
        return Effect.map(Clock.currentTimeMillis, (now) => {
          if (now < expiresAt) return reached(connection, known.locked)
          tokens.delete(token)
          return Option.none()
        })
      },
      firmOfToken: Effect.fn("ConnectionStore.firmOfToken")(function* (token) {
        const now = yield* Clock.currentTimeMillis
        const row = yield* findToken(token, "api")
        return row === undefined || (row.expires_at !== null && row.expires_at <= now)
          ? Option.none()
          : Option.some({
              firmId: FirmId.make(row.firm_id),
              name: row.name ?? "",
              scopes: row.scopes === null ? null : decodeScopes(JSON.parse(row.scopes), row.name ?? "")
            })
      })
    })
  })
)

const credentialsToText = (credentials: Credentials): string =>
  JSON.stringify(Object.fromEntries(Object.entries(credentials).map(([name, value]) => [name, Redacted.value(value)])))

const textToCredentials = (id: string, text: string): Credentials =>
  Object.fromEntries(
    Object.entries(decodeCredentials(JSON.parse(text), id)).map(([name, value]) => [name, Redacted.make(value)])
  )
