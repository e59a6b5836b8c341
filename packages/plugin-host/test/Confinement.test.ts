import { BeforeChange, type CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Crm, CrmError, CrmRefused } from "@casewire/core/ports/Crm"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Option, Stream } from "effect"
import { fileURLToPath } from "node:url"
import { eventually, sources, stage } from "./stage/Stage.ts"
import { caseId } from "./stage/TinyPlugin.ts"

const note = Effect.flatMap(Crm, (crm) => crm.addNote({ id: caseId, text: "hello" }))
const notes = Effect.flatMap(Crm, (crm) => crm.notes({ id: caseId, since: null }))
const read = Effect.flatMap(Crm, (crm) => crm.read({ ids: [caseId] }))

const reasonOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "success"
  const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return failure instanceof CrmError ? failure.reason._tag : "defect"
}

/** A door that lets one see and hold what goes through it. */
const door = Effect.gen(function* () {
  const arrived = yield* Deferred.make<void>()
  const answer = yield* Deferred.make<string>()
  const http: CrmHttp["Service"] = {
    send: (request) =>
      Effect.gen(function* () {
        if (request.changes) yield* yield* BeforeChange
        yield* Deferred.succeed(arrived, undefined)
        return { status: 200, contentType: "", body: yield* Deferred.await(answer) }
      })
  }
  return { arrived, answer, http }
})

const importEffect = `import { Effect } from ${JSON.stringify(fileURLToPath(import.meta.resolve("effect")))}`

const crashing = (when: string) =>
  sources(
    `crm: (http) => ({ addNote: () => Effect.andThen(http.send({ origin: "api", method: "POST", path: "x", changes: true }), Effect.sync(() => { ${when} })) })`,
    importEffect
  )

const fatal = "setTimeout(() => { throw new Error('boom') }); for (const end = Date.now() + 100; Date.now() < end; );"

describe("a plugin in a thread", () => {
  it.live("answers every operation as it does in the host's process", () =>
    Effect.gen(function* () {
      const { using } = yield* stage()
      assert.deepStrictEqual(yield* using(note), { externalId: "7" })
      assert.strictEqual((yield* using(notes))[0]?.text, "one")
      const pages = yield* using(Effect.flatMap(Crm, (crm) => Stream.runCollect(crm.changes(null))))
      assert.deepStrictEqual(
        pages.map(({ cursor }) => cursor),
        ["1", "2"]
      )
    })
  )

  it.live("asks for the next page only after the one before was taken", () =>
    Effect.gen(function* () {
      let asked = 0
      const http: CrmHttp["Service"] = {
        send: () => Effect.sync(() => ({ status: 200, contentType: "", body: String((asked += 1)) }))
      }
      const { using } = yield* stage({
        http,
        sources: sources(
          `crm: (http) => ({ changes: () => Stream.fromEffectRepeat(Effect.map(http.send({ origin: "api", method: "GET", path: "x", changes: false }), ({ body }) => ({ cases: [], cursor: body }))) })`,
          `import { Effect, Stream } from ${JSON.stringify(fileURLToPath(import.meta.resolve("effect")))}`
        )
      })
      const seen: Array<number> = []
      yield* using(
        Effect.flatMap(Crm, (crm) =>
          crm.changes(null).pipe(
            Stream.take(5),
            Stream.runForEach(() => Effect.sync(() => void seen.push(asked)))
          )
        )
      )
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
    })
  )

  it.live("that crashes before anything left for the CRM fails at that call, and nothing is unknown", () =>
    Effect.gen(function* () {
      const { using, engine } = yield* stage({
        sources: sources(`crm: () => ({ addNote: () => { ${fatal} return Effect.never } })`, importEffect)
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(using(note))), "CrmPluginFault")
      yield* eventually(Effect.sync(() => engine.held("tiny")[0]?.running.state() === "serving"))
      assert.strictEqual((yield* using(notes))[0]?.text, "one")
    })
  )

  it.live("that crashes after a change left leaves an unknown outcome", () =>
    Effect.gen(function* () {
      const { answer, arrived, http } = yield* door
      const { using } = yield* stage({ http, sources: crashing(fatal) })
      const asked = yield* Effect.forkChild(Effect.exit(using(note)))
      yield* Deferred.await(arrived)
      yield* Deferred.succeed(answer, "7")
      assert.strictEqual(reasonOf(yield* Fiber.join(asked)), "CrmOutcomeUnknown")
    })
  )

  it.live("that is down fails calls as a wait, and is started again", () =>
    Effect.gen(function* () {
      const { using, engine } = yield* stage({
        limits: { restartMs: 400 },
        sources: sources(`crm: () => ({ read: () => { ${fatal} return Effect.never } })`, importEffect)
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(using(read))), "CrmPluginFault")
      assert.strictEqual(reasonOf(yield* Effect.exit(using(notes))), "CrmPluginUnavailable")
      yield* eventually(Effect.sync(() => engine.held("tiny")[0]?.running.state() === "serving"))
      assert.strictEqual((yield* using(notes))[0]?.text, "one")
      assert.strictEqual(engine.held("tiny")[0]?.running.restarts(), 1)
    })
  )

  it.live("that never answers is given up at its deadline, and goes on for others", () =>
    Effect.gen(function* () {
      const { using, engine } = yield* stage({
        limits: { callMs: 300 },
        sources: sources("crm: () => ({ read: () => Effect.never })", importEffect)
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(using(read))), "CrmPluginFault")
      assert.strictEqual((yield* using(notes))[0]?.text, "one")
      assert.strictEqual(engine.held("tiny")[0]?.running.restarts(), 0)
    })
  )

  it.live("may wait for a slow CRM as long as the host lets it: that time is not the plugin's", () =>
    Effect.gen(function* () {
      const http: CrmHttp["Service"] = {
        send: () => Effect.delay(Effect.succeed({ status: 200, contentType: "", body: "7" }), 900)
      }
      const { using } = yield* stage({ http, limits: { callMs: 300 } })
      assert.deepStrictEqual(yield* using(read), [])
    })
  )

  it.live("that answers outside the contract is told so, and what it changed is unknown", () =>
    Effect.gen(function* () {
      const { using, engine } = yield* stage({
        http: {
          send: () =>
            Effect.andThen(Effect.flatten(BeforeChange), Effect.succeed({ status: 200, contentType: "", body: "7" }))
        },
        sources: sources(
          `crm: (http) => ({ notes: () => Effect.succeed("many"), addNote: () => Effect.as(http.send({ origin: "api", method: "POST", path: "x", changes: true }), { externalId: 7 }) })`,
          importEffect
        )
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(using(notes))), "CrmPluginFault")
      assert.strictEqual(reasonOf(yield* Effect.exit(using(note))), "CrmOutcomeUnknown")
      assert.strictEqual(engine.held("tiny")[0]?.running.faults(), 2)
    })
  )

  it.live("cannot say that it is being started again: only the host lets jobs wait uncounted", () =>
    Effect.gen(function* () {
      const core = JSON.stringify(fileURLToPath(import.meta.resolve("@casewire/core/ports/Crm")))
      const { using } = yield* stage({
        sources: sources(
          `crm: () => ({ read: () => Effect.fail(new CrmError({ reason: new CrmPluginUnavailable({ message: "wait" }) })) })`,
          `${importEffect}\nimport { CrmError, CrmPluginUnavailable } from ${core}`
        )
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(using(read))), "CrmPluginFault")
    })
  )

  it.live("gets the CRM's refusals as they are, and passes them on as they are", () =>
    Effect.gen(function* () {
      const refused = new CrmError({ reason: new CrmRefused({ message: "the CRM refused" }) })
      const { using } = yield* stage({ http: { send: () => Effect.fail(refused) } })
      assert.deepStrictEqual(yield* Effect.flip(using(read)), refused)
    })
  )

  it.live("passes a defect of the host through, so that it is not taken for the plugin's", () =>
    Effect.gen(function* () {
      const own = new Error("the store failed")
      const { using, engine } = yield* stage({ http: { send: () => Effect.die(own) } })
      const exit = yield* Effect.exit(using(read))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === own)
      assert.strictEqual(engine.held("tiny")[0]?.running.faults(), 0)
    })
  )

  it.live("sends nothing after its call ended", () =>
    Effect.gen(function* () {
      let sent = 0
      const { using } = yield* stage({
        http: { send: () => Effect.sync(() => ({ status: 200, contentType: "", body: String((sent += 1)) })) },
        sources: sources(
          `crm: (http) => ({ read: () => Effect.as(Effect.forkDetach(Effect.forever(Effect.delay(http.send({ origin: "api", method: "GET", path: "x", changes: false }), 20))), []) })`,
          importEffect
        )
      })
      yield* using(read)
      const before = sent
      yield* Effect.sleep(300)
      assert.strictEqual(sent, before)
    })
  )
})
