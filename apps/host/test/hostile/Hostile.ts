/**
 * A plugin that means harm. Each attempt has a name; a note with that name as its text makes it try, and the note's id
 * says what it got. What it gets must be nothing: an attempt that succeeds answers with "got".
 */
import { contractVersion, definePlugin } from "@casewire/core/CrmPlugin"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import { Context, Effect, Exit, Layer, Stream } from "effect"

// Foreign code in a thread without types for what it looks for.
// oxlint-disable-next-line no-explicit-any -- it looks for what may not be there
const world = globalThis as any
const run = (code: string): unknown => new Function(code)()
const module_ = (name: string): Promise<unknown> => run(`return import(${JSON.stringify(name)})`) as Promise<unknown>

type Http = CrmHttp["Service"]

/** The first line of the text names the attempt, the second says where to look. */
const attempts: Readonly<Record<string, (http: Http, where: string) => unknown>> = {
  "read the store by its path": async (_, path) => {
    const { readFileSync } = (await module_("node:fs")) as typeof import("node:fs")
    return readFileSync(path).length
  },
  "read the store as a module": (_, path) => module_(`file://${path}`),
  "read the key by a URL": (_, path) => run(`return import("file://${path}", { with: { type: "json" } })`),
  "read open descriptors": async () => {
    const { readSync } = (await module_("fs")) as typeof import("node:fs")
    return readSync(3, new Uint8Array(8))
  },
  "open the store with SQLite": async (_, path) => {
    const { DatabaseSync } = (await module_("node:sqlite")) as typeof import("node:sqlite")
    return new DatabaseSync(path)
  },
  "read the environment": () => {
    const names = Object.keys(world.process?.env ?? {})
    if (names.length === 0) throw new Error("empty")
    return names
  },
  "start a process": async () => {
    const { execSync } = (await module_("node:child_process")) as typeof import("node:child_process")
    return execSync("id")
  },
  "start a thread": async () => {
    const { Worker } = (await module_("node:worker_threads")) as typeof import("node:worker_threads")
    return new Worker("0", { eval: true })
  },
  "find the thread's ports": async () => (await module_("worker_threads")) as object,
  "kill the host": () => world.process.kill(world.process.pid, "SIGKILL"),
  "abort the host": () => world.process.abort(),
  "end the host": () => world.process.exit(1),
  "open a socket": async () => {
    const { connect } = (await module_("node:net")) as typeof import("node:net")
    return connect(80, "127.0.0.1")
  },
  "fetch from anywhere": () => world.fetch("http://127.0.0.1/"),
  "open a web socket": () => new world.WebSocket("ws://127.0.0.1/"),
  "talk to other threads": () => new world.BroadcastChannel("casewire"),
  "get a module of Node by hand": () => world.process.getBuiltinModule("fs"),
  "load an add-on": () => world.process.dlopen({ exports: {} }, "/lib/x.node"),
  "reach a host that is not declared": (http) => http.send(asking({ origin: "elsewhere" })),
  "leave the declared path": (http) => http.send(asking({ path: "../../../_sandbox/reset" })),
  "name another host in the path": (http) => http.send(asking({ path: "//127.0.0.1:1/" })),
  "find a secret of another firm": (_, secret) => {
    const seen = new Set<unknown>()
    const search = (value: unknown, depth: number): boolean => {
      if (typeof value === "string") return value.includes(secret)
      if ((typeof value !== "object" && typeof value !== "function") || value === null || depth > 6) return false
      if (seen.has(value)) return false
      seen.add(value)
      return Reflect.ownKeys(value).some((key) => {
        try {
          const found: unknown = Reflect.get(value, key)
          if (found instanceof Promise) void found.catch(() => undefined)
          return search(found, depth + 1)
        } catch {
          return false
        }
      })
    }
    if (search(globalThis, 0)) return secret
    throw new Error("not there")
  },
  "pollute prototypes": () => {
    Reflect.set(Object.prototype, "polluted", "yes")
    throw new Error("only its own")
  },
  "recurse for ever": () => {
    const deeper = (): number => 1 + deeper()
    return deeper()
  },
  "answer something else": () => ({ then: undefined, huge: "x" }),
  "reject without a handler": () => {
    void Promise.reject(new Error("unhandled"))
    return new Promise(() => undefined)
  },
  "throw in a timer": () => {
    setTimeout(() => {
      throw new Error("in a timer")
    })
    return new Promise(() => undefined)
  },
  "loop for ever": () => {
    for (;;);
  },
  "never answer": () => new Promise(() => undefined),
  "fill the heap": () => {
    const kept: Array<unknown> = []
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
  },
  "take two gigabytes of buffers": () => {
    const kept: Array<Uint8Array> = []
    for (let count = 0; count < 64; count++) kept.push(new Uint8Array(32 * 1_048_576).fill(1))
    return kept.length
  },
  "write ten million lines": () => {
    for (let count = 0; count < 10_000_000; count++) console.log("line", count)
    throw new Error("written")
  }
}

const asking = (change: Partial<CrmRequest>): CrmRequest => ({
  origin: "api",
  method: "GET",
  path: "x",
  changes: false,
  ...change
})

const tried = (http: Http, text: string): Effect.Effect<string> => {
  const [name = "", where = ""] = text.split("\n")
  return Effect.suspend(() => {
    const got = attempts[name]?.(http, where)
    return Effect.isEffect(got) ? (got as Effect.Effect<unknown, unknown>) : Effect.promise(async () => await got)
  }).pipe(
    Effect.exit,
    Effect.map((exit) => (Exit.isSuccess(exit) ? `got ${String(exit.value).slice(0, 40)}` : denial(exit)))
  )
}

const denial = (exit: Exit.Exit<unknown, unknown>): string => {
  const text = JSON.stringify(exit) + String((exit as { readonly cause?: unknown }).cause)
  return `denied: ${text.slice(0, 300)}`
}

const none = { cases: [], cursor: "" }

// The way to a plugin is its default export.
// oxlint-disable-next-line import/no-default-export
export default definePlugin({
  manifest: {
    id: "hostile",
    name: "Hostile",
    version: "1.0.0",
    contract: contractVersion,
    credentials: [],
    origins: { api: "https://hostile.example/" },
    sandboxOrigins: { api: "{sandbox}/hostile/" },
    account: [],
    budget: { calls: 60_000, windowMs: 60_000 },
    capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "none" },
    notes: { maxLength: 1000, timeZone: "UTC" },
    webhook: { required: [], record: "Id", fillers: [], testValue: "^x$", options: [], steps: [] }
  },
  crm: () =>
    Layer.effectContext(
      Effect.gen(function* () {
        const http = yield* CrmHttp
        const crm = Crm.of({
          verify: Stream.empty,
          changes: () => Stream.succeed(none),
          catalog: () => Effect.succeed({ caseTypes: [], statuses: [], fields: [] }),
          decode: ({ receipts }) =>
            Effect.succeed(receipts.map(({ receiptId }) => ({ _tag: "TestPressed" as const, receiptId }))),
          read: () => Effect.succeed([]),
          notes: () => Effect.succeed([]),
          addNote: ({ text }) => Effect.map(tried(http, text), (externalId) => ({ externalId })),
          updateFields: () => Effect.succeed({}),
          setStatus: () => Effect.succeed({})
        })
        return Context.merge(yield* Layer.build(CrmDocuments.layerUnsupported("none")), Context.make(Crm, crm))
      })
    )
})
