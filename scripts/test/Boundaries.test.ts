/**
 * Each boundary is seen to fail: a temporary workspace breaks every rule once, and the tool that guards the rule must
 * say so. The same workspace holds what is allowed, which must pass; and the present tree has no violation.
 */
import { spawnSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, sep } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { namingFaults, sourceFiles, trespasses, workspacePackages } from "../guards/Tree.ts"

const root = join(import.meta.dirname, "../..")
const boundaryRules = [
  "no-restricted-imports",
  "no-restricted-globals",
  "no-restricted-properties",
  "no-cycle",
  "no-default-export",
  "filename-case",
  "max-lines"
]

/** A file that breaks one rule, and the oxlint rule that must report it. */
const violations: ReadonlyArray<readonly [title: string, file: string, source: string, rule: string]> = [
  ["core imports a Node module", "packages/core/src/A1.ts", `import "node:fs"`, "no-restricted-imports"],
  [
    "core imports a Node module by its bare name",
    "packages/core/src/A2.ts",
    `import "fs/promises"`,
    "no-restricted-imports"
  ],
  ["core imports a database library", "packages/core/src/ports/A3.ts", `import "kysely"`, "no-restricted-imports"],
  ["core imports an I/O module of effect", "packages/core/src/A4.ts", `import "effect/http"`, "no-restricted-imports"],
  [
    "core imports an adapter",
    "packages/core/src/A5.ts",
    `import "@casewire/adapters-db/Storage"`,
    "no-restricted-imports"
  ],
  [
    "core imports while running",
    "packages/core/src/A6.ts",
    `export const fs = await import("node:fs")`,
    "no-restricted-imports"
  ],
  [
    "core passes on another package",
    "packages/core/src/A7.ts",
    `export { Kysely } from "kysely"`,
    "no-restricted-imports"
  ],
  [
    "core imports a file of another package",
    "packages/core/src/A8.ts",
    `import "../../adapters-db/src/Storage.ts"`,
    "no-restricted-imports"
  ],
  [
    "core reads the clock past Effect",
    "packages/core/src/A9.ts",
    `export const now = Date.now()`,
    "no-restricted-properties"
  ],
  [
    "core calls fetch",
    "packages/core/src/A10.ts",
    `export const got = fetch("http://localhost")`,
    "no-restricted-globals"
  ],
  [
    "the plugin imports an adapter",
    "packages/lawruler-plugin/src/B1.ts",
    `import "@casewire/adapters-http/Server"`,
    "no-restricted-imports"
  ],
  [
    "the plugin imports the sandbox",
    "packages/lawruler-plugin/src/B2.ts",
    `import "@casewire/lawruler-sandbox"`,
    "no-restricted-imports"
  ],
  [
    "the plugin opens the network itself",
    "packages/lawruler-plugin/src/B3.ts",
    `import "node:https"`,
    "no-restricted-imports"
  ],
  [
    "plugin-host imports a plugin",
    "packages/plugin-host/src/C1.ts",
    `import "@casewire/lawruler-plugin"`,
    "no-restricted-imports"
  ],
  [
    "the database adapter imports the HTTP adapter",
    "packages/adapters-db/src/D1.ts",
    `import "@casewire/adapters-http/Server"`,
    "no-restricted-imports"
  ],
  [
    "the database adapter imports the API",
    "packages/adapters-db/src/D2.ts",
    `import "@casewire/api/Api"`,
    "no-restricted-imports"
  ],
  [
    "the HTTP adapter imports the database adapter",
    "packages/adapters-http/src/D3.ts",
    `import "@casewire/adapters-db/Storage"`,
    "no-restricted-imports"
  ],
  [
    "the HTTP adapter imports a database library",
    "packages/adapters-http/src/D4.ts",
    `import "better-sqlite3"`,
    "no-restricted-imports"
  ],
  [
    "the API imports an adapter",
    "packages/api/src/E1.ts",
    `import "@casewire/adapters-http/Server"`,
    "no-restricted-imports"
  ],
  [
    "the spreadsheet reader imports core",
    "packages/sheets/src/R1.ts",
    `import "@casewire/core/domain/MappingSheet"`,
    "no-restricted-imports"
  ],
  ["the API imports a use case", "packages/api/src/E2.ts", `import "@casewire/core/Worker"`, "no-restricted-imports"],
  [
    "contract-kit imports an adapter",
    "packages/contract-kit/src/F1.ts",
    `import "@casewire/adapters-db/Storage"`,
    "no-restricted-imports"
  ],
  ["sheets imports core", "packages/sheets/src/N1.ts", `import "@casewire/core/domain/Case"`, "no-restricted-imports"],
  [
    "the simulation imports an adapter",
    "packages/simulation/src/N2.ts",
    `import "@casewire/adapters-db/Storage"`,
    "no-restricted-imports"
  ],
  [
    "the sandbox imports core",
    "packages/lawruler-sandbox/src/G1.ts",
    `import "@casewire/core/domain/Case"`,
    "no-restricted-imports"
  ],
  [
    "the sandbox's tests import the plugin",
    "packages/lawruler-sandbox/test/G2.test.ts",
    `import "@casewire/lawruler-plugin"`,
    "no-restricted-imports"
  ],
  [
    "the host enters a package past its exports",
    "apps/host/src/H1.ts",
    `import "@casewire/core/src/Worker.ts"`,
    "no-restricted-imports"
  ],
  [
    "a test enters another package by its files",
    "packages/adapters-db/test/H2.test.ts",
    `import "../../core/src/Worker.ts"`,
    "no-restricted-imports"
  ],
  ["the console imports a Node module", "apps/console/src/P1.ts", `import "node:fs"`, "no-restricted-imports"],
  ["a page imports a plugin", "apps/console/src/P2.ts", `import "@casewire/lawruler-plugin"`, "no-restricted-imports"],
  [
    "two files import each other",
    "packages/core/src/I1.ts",
    `import { b } from "./I2.ts"\nexport const a = () => b`,
    "no-cycle"
  ],
  ["a module has a default export", "packages/core/src/J1.ts", `export default 1`, "no-default-export"],
  ["a source file is not in PascalCase", "packages/core/src/jobLanes.ts", `export const a = 1`, "filename-case"],
  [
    "a file is longer than 400 lines",
    "packages/core/src/K1.ts",
    Array.from({ length: 401 }, (_, index) => `export const a${index} = 1`).join("\n"),
    "max-lines"
  ]
]

/** What the same rules must let through. */
const allowed: ReadonlyArray<readonly [file: string, source: string]> = [
  ["packages/core/src/Ok.ts", `import "effect"\nimport "effect/encoding/Base64"\nimport "./ports/Ok.ts"`],
  ["packages/core/src/ports/Ok.ts", `import "../Clean.ts"`],
  ["packages/core/src/Clean.ts", `export const clean = 1`],
  ["packages/lawruler-plugin/src/Ok.ts", `import "effect"\nimport "saxes"\nimport "@casewire/core/ports/Crm"`],
  ["packages/lawruler-plugin/src/index.ts", `export default 1`],
  [
    "packages/plugin-host/src/Ok.ts",
    `import "@casewire/core/CrmPlugin"\nimport "node:worker_threads"\nimport "effect/rpc"`
  ],
  [
    "packages/adapters-db/src/Ok.ts",
    `import "kysely/migration"\nimport "better-sqlite3"\nimport "node:fs/promises"\nimport "@casewire/core/ports/Queue"`
  ],
  [
    "packages/adapters-http/src/Ok.ts",
    `import "effect/http"\nimport "@effect/platform-node"\nimport "@casewire/api/Api"\nimport "node:http"`
  ],
  ["packages/sheets/src/Ok.ts", `import "yauzl"\nimport "read-excel-file/universal"\nimport "node:worker_threads"`],
  ["packages/api/src/Ok.ts", `import "effect/http-api"\nimport "@casewire/core/domain/Case"`],
  ["packages/contract-kit/src/Ok.ts", `import "@effect/vitest"\nimport "@casewire/core/ports/Queue"`],
  ["packages/lawruler-sandbox/src/Ok.ts", `import "effect/http"\nimport "node:crypto"`],
  ["packages/adapters-db/test/Ok.test.ts", `import "../src/Ok.ts"\nimport "@casewire/contract-kit/Queue"`],
  [
    "apps/console/src/Ok.tsx",
    `import "react"\nimport "@base-ui/react/dialog"\nimport "@casewire/api/Api"\nimport "@casewire/core/domain/Toggles"`
  ],
  ["apps/host/src/Ok.ts", `import "@casewire/lawruler-plugin"\nimport "@casewire/adapters-db/Storage"`]
]

/** What the compiler must refuse: packages see only what their manifest lists, by its exports, and never a file of another. */
const refusedByCompiler: ReadonlyArray<
  readonly [title: string, file: string, source: string, codes: ReadonlyArray<string>]
> = [
  [
    "core imports an adapter it does not depend on",
    "packages/core/src/L1.ts",
    `import * as all from "@casewire/adapters-db/Storage"\nexport const a = all`,
    ["TS2307"]
  ],
  [
    "an adapter enters core past its exports",
    "packages/adapters-db/src/L2.ts",
    `import * as all from "@casewire/core/src/Inbox.ts"\nexport const a = all`,
    ["TS2307"]
  ],
  [
    "an adapter imports the other one",
    "packages/adapters-db/src/L3.ts",
    `import * as all from "@casewire/adapters-http/Server"\nexport const a = all`,
    ["TS2307"]
  ],
  [
    "a package imports a file of another",
    "packages/core/src/L4.ts",
    `import { target } from "../../adapters-db/src/Target.ts"\nexport const a = target`,
    ["TS6059", "TS6307"]
  ]
]

interface Finding {
  readonly file: string
  readonly rule: string
}
const lint = (folder: string): ReadonlyArray<Finding> => {
  const run = spawnSync(process.execPath, [join(root, "node_modules/oxlint/bin/oxlint"), "--format", "json"], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26
  })
  return JSON.parse(run.stdout).diagnostics.map((each: { filename: string; code: string }) => ({
    file: each.filename.split(sep).join("/"),
    rule: /\(([^)]+)\)/.exec(each.code)?.[1] ?? each.code
  }))
}

describe("a broken workspace", () => {
  let folder = ""
  let found: ReadonlyArray<Finding> = []
  const put = (file: string, source: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), `${source}\n`)
  }

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "casewire-boundaries-")))
    for (const file of [".oxlintrc.json", "tsconfig.base.json"]) cpSync(join(root, file), join(folder, file))
    for (const [, file, source] of violations) put(file, source)
    for (const [file, source] of allowed) put(file, source)
    put("packages/core/src/I2.ts", `import { a } from "./I1.ts"\nexport const b = () => a`)
    found = lint(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(violations)("is reported by oxlint when %s", (_, file, __, rule) => {
    expect(found).toContainEqual({ file, rule })
  })

  it("is not reported where it keeps the rules", () => {
    const files = allowed.map(([file]) => file)
    expect(found.filter((each) => files.includes(each.file) && boundaryRules.includes(each.rule))).toEqual([])
  })

  it("is refused by the compiler when a package reaches past its manifest, its exports or its folder", () => {
    const compiled = join(folder, "compiled")
    const names = ["core", "adapters-db"]
    for (const name of names) {
      const from = join(root, "packages", name)
      mkdirSync(join(compiled, "packages", name, "src"), { recursive: true })
      for (const file of ["package.json", "tsconfig.json"])
        cpSync(join(from, file), join(compiled, "packages", name, file))
      linkFolder(join(from, "node_modules"), join(compiled, "packages", name, "node_modules"))
    }
    cpSync(join(root, "tsconfig.base.json"), join(compiled, "tsconfig.base.json"))
    linkFolder(join(root, "node_modules"), join(compiled, "node_modules"))
    for (const [, file, source] of refusedByCompiler) writeFileSync(join(compiled, file), source)
    writeFileSync(join(compiled, "packages/adapters-db/src/Target.ts"), "export const target = 1\n")
    const harmless = "packages/core/src/Ok.ts"
    writeFileSync(
      join(compiled, harmless),
      'import { Effect } from "effect"\nexport const nothing: Effect.Effect<void> = Effect.void\n'
    )
    const run = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/typescript/bin/tsc"),
        "-b",
        "--pretty",
        "false",
        ...names.map((name) => `packages/${name}`)
      ],
      {
        cwd: compiled,
        encoding: "utf8"
      }
    )
    const linesOn = (file: string) =>
      run.stdout.split("\n").filter((line) => line.split(sep).join("/").startsWith(file))
    expect(linesOn(harmless)).toEqual([])
    for (const [title, file, , codes] of refusedByCompiler) {
      const lines = linesOn(file)
      expect(
        lines.some((line) => codes.some((code) => line.includes(code))),
        `${title}: ${run.stdout}`
      ).toBe(true)
    }
  })

  it.each([
    ["in core a package that only the root has", "packages/core/src/M1.ts", `import "vitest"`],
    ["in a type", "packages/core/src/M2.ts", `export type A = import("node:net").Socket | import("kysely").Sql`],
    ["while running", "packages/core/src/M3.ts", `export const a = import("kysely")`],
    ["a file of another package", "packages/core/src/M4.ts", `export * from "../../adapters-db/src/Storage.ts"`],
    ["in a test a package that no manifest lists", "packages/core/test/M5.test.ts", `import "kysely"`]
  ])("is refused by the manifests when it imports %s", (_, file, source) => {
    put("packages/core/package.json", readFileSync(join(root, "packages/core/package.json"), "utf8"))
    const core = workspacePackages(folder).filter((each) => each.name === "@casewire/core")
    put(file, source)
    const faults = core.flatMap((inside) => trespasses(folder, inside, workspacePackages(root), ["vitest"]))
    expect(faults.map((fault) => fault.split(":")[0]?.split(sep).join("/"))).toContain(file)
  })

  it("is refused for file names that say nothing", () => {
    const files = ["utils.ts", "Helpers.ts", "common.test.ts", "types.ts", "BASE.ts"].map((name) =>
      join(folder, "packages/core/src", name)
    )
    expect(namingFaults(folder, files).length).toBe(files.length)
    expect(
      namingFaults(folder, [join(folder, "packages/core/src/CaseStore.ts"), join(folder, "apps/host/src/main.ts")])
    ).toEqual([])
  })
})

describe("the present tree", () => {
  it("breaks no boundary that oxlint guards", () => {
    expect(lint(root).filter((each) => boundaryRules.includes(each.rule))).toEqual([])
  })

  it("imports only what its manifests list, by the exports of each package", () => {
    const packages = workspacePackages(root)
    const tools = Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies)
    expect(packages.flatMap((each) => trespasses(root, each, packages, tools))).toEqual([])
  })

  it("names every source file for what it holds", () => {
    const files = workspacePackages(root).flatMap((each) => sourceFiles(each.folder))
    expect(namingFaults(root, [...files, ...sourceFiles(join(root, "scripts/guards"))])).toEqual([])
  })

  it("has a rule for the sources of every package", () => {
    const config = readFileSync(join(root, ".oxlintrc.json"), "utf8")
    const without = readdirSync(join(root, "packages")).filter(
      (name) => existsSync(join(root, "packages", name, "src")) && !config.includes(`packages/${name}/src/**`)
    )
    expect(without).toEqual([])
  })
})

/** A junction on Windows, where a plain link needs rights that few have. */
const linkFolder = (target: string, at: string) => symlinkSync(realpathSync(target), at, "junction")
