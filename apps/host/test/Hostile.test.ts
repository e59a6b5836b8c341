/**
 * A plugin that means harm, in a host that works: whatever it tries it does not get, or it is stopped, and the host
 * answers every webhook meanwhile. Printed for each attempt: how long the webhooks took that came while it was made.
 */
import { ListeningAddress } from "@casewire/adapters-http/Server"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmGateway, CrmHttp } from "@casewire/core/ports/CrmHttp"
import { PluginHost } from "@casewire/core/ports/PluginHost"
import { Plugins } from "@casewire/core/ports/Plugins"
import { demoPortal, serve } from "@casewire/lawruler-sandbox"
import { defaultLimits, PluginLimits } from "@casewire/plugin-host/PluginLimits"
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Layer, Option, Schedule, Stream } from "effect"
import { fileURLToPath } from "node:url"
import { webhookUrl } from "../bench/WebhookUrl.ts"
import { throwAway } from "../harness/Processes.ts"
import { offerDemo } from "../src/DemoConnection.ts"
import { layerHost } from "../src/Host.ts"
import { settings } from "../src/Settings.ts"

const folder = fileURLToPath(new URL("./hostile", import.meta.url))
const limitMs = 240_000

/** What each attempt comes to: a refusal that it can see, or its thread's end. */
const expected: ReadonlyArray<readonly [attempt: string, outcome: RegExp, where?: "store" | "key" | "secret"]> = [
  ["read the store by its path", /^denied: .*no use for the module/, "store"],
  ["read the store as a module", /^denied: .*own folder/, "store"],
  ["read the key by a URL", /^denied: .*own folder/, "key"],
  ["read open descriptors", /^denied: .*no use for the module/],
  ["open the store with SQLite", /^denied: .*no use for the module/, "store"],
  ["read the environment", /^denied: .*empty/],
  ["start a process", /^denied: .*no use for the module/],
  ["start a thread", /^denied: .*no use for the module/],
  ["find the thread's ports", /^denied: .*no use for the module/],
  ["kill the host", /^denied: .*not a function/],
  ["abort the host", /^denied: .*not a function/],
  ["end the host", /^denied: .*not a function/],
  ["open a socket", /^denied: .*no use for the module/],
  ["fetch from anywhere", /^denied: .*not a function/],
  ["open a web socket", /^denied: .*not a constructor/],
  ["talk to other threads", /^denied: .*not a constructor/],
  ["get a module of Node by hand", /^denied: .*not a function/],
  ["load an add-on", /^denied: .*not a function/],
  ["reach a host that is not declared", /^denied: .*CrmOriginRefused/],
  ["leave the declared path", /^denied: .*CrmOriginRefused/],
  ["name another host in the path", /^denied: .*CrmOriginRefused/],
  ["find a secret of another firm", /^denied: .*not there/, "secret"],
  ["pollute prototypes", /^denied: .*only its own/],
  ["recurse for ever", /^denied: .*Maximum call stack/],
  ["answer something else", /^got \[object Object\]$/],
  ["reject without a handler", /^CrmPluginFault: .*crashed/],
  ["throw in a timer", /^CrmPluginFault: .*crashed/],
  ["loop for ever", /^CrmPluginFault: .*(?:hung|too long)/],
  ["never answer", /^CrmPluginFault: .*too long/],
  ["fill the heap", /^CrmPluginFault: .*(?:memory|hung|too long)/],
  ["take two gigabytes of buffers", /^CrmPluginFault: .*(?:memory|hung|too long)/],
  ["write ten million lines", /^(?:denied: .*written|CrmPluginFault: .*(?:hung|too long))/]
]

describe("a plugin that means harm", () => {
  it.live(
    "gets nothing that it may not have, and the host answers every webhook meanwhile",
    () =>
      Effect.gen(function* () {
        const { data, remove } = yield* Effect.acquireRelease(Effect.sync(throwAway), (place) =>
          Effect.sync(place.remove)
        )
        assert.isFunction(remove)
        const sandbox = yield* serve({ port: 0, host: "127.0.0.1" })
        const env = {
          CASEWIRE_DATA: data,
          CASEWIRE_PLUGINS: `folder:${folder}`,
          CASEWIRE_SANDBOX_ORIGIN: sandbox.url,
          CASEWIRE_API_REQUESTS_PER_HOUR: "1000000"
        }
        const context = yield* Layer.build(
          Layer.unwrap(Effect.map(settings, (given) => layerHost({ ...given, port: 0 }))).pipe(
            Layer.provide([
              ConfigProvider.layer(ConfigProvider.fromEnv({ env })),
              Layer.succeed(PluginLimits, {
                ...defaultLimits,
                hangMs: 2000,
                callMs: 4000,
                growthMb: 256,
                restartMs: 50,
                healthyMs: 1
              })
            ])
          )
        )
        yield* Effect.gen(function* () {
          const { url } = yield* ListeningAddress
          const plugins = yield* Plugins
          const host = yield* PluginHost
          const demo = yield* offerDemo({ sandboxUrl: sandbox.url, hostUrl: url })
          const target = yield* Effect.promise(() => webhookUrl(sandbox.url))
          const connection = { ...demo, plugin: "hostile", settings: {}, callLimit: 60_000 }
          const manifest = Option.getOrThrow(plugins.manifest("hostile"))
          const http = yield* (yield* CrmGateway).open(connection, manifest)
          const attempt = (text: string): Effect.Effect<string> =>
            Effect.flatMap(Crm, (crm) => crm.addNote({ id: ExternalCaseId.make("1"), text })).pipe(
              Effect.provide(
                plugins
                  .crm("hostile", { connectionId: connection.id, settings: {}, secrets: {} })
                  .pipe(Layer.provide(Layer.succeed(CrmHttp, http))),
                { local: true }
              ),
              Effect.exit,
              Effect.map(inWords)
            )
          // Up, and done with what it tried before.
          const isUp = Effect.map(attempt("answer something else"), (got) => got.startsWith("got"))
          const lookedFor = { store: `${data}/casewire.db`, key: `${data}/key`, secret: demoPortal.clientSecret }
          const rows: Array<string> = []
          const wrong: Array<string> = []
          let unanswered = 0
          for (const [name, outcome, where] of expected) {
            yield* isUp.pipe(
              Effect.flatMap((up) => (up ? Effect.void : Effect.fail("down" as const))),
              Effect.retry(Schedule.spaced(20)),
              Effect.timeout(20_000),
              Effect.orDie
            )
            const times: Array<number> = []
            const webhooks = yield* Effect.forkChild(
              Effect.forever(
                Effect.gen(function* () {
                  const began = performance.now()
                  const isAnswered = yield* Effect.promise(() => webhook(target))
                  times.push(performance.now() - began)
                  if (!isAnswered) unanswered += 1
                  yield* Effect.sleep(5)
                })
              )
            )
            const got = yield* attempt(where === undefined ? name : `${name}\n${lookedFor[where]}`)
            yield* Effect.sleep(60)
            yield* Fiber.interrupt(webhooks)
            if (!outcome.test(got)) wrong.push(`${name}: ${got}`)
            times.sort((a, b) => a - b)
            rows.push(
              [
                name.padEnd(36),
                got.split(":")[0]?.padEnd(15),
                String(times.length).padStart(5),
                ...[0.5, 0.99, 1].map((share) => at(times, share).toFixed(1).padStart(8))
              ].join(" ")
            )
          }
          console.log(
            ["attempt".padEnd(52), "webhooks", "p50 ms", "p99 ms", "worst"].join("  ") + `\n${rows.join("\n")}`
          )
          assert.deepStrictEqual(wrong, [])
          assert.strictEqual(unanswered, 0)
          assert.isUndefined(Reflect.get({}, "polluted"))
          const lines = yield* Stream.runCollect(host.logs("hostile", { limit: 10_000, follow: false }))
          assert.isAtMost(lines.length, 1000)
          const [other] = yield* host.running("law-ruler")
          assert.deepInclude(other, { state: "serving", restarts: 0, faults: 0 })
        }).pipe(Effect.provideContext(context))
      }),
    limitMs
  )
})

const inWords = (exit: Exit.Exit<{ readonly externalId: string }, unknown>): string => {
  if (Exit.isSuccess(exit)) return exit.value.externalId
  const failure = Cause.squash(exit.cause)
  const reason = typeof failure === "object" && failure !== null && "reason" in failure ? failure.reason : undefined
  return typeof reason === "object" && reason !== null && "_tag" in reason && "message" in reason
    ? `${String(reason._tag)}: ${String(reason.message)}`
    : `defect: ${String(failure)}`
}

const at = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

const webhook = async (url: string): Promise<boolean> => {
  const body =
    "LeadID=248199&CaseTypeID=222&CaseType=Harbor+MVA&StatusID=9&Status=Sent+e-Sign&FullName=Jos%C3%A9+O%27Hara" +
    "&CreatedDate=09%2F14%2F2026+10%3A22+AM&PrimaryContactID=70551&FirstName=Jos%C3%A9&LastName=O%27Hara" +
    "&Email=jose.ohara%40example.test&Phone=%28205%29+555-0142"
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/x-www-form-urlencoded" }
  })
  await answer.text()
  return answer.status === 200
}
