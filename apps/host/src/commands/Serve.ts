/** `casewire serve`: the host with the settings of the environment, until a signal. */
import { ListeningAddress } from "@casewire/adapters-http/Server"
import type { Rehearsal } from "@casewire/api/Session"
import { Console, Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { layerHost } from "../Host.ts"
import { leaveWorkingDirectory } from "../PluginWorkers.ts"
import { readSettings, type Settings } from "../Settings.ts"

export const serve = Command.make(
  "serve",
  {},
  Effect.fn(function* () {
    const settings = yield* readSettings
    yield* running(settings, (url) =>
      Console.log(`Casewire is listening at ${url} (docs: ${url}/docs). Make an API token with "casewire token".`)
    )
  })
).pipe(Command.withDescription("Run the host with the settings of the environment"))

/** Runs the host until a signal; `ready` runs once it listens. */
export const running = <E, R>(
  settings: Settings,
  ready: (url: string) => Effect.Effect<void, E, R>,
  rehearsal: Rehearsal | null = null
) =>
  Effect.suspend(() => {
    leaveWorkingDirectory(settings)
    return Layer.launch(
      Layer.effectDiscard(Effect.flatMap(ListeningAddress, ({ url }) => ready(url))).pipe(
        Layer.provideMerge(layerHost(settings, rehearsal))
      )
    )
  })
