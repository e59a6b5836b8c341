/** What is known of the plugins while the host is stopped. */
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type Connection, ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { allOff } from "@casewire/core/domain/Toggles"
import { type KeptVersion, PluginDigest } from "@casewire/core/domain/PluginSwap"
import * as Memory from "@casewire/core/memory/Memory"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { layerKeptManifests } from "../src/KeptManifests.ts"

const connectionOf = (firmId: FirmId): Connection => ({
  id: ConnectionId.make(`of-${firmId}`),
  firmId,
  plugin: "sample",
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
})
const connection = connectionOf(FirmId.make("harbor"))
const otherConnection = connectionOf(FirmId.make("mesa"))

const manifest = (version: string): PluginManifest => ({
  id: connection.plugin,
  name: "Sample",
  version,
  contract: 1,
  credentials: [],
  origins: { api: "https://sample.example/" },
  sandboxOrigins: {},
  account: [],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
  notes: { maxLength: 1000, timeZone: "UTC" },
  webhook: { required: [], record: "Id", fillers: [], testValue: "^x$", options: [], steps: [] }
})
const kept = (digit: string, version: string): KeptVersion => ({
  pluginId: connection.plugin,
  version,
  digest: PluginDigest.make(digit.repeat(64)),
  manifest: manifest(version),
  origin: { kind: "built-in", location: "x" },
  signedBy: null,
  keptAt: 1,
  keptBy: "host"
})
const [one, two, newest] = [kept("a", "1.0.0"), kept("b", "1.1.0"), kept("c", "2.0.0")]

describe("the plugins of a stopped host", () => {
  it.effect("are what served last, for each firm its own, and not what was kept last", () =>
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const store = yield* PluginStore
      for (const each of [connection, otherConnection]) {
        yield* connections.saveFirm({ id: each.firmId, name: each.firmId, createdAt: 1 })
        yield* connections.save(each)
      }
      for (const each of [one, two, newest]) yield* store.keep(each)
      const pluginId = connection.plugin
      yield* store.pin({ pluginId, target: { _tag: "Everyone" }, digest: one.digest })
      yield* store.pin({ pluginId, target: { _tag: "Firm", firmId: connection.firmId }, digest: two.digest })
      yield* Effect.gen(function* () {
        const plugins = yield* Plugins
        const versionOf = (id: string, of?: typeof connection) =>
          Option.getOrUndefined(Option.map(plugins.manifest(id, of), ({ version }) => version))
        assert.strictEqual(versionOf(pluginId), "1.0.0")
        assert.strictEqual(versionOf(pluginId, connection), "1.1.0")
        assert.strictEqual(versionOf(pluginId, otherConnection), "1.0.0")
        assert.isUndefined(versionOf("unknown"))
        assert.lengthOf(yield* plugins.manifests, 1)
        assert.throws(() => plugins.crm(pluginId, { connectionId: "x", settings: {}, secrets: {} }), /does not run/)
      }).pipe(Effect.provide(layerKeptManifests))
    }).pipe(Effect.provide(Memory.layer))
  )

  it("are loaded by no module of the host: the CRM's own comes by the same door as anybody's", () => {
    const folder = join(import.meta.dirname, "../src")
    const loading = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .filter((file) =>
        /(?:from\s+|import\s*\(?\s*)"@casewire\/lawruler-plugin|plugin-host\/InProcess/.test(
          readFileSync(join(folder, file), "utf8")
        )
      )
    assert.deepStrictEqual(loading, [])
  })
})
