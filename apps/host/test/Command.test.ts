import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { existsSync, readFileSync, statSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort, type HostOptions, startCasewire, startHost, stop, throwAway } from "../harness/Processes.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const run = (words: ReadonlyArray<string>, env: Record<string, string>) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, [main, ...words], { env: { ...process.env, ...env } })
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    child.on("exit", (code) => resolve({ code, out, err }))
  })

const inFolder = async (use: (data: string, options: HostOptions) => Promise<void>) => {
  const { data, remove } = throwAway()
  const options = {
    port: await freePort(),
    data,
    sandboxUrl: "http://127.0.0.1:9",
    clientTimeoutMs: 1000,
    lateCommitMs: 1000
  }
  try {
    await use(data, options)
  } finally {
    remove()
  }
}

describe("the casewire command", { concurrent: false }, () => {
  it("prints a token and nothing else, and keeps key and store for this user alone", () =>
    inFolder(async (data) => {
      const { code, out } = await run(["token"], { CASEWIRE_DATA: data })
      assert.strictEqual(code, 0)
      assert.match(out, /^[\w-]{43}\n$/)
      for (const file of ["key", "casewire.db"]) assert.strictEqual(statSync(join(data, file)).mode & 0o777, 0o600)
      assert.notInclude(readFileSync(join(data, "casewire.db")).toString("latin1"), out.trim())
    }))

  it.each([
    ["CASEWIRE_PORT", "many"],
    ["CASEWIRE_PRIVATE_DESTINATIONS", "http://127.0.0.1:5000/hooks"],
    ["CASEWIRE_PRIVATE_DESTINATIONS", "http://127.0.0.1:5000,tools"],
    ["CASEWIRE_TRUSTED_PROXIES", "10.0.0.0/8"],
    ["CASEWIRE_TRUSTED_PROXIES", "127.0.0.1,proxy.internal"],
    ["CASEWIRE_TRUSTED_PROXIES", "0:0:0:0:0:0:0:1"],
    ["CASEWIRE_API_REQUESTS_PER_HOUR", "0"],
    ["CASEWIRE_PLUGINS", "acme-1.0.0.casewire"],
    ["CASEWIRE_PLUGIN_SIGNATURES", "perhaps"],
    ["CASEWIRE_PLUGIN_KEYS", "c2hvcnQ="],
    ["CASEWIRE_FIRM_BACKLOG", "0"],
    ["CASEWIRE_WEBHOOK_LOG_DAYS", "0"],
    ["CASEWIRE_DOCUMENT_QUOTA_GIB", "lots"]
  ])("says in one sentence which setting is wrong, and exits with 78: %s=%s", (name, value) =>
    inFolder(async (data) => {
      const { code, err } = await run(["serve"], { CASEWIRE_DATA: data, [name]: value })
      assert.strictEqual(code, 78)
      assert.match(err.trim(), new RegExp(`^casewire: a setting is wrong: .*${name}.*$`))
    })
  )

  it("makes a token with the scopes that are named, and none with one that there is not", () =>
    inFolder(async (data, options) => {
      const made = await run(["token", "--scope", "read", "--scope", "admin"], { CASEWIRE_DATA: data })
      assert.strictEqual(made.code, 0)
      assert.notStrictEqual((await run(["token", "--scope", "everything"], { CASEWIRE_DATA: data })).code, 0)
      const host = await startHost(options)
      const ask = async (method: string, path: string, body?: object) =>
        fetch(`${host.url}/api/v1${path}`, {
          method,
          headers: { authorization: `Bearer ${made.out.trim()}`, "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        }).then(async (answer) => [answer.status, JSON.stringify(await answer.json())] as const)
      assert.strictEqual((await ask("GET", "/connections"))[0], 200)
      const [status, problem] = await ask("POST", "/clients", { firstName: "Ana", lastName: "Lee" })
      assert.strictEqual(status, 403)
      assert.include(problem, '{"field":"scope","code":"write"}')
      await stop(host)
    }))

  it("has every setting in the example of the environment", () => {
    const names = (file: string) =>
      new Set(readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8").match(/CASEWIRE_[A-Z_]*[A-Z]/g))
    const documented = names("../../../.env.example")
    assert.deepStrictEqual(
      [...names("../src/Settings.ts")].filter((name) => !documented.has(name)),
      []
    )
  })

  it("slows down who guesses webhook tokens behind a trusted proxy, and nobody else behind it", () =>
    inFolder(async (_data, options) => {
      const host = await startHost({ ...options, trustedProxies: "127.0.0.1" })
      const guess = (forwardedFor: string) =>
        fetch(`${host.url}/webhooks/law-ruler?token=guess`, {
          method: "POST",
          headers: { "x-forwarded-for": forwardedFor }
        })
      const statuses: Array<number> = []
      for (let tries = 0; tries < 25; tries++) statuses.push((await guess("203.0.113.9")).status)
      assert.deepStrictEqual([statuses[0], statuses.at(-1)], [401, 429])
      // What a client wrote into the header itself stands before what the proxy added.
      assert.strictEqual((await guess("198.51.100.7, 203.0.113.9")).status, 429)
      assert.strictEqual((await guess("198.51.100.7")).status, 401)
      await stop(host)
    }))

  it("refuses a store whose key is gone or another one, with 78 and the fix", () =>
    inFolder(async (data) => {
      await run(["migrate"], { CASEWIRE_DATA: data })
      const other = Buffer.alloc(32, 7).toString("base64")
      const wrong = await run(["serve"], { CASEWIRE_DATA: data, CASEWIRE_KEY: other })
      assert.deepStrictEqual([wrong.code, /key/.test(wrong.err)], [78, true])
      unlinkSync(join(data, "key"))
      const gone = await run(["serve"], { CASEWIRE_DATA: data })
      assert.strictEqual(gone.code, 78)
      assert.match(gone.err, /CASEWIRE_KEY/)
      assert.isFalse(existsSync(join(data, "key")))
    }))

  it("refuses a second process on the same store with 75 and names the owner, then stops gracefully", () =>
    inFolder(async (data, options) => {
      const host = await startHost(options)
      const second = await run(["token"], { CASEWIRE_DATA: data })
      assert.strictEqual(second.code, 75)
      assert.include(second.err, String(host.process.pid))
      host.process.kill("SIGTERM")
      assert.strictEqual(await host.exited, 0)
    }))

  it("starts host, sandbox and a connection that works, twice on the same folder", () =>
    inFolder(async (data) => {
      for (let round = 0; round < 2; round++) {
        const casewire = await startCasewire({ port: await freePort(), sandboxPort: await freePort(), data })
        const token = readFileSync(join(data, "api-token"), "utf8").trim()
        const answer = await fetch(`${casewire.url}/api/v1/connections`, {
          headers: { authorization: `Bearer ${token}` }
        })
        const { connections } = (await answer.json()) as { connections: ReadonlyArray<{ state: string }> }
        await stop(casewire)
        assert.deepStrictEqual(
          connections.map(({ state }) => state),
          ["connected"]
        )
      }
    }))

  it("doctor: reads the store of a stopped host, finds nothing wrong, and shows the support contact", () =>
    inFolder(async (data, { port }) => {
      const env = { CASEWIRE_DATA: data, CASEWIRE_PORT: String(port), CASEWIRE_SUPPORT_CONTACT: "help@firm.example" }
      const nothing = await run(["doctor"], env)
      assert.deepStrictEqual(
        [nothing.code, /there is no store/.test(nothing.err), existsSync(join(data, "key"))],
        [78, true, false]
      )
      await run(["token"], env)
      const { code, out } = await run(["doctor"], env)
      assert.strictEqual(code, 0)
      assert.match(out, /^No host is running; read the store in .*\n/)
      assert.match(out, /Support: help@firm\.example\n$/)
    }))

  it(
    "doctor: asks the running host, and ends with 1 and the codes where something is an error",
    () =>
      inFolder(async (data, options) => {
        const host = await startHost(options)
        const env = { CASEWIRE_DATA: data, CASEWIRE_PORT: String(options.port) }
        const withoutToken = await run(["doctor"], env)
        assert.deepStrictEqual([withoutToken.code, /CASEWIRE_API_TOKEN/.test(withoutToken.err)], [78, true])
        await stop(host)
        const token = (await run(["token"], env)).out.trim()
        const again = await startHost(options)
        const answer = await fetch(`${again.url}/api/v1/connections`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({
            plugin: "law-ruler",
            values: { username: "u", password: "p", clientRoot: "harbor", clientSecret: "s", key: "k" }
          })
        })
        assert.strictEqual(answer.status, 201)
        const asked = { ...env, CASEWIRE_API_TOKEN: token }
        const [text, json] = await Promise.all([run(["doctor"], asked), run(["doctor", "--json"], asked)])
        await stop(again)
        assert.deepStrictEqual([text.code, json.code], [1, 1])
        assert.include(text.out, `Asked the running host at ${again.url}.`)
        assert.match(text.out, /error {4}not-connected\n.*The sign-in was never checked.*\n.*Verify the connection\./)
        assert.match(text.err, /2 errors found/)
        const report = JSON.parse(json.out) as {
          healthy: boolean
          connections: ReadonlyArray<{ findings: ReadonlyArray<{ code: string }> }>
        }
        assert.isFalse(report.healthy)
        assert.deepStrictEqual(
          report.connections.flatMap(({ findings }) => findings.map(({ code }) => code)),
          ["not-connected", "enable-off", "webhook-token-missing", "webhook-trigger"]
        )
      }),
    90_000
  )

  it.each([
    ["a command that there is not", ["dance"], /serve/],
    ["a flag that there is not", ["serve", "--loudly"], /--loudly/],
    ["a flag of a command about plugins that there is not", ["plugin", "show", "acme", "--loudly"], /--loudly/],
    ["a value that is none", ["token", "--scope", "everything"], /everything/],
    ["an argument that is missing", ["plugin", "verify"], /file/]
  ] as const)("answers wrong usage with help and exits with 2: %s", async (_, words, shown) => {
    const { code, err, out } = await run(words, {})
    assert.strictEqual(code, 2)
    assert.match(out + err, shown)
    assert.notInclude(out + err, "Help requested")
  })

  it.each([[[]], [["--help"]], [["plugin"]], [["plugin", "reload", "--help"]]])(
    "shows help where it is asked for, and that is no failure: %j",
    async (words) => {
      const { code, err, out } = await run(words, {})
      assert.deepStrictEqual([code, err], [0, ""])
      assert.match(out, /USAGE|Usage/)
    }
  )
})
