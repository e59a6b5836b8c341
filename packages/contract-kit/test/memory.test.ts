/** The memory adapters pass every contract; a second build over the same database is their restart. */
import { Effect } from "effect"
import { layer } from "@casewire/core/memory/Memory"
import { arrivalContract } from "../src/ArrivalLaws.ts"
import { caseStoreContract } from "../src/CaseStore.ts"
import { connectionRemovalContract } from "../src/ConnectionRemoval.ts"
import { connectionStoreContract } from "../src/ConnectionStore.ts"
import { documentStoreContract } from "../src/DocumentStore.ts"
import { mappingStoreContract } from "../src/MappingStore.ts"
import { listStoreContract } from "../src/ListStore.ts"
import { pluginStoreContract } from "../src/PluginStore.ts"
import { queueContract } from "../src/Queue.ts"
import { runStoreContract } from "../src/RunStore.ts"
import { subscriptionStoreContract } from "../src/SubscriptionStore.ts"
import { storageContract } from "../src/Storage.ts"
import { timelineContract } from "../src/Timeline.ts"
import { reopenMemory } from "./Breaking.ts"

const options = { layer, reopen: Effect.sync(() => reopenMemory()) }

storageContract("memory", options)
arrivalContract("memory", options)
queueContract("memory", options)
caseStoreContract("memory", options)
connectionStoreContract("memory", options)
documentStoreContract("memory", options)
mappingStoreContract("memory", options)
listStoreContract("memory", options)
timelineContract("memory", options)
runStoreContract("memory", options)
pluginStoreContract("memory", options)
subscriptionStoreContract("memory", options)
connectionRemovalContract("memory", options)
