/**
 * Bundling: one ES module with everything it needs, so that a thread reads one file and is up in tens of milliseconds.
 * Node's own modules stay outside; a plugin is refused them when it is loaded.
 */
import { Effect, Schema } from "effect"
import { rolldown } from "rolldown"

export class BundleFailed extends Schema.TaggedError<BundleFailed>()("BundleFailed", { message: Schema.String }) {}

/** Writes `file`. What cannot be resolved is a failure here rather than at the start of a thread. */
export const bundle = Effect.fn("Bundle.bundle")(function* (entry: string, file: string) {
  yield* Effect.tryPromise({
    try: async () => {
      const build = await rolldown({
        input: entry,
        platform: "node",
        onLog: (level, { code, message }, log) => {
          if (code === "UNRESOLVED_IMPORT") throw new Error(message)
          if (level === "warn") return
          log(level, message)
        }
      })
      try {
        await build.write({ file, format: "esm", codeSplitting: false, comments: false, minify: { compress: true } })
      } finally {
        await build.close()
      }
    },
    catch: (cause) =>
      new BundleFailed({ message: cause instanceof Error ? cause.message.slice(0, 2000) : "the bundler failed" })
  })
})
