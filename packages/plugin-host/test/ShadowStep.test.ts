/** A new version reads what really came lately before it serves anybody, and its differences are for a person to judge. */
import { type Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { newId } from "@casewire/core/domain/Ids"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { allOff } from "@casewire/core/domain/Toggles"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { fileURLToPath } from "node:url"
import { firmId, sources, stage } from "./stage/Stage.ts"

const connection: Connection = {
  id: ConnectionId.make("one"),
  firmId,
  plugin: "tiny",
  name: "Intake",
  state: "connected",
  sandbox: true,
  settings: {},
  callLimit: null,
  toggles: allOff,
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 1,
  updatedAt: 1
}

const received = Effect.fnUntraced(function* (context: Context.Context<ConnectionStore | Storage>) {
  const connections = Context.get(context, ConnectionStore)
  yield* connections.saveFirm({ id: firmId, name: "Harbor", createdAt: 1 })
  yield* connections.save(connection)
  for (let count = 1; count <= 3; count++)
    yield* Context.get(context, Storage).receive(
      {
        id: ReceiptId.make(yield* newId),
        firmId,
        connectionId: connection.id,
        receivedAt: count,
        receiveNumber: 0,
        mediaType: "application/x-www-form-urlencoded",
        body: `Id=${count}&Name=Jos%C3%A9`,
        query: [],
        headerNames: [],
        disposition: { _tag: "Accepted" },
        errors: [],
        warnings: [],
        externalCaseId: String(count),
        replayedAt: null
      },
      []
    )
})

const another = sources(
  `mark: "two", manifest: { version: "1.1.0" }, crm: () => ({ decode: ({ receipts }) => Effect.succeed(receipts.map(({ receiptId }) =>
    ({ _tag: "Unreadable", receiptId, errors: [{ field: "Id", code: "odd" }] }))) })`,
  `import { Effect } from ${JSON.stringify(fileURLToPath(import.meta.resolve("effect")))}`
)

describe("the shadow of a swap", () => {
  it.live("passes where the last receipts are read alike, and says how many", () =>
    Effect.gen(function* () {
      const { context, lastSwap, reload, serving, write } = yield* stage()
      yield* received(context)
      yield* write(sources(`mark: "two", manifest: { version: "1.1.0" }`))
      yield* reload({ confirmed: [] })
      const shadow = (yield* lastSwap)?.steps.findLast(({ step }) => step === "shadow")
      assert.deepInclude(shadow, { state: "passed", detail: "3 receipts, read alike" })
      assert.strictEqual(yield* serving, "1.1.0")
    })
  )

  it.live("refuses a version that reads them in another way until a person has seen where, and tells no value", () =>
    Effect.gen(function* () {
      const { context, lastSwap, reload, serving, write } = yield* stage()
      yield* received(context)
      yield* write(another)
      const refused = yield* Effect.flip(reload({ confirmed: [] }))
      assert.instanceOf(refused, PluginRejected)
      assert.deepInclude(refused, { code: "shadow-differs", unconfirmed: ["shadow-differs"] })
      assert.match(refused.message, /Of 3 receipts 3 are read in another way: receipt .*: errors\.0\.code/)
      assert.notMatch(refused.message, /Jos|odd|missing/)
      assert.strictEqual(yield* serving, "1.0.0")
      yield* reload({ confirmed: ["shadow-differs"] })
      assert.strictEqual(yield* serving, "1.1.0")
      const shadow = (yield* lastSwap)?.steps.findLast(({ step }) => step === "shadow")
      assert.match(shadow?.detail ?? "", /Of 3 receipts 3 are read in another way/)
    })
  )
})
