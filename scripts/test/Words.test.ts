/** What a reader should find the same everywhere: no vendor's name in the neutral parts, small files, no private paths. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { filesUnder, namingFaults, sizeFaults, sourceFiles, wordsFound } from "../guards/Tree.ts"

const root = join(import.meta.dirname, "../..")
const neutral = [
  "core",
  "contract-kit",
  "adapters-db",
  "adapters-http",
  "api",
  "plugin-host",
  "plugin-kit",
  "plugin-template",
  "sheets",
  "simulation"
]
const vendor = /law.?ruler/i
// Written so that this file does not find itself.
const privatePlaces = new RegExp(
  [
    "\\.\\./sha" + "red/",
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/[a-z]",
    "/Use" + "rs/[a-z]",
    "[A-Z]:\\\\Use" + "rs"
  ].join("|")
)

const everyFile = [
  ...["packages", "apps", "scripts", "docs", "tools", ".ci", ".changeset"].flatMap((folder) =>
    filesUnder(join(root, folder))
  ),
  ...readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".env")
    .map((entry) => join(root, entry.name))
].filter((file) => !/\.(tsbuildinfo|log|sqlite\d?|db|db-wal|db-shm)$/.test(file))

describe("the words of the workspace", () => {
  it("name no CRM in the console: it draws what the plugin declares", () => {
    const parts = ["src", "public", "index.html", "build.config.ts", "build.mjs"].map((name) =>
      join(root, "apps/console", name)
    )
    const files = parts.flatMap((part) => (statSync(part).isDirectory() ? filesUnder(part) : [part]))
    expect(files.length).toBeGreaterThan(20)
    expect(wordsFound(root, files, vendor)).toEqual([])
  })

  it.each(neutral)("name no CRM in %s", (name) => {
    expect(
      wordsFound(
        root,
        filesUnder(join(root, "packages", name)).filter((file) => !file.endsWith(".tsbuildinfo")),
        vendor
      )
    ).toEqual([])
  })

  it("point to no place on one machine", () => {
    expect(wordsFound(root, everyFile, privatePlaces)).toEqual([])
  })

  it("are seen when they are there", () => {
    const folder = mkdtempSync(join(tmpdir(), "casewire-words-"))
    try {
      writeFileSync(join(folder, "A.ts"), `export const crm = "${"Law"} ${"Ruler"}"\n`)
      writeFileSync(join(folder, `${"law"}-${"ruler"}.md`), "\n")
      writeFileSync(join(folder, "B.md"), `see ${".."}/shared/design.md\n`)
      expect(wordsFound(folder, filesUnder(folder), vendor).map((each) => each.split(":")[0])).toEqual([
        "A.ts",
        `${"law"}-${"ruler"}.md`
      ])
      expect(wordsFound(folder, filesUnder(folder), privatePlaces)).toHaveLength(1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe("the files of the workspace", () => {
  const sources = [
    ...["packages", "apps"].flatMap((folder) => sourceFiles(join(root, folder))),
    ...sourceFiles(join(root, "scripts"))
  ]

  it("have at most 400 lines", () => {
    expect(sizeFaults(root, sources, 400)).toEqual([])
  })

  it("are named for what they hold", () => {
    expect(namingFaults(root, sources)).toEqual([])
  })

  it("keep the README within 120 lines and each decision within 40", () => {
    expect(sizeFaults(root, [join(root, "README.md")], 120)).toEqual([])
    expect(
      sizeFaults(
        root,
        filesUnder(join(root, "docs/decisions")).filter((file) => file.endsWith(".md")),
        40
      )
    ).toEqual([])
  })
})
