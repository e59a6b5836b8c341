/**
 * A plugin that was written against contract 1 keeps working when contract 2 appears. The plugin is a packed file that
 * is never built again; the host of contract 2 is this one's sources with an operation, a capability and another name
 * of a field added, as whoever makes that contract would add them, run by a process of its own.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { tempFolder } from "./PluginFolder.ts"

const packages = join(import.meta.dirname, "../..")
const frozen = join(import.meta.dirname, "contract-1/frozen-1.0.0.casewire")

type Edit = readonly [file: string, before: string, after: string]

/** What contract 2 is, in every place that a contract touches. */
const contract2: ReadonlyArray<Edit> = [
  ["core/src/CrmPlugin.ts", "export const contractVersion = 1", "export const contractVersion = 2"],
  ["core/src/CrmPlugin.ts", "    documents: Capability\n", "    documents: Capability,\n    closing: Capability\n"],
  [
    "core/src/ports/Crm.ts",
    "  setStatus: { payload:",
    "  closeCase: { payload: Schema.Struct({ id: ExternalCaseId }), success: Schema.Struct({}) },\n  setStatus: { payload:"
  ],
  [
    "core/src/ports/Crm.ts",
    "payload: Schema.Struct({ id: ExternalCaseId, text: Schema.String })",
    "payload: Schema.Struct({ id: ExternalCaseId, body: Schema.String })"
  ],
  [
    "core/src/ports/Crm.ts",
    `    readonly setStatus: Call<"setStatus">`,
    `    readonly setStatus: Call<"setStatus">\n    readonly closeCase: Call<"closeCase">`
  ],
  [
    "plugin-host/src/PluginRpcs.ts",
    `  operation("setStatus", crmOperations.setStatus),`,
    `  operation("setStatus", crmOperations.setStatus),\n  operation("closeCase", crmOperations.closeCase),`
  ],
  [
    "plugin-host/src/worker/Serving.ts",
    "    setStatus: (place)",
    "    closeCase: (place) => at(place, ({ crm }) => crm.closeCase(place.value)),\n    setStatus: (place)"
  ],
  [
    "plugin-host/src/RemoteCrm.ts",
    "        setStatus: (value)",
    `        closeCase: (value) => ask("closeCase", (client, place) => client.closeCase({ ...place, value })),
        setStatus: (value)`
  ]
]

/** How the host of contract 2 meets a plugin of contract 1. */
const step: Edit = [
  "plugin-host/src/ContractSteps.ts",
  "export const contractSteps: ReadonlyArray<ContractStep> = []",
  `export const contractSteps: ReadonlyArray<ContractStep> = [
  {
    from: 1,
    manifest: (older) => ({
      ...older,
      capabilities: { ...(older["capabilities"] as Fields), closing: "The plugin was made before there was closing." }
    }),
    crm: (older) =>
      unknownOperation("closeCase", "closing")(
        inOperation("addNote", { payload: (newer) => renamed("body", "text")(newer) })(older)
      )
  }
]`
]

/** Keeps the packed file, starts it in a thread, and asks it as a host of contract 2 asks. */
const program = (home: string) => `
import { Crm } from "@casewire/core/ports/Crm"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Effect, Layer, Stream } from "effect"
import { bundle } from "./Bundle.ts"
import { layer, PluginEngine } from "./PluginEngine.ts"
import { readSource } from "./PluginSource.ts"
import { copiesIn } from "./PrivateCopy.ts"

const source = { kind: "file", location: ${JSON.stringify(frozen)} }
const requests = []
const door = Layer.succeed(CrmHttp, {
  send: (request) => Effect.sync(() => {
    requests.push(request.body)
    return { status: 200, contentType: "text/plain", body: "note-1" }
  })
})
const bootstrap = ${JSON.stringify(join(home, "thread.mjs"))}
const result = (effect) => Effect.map(Effect.result(effect), (found) =>
  found._tag === "Success" ? { answer: found.success } : { refused: found.failure.reason })

const program = Effect.gen(function* () {
  yield* bundle(new URL("./worker/main.ts", import.meta.url).pathname, bootstrap)
  const checked = yield* readSource(source, { isRequired: false, trusted: [] })
  const version = yield* copiesIn(${JSON.stringify(join(home, "plugins"))}).put(checked, source)
  return yield* Effect.gen(function* () {
    const engine = yield* PluginEngine
    yield* engine.hold(version)
    yield* engine.choose("frozen", [{ pluginId: "frozen", target: { _tag: "Everyone" }, digest: version.digest }])
    const plugins = yield* Plugins
    return yield* Effect.gen(function* () {
      const crm = yield* Crm
      return {
        manifest: version.manifest,
        note: yield* result(crm.addNote({ id: "7", body: "Hello" })),
        closed: yield* result(crm.closeCase({ id: "7" })),
        catalog: yield* result(crm.catalog({})),
        checks: yield* Stream.runCollect(crm.verify),
        requests
      }
    }).pipe(Effect.provide(plugins.crm("frozen", { connectionId: "c", settings: {}, secrets: {} })), Effect.provide(door))
  }).pipe(Effect.provide(layer(bootstrap)))
})
console.log(JSON.stringify(await Effect.runPromise(Effect.scoped(program))))
process.exit(0)
`

/** Builds such a host and answers what it found. */
const hostOf = (edits: ReadonlyArray<Edit>): Record<string, unknown> => {
  const tree = tempFolder()
  for (const name of ["core", "plugin-host"]) {
    for (const part of ["src", "package.json"])
      cpSync(join(packages, name, part), join(tree, "packages", name, part), { recursive: true })
    const modules = join(tree, "packages", name, "node_modules")
    mkdirSync(join(modules, "@casewire"), { recursive: true })
    symlinkSync(join(tree, "packages/core"), join(modules, "@casewire/core"))
    for (const library of ["effect", "fflate", "rolldown", "yauzl"])
      symlinkSync(realpathSync(join(packages, "plugin-host/node_modules", library)), join(modules, library))
  }
  for (const [file, before, after] of edits) {
    const path = join(tree, "packages", file)
    const text = readFileSync(path, "utf8")
    assert.strictEqual(text.split(before).length, 2, `${file} has one place that reads: ${before}`)
    writeFileSync(
      path,
      text.replace(before, () => after)
    )
  }
  const main = join(tree, "packages/plugin-host/src/Contract2.ts")
  writeFileSync(main, program(tree))
  const text = execFileSync(process.execPath, ["--no-warnings", main], {
    cwd: dirname(main),
    encoding: "utf8",
    stdio: "pipe"
  })
  return JSON.parse(text.split("\n").at(-2) ?? text)
}

describe("a packed plugin of contract 1 on a host of contract 2", { timeout: 60_000 }, () => {
  it("works as on the day it was packed, and refuses only what did not exist then", () => {
    const found = hostOf([...contract2, step])
    assert.deepInclude(found["manifest"], { id: "frozen", contract: 1 })
    assert.deepInclude((found["manifest"] as { capabilities: object }).capabilities, {
      notes: null,
      closing: "The plugin was made before there was closing."
    })
    assert.deepStrictEqual(found["note"], { answer: { externalId: "note-1" } })
    assert.deepStrictEqual(found["requests"], [{ _tag: "Json", value: { id: "7", text: "Hello" } }])
    assert.deepInclude((found["closed"] as { refused: object }).refused, {
      _tag: "CrmUnsupported",
      capability: "closing"
    })
    assert.deepStrictEqual(found["catalog"], { answer: { caseTypes: [{ name: "Injury" }], statuses: [], fields: [] } })
    assert.lengthOf(found["checks"] as ReadonlyArray<unknown>, 1)
  })

  it("is refused by name where nobody wrote the step between the two", () => {
    assert.throws(() => hostOf(contract2), /manifest-unreadable/)
  })
})
