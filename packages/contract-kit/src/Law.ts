/**
 * A law is one promise of a port: a sentence, and a program that fails where the promise is broken.
 *
 * Laws are data, so that an adapter's suite runs them, and a test can run each against an adapter that breaks it. They
 * run under `TestClock`, in the world of `samples.ts`, each over a fresh layer.
 */
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { CaseStore } from "@casewire/core/ports/CaseStore"
import type { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { DocumentStore } from "@casewire/core/ports/DocumentStore"
import type { MappingStore } from "@casewire/core/ports/MappingStore"
import type { ListStore } from "@casewire/core/ports/ListStore"
import type { PluginStore } from "@casewire/core/ports/PluginStore"
import type { Queue } from "@casewire/core/ports/Queue"
import type { RunStore } from "@casewire/core/ports/RunStore"
import type { Storage } from "@casewire/core/ports/Storage"
import type { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import type { Timeline } from "@casewire/core/ports/Timeline"
import { connection, firm, otherConnection, otherFirm, secondConnection, start } from "./samples.ts"

export type Ports =
  | RunStore
  | SubscriptionStore
  | Storage
  | Timeline
  | Queue
  | MappingStore
  | PluginStore
  | CaseStore
  | ConnectionStore
  | ConnectionRemoval
  | ListStore
  | DocumentStore

export interface Law {
  readonly title: string
  readonly run: Effect.Effect<void, unknown, Ports | Scope.Scope>
}

/** A promise across a restart: `before` runs, the adapter is closed and opened again, `after` runs. */
export interface DurableLaw {
  readonly title: string
  readonly before: Effect.Effect<void, unknown, Ports | Scope.Scope>
  readonly after: Effect.Effect<void, unknown, Ports | Scope.Scope>
}

export interface ContractOptions {
  /** An empty adapter; built afresh for every law. */
  readonly layer: Layer.Layer<Ports, unknown>
  /** Makes an empty place that outlives the layer, and answers the layer that opens it, to be built more than once. */
  readonly reopen?: Effect.Effect<Layer.Layer<Ports, unknown>, unknown, Scope.Scope>
}

export interface Laws {
  readonly port: string
  readonly laws: ReadonlyArray<Law>
  readonly durable: ReadonlyArray<DurableLaw>
}

/** Registers the laws of a port as tests of one adapter. */
export const contract =
  ({ durable, laws, port }: Laws) =>
  (name: string, { layer, reopen }: ContractOptions): void => {
    describe(`${port} of ${name}`, () => {
      for (const law of laws) it.effect(law.title, () => runLaw(law, layer))
      for (const law of durable) {
        if (reopen !== undefined) it.effect(law.title, () => runDurableLaw(law, reopen))
        else it(law.title, ({ skip }) => skip(`${name} keeps nothing across a restart`))
      }
    })
  }

export const runLaw = (law: Law, layer: ContractOptions["layer"]): Effect.Effect<void, unknown> =>
  Effect.andThen(
    TestClock.setTime(start),
    Effect.andThen(settle, law.run).pipe(Effect.scoped, Effect.provide(layer, { local: true }))
  )

export const runDurableLaw = (
  law: DurableLaw,
  reopen: NonNullable<ContractOptions["reopen"]>
): Effect.Effect<void, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const layer = yield* reopen
      yield* Effect.andThen(settle, law.before).pipe(Effect.scoped, Effect.provide(layer, { local: true }))
      yield* TestClock.adjust(1)
      yield* law.after.pipe(Effect.scoped, Effect.provide(layer, { local: true }))
    })
  )

/** The firms and connections of the samples are there before each law. */
const settle = Effect.gen(function* () {
  const store = yield* ConnectionStore
  yield* store.saveFirm(firm)
  yield* store.saveFirm(otherFirm)
  for (const value of [connection, secondConnection, otherConnection]) yield* store.save(value)
})
