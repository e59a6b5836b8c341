/**
 * All stores and the queue over one database in memory: the executable reading of what the ports promise. Use cases
 * are tested on it, and every other adapter passes the suites that it passes.
 */
import { Layer } from "effect"
import * as CaseStore from "./CaseStore.ts"
import * as ConnectionRemoval from "./ConnectionRemoval.ts"
import * as ConnectionStore from "./ConnectionStore.ts"
import { Database } from "./Database.ts"
import * as DocumentStore from "./DocumentStore.ts"
import * as ListStore from "./ListStore.ts"
import * as MappingStore from "./MappingStore.ts"
import * as PluginStore from "./PluginStore.ts"
import * as Queue from "./Queue.ts"
import * as RunStore from "./RunStore.ts"
import * as Storage from "./Storage.ts"
import * as Timeline from "./Timeline.ts"
import * as SubscriptionStore from "./SubscriptionStore.ts"

/** Over a given database; building it again is what a restart is to a database on disk. */
export const layerNoDeps = Layer.mergeAll(
  Storage.layer,
  Queue.layer,
  CaseStore.layer,
  ConnectionStore.layer,
  ConnectionRemoval.layer,
  ListStore.layer,
  MappingStore.layer,
  DocumentStore.layer,
  PluginStore.layer,
  Timeline.layer,
  RunStore.layer,
  SubscriptionStore.layer
)

/** Over a fresh database. */
export const layer = layerNoDeps.pipe(Layer.provide(Database.layer))
