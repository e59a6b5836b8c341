/** `casewire plugin pack`, `verify`, `list`, `show`, `reload`, `rollback` and `logs` as an operator types them. */
import { assert, describe, it } from "@effect/vitest"
import { readArchive, writeArchive } from "@casewire/plugin-host/PackageArchive"
import { makePackage } from "@casewire/plugin-host/PluginPackage"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort, startHost, stop, throwAway } from "../harness/Processes.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const frozen = fileURLToPath(
  new URL("../../../packages/plugin-host/test/contract-1/frozen-1.0.0.casewire", import.meta.url)
)

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}
type Env = Record<string, string>

const run = (words: ReadonlyArray<string>, env: Env) =>
  new Promise<Ended>((resolve) => {
    const child = spawn(process.execPath, [main, ...words], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    child.on("close", (code) => resolve({ code, out, err }))
  })
const plugin = (env: Env, ...words: ReadonlyArray<string>) => run(["plugin", ...words], env)
const data = ({ out }: Ended) => JSON.parse(out).data
const error = ({ out }: Ended) => JSON.parse(out).error.code

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const { data: folder, remove } = throwAway()
  try {
    await use(folder)
  } finally {
    remove()
  }
}

/** The frozen plugin under another version, with another manifest. */
const variant = async (folder: string, version: string, change: object = {}) => {
  const files = await Effect.runPromise(readArchive(new Uint8Array(readFileSync(frozen))))
  const text = (name: string) => new TextDecoder().decode(files.get(name))
  const code = text("plugin.mjs").replaceAll("1.0.0", version)
  const manifest = { ...JSON.parse(text("manifest.json")), version, ...change }
  const file = join(folder, `frozen-${version}.casewire`)
  writeFileSync(file, writeArchive(makePackage(new TextEncoder().encode(code), manifest)))
  return file
}

const wide = {
  origins: { api: "https://api.frozen.example/", more: "https://more.example/" },
  permissions: { hosts: ["api.frozen.example", "more.example"], documents: false }
}

describe("casewire plugin, without a host", { timeout: 120_000 }, () => {
  it("packs a folder into the same bytes each time, signs them, and says what a file is", () =>
    inFolder(async (folder) => {
      const at = join(folder, "acme")
      mkdirSync(at)
      writeFileSync(join(at, "package.json"), JSON.stringify({ casewire: { plugin: "index.mjs" } }))
      const files = await Effect.runPromise(readArchive(new Uint8Array(readFileSync(frozen))))
      writeFileSync(join(at, "index.mjs"), files.get("plugin.mjs") ?? "")
      const key = join(folder, "key.pem")
      writeFileSync(key, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }))
      const [one, two] = [join(folder, "1.casewire"), join(folder, "2.casewire")]
      const packed = await plugin({}, "pack", at, "--out", one, "--key", key, "--json")
      assert.strictEqual(packed.code, 0, packed.err)
      assert.deepInclude(data(packed), { id: "frozen", version: "1.0.0", contract: 1, file: one })
      await plugin({}, "pack", at, "--out", two, "--key", key)
      assert.isTrue(readFileSync(one).equals(readFileSync(two)))

      const { publicKey } = data(packed).signer
      const env = { CASEWIRE_PLUGIN_SIGNATURES: "required", CASEWIRE_PLUGIN_KEYS: publicKey }
      const good = await plugin(env, "verify", one)
      assert.deepStrictEqual([good.code, good.out.includes("trusted")], [0, true])
      const unsigned = await plugin(env, "verify", frozen, "--json")
      assert.deepStrictEqual([unsigned.code, error(unsigned)], [6, "signature-missing"])
      const bytes = readFileSync(one)
      bytes[bytes.indexOf("api.frozen.example")] = 0x62
      writeFileSync(two, bytes)
      const changed = await plugin({}, "verify", two, "--json")
      assert.deepStrictEqual([changed.code, error(changed)], [6, "not-a-package"])
    }))

  it("says by name and exit code what is wrong", async () => {
    const table = [
      [["verify", "nowhere.casewire"], 5, "file-missing"],
      [["verify", main], 6, "not-a-package"],
      [["pack", "nowhere"], 5, "file-missing"],
      [["pack", ".", "--key", main], 3, "key-unusable"]
    ] as const
    for (const [words, code, name] of table) {
      const ended = await plugin({}, ...words, "--json")
      assert.deepStrictEqual([ended.code, error(ended)], [code, name])
      assert.match(ended.err, /^casewire: \S/)
    }
  })

  it("says that the host does not answer, or that it has no token to ask with", () =>
    inFolder(async (folder) => {
      const env = { CASEWIRE_DATA: folder, CASEWIRE_PORT: String(await freePort()) }
      const tokenless = await plugin(env, "list", "--json")
      assert.deepStrictEqual([tokenless.code, error(tokenless)], [3, "no-token"])
      const silent = await plugin({ ...env, CASEWIRE_API_TOKEN: "x" }, "list", "--json")
      assert.deepStrictEqual([silent.code, error(silent)], [8, "host-unreachable"])
    }))
})

describe("casewire plugin, with a host", { timeout: 240_000 }, () => {
  it("replaces a version while the host runs, asks before it may do more, and goes back", () =>
    inFolder(async (folder) => {
      const options = {
        port: await freePort(),
        data: folder,
        sandboxUrl: "http://127.0.0.1:9",
        clientTimeoutMs: 1000,
        lateCommitMs: 1000,
        plugins: `file:${frozen}`
      }
      const env: Env = { CASEWIRE_DATA: folder, CASEWIRE_PORT: String(options.port) }
      env["CASEWIRE_API_TOKEN"] = (await run(["token"], env)).out.trim()
      const host = await startHost(options)
      try {
        const headers = { authorization: `Bearer ${env["CASEWIRE_API_TOKEN"]}` }
        const serving = async () => {
          const answer = await fetch(`${host.url}/api/v1/plugins/frozen`, { headers })
          const { versions } = (await answer.json()) as { versions: ReadonlyArray<Record<string, string>> }
          return versions.find(({ serves }) => serves === "everyone")?.["version"]
        }
        const list = await plugin(env, "list")
        assert.match(list.out, /^frozen +1\.0\.0 +Frozen CRM \(1 version kept\)$/m)
        assert.match(list.out, /^law-ruler +\d/m)

        const newer = await variant(folder, "1.1.0", wide)
        const asked = await plugin(env, "reload", "frozen", "--file", newer, "--json")
        assert.deepStrictEqual([asked.code, error(asked)], [6, "confirmation-missing"])
        assert.include(asked.err, "needs confirmation: permissions: May call more.example.")
        assert.strictEqual(await serving(), "1.0.0")

        const done = await plugin(env, "reload", "frozen", "--to", "1.1.0", "--yes", "--reason", "more", "--json")
        assert.strictEqual(done.code, 0, done.err)
        assert.deepInclude(data(done), { version: "1.1.0" })
        assert.match(done.err, /^ {2}verify +passed/m)
        assert.match(done.err, /^ {2}switch +passed/m)
        assert.strictEqual(await serving(), "1.1.0")

        const again = await plugin(env, "reload", "frozen", "--to", "1.1.0")
        assert.deepStrictEqual([again.code, again.out], [0, "frozen 1.1.0 serves already\n"])

        const back = await plugin(env, "rollback", "frozen", "--reason", "too much", "--json")
        assert.strictEqual(back.code, 0, back.err)
        assert.deepInclude(data(back), { version: "1.0.0" })

        const shown = await plugin(env, "show", "frozen")
        assert.match(shown.out, /roll-back 1\.1\.0 -> 1\.0\.0: (done|running), by .*: too much/)
        assert.match(shown.out, /swap 1\.0\.0 -> 1\.1\.0: done, by .*: more/)
        assert.strictEqual((await plugin(env, "logs", "frozen")).code, 0)

        const nothing = await plugin(env, "reload", "frozen", "--to", "9.9.9", "--json")
        assert.deepStrictEqual([nothing.code, error(nothing)], [5, "version-unknown"])
        const unknown = await plugin(env, "show", "unknown", "--json")
        assert.deepStrictEqual([unknown.code, error(unknown)], [5, "not-found"])
        const broken = join(folder, "broken.casewire")
        writeFileSync(broken, readFileSync(frozen).subarray(0, 5000))
        const refused = await plugin(env, "reload", "frozen", "--file", broken, "--json")
        assert.deepStrictEqual([refused.code, error(refused)], [6, "not-a-package"])
        assert.strictEqual(await serving(), "1.0.0")
      } finally {
        await stop(host)
      }
      const restarted = await startHost(options)
      try {
        assert.match((await plugin(env, "list")).out, /^frozen +1\.0\.0 /m)
      } finally {
        await stop(restarted)
      }
    }))
})
