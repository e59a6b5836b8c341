/**
 * Signing in from a browser. The session is a cookie that scripts cannot read; whoever calls by a bearer token needs
 * none. Signing in is the one endpoint without an access rule: it is how access begins.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Access, Decoding, scoped } from "./Access.ts"
import { RateLimited, Unauthenticated } from "./Problem.ts"
import { Time } from "./Time.ts"

/** A CRM to rehearse with, where the operator runs one: what a connect form is filled in with. */
export const Rehearsal = Schema.Struct({
  plugin: Schema.String,
  name: Schema.String,
  /** Where a person looks at it. */
  url: Schema.String,
  values: Schema.Record(Schema.String, Schema.String),
  callLimit: Schema.NullOr(Schema.Int)
})
export interface Rehearsal extends Schema.Schema.Type<typeof Rehearsal> {}

export const SessionView = Schema.Struct({
  firm: Schema.Struct({ id: Schema.String, name: Schema.String }),
  /** Who is signed in: the name of the API token. */
  name: Schema.String,
  /** Null for a caller without a session. */
  expiresAt: Schema.NullOr(Time),
  rehearsal: Schema.NullOr(Rehearsal)
})
export interface SessionView extends Schema.Schema.Type<typeof SessionView> {}

export class SessionGroup extends HttpApiGroup.make("session")
  .add(
    HttpApiEndpoint.get("get", "/session", { success: SessionView })
      .middleware(Access)
      .annotate(OpenApi.Summary, "Who is signed in, and to which firm")
      .annotateMerge(scoped("any")),
    HttpApiEndpoint.delete("signOut", "/session", { success: HttpApiSchema.NoContent })
      .middleware(Access)
      .annotate(OpenApi.Summary, "End the session of this browser")
      .annotateMerge(scoped("any")),
    HttpApiEndpoint.post("signIn", "/session", {
      payload: Schema.Struct({ token: Schema.String.check(Schema.isMaxLength(500)) }),
      success: SessionView.pipe(HttpApiSchema.status(201)),
      error: [Unauthenticated, RateLimited]
    }).annotate(OpenApi.Summary, "Sign a browser in with an API token; the session comes as a cookie")
  )
  .middleware(Decoding)
  .prefix("/api/v1") {}
