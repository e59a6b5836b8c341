/** API tokens for a firm's own tools, each with the scopes that its work needs. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { TokenScope } from "@casewire/core/domain/TokenScope"
import { Access, Decoding, scoped } from "./Access.ts"
import { Forbidden } from "./Problem.ts"

export class TokensGroup extends HttpApiGroup.make("tokens")
  .add(
    HttpApiEndpoint.post("issue", "/tokens", {
      payload: Schema.Struct({
        /** What it is for; it stands in histories as who did something. */
        name: Schema.NonEmptyString.check(Schema.isMaxLength(200)),
        /** Left out: everything that the calling token may. */
        scopes: Schema.optionalKey(Schema.NonEmptyArray(TokenScope))
      }),
      success: Schema.Struct({
        token: Schema.String,
        name: Schema.String,
        /** Null: everything. */
        scopes: Schema.NullOr(Schema.Array(TokenScope))
      }).pipe(HttpApiSchema.status(201)),
      error: Forbidden
    })
      .annotate(
        OpenApi.Summary,
        "Make an API token, shown this once; it can have no scope that the calling one has not"
      )
      .annotateMerge(scoped("admin"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
