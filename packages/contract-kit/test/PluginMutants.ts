/** Plugin stores that break one promise each. */
import { Effect, Option } from "effect"
import { PluginDigest, type Pin, type Swap } from "@casewire/core/domain/PluginSwap"
import { escaped, inPlugins, type Mutant, reversed } from "./Breaking.ts"

export const pluginMutants: Record<string, Mutant> = {
  "keeps no origin": inPlugins((own) => ({
    keep: (version) => own.keep({ ...version, origin: { kind: "built-in", location: "" } })
  })),
  "shows versions of any plugin": inPlugins((own) => ({
    version: (pluginId, digest) =>
      Effect.flatMap(own.version(pluginId, digest), (found) =>
        Option.isSome(found) ? Effect.succeed(found) : own.version("other-crm", digest)
      )
  })),
  "keeps a version anew": inPlugins((own) => ({
    keep: (version) => Effect.andThen(own.forget(version.pluginId, version.digest), own.keep(version))
  })),
  "lists the oldest versions first": inPlugins((own) => ({ versions: (pluginId) => reversed(own.versions(pluginId)) })),
  "forgets nothing": inPlugins(() => ({ forget: () => Effect.succeed(true) })),
  "forgets what is pinned": inPlugins((own) => ({
    forget: (pluginId, digest) =>
      Effect.gen(function* () {
        for (const { target } of yield* own.pins(pluginId)) yield* own.unpin(pluginId, target)
        return yield* own.forget(pluginId, digest)
      })
  })),
  "has one pin a plugin": inPlugins((own) => ({
    pin: (pin) =>
      Effect.gen(function* () {
        for (const { target } of yield* own.pins(pin.pluginId)) yield* own.unpin(pin.pluginId, target)
        yield* own.pin(pin)
      })
  })),
  "never replaces a pin": inPlugins((own) => ({
    pin: (pin) =>
      Effect.flatMap(own.pins(pin.pluginId), (pins) =>
        pins.some(({ target }) => JSON.stringify(target) === JSON.stringify(pin.target)) ? Effect.void : own.pin(pin)
      )
  })),
  "pins to nothing": inPlugins((own) => ({
    pin: (pin) => Effect.catchDefect(own.pin(pin), () => Effect.void)
  })),
  "takes all pins away": inPlugins((own) => ({
    unpin: (pluginId) =>
      Effect.gen(function* () {
        for (const { target } of yield* own.pins(pluginId)) yield* own.unpin(pluginId, target)
      })
  })),
  "takes a connection's pin for its firm's": inPlugins((own) => {
    const widened = (pin: Pin): Pin => ({
      ...pin,
      target: pin.target._tag === "Connection" ? { _tag: "Firm", firmId: pin.target.firmId } : pin.target
    })
    return { pins: (pluginId) => Effect.map(own.pins(pluginId), (pins) => pins.map(widened)) }
  }),
  "records no diff": inPlugins((own) => ({ record: (swap) => own.record({ ...swap, diff: [] }) })),
  "never replaces a swap": inPlugins((own) => ({
    record: (swap) =>
      Effect.flatMap(own.swap(swap.id), (found) => (Option.isSome(found) ? Effect.void : own.record(swap)))
  })),
  "rewrites history": inPlugins((own) => {
    const written = new Map<string, Swap>()
    return {
      record: (swap) =>
        Effect.andThen(
          Effect.catchDefect(own.record(swap), () => Effect.void),
          Effect.sync(() => void written.set(swap.id, swap))
        ),
      swap: (id) => Effect.succeed(Option.fromUndefinedOr(written.get(id)))
    }
  }),
  "lists the oldest swaps first": inPlugins((own) => ({ swaps: (filter) => reversed(own.swaps(filter)) })),
  "filters no swaps": inPlugins((own) => ({ swaps: ({ limit }) => own.swaps({ limit }) })),
  "records outside the transaction": inPlugins((own) => ({ record: (swap) => escaped(own.record(swap)) })),
  "keeps outside the transaction": inPlugins((own) => ({
    keep: (version) => escaped(own.keep(version)),
    pin: (pin) =>
      Effect.flatMap(own.version(pin.pluginId, PluginDigest.make(pin.digest)), (found) =>
        Option.isSome(found) ? own.pin(pin) : Effect.void
      )
  }))
}
