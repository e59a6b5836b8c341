/**
 * The plugins that are loaded. `crm` makes the operations of one connection; whatever they open belongs to the scope
 * of the layer, so that unloading is closing.
 */
import { Context, Effect, Layer, Option } from "effect"
import type { PluginConnection, PluginManifest } from "../CrmPlugin.ts"
import type { Crm } from "./Crm.ts"
import type { CrmDocuments } from "./CrmDocuments.ts"
import type { CrmHttp } from "./CrmHttp.ts"

export class Plugins extends Context.Service<
  Plugins,
  {
    readonly manifests: Effect.Effect<ReadonlyArray<PluginManifest>>
    readonly manifest: (id: string) => Option.Option<PluginManifest>
    /** Dies on an id that `manifest` does not know. */
    readonly crm: (id: string, connection: PluginConnection) => Layer.Layer<Crm | CrmDocuments, never, CrmHttp>
  }
>()("@casewire/core/ports/Plugins") {}
