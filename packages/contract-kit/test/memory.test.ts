/** The memory adapters pass every contract; a second build over the same database is their restart. */
import { Effect, Layer } from "effect"
import { Database } from "@casewire/core/memory/Database"
import { layer, layerNoDeps } from "@casewire/core/memory/Memory"
import { caseStoreContract } from "../src/CaseStore.ts"
import { connectionStoreContract } from "../src/ConnectionStore.ts"
import { documentStoreContract } from "../src/DocumentStore.ts"
import { queueContract } from "../src/Queue.ts"
import { storageContract } from "../src/Storage.ts"

const options = {
  layer,
  reopen: Effect.sync(() => Layer.provide(layerNoDeps, Layer.succeed(Database, Database.make())))
}

storageContract("memory", options)
queueContract("memory", options)
caseStoreContract("memory", options)
connectionStoreContract("memory", options)
documentStoreContract("memory", options)
