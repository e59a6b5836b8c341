/** The host from its start to the signal that ends it. */
import { ListeningAddress } from "@casewire/adapters-http/Server"
import type { Rehearsal } from "@casewire/api/Session"
import { Effect, Layer } from "effect"
import { layerHost } from "./Host.ts"
import { leaveWorkingDirectory } from "./PluginWorkers.ts"
import type { Settings } from "./Settings.ts"

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
