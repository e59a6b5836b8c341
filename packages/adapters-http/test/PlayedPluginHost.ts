/**
 * A plugin host that plays its part over a real plugin store: it admits by the core's own rules, tells the steps, writes
 * pins and history, and starts nothing. The word of a swap's reason says what goes wrong in it.
 */
import { Effect, Layer, Option, Result, Stream } from "effect"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { newId } from "@casewire/core/domain/Ids"
import { PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { type KeptVersion, PluginDigest, type Swap, SwapId, type SwapStep } from "@casewire/core/domain/PluginSwap"
import { admit } from "@casewire/core/PluginAdmission"
import { PluginHost, type SwapEvent, type SwapRequest } from "@casewire/core/ports/PluginHost"
import { PluginStore } from "@casewire/core/ports/PluginStore"

export const digest = (digit: string): PluginDigest => PluginDigest.make(digit.repeat(64))

export const keptVersion = (manifest: PluginManifest, digit: string, by: string): KeptVersion => ({
  pluginId: manifest.id,
  version: manifest.version,
  digest: digest(digit),
  manifest,
  origin: { kind: "file", location: `${manifest.id}.casewire` },
  signedBy: null,
  keptAt: 1000,
  keptBy: by
})

const line = (text: string) => ({ at: 5000, digest: digest("a"), level: "info" as const, text })

/** An upload is the JSON of a manifest; it must widen nothing. */
export const layerPlayed = (present: PluginManifest) =>
  Layer.effect(
    PluginHost,
    Effect.gen(function* () {
      const store = yield* PluginStore

      const steps = (names: ReadonlyArray<SwapStep["step"]>, failing?: SwapStep["step"]) =>
        names.flatMap((step): ReadonlyArray<SwapEvent> => [
          { _tag: "Step", step: { step, state: "begun", at: 2000, detail: null } },
          { _tag: "Step", step: { step, state: step === failing ? "failed" : "passed", at: 2001, detail: null } }
        ])

      const swap = (request: SwapRequest, isRollback: boolean): Stream.Stream<SwapEvent, PluginRejected> =>
        Stream.unwrap(
          Effect.gen(function* () {
            const { by, confirmed, pluginId, reason, share, version } = request
            const offered = yield* store.version(pluginId, version)
            if (Option.isNone(offered)) return yield* rejected("version-unknown", "No such version is kept.")
            const pinned = (yield* store.pins(pluginId)).find(({ target }) => target._tag === "Everyone")
            const serving = pinned === undefined ? undefined : yield* store.version(pluginId, pinned.digest)
            const from = serving === undefined ? null : Option.getOrNull(serving)
            const admitted = admit({ serving: from, offered: offered.value, confirmed, isRollback })
            const refusal = Result.isFailure(admitted)
              ? admitted.failure
              : reason === "breaks"
                ? rejected("self-test-failed", "The self-test failed.")
                : undefined
            const record: Swap = {
              id: SwapId.make(yield* newId),
              pluginId,
              kind: isRollback ? "roll-back" : "swap",
              from: from?.digest ?? null,
              to: version,
              fromVersion: from?.version ?? null,
              toVersion: offered.value.version,
              share,
              by,
              reason,
              diff: Result.isSuccess(admitted) ? admitted.success : [],
              confirmed,
              steps: [],
              result: refusal === undefined ? "done" : Result.isFailure(admitted) ? "refused" : "failed",
              refusal: refusal === undefined ? null : { code: refusal.code, message: refusal.message },
              startedAt: 2000,
              endedAt: 2001
            }
            yield* store.record(record)
            const begun: SwapEvent = { _tag: "Begun", id: record.id }
            // Tells its first steps and no more.
            if (reason === "hangs")
              return Stream.concat(Stream.make(begun, ...steps(["verify", "start"])), Stream.never)
            if (refusal === undefined) {
              yield* store.pin({ pluginId, target: { _tag: "Everyone" }, digest: version })
              return Stream.make(
                begun,
                ...steps(["verify", "start", "self-test", "shadow", "switch", "drain", "stop"]),
                { _tag: "Done" as const, digest: version }
              )
            }
            const told = Result.isFailure(admitted)
              ? steps(["verify"], "verify")
              : steps(["verify", "start", "self-test"], "self-test")
            return Stream.concat(Stream.make(begun, ...told), Stream.fail(refusal))
          })
        )

      return PluginHost.of({
        running: (pluginId) =>
          Effect.map(store.pins(pluginId), (pins) =>
            pins.map((pin) => ({
              digest: pin.digest,
              version: "1.0.0",
              state: "serving" as const,
              inFlight: 0,
              restarts: 1,
              faults: 2
            }))
          ),
        reread: (pluginId, by) =>
          pluginId === present.id
            ? Effect.gen(function* () {
                const kept = keptVersion({ ...present, version: "1.0.1" }, "d", by)
                yield* store.keep(kept)
                return kept
              })
            : Effect.fail(rejected("package-unknown", "It is not installed.")),
        take: (bytes, name, by) =>
          Effect.gen(function* () {
            const text = new TextDecoder().decode(bytes)
            if (!text.startsWith("{")) return yield* rejected("not-a-package", "The file is no whole archive.")
            const kept = {
              ...keptVersion({ ...present, ...JSON.parse(text) }, "e", by),
              origin: { kind: "file" as const, location: name }
            }
            yield* store.keep(kept)
            return kept
          }),
        swap: (request) => swap(request, false),
        rollback: (request) =>
          Stream.unwrap(
            Effect.map(store.versions(request.pluginId), (versions) =>
              swap({ ...request, version: request.version ?? versions.at(-1)!.digest, confirmed: [] }, true)
            )
          ),
        logs: (_, { follow, limit }) =>
          Stream.concat(
            Stream.fromIterable([line("one"), line("two")].slice(-limit)),
            follow ? Stream.make(line("three")) : Stream.empty
          )
      })
    })
  )
