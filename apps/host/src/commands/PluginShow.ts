/** `casewire plugin list`, `show` and `logs`: what the running host has of plugins. */
import type { LogLineView, PluginView, VersionView } from "@casewire/api/PluginVersions"
import { Console, Effect, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { clientFailure, hostClient } from "./HostClient.ts"
import { answer, json } from "./PluginAnswer.ts"

export const pluginId = Argument.String("plugin").pipe(Argument.withDescription("The plugin's id, as `list` shows it"))

export const pluginList = Command.make("list", { json }, ({ json: asJson }) =>
  answer(
    asJson,
    Effect.gen(function* () {
      const client = yield* hostClient
      const { plugins } = yield* client.plugins.list()
      return yield* Effect.forEach(plugins, ({ id, name }) =>
        Effect.map(client.pluginVersions.show({ params: { pluginId: id } }), (plugin) => ({ ...plugin, name }))
      )
    }),
    (plugins) => plugins.map(row).join("\n"),
    clientFailure
  )
).pipe(
  Command.withDescription("List the plugins of the running host and which version of each serves"),
  Command.withExamples([{ command: "casewire plugin list --json", description: "The plugins, for a program" }])
)

const row = ({ id, name, running, versions }: PluginView & { readonly name: string }): string => {
  const serving = versions.find(({ serves }) => serves === "everyone")
  const also = versions.filter(({ serves }) => serves === "some").map(({ version }) => version)
  const states = running.map(({ state, version }) => (state === "serving" ? [] : [`${version} is ${state}`])).flat()
  const notes = [
    ...(also.length > 0 ? [`some firms on ${also.join(", ")}`] : []),
    ...states,
    `${versions.length} ${versions.length === 1 ? "version" : "versions"} kept`
  ]
  return `${id.padEnd(20)} ${(serving?.version ?? "none").padEnd(12)} ${name} (${notes.join("; ")})`
}

export const pluginShow = Command.make("show", { plugin: pluginId, json }, ({ json: asJson, plugin }) =>
  answer(
    asJson,
    Effect.gen(function* () {
      const client = yield* hostClient
      const params = { pluginId: plugin }
      const shown = yield* client.pluginVersions.show({ params })
      const { swaps } = yield* client.pluginVersions.swaps({ params, query: { limit: 10 } })
      return { ...shown, swaps }
    }),
    ({ running, swaps, versions }) =>
      [
        ...versions.flatMap((version) => ["", ...versionLines(version)]),
        "",
        "Running:",
        ...running.map(
          (one) =>
            `  ${one.version} ${one.digest.slice(0, 12)} is ${one.state}: ${one.inFlight} calls under way, ` +
            `${one.restarts} restarts, ${one.faults} faults`
        ),
        "",
        "Swaps, newest first:",
        ...swaps.map(
          (swap) =>
            `  ${new Date(swap.startedAt).toISOString()} ${swap.kind} ${swap.fromVersion ?? "none"} -> ${swap.toVersion}: ` +
            `${swap.result}, by ${swap.by}: ${swap.reason}${swap.refusal === null ? "" : ` (${swap.refusal.code})`}`
        )
      ]
        .join("\n")
        .trim(),
    clientFailure
  )
).pipe(
  Command.withDescription("Show a plugin's versions, what each would change, and who replaced what"),
  Command.withExamples([{ command: "casewire plugin show law-ruler", description: "Before replacing a version" }])
)

const versionLines = ({ diff, digest, keptAt, keptBy, origin, serves, signedBy, version }: VersionView) => [
  `${version} ${digest.slice(0, 12)}, serves ${serves}, kept ${new Date(keptAt).toISOString()} by ${keptBy}`,
  `  from ${origin.kind} ${origin.location}, ${signedBy === null ? "not signed by a trusted key" : `signed by ${signedBy}`}`,
  ...diffLines(diff)
]

/** What needs a person first. */
export const diffLines = (diff: VersionView["diff"]): ReadonlyArray<string> =>
  (["needs confirmation", "needs attention", "harmless"] as const).flatMap((weight) =>
    diff.filter((each) => each.weight === weight).map(({ area, text }) => `  ${weight}: ${area}: ${text}`)
  )

export const pluginLogs = Command.make(
  "logs",
  {
    plugin: pluginId,
    limit: Flag.Int("limit").pipe(Flag.withDescription("How many of the last lines"), Flag.withDefault(200)),
    follow: Flag.Boolean("follow").pipe(Flag.withDescription("Go on with the lines to come"), Flag.withDefault(false)),
    json
  },
  ({ follow, json: asJson, limit, plugin }) =>
    follow
      ? answer(
          false,
          Effect.gen(function* () {
            const client = yield* hostClient
            const lines = yield* client.pluginVersions.follow({ params: { pluginId: plugin }, query: { limit } })
            yield* Stream.runForEach(lines, (line) => Console.log(asJson ? JSON.stringify(line) : logLine(line)))
            return ""
          }),
          (nothing) => nothing,
          clientFailure
        )
      : answer(
          asJson,
          Effect.gen(function* () {
            const client = yield* hostClient
            return (yield* client.pluginVersions.logs({ params: { pluginId: plugin }, query: { limit } })).lines
          }),
          (lines) => lines.map(logLine).join("\n"),
          clientFailure
        )
).pipe(
  Command.withDescription("Show the last lines of a plugin's log; with --follow and --json, one JSON line each"),
  Command.withExamples([{ command: "casewire plugin logs law-ruler --follow", description: "Watch a plugin work" }])
)

const logLine = ({ at, digest, level, text }: LogLineView): string =>
  `${new Date(at).toISOString()} ${digest.slice(0, 8)} ${level.padEnd(7)} ${text}`
