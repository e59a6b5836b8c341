/**
 * Real processes for the demo, the torture and the benchmarks: the sandbox and the host as a user would run them, on
 * free ports and a throw-away data folder. The host's own pid is known, so that it is the host that gets killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const hostMain = join(root, "apps/host/src/main.ts")
const sandboxMain = join(root, "packages/lawruler-sandbox/src/main.ts")

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

export interface Running {
  readonly url: string
  readonly process: ChildProcess
  /** What it has printed so far, both streams. */
  readonly output: () => string
  readonly exited: Promise<number | null>
}

const launch = (args: ReadonlyArray<string>, env: Record<string, string>, url: string, cwd: string): Running => {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000))
  child.stdout.on("data", keep)
  child.stderr.on("data", keep)
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve))
  return { url, process: child, output: () => output, exited }
}

/** Waits until `url` answers anything but 503, or explains why it will not. */
const answering = async (running: Running, path: string): Promise<Running> => {
  let dead = false
  void running.exited.then(() => (dead = true))
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline && !dead) {
    const answer = await fetch(running.url + path).catch(() => undefined)
    if (answer !== undefined && answer.status < 500) return running
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`${running.url}${path} does not answer${dead ? " (the process ended)" : ""}:\n${running.output()}`)
}

export const startSandbox = async (port: number): Promise<Running> =>
  answering(launch([sandboxMain], { PORT: String(port) }, `http://127.0.0.1:${port}`, root), "/_sandbox/portals")

export interface HostOptions {
  readonly port: number
  readonly data: string
  readonly sandboxUrl: string
  readonly clientTimeoutMs: number
  readonly lateCommitMs: number
  /** Where a story listens for the host's own webhooks. */
  readonly toolsUrl?: string
  readonly trustedProxies?: string
  /** Further plugins, as the operator's settings name them. */
  readonly plugins?: string
}

const hostEnvironment = (options: HostOptions): Record<string, string> => ({
  CASEWIRE_PORT: String(options.port),
  CASEWIRE_DATA: options.data,
  CASEWIRE_SANDBOX_ORIGIN: options.sandboxUrl,
  CASEWIRE_CLIENT_TIMEOUT_MS: String(options.clientTimeoutMs),
  CASEWIRE_LATE_COMMIT_MS: String(options.lateCommitMs),
  // Stories ask again and again whether something has happened.
  CASEWIRE_API_REQUESTS_PER_HOUR: "1000000",
  // Floods are measured here, and all of them are one firm's.
  CASEWIRE_FIRM_BACKLOG: "100000000",
  ...(options.trustedProxies === undefined ? {} : { CASEWIRE_TRUSTED_PROXIES: options.trustedProxies }),
  ...(options.plugins === undefined ? {} : { CASEWIRE_PLUGINS: options.plugins }),
  ...(options.toolsUrl === undefined ? {} : { CASEWIRE_PRIVATE_DESTINATIONS: options.toolsUrl })
})

export const startHost = async (options: HostOptions): Promise<Running> =>
  answering(launch([hostMain, "serve"], hostEnvironment(options), `http://127.0.0.1:${options.port}`, root), "/readyz")

/** What `npm start` runs: host, sandbox and the ready-made connection in one process. */
export const startCasewire = async (options: {
  readonly port: number
  readonly sandboxPort: number
  readonly data: string
}): Promise<Running & { readonly sandboxUrl: string }> => {
  const env = {
    CASEWIRE_PORT: String(options.port),
    CASEWIRE_SANDBOX_PORT: String(options.sandboxPort),
    CASEWIRE_DATA: options.data,
    CASEWIRE_API_REQUESTS_PER_HOUR: "1000000",
    CASEWIRE_FIRM_BACKLOG: "100000000"
  }
  const running = launch([hostMain, "start"], env, `http://127.0.0.1:${options.port}`, root)
  await answering(running, "/readyz")
  // The host listens a moment before the demo connection is made; the greeting comes after it.
  for (let tries = 0; tries < 400 && !running.output().includes("Casewire is running"); tries++)
    await new Promise((resolve) => setTimeout(resolve, 25))
  if (!running.output().includes("Casewire is running")) throw new Error(`no greeting:\n${running.output()}`)
  return { ...running, sandboxUrl: `http://127.0.0.1:${options.sandboxPort}` }
}

/** Runs one `casewire` command to its end and answers what it printed. */
export const casewire = async (words: ReadonlyArray<string>, options: HostOptions): Promise<string> => {
  const running = launch([hostMain, ...words], hostEnvironment(options), "", root)
  const code = await running.exited
  if (code !== 0) throw new Error(`casewire ${words.join(" ")} ended with ${code}:\n${running.output()}`)
  return running.output().trim()
}

export const stop = async (running: Running | undefined, signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
  if (running === undefined || running.process.exitCode !== null || running.process.signalCode !== null) return
  running.process.kill(signal)
  const late = setTimeout(() => running.process.kill("SIGKILL"), 26_000)
  await running.exited
  clearTimeout(late)
}

/** A data folder that goes away with the story. */
export const throwAway = (): { readonly data: string; readonly remove: () => void } => {
  const data = mkdtempSync(join(tmpdir(), "casewire-"))
  return { data, remove: () => rmSync(data, { recursive: true, force: true }) }
}
