/**
 * A mistake that a run plants on purpose, to show that the checks would find it: a change of what the core says to its
 * stores, of its times, or of the stores behind one of its layers. Nothing of it is in product code.
 */
import type { DeliveryTimes } from "@casewire/core/Delivery"
import type { Database } from "@casewire/core/memory/Database"
import type { CaseStore } from "@casewire/core/ports/CaseStore"
import type { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { MappingStore } from "@casewire/core/ports/MappingStore"
import type { Queue } from "@casewire/core/ports/Queue"
import type { RunStore } from "@casewire/core/ports/RunStore"
import type { Storage } from "@casewire/core/ports/Storage"
import type { FaultName } from "./Faults.ts"
import type { Story } from "./Story.ts"
import type { StatusResume } from "@casewire/core/StatusResume"
import type { Worker } from "@casewire/core/Worker"

export interface Ports {
  readonly queue: Queue["Service"]
  readonly cases: CaseStore["Service"]
  readonly connections: ConnectionStore["Service"]
  readonly storage: Storage["Service"]
  readonly mappings: MappingStore["Service"]
  readonly runs: RunStore["Service"]
}

export interface Defect {
  /** Faults without which nobody would notice: on in every run with this defect, so that fewer seeds are needed. */
  readonly favours?: ReadonlyArray<FaultName>
  /** What the run is about, without which nobody would notice either. */
  readonly story?: Partial<Story>
  /** The host measures time by the clock on the wall. */
  readonly measuresByWall?: boolean
  /** Leads are changed, and pulled, just while they are read. */
  readonly changesDuringReads?: boolean
  readonly ports?: (ports: Ports, database: Database["Service"]) => Ports
  readonly times?: Partial<(typeof DeliveryTimes)["Service"]>
  /** The Worker with its hands: what pushes statuses and fields is built with it. */
  readonly worker?: (layer: typeof Worker.layer) => typeof Worker.layer
  readonly resume?: (layer: typeof StatusResume.layer) => typeof StatusResume.layer
}

/** Named, and made afresh for every run: what it remembers outlives the host's process, not the run. */
export interface PlantedDefect {
  readonly name: string
  readonly make: () => Defect
}
