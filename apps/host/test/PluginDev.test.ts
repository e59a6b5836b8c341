/** `casewire plugin dev` as an author lives with it: saves, mistakes, corrections, and the end. */
import { assert, describe, it } from "@effect/vitest"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "../harness/Processes.ts"
import { eventually, expectTrue } from "../harness/World.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const answers = ["--crm", "Acme CRM", "--address", "https://{account}.acme.com/api/v2", "--calls", "120"]

interface Developing {
  readonly process: ChildProcess
  readonly output: () => string
  /** Waits until this was printed once more than before. */
  readonly said: (words: RegExp) => Promise<void>
  readonly exited: Promise<number | null>
}

const develop = async (folder: string, port: number, sandboxPort: number): Promise<Developing> => {
  const child = spawn(
    process.execPath,
    [main, "plugin", "dev", folder, "--port", String(port), "--sandbox-port", String(sandboxPort)],
    { stdio: ["ignore", "pipe", "pipe"] }
  )
  let output = ""
  let read = 0
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve))
  return {
    process: child,
    output: () => output,
    exited,
    said: (words) =>
      eventually(async () => {
        const found = words.exec(output.slice(read))
        expectTrue(`it says ${words}`, found !== null, output)
        read += found!.index + found![0].length
      }, 40_000)
  }
}

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "casewire-dev-")))
  try {
    await new Promise((resolve) =>
      spawn(process.execPath, [main, "plugin", "new", "acme-crm", ...answers], { cwd: parent }).on("close", resolve)
    )
    await use(join(parent, "acme-crm"))
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

const edit = (file: string, change: (text: string) => string) => writeFileSync(file, change(readFileSync(file, "utf8")))
const answersAt = (url: string) =>
  fetch(url).then(
    () => true,
    () => false
  )

describe("casewire plugin dev", { concurrent: false }, () => {
  it(
    "serves the plugin and its sandbox, swaps it at a save, keeps it through a mistake, and stops cleanly",
    { timeout: 120_000 },
    () =>
      inFolder(async (folder) => {
        const [port, sandboxPort] = [await freePort(), await freePort()]
        const [host, sandbox] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${sandboxPort}`]
        const dev = await develop(folder, port, sandboxPort)
        try {
          await dev.said(/Ctrl-C stops everything[^]*API token/)
          const token = readFileSync(join(folder, ".casewire", "api-token"), "utf8").trim()
          const api = async (path: string) =>
            JSON.stringify(
              await (await fetch(`${host}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })).json()
            )
          const closes = (id: string) =>
            fetch(`${sandbox}/_sandbox/cases/${id}/status`, { method: "POST", body: '{"status":"Closed"}' })

          await closes("1001")
          await eventually(async () => assert.match(await api("/cases"), /"externalId":"1001"[^]*"Closed"/))

          const source = join(folder, "src", "index.ts")
          edit(source, (text) => text.replace('name: "Acme CRM"', 'name: "Acme Two"'))
          await dev.said(/served, \d+ ms after the save/)
          assert.include(await api("/plugins"), "Acme Two")

          edit(source, (text) => `${text}\nexport const broken = `)
          await dev.said(/cannot be bundled/)
          await closes("1002")
          await eventually(async () => assert.match(await api("/cases"), /"externalId":"1002"/))
          edit(source, (text) => text.replace("\nexport const broken = ", "").replace("Acme Two", "Acme Three"))
          await dev.said(/served, \d+ ms after the save/)
          assert.include(await api("/plugins"), "Acme Three")

          edit(source, (text) => text.replace("https://{account}.acme.com/", "https://{account}.acme.org/"))
          await dev.said(/May call \{account\}\.acme\.org/)
          await dev.said(/served/)

          edit(join(folder, "sandbox", "Office.ts"), (text) => text.replace('"Closed"]', '"Closed", "Lost"]'))
          await dev.said(/sandbox started anew/)
          assert.include(await (await fetch(`${sandbox}/_sandbox`)).text(), '"Lost"')
          await closes("1003")
          await eventually(async () => assert.match(await api("/cases"), /"externalId":"1003"/))

          dev.process.kill("SIGINT")
          assert.strictEqual(await dev.exited, 0, dev.output())
          assert.deepStrictEqual([await answersAt(host), await answersAt(sandbox)], [false, false])
        } finally {
          dev.process.kill("SIGKILL")
        }
      })
  )

  it("waits for a save where the plugin does not load, and says what is wrong", { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      const source = join(folder, "src", "index.ts")
      edit(source, (text) => `throw new Error("not yet")\n${text}`)
      const dev = await develop(folder, await freePort(), await freePort())
      try {
        await dev.said(/Waiting for a save/)
        assert.include(dev.output(), "not yet")
        edit(source, (text) => text.replace('throw new Error("not yet")\n', ""))
        await dev.said(/Ctrl-C stops everything/)
        dev.process.kill("SIGTERM")
        assert.strictEqual(await dev.exited, 0, dev.output())
      } finally {
        dev.process.kill("SIGKILL")
      }
    })
  )

  it("refuses a folder that holds no plugin with 5", async () => {
    const dev = await develop(join(tmpdir(), "nowhere-at-all"), await freePort(), await freePort())
    assert.strictEqual(await dev.exited, 5)
    assert.match(dev.output(), /cannot be read/)
  })
})
