/**
 * A mistake that a run plants on purpose, to show that the checks would find it: a change of what the core says to its
 * stores, of its times, or of the layer that carries jobs out. Nothing of it is in product code.
 */
import type { Delivery, DeliveryTimes } from "@casewire/core/Delivery"
import type { Database } from "@casewire/core/memory/Database"
import type { CaseStore } from "@casewire/core/ports/CaseStore"
import type { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { Queue } from "@casewire/core/ports/Queue"
import type { Storage } from "@casewire/core/ports/Storage"
import type { Kernel } from "./Kernel.ts"

export interface Ports {
  readonly queue: Queue["Service"]
  readonly cases: CaseStore["Service"]
  readonly connections: ConnectionStore["Service"]
  readonly storage: Storage["Service"]
}

export interface Defect {
  readonly name: string
  readonly ports?: (
    ports: Ports,
    within: { readonly kernel: Kernel; readonly database: Database["Service"] }
  ) => Ports
  readonly times?: Partial<(typeof DeliveryTimes)["Service"]>
  readonly delivery?: (layer: typeof Delivery.layer) => typeof Delivery.layer
}
