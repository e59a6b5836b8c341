/** What the page for authors of plugins says, against what is there: commands, faults, files of a new plugin. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")
const guide = read("docs/writing-a-plugin.md")

describe("the page for authors of plugins", () => {
  it("names every fault that a sandbox must know, and no other", () => {
    const union =
      /export type SandboxFault =([^]*?)\n\n/.exec(read("packages/contract-kit/src/CrmSandbox.ts"))?.[1] ?? ""
    const kinds = [...union.matchAll(/\| "([a-z-]+)"/g)].map(([, kind]) => kind)
    const table = guide.slice(guide.indexOf("| kind | what happens |"), guide.indexOf("Faults belong where"))
    const named = [...table.matchAll(/`([a-z-]+)`(?=[,\s|])/g)].map(([, kind]) => kind)
    expect(kinds.length).toBeGreaterThan(8)
    expect(named.toSorted()).toEqual(kinds.toSorted())
  })

  it("names the files that a new plugin has", () => {
    const template = "packages/plugin-template"
    const readme = read(`${template}/README.md`)
    for (const name of readdirSync(join(root, template, "src"))) expect(readme).toContain(name)
    for (const file of ["src/index.ts", "sandbox/Office.ts", "sandbox/Api.ts", "sandbox/Server.ts"]) {
      expect(guide).toContain(file)
      expect(read(`${template}/${file}`)).not.toBe("")
    }
  })

  it("uses only commands that there are", () => {
    const group = read("apps/host/src/commands/Plugin.ts")
    const used = new Set([...guide.matchAll(/casewire plugin ([a-z]+)/g)].map(([, word = ""]) => word))
    expect([...used].toSorted()).toEqual(["dev", "new", "pack", "test", "verify"])
    for (const word of used) expect(group).toContain(`plugin${word[0]?.toUpperCase()}${word.slice(1)}`)
  })
})
