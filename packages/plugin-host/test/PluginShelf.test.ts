/** From a source to a checked private copy, and what happens when somebody meddles in between. */
import { assert, describe, it } from "@effect/vitest"
import { Database } from "@casewire/core/memory/Database"
import * as PluginStoreMemory from "@casewire/core/memory/PluginStore"
import { PluginDigest } from "@casewire/core/domain/PluginSwap"
import type { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { manifestOf } from "@casewire/plugin-host/ManifestReader"
import { PluginShelf, type ShelfOptions } from "@casewire/plugin-host/PluginShelf"
import { packed as packFolder, type PluginSource } from "@casewire/plugin-host/PluginSource"
import { Effect, Layer } from "effect"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { packed, packedFiles, signingKey } from "./Packed.ts"
import { pluginFolder, sources, tempFolder, writeAll } from "./PluginFolder.ts"

const shelf = (options: Partial<ShelfOptions> & { readonly home: string }) =>
  PluginShelf.layer({ signatures: { isRequired: false, trusted: [] }, ...options }).pipe(
    Layer.provideMerge(PluginStoreMemory.layer),
    Layer.provide(Database.layer)
  )

/** Runs over a shelf of its own; answers the refusal's code where there is one. */
const on = <A>(
  use: (shelf: PluginShelf["Service"], home: string) => Effect.Effect<A, PluginRejected, PluginStore>,
  options: Partial<ShelfOptions> = {}
) => {
  const home = join(tempFolder(), "plugins")
  return Effect.flatMap(PluginShelf, (service) => use(service, home)).pipe(
    Effect.catchTag("PluginRejected", ({ code, message }) => {
      assert.match(message, /^[A-Z"].*\. [A-Z].*\.$/s, "what was found, and what to do")
      return Effect.succeed(code)
    }),
    Effect.provide(shelf({ home, ...options }))
  )
}

const file = (bytes: Uint8Array, name = "acme.casewire"): PluginSource => {
  const location = join(tempFolder(), name)
  writeFileSync(location, bytes)
  return { kind: "file", location }
}
const folder = (location: string): PluginSource => ({ kind: "folder", location })
const unpacked = (files = packedFiles()) => {
  const at = tempFolder()
  for (const [name, bytes] of files) writeFileSync(join(at, name), bytes)
  return at
}
const code = (source: PluginSource, options: Partial<ShelfOptions> = {}) =>
  on((service) => Effect.as(service.take(source, "test"), "taken"), options)

describe("a version of a plugin", () => {
  const taken: ReadonlyArray<readonly [string, PluginSource]> = [
    ["a packed file", file(packed())],
    ["a folder that holds what a packed file holds", folder(unpacked())],
    ["a folder of sources", folder(pluginFolder())],
    ["a folder that came with the host", { kind: "built-in", location: pluginFolder() }]
  ]
  for (const [title, source] of taken)
    it.effect(`is taken from ${title} into a copy that only this user can read`, () =>
      on((service, home) =>
        Effect.gen(function* () {
          const { kept, version } = yield* service.take(source, "Zoë")
          assert.deepInclude(kept, { pluginId: "acme", version: "1.0.0", keptBy: "Zoë" })
          assert.strictEqual(version.digest, kept.digest)
          assert.deepStrictEqual(kept.origin, source)
          assert.strictEqual(version.folder, join(home, version.digest))
          assert.strictEqual(version.entry, join(version.folder, "plugin.mjs"))
          assert.deepStrictEqual(readdirSync(home), [version.digest])
          assert.strictEqual(statSync(version.folder).mode & 0o777, 0o500)
          for (const name of readdirSync(version.folder))
            assert.strictEqual(statSync(join(version.folder, name)).mode & 0o777, 0o400)
          assert.deepStrictEqual((yield* service.open("acme", kept.digest)).version, version)
          assert.deepStrictEqual(yield* service.versions("acme"), [kept])
        })
      )
    )

  it.effect("is taken from an installed package, wherever Node finds it", () =>
    on((service) =>
      Effect.gen(function* () {
        const from = tempFolder()
        writeAll(join(from, "node_modules/@acme/casewire-plugin"), sources())
        const { kept } = yield* service.take(
          { kind: "npm", location: "@acme/casewire-plugin", from: join(from, "a") },
          "x"
        )
        assert.deepStrictEqual(kept.origin, { kind: "npm", location: "@acme/casewire-plugin" })
      })
    )
  )

  it.effect("is taken from an installed package that brings a packed file", () =>
    on((service) =>
      Effect.gen(function* () {
        const at = join(tempFolder(), "node_modules/acme")
        writeAll(at, { "package.json": JSON.stringify({ name: "acme", casewire: { packed: "dist/acme.casewire" } }) })
        mkdirSync(join(at, "dist"))
        writeFileSync(join(at, "dist/acme.casewire"), packed())
        const { kept } = yield* service.take({ kind: "npm", location: "acme", from: join(at, "../..") }, "x")
        assert.strictEqual(kept.version, "1.0.0")
      })
    )
  )

  it.effect("is the same version wherever its sources lie and however often they are packed", () =>
    Effect.gen(function* () {
      const [one, two] = [pluginFolder(), pluginFolder()]
      const files = [yield* packFolder(one), yield* packFolder(two), yield* packFolder(one)]
      assert.deepStrictEqual(files[1], files[0])
      assert.deepStrictEqual(files[2], files[0])
      yield* on((service) =>
        Effect.gen(function* () {
          const taken = yield* service.take(folder(one), "x")
          const again = yield* service.takeBytes(files[0]!, "acme.casewire", "y")
          assert.deepStrictEqual(again.version.digest, taken.version.digest)
          assert.lengthOf(yield* service.versions("acme"), 1)
        })
      )
    })
  )

  it.effect("is another version when a module that it imports changes", () =>
    on((service) =>
      Effect.gen(function* () {
        const at = pluginFolder()
        const before = yield* service.take(folder(at), "x")
        writeFileSync(join(at, "src/name.ts"), `export const name = "Acme 2"\n`)
        const after = yield* service.take(folder(at), "x")
        assert.notStrictEqual(after.version.digest, before.version.digest)
        assert.strictEqual(after.kept.manifest.name, "Acme 2")
        assert.strictEqual((yield* service.open("acme", before.kept.digest)).kept.manifest.name, "Acme CRM")
      })
    )
  )

  it.effect("says who signed it where the operator trusts the key", () =>
    Effect.gen(function* () {
      const bytes = packed({}, signingKey(1))
      const seen: Array<string | null> = []
      const look = (service: PluginShelf["Service"]) =>
        Effect.map(service.takeBytes(bytes, "x", "y"), ({ kept }) => void seen.push(kept.signedBy))
      yield* on(look)
      yield* on(look, { signatures: { isRequired: true, trusted: [publicKeyOf(bytes)] } })
      assert.isNull(seen[0])
      assert.match(seen[1] ?? "", /^[0-9a-f]{16}$/)
    })
  )
})

const publicKeyOf = (_: Uint8Array): string =>
  JSON.parse(new TextDecoder().decode(packedFiles({}, signingKey(1)).get("signature.json"))).publicKey

describe("a source is refused by name", () => {
  const demanding = { signatures: { isRequired: true, trusted: [] } }
  const linked = () => {
    const at = unpacked()
    symlinkSync("/etc/hostname", join(at, "more"))
    return at
  }
  const big = () => {
    const { location } = file(new Uint8Array())
    truncateSync(location, 3_000_000_000)
    return { kind: "file", location } as const
  }
  const table: ReadonlyArray<readonly [string, PluginSource, string, Partial<ShelfOptions>?]> = [
    ["no file", { kind: "file", location: "/nowhere/acme.casewire" }, "file-missing"],
    ["a folder in a file's place", { kind: "file", location: tempFolder() }, "file-missing"],
    ["three gigabytes", big(), "file-too-large"],
    ["no folder", folder("/nowhere"), "file-missing"],
    ["an empty folder", folder(tempFolder()), "file-missing"],
    ["a folder without its module", folder(writeAll(tempFolder(), { "package.json": "{}" })), "file-missing"],
    ["a package.json that is none", folder(writeAll(tempFolder(), { "package.json": "[" })), "file-missing"],
    ["a link in a packed folder", folder(linked()), "link-refused"],
    [
      "a file more in a packed folder",
      folder(unpacked(new Map([...packedFiles(), ["x.mjs", new Uint8Array()]]))),
      "file-unlisted"
    ],
    ["sources that do not parse", folder(pluginFolder({}, "const = 1")), "bundle-failed"],
    ["sources that import what is not there", folder(pluginFolder({}, `import "not-installed"`)), "bundle-failed"],
    ["a module that throws", folder(pluginFolder({}, `throw new Error("broken")`)), "entry-unusable"],
    ["a module that would end the process, and finds none", folder(pluginFolder({}, "process.exit?.(0)")), "taken"],
    [
      "a module that reads files",
      folder(pluginFolder({}, `import { readFileSync } from "node:fs"\nreadFileSync("/etc/hostname")`)),
      "entry-unusable"
    ],
    [
      "a module that exports no plugin",
      folder(writeAll(tempFolder(), { ...sources(), "src/index.ts": "export default 1" })),
      "entry-unusable"
    ],
    ["a manifest of a contract to come", folder(pluginFolder({ contract: 9 })), "contract-too-new"],
    ["a manifest that is wrong", folder(pluginFolder({ budget: 1 })), "manifest-unreadable"],
    [
      "a package that is not installed",
      { kind: "npm", location: "not-installed", from: tempFolder() },
      "package-unknown"
    ],
    ["a package that is a path", { kind: "npm", location: "../acme", from: tempFolder() }, "package-unknown"],
    ["an unsigned file where signatures are demanded", file(packed()), "signature-missing", demanding],
    ["an unsigned folder where signatures are demanded", folder(pluginFolder()), "signature-missing", demanding],
    [
      "a file of an unknown key where signatures are demanded",
      file(packed({}, signingKey(1))),
      "signature-unknown",
      demanding
    ],
    [
      "what came with the host, where signatures are demanded",
      { kind: "built-in", location: pluginFolder() },
      "taken",
      demanding
    ]
  ]
  for (const [title, source, expected, options] of table)
    it.effect(`${title}: ${expected}`, () =>
      Effect.map(code(source, options), (answer) => assert.strictEqual(answer, expected))
    )

  it.effect("another plugin in the place of a known one: other-plugin", () =>
    Effect.map(
      on((service) => service.take(file(packed({ id: "other" })), "x", "acme")),
      (answer) => assert.strictEqual(answer, "other-plugin")
    )
  )
})

describe("a module that never ends to load", () => {
  it.live("is given up", () =>
    Effect.gen(function* () {
      const at = writeAll(tempFolder(), { "plugin.mjs": "for (;;);" })
      const refused = yield* Effect.flip(manifestOf(join(at, "plugin.mjs"), 200))
      assert.strictEqual(refused.code, "entry-unusable")
      assert.include(refused.message, "was not loaded within 0.2 seconds")
    })
  )
})

describe("a copy that was meddled with", () => {
  const meddled = (meddle: (folder: string) => void) =>
    on((service) =>
      Effect.gen(function* () {
        const { kept, version } = yield* service.take(file(packed()), "x")
        chmodSync(version.folder, 0o700)
        meddle(version.folder)
        return yield* Effect.as(service.open("acme", kept.digest), "opened")
      })
    )
  const rewritten = (folder: string, name: string, text: string | Uint8Array) => {
    chmodSync(join(folder, name), 0o600)
    writeFileSync(join(folder, name), text)
  }
  const table: ReadonlyArray<readonly [string, (folder: string) => void, string]> = [
    ["nothing", () => {}, "opened"],
    ["other code", (folder) => rewritten(folder, "plugin.mjs", "export default 1"), "digest-wrong"],
    ["a file more", (folder) => writeFileSync(join(folder, "more.mjs"), "x"), "file-unlisted"],
    [
      "another whole plugin",
      (folder) => {
        for (const [name, bytes] of packedFiles({ version: "6.6.6" })) rewritten(folder, name, bytes)
      },
      "digest-wrong"
    ]
  ]
  for (const [title, meddle, expected] of table)
    it.effect(`is not started: ${title} (${expected})`, () =>
      Effect.map(meddled(meddle), (answer) => assert.strictEqual(answer, expected))
    )

  it.effect("is made again when its source is taken again", () =>
    on((service) =>
      Effect.gen(function* () {
        const source = file(packed())
        const { kept, version } = yield* service.take(source, "x")
        chmodSync(version.folder, 0o700)
        rewritten(version.folder, "plugin.mjs", "export default 1")
        yield* service.take(source, "x")
        yield* service.open("acme", kept.digest)
        assert.deepStrictEqual(new Uint8Array(readFileSync(version.entry)), packedFiles().get("plugin.mjs"))
      })
    )
  )

  it.effect("is not started unsigned once the operator demands signatures", () =>
    Effect.gen(function* () {
      const home = join(tempFolder(), "plugins")
      const database = Database.make()
      const over = (options: Partial<ShelfOptions>) =>
        PluginShelf.layer({ home, signatures: { isRequired: false, trusted: [] }, ...options }).pipe(
          Layer.provide(PluginStoreMemory.layer),
          Layer.provide(Layer.succeed(Database, database))
        )
      const taken = yield* Effect.flatMap(PluginShelf, (service) => service.take(file(packed()), "x")).pipe(
        Effect.provide(over({}))
      )
      const refused = yield* Effect.flip(
        Effect.flatMap(PluginShelf, (service) => service.open("acme", taken.kept.digest)).pipe(
          Effect.provide(over({ signatures: { isRequired: true, trusted: [] } }))
        )
      )
      assert.strictEqual(refused.code, "signature-missing")
    })
  )
})

describe("the shelf", () => {
  it.effect("lets old versions go, but none that serves somebody", () =>
    on(
      (service, home) =>
        Effect.gen(function* () {
          const store = yield* PluginStore
          const taken = []
          for (let patch = 0; patch < 5; patch++) {
            taken.push(yield* service.takeBytes(packed({ version: `1.0.${patch}` }), "x", "y"))
            if (patch === 0)
              yield* store.pin({ pluginId: "acme", target: { _tag: "Everyone" }, digest: taken[0]!.kept.digest })
          }
          assert.deepStrictEqual(
            (yield* service.versions("acme")).map(({ version }) => version),
            ["1.0.4", "1.0.3", "1.0.2", "1.0.0"]
          )
          assert.isFalse(existsSync(join(home, taken[1]!.kept.digest)))
          assert.isTrue(existsSync(join(home, taken[0]!.kept.digest)))
        }),
      { keep: 2 }
    )
  )

  it.effect("takes the same version twice at once and keeps it once", () =>
    on((service, home) =>
      Effect.gen(function* () {
        const take = service.takeBytes(packed(), "x", "y")
        const both = yield* Effect.all([take, take, take], { concurrency: "unbounded" })
        assert.deepStrictEqual(readdirSync(home), [both[0].version.digest])
        assert.lengthOf(yield* service.versions("acme"), 1)
      })
    )
  )

  it.effect("clears away what a process before it left half written", () =>
    Effect.gen(function* () {
      const home = join(tempFolder(), "plugins")
      mkdirSync(join(home, ".new-0123"), { recursive: true })
      writeFileSync(join(home, ".new-0123/plugin.mjs"), "half", { mode: 0o400 })
      chmodSync(join(home, ".new-0123"), 0o500)
      yield* Effect.provide(PluginShelf, shelf({ home }))
      assert.deepStrictEqual(readdirSync(home), [])
    })
  )

  it.effect("knows no version that was not kept", () =>
    Effect.map(
      on((service) => service.open("acme", PluginDigest.make("a".repeat(64)))),
      (answer) => assert.strictEqual(answer, "version-unknown")
    )
  )
})
