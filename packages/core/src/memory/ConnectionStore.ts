/**
 * Firms, connections and tokens in memory. A test adapter: tokens come from Effect's `Random`, which is not secret, and
 * are kept as plain keys; credentials are not sealed.
 */
import { Effect, Layer, Option, Random, Redacted } from "effect"
import type { Connection, ConnectionId } from "../domain/Connection.ts"
import type { FirmId, Instant } from "../domain/Ids.ts"
import { reached } from "../domain/LockedOptions.ts"
import { ConnectionNotFound, ConnectionStore } from "../ports/ConnectionStore.ts"
import { Database, type Token } from "./Database.ts"

export const layer = Layer.effect(
  ConnectionStore,
  Effect.gen(function* () {
    const database = yield* Database
    const { connections, credentials, firms, switchLog, tokens } = database

    const own = (firmId: FirmId, id: ConnectionId): Effect.Effect<Connection, ConnectionNotFound> => {
      const connection = connections.get(id)
      return connection?.firmId === firmId
        ? Effect.succeed(connection)
        : Effect.fail(new ConnectionNotFound({ connectionId: id }))
    }

    return ConnectionStore.of({
      saveFirm: (firm) =>
        database.write((tx) => {
          if (firms.get(firm.id) === undefined) firms.set(tx, firm.id, firm)
        }),

      firms: database.read(() => firms.values().sort((a, b) => (a.id < b.id ? -1 : 1))),

      save: (connection, secrets) =>
        database.write((tx) => {
          const before = connections.get(connection.id)
          if (before !== undefined && before.firmId !== connection.firmId) {
            throw new Error("the connection belongs to another firm")
          }
          connections.set(tx, connection.id, connection)
          if (secrets !== undefined) credentials.set(tx, connection.id, { ...secrets })
        }),

      get: (firmId, id) => Effect.flatten(database.read(() => own(firmId, id))),

      list: (firmId) =>
        database.read(() =>
          connections
            .values()
            .filter((connection) => connection.firmId === firmId)
            .sort((a, b) => (a.id < b.id ? -1 : 1))
        ),

      credentials: (firmId, id) =>
        Effect.flatten(database.read(() => Effect.map(own(firmId, id), () => credentials.get(id) ?? {}))),

      update: (firmId, id, change) =>
        Effect.flatten(
          // Read, changed and written in one step: an effect made here would write after the transaction.
          database.write((tx) => {
            const connection = connections.get(id)
            if (connection?.firmId !== firmId) return own(firmId, id)
            const changed = change(connection)
            connections.set(tx, id, changed)
            return Effect.succeed(changed)
          })
        ),

      logSwitches: (firmId, connectionId, change) =>
        database.write((tx) => {
          const position = database.nextNumber()
          switchLog.set(tx, String(position), { firmId, connectionId, change, position })
        }),

      switchLog: (firmId, id, { limit }) =>
        database.read(() =>
          switchLog
            .values()
            .filter((line) => line.firmId === firmId && line.connectionId === id)
            .sort((a, b) => b.position - a.position)
            .slice(0, limit)
            .map(({ change }) => change)
        ),

      issueToken: Effect.fn("ConnectionStore.issueToken")(function* (owner, options) {
        const random = yield* Random.Random
        const token = Array.from({ length: 32 }, () =>
          Math.floor(random.nextDoubleUnsafe() * 256)
            .toString(16)
            .padStart(2, "0")
        ).join("")
        yield* database.write((tx, now) => {
          for (const [earlier, row] of tokens.entries()) {
            if (owner._tag !== "Webhook" || row.owner._tag !== "Webhook") continue
            if (row.owner.connectionId !== owner.connectionId) continue
            const validUntil = Math.min(row.validUntil ?? Infinity, options?.earlierUntil ?? now)
            tokens.set(tx, earlier, { ...row, validUntil })
          }
          tokens.set(tx, token, { owner, validUntil: null })
        })
        return Redacted.make(token)
      }),

      connectionOfToken: (token) =>
        database.read((now) => {
          const row = tokens.get(token)
          return row?.owner._tag === "Webhook" && isLive(row, now)
            ? reached(connections.get(row.owner.connectionId), row.owner.locked)
            : Option.none()
        }),

      firmOfToken: (token) =>
        database.read((now) => {
          const row = tokens.get(token)
          return row?.owner._tag === "Api" && isLive(row, now)
            ? Option.some({ firmId: row.owner.firmId, name: row.owner.name, scopes: row.owner.scopes ?? null })
            : Option.none()
        })
    })
  })
)

const isLive = (token: Token, now: Instant): boolean => token.validUntil === null || token.validUntil > now
