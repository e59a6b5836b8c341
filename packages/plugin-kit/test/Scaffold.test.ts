import { Effect, Exit } from "effect"
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { problemOf, writePlugin } from "../src/Scaffold.ts"
import { acme, inWritten, throwAway } from "./Written.ts"

const write = (parent: string, plugin = acme) => Effect.runPromiseExit(writePlugin(parent, plugin, "0.1.0"))
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile() && !path.startsWith("node_modules"))
    .toSorted()

let parent: string
beforeAll(() => void (parent = throwAway()))
afterAll(() => rmSync(parent, { recursive: true, force: true }))

describe("a new plugin", () => {
  it("has manifest, credentials, read, write, webhook, sandbox, tests and a README, and nothing of the template's name", () =>
    inWritten([], async (folder) => {
      const files = filesOf(folder)
      for (const file of [
        "README.md",
        "package.json",
        "tsconfig.json",
        "sandbox/Server.ts",
        "sandbox/index.ts",
        "src/Cases.ts",
        "src/Credentials.ts",
        "src/Notes.ts",
        "src/Webhook.ts",
        "src/index.ts",
        "test/Webhook.test.ts"
      ])
        expect(files).toContain(file)
      const all = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n")
      expect(all).not.toMatch(/quillby/i)
      expect(readFileSync(join(folder, "package.json"), "utf8")).not.toMatch(/workspace:|catalog:/)
      for (const answer of ['"acme-crm"', "Acme CRM", "https://{account}.acme.com/api/v2/", "calls: 120,"])
        expect(all).toContain(answer)
    }))

  it("is formatted as this workspace is", () =>
    inWritten([], async (folder) => {
      const root = fileURLToPath(new URL("../../..", import.meta.url))
      copyFileSync(join(root, ".oxfmtrc.json"), join(folder, ".oxfmtrc.json"))
      const args = [
        join(root, "node_modules/oxfmt/bin/oxfmt"),
        "--check",
        "package.json",
        "tsconfig.json",
        "src",
        "sandbox",
        "test"
      ]
      const checked = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" })
      expect(checked.status, checked.stdout + checked.stderr).toBe(0)
    }))

  it("asks for the tools that this workspace is tested with", () =>
    inWritten([], async (folder) => {
      const root = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
      const { devDependencies, engines } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
      for (const tool of ["@types/node", "typescript", "vitest"])
        expect(devDependencies[tool]).toBe(root.devDependencies[tool])
      expect(engines).toEqual(root.engines)
    }))

  it.each([
    "",
    "a",
    "A",
    "Acme",
    "-acme",
    "acme-",
    "acme--crm",
    "acme crm",
    "acme/crm",
    "../acme",
    "..",
    "/tmp/acme",
    "acme\\crm",
    "acme\u0000crm",
    "acme\ncrm",
    "аcme-crm",
    "$(touch acme)",
    "node-modules",
    "con",
    "x".repeat(42)
  ])("is refused where its name is %j, and nothing is written", async (id) => {
    const before = readdirSync(parent)
    expect(problemOf.id(id)).toBeTypeOf("string")
    expect(Exit.isFailure(await write(parent, { ...acme, id }))).toBe(true)
    expect(readdirSync(parent)).toEqual(before)
  })

  it.each(["", " ", 'A"B', "A`B", "A${1}", "A\\B", "A\nB", "*/ A", "<b>A</b>", "{{A}}", "x".repeat(41)])(
    "is refused where the CRM is called %j",
    (name) => expect(problemOf.name(name)).toBeTypeOf("string")
  )

  it.each(["Acme", "O'Hara & Søn", "Акме", "Case-Flow 2.0", "9Cases"])("takes a CRM called %j", (name) =>
    expect(problemOf.name(name)).toBeUndefined()
  )

  it.each([
    "http://acme.com/",
    "https://acme.com",
    "https://acme/",
    "https://127.0.0.1/",
    "https://a@acme.com/",
    "https://acme.com:8443/",
    "https://{account}/",
    "https://{host}.acme.com/",
    "https://acme.com/../",
    "https://acme.com/?a=/",
    'https://acme.com/"/',
    "ftp://acme.com/"
  ])("is refused where the address is %j", (address) => expect(problemOf.address(address)).toBeTypeOf("string"))

  it.each(["https://api.acme.com/", "https://{account}.acme.co.uk/api/v1/"])("takes the address %j", (address) =>
    expect(problemOf.address(address)).toBeUndefined()
  )

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 100_001])(
    "is refused where %j calls are allowed",
    (calls) => expect(problemOf.calls(calls)).toBeTypeOf("string")
  )
})

describe("where a new plugin is written to", () => {
  const messageOf = (exit: Exit.Exit<unknown, { readonly message: string }>) =>
    Exit.isFailure(exit) ? exit.cause.reasons.map((one) => (one._tag === "Fail" ? one.error.message : one._tag)) : []

  it("a folder that holds something is left as it is", async () => {
    const folder = join(parent, "acme-crm")
    mkdirSync(folder)
    writeFileSync(join(folder, "mine.txt"), "mine")
    expect(messageOf(await write(parent))).toEqual([expect.stringMatching(/is there already/)])
    expect(filesOf(folder)).toEqual(["mine.txt"])
    rmSync(folder, { recursive: true })
  })

  it("a file of that name is left as it is", async () => {
    writeFileSync(join(parent, "acme-crm"), "mine")
    expect(messageOf(await write(parent))).toEqual([expect.stringMatching(/is there already/)])
    expect(readFileSync(join(parent, "acme-crm"), "utf8")).toBe("mine")
    rmSync(join(parent, "acme-crm"))
  })

  it("a place that is no folder, or may not be written to, is named", async () => {
    expect(messageOf(await write(join(parent, "nowhere")))).toEqual([expect.stringMatching(/there is no folder/)])
    if (process.platform === "linux") expect(messageOf(await write("/proc"))).toEqual([expect.stringMatching(/\/proc/)])
  })

  it("nothing half-made is left behind", async () => {
    expect(readdirSync(parent)).toEqual([])
    expect(Exit.isSuccess(await write(parent))).toBe(true)
    expect(readdirSync(parent)).toEqual(["acme-crm"])
    expect(existsSync(join(parent, "acme-crm", "src"))).toBe(true)
  })
})
