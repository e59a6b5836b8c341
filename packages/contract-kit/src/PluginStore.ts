/** The contract of `PluginStore`: versions that are kept, pins that point to them, and a history that nobody rewrites. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { newId } from "@casewire/core/domain/Ids"
import {
  type KeptVersion,
  type Pin,
  PluginDigest,
  pinnedDigest,
  type PinTarget,
  type Swap,
  SwapId
} from "@casewire/core/domain/PluginSwap"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { connection, firm, otherConnection, otherFirm, secondConnection, start } from "./samples.ts"

const manifest = (id: string, version: string): PluginManifest => ({
  id,
  name: "Größe & Co",
  version,
  contract: 1,
  credentials: [],
  origins: { api: "https://{root}.crm.example/" },
  sandboxOrigins: {},
  account: ["root"],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: "It has none.", statuses: null, documents: null },
  notes: { maxLength: 1000, timeZone: "UTC" },
  webhook: { required: [], record: "Id", fillers: [], testValue: "^x$", options: [], steps: [] }
})

const makeVersion = (digit: string, change: Partial<KeptVersion> = {}): KeptVersion => {
  const pluginId = change.pluginId ?? "sample-crm"
  const version = `1.0.${Number.parseInt(digit, 16)}`
  return {
    pluginId,
    version,
    digest: PluginDigest.make(digit.repeat(64)),
    manifest: manifest(pluginId, version),
    origin: { kind: "file", location: "sample.casewire" },
    signedBy: "0123456789abcdef",
    keptAt: start,
    keptBy: "Zoë",
    ...change
  }
}

const [first, second, third] = [makeVersion("a"), makeVersion("b"), makeVersion("c")]
const foreign = makeVersion("a", { pluginId: "other-crm" })
const everyone: PinTarget = { _tag: "Everyone" }
const ofFirm: PinTarget = { _tag: "Firm", firmId: firm.id }
const ofOtherFirm: PinTarget = { _tag: "Firm", firmId: otherFirm.id }
const ofConnection: PinTarget = { _tag: "Connection", firmId: firm.id, connectionId: connection.id }
const pin = (target: PinTarget, version: KeptVersion): Pin => ({
  pluginId: version.pluginId,
  target,
  digest: version.digest
})

const makeSwap = (change: Partial<Swap> = {}): Effect.Effect<Swap> =>
  Effect.map(newId, (id) => ({
    id: SwapId.make(id),
    pluginId: "sample-crm",
    kind: "swap",
    from: first.digest,
    to: second.digest,
    fromVersion: first.version,
    toVersion: second.version,
    share: [firm.id],
    by: "Zoë",
    reason: "“faster” & better",
    diff: [{ area: "permissions", weight: "needs confirmation", key: "host-added x.example", text: "May call x." }],
    confirmed: ["host-added x.example"],
    steps: [{ step: "verify", state: "passed", at: start, detail: null }],
    result: "running",
    refusal: null,
    startedAt: start,
    endedAt: null,
    ...change
  }))

const kept = Effect.fnUntraced(function* (...versions: ReadonlyArray<KeptVersion>) {
  const store = yield* PluginStore
  for (const version of versions) yield* store.keep(version)
  return store
})
const recorded = Effect.fnUntraced(function* (change: Partial<Swap> = {}) {
  const store = yield* PluginStore
  const swap = yield* makeSwap(change)
  yield* store.record(swap)
  return swap
})
const digests = (versions: ReadonlyArray<KeptVersion>) => versions.map(({ digest }) => digest)
const sorted = (pins: ReadonlyArray<Pin>) => pins.map((each) => JSON.stringify(each)).sort()

export const pluginStoreLaws: Laws = {
  port: "PluginStore",
  laws: [
    {
      title: "a version comes back as it was kept",
      run: Effect.gen(function* () {
        const bare = makeVersion("b", { signedBy: null, origin: { kind: "folder", location: "/plugins/ü" } })
        const store = yield* kept(first, bare)
        assert.deepStrictEqual(yield* store.version("sample-crm", first.digest), Option.some(first))
        assert.deepStrictEqual(yield* store.version("sample-crm", bare.digest), Option.some(bare))
      })
    },
    {
      title: "a version that was never kept is not there",
      run: Effect.gen(function* () {
        const store = yield* kept(foreign)
        assert.isTrue(Option.isNone(yield* store.version("sample-crm", foreign.digest)))
        assert.deepStrictEqual(yield* store.versions("sample-crm"), [])
      })
    },
    {
      title: "a version that is kept again stays as it was first kept",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second, { ...first, keptBy: "somebody else", keptAt: start + 5 })
        assert.deepStrictEqual(yield* store.versions("sample-crm"), [second, first])
      })
    },
    {
      title: "versions are listed newest first, each plugin's own",
      run: Effect.gen(function* () {
        const store = yield* kept(third, first, foreign, second)
        assert.deepStrictEqual(digests(yield* store.versions("sample-crm")), digests([second, first, third]))
        assert.deepStrictEqual(digests(yield* store.versions("other-crm")), digests([foreign]))
      })
    },
    {
      title: "a version that is forgotten is gone, and is said to have been there",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second, foreign)
        assert.isTrue(yield* store.forget("sample-crm", first.digest))
        assert.isFalse(yield* store.forget("sample-crm", first.digest))
        assert.deepStrictEqual(yield* store.versions("sample-crm"), [second])
        assert.deepStrictEqual(yield* store.versions("other-crm"), [foreign])
      })
    },
    {
      title: "a version that a pin names cannot be forgotten",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second)
        yield* store.pin(pin(ofConnection, first))
        assert.isFalse(yield* store.forget("sample-crm", first.digest))
        assert.isTrue(Option.isSome(yield* store.version("sample-crm", first.digest)))
        yield* store.pin(pin(ofConnection, second))
        assert.isTrue(yield* store.forget("sample-crm", first.digest))
      })
    },
    {
      title: "pins of everyone, of firms and of connections stand beside each other",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second, third, foreign)
        const pins = [pin(everyone, first), pin(ofFirm, second), pin(ofOtherFirm, third), pin(ofConnection, third)]
        for (const each of [...pins, pin(everyone, foreign)]) yield* store.pin(each)
        assert.deepStrictEqual(sorted(yield* store.pins("sample-crm")), sorted(pins))
        assert.deepStrictEqual(yield* store.pins("other-crm"), [pin(everyone, foreign)])
      })
    },
    {
      title: "a target's new pin takes the place of its old one",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second)
        for (const target of [everyone, ofFirm, ofConnection]) {
          yield* store.pin(pin(target, first))
          yield* store.pin(pin(target, second))
        }
        assert.deepStrictEqual(
          sorted(yield* store.pins("sample-crm")),
          sorted([everyone, ofFirm, ofConnection].map((target) => pin(target, second)))
        )
      })
    },
    {
      title: "a pin to a version that is not kept is a defect and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* kept(first, foreign)
        yield* store.pin(pin(everyone, first))
        const missing = { ...pin(everyone, second), pluginId: "sample-crm" }
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.pin(missing))))
        const ofAnother = { ...pin(everyone, makeVersion("d")), pluginId: "other-crm" }
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.pin(ofAnother))))
        assert.deepStrictEqual(yield* store.pins("sample-crm"), [pin(everyone, first)])
      })
    },
    {
      title: "a pin that is taken away leaves the others, and taking it away twice is nothing",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second)
        for (const target of [everyone, ofFirm, ofConnection]) yield* store.pin(pin(target, first))
        yield* store.unpin("sample-crm", ofFirm)
        yield* store.unpin("sample-crm", ofFirm)
        yield* store.unpin("other-crm", everyone)
        assert.deepStrictEqual(
          sorted(yield* store.pins("sample-crm")),
          sorted([pin(everyone, first), pin(ofConnection, first)])
        )
      })
    },
    {
      title: "pins say which version each connection works on",
      run: Effect.gen(function* () {
        const store = yield* kept(first, second, third)
        const serving = Effect.map(store.pins("sample-crm"), (pins) =>
          [connection, secondConnection, otherConnection].map(({ firmId, id }) =>
            pinnedDigest(pins, { firmId, connectionId: id })
          )
        )
        assert.deepStrictEqual(yield* serving, [undefined, undefined, undefined])
        yield* store.pin(pin(ofConnection, third))
        yield* store.pin(pin(ofFirm, second))
        yield* store.pin(pin(everyone, first))
        assert.deepStrictEqual(yield* serving, digests([third, second, first]))
        yield* store.unpin("sample-crm", ofConnection)
        assert.deepStrictEqual(yield* serving, digests([second, second, first]))
      })
    },
    {
      title: "a swap comes back as it was recorded",
      run: Effect.gen(function* () {
        const store = yield* PluginStore
        const full = yield* recorded()
        const bare = yield* recorded({ from: null, fromVersion: null, share: [], diff: [], confirmed: [], steps: [] })
        assert.deepStrictEqual(yield* store.swap(full.id), Option.some(full))
        assert.deepStrictEqual(yield* store.swap(bare.id), Option.some(bare))
        assert.isTrue(Option.isNone(yield* store.swap(SwapId.make("019b8d6a-0009-7000-8000-000000000001"))))
      })
    },
    {
      title: "a swap that is under way is replaced whole",
      run: Effect.gen(function* () {
        const store = yield* PluginStore
        const swap = yield* recorded()
        const next: Swap = {
          ...swap,
          steps: [...swap.steps, { step: "self-test", state: "failed", at: start + 1, detail: "one law failed" }],
          result: "refused",
          refusal: { code: "self-test-failed", message: "One law failed." },
          endedAt: start + 2
        }
        yield* store.record(next)
        assert.deepStrictEqual(yield* store.swap(swap.id), Option.some(next))
        assert.deepStrictEqual(yield* store.swaps({ limit: 9 }), [next])
      })
    },
    {
      title: "a swap that has ended is history, and changing it is a defect",
      run: Effect.gen(function* () {
        const store = yield* PluginStore
        for (const result of ["done", "refused", "failed", "taken back", "interrupted"] as const) {
          const swap = yield* recorded({ result, endedAt: start })
          const other = store.record({ ...swap, by: "somebody else" })
          assert.isTrue(Exit.hasDies(yield* Effect.exit(other)), result)
          assert.deepStrictEqual(yield* store.swap(swap.id), Option.some(swap))
        }
      })
    },
    {
      title: "swaps are listed newest first, up to the limit",
      run: Effect.gen(function* () {
        const store = yield* PluginStore
        const swaps = [yield* recorded(), yield* recorded(), yield* recorded()].toReversed()
        assert.deepStrictEqual(yield* store.swaps({ limit: 9 }), swaps)
        assert.deepStrictEqual(yield* store.swaps({ limit: 2 }), swaps.slice(0, 2))
      })
    },
    {
      title: "swaps can be narrowed to a plugin and to results, by what they are now",
      run: Effect.gen(function* () {
        const store = yield* PluginStore
        const running = yield* recorded()
        const done = yield* recorded({ result: "done" })
        const other = yield* recorded({ pluginId: "other-crm" })
        const ids = (filter: Parameters<typeof store.swaps>[0]) =>
          Effect.map(store.swaps(filter), (swaps) => swaps.map(({ id }) => id))
        assert.deepStrictEqual(yield* ids({ pluginId: "sample-crm", limit: 9 }), [done.id, running.id])
        assert.deepStrictEqual(yield* ids({ results: ["running"], limit: 9 }), [other.id, running.id])
        yield* store.record({ ...running, result: "failed" })
        assert.deepStrictEqual(yield* ids({ results: ["running"], limit: 9 }), [other.id])
        assert.deepStrictEqual(yield* ids({ pluginId: "sample-crm", results: ["failed", "done"], limit: 1 }), [done.id])
      })
    },
    {
      title: "version, pin and swap roll back together",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* kept(first)
        yield* store.pin(pin(everyone, first))
        const swap = yield* makeSwap()
        yield* Effect.exit(
          storage.atomically(
            Effect.gen(function* () {
              yield* store.record(swap)
              yield* store.keep(second)
              yield* store.pin(pin(everyone, second))
              // What left the transaction would go on now.
              yield* Effect.yieldNow
              yield* Effect.fail("no")
            })
          )
        )
        assert.deepStrictEqual(yield* store.versions("sample-crm"), [first])
        assert.deepStrictEqual(yield* store.pins("sample-crm"), [pin(everyone, first)])
        assert.isTrue(Option.isNone(yield* store.swap(swap.id)))
      })
    },
    {
      title: "a transaction sees what it kept and pinned",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* PluginStore
        const seen = yield* storage.atomically(
          Effect.gen(function* () {
            yield* store.keep(first)
            yield* store.pin(pin(everyone, first))
            return [yield* store.versions("sample-crm"), yield* store.pins("sample-crm")]
          })
        )
        assert.deepStrictEqual(seen, [[first], [pin(everyone, first)]])
      })
    }
  ],
  durable: [
    {
      title: "versions, pins and swaps outlive a restart",
      before: Effect.gen(function* () {
        const store = yield* kept(first, second)
        yield* store.pin(pin(ofFirm, first))
        yield* recorded({ result: "done" })
      }),
      after: Effect.gen(function* () {
        const store = yield* PluginStore
        assert.deepStrictEqual(yield* store.versions("sample-crm"), [second, first])
        assert.deepStrictEqual(yield* store.pins("sample-crm"), [pin(ofFirm, first)])
        assert.deepInclude((yield* store.swaps({ limit: 9 }))[0], { by: "Zoë", result: "done", to: second.digest })
      })
    }
  ]
}

export const pluginStoreContract = contract(pluginStoreLaws)
