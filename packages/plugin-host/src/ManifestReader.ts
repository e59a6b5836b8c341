/**
 * Reads the manifest out of a bundled plugin. To learn it the code must run once, so it runs in a thread of its own that
 * can read its folder and nothing else, and is ended after the answer or the deadline. A packed plugin needs none of
 * this: its manifest lies beside its code.
 */
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { Effect, Result } from "effect"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import type { ReaderData } from "./worker/ManifestReader.ts"

const program = fileURLToPath(
  new URL(`./worker/ManifestReader.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)
)
/** A plugin that is good loads in a tenth of it. */
const usualDeadlineMs = 10_000
const longest = 1024 * 1024

export const manifestOf = (entry: string, deadlineMs = usualDeadlineMs): Effect.Effect<unknown, PluginRejected> =>
  Effect.callback<unknown, PluginRejected>((resume) => {
    const folder = dirname(entry)
    const data: ReaderData = { entry, folder }
    const worker = new Worker(program, {
      name: "manifest",
      workerData: data,
      execArgv: [
        "--permission",
        "--no-experimental-sqlite",
        "--no-warnings",
        `--allow-fs-read=${folder}`,
        `--allow-fs-read=${dirname(program)}`
      ],
      env: {},
      argv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 128 }
    })
    const end = (result: Result.Result<unknown, PluginRejected>) => {
      void worker.terminate()
      resume(Effect.fromResult(result))
    }
    const unusable = (found: string) => end(Result.fail(rejected("entry-unusable", found)))
    worker.once("message", (text: unknown) => {
      if (typeof text !== "string") return unusable("The module exports no plugin by default.")
      if (text.length > longest) return unusable("The plugin's manifest is longer than a mebibyte.")
      end(Result.try(() => JSON.parse(text) as unknown).pipe(Result.mapError(() => noJson)))
    })
    worker.once("error", (cause: unknown) => unusable(`The plugin does not load: ${firstLine(cause)}.`))
    worker.once("exit", () => unusable("The plugin ended its thread while it was loaded."))
    return Effect.promise(() => worker.terminate())
  }).pipe(
    Effect.timeoutOrElse({
      duration: deadlineMs,
      orElse: () =>
        Effect.fail(rejected("entry-unusable", `The plugin was not loaded within ${deadlineMs / 1000} seconds.`))
    })
  )

const noJson = rejected("entry-unusable", "The plugin's manifest is no plain data.")

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? `${cause.name}: ${cause.message}` : "it threw something that is no error")
    .split("\n")[0]!
    .replace(/\.$/, "")
    .slice(0, 300)
