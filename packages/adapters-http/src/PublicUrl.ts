/**
 * How the host is reached from outside: the configured address, else where it listens. Asked when a URL is shown,
 * because a free port is known only once the server listens.
 */
import { Context, Effect } from "effect"

export class PublicUrl extends Context.Service<
  PublicUrl,
  {
    /** Without a slash at its end. */
    readonly base: Effect.Effect<string>
  }
>()("@casewire/adapters-http/PublicUrl") {}
