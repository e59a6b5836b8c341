/**
 * Bundling: one ES module with everything it needs, so that a thread reads one file and is up in tens of milliseconds.
 * Node's own modules stay outside; a plugin is refused them when it is loaded.
 */
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

export class BundleFailed extends Schema.TaggedError<BundleFailed>()("BundleFailed", { message: Schema.String }) {}

const program = fileURLToPath(
  new URL(`./bundler/main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)
)
/** The largest plugin takes a second. */
const deadlineMs = 60_000

/** Writes `file`. What cannot be resolved is a failure here rather than at the start of a thread. */
export const bundle = Effect.fn("Bundle.bundle")(function* (entry: string, file: string) {
  yield* Effect.callback<void, BundleFailed>((resume) => {
    const child = execFile(
      process.execPath,
      [program, entry, file],
      { env: {}, timeout: deadlineMs, maxBuffer: 1024 * 1024, windowsHide: true },
      (error, _, said) =>
        resume(
          error === null
            ? Effect.void
            : Effect.fail(new BundleFailed({ message: said === "" ? "the bundler did not end" : said }))
        )
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
})
