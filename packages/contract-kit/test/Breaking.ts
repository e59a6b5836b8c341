/** Ways to break an adapter: a mutant takes the ports of the memory adapter and answers those it changes. */
import { Context, Effect, Layer, Option } from "effect"
import { CurrentTransaction, Database } from "@casewire/core/memory/Database"
import { layer as memory, layerNoDeps } from "@casewire/core/memory/Memory"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Timeline } from "@casewire/core/ports/Timeline"
import type { FirmId } from "@casewire/core/domain/Ids"
import type { Ports } from "../src/Law.ts"
import { firm, otherFirm } from "../src/samples.ts"

export interface Own {
  readonly storage: Storage["Service"]
  readonly queue: Queue["Service"]
  readonly cases: CaseStore["Service"]
  readonly connections: ConnectionStore["Service"]
  readonly documents: DocumentStore["Service"]
  readonly timeline: Timeline["Service"]
  readonly lists: ListStore["Service"]
  readonly mappings: MappingStore["Service"]
  readonly runs: RunStore["Service"]
  readonly plugins: PluginStore["Service"]
  readonly subscriptions: SubscriptionStore["Service"]
  readonly removal: ConnectionRemoval["Service"]
}

export type Mutant = (own: Own) => Partial<Own>

const mutantOf =
  <K extends keyof Own>(port: K) =>
  (change: (own: Own[K], all: Own) => Partial<Own[K]>): Mutant =>
  (all) => ({ [port]: { ...all[port], ...change(all[port], all) } })

export const inStorage = mutantOf("storage")
export const inQueue = mutantOf("queue")
export const inCases = mutantOf("cases")
export const inConnections = mutantOf("connections")
export const inDocuments = mutantOf("documents")
export const inTimeline = mutantOf("timeline")
export const inLists = mutantOf("lists")
export const inMappings = mutantOf("mappings")
export const inRuns = mutantOf("runs")
export const inPlugins = mutantOf("plugins")
export const inSubscriptions = mutantOf("subscriptions")
export const inRemoval = mutantOf("removal")

export const broken = (mutant: Mutant, over: Layer.Layer<Ports> = memory): Layer.Layer<Ports> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const own: Own = {
        storage: yield* Storage,
        queue: yield* Queue,
        cases: yield* CaseStore,
        connections: yield* ConnectionStore,
        lists: yield* ListStore,
        documents: yield* DocumentStore,
        timeline: yield* Timeline,
        mappings: yield* MappingStore,
        runs: yield* RunStore,
        plugins: yield* PluginStore,
        subscriptions: yield* SubscriptionStore,
        removal: yield* ConnectionRemoval
      }
      const ports = { ...own, ...mutant(own) }
      return Context.make(Storage, ports.storage).pipe(
        Context.add(Queue, ports.queue),
        Context.add(CaseStore, ports.cases),
        Context.add(ConnectionStore, ports.connections),
        Context.add(ListStore, ports.lists),
        Context.add(DocumentStore, ports.documents),
        Context.add(Timeline, ports.timeline),
        Context.add(MappingStore, ports.mappings),
        Context.add(RunStore, ports.runs),
        Context.add(PluginStore, ports.plugins),
        Context.add(SubscriptionStore, ports.subscriptions),
        Context.add(ConnectionRemoval, ports.removal)
      )
    })
  ).pipe(Layer.provide(over))

/** A memory adapter that outlives its layer: what is built a second time finds what the first left. */
export const reopenMemory = (database = Database.make()): Layer.Layer<Ports> =>
  Layer.provide(layerNoDeps, Layer.succeed(Database, database))

/** Does it in the background, outside of the transaction, and says that it is done. */
export const escaped = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void> =>
  Effect.asVoid(Effect.forkDetach(Effect.provideService(effect, CurrentTransaction, null)))

export const isInTransaction = Effect.map(CurrentTransaction, (transaction) => transaction !== null)

/** What the first firm that has it would see. */
export const ofAny = <A>(ask: (firmId: FirmId) => Effect.Effect<Option.Option<A>>) =>
  Effect.map(Effect.all([ask(firm.id), ask(otherFirm.id)]), ([first, second]) => Option.orElse(first, () => second))
export const ofAll = <A>(ask: (firmId: FirmId) => Effect.Effect<ReadonlyArray<A>>) =>
  Effect.map(Effect.all([ask(firm.id), ask(otherFirm.id)]), (answers) => answers.flat())
export const reversed = <A>(effect: Effect.Effect<ReadonlyArray<A>>) =>
  Effect.map(effect, (values) => values.toReversed())
