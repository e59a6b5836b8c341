/** `casewire migrate`: brings the store to the newest schema while the host is stopped. */
import { Console, Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { dataFolder, readSettings } from "../Settings.ts"
import { load } from "./Load.ts"

export const migrate = Command.make(
  "migrate",
  {},
  Effect.fn(function* () {
    const settings = yield* readSettings
    const { layerStore } = yield* load(() => import("../Store.ts"))
    // Opening the store migrates it; nothing else happens here.
    yield* Effect.scoped(Layer.build(layerStore(settings)))
    yield* Console.log(`The store in ${dataFolder(settings.data).folder} is up to date.`)
  })
).pipe(Command.withDescription("Bring the store to the newest schema; the host must be stopped"))
