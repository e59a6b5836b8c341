/** The real host with its sandbox on free ports over a throw-away store, as `npm start` would start it. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface HostProcess {
  readonly url: string
  readonly sandbox: string
  readonly token: string
  /** Kills it at once and waits until it is gone; its data stays. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same ports over the same data. */
  readonly again: () => Promise<void>
  /** Ends it and removes its data. */
  readonly stop: () => Promise<void>
  readonly api: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** The sandbox's own side: what the CRM holds. */
  readonly crm: (method: string, path: string, body?: unknown) => Promise<Answer>
}

interface Answer {
  readonly status: number
  // oxlint-disable-next-line no-explicit-any -- foreign JSON that a journey looks into
  readonly body: any
}

const main = join(import.meta.dirname, "../../host/src/main.ts")

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

export const startHost = async (options: ReadonlyArray<string> = []): Promise<HostProcess> => {
  const data = mkdtempSync(join(tmpdir(), "casewire-e2e-"))
  const [port, sandboxPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const sandbox = `http://127.0.0.1:${sandboxPort}`
  let child = await run(options)

  function run(flags: ReadonlyArray<string>): Promise<ChildProcess> {
    const started = spawn(process.execPath, [main, "start", ...flags], {
      env: {
        ...process.env,
        CASEWIRE_DATA: data,
        CASEWIRE_PORT: String(port),
        CASEWIRE_SANDBOX_PORT: String(sandboxPort),
        CASEWIRE_CLIENT_TIMEOUT_MS: "3000",
        CASEWIRE_LATE_COMMIT_MS: "3000",
        // The journeys themselves ask and tell as a program does.
        CASEWIRE_API_REQUESTS_PER_HOUR: "100000"
      },
      stdio: ["ignore", "pipe", "pipe"]
    })
    return new Promise((resolve, reject) => {
      let said = ""
      const hear = (chunk: Buffer) => {
        said += String(chunk)
        if (said.includes("Casewire is running")) resolve(started)
      }
      started.stdout.on("data", hear)
      started.stderr.on("data", hear)
      started.on("exit", (code) => reject(new Error(`the host ended with ${code}: ${said.slice(-2000)}`)))
    })
  }

  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve()
      child.once("exit", () => resolve())
      child.kill(signal)
    })
  const token = readFileSync(join(data, "api-token"), "utf8").trim()

  return {
    url,
    sandbox,
    token,
    kill: () => end("SIGKILL"),
    again: async () => {
      child = await run(options)
    },
    stop: async () => {
      await end("SIGTERM")
      rmSync(data, { recursive: true, force: true })
    },
    api: (method, path, body) => ask(`${url}/api/v1${path}`, method, body, { authorization: `Bearer ${token}` }),
    crm: (method, path, body) => ask(`${sandbox}/_sandbox/portals/harbor${path}`, method, body, {})
  }
}

const ask = async (url: string, method: string, body: unknown, headers: Record<string, string>): Promise<Answer> => {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) }
}
