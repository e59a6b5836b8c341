/** The contract of `ConnectionStore`: firms, connections, credentials and tokens, each firm's own. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { ConnectionStore, type TokenOwner } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { connection, firm, otherConnection, otherFirm, secondConnection, start } from "./samples.ts"
import { switchLogDurable, switchLogLaws } from "./SwitchLogLaws.ts"

const webhook: TokenOwner = { _tag: "Webhook", firmId: firm.id, connectionId: connection.id }
const api: TokenOwner = { _tag: "Api", firmId: firm.id, name: "reporting" }

const secrets = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Redacted.make(value)]))

const credentials = Effect.fnUntraced(function* () {
  const store = yield* ConnectionStore
  const kept = yield* store.credentials(firm.id, connection.id)
  return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, Redacted.value(value)]))
})

const issue = Effect.fnUntraced(function* (owner: TokenOwner, options?: { readonly earlierUntil?: number }) {
  const store = yield* ConnectionStore
  return Redacted.value(yield* store.issueToken(owner, options))
})

const connectionOf = Effect.fnUntraced(function* (token: string) {
  const store = yield* ConnectionStore
  return Option.getOrNull(Option.map(yield* store.connectionOfToken(token), ({ id }) => id))
})

const expectNotFound = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.flip(effect), (error) => assert.strictEqual(error._tag, "ConnectionNotFound"))

const fresh = { ...connection, id: ConnectionId.make("019b8d6a-0001-7000-8000-000000000009") }

export const connectionStoreLaws: Laws = {
  port: "ConnectionStore",
  laws: [
    {
      title: "a firm is kept, and a known id is left alone",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.saveFirm({ ...firm, name: "renamed" })
        const firms = yield* store.firms
        assert.sameDeepMembers([...firms], [firm, otherFirm])
      })
    },
    {
      title: "a connection comes back as it was saved",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const full = {
          ...fresh,
          name: "Größe 🙂",
          state: "reconnect-needed" as const,
          callLimit: 120,
          cursor: "page 7",
          health: { lastSync: 1, lastStatusPull: 2, lastStatusPush: 3, lastWebhook: 4 }
        }
        yield* store.save(full)
        assert.deepStrictEqual(yield* store.get(firm.id, full.id), full)
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
      })
    },
    {
      title: "saving a connection again replaces it whole",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const changed = { ...connection, settings: { site: "b" }, aliases: {}, caseTypeLinks: [], updatedAt: start + 1 }
        yield* store.save(changed)
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), changed)
      })
    },
    {
      title: "an unknown connection is not found",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* expectNotFound(store.get(firm.id, fresh.id))
        yield* expectNotFound(store.credentials(firm.id, fresh.id))
        yield* expectNotFound(store.update(firm.id, fresh.id, (value) => value))
      })
    },
    {
      title: "a list holds all connections of the firm and no others",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        assert.sameDeepMembers([...(yield* store.list(firm.id))], [connection, secondConnection])
        assert.deepStrictEqual(yield* store.list(otherFirm.id), [otherConnection])
      })
    },
    {
      title: "no firm finds, reads or updates a connection of another",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save(connection, secrets({ password: "s3cret" }))
        yield* expectNotFound(store.get(otherFirm.id, connection.id))
        yield* expectNotFound(store.credentials(otherFirm.id, connection.id))
        yield* expectNotFound(store.update(otherFirm.id, connection.id, (value) => ({ ...value, name: "stolen" })))
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
      })
    },
    {
      title: "saving under the id of another firm's connection changes nothing of theirs",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save(connection, secrets({ password: "s3cret" }))
        yield* Effect.exit(store.save({ ...connection, firmId: otherFirm.id }, secrets({ password: "stolen" })))
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        assert.deepStrictEqual(yield* credentials(), { password: "s3cret" })
      })
    },
    {
      title: "credentials come back as they were, blanks, quotes and umlauts included",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const values = { user: " a'b\"c ", password: "pä ss🙂\n", empty: "" }
        yield* store.save(connection, secrets(values))
        assert.deepStrictEqual(yield* credentials(), values)
      })
    },
    {
      title: "credentials come out redacted",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save(connection, secrets({ password: "s3cret" }))
        const kept = yield* store.credentials(firm.id, connection.id)
        assert.isTrue(Redacted.isRedacted(kept["password"]))
        assert.notInclude(JSON.stringify(kept), "s3cret")
      })
    },
    {
      title: "a connection saved without credentials has none",
      run: Effect.gen(function* () {
        assert.deepStrictEqual(yield* credentials(), {})
      })
    },
    {
      title: "saving a connection without credentials keeps those it has",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save(connection, secrets({ password: "s3cret" }))
        yield* store.save({ ...connection, name: "renamed" })
        yield* store.update(firm.id, connection.id, (value) => ({ ...value, name: "again" }))
        assert.deepStrictEqual(yield* credentials(), { password: "s3cret" })
      })
    },
    {
      title: "new credentials replace the old ones as a whole",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save(connection, secrets({ password: "old", key: "old" }))
        yield* store.save(connection, secrets({ password: "new" }))
        assert.deepStrictEqual(yield* credentials(), { password: "new" })
      })
    },
    {
      title: "an update answers and keeps the changed connection",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const answer = yield* store.update(firm.id, connection.id, (value) => ({ ...value, cursor: "7" }))
        assert.deepStrictEqual(answer, { ...connection, cursor: "7" })
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), answer)
      })
    },
    {
      title: "updates at the same moment all count",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const add = store.update(firm.id, connection.id, (value) => ({
          ...value,
          callLimit: (value.callLimit ?? 0) + 1
        }))
        yield* Effect.forEach(Array.from({ length: 10 }), () => add, { concurrency: "unbounded" })
        assert.strictEqual((yield* store.get(firm.id, connection.id)).callLimit, 10)
      })
    },
    {
      title: "saves and updates roll back with their transaction",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const storage = yield* Storage
        yield* store.save(connection, secrets({ password: "s3cret" }))
        const work = Effect.gen(function* () {
          yield* store.save(fresh)
          yield* store.save(connection, secrets({ password: "new" }))
          yield* store.update(firm.id, connection.id, (value) => ({ ...value, cursor: "7" }))
          return yield* Effect.fail("no")
        })
        yield* Effect.exit(storage.atomically(work))
        yield* expectNotFound(store.get(firm.id, fresh.id))
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
        assert.deepStrictEqual(yield* credentials(), { password: "s3cret" })
      })
    },
    {
      title: "a change that throws is a defect and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const change = () => {
          throw new Error("bug")
        }
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.update(firm.id, connection.id, change))))
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), connection)
      })
    },
    {
      title: "a webhook token finds its connection as it is now",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const token = yield* issue(webhook)
        yield* store.update(firm.id, connection.id, (value) => ({ ...value, name: "renamed" }))
        const found = yield* store.connectionOfToken(token)
        assert.deepStrictEqual(found, Option.some({ ...connection, name: "renamed" }))
      })
    },
    {
      title: "a token holds at least 32 bytes, differs each time, and fits into an address",
      run: Effect.gen(function* () {
        const tokens = yield* Effect.forEach(Array.from({ length: 20 }), () => issue(webhook))
        assert.strictEqual(new Set(tokens).size, 20)
        for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43,}$/)
      })
    },
    {
      title: "a token that was never issued, in whole or in part, finds nothing",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const token = yield* issue(webhook)
        for (const wrong of ["", "x", token.slice(1), token.slice(0, -1), `${token}x`, "'; drop table tokens --"]) {
          assert.isNull(yield* connectionOf(wrong))
          assert.isTrue(Option.isNone(yield* store.firmOfToken(wrong)))
        }
      })
    },
    {
      title: "a new webhook token revokes the earlier ones of its connection at once",
      run: Effect.gen(function* () {
        const first = yield* issue(webhook)
        const second = yield* issue(webhook)
        assert.isNull(yield* connectionOf(first))
        assert.strictEqual(yield* connectionOf(second), connection.id)
      })
    },
    {
      title: "where an overlap is asked for, earlier webhook tokens live until its end",
      run: Effect.gen(function* () {
        const first = yield* issue(webhook)
        const second = yield* issue(webhook, { earlierUntil: start + 1000 })
        yield* TestClock.adjust(999)
        assert.strictEqual(yield* connectionOf(first), connection.id)
        yield* TestClock.adjust(2)
        assert.isNull(yield* connectionOf(first))
        assert.strictEqual(yield* connectionOf(second), connection.id)
      })
    },
    {
      title:
        "a webhook token keeps what its URL fixes, one value as long as nothing changes, and no other token has it",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const locked = [["list_id", "3"]] as const
        const plain = yield* issue(webhook)
        const fixed = yield* issue({ ...webhook, locked }, { earlierUntil: start + 1000 })
        const reached = (token: string) => Effect.map(store.connectionOfToken(token), Option.getOrThrow)
        const first = yield* reached(fixed)
        assert.deepStrictEqual([first.locked, first.id], [locked, connection.id])
        assert.isUndefined((yield* reached(plain)).locked)
        const again = yield* reached(fixed)
        assert.strictEqual(yield* reached(fixed), again)
        yield* store.update(firm.id, connection.id, (value) => ({ ...value, name: "Renamed" }))
        const renamed = yield* reached(fixed)
        assert.deepStrictEqual([renamed.locked, renamed.name], [locked, "Renamed"])
        assert.notProperty(yield* store.get(firm.id, connection.id), "locked")
      })
    },
    {
      title: "an overlap gives no token a longer life than it had",
      run: Effect.gen(function* () {
        const revoked = yield* issue(webhook)
        const ending = yield* issue(webhook)
        yield* issue(webhook, { earlierUntil: start + 1000 })
        yield* issue(webhook, { earlierUntil: start + 100_000 })
        assert.isNull(yield* connectionOf(revoked))
        yield* TestClock.adjust(1001)
        assert.isNull(yield* connectionOf(ending))
      })
    },
    {
      title: "a new token leaves the tokens of other connections and of the API alone",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const other = yield* issue({ ...webhook, connectionId: secondConnection.id })
        const caller = yield* issue(api)
        yield* issue(webhook)
        yield* issue({ ...api, name: "another" })
        assert.strictEqual(yield* connectionOf(other), secondConnection.id)
        assert.isTrue(Option.isSome(yield* store.firmOfToken(caller)))
      })
    },
    {
      title: "an API token finds its firm and name, a webhook token none",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const token = yield* issue(api)
        assert.deepStrictEqual(
          yield* store.firmOfToken(token),
          Option.some({ firmId: firm.id, name: "reporting", scopes: null })
        )
        assert.isTrue(Option.isNone(yield* store.firmOfToken(yield* issue(webhook))))
      })
    },
    {
      title: "an API token keeps the scopes that it was issued with, none among them",
      run: Effect.gen(function* () {
        const store = yield* ConnectionStore
        for (const scopes of [["read"], ["write", "status:replay"], []] as const) {
          const token = yield* issue({ _tag: "Api", firmId: firm.id, name: "narrow", scopes })
          const caller = Option.getOrThrow(yield* store.firmOfToken(token))
          assert.deepStrictEqual(caller, { firmId: firm.id, name: "narrow", scopes })
        }
      })
    },
    {
      title: "an API token finds no connection",
      run: Effect.gen(function* () {
        assert.isNull(yield* connectionOf(yield* issue(api)))
      })
    },
    ...switchLogLaws
  ],
  durable: [
    ...switchLogDurable,
    {
      title: "connections, credentials and firms outlive a restart",
      before: Effect.gen(function* () {
        const store = yield* ConnectionStore
        yield* store.save({ ...connection, cursor: "7" }, secrets({ password: "s3cret" }))
      }),
      after: Effect.gen(function* () {
        const store = yield* ConnectionStore
        assert.sameDeepMembers([...(yield* store.firms)], [firm, otherFirm])
        assert.deepStrictEqual(yield* store.get(firm.id, connection.id), { ...connection, cursor: "7" })
        assert.deepStrictEqual(yield* credentials(), { password: "s3cret" })
      })
    },
    {
      // The token itself is kept in a setting, because the law may carry nothing over a restart.
      title: "tokens outlive a restart",
      before: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const settings = { webhook: yield* issue(webhook), api: yield* issue(api) }
        yield* store.update(firm.id, connection.id, (value) => ({ ...value, settings }))
      }),
      after: Effect.gen(function* () {
        const store = yield* ConnectionStore
        const { settings } = yield* store.get(firm.id, connection.id)
        assert.strictEqual(yield* connectionOf(settings["webhook"]!), connection.id)
        assert.isTrue(Option.isSome(yield* store.firmOfToken(settings["api"]!)))
      })
    }
  ]
}

export const connectionStoreContract = contract(connectionStoreLaws)
