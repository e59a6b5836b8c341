/**
 * A new CRM changes no file outside its own package. The template is such a CRM: it stands in the workspace as anybody's
 * plugin would stand beside it, so whatever knew of it would have had to be changed for it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { describe, expect, it } from "vitest"
import { filesUnder, wordsFound, workspacePackages } from "../guards/Tree.ts"

const root = join(import.meta.dirname, "../..")
const template = join(root, "packages", "plugin-template")
const everything = [
  ...["packages", "apps", "scripts", "docs", ".ci", ".changeset"].flatMap((folder) => filesUnder(join(root, folder))),
  ...readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(root, entry.name))
].filter((file) => !file.startsWith(template + sep) && file !== import.meta.filename && !file.endsWith(".tsbuildinfo"))

describe("a second CRM", () => {
  it("is named in no file outside its package, but where the kit replaces its name by the author's", () => {
    const files = wordsFound(root, everything, /quillby/i).map((found) => found.split(":")[0]?.split(sep).join("/"))
    expect([...new Set(files)].toSorted()).toEqual([
      "packages/plugin-kit/src/Scaffold.ts",
      "packages/plugin-kit/test/Scaffold.test.ts"
    ])
  })

  it("is imported by no package and no program: whoever runs it is given its folder", () => {
    const importing = everything.filter(
      (file) =>
        /\.(?:ts|tsx|mjs)$/.test(file) &&
        /(?:from |import\()\s*"@casewire\/plugin-template/.test(readFileSync(file, "utf8"))
    )
    expect(importing).toEqual([])
  })

  it("needs core and effect, and the contract kit for its sandbox, and nothing else of this workspace", () => {
    const inside = workspacePackages(root).find(({ name }) => name === "@casewire/plugin-template")
    expect(inside?.dependencies).toEqual(["@casewire/core", "effect"])
    expect(inside?.devDependencies).toEqual(["@casewire/contract-kit"])
  })
})
