/**
 * Takes away, before the plugin's code is loaded, what a plugin has no use for: every module of Node, the process, and
 * the globals that reach beyond the thread.
 *
 * The permission model of the thread is the wall; this is the hurdle in front of it, and it closes what the wall leaves
 * open: descriptors that other code opened, signals to the process, sockets on Node 24, channels to other threads.
 * Malice that gets hold of Node's inner objects passes a hurdle; see SECURITY.md.
 */
import { builtinModules, registerHooks } from "node:module"

const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]))

const isBuiltin = (specifier: string): boolean => specifier.startsWith("node:") || builtin.has(specifier)

/** What a plugin may find under `process`; enough for libraries that look where they are. */
const harmlessProcess = () => {
  const { arch, platform, version } = process
  const startedAt = performance.now()
  return Object.freeze({
    arch,
    platform,
    version,
    versions: Object.freeze({ node: process.versions.node }),
    env: Object.freeze({}),
    argv: Object.freeze([]),
    execArgv: Object.freeze([]),
    pid: 0,
    cwd: () => "/",
    uptime: () => (performance.now() - startedAt) / 1000,
    nextTick: (task: (...args: ReadonlyArray<unknown>) => void, ...args: ReadonlyArray<unknown>) =>
      queueMicrotask(() => task(...args)),
    on: () => undefined,
    once: () => undefined,
    off: () => undefined,
    emitWarning: () => undefined
  })
}

/** Globals that open sockets, reach other threads, keep data, or run other code. */
const taken = [
  "fetch",
  "WebSocket",
  "EventSource",
  "BroadcastChannel",
  "Worker",
  "SharedWorker",
  "navigator",
  "localStorage",
  "sessionStorage",
  "Storage",
  "SharedArrayBuffer",
  "Atomics",
  "WebAssembly",
  "gc"
]

export class ModuleRefused extends Error {
  override readonly name = "ModuleRefused"
  readonly code = "ERR_ACCESS_DENIED"
}

/** From here on this thread loads only what the plugin's own folder holds. */
export const lockdown = (folderUrl: string): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (isBuiltin(specifier)) throw new ModuleRefused(`a plugin has no use for the module "${specifier}"`)
      const found = next(specifier, context)
      if (!found.url.startsWith(folderUrl)) throw new ModuleRefused("a plugin loads only the files of its own folder")
      return found
    }
  })
  const own = harmlessProcess()
  for (const name of taken) Reflect.deleteProperty(globalThis, name)
  Object.defineProperty(globalThis, "process", { value: own, writable: false, configurable: false })
  Object.defineProperty(globalThis, "global", { value: globalThis, writable: false, configurable: false })
}
