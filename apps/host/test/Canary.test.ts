/**
 * Guarantees suite 14: no secret and no fact about a client in any log, span, metric, problem or file but sealed. The
 * same story is lived twice: by a host process whose output is read, and in this process, where every span and every log
 * entry is caught with its annotations and causes, and the metrics are read at the end. Then everything is searched for
 * every spelling of every canary.
 */
import { ListeningAddress } from "@casewire/adapters-http/Server"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { FirmId } from "@casewire/core/domain/Ids"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import {
  Cause,
  ConfigProvider,
  Effect,
  Layer,
  Logger,
  ManagedRuntime,
  Metric,
  Redacted,
  References,
  Tracer
} from "effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { facts, type Hit, hitsIn, needle, type Needle, secrets } from "../harness/Canaries.ts"
import { canaryStory, type CanaryOutcome } from "../harness/CanaryStory.ts"
import { type EchoingCrm, startEchoingCrm } from "../harness/EchoingCrm.ts"
import { freePort, type Running, startSandbox, stop, throwAway } from "../harness/Processes.ts"
import { layerHost } from "../src/Host.ts"
import { settings } from "../src/Settings.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const limitMs = 90_000

let sandbox: Running
let crm: EchoingCrm
beforeAll(async () => {
  sandbox = await startSandbox(await freePort())
}, limitMs)
afterAll(async () => {
  await stop(sandbox)
})

const environment = (data: string, port: number): Record<string, string> => ({
  CASEWIRE_DATA: data,
  CASEWIRE_PORT: String(port),
  CASEWIRE_SANDBOX_ORIGIN: crm.url,
  CASEWIRE_CLIENT_TIMEOUT_MS: "2000",
  CASEWIRE_LATE_COMMIT_MS: "1000",
  CASEWIRE_PRIVATE_DESTINATIONS: "http://127.0.0.1:9",
  CASEWIRE_API_REQUESTS_PER_HOUR: "1000000"
})

/** All that may stand nowhere but sealed. */
const needlesOf = (outcome: CanaryOutcome, apiToken: string, data: string): ReadonlyArray<Needle> => [
  ...Object.entries({ ...facts, ...secrets }).map(([name, value]) => needle(name, value)),
  needle("webhook token", outcome.webhookToken),
  needle("API token", apiToken),
  needle("subscription secret", outcome.subscriptionSecret.replace(/^whsec_/, "")),
  needle("key-encryption key", readFileSync(join(data, "key"), "utf8").trim()),
  ...[...crm.bearers].map((bearer) => needle("CRM access token", bearer))
]

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : []
  )

/** Every file of the data folder but the key and the token, which are the operator's own. */
const hitsInFiles = (needles: ReadonlyArray<Needle>, data: string): ReadonlyArray<Hit> =>
  filesBelow(data)
    .filter((file) => !/[/\\](?:key|api-token)$/.test(file))
    .flatMap((file) => [...hitsIn(needles, `the name of ${file}`, file), ...hitsIn(needles, file, readFileSync(file))])

const shown = (hits: ReadonlyArray<Hit>): string =>
  hits.map(({ around, name, where }) => `${name} in ${where}: …${around}…`).join("\n\n")

const resetSandbox = () => fetch(`${sandbox.url}/_sandbox/reset`, { method: "POST" })

describe("no canary is found", { concurrent: false }, () => {
  it(
    "in what a host prints, in its problems, or in its files, running and stopped",
    async () => {
      const { data, remove } = throwAway()
      await resetSandbox()
      crm = await startEchoingCrm(sandbox.url)
      try {
        const port = await freePort()
        const env = { ...process.env, ...environment(data, port) }
        const token = await printed(spawn(process.execPath, [main, "token"], { env }))
        const child = spawn(process.execPath, [main, "serve", "--log-level", "all"], { env })
        let output = ""
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
        const exited = new Promise((resolve) => child.on("exit", resolve))
        const url = `http://127.0.0.1:${port}`
        while ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok !== true) {
          if (child.exitCode !== null) assert.fail(`the host ended:\n${output}`)
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        const outcome = await canaryStory(url, sandbox.url, crm, token.trim())
        const needles = needlesOf(outcome, token.trim(), data)
        const running = hitsInFiles(needles, data)
        child.kill("SIGTERM")
        await exited
        assert.isAtLeast(outcome.refusals.length, 40)
        const hits = [
          ...hitsIn(needles, "output", output),
          ...outcome.refusals.flatMap((text, index) => hitsIn(needles, `refusal ${index}`, text)),
          ...running,
          ...hitsInFiles(needles, data)
        ]
        assert.strictEqual(shown(hits), "")
        // The search itself works: the sandbox holds what it must know, and what the story waited to see arrive.
        const held = await (await fetch(`${sandbox.url}/_sandbox/portals/harbor/state`)).text()
        assert.includeMembers(
          hitsIn(needles, "the sandbox", held).map(({ name }) => name),
          ["key", "clientSecret", "message", "transcript", "note"]
        )
      } finally {
        crm.close()
        remove()
      }
    },
    limitMs
  )

  it(
    "in any span, metric or log entry, with attributes, annotations and causes",
    async () => {
      const { data, remove } = throwAway()
      await resetSandbox()
      crm = await startEchoingCrm(sandbox.url)
      const spans: Array<Tracer.NativeSpan> = []
      const events: Array<string> = []
      const logs: Array<string> = []
      class Caught extends Tracer.NativeSpan {
        override event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
          events.push(inspect([name, attributes], { depth: 8 }))
          super.event(name, startTime, attributes)
        }
      }
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Caught(options)
          spans.push(span)
          return span
        }
      })
      const logger = Logger.make(({ cause, fiber, logLevel, message }) => {
        const annotations = fiber.getRef(References.CurrentLogAnnotations)
        logs.push(
          inspect([logLevel, message, annotations], { depth: 12 }),
          Cause.pretty(cause),
          inspect(cause, { depth: 12 })
        )
      })
      const env = environment(data, 0)
      const runtime = ManagedRuntime.make(
        Layer.unwrap(Effect.map(settings, (given) => layerHost({ ...given, port: 0 }))).pipe(
          Layer.provide([
            Logger.layer([logger]),
            Layer.succeed(Tracer.Tracer, tracer),
            Layer.succeed(References.MinimumLogLevel, "All"),
            ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...env, CASEWIRE_PORT: "4000" } }))
          ])
        )
      )
      try {
        const { token, url } = await runtime.runPromise(
          Effect.gen(function* () {
            const connections = yield* ConnectionStore
            const firmId = FirmId.make("canary")
            yield* connections.saveFirm({ id: firmId, name: "Canary", createdAt: 1 })
            const issued = yield* connections.issueToken({ _tag: "Api", firmId, name: "test" })
            return { token: Redacted.value(issued), url: (yield* ListeningAddress).url }
          })
        )
        const outcome = await canaryStory(url, sandbox.url, crm, token)
        const needles = needlesOf(outcome, token, data)
        const metrics = await runtime.runPromise(Metric.snapshot)
        await runtime.dispose()
        assert.isAtLeast(spans.length, 200)
        const hits = [
          ...spans.flatMap((span) => hitsIn(needles, `span ${span.name}`, textOf(span))),
          ...events.flatMap((text) => hitsIn(needles, "a span's event", text)),
          ...metrics.flatMap((metric) => hitsIn(needles, `metric ${metric.id}`, inspect(metric, { depth: 12 }))),
          ...logs.flatMap((text) => hitsIn(needles, "a log entry", text)),
          ...outcome.refusals.flatMap((text, index) => hitsIn(needles, `refusal ${index}`, text))
        ]
        assert.strictEqual(shown(unique(hits)), "")
      } finally {
        await runtime.dispose()
        crm.close()
        remove()
      }
    },
    limitMs
  )
})

const textOf = ({ attributes, links, name, status }: Tracer.NativeSpan): string => {
  const failure = status._tag === "Ended" && status.exit._tag === "Failure" ? Cause.pretty(status.exit.cause) : ""
  return `${name} ${inspect([...attributes], { depth: 8 })} ${inspect(
    links.map((link) => link.attributes),
    { depth: 8 }
  )} ${failure}`
}

/** One of each name and place is enough to read. */
const unique = (hits: ReadonlyArray<Hit>): ReadonlyArray<Hit> => [
  ...new Map(hits.map((hit) => [`${hit.name} ${hit.where}`, hit])).values()
]

const printed = (child: ReturnType<typeof spawn>): Promise<string> =>
  new Promise((resolve) => {
    let text = ""
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()))
    child.on("exit", () => resolve(text))
  })
