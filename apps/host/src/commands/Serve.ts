/** `casewire serve`: the host with the settings of the environment, until a signal. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { readSettings } from "../Settings.ts"
import { load } from "./Load.ts"

export const serve = Command.make(
  "serve",
  {},
  Effect.fn(function* () {
    const settings = yield* readSettings
    const { running } = yield* load(() => import("../Running.ts"))
    yield* running(settings, (url) =>
      Console.log(`Casewire is listening at ${url} (docs: ${url}/docs). Make an API token with "casewire token".`)
    )
  })
).pipe(Command.withDescription("Run the host with the settings of the environment"))
