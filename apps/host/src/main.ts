#!/usr/bin/env node
/**
 * The `casewire` command. Exit codes: 0 done, 1 failed, 64 wrong usage, 74 storage failed, 75 another process owns the
 * store, 78 configuration.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { demoPortal, serve as serveSandbox } from "@casewire/lawruler-sandbox"
import { Cause, Clock, Console, Effect, Exit, Layer, Option, Redacted, Runtime } from "effect"
import { Command, Flag } from "effect/cli"
import { FirmId } from "@casewire/core/domain/Ids"
import { ListeningAddress } from "@casewire/adapters-http/Server"
import { apiToken, demoFirm, offerDemo } from "./DemoConnection.ts"
import { layerHost, layerStore } from "./Host.ts"
import { dataFolder, readSettings, type Settings, StartRefused } from "./Settings.ts"

const serve = Command.make(
  "serve",
  {},
  Effect.fn(function* () {
    const settings = yield* readSettings
    yield* running(settings, (url) =>
      Console.log(`Casewire is listening at ${url} (docs: ${url}/docs). Make an API token with "casewire token".`)
    )
  })
).pipe(Command.withDescription("Run the host with the settings of the environment"))

const start = Command.make(
  "start",
  {},
  Effect.fn(function* () {
    const given = yield* readSettings
    const sandbox = yield* serveSandbox({ port: given.sandboxPort, host: "127.0.0.1" })
    const settings: Settings = { ...given, sandboxOrigin: Option.some(sandbox.url) }
    yield* running(settings, (url) =>
      Effect.gen(function* () {
        const { apiToken: file } = dataFolder(settings.data)
        const token = yield* apiToken(file)
        const connection = yield* offerDemo({ sandboxUrl: sandbox.url, hostUrl: url })
        yield* Console.log(welcome({ url, sandbox: sandbox.url, file, token, connection: connection.name }))
      })
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Run the host together with a sandbox and a ready-made connection to it"))

const welcome = (at: { url: string; sandbox: string; file: string; token: string; connection: string }) => `
Casewire is running.

  host          ${at.url}      API docs: ${at.url}/docs
  sandbox       ${at.sandbox}      an imitation of the CRM, with leads to play with
  connection    "${at.connection}" is signed in, its webhook is registered, every switch is on
  API token     in ${at.file}

Try it:
  1. Open ${at.sandbox}/ , choose the portal "${demoPortal.root}" and a lead, change its status: the case appears in Casewire.
       curl -s -H "authorization: Bearer $(cat ${at.file})" ${at.url}/api/v1/cases
  2. Send a message to that case; it becomes a note in the category Client Communications:
       curl -s -H "authorization: Bearer $(cat ${at.file})" -H "content-type: application/json" ${at.url}/api/v1/events \\
         -d '{"type":"message-sent","eventId":"try-1","caseId":"<id of the case>","channel":"sms","direction":"outbound","text":"Hello","sentAt":"2026-11-24T12:00:00Z"}'
  3. "npm run demo" shows the whole story on its own; Ctrl-C stops everything.
`

/** Runs the host until a signal; `ready` runs once it listens. */
const running = <E, R>(settings: Settings, ready: (url: string) => Effect.Effect<void, E, R>) =>
  Layer.launch(
    Layer.effectDiscard(Effect.flatMap(ListeningAddress, ({ url }) => ready(url))).pipe(
      Layer.provideMerge(layerHost(settings))
    )
  )

const migrate = Command.make(
  "migrate",
  {},
  Effect.fn(function* () {
    const settings = yield* readSettings
    // Opening the store migrates it; nothing else happens here.
    yield* Effect.scoped(Layer.build(layerStore(settings)))
    yield* Console.log(`The store in ${dataFolder(settings.data).folder} is up to date.`)
  })
).pipe(Command.withDescription("Bring the store to the newest schema; the host must be stopped"))

const token = Command.make(
  "token",
  {
    firm: Flag.String("firm").pipe(
      Flag.withDescription("Id of the firm; made if it is new"),
      Flag.withDefault(demoFirm as string)
    ),
    name: Flag.String("name").pipe(Flag.withDescription("What the token is for"), Flag.withDefault("command line"))
  },
  Effect.fn(function* ({ firm, name }) {
    const settings = yield* readSettings
    const issued = yield* Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const firmId = FirmId.make(firm)
      yield* connections.saveFirm({ id: firmId, name: firm, createdAt: yield* Clock.currentTimeMillis })
      return yield* connections.issueToken({ _tag: "Api", firmId, name })
    }).pipe(Effect.provide(layerStore(settings)))
    yield* Console.log(Redacted.value(issued))
  })
).pipe(
  Command.withDescription("Make an API token for a firm and print it once; the host must be stopped"),
  Command.withExamples([{ command: "casewire token --firm harbor --name integrator", description: "A token for one firm" }])
)

const casewire = Command.make("casewire").pipe(
  Command.withDescription("Connects a law firm's communication platform with its CRM"),
  Command.withSubcommands([serve, start, migrate, token])
)

/** One sentence and an exit code for what can be expected; anything else is a defect and shows itself whole. */
const explain = (error: unknown): StartRefused => {
  const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StartRefused) return error
  if (tag === "StoreOwned") return new StartRefused({ message, exit: 75 })
  if (tag === "StoreUnfit" || tag === "StoreLocked") return new StartRefused({ message, exit: 78 })
  return new StartRefused({ message, exit: 1 })
}

casewire.pipe(
  Command.run({ version: "0.1.0" }),
  Effect.provide(NodeServices.layer),
  Effect.catch((error) => {
    const refused = explain(error)
    return Effect.andThen(
      Console.error(`casewire: ${refused.message}`),
      Effect.fail(Object.assign(new Error(refused.message), { [Runtime.errorExitCode]: refused.exit }))
    )
  }),
  (program) =>
    NodeRuntime.runMain(program, {
      disableErrorReporting: true,
      // A host that was asked to stop, and stopped, has done what it was asked.
      teardown: (exit, end) =>
        Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? end(0) : Runtime.defaultTeardown(exit, end)
    })
)

// The first signal stops gracefully; whoever sends a second one does not want to wait. Every promise holds all the same.
// A signal to a whole group of processes may come twice at once, directly and passed on: that is still the first.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    const first = performance.now()
    process.on(signal, () => {
      if (performance.now() - first > 1000) process.exit(signal === "SIGINT" ? 130 : 143)
    })
  })
