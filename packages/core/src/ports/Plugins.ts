/**
 * The plugins that are loaded, and which version of each serves whom. `crm` makes the operations of one connection;
 * whatever they open belongs to the scope of the layer, so that unloading is closing.
 */
import { Context, Effect, Layer, Option, Stream } from "effect"
import type { PluginConnection, PluginManifest } from "../CrmPlugin.ts"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { Crm } from "./Crm.ts"
import type { CrmDocuments } from "./CrmDocuments.ts"
import type { CrmHttp } from "./CrmHttp.ts"

/** Whom a version serves; without it, whoever is not pinned to another one. */
export interface ServedConnection {
  readonly firmId: FirmId
  readonly id: ConnectionId
}

export class Plugins extends Context.Service<
  Plugins,
  {
    readonly manifests: Effect.Effect<ReadonlyArray<PluginManifest>>
    readonly manifest: (id: string, of?: ServedConnection) => Option.Option<PluginManifest>
    /**
     * Dies on an id that `manifest` does not know. The version is chosen when this is called, and stays the same for
     * the layer's life: asked for in the same turn as the manifest, both are of one version.
     */
    readonly crm: (
      id: string,
      connection: PluginConnection,
      of?: ServedConnection
    ) => Layer.Layer<Crm | CrmDocuments, never, CrmHttp>
    /** Ids of plugins, each when another version of it begins to serve somebody. What was made before should be let go. */
    readonly switched: Stream.Stream<string>
  }
>()("@casewire/core/ports/Plugins") {}
