/**
 * The host as a machine that starts, works, stops in order or dies at any moment. What it has on disk is the memory
 * database; a crash undoes the open transaction and drops every task and timer of the process.
 *
 * Between the core and its stores stands the watch, and, where a run plants one, a defect.
 */
import { CrmConnections } from "@casewire/core/CrmConnections"
import { Delivery, DeliveryTimes } from "@casewire/core/Delivery"
import { Disconnect } from "@casewire/core/Disconnect"
import { HistoryImport } from "@casewire/core/HistoryImport"
import { ImportRuns } from "@casewire/core/ImportRuns"
import { Inbox } from "@casewire/core/Inbox"
import { CurrentTransaction, Database } from "@casewire/core/memory/Database"
import { Lists } from "@casewire/core/Lists"
import * as Memory from "@casewire/core/memory/Memory"
import { Outbox } from "@casewire/core/Outbox"
import { PlatformHooks } from "@casewire/core/PlatformHooks"
import { Poller, pollEveryMs } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { PlatformHttp } from "@casewire/core/ports/PlatformHttp"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { Projection } from "@casewire/core/Projection"
import { Reconciler } from "@casewire/core/Reconciler"
import { Setup } from "@casewire/core/Setup"
import { StatusResume } from "@casewire/core/StatusResume"
import { Worker, WorkerLimits } from "@casewire/core/Worker"
import { Cause, Context, Effect, Exit, Fiber, Latch, Layer } from "effect"
import { type CrmMachine, lateCommitMs } from "./CrmMachine.ts"
import type { Defect, Ports } from "./Defect.ts"
import type { Dice } from "./Dice.ts"
import type { Faults } from "./Faults.ts"
import { type Kernel, type Owner, world } from "./Kernel.ts"
import { clientTimeoutMs, layerOf } from "./SimulatedCrm.ts"
import type { Watch } from "./Watch.ts"

export type HostServices =
  | Inbox
  | Lists
  | Outbox
  | Setup
  | StatusResume
  | HistoryImport
  | ImportRuns
  | Worker
  | Poller
  | ConnectionStore
  | Queue

/** How a refused commit calls itself; any other defect of the core is a violation. */
const refusal = "injected: the disk refuses the commit"

export class Host {
  readonly database: Database["Service"]
  readonly #kernel: Kernel
  readonly #crm: CrmMachine
  readonly #faults: Faults
  readonly #dice: Dice
  readonly watch: Watch
  readonly #defect: Defect | undefined
  readonly #maxAttempts: number
  readonly #waiting = new Set<() => void>()
  #owner: Owner = world
  #services: Context.Context<HostServices> | undefined
  #fiber: Fiber.Fiber<unknown, unknown> | undefined
  #crashIn: number | undefined

  constructor(options: {
    readonly kernel: Kernel
    readonly crm: CrmMachine
    readonly database: Database["Service"]
    readonly faults: Faults
    readonly dice: Dice
    readonly watch: Watch
    readonly defect: Defect | undefined
  }) {
    this.#kernel = options.kernel
    this.#crm = options.crm
    this.database = options.database
    this.#faults = options.faults
    this.#dice = options.dice
    this.watch = options.watch
    this.#defect = options.defect
    this.#maxAttempts = options.dice.pick([3, 6, 12])
    options.kernel.onLog = (text) => {
      options.kernel.note(`host   logs ${text.slice(0, 300)}`)
      if (!text.includes(refusal)) throw options.kernel.violated("defect", text.slice(0, 2000))
    }
  }

  get isUp(): boolean {
    return this.#services !== undefined
  }

  start(): void {
    if (this.#fiber !== undefined) return
    const owner = ++this.#owner
    this.#kernel.note(`host   process ${owner} starts`)
    const context = this.#kernel.contextOf(owner, this.#defect?.measuresByWall)
    const life = Effect.scoped(
      Effect.gen({ self: this }, function* () {
        const services = yield* Layer.build(this.#layer(owner))
        this.#services = services
        yield* Context.get(services, Poller).schedule.pipe(
          Effect.catchCause((cause) => Effect.logError("Pulls could not be scheduled", cause)),
          Effect.andThen(Effect.sleep(pollEveryMs / 3)),
          Effect.forever,
          Effect.forkScoped
        )
        return yield* Context.get(services, Worker).run
      })
    )
    const fiber = Effect.runForkWith(context)(life)
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#ended(owner, exit))
  }

  #ended(owner: Owner, exit: Exit.Exit<unknown, unknown>): void {
    if (owner !== this.#owner) return
    this.#kernel.note(`host   process ${owner} has ended`)
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause))
      throw this.#kernel.violated("I-25", `the worker died: ${Cause.pretty(exit.cause).slice(0, 1500)}`)
    this.#gone(owner)
  }

  /** Death at this very moment. */
  crash(): void {
    if (this.#fiber === undefined) return
    const owner = this.#owner
    this.#kernel.note(`host   process ${owner} dies`)
    this.#kernel.crash(owner)
    this.database.crash()
    this.#gone(owner)
  }

  /** Death within the next steps, in the middle of whatever goes on then. */
  crashSoon(): void {
    this.#crashIn = this.#dice.below(this.#dice.pick([6, 30, 120]))
  }
  step(): void {
    if (this.#crashIn === undefined) return
    this.#crashIn -= 1
    if (this.#crashIn >= 0) return
    this.#crashIn = undefined
    this.crash()
  }

  /** An orderly stop: what is under way is given back. */
  stop(): void {
    if (this.#fiber === undefined || this.#services === undefined) return
    this.#kernel.note(`host   process ${this.#owner} is asked to stop`)
    this.#services = undefined
    this.#fiber.interruptUnsafe()
  }

  #gone(owner: Owner): void {
    this.#services = undefined
    this.#fiber = undefined
    this.#kernel.onJump = () => {}
    this.#crm.forget(owner)
    const unanswered = Array.from(this.#waiting)
    this.#waiting.clear()
    for (const lost of unanswered) lost()
    // Whoever watches over the process starts it again.
    this.#kernel.at(this.#dice.between(50, 30_000), () => this.start())
  }

  /** Runs one request in the living process. `lost` says that no answer will come, done or not. */
  request<A, E>(
    effect: Effect.Effect<A, E, HostServices>,
    answered: (exit: Exit.Exit<A, E>) => void,
    lost: () => void
  ): void {
    if (this.#services === undefined) return lost()
    const context = Context.merge(this.#kernel.contextOf(this.#owner, this.#defect?.measuresByWall), this.#services)
    this.#waiting.add(lost)
    const owner = this.#owner
    this.#kernel.post(() => {
      Effect.runForkWith(context)(effect).addObserver((exit) => {
        // The answer leaves at a moment of its own: the process may die between the commit and the answer.
        this.#kernel.post(() => {
          if (this.#waiting.delete(lost)) answered(exit)
        }, owner)
      })
    }, owner)
  }

  #layer(owner: Owner): Layer.Layer<HostServices> {
    const times = { clientTimeoutMs, lateCommitMs, leaseMs: 30_000, ...this.#defect?.times }
    const worker = this.#defect?.worker?.(Worker.layer) ?? Worker.layer
    const limits = { concurrency: 64, perConnection: 16, maxAttempts: this.#maxAttempts }
    return Layer.mergeAll(
      Inbox.layer,
      Lists.layer,
      Outbox.layer,
      Setup.layer,
      HistoryImport.layer,
      ImportRuns.layer,
      worker
    ).pipe(
      Layer.provideMerge(Layer.merge(Disconnect.layer, Poller.layer)),
      Layer.provideMerge(Delivery.layer),
      Layer.provideMerge(Reconciler.layer),
      Layer.provideMerge(this.#defect?.resume?.(StatusResume.layer) ?? StatusResume.layer),
      Layer.provideMerge(Projection.layer),
      Layer.provideMerge(PlatformHooks.layer.pipe(Layer.provide(PlatformHttp.layerNone))),
      Layer.provideMerge(CrmConnections.layer),
      Layer.provideMerge(layerOf(this.#kernel, this.#crm, owner)),
      Layer.provideMerge(this.#ports()),
      // The stores that nobody watches or breaks, over the same database.
      Layer.provide(Layer.provide(Memory.layerNoDeps, Layer.succeed(Database, this.database))),
      Layer.provide(Layer.mergeAll(Layer.succeed(DeliveryTimes, times), Layer.succeed(WorkerLimits, limits)))
    )
  }

  /** Every store of the memory adapters, those that are watched behind their watch. */
  #ports() {
    return Layer.effectContext(
      Effect.gen({ self: this }, function* () {
        const stores = yield* Layer.build(Memory.layerNoDeps)
        const watched = this.#watched({
          queue: Context.get(stores, Queue),
          cases: Context.get(stores, CaseStore),
          connections: Context.get(stores, ConnectionStore),
          storage: Context.get(stores, Storage),
          mappings: Context.get(stores, MappingStore),
          runs: Context.get(stores, RunStore)
        })
        const ports = this.#defect?.ports?.(watched, this.database) ?? watched
        return stores.pipe(
          Context.add(Queue, ports.queue),
          Context.add(CaseStore, ports.cases),
          Context.add(ConnectionStore, ports.connections),
          Context.add(Storage, ports.storage),
          Context.add(MappingStore, ports.mappings),
          Context.add(RunStore, ports.runs)
        )
      })
    ).pipe(Layer.provide(Layer.succeed(Database, this.database)))
  }

  #watched({ cases, queue, storage, ...others }: Ports): Ports {
    const watch = this.watch
    const { jobs } = this.database
    const seen = (look: () => void) => Effect.sync(look)
    const written = (look: () => void) =>
      Effect.flatMap(CurrentTransaction, (tx) =>
        seen(() => {
          watch.inside(tx)
          look()
        })
      )
    const work = Latch.makeUnsafe()
    this.#kernel.onJump = () => void work.openUnsafe()
    const { onWork } = jobs
    jobs.onWork = () => {
      onWork()
      work.openUnsafe()
    }
    return {
      queue: {
        ...queue,
        enqueue: (added) => Effect.tap(queue.enqueue(added), () => seen(() => watch.enqueued(added))),
        claim: (options) =>
          Effect.tap(this.#onDisk(queue.claim(options)), (leases) => seen(() => watch.claimed(leases))),
        mark: (lease, change) => this.#onDisk(queue.mark(lease, change)),
        settle: (lease, outcome) =>
          Effect.tap(queue.settle(lease, outcome), () => seen(() => watch.settled(lease, outcome))),
        // The adapter looks every 200 ms; over simulated hours it is enough to look when something is due.
        awaitWork: Effect.suspend(() => {
          const wait = Math.min(Math.max((jobs.nextDue() ?? Infinity) - this.#kernel.wall, 200), 3_600_000)
          return Effect.raceFirst(
            Effect.tap(work.await, () => seen(() => work.closeUnsafe())),
            Effect.sleep(wait)
          )
        })
      },
      cases: {
        ...cases,
        save: (value) =>
          Effect.andThen(
            written(() => watch.saved(value)),
            cases.save(value)
          ),
        record: (event) => Effect.tap(cases.record(event), () => written(() => watch.recorded(event)))
      },
      ...others,
      storage: {
        ...storage,
        atomically: (effect) => this.#onDisk(storage.atomically(effect)),
        withCase: (key, effect) => this.#onDisk(storage.withCase(key, effect)),
        receive: (receipt, added) =>
          Effect.tap(
            this.#onDisk(
              Effect.andThen(
                seen(() => watch.receiving(receipt.id)),
                storage.receive(receipt, added)
              )
            ),
            () => seen(() => watch.enqueued(added))
          )
      }
    }
  }

  /** A disk that takes its time, and sometimes refuses. */
  #onDisk<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      if (this.#faults.strikes("disk: refuses a commit")) return Effect.die(new Error(refusal))
      return this.#faults.strikes("disk: slow") ? Effect.delay(effect, this.#dice.between(1, 500)) : effect
    })
  }
}
