import { definePlugin, type PluginConnection, type PluginManifest } from "@casewire/core/CrmPlugin"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Crm, CrmError, CrmRateLimited, CrmRefused } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { Plugins } from "@casewire/core/ports/Plugins"
import { layerInProcess } from "@casewire/plugin-host/InProcess"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Redacted, Stream } from "effect"

const manifest: PluginManifest = {
  id: "tiny",
  name: "Tiny CRM",
  version: "1.0.0",
  contract: 1,
  credentials: [{ name: "key", label: "Key", help: "", placeholder: "", secret: true, required: true }],
  origins: { api: "https://tiny.example/" },
  sandboxOrigins: { api: "{sandbox}/" },
  account: [],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
  notes: { maxLength: 1000, timeZone: "UTC" },
  webhook: { required: [], record: "ID", fillers: [], testValue: "^x$", options: [], steps: [] }
}

const connection: PluginConnection = {
  connectionId: "c",
  settings: { root: "acme" },
  secrets: { key: Redacted.make("s3cret") }
}

/** What the plugin saw of its connection and sent through its door. */
interface Seen {
  connection?: PluginConnection
  readonly requests: Array<CrmRequest>
}

const pluginOf = (seen: Seen, change: Partial<Crm["Service"]> = {}) =>
  definePlugin({
    manifest,
    crm: (given) => {
      seen.connection = given
      const crm = Layer.effect(
        Crm,
        Effect.map(CrmHttp, (http) =>
          Crm.of({
            verify: Stream.empty,
            changes: () => Stream.empty,
            catalog: () => Effect.succeed({ caseTypes: [], statuses: [], fields: [] }),
            decode: () => Effect.succeed([]),
            read: ({ ids }) =>
              Effect.as(
                http.send({ origin: "api", method: "GET", path: "read", changes: false }),
                ids.map((externalId) => ({ externalId, client: {}, fields: {} }))
              ),
            notes: () => Effect.succeed([]),
            addNote: () => Effect.succeed({ externalId: "n1" }),
            updateFields: () => Effect.succeed({}),
            setStatus: () => Effect.succeed({}),
            ...change
          })
        )
      )
      return Layer.mergeAll(crm, CrmDocuments.layerUnsupported("none"))
    }
  })

const layerHttp = (seen: Seen) =>
  Layer.succeed(CrmHttp, {
    send: (request) =>
      Effect.sync(() => {
        seen.requests.push(request)
        return { status: 200, contentType: "text/plain", body: "ok" }
      })
  })

const using = <A, E>(seen: Seen, use: Effect.Effect<A, E, Crm>, change: Partial<Crm["Service"]> = {}) =>
  Effect.gen(function* () {
    const plugins = yield* Plugins
    return yield* Effect.provide(use, plugins.crm("tiny", connection).pipe(Layer.provide(layerHttp(seen))))
  }).pipe(Effect.provide(layerInProcess([pluginOf(seen, change)])))

const defectOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit) && Exit.hasDies(exit) ? String(Cause.squash(exit.cause)) : "no defect"

const id = ExternalCaseId.make("42")
const fresh = (): Seen => ({ requests: [] })

describe("a plugin in the host's process", () => {
  it.effect("is found by its id, and another id is not", () =>
    Effect.gen(function* () {
      const plugins = yield* Plugins
      assert.strictEqual(Option.getOrThrow(plugins.manifest("tiny")).name, "Tiny CRM")
      assert.isTrue(Option.isNone(plugins.manifest("other")))
      assert.lengthOf(yield* plugins.manifests, 1)
    }).pipe(Effect.provide(layerInProcess([pluginOf(fresh())])))
  )

  it.effect("stops the start where two have the same id", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Layer.build(layerInProcess([pluginOf(fresh()), pluginOf(fresh())])))
      assert.isTrue(Exit.hasDies(exit))
    }).pipe(Effect.scoped)
  )

  it.effect("gets its connection as a copy, with secrets that print nothing", () =>
    Effect.gen(function* () {
      const seen = fresh()
      yield* using(
        seen,
        Effect.flatMap(Crm, (crm) => crm.catalog({}))
      )
      assert.notStrictEqual(seen.connection?.settings, connection.settings)
      assert.deepStrictEqual(seen.connection?.settings, connection.settings)
      assert.strictEqual(Redacted.value(seen.connection!.secrets["key"]!), "s3cret")
      assert.notInclude(String(seen.connection?.secrets["key"]), "s3cret")
    })
  )

  it.effect("carries calls, answers and its requests as plain copies", () =>
    Effect.gen(function* () {
      const seen = fresh()
      const ids = [id]
      const answer = yield* using(
        seen,
        Effect.flatMap(Crm, (crm) => crm.read({ ids }))
      )
      assert.deepStrictEqual(answer, [{ externalId: id, client: {}, fields: {} }])
      assert.deepStrictEqual(seen.requests, [{ origin: "api", method: "GET", path: "read", changes: false }])
    })
  )

  it.effect("fails with the port's errors, reason and all, rebuilt on this side", () =>
    Effect.gen(function* () {
      const given = new CrmError({ reason: new CrmRateLimited({ until: 5 }) })
      const failing = { setStatus: () => Effect.fail(given) }
      const failure = yield* Effect.flip(
        using(
          fresh(),
          Effect.flatMap(Crm, (crm) => crm.setStatus({ id, status: "x" })),
          failing
        )
      )
      assert.notStrictEqual(failure, given)
      assert.deepInclude(failure.reason, { _tag: "CrmRateLimited", until: 5 })
      assert.isTrue(failure.retryable)
    })
  )

  it.effect("dies where an answer does not fit its schema: that is the plugin's fault, not the CRM's", () =>
    Effect.gen(function* () {
      const broken = { addNote: () => Effect.succeed({ externalId: 7 } as unknown as { externalId: string }) }
      const exit = yield* Effect.exit(
        using(
          fresh(),
          Effect.flatMap(Crm, (crm) => crm.addNote({ id, text: "x" })),
          broken
        )
      )
      assert.match(defectOf(exit), /Expected string/)
    })
  )

  it.effect("dies where a failure is not one of the port's", () =>
    Effect.gen(function* () {
      const odd = { addNote: () => Effect.fail(new Error("odd") as unknown as CrmError) }
      const exit = yield* Effect.exit(
        using(
          fresh(),
          Effect.flatMap(Crm, (crm) => crm.addNote({ id, text: "x" })),
          odd
        )
      )
      assert.match(defectOf(exit), /Expected CrmError/)
    })
  )

  it.effect("streams checks as copies, and ends with the port's error", () =>
    Effect.gen(function* () {
      const check = { name: "a", label: "A", ok: true, detail: "", required: true }
      const refused = new CrmError({ reason: new CrmRefused({ message: "no" }) })
      const streaming = { verify: Stream.concat(Stream.make(check), Stream.fail(refused)) }
      const seen: Array<unknown> = []
      const failure = yield* Effect.flip(
        using(
          fresh(),
          Effect.flatMap(Crm, (crm) => Stream.runForEach(crm.verify, (each) => Effect.sync(() => seen.push(each)))),
          streaming
        )
      )
      assert.deepStrictEqual([seen, failure.reason._tag], [[check], "CrmRefused"])
      assert.notStrictEqual(seen[0], check)
    })
  )
})
