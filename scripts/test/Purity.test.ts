/** Core and the plugins use only what `effect` promises to keep, so a minor release of it cannot break the domain. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type Exception, impurities } from "../guards/Purity.ts"
import { EffectSources } from "../guards/Stability.ts"
import { sourceFiles, workspacePackages } from "../guards/Tree.ts"

const root = join(import.meta.dirname, "../..")
const effect = new EffectSources(join(root, "node_modules/effect"))
const exceptions: ReadonlyArray<Exception> = JSON.parse(
  readFileSync(join(root, "packages/core/unstable-exceptions.json"), "utf8")
)
const impuritiesIn = (name: string, excepted: ReadonlyArray<Exception>) =>
  sourceFiles(join(root, "packages", name, "src")).flatMap((file) =>
    impurities(file, readFileSync(file, "utf8"), effect, excepted)
  )
const judged = (source: string) => impurities("Sample.ts", source, effect, [])

describe("the present tree", () => {
  it("uses only stable symbols of effect in core, save the listed exceptions", () => {
    expect(impuritiesIn("core", exceptions)).toEqual([])
  })
  it("uses only stable symbols of effect in the plugin, without exception", () => {
    expect(impuritiesIn("lawruler-plugin", [])).toEqual([])
  })
  it("lists at most three exceptions, each with a reason and each still needed", () => {
    expect(exceptions.length).toBeLessThanOrEqual(3)
    for (const exception of exceptions) {
      expect(exception.reason.length).toBeGreaterThan(40)
      expect(
        impuritiesIn(
          "core",
          exceptions.filter((each) => each !== exception)
        )
      ).not.toEqual([])
    }
  })
  it("gives core effect as its only dependency", () => {
    const core = workspacePackages(root).find((each) => each.name === "@casewire/core")
    expect(core?.dependencies).toEqual(["effect"])
  })
})

describe("the tags of effect", () => {
  it.each([
    ["a function", ["Effect", "fn"], "stable"],
    ["a function renamed on export", ["Effect", "void"], "stable"],
    ["a type in a nested namespace", ["Effect", "fn", "Return"], "stable"],
    ["a name that is both value and type", ["Context", "Service"], "stable"],
    ["a function without namespace", ["pipe"], "stable"],
    ["an unstable function of a stable module", ["Effect", "withExecutionPlan"], "unstable"],
    ["an unstable module", ["LayerMap", "make"], "unstable"],
    ["a file system", ["FileSystem", "FileSystem"], "unstable"],
    ["a name that is not there", ["Effect", "catchAll"], "absent"]
  ] as const)("are read for %s", (_, path, stability) => {
    expect(effect.judge("effect", path).stability).toBe(stability)
  })
  it("are read for modules below the root", () => {
    expect(effect.judge("effect/Effect", ["fn"]).stability).toBe("stable")
    expect(effect.judge("effect/http", ["HttpClient"]).stability).toBe("unstable")
    expect(effect.judge("effect/http/HttpClient", ["get"]).stability).toBe("unstable")
  })
})

describe("an unstable symbol is seen", () => {
  it.each([
    ["by its name", `import { LayerMap } from "effect"`],
    ["under another name", `import { Effect as E } from "effect"\nE.withExecutionPlan`],
    ["through the whole package", `import * as All from "effect"\nAll.Effect.withExecutionPlan`],
    ["in square brackets", `import { Effect } from "effect"\nEffect["withExecutionPlan"]`],
    ["after a question mark", `import { Effect } from "effect"\nEffect?.withExecutionPlan`],
    ["taken out of its namespace", `import { Effect } from "effect"\nconst { withExecutionPlan: plan } = Effect`],
    ["in a type", `import type { LayerMap } from "effect"\nexport type Map = LayerMap.LayerMap<string, never>`],
    ["in an import type", `export type Map = import("effect").LayerMap.LayerMap<string, never>`],
    ["in typeof", `import { Effect } from "effect"\nexport type Plan = typeof Effect.withExecutionPlan`],
    ["passed on by an export", `export { LayerMap } from "effect"`],
    ["imported while running", `const all = await import("effect")`],
    [
      "hidden behind a namespace that is handed on",
      `import { Effect } from "effect"\nconst hidden = Effect\nhidden.withExecutionPlan`
    ],
    ["in a module below the root", `import { HttpClient } from "effect/http"`]
  ])("%s", (_, source) => {
    expect(judged(source)).not.toEqual([])
  })
  it("and a stable one passes in all these forms", () => {
    const source = `
      import { Effect, Schema as S, pipe } from "effect"
      import * as All from "effect"
      const { fn } = Effect
      const key = { Effect: 1, pipe }
      key.Effect
      export type Id = All.Schema.Schema.Type<typeof S.String>
      export const run = Effect.fn("run")(function* (): Effect.fn.Return<number> { return pipe(yield* Effect.succeed(1), fn as any) })
    `
    expect(judged(source)).toEqual([])
  })
})
