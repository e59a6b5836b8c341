/**
 * The belt as one layer: the doors for events and pulls, the Worker, and the hands it works with, over whatever
 * adapters, plugins and gateways are given. What stands beside it (Inbox, Setup, Lists …) is chosen by who wires.
 */
import { Layer } from "effect"
import { CrmConnections } from "./CrmConnections.ts"
import { Delivery } from "./Delivery.ts"
import { Disconnect } from "./Disconnect.ts"
import { Outbox } from "./Outbox.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { Poller } from "./Poller.ts"
import { Projection } from "./Projection.ts"
import { Reconciler } from "./Reconciler.ts"
import { StatusResume } from "./StatusResume.ts"
import { Worker } from "./Worker.ts"

export const layer = Worker.layer.pipe(
  Layer.provideMerge(Disconnect.layer),
  Layer.provideMerge(Outbox.layer),
  Layer.provideMerge(Poller.layer),
  Layer.provideMerge(Delivery.layer),
  Layer.provideMerge(Reconciler.layer),
  Layer.provideMerge(StatusResume.layer),
  Layer.provideMerge(Projection.layer),
  Layer.provideMerge(PlatformHooks.layer),
  Layer.provideMerge(CrmConnections.layer)
)
