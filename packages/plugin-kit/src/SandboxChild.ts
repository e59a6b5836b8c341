/** The process of a plugin's sandbox while the plugin is developed; started by `SandboxProcess` alone. */
import { Effect, Exit, Scope } from "effect"
import { loadSandbox, messageOf, readFolder } from "./PluginFolder.ts"
import type { SandboxMessage } from "./SandboxProcess.ts"

const [, , folder = "", port = "0"] = process.argv

/** As a real CRM's: a call that lasts is rare, and a write that comes late comes soon enough to be watched. */
const times = { clientTimeoutMs: 20_000, lateCommitMs: 5000 }

const tell = (message: SandboxMessage) => process.send?.(message)

// At a terminal Ctrl+C reaches the whole group; the sandbox ends after the host that calls it, with its channel.
process.on("SIGINT", () => {})
process.on("disconnect", () => process.exit(0))

const program = Effect.gen(function* () {
  const sandbox = yield* loadSandbox(yield* readFolder(folder))
  const scope = yield* Scope.make()
  const { credentials, postWebhooksTo, url } = yield* sandbox
    .start(times, Number(port))
    .pipe(Effect.provideService(Scope.Scope, scope))
  process.on("message", (address) => {
    if (typeof address === "string") Effect.runFork(postWebhooksTo(address))
  })
  tell({ _tag: "Up", url, credentials })
})

Effect.runPromiseExit(program).then((exit) => {
  if (Exit.isFailure(exit)) {
    const cause = exit.cause.reasons.map((one) =>
      one._tag === "Fail" ? one.error.message : one._tag === "Die" ? messageOf(one.defect) : "interrupted"
    )
    process.send?.({ _tag: "Refused", message: cause.join("; ") } satisfies SandboxMessage, undefined, undefined, () =>
      process.exit(1)
    )
  }
})
