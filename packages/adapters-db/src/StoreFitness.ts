/** The open store's settings as SQLite tells them now, for whoever has to say whether acknowledged work would survive. */
import { Context, Effect, Layer } from "effect"
import { Database } from "./Database.ts"
import { type Fitness, fitnessOf } from "./OpenFile.ts"

export class StoreFitness extends Context.Service<
  StoreFitness,
  { readonly read: Effect.Effect<ReadonlyArray<Fitness>> }
>()("@casewire/adapters-db/StoreFitness") {
  static readonly layer: Layer.Layer<StoreFitness, never, Database> = Layer.effect(
    StoreFitness,
    Effect.map(Database, ({ connection }) => ({ read: Effect.sync(() => fitnessOf(connection)) }))
  )
}
