/** `casewire plugin new` and `test` as an author types them. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const answers = ["--crm", "Acme CRM", "--address", "https://{account}.acme.com/api/v2", "--calls", "120"]

const run = (cwd: string, ...words: ReadonlyArray<string>) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, [main, "plugin", ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] })
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    child.on("close", (code) => resolve({ code, out, err }))
  })

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-author-"))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("casewire plugin", () => {
  it("new: writes a package that passes `casewire plugin test` as it is", { timeout: 90_000 }, () =>
    inFolder(async (folder) => {
      const made = await run(folder, "new", "acme-crm", ...answers)
      assert.deepStrictEqual([made.code, made.err], [0, ""])
      assert.include(made.out, "casewire plugin test acme-crm")
      const tested = await run(folder, "test", "acme-crm", "--json")
      assert.strictEqual(tested.code, 0, tested.out + tested.err)
      const { data, ok } = JSON.parse(tested.out) as { ok: boolean; data: { verdicts: ReadonlyArray<unknown> } }
      assert.isTrue(ok)
      assert.isAtLeast(data.verdicts.length, 40)
    })
  )

  it("new: asks nothing without a terminal, and names the flags that are missing", () =>
    inFolder(async (folder) => {
      const { code, err, out } = await run(folder, "new", "acme-crm", "--crm", "Acme")
      assert.deepStrictEqual([code, out], [2, ""])
      assert.match(err, /^casewire: there is no terminal to ask at; give --address and --calls\n$/)
      assert.deepStrictEqual(readdirSync(folder), [])
    }))

  it("new: says what is wrong with a name in one sentence, and writes nothing", () =>
    inFolder(async (folder) => {
      for (const name of ["../acme", "Acme CRM", "$(touch acme)"]) {
        const { code, err } = await run(folder, "new", name, ...answers)
        assert.strictEqual(code, 2)
        assert.match(err, /^casewire: A plugin's name is .*\n$/)
      }
      assert.deepStrictEqual(readdirSync(folder), [])
    }))

  it("new: leaves a folder that is there as it is, with 6", () =>
    inFolder(async (folder) => {
      assert.strictEqual((await run(folder, "new", "acme-crm", ...answers)).code, 0)
      const { code, err } = await run(folder, "new", "acme-crm", ...answers)
      assert.strictEqual(code, 6)
      assert.match(err, /is there already/)
      assert.isTrue(existsSync(join(folder, "acme-crm", "src", "index.ts")))
    }))

  it("test: refuses what is no plugin with 5, and fails with 1 where a law is broken", () =>
    inFolder(async (folder) => {
      const nothing = await run(folder, "test", "nowhere")
      assert.strictEqual(nothing.code, 5)
      assert.match(nothing.err, /^casewire: .*cannot be read \(ENOENT\).*\n$/)
      const told = JSON.parse((await run(folder, "test", "nowhere", "--json")).out) as { ok: boolean; error: unknown }
      assert.isFalse(told.ok)
      await run(folder, "new", "acme-crm", ...answers)
      writeFileSync(join(folder, "acme-crm", "src", "Webhook.ts"), broken)
      const { code, out } = await run(folder, "test", "acme-crm", "--law", "a webhook reports the case")
      assert.strictEqual(code, 1)
      assert.match(out, /broken {2}a webhook reports the case that it names/)
      assert.match(out, /explained in: .*LAWS\.md#a-webhook-reports-the-case-that-it-names/)
    }))
})

const broken = `
import type { CrmReceipt } from "@casewire/core/ports/Crm"
export const webhookDeclaration = { required: [], record: "", fillers: [], testValue: "x", options: [], steps: [] }
export const decodeReceipts = (receipts: ReadonlyArray<CrmReceipt>) =>
  receipts.map(({ receiptId }) => ({ _tag: "TestPressed" as const, receiptId }))
`
