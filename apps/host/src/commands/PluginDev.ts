/**
 * `casewire plugin dev`: a host with one plugin from its folder, the plugin's own sandbox, and a connection between
 * them. A save of the plugin swaps it while the host goes on; a save of the sandbox starts that anew. What is broken is
 * said, and what served before serves on. Ctrl-C stops all of it.
 */
import type { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { PluginHost } from "@casewire/core/ports/PluginHost"
import { Plugins } from "@casewire/core/ports/Plugins"
import { type FolderWatch, watchFolder } from "@casewire/plugin-kit/FolderWatch"
import { lend } from "@casewire/plugin-kit/Lend"
import { type PluginFolder, readFolder } from "@casewire/plugin-kit/PluginFolder"
import { type StartedSandbox, startSandbox } from "@casewire/plugin-kit/SandboxProcess"
import { packFolder } from "@casewire/plugin-host/PluginSource"
import { checkPackage } from "@casewire/plugin-host/PluginPackage"
import { anySignature } from "@casewire/plugin-host/PackageSignature"
import { Clock, Console, Effect, Exit, Option, Scope, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dirname, join, relative } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { apiToken } from "../DemoFirm.ts"
import { offerConnection } from "../DevConnection.ts"
import { dataFolder, readSettings, type Settings, StartRefused } from "../Settings.ts"
import { load } from "./Load.ts"
import { exits } from "./PluginAnswer.ts"

export const pluginDev = Command.make(
  "dev",
  {
    folder: Argument.String("folder").pipe(Argument.withDescription("The plugin's folder")),
    port: Flag.Int("port").pipe(Flag.withDescription("The host's port, else CASEWIRE_PORT"), Flag.optional),
    sandboxPort: Flag.Int("sandbox-port").pipe(
      Flag.withDescription("The sandbox's port, else CASEWIRE_SANDBOX_PORT"),
      Flag.optional
    )
  },
  Effect.fn(
    function* ({ folder: given, port, sandboxPort }) {
      const settings = yield* readSettings
      const described = yield* readFolder(given)
      const { folder } = described
      yield* lend(folder)
      const watching = yield* watchFolder(folder)
      const manifest = yield* firstGood(folder, watching)
      const sandboxes = yield* sandboxOf(
        described,
        Option.getOrElse(sandboxPort, () => settings.sandboxPort)
      )
      const sandbox = yield* sandboxes.start
      const own: Settings = {
        ...settings,
        data: join(folder, ".casewire"),
        port: Option.getOrElse(port, () => settings.port),
        sandboxOrigin: Option.some(sandbox.url),
        plugins: [`folder:${folder}`]
      }
      const ready = Effect.fnUntraced(function* (url: string) {
        const plugins = yield* Plugins
        const host = yield* PluginHost
        const { apiToken: file } = dataFolder(own.data)
        const token = yield* apiToken(file)
        const present = () => Option.getOrElse(plugins.manifest(manifest.id), () => manifest)
        const connect = (to: StartedSandbox) => offerConnection(present(), to, url)
        const { connection, failed } = yield* connect(sandbox)
        yield* Console.log(welcome({ url, sandbox: sandbox.url, file, token, folder, connection: connection.name }))
        yield* Effect.forEach(failed, (check) => Console.log(`The sandbox does not let it in: ${check}`))
        yield* Effect.forkDetach(
          Effect.forever(
            Effect.gen(function* () {
              const { at, files } = yield* watching.next
              if (files.some((file) => sandboxes.holds(file)))
                yield* sandboxes.start.pipe(
                  Effect.flatMap(connect),
                  Effect.andThen(Console.log("sandbox started anew")),
                  Effect.catch(say)
                )
              if (files.some((file) => !sandboxes.holds(file) && !isBeside(file)))
                yield* swapTo(host, manifest.id, at).pipe(Effect.catch(say))
            })
          )
        )
      })
      const { running } = yield* load(() => import("../Running.ts"))
      yield* running(own, ready)
    },
    (effect) =>
      effect.pipe(
        Effect.scoped,
        Effect.catchTag("FolderRefused", ({ message }) =>
          Effect.fail(new StartRefused({ message, exit: exits.missing }))
        )
      )
  )
).pipe(
  Command.withDescription("Run a host with this plugin and its sandbox; a save is served in a moment"),
  Command.withExamples([{ command: "casewire plugin dev acme-crm", description: "Until Ctrl-C" }])
)

/** What a bundler says is coloured and boxed. */
const say = ({ message }: { readonly message: string }) => Console.log(stripVTControlCharacters(message))

/** Waits for saves until the folder holds a plugin that can be packed. */
const firstGood = Effect.fnUntraced(function* (folder: string, { next }: FolderWatch) {
  for (;;) {
    const packed = yield* Effect.result(
      Effect.flatMap(packFolder(folder), (files) => Effect.fromResult(checkPackage(files, anySignature)))
    )
    if (packed._tag === "Success") return packed.success.manifest
    yield* say(packed.failure)
    yield* Console.log(`Waiting for a save of ${folder} …`)
    yield* next
  }
})

/** One sandbox at a time, always on the same port, so that the connection stays as it is. */
const sandboxOf = Effect.fnUntraced(function* ({ folder, sandbox }: PluginFolder, port: number) {
  const outer = yield* Effect.scope
  const files = `${relative(folder, dirname(sandbox)).replaceAll("\\", "/")}/`
  let present: Scope.Closeable | undefined
  return {
    holds: (file: string) => file.startsWith(files),
    start: Effect.gen(function* () {
      if (present !== undefined) yield* Scope.close(present, Exit.void)
      present = yield* Scope.fork(outer)
      return yield* startSandbox(folder, port).pipe(Scope.provide(present))
    })
  }
})

/** Files that neither the plugin nor the sandbox is made of. */
const isBeside = (file: string): boolean => file === "" || file.startsWith("test/") || file.endsWith(".md")

/** Whoever develops it has read what changes, so everything is confirmed. */
const swapTo = Effect.fnUntraced(function* (host: PluginHost["Service"], pluginId: string, began: number) {
  const { digest } = yield* host.reread(pluginId, "developer")
  const attempt = (confirmed: ReadonlyArray<string>): Effect.Effect<void, PluginRejected> =>
    host.swap({ pluginId, version: digest, by: "developer", reason: "saved", share: [], confirmed }).pipe(
      Stream.runForEach((event) =>
        event._tag === "Step" && event.step.step === "shadow" && event.step.detail !== null
          ? Console.log(event.step.detail)
          : Effect.void
      ),
      Effect.catchIf(
        ({ unconfirmed }) => unconfirmed.some((key) => !confirmed.includes(key)),
        ({ message, unconfirmed }) =>
          Effect.andThen(Console.log(message), attempt([...new Set([...confirmed, ...unconfirmed])]))
      )
    )
  yield* attempt([])
  const ms = (yield* Clock.currentTimeMillis) - began
  yield* Console.log(`served, ${ms} ms after the save (${digest.slice(0, 8)})`)
})

const welcome = (at: {
  url: string
  sandbox: string
  file: string
  token: string
  folder: string
  connection: string
}) => `
Developing the plugin in ${at.folder}; a save is served in a moment. Ctrl-C stops everything.

  console       ${at.url}/login#token=${at.token}
  host          ${at.url}      API docs: ${at.url}/docs
  sandbox       ${at.sandbox}
  connection    "${at.connection}"
  API token     in ${at.file}
`
