/**
 * The wiring: which adapters stand behind the core's ports in this process. Whoever wants to know what the host *is*
 * reads this file.
 */
import { layer as layerGateway } from "@casewire/adapters-http/CrmHttp"
import { layer as layerPlatformHttp } from "@casewire/adapters-http/PlatformHttp"
import { layer as layerServer } from "@casewire/adapters-http/Server"
import { Backlog, BacklogLimit } from "@casewire/core/Backlog"
import * as Belt from "@casewire/core/Belt"
import { CaseDocuments, DocumentQuota } from "@casewire/core/CaseDocuments"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { Conflicts } from "@casewire/core/Conflicts"
import { Doctor } from "@casewire/core/Doctor"
import { DeliveryTimes } from "@casewire/core/Delivery"
import { Housekeeping, Retention } from "@casewire/core/Housekeeping"
import { Inbox } from "@casewire/core/Inbox"
import { Lists } from "@casewire/core/Lists"
import { Poller } from "@casewire/core/Poller"
import { Setup } from "@casewire/core/Setup"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { Worker } from "@casewire/core/Worker"
import type { Rehearsal } from "@casewire/api/Session"
import { Effect, Layer, Option, Schedule } from "effect"
import { join } from "node:path"
import { layerKeptManifests } from "./KeptManifests.ts"
import { layerMachine } from "./Machine.ts"
import { layerPlugins } from "./PluginWorkers.ts"
import type { Settings } from "./Settings.ts"
import { layerSheets } from "./Sheets.ts"
import { layerStore } from "./Store.ts"

const layerTimes = ({ clientTimeoutMs, lateCommitMs }: Settings) =>
  Layer.succeed(DeliveryTimes, { clientTimeoutMs, lateCommitMs, leaseMs: 30_000 })

const layerQuota = ({ documentQuotaGib }: Settings) =>
  Layer.succeed(DocumentQuota, { firmBytes: documentQuotaGib * 1024 ** 3 })

const layerRetention = ({ webhookLogDays }: Settings) =>
  Layer.succeed(Retention, { webhookLogMs: webhookLogDays * 86_400_000 })

/** Every use case of the core over the store, without a way in. */
export const layerCore = (settings: Settings) =>
  Layer.mergeAll(
    Backlog.layer,
    CaseDocuments.layer,
    CaseEntries.layer,
    Conflicts.layer,
    Doctor.layer,
    Housekeeping.layer.pipe(Layer.provide(layerRetention(settings))),
    Inbox.layer,
    Lists.layer,
    Setup.layer,
    Subscriptions.layer
  ).pipe(
    Layer.provideMerge(Belt.layer),
    Layer.provideMerge(layerPlatformHttp({ privateOrigins: settings.privateDestinations })),
    Layer.provideMerge(
      layerGateway({ sandboxOrigin: Option.getOrNull(settings.sandboxOrigin), timeoutMs: settings.clientTimeoutMs })
    ),
    Layer.provideMerge(layerPlugins(settings)),
    Layer.provideMerge(layerSheets),
    Layer.provideMerge(layerMachine(settings)),
    Layer.provideMerge(layerStore(settings)),
    Layer.provide([layerTimes(settings), layerQuota(settings), Layer.succeed(BacklogLimit, settings.firmBacklog)])
  )

/** What a look at the store of a stopped host needs, and no more: no code of a plugin. */
export const layerDoctor = (settings: Settings) =>
  Doctor.layer.pipe(
    Layer.provideMerge(layerMachine(settings)),
    Layer.provideMerge(layerKeptManifests),
    Layer.provideMerge(layerStore(settings))
  )

/** Work on what is due, and look for pulls that are due. */
const layerLoops = Layer.effectDiscard(
  Effect.gen(function* () {
    const worker = yield* Worker
    const poller = yield* Poller
    const housekeeping = yield* Housekeeping
    const backlog = yield* Backlog
    yield* Effect.forkScoped(worker.run)
    yield* Effect.forkScoped(
      backlog.look.pipe(
        Effect.catchCause((cause) => Effect.logError("What waits could not be counted", cause)),
        Effect.repeat(Schedule.spaced("250 millis"))
      )
    )
    yield* Effect.forkScoped(
      housekeeping.run.pipe(
        Effect.catchCause((cause) => Effect.logError("What is old could not be thrown away", cause)),
        Effect.repeat(Schedule.spaced("1 minute"))
      )
    )
    yield* Effect.forkScoped(
      poller.schedule.pipe(
        Effect.catchCause((cause) => Effect.logError("Pulls could not be scheduled", cause)),
        Effect.repeat(Schedule.spaced("5 seconds"))
      )
    )
  })
)

/** Where the console's build leaves its files; a host without them has the API alone. */
const consoleFolder = join(import.meta.dirname, "../../console/dist/site")

/** The whole host: it answers HTTP and does the work. `rehearsal`: what the console offers to try things with. */
export const layerHost = (settings: Settings, rehearsal: Rehearsal | null = null) =>
  layerLoops.pipe(
    Layer.provideMerge(
      layerServer({
        host: settings.host,
        port: settings.port,
        requestsPerHour: settings.apiRequestsPerHour,
        trustedProxies: settings.trustedProxies,
        operatorFirm: Option.getOrNull(settings.operatorFirm),
        consoleFolder,
        rehearsal,
        ...(Option.isSome(settings.publicUrl) ? { publicUrl: settings.publicUrl.value } : {})
      })
    ),
    Layer.provideMerge(layerCore(settings))
  )
