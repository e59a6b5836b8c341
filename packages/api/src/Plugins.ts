/** The CRMs that can be connected. From a manifest the connect form and the set-up steps are drawn. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { PluginManifest } from "@casewire/core/CrmPlugin"
import { Access, Decoding, scoped } from "./Access.ts"

export class PluginsGroup extends HttpApiGroup.make("plugins")
  .add(
    HttpApiEndpoint.get("list", "/plugins", {
      success: Schema.Struct({ plugins: Schema.Array(PluginManifest) })
    })
      .annotate(OpenApi.Summary, "Which CRMs can be connected, with everything their forms need")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
