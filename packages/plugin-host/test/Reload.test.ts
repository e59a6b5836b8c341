import { BeforeChange, type CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Crm } from "@casewire/core/ports/Crm"
import { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { PluginHost } from "@casewire/core/ports/PluginHost"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { FirmId } from "@casewire/core/domain/Ids"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Schedule, Stream } from "effect"
import * as Memory from "@casewire/core/memory/Memory"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { eventually, firmId, sources, stage } from "./stage/Stage.ts"
import { caseId } from "./stage/TinyPlugin.ts"

const importEffect = `import { Effect } from ${JSON.stringify(fileURLToPath(import.meta.resolve("effect")))}`
const mark = Effect.flatMap(Crm, (crm) => Effect.map(crm.notes({ id: caseId, since: null }), ([first]) => first?.text))
const note = Effect.flatMap(Crm, (crm) => crm.addNote({ id: caseId, text: "hello" }))
const two = sources(`mark: "two", manifest: { version: "1.1.0" }`)
const codeOf = (error: unknown) => (error instanceof PluginRejected ? error.code : String(error))

describe("a plugin that is replaced", () => {
  it.live("serves from the next call on, in the steps that its history tells", () =>
    Effect.gen(function* () {
      const { lastSwap, reload, serving, using, write, engine } = yield* stage()
      assert.strictEqual(yield* using(mark), "one")
      yield* write(two)
      yield* reload()
      assert.strictEqual(yield* using(mark), "two")
      assert.strictEqual(yield* serving, "1.1.0")
      assert.lengthOf(engine.held("tiny"), 1)
      yield* eventually(Effect.map(lastSwap, (swap) => swap?.result === "done"))
      const swap = yield* lastSwap
      assert.strictEqual(swap?.by, "test")
      assert.strictEqual(swap?.reason, "a test")
      assert.deepStrictEqual(
        swap?.steps.filter(({ state }) => state !== "begun").map(({ step, state }) => `${step} ${state}`),
        [
          "verify passed",
          "start passed",
          "self-test passed",
          "shadow skipped",
          "switch passed",
          "drain passed",
          "stop passed",
          "watch passed"
        ]
      )
    })
  )

  it.live("broken, then fixed: what is broken leaves the old version serving and says why", () =>
    Effect.gen(function* () {
      const { host, reload, using, write } = yield* stage()
      yield* write("export default {")
      assert.strictEqual(codeOf(yield* Effect.flip(reload())), "bundle-failed")
      yield* write(sources("", "throw new Error('at load')"))
      assert.strictEqual(codeOf(yield* Effect.flip(reload())), "entry-unusable")
      yield* write(sources("crm: () => ({ decode: () => { throw new Error('no') } })"))
      assert.strictEqual(codeOf(yield* Effect.flip(reload())), "self-test-failed")
      assert.strictEqual(yield* using(mark), "one")
      assert.lengthOf(yield* host.running("tiny"), 1)
      yield* write(two)
      yield* reload()
      assert.strictEqual(yield* using(mark), "two")
    })
  )

  it.live("changed only in a module that it imports", () =>
    Effect.gen(function* () {
      const { reload, using, write } = yield* stage({ sources: sources(`mark: "zero"`) })
      yield* write(`export const word = "from a dependency"`, "dep.ts")
      yield* write(sources("mark: word", `import { word } from "./dep.ts"`))
      yield* reload()
      assert.strictEqual(yield* using(mark), "from a dependency")
      yield* write(`export const word = "changed"`, "dep.ts")
      yield* reload()
      assert.strictEqual(yield* using(mark), "changed")
    })
  )

  it.live("with a manifest of another name is refused as another plugin", () =>
    Effect.gen(function* () {
      const { reload, serving, using, write } = yield* stage()
      yield* write(sources(`manifest: { id: "other", version: "1.1.0" }`))
      assert.strictEqual(codeOf(yield* Effect.flip(reload())), "other-plugin")
      assert.strictEqual(yield* using(mark), "one")
      assert.strictEqual(yield* serving, "1.0.0")
    })
  )

  it.live("whose folder is removed serves on", () =>
    Effect.gen(function* () {
      const { folder, reload, using } = yield* stage({ home: mkdtempSync(join(tmpdir(), "casewire-kept-")) })
      rmSync(folder, { recursive: true })
      assert.strictEqual(codeOf(yield* Effect.flip(reload())), "file-missing")
      assert.strictEqual(yield* using(mark), "one")
    })
  )

  it.live("during a long call: that call ends on the version on which it began, the next is on the new one", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const answer = yield* Deferred.make<string>()
      const http: CrmHttp["Service"] = {
        send: () =>
          Effect.gen(function* () {
            yield* yield* BeforeChange
            yield* Deferred.succeed(arrived, undefined)
            return { status: 200, contentType: "", body: yield* Deferred.await(answer) }
          })
      }
      const { engine, reload, using, write } = yield* stage({ http })
      const long = yield* Effect.forkChild(using(Effect.all([note, mark])))
      yield* Deferred.await(arrived)
      yield* write(two)
      const swap = yield* Effect.forkChild(reload())
      yield* eventually(Effect.map(Effect.exit(using(mark)), (exit) => Exit.isSuccess(exit) && exit.value === "two"))
      assert.lengthOf(engine.held("tiny"), 2)
      yield* Deferred.succeed(answer, "7")
      assert.deepStrictEqual(yield* Fiber.join(long), [{ externalId: "7" }, "one"])
      yield* Fiber.join(swap)
      assert.lengthOf(engine.held("tiny"), 1)
    })
  )

  it.live("with a timer and a listener left open: they end with its thread", () =>
    Effect.gen(function* () {
      const open = `setInterval(() => console.log("alive"), 10); process.on("exit", () => {}); new MessageChannel().port1.onmessage = () => {}`
      const { engine, host, reload, using, write } = yield* stage({ sources: sources("", open) })
      const lines = Effect.map(
        Stream.runCollect(host.logs("tiny", { limit: 1000, follow: false })),
        (all) => all.filter(({ text }) => text.includes("alive")).length
      )
      yield* eventually(Effect.map(lines, (count) => count > 2))
      yield* write(two)
      yield* reload()
      assert.strictEqual(yield* using(mark), "two")
      assert.lengthOf(engine.held("tiny"), 1)
      const before = yield* lines
      yield* Effect.sleep(200)
      assert.strictEqual(yield* lines, before)
    })
  )

  it.live("whose disposal throws is replaced all the same", () =>
    Effect.gen(function* () {
      const { reload, using, write } = yield* stage({
        sources: sources("dispose: () => { throw new Error('not closed') }")
      })
      assert.strictEqual(yield* using(mark), "one")
      yield* write(two)
      yield* reload()
      assert.strictEqual(yield* using(mark), "two")
    })
  )

  it.live("and back again, by hand, to the version before", () =>
    Effect.gen(function* () {
      const { host, reload, serving, store, using, write } = yield* stage()
      yield* write(two)
      yield* reload()
      const request = { pluginId: "tiny", by: "ann", reason: "the notes look wrong", share: [], version: null }
      yield* Stream.runDrain(host.rollback(request))
      assert.strictEqual(yield* using(mark), "one")
      assert.strictEqual(yield* serving, "1.0.0")
      const [swap] = yield* store.swaps({ pluginId: "tiny", limit: 1 })
      assert.deepInclude(swap, { kind: "roll-back", by: "ann", reason: "the notes look wrong", toVersion: "1.0.0" })
    })
  )

  it.live("for one firm after another, the others stay where they are", () =>
    Effect.gen(function* () {
      const { host, plugins, reload, store, swapTo, using, write } = yield* stage()
      yield* write(two)
      const { digest } = yield* reload({ share: [FirmId.make("mesa")] })
      assert.strictEqual(yield* using(mark), "one")
      assert.strictEqual(yield* Effect.map(host.running("tiny"), (all) => all.length), 2)
      yield* swapTo(digest, { share: [firmId] })
      assert.strictEqual(yield* using(mark), "two")
      assert.strictEqual(
        plugins.manifest("tiny").pipe((found) => (found._tag === "Some" ? found.value.version : "")),
        "1.0.0"
      )
      yield* swapTo(digest)
      assert.lengthOf(yield* store.pins("tiny"), 1)
      assert.strictEqual(yield* Effect.map(host.running("tiny"), (all) => all.length), 1)
    })
  )

  it.live("by two saves within 50 milliseconds: the later one serves in the end", () =>
    Effect.gen(function* () {
      const { reload, using, write } = yield* stage({ swap: { graceMs: 60_000 } })
      yield* write(two)
      const first = yield* Effect.forkChild(reload())
      yield* Effect.sleep(40)
      yield* write(sources(`mark: "three", manifest: { version: "1.2.0" }`))
      // While one swap is under way a second one is refused by name; whoever saved tries again.
      yield* reload().pipe(
        Effect.retry({
          while: (error) => error instanceof PluginRejected && error.code === "swap-running",
          schedule: Schedule.spaced(20)
        })
      )
      yield* Fiber.await(first)
      assert.strictEqual(yield* using(mark), "three")
    })
  )

  it.live("is taken back by itself when it proves faulty", () =>
    Effect.gen(function* () {
      const { lastSwap, reload, serving, store, using, write } = yield* stage({ swap: { graceMs: 20_000 } })
      yield* write(
        sources(
          `mark: "two", manifest: { version: "1.1.0" }, crm: () => ({ read: () => Effect.succeed(7) })`,
          importEffect
        )
      )
      yield* reload()
      const read = Effect.flatMap(Crm, (crm) => crm.read({ ids: [caseId] }))
      for (let time = 0; time < 3; time++) yield* Effect.exit(using(read))
      yield* eventually(Effect.map(serving, (version) => version === "1.0.0"))
      yield* eventually(Effect.map(lastSwap, (swap) => swap?.kind === "automatic roll-back"))
      assert.deepStrictEqual(yield* using(read), [])
      const [automatic, taken] = yield* store.swaps({ pluginId: "tiny", limit: 2 })
      assert.strictEqual(automatic?.by, "host")
      assert.strictEqual(taken?.result, "taken back")
      assert.include(taken?.steps.at(-1)?.detail, "3 faults")
    })
  )

  it.live("is not taken back for outages of the CRM", () =>
    Effect.gen(function* () {
      const down: CrmHttp["Service"] = { send: () => Effect.die("not called") }
      const { lastSwap, reload, serving, using, write } = yield* stage({ http: down, swap: { graceMs: 600 } })
      yield* write(
        sources(
          `mark: "two", manifest: { version: "1.1.0" }, crm: () => ({ read: () => Effect.fail(new CrmError({ reason: new CrmUnreachable({ message: "down" }) })) })`,
          `${importEffect}\nimport { CrmError, CrmUnreachable } from ${JSON.stringify(fileURLToPath(import.meta.resolve("@casewire/core/ports/Crm")))}`
        )
      )
      yield* reload()
      const read = Effect.flatMap(Crm, (crm) => crm.read({ ids: [caseId] }))
      for (let time = 0; time < 10; time++) yield* Effect.exit(using(read))
      yield* eventually(Effect.map(lastSwap, (swap) => swap?.result === "done"))
      assert.strictEqual(yield* serving, "1.1.0")
    })
  )
})

describe("a host that starts", () => {
  it.live("with a plugin that does not load, starts, and serves it once it is good", () =>
    Effect.gen(function* () {
      const { plugins, reload, using, write } = yield* stage({ sources: "export default {" })
      assert.strictEqual(plugins.manifest("tiny")._tag, "None")
      yield* write(two)
      yield* reload({ confirmed: ["host-added tiny.example"] })
      assert.strictEqual(yield* using(mark), "two")
    })
  )

  it.live("serves what was pinned, although its source is broken by now", () =>
    Effect.gen(function* () {
      const home = mkdtempSync(join(tmpdir(), "casewire-kept-"))
      const store = yield* Effect.map(Layer.build(Memory.layer), (all) =>
        Context.make(PluginStore, Context.get(all, PluginStore))
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { reload, write } = yield* stage({ home, store })
          yield* write(two)
          yield* reload()
        })
      )
      const { host, serving, using } = yield* stage({ home, store, sources: "export default {" })
      assert.strictEqual(yield* using(mark), "two")
      assert.strictEqual(yield* serving, "1.1.0")
      assert.lengthOf(yield* host.running("tiny"), 1)
    })
  )

  it.live("swaps in what its source has by now, by the same steps, and says so", () =>
    Effect.gen(function* () {
      const home = mkdtempSync(join(tmpdir(), "casewire-kept-"))
      const store = yield* Effect.map(Layer.build(Memory.layer), (all) =>
        Context.make(PluginStore, Context.get(all, PluginStore))
      )
      yield* Effect.scoped(stage({ home, store }))
      const { lastSwap, using } = yield* stage({ home, store, sources: two })
      yield* eventually(Effect.map(using(mark), (text) => text === "two"))
      assert.strictEqual((yield* lastSwap)?.by, "host")
    })
  )

  it.live("calls a swap interrupted that a host before did not end", () =>
    Effect.gen(function* () {
      const home = mkdtempSync(join(tmpdir(), "casewire-kept-"))
      const store = yield* Effect.map(Layer.build(Memory.layer), (all) =>
        Context.make(PluginStore, Context.get(all, PluginStore))
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { reload, write } = yield* stage({ home, store, swap: { graceMs: 60_000 } })
          yield* write(two)
          yield* reload()
        })
      )
      const { context } = yield* stage({ home, store, sources: two })
      const [swap] = yield* Context.get(context, PluginStore).swaps({ pluginId: "tiny", limit: 1 })
      assert.strictEqual(swap?.result, "interrupted")
      assert.isDefined(Context.get(context, PluginHost))
    })
  )
})
