/** Started as a process of its own, because it leaves its working directory, as the host does. Prints what a thread got. */
import { mkdirSync, mkdtempSync, openSync, realpathSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { threadFlags } from "../../src/ThreadFlags.ts"

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "casewire-wall-")))
const own = join(scratch, "own")
const empty = join(scratch, "empty")
const outside = join(scratch, "secret")
mkdirSync(own)
mkdirSync(empty)
writeFileSync(outside, "secret")
const program = fileURLToPath(new URL("./Attempts.mjs", import.meta.url))
const startedIn = process.cwd()
process.chdir(empty)

const server = createServer().listen(0, "127.0.0.1", () => {
  const address = server.address()
  const worker = new Worker(program, {
    workerData: {
      outside,
      own,
      startedIn,
      port: typeof address === "object" ? address?.port : 0,
      descriptor: openSync(outside, "r")
    },
    execArgv: threadFlags(own, dirname(program)),
    env: {}
  })
  worker.on("message", (found) => {
    process.stdout.write(JSON.stringify(found))
    process.exit(0)
  })
  worker.on("error", (error) => {
    process.stderr.write(String(error))
    process.exit(1)
  })
})
