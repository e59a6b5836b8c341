/** Starts a second process that opens the store, and ends it by force with the test. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Effect, Redacted } from "effect"
import type { SqliteOptions } from "../src/Sqlite.ts"

const childFile = fileURLToPath(new URL("StoreChild.ts", import.meta.url))

/** A second process that opens the store; answers it once it says that it is ready. */
export const startChild = (options: SqliteOptions, mode: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const key = Buffer.from(Redacted.value(options.kek)).toString("hex")
      const child = spawn(process.execPath, [childFile, options.file, options.documents, key, mode], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
