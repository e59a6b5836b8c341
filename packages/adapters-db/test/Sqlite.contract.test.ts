/** The contracts of the ports, on SQLite. */
import { Effect, Layer } from "effect"
import { arrivalContract } from "@casewire/contract-kit/ArrivalLaws"
import { caseStoreContract } from "@casewire/contract-kit/CaseStore"
import { connectionRemovalContract } from "@casewire/contract-kit/ConnectionRemoval"
import { connectionStoreContract } from "@casewire/contract-kit/ConnectionStore"
import { documentStoreContract } from "@casewire/contract-kit/DocumentStore"
import { mappingStoreContract } from "@casewire/contract-kit/MappingStore"
import { listStoreContract } from "@casewire/contract-kit/ListStore"
import { pluginStoreContract } from "@casewire/contract-kit/PluginStore"
import { queueContract } from "@casewire/contract-kit/Queue"
import { runStoreContract } from "@casewire/contract-kit/RunStore"
import { subscriptionStoreContract } from "@casewire/contract-kit/SubscriptionStore"
import { storageContract } from "@casewire/contract-kit/Storage"
import { timelineContract } from "@casewire/contract-kit/Timeline"
import { layerSqlite } from "../src/Sqlite.ts"
import { tempOptions } from "./TempStore.ts"

const options = {
  layer: Layer.unwrap(Effect.map(tempOptions, layerSqlite)),
  reopen: Effect.map(tempOptions, layerSqlite)
}

storageContract("SQLite", options)
arrivalContract("SQLite", options)
queueContract("SQLite", options)
caseStoreContract("SQLite", options)
connectionStoreContract("SQLite", options)
documentStoreContract("SQLite", options)
mappingStoreContract("SQLite", options)
listStoreContract("SQLite", options)
timelineContract("SQLite", options)
runStoreContract("SQLite", options)
pluginStoreContract("SQLite", options)
subscriptionStoreContract("SQLite", options)
connectionRemovalContract("SQLite", options)
