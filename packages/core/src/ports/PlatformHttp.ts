/**
 * The way to a firm's own tools: one signed POST by Standard Webhooks. Whatever comes of it is a value; nothing here
 * fails. Only addresses of the open internet are reached over HTTPS, and those private ones that the operator listed.
 */
import { Context, Effect, Layer, Redacted } from "effect"
import type { Instant } from "../domain/Ids.ts"
import type { WebhookId } from "../domain/Subscription.ts"

export interface SignedPost {
  readonly url: string
  readonly id: WebhookId
  readonly body: string
  /** Each signs; a receiver accepts any of them. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

export interface PostOutcome {
  /** The answer's status; null where none came. */
  readonly status: number | null
  /** Why none came, or why an answer is not taken: `timeout`, `redirect`, `not-public`, `unreachable` … */
  readonly code: string | null
  readonly retryAfter: Instant | null
}

export class PlatformHttp extends Context.Service<
  PlatformHttp,
  {
    /** Why this address may not be used (`malformed`, `not-https`, `not-public`, `unresolvable`), or null. */
    readonly objection: (url: string) => Effect.Effect<string | null>
    /** Ends within its deadline; redirects are refused, and the address is judged again when connecting. */
    readonly post: (request: SignedPost) => Effect.Effect<PostOutcome>
  }
>()("@casewire/core/ports/PlatformHttp") {
  /** Reaches nobody: for tools and tests whose firms have no subscriptions. */
  static readonly layerNone: Layer.Layer<PlatformHttp> = Layer.succeed(PlatformHttp, {
    objection: () => Effect.succeed("unresolvable"),
    post: () => Effect.succeed({ status: null, code: "unreachable", retryAfter: null })
  })
}
