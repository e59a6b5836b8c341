/**
 * All portals of one sandbox. `reset` seeds anew and stops what was still under
 * way in the background; work that had hold of an old portal then changes nothing
 * anybody can see.
 */
import { Context, Effect, type Fiber, FiberSet, Layer } from "effect"
import type { Portal } from "./Portal.ts"
import { seedPortals } from "./Seed.ts"

export class Portals extends Context.Service<
  Portals,
  {
    /** By client root, without case. */
    get(root: string): Portal | undefined
    all(): ReadonlyArray<Portal>
    add(portal: Portal): void
    readonly reset: Effect.Effect<void>
    /** Runs detached from the request, so that it goes on when the client hangs up. */
    background<A>(work: Effect.Effect<A>): Effect.Effect<Fiber.Fiber<A>>
  }
>()("@casewire/lawruler-sandbox/Portals") {
  static readonly layer = Layer.effect(
    Portals,
    Effect.gen(function* () {
      let portals = seedPortals()
      const fibers = yield* FiberSet.make<unknown, never>()
      return Portals.of({
        get: (root) => portals.get(root.toLowerCase()),
        all: () => [...portals.values()],
        add: (portal) => {
          portals.set(portal.credentials.root, portal)
        },
        reset: Effect.gen(function* () {
          portals = seedPortals()
          yield* FiberSet.clear(fibers)
        }),
        background: (work) => FiberSet.run(fibers, work)
      })
    })
  )
}
