/**
 * `casewire plugin reload` and `rollback`: replaces the version that serves while the host goes on working. What changes
 * is shown first; what needs a person's confirmation is asked for on a terminal, and needs `--yes` elsewhere.
 */
import type { SwapProgress, VersionView } from "@casewire/api/PluginVersions"
import { FirmId } from "@casewire/core/domain/Ids"
import { Console, Effect, Option, Schema, Stream } from "effect"
import { Command, Flag, Prompt } from "effect/cli"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { clientFailure, hostClient } from "./HostClient.ts"
import { answer, type CommandFailure, exits, json, refusal } from "./PluginAnswer.ts"
import { diffLines, pluginId } from "./PluginShow.ts"

/** It was not begun, or it ended otherwise than hoped. */
class SwapEnded extends Schema.TaggedError<SwapEnded>()("SwapEnded", {
  code: Schema.String,
  message: Schema.String,
  exit: Schema.Int
}) {}

const failure = (error: unknown): CommandFailure => (error instanceof SwapEnded ? error : clientFailure(error))

const reason = (otherwise: string) =>
  Flag.String("reason").pipe(Flag.withDescription("Why, for the history"), Flag.withDefault(otherwise))
const firms = Flag.String("firms").pipe(
  Flag.withDescription("Ids of the firms to move, with commas between them; else everyone"),
  Flag.withDefault("")
)
const yes = Flag.Boolean("yes").pipe(
  Flag.withDescription("Confirm what needs a person's confirmation"),
  Flag.withDefault(false)
)
const shareOf = (text: string) =>
  text
    .split(",")
    .filter((id) => id !== "")
    .map((id) => FirmId.make(id))

export const pluginReload = Command.make(
  "reload",
  {
    plugin: pluginId,
    file: Flag.String("file").pipe(Flag.withDescription("A packed plugin to send to the host"), Flag.optional),
    version: Flag.String("to").pipe(
      Flag.withDescription("A kept version or the beginning of its digest; else the configured source is read again"),
      Flag.optional
    ),
    reason: reason("reload"),
    firms,
    yes,
    json
  },
  ({ file, firms: share, json: asJson, plugin, reason: why, version, yes: isConfirmed }) =>
    answer(
      asJson,
      Effect.gen(function* () {
        const client = yield* hostClient
        const params = { pluginId: plugin }
        const kept = Option.isSome(file)
          ? yield* client.pluginVersions.upload({
              query: { name: basename(file.value) },
              payload: Stream.succeed(yield* bytesOf(file.value))
            })
          : Option.isSome(version)
            ? yield* chosen((yield* client.pluginVersions.show({ params })).versions, version.value)
            : yield* client.pluginVersions.reread({ params })
        if (kept.pluginId !== plugin)
          return yield* new SwapEnded({
            ...refusal("other-plugin", `the file holds "${kept.pluginId}", which cannot replace "${plugin}"`)
          })
        if (kept.serves === "everyone" && share === "") return { ...described(kept), swap: null, steps: [] }
        const confirmed = yield* confirming(kept, isConfirmed)
        const events = yield* client.pluginVersions.swap({
          params,
          payload: { version: kept.digest, reason: why, confirmed, share: shareOf(share) }
        })
        return { ...described(kept), ...(yield* followed(events)) }
      }),
      ({ swap, version: to }) => (swap === null ? `${plugin} ${to} serves already` : `${plugin} ${to} serves`),
      failure
    )
).pipe(
  Command.withDescription("Replace the version of a plugin that serves, without stopping work"),
  Command.withExamples([
    { command: "casewire plugin reload acme --file acme-1.2.0.casewire", description: "From a packed plugin" },
    { command: "casewire plugin reload acme --to 1.1.0 --firms harbor", description: "One firm first" }
  ])
)

export const pluginRollback = Command.make(
  "rollback",
  {
    plugin: pluginId,
    version: Flag.String("to").pipe(
      Flag.withDescription("A kept version or the beginning of its digest; else the one before"),
      Flag.optional
    ),
    reason: reason("roll-back"),
    firms,
    json
  },
  ({ firms: share, json: asJson, plugin, reason: why, version }) =>
    answer(
      asJson,
      Effect.gen(function* () {
        const client = yield* hostClient
        const params = { pluginId: plugin }
        const to = Option.isNone(version)
          ? {}
          : { version: (yield* chosen((yield* client.pluginVersions.show({ params })).versions, version.value)).digest }
        const events = yield* client.pluginVersions.rollback({
          params,
          payload: { ...to, reason: why, share: shareOf(share) }
        })
        const { digest, ...told } = yield* followed(events)
        const { versions } = yield* client.pluginVersions.show({ params })
        const serving = versions.find((one) => one.digest === digest)
        return { version: serving?.version ?? digest, digest, ...told }
      }),
      ({ version: to }) => `${plugin} ${to} serves`,
      failure
    )
).pipe(
  Command.withDescription("Go back to a kept version of a plugin, without stopping work"),
  Command.withExamples([
    { command: "casewire plugin rollback acme --reason 'notes come late'", description: "To the version before" }
  ])
)

const described = ({ digest, version }: VersionView) => ({ version, digest: digest as string })

const bytesOf = (file: string) =>
  Effect.try({
    try: () => new Uint8Array(readFileSync(file)),
    catch: () => new SwapEnded(refusal("file-missing", `there is no packed plugin at ${file}`))
  })

const chosen = (versions: ReadonlyArray<VersionView>, name: string) => {
  const found = versions.filter(
    ({ digest, version }) => version === name || (name.length >= 6 && digest.startsWith(name))
  )
  const [one] = found
  return one !== undefined && found.length === 1
    ? Effect.succeed(one)
    : Effect.fail(
        new SwapEnded(
          refusal(
            "version-unknown",
            found.length === 0
              ? `no version "${name}" is kept: \`casewire plugin show\` lists them`
              : `several versions are called "${name}": give the beginning of a digest`
          )
        )
      )
}

/** Shows what changes, and answers what was confirmed of it. */
const confirming = Effect.fnUntraced(function* ({ diff, version }: VersionView, isConfirmed: boolean) {
  if (diff.length > 0) yield* Console.error([`${version} changes:`, ...diffLines(diff)].join("\n"))
  const keys = diff.filter(({ weight }) => weight === "needs confirmation").map(({ key }) => key)
  if (keys.length === 0 || isConfirmed) return keys
  const isAsked = process.stdin.isTTY === true && process.stderr.isTTY === true
  const isTaken =
    isAsked && (yield* Prompt.run(Prompt.Confirm({ message: "Replace it all the same?", initial: false })))
  return isTaken
    ? keys
    : yield* new SwapEnded(
        refusal("confirmation-missing", `${keys.length} of these lines need --yes: nothing was done`)
      )
})

/** Tells each step on stderr, and answers all of them at the end. */
const followed = Effect.fnUntraced(function* <E, R>(events: Stream.Stream<SwapProgress, E, R>) {
  const steps: Array<Extract<SwapProgress, { readonly type: "step" }>> = []
  let swap: string | null = null
  let digest: string | undefined
  let failed: Extract<SwapProgress, { readonly type: "failed" }> | undefined
  yield* Stream.runForEach(events, (event) =>
    Effect.suspend(() => {
      if (event.type === "begun") swap = event.swap
      if (event.type === "done") digest = event.digest
      if (event.type === "failed") failed = event
      if (event.type !== "step") return Effect.void
      // On a terminal the step's end takes the place of its beginning.
      if (event.state === "begun")
        return Effect.sync(() => void (process.stderr.isTTY && process.stderr.write(`  ${event.step.padEnd(10)} …\r`)))
      steps.push(event)
      return Console.error(
        `  ${event.step.padEnd(10)} ${event.state}${event.detail === null ? "" : `: ${event.detail}`}`
      )
    })
  )
  if (failed !== undefined)
    return yield* new SwapEnded({ code: failed.code, message: failed.message, exit: exits.failed })
  if (digest === undefined)
    return yield* new SwapEnded({
      code: "answer-unreadable",
      message: "the host's answer ended early: `casewire plugin show` says what became of the swap",
      exit: exits.unreachable
    })
  return { swap, digest, steps }
})
