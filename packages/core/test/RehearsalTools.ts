/** The firm's own tools: what was posted to them, and how they answer. Without a script they take everything. */
import { PlatformHttp, type PostOutcome, type SignedPost } from "@casewire/core/ports/PlatformHttp"
import { Context, Effect, Layer } from "effect"

export class FakeTools extends Context.Service<
  FakeTools,
  { readonly posts: Array<SignedPost>; readonly answers: Array<Partial<PostOutcome>> }
>()("test/FakeTools") {
  static readonly layer = Layer.sync(FakeTools, () => ({ posts: [], answers: [] }))
}

export const layerTools = Layer.effect(
  PlatformHttp,
  Effect.map(FakeTools, ({ answers, posts }) =>
    PlatformHttp.of({
      objection: (url) => Effect.succeed(url.startsWith("https://") ? null : "not-https"),
      post: (request) =>
        Effect.sync(() => {
          posts.push(request)
          return { status: 200, code: null, retryAfter: null, ...answers.shift() }
        })
    })
  )
)
